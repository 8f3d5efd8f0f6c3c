"""Parity: the same tape writes the same facts, through history or as it arrives, stopped or not."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runs import as_it_arrives, instants, reconstructed, spec, thinned, through_history, without_runs
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import Fact, MemoryLedger, fingerprint, verify


def test_history_and_a_feed_write_the_same_facts(tmp_path: Path) -> None:
    chosen = spec()
    past = through_history(chosen, reconstructed())
    with SqlLedger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        arrived = as_it_arrives(chosen, reconstructed(), ledger)
    assert {"OrderFilled", "OptionSettled", "OrderClosed", "SignalDenied"} <= {fact.kind for fact in past}
    assert [fact.payload for fact in arrived] == [fact.payload for fact in past]
    assert fingerprint(arrived) == fingerprint(past)
    assert verify(arrived).seq == verify(past).seq == len(past)
    assert [fact.recorded_at for fact in arrived] != [fact.recorded_at for fact in past]


def test_a_second_underlying_whose_chains_begin_later_and_end_earlier_changes_nothing_of_that() -> None:
    first, other = reconstructed(), reconstructed(date(2015, 6, 15), date(2015, 7, 10), "XSP")
    both = MemorySource(
        [first._tapes["SPX"].tape, other._tapes["XSP"].tape],
        bars=[*first._bars.values(), *other._bars.values()],
        series=first._series.values(),
    )
    chosen = spec(underlyings=["SPX", "XSP"], end="2015-07-31")
    past = through_history(chosen, both)
    arrived = as_it_arrives(chosen, both, MemoryLedger())
    traded = {fact.event.order.underlying for fact in past if fact.kind == "OrderPlaced"}  # type: ignore[union-attr]
    assert traded == {"SPX", "XSP"}
    assert fingerprint(arrived) == fingerprint(past)


def unexplained(facts: list[Fact]) -> list[tuple[object, ...]]:
    """What happened, without the broker's words for why a resting order had not filled: it forgot them."""
    return [(*row[:-1], REASON.sub("", row[-1])) for row in without_runs(facts)]


REASON = re.compile(r'(?<="outcome":"expired",)"reason":"[^"]*"')


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_a_run_that_is_stopped_after_every_tick_writes_the_same_facts(lag: int, tmp_path: Path) -> None:
    chosen = spec(cadence={"lag": lag}, end="2015-07-31")
    past = through_history(chosen, reconstructed())
    every = range(len(instants(chosen, reconstructed())))
    with SqlLedger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        resumed = as_it_arrives(chosen, reconstructed(), ledger, stops=every)
    assert unexplained(resumed) == unexplained(past)
    assert sum(fact.kind == "RunStarted" for fact in resumed) == len(every)


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_run_may_be_stopped_at_any_ticks(data: st.DataObject) -> None:
    policy = data.draw(st.sampled_from(["carry", "model", "worst"]))
    chosen = spec(
        end="2015-07-31", cadence={"lag": data.draw(st.integers(0, 1))}, fills={"missing_quote": policy}
    )
    holes = with_holes()
    past = through_history(chosen, holes)
    stops = data.draw(st.sets(st.sampled_from(range(len(instants(chosen, holes)))), min_size=1, max_size=8))
    resumed = as_it_arrives(chosen, holes, MemoryLedger(), stops=stops)
    assert any(fact.kind == "MarkEstimated" for fact in past)
    assert unexplained(resumed) == unexplained(past)


@cache
def with_holes() -> MemorySource:
    """The same market with a third of all contracts missing on any day, others each day."""
    return thinned(reconstructed(), keep=2 / 3, seed=20150824)
