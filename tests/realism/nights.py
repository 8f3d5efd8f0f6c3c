"""A week of a stock paying a dividend on Wednesday, quoted at the closes, for the rules about nights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from engine.hand_made import Told, hand_spec, played
from execution.tapes import Row, close_of
from strikewise.domain.events import CashFlowed, OptionSettled, PositionSplit
from strikewise.domain.instruments import Instrument, days_of
from strikewise.domain.orders import CashFlow, SettlementReport, SplitReport
from strikewise.domain.quotes import Dividend, Series
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.journal import Journal
from strikewise.portfolio.ledger import MemoryLedger

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = WEEK = tuple(date(2024, 3, day) for day in (4, 5, 6, 7, 8))
DECLARED = int(close_of(date(2024, 2, 1)).timestamp())


def of(*legs: tuple[Instrument, int]) -> Structure:
    return Structure.of(Leg(instrument, ratio) for instrument, ratio in legs)


def dividend(amount: float, day: date = WEDNESDAY, symbol: str = "SPY") -> Dividend:
    return Dividend(symbol, day, amount, DECLARED)


def bills(percent: float) -> Series:
    """The 3-month bill's discount, every day of the week."""
    days = np.array([days_of(day) for day in (date(2024, 3, 1), *WEEK)], dtype=np.int32)
    known = np.array([int(close_of(day).timestamp()) for day in (date(2024, 3, 1), *WEEK)], dtype=np.int64)
    return Series("rate_3m", days, np.full(len(days), percent), known)


def week(
    structure: Structure,
    rows: Sequence[Row],
    spot: float = 500.0,
    *,
    spots: dict[date, float] | None = None,
    start: date = MONDAY,
    told: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
    **data: Any,
) -> tuple[Journal, MemoryLedger]:
    """Open on Monday, and let the week pass; the quotes stay as they are."""
    prices = {day: (spots or {}).get(day, spot) for day in WEEK}
    snapshots: dict[datetime, Any] = {close_of(day): (price, rows) for day, price in prices.items()}
    strategy = Told({start: [structure]}, **{"margin_cents": 1, "max_loss_cents": None, **(told or {})})
    chosen = hand_spec(strategy, start=MONDAY, end=FRIDAY, **(changes or {}))
    return played(chosen, snapshots, **data)


def settled(ledger: MemoryLedger) -> list[SettlementReport]:
    return [one.event.report for one in ledger.records() if isinstance(one.event, OptionSettled)]


def flows(ledger: MemoryLedger) -> list[CashFlow]:
    return [one.event.flow for one in ledger.records() if isinstance(one.event, CashFlowed)]


def splits(ledger: MemoryLedger) -> list[SplitReport]:
    return [one.event.report for one in ledger.records() if isinstance(one.event, PositionSplit)]
