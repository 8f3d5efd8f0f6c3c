"""Positions made by hand, and worlds of two sessions, for strategies that manage what they hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

from strategy.markets import CALENDAR, TODAY, World, source_of
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Instrument, OptionContract, Right
from strikewise.domain.portfolio import Holding, Mark, Portfolio, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import Market, MarketView


def option(right: Right, strike: float, expiration: date, underlying: str = "SPY") -> OptionContract:
    return OptionContract(underlying, expiration, right, round(strike * 1000))


def position(
    opened: list[tuple[Instrument, int]],
    held: list[tuple[Instrument, int]] | None = None,
    *,
    units: int = 1,
    cash_cents: int = 0,
    entry_cents: int | None = None,
    exit_cents: int | None = None,
    day: date = TODAY,
    because: dict[str, float | str] | None = None,
    strategy: str = "held",
) -> Position:
    """A position of ``units`` of a structure; what it holds now is ``held``, or the structure itself."""
    at = datetime.combine(day, time(20), UTC)
    structure = Structure.of([Leg(instrument, ratio) for instrument, ratio in opened])
    holdings = held if held is not None else [(one, ratio * units) for one, ratio in opened]
    mark = None if exit_cents is None else Mark(exit_cents, exit_cents, 50_000, 0, Greeks(), at)
    return Position(
        position_id="p", strategy=strategy, underlying=structure.underlying, signal_id="s",
        structure=structure, quantity=units,
        holdings=tuple(Holding(instrument, quantity) for instrument, quantity in holdings),
        opened_at=at, entry_cents=cash_cents if entry_cents is None else entry_cents,
        cash_cents=cash_cents, fees_cents=0, max_loss_cents=None, margin_cents=0,
        because=because or {}, grade=Grade.QUOTES, mark=mark,
    )  # fmt: skip


def account(cash_cents: int, *positions: Position, margin_cents: int = 0) -> Portfolio:
    """An account that holds positions at their marks."""
    marks = sum(one.mark.exit_cents for one in positions if one.mark is not None)
    at = CALENDAR.session_close(TODAY).astimezone(UTC)
    equity = cash_cents + marks
    return Portfolio(at, cash_cents, equity, equity, margin_cents, positions)


def later_view(world: World, day: date, **changes: object) -> MarketView:
    """The view at the close of a later session, of a world that may have changed."""
    after = replace(world, **changes)  # type: ignore[arg-type]
    market = Market(source_of([(TODAY, world), (day, after)]), CALENDAR)
    return market.view(CALENDAR.session_close(day).astimezone(UTC))


def instant(day: date) -> datetime:
    return CALENDAR.session_close(day).astimezone(UTC)
