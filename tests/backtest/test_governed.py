"""A run over the past under the rules of an account that trades: stopped by them, and let go overnight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from engine.hand_made import Told, hand_spec
from engine.watched import DAY, LENIENT, LOWER, NEXT, ROWS, SPREAD, at, past_vix
from engine.watched import past_bars as bars_before
from execution.tapes import CALENDAR, Row, put, tape
from strikewise.backtest.runner import replay
from strikewise.domain.control import ResumeRequested, TradingState, TradingStateChanged
from strikewise.domain.events import OrderPlaced, SignalDenied
from strikewise.domain.orders import Purpose
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.signals import Signal
from strikewise.execution.halt_flag import NoFlag, Raised
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import MemoryLedger, Record
from strikewise.risk.governor import Governor

THIRD = date(2024, 2, 7)
FALLEN: list[Row] = [(put(480), 400, 410), (put(475), 100, 110), (put(470), 90, 100), (put(465), 30, 40)]


def governed(trader: Any, governor: Governor | None, *, worse: bool = False) -> list[Record]:
    """Run three days, a snapshot each; at the second the spread costs four times as much where ``worse``."""
    quotes = {at(60, day): (490.0, ROWS) for day in (DAY, NEXT, THIRD)}
    if worse:
        quotes[at(60, NEXT)] = (490.0, FALLEN)
    chosen = replace(hand_spec(trader, start=DAY, end=THIRD), governor=governor)
    source = MemorySource(
        [tape(quotes, volume=10_000, open_interest=10_000)], bars=[bars_before()], series=[past_vix()]
    )
    ledger = MemoryLedger()
    replay(chosen, source, CALENDAR, ledger)
    return list(ledger.records())


def of(records: list[Record], kind: type) -> list[Any]:
    return [one.event for one in records if isinstance(one.event, kind)]


def test_a_position_that_lost_too_much_is_closed_though_its_strategy_holds_on() -> None:
    trader = Told({DAY: [SPREAD]}, units=5)
    alone = of(governed(trader, None, worse=True), OrderPlaced)
    assert [one.order.purpose for one in alone] == [Purpose.OPEN]
    kept = of(governed(trader, replace(LENIENT, position_loss=500.0), worse=True), OrderPlaced)
    assert [(one.order.purpose, one.order.reason) for one in kept][1:] == [(Purpose.CLOSE, "POSITION_LOSS")]


def test_what_the_account_must_not_become_is_refused() -> None:
    trader = Told({DAY: [SPREAD]}, units=5)
    tight = replace(LENIENT, max_notional=0.5)
    assert [one.code for one in of(governed(trader, tight), SignalDenied)] == ["RISK_NOTIONAL"]
    assert of(governed(trader, LENIENT), SignalDenied) == []


def test_after_a_fall_of_a_day_all_is_closed_and_the_next_day_somebody_has_looked() -> None:
    trader = Told({DAY: [SPREAD], NEXT: [LOWER], THIRD: [LOWER]}, units=60)
    watchful = replace(LENIENT, daily_loss=0.02, day_drawdown=0.05)
    records = governed(trader, watchful, worse=True)
    placed = [
        (one.known_at.date(), one.event.order.purpose)
        for one in records
        if isinstance(one.event, OrderPlaced)
    ]  # type: ignore[union-attr]
    assert placed == [(DAY, Purpose.OPEN), (NEXT, Purpose.CLOSE), (THIRD, Purpose.OPEN)]
    changes = [(one.state, one.reason, one.flatten) for one in of(records, TradingStateChanged)]
    assert changes == [
        (TradingState.REDUCING, "LIMIT_DAY_DRAWDOWN", True),
        (TradingState.ACTIVE, "a look overnight", False),
    ]
    (asked,) = [one for one in records if isinstance(one.event, ResumeRequested)]
    assert (asked.actor, asked.known_at.date()) == ("person:overnight", THIRD)


def test_without_anything_that_stands_nobody_looks_overnight() -> None:
    assert of(governed(Told({DAY: [SPREAD]}), LENIENT), ResumeRequested) == []


def test_a_governor_that_never_acts_changes_no_order() -> None:
    trader = Told({DAY: [SPREAD], NEXT: [LOWER]}, closes=frozenset({THIRD}))
    alone, kept = (of(governed(trader, one), OrderPlaced) for one in (None, LENIENT))
    assert len(alone) == 4
    assert [one.order for one in kept] == [one.order for one in alone]


@dataclass(frozen=True)
class Failing(Told):
    """A strategy with an error in it."""

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        raise ZeroDivisionError("of a strategy")


def test_over_the_past_an_error_of_a_strategy_ends_the_run_governed_or_not() -> None:
    for governor in (None, LENIENT):
        with pytest.raises(ZeroDivisionError):
            governed(Failing({}), governor)


def test_nobody_raises_a_flag_over_the_past() -> None:
    flag = NoFlag()
    assert flag.read() is None
    assert not flag.clear()
    with pytest.raises(OSError, match="anna"):
        flag.hoist(Raised("anna", at(1), "smoke"))
