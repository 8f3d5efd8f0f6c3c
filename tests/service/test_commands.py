"""What may be told and asked: a run is kept with its facts, and trades are explained from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from engine.runs import reconstructed, spec, through_history
from service.systems import system_of
from strikewise.backtest.demo_data import DEMO_UNDERLYING
from strikewise.domain.errors import LedgerError, MissingDataError
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import MemoryLedger, fingerprint, verify
from strikewise.service.commands import FinishedRun, import_data, run_over_history
from strikewise.service.health import DENIALS, verify_ledger
from strikewise.service.queries import explain, kept_runs, latest_snapshot, stored, trades
from strikewise.service.system import System

SPEC = spec(end="2015-07-10")


@cache
def finished() -> tuple[System, FinishedRun]:
    system = system_of(reconstructed())
    return system, run_over_history(system, SPEC)


def test_a_run_is_kept_with_its_facts_and_what_it_came_to() -> None:
    system, run = finished()
    assert run.result.fingerprint == fingerprint(run.facts)
    assert system.runs.facts(run.result.fingerprint[:12]) == list(run.facts)
    assert system.runs.result(run.result.fingerprint) == run.as_dict()
    assert run.result.facts == len(run.facts) == verify(run.facts).seq
    assert run.folder == Path("memory") / run.result.fingerprint


def test_the_first_fact_of_a_run_states_the_digest_of_its_data() -> None:
    _, run = finished()
    assert run.result.data == {"SPX": "SPX 2015-06-01 2015-07-10"}
    bare = through_history(SPEC, reconstructed())
    assert [fact.payload for fact in run.facts if fact.kind != "RunStarted"] == [
        fact.payload for fact in bare if fact.kind != "RunStarted"
    ]


def test_a_run_writes_to_the_ledger_it_is_given_and_only_to_an_empty_one() -> None:
    ledger = MemoryLedger()
    run = run_over_history(system_of(reconstructed()), SPEC, ledger=ledger)
    assert tuple(ledger.facts()) == run.facts
    with pytest.raises(LedgerError, match="needs an empty ledger"):
        run_over_history(system_of(reconstructed()), SPEC, ledger=ledger)


def test_progress_names_the_run() -> None:
    told: list[tuple[str, int, int]] = []
    chosen = replace(SPEC, name="Mine", end=date(2015, 6, 3))
    run_over_history(system_of(reconstructed()), chosen, progress=lambda *one: told.append(one))
    assert told[:3] == [("Mine", 1, 3), ("Mine", 2, 3), ("Mine", 3, 3)]
    others = [f"Mine, paying {share} of the half-spread" for share in ("75%", "50%", "0%")]
    assert told[3:] == [(name, done, 3) for name in others for done in (1, 2, 3)]


def test_worse_fills_of_the_same_run_never_bring_more() -> None:
    run = finished()[1]
    assert [one.f for one in run.fills] == [1.0, 0.75, 0.5, 0.0]
    assert run.fills[0].summary == run.result.performance.summary
    profits = [one.summary.net_profit for one in run.fills]
    assert profits == sorted(profits)
    assert profits[0] < profits[-1]
    asked = run_over_history(system_of(reconstructed()), SPEC, other_fills=False)
    assert asked.fills == ()
    assert asked.result == run.result


def test_trades_are_those_of_the_run_of_the_account_or_of_the_latest_run() -> None:
    system, run = finished()
    own = run.result.as_dict()["trades"]
    assert trades(system, run.result.fingerprint[:10]) == own
    assert trades(system) == own
    account = MemoryLedger()
    run_over_history(system_of(reconstructed()), replace(SPEC, end=date(2015, 6, 2)), ledger=account)
    busy = replace(system_of(reconstructed(), account=account), runs=system.runs)
    assert trades(busy) != own
    assert {one["opened_at"][:10] for one in trades(busy)} == {"2015-06-01", "2015-06-02"}


def test_without_any_trade_the_question_is_refused() -> None:
    with pytest.raises(MissingDataError, match="There are no trades yet"):
        trades(system_of(reconstructed()))


def test_a_trade_is_explained_from_its_first_cause_to_its_last_fact() -> None:
    system, run = finished()
    reasons = {"PROFIT_TARGET", "STOP_LOSS", "TIME_EXIT", "DTE_EXIT"}
    trade = next(one for one in run.result.trades if one.exit_reason in reasons)
    told = explain(system, trade.trade_id, run.result.fingerprint)
    assert told.steps[0].kind == "RunStarted"
    kinds = [step.kind for step in told.steps]
    assert kinds.index("SignalGenerated") < kinds.index("OrderPlaced") < kinds.index("OrderFilled")
    by_seq = {step.seq: step for step in told.steps}
    for step in told.steps[1:]:
        assert step.cause is not None
        assert step.cause < step.seq
        assert step.cause in by_seq
    fact = run.facts[told.steps[1].seq - 1]
    assert fact.kind == "SignalGenerated"
    assert dict(told.because) == dict(fact.event.signal.because)  # type: ignore[union-attr]
    assert trade.exit_reason in told.text
    ids = [one.trade_id for one in run.result.trades]
    cuts = (trade.trade_id[:length] for length in range(9, 40))
    beginning = next(cut for cut in cuts if sum(name.startswith(cut) for name in ids) == 1)
    assert explain(system, beginning, run.result.fingerprint) == told


def test_a_trade_that_is_not_there_or_not_one_is_refused() -> None:
    system, run = finished()
    with pytest.raises(MissingDataError, match="There is no trade 'nothing'"):
        explain(system, "nothing", run.result.fingerprint)
    with pytest.raises(MissingDataError, match=r"\d+ trades begin with 'sw-'"):
        explain(system, "sw-", run.result.fingerprint)


def test_kept_runs_come_latest_first() -> None:
    system = system_of(reconstructed())
    for day in (2, 3):
        run_over_history(system, replace(SPEC, end=date(2015, 6, day), name=f"to {day}"))
    assert [run["title"] for run in kept_runs(system)] == [
        "to 3 (reconstructed data)",
        "to 2 (reconstructed data)",
    ]


def test_what_is_stored_is_told_by_underlying() -> None:
    (held,) = stored(system_of(reconstructed()))
    assert held.as_dict() == {
        "underlying": DEMO_UNDERLYING,
        "snapshots": 86,
        "first": "2015-06-01T20:00:00+00:00",
        "last": "2015-09-30T20:00:00+00:00",
    }
    assert latest_snapshot(reconstructed()) == datetime(2015, 9, 30, 20, 0, tzinfo=UTC)
    assert stored(system_of(MemorySource())) == []


def test_the_ledger_of_the_account_is_verified_fact_by_fact() -> None:
    account = MemoryLedger()
    system = system_of(reconstructed(), account=account)
    assert verify_ledger(system) == 0
    run = run_over_history(system, SPEC, ledger=account)
    assert verify_ledger(system) == len(run.facts)


def test_every_denial_of_a_run_has_its_meaning_in_a_sentence() -> None:
    codes = {fact.event.code for fact in finished()[1].facts if fact.kind == "SignalDenied"}  # type: ignore[union-attr]
    assert codes
    assert codes <= set(DENIALS)
    assert all(meaning.endswith(".") for meaning in DENIALS.values())


def test_an_import_is_left_to_the_store() -> None:
    with pytest.raises(MissingDataError, match="cannot be imported into memory"):
        import_data(system_of(reconstructed()), Path("chains.parquet"))
