"""Rule 11: the same inputs give the same bytes; the start does not matter once flat; cents are whole."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from engine.hand_made import Told, hand_spec
from engine.runs import as_it_arrives, reconstructed, spec, through_history, without_runs
from execution.tapes import CALENDAR, bars, call, close_of, put, tape
from realism.nights import FRIDAY, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, WEEK, bills, dividend, of
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.instruments import Stock
from strikewise.domain.quotes import Split
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.financing import CashInterest, Financing
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import MemoryLedger, read


def test_two_runs_write_the_same_bytes() -> None:
    once, again = (
        [
            (fact.kind, fact.payload, fact.hash)
            for fact in through_history(spec(end="2015-07-31"), reconstructed())
        ]
        for _ in range(2)
    )
    assert once == again


def test_every_amount_of_every_fact_is_whole_cents() -> None:
    def cents(node: Any, name: str = "") -> list[Any]:
        if isinstance(node, dict):
            return [one for key, value in node.items() for one in cents(value, key)]
        if isinstance(node, list):
            return [one for value in node for one in cents(value, name)]
        return [node] if name.endswith("_cents") and node is not None else []

    facts = through_history(spec(end="2015-07-31"), reconstructed())
    amounts = [one for fact in facts if fact.kind != "RunStarted" for one in cents(json.loads(fact.payload))]
    assert len(amounts) > 500
    assert all(type(one) is int for one in amounts)


def test_once_flat_it_does_not_matter_when_the_account_began() -> None:
    fixed = {"sizing": "fixed", "trend": "off", "max_days_held": 3, "min_dte": 20, "max_dte": 45}
    strategies = [{"strategy": "credit_spread", "parameters": fixed}]

    def trades(start: date) -> list[tuple[object, ...]]:
        chosen = spec(strategies=strategies, cadence={"entry": ["MON"]}, start=start)
        found = journal_of(read(through_history(chosen, reconstructed()))).trades
        return [(one.legs, one.opened_at, one.closed_at, one.entry_cents, one.exit_cents) for one in found]

    whole = trades(date(2015, 6, 1))
    for start in (date(2015, 6, 12), date(2015, 7, 10), date(2015, 8, 21)):  # Fridays: all is closed by then
        assert trades(start) == [one for one in whole if one[1].date() > start]  # type: ignore[attr-defined]


LATER = date(2024, 4, 19)
SHORT_CALL, SHORT_PUT = call(480, LATER), put(490, FRIDAY)


def eventful() -> tuple[ReplaySpec, MemorySource]:
    """A week with a dividend, an early assignment, a split, interest, borrowed shares and a pinned expiry."""
    before = [(SHORT_CALL, 2_045, 2_055), (SHORT_PUT, 100, 110)]
    after = [(call(120, LATER), 511, 514), (put(122.5, FRIDAY), 25, 28)]
    spots = {MONDAY: 500.0, TUESDAY: 500.0, WEDNESDAY: 498.0, THURSDAY: 124.0, FRIDAY: 122.6}
    following = date(2024, 3, 11)
    snapshots: dict[Any, Any] = {
        close_of(day): (spot, after if day >= THURSDAY else before) for day, spot in spots.items()
    }
    snapshots[close_of(following)] = (120.0, after)
    daily = bars("SPY", {day: (spot, spot) for day, spot in {**spots, following: 120.0}.items()})
    source = MemorySource(
        [tape(snapshots)],
        bars=[daily],
        series=[bills(5.0)],
        dividends=[dividend(1.6)],
        splits=[Split("SPY", THURSDAY, 4.0)],
    )
    structures = [of((SHORT_CALL, -1)), of((SHORT_PUT, -1)), of((Stock("SPY"), -10))]
    told = Told({MONDAY: structures}, margin_cents=1, max_loss_cents=None)
    financing = Financing(cash=CashInterest.BILLS)
    chosen = hand_spec(told, start=MONDAY, end=following, exercise=ExerciseRule(), financing=financing)
    return chosen, source


@pytest.mark.parametrize("lag", [0, 1])
def test_an_account_that_stops_after_every_tick_lives_through_the_same_nights(lag: int) -> None:
    chosen, source = eventful()
    chosen = hand_spec(
        chosen.run.strategies[0].strategy,
        start=chosen.start,
        end=chosen.end,
        financing=chosen.financing,
        lag=lag,
    )
    whole = through_history(chosen, source)
    kinds = [json.loads(fact.payload)["flow"]["kind"] for fact in whole if fact.kind == "CashFlowed"]
    rules = [json.loads(fact.payload)["report"]["rule"] for fact in whole if fact.kind == "OptionSettled"]
    if lag == 0:
        assert set(kinds) == {"interest", "borrow", "dividend"}
        assert rules == ["early_dividend", "pin"]
        assert sum(fact.kind == "PositionSplit" for fact in whole) == 2
    arriving = as_it_arrives(chosen, source, MemoryLedger(), stops=range(10), names=("rate_3m",))
    assert without_runs(arriving) == without_runs(whole)


def test_nights_do_not_look_ahead() -> None:
    chosen, source = eventful()
    whole = [(fact.known_at, fact.payload) for fact in through_history(chosen, source)]
    for day in WEEK[1:]:
        cut = hand_spec(
            chosen.run.strategies[0].strategy, start=chosen.start, end=day, financing=chosen.financing
        )
        told = [(fact.known_at, fact.payload) for fact in through_history(cut, source)]
        assert told == [one for one in whole if one[0] <= close_of(day)]
    assert CALENDAR.is_session(WEEK[0])
