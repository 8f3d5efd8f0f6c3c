"""What a run came to: the JSON contract, and figures that agree with the facts they are read from."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from io import StringIO
from itertools import pairwise
from math import isclose, sqrt
from typing import Any

import pytest
from rich.console import Console

from engine.hand_made import FREE, Told, hand_spec
from engine.runs import CALENDAR, SUMMER, reconstructed, spec
from execution.tapes import put, tape
from strikewise.apps.cli.trade_tables import trades_table
from strikewise.apps.reports.backtest_report import render_backtest
from strikewise.backtest.evidence.history import history_of_result
from strikewise.backtest.result import ReplayResult, result_of
from strikewise.backtest.runner import replay
from strikewise.domain.instruments import date_of
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import MemoryLedger, fingerprint
from strikewise.portfolio.projection import AccountState

SUMMARY = {
    *("start_equity", "end_equity", "net_profit", "total_return", "cagr", "volatility", "sharpe", "sortino"),
    *("max_drawdown", "max_drawdown_days", "max_drawdown_mid", "trades", "win_rate", "profit_factor"),
    *("expectancy", "average_win", "average_loss", "average_days_held", "exposure", "turnover", "costs"),
}
TRADE = {
    *("trade_id", "campaign_id", "strategy", "underlying", "structure", "legs", "quantity"),
    *("opened_at", "closed_at"),
    *("entry", "exit", "fees", "pnl", "return_on_risk", "return_on_margin", "days_held", "exit_reason"),
    *("grade", "max_loss", "margin", "probability_of_profit", "score", "regime"),
    *("estimated_marks", "policy_fills"),
}


@cache
def summer() -> tuple[ReplayResult, AccountState]:
    """The summer of 2015 to its last Friday, with positions left open."""
    chosen, source, ledger = spec(end="2015-09-25"), reconstructed(), MemoryLedger()
    grade = replay(chosen, source, CALENDAR, ledger, data={"SPX": "0123"})
    found = result_of(chosen, ledger.records(), fingerprint(ledger.facts()), source, grade)
    return found, AccountState.fold(ledger.facts())


@cache
def document() -> dict[str, Any]:
    """The result as somebody reads it from a file."""
    written: dict[str, Any] = json.loads(json.dumps(summer()[0].as_dict(), allow_nan=False))
    return written


def test_the_document_has_the_keys_of_the_contract() -> None:
    assert {"fingerprint", "grade", "spec", "summary", "years", "months", "trades"} <= set(document())
    assert set(document()["summary"]) == SUMMARY
    assert {frozenset(trade) for trade in document()["trades"]} == {frozenset(TRADE)}
    assert {frozenset(row) for row in document()["years"]} == {
        frozenset({"year", "return", "pnl", "max_drawdown"})
    }
    assert {frozenset(row) for row in document()["months"]} == {
        frozenset({"year", "month", "return", "pnl", "max_drawdown"})
    }
    assert document()["data"] == {"SPX": "0123"}
    assert document()["spec"]["end"] == "2015-09-25"


def test_a_result_on_reconstructed_chains_says_so_in_its_title() -> None:
    assert (document()["grade"], document()["title"]) == ("reconstructed", "backtest (reconstructed data)")


def test_times_carry_their_zone_and_days_are_dates() -> None:
    for trade in document()["trades"]:
        assert datetime.fromisoformat(trade["opened_at"]).utcoffset() is not None
        assert (
            trade["closed_at"] is None or datetime.fromisoformat(trade["closed_at"]).utcoffset() is not None
        )
    days = [date.fromisoformat(row["date"]) for row in document()["prices"]["SPX"]]
    assert days == CALENDAR.sessions(SUMMER[0], date(2015, 9, 25))


def test_the_profits_of_closed_trades_are_what_was_realised_and_open_ones_have_none() -> None:
    state = summer()[1]
    closed = [trade for trade in document()["trades"] if trade["closed_at"]]
    running = [trade for trade in document()["trades"] if not trade["closed_at"]]
    assert closed
    assert running
    assert round(100 * sum(trade["pnl"] for trade in closed)) == state.realised_cents
    assert {(trade["pnl"], trade["exit_reason"]) for trade in running} == {(None, "")}
    assert len(running) == len(state.positions)
    for trade in closed:
        assert isclose(trade["pnl"], -trade["entry"] - trade["exit"] - trade["fees"], abs_tol=0.001)


def test_years_and_months_follow_the_equity_curve() -> None:
    figures, equity = document()["summary"], [row["equity_exit"] for row in document()["equity"]]
    assert figures["start_equity"] == 1_000_000
    assert figures["end_equity"] == equity[-1]
    for rows in (document()["years"], document()["months"]):
        assert isclose(sum(row["pnl"] for row in rows), figures["net_profit"], abs_tol=0.001)
        grown = 1.0
        for row in rows:
            grown *= 1 + row["return"]
        assert isclose(grown - 1, figures["total_return"], abs_tol=1e-12)
        assert min(row["max_drawdown"] for row in rows) >= figures["max_drawdown"] - 1e-12
    assert [(row["year"], row["month"]) for row in document()["months"]] == [(2015, m) for m in (6, 7, 8, 9)]


def test_the_summary_is_what_a_plain_sum_says() -> None:
    figures = document()["summary"]
    closed = [trade["pnl"] for trade in document()["trades"] if trade["closed_at"]]
    wins, losses = [p for p in closed if p > 0], [p for p in closed if p < 0]
    curve = [1_000_000.0, *(row["equity_exit"] for row in document()["equity"])]
    returns = [after / before - 1 for before, after in pairwise(curve)]
    mean = sum(returns) / len(returns)
    deviation = sqrt(sum((r - mean) ** 2 for r in returns) / (len(returns) - 1))
    fall = min(value / max(curve[: n + 1]) - 1 for n, value in enumerate(curve))
    expected = {
        "trades": len(closed),
        "win_rate": len(wins) / len(closed),
        "profit_factor": sum(wins) / -sum(losses),
        "expectancy": sum(closed) / len(closed),
        "average_win": sum(wins) / len(wins),
        "average_loss": sum(losses) / len(losses),
        "net_profit": curve[-1] - curve[0],
        "volatility": deviation * sqrt(252),
        "sharpe": mean / deviation * sqrt(252),
        "max_drawdown": fall,
        "costs": sum(trade["fees"] for trade in document()["trades"] if trade["closed_at"]),
        "exposure": sum(row["open_positions"] > 0 for row in document()["equity"]) / (len(curve) - 1),
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_exits_and_strategies_share_out_the_closed_trades() -> None:
    closed = [trade for trade in document()["trades"] if trade["closed_at"]]
    for rows, key, field in (
        (document()["exits"], "reason", "exit_reason"),
        (document()["strategies"], "strategy", "strategy"),
    ):
        assert [row[key] for row in rows] == sorted({trade[field] for trade in closed})
        for row in rows:
            members = [trade["pnl"] for trade in closed if trade[field] == row[key]]
            assert row["trades"] == len(members)
            assert isclose(row["pnl"], sum(members), abs_tol=0.001)
            assert isclose(row["win_rate"], sum(p > 0 for p in members) / len(members))


def hand_result(told: Told, hours: tuple[int, ...] = (21,)) -> ReplayResult:
    days = [date(2024, 2, day) for day in (5, 6, 7)]
    rows = [(put(480), 100, 110), (put(475), 40, 50)]
    nights = {day: datetime.combine(day, time.min, UTC) for day in days}
    made = tape({nights[day] + timedelta(hours=hour): (490.0 + hour, rows) for day in days for hour in hours})
    chosen, ledger = hand_spec(told, start=days[0], end=days[-1], fees=FREE), MemoryLedger()
    source = MemorySource([made])
    grade = replay(chosen, source, CALENDAR, ledger)
    return result_of(chosen, ledger.records(), fingerprint(ledger.facts()), source, grade)


def test_a_run_without_a_trade_has_no_ratios_and_loses_nothing() -> None:
    found = hand_result(Told({})).as_dict()
    figures: Any = found["summary"]
    assert (figures["net_profit"], figures["trades"], figures["max_drawdown"]) == (0.0, 0, 0.0)
    unknown = {"cagr", "volatility", "sharpe", "sortino", "win_rate", "profit_factor", "expectancy"}
    assert {name for name in unknown if figures[name] is None} == unknown
    assert (found["trades"], found["exits"]) == ([], [])
    json.dumps(found, allow_nan=False)


def test_a_run_on_recorded_quotes_keeps_its_name() -> None:
    found = hand_result(Told({}))
    assert (found.grade, found.title) == (Grade.QUOTES, "by hand")


def test_a_session_with_several_snapshots_counts_once_by_its_last() -> None:
    spread = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
    found = hand_result(Told({date(2024, 2, 6): [spread]}), hours=(15, 18, 21))
    assert [row.at.hour for row in found.equity] == [21, 21, 21]
    assert [row.open_positions for row in found.equity] == [0, 1, 1]
    assert [close for _, close in found.prices["SPY"]] == [511.0, 511.0, 511.0]
    assert len(found.performance.months) == 1


def test_an_evening_in_new_york_belongs_to_its_session_though_it_is_the_next_day_in_utc() -> None:
    days = [date(2024, 2, day) for day in (5, 6, 7)]
    spread = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
    found = hand_result(Told({days[0]: [spread]}, closes=frozenset({days[2]})), hours=(21, 26))
    assert [(row.at.day, row.at.hour) for row in found.equity] == [(6, 2), (7, 2), (8, 2)]
    assert [day for day, _ in found.prices["SPY"]] == days
    assert [(one.first, one.last, one.chains) for one in found.chains] == [(days[0], days[2], 6)]
    assert [date_of(day) for day in history_of_result(found).days.tolist()] == days
    assert found.portfolio.curves.days == tuple(days)
    assert [trade.days_held for trade in found.trades] == [2]


def test_a_report_and_a_table_name_the_day_of_the_session() -> None:
    spread = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
    told = Told({date(2024, 2, 5): [spread]}, closes=frozenset({date(2024, 2, 7)}))
    found: Any = hand_result(told, hours=(26,)).as_dict()
    (trade,) = found["trades"]
    assert (trade["opened_at"][:10], trade["closed_at"][:10]) == ("2024-02-06", "2024-02-08")  # in UTC
    console = Console(width=200, record=True, file=StringIO())
    console.print(trades_table(found["trades"], 200))
    for shown in (console.export_text(), render_backtest(found).partition('id="result"')[0]):
        assert "2024-02-05" in shown
        assert "2024-02-07" in shown
        assert "2024-02-08" not in shown
