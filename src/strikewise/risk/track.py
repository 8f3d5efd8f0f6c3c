"""What happened of late, as far as breakers look back: a fold of closed trades, equity and rejections.

It stands beside the account's fold (`strikewise.portfolio.projection.AccountState`), which says what is held,
and beside that of who may trade (`strikewise.portfolio.controls.ControlState`), which has the errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from strikewise.domain.control import BreakerReset, TradingState, TradingStateChanged
from strikewise.domain.events import AccountValued, OptionSettled, OrderClosed, OrderFilled, OrderRejected
from strikewise.domain.orders import PUT_OFF, OrderEnded
from strikewise.domain.portfolio import Position
from strikewise.domain.structures import Structure
from strikewise.market.calendar import new_york_day
from strikewise.portfolio.controls import is_person
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.projection import AccountState
from strikewise.risk.direction import Direction, direction_of, strikes_of

__all__ = ["NO_TRAIL", "STOPS", "TRADES_LIFE", "ClosedTrade", "Day", "StrategyTrail", "Track"]

TRADES_LIFE = timedelta(days=7)
"""How long a closed trade is remembered: longer than any breaker looks back."""

STOPS = frozenset({"STOP_LOSS", "POSITION_LOSS", "MARGIN_CALL"})
"""Reasons of closing orders that are stop-outs."""

SETTLED = "SETTLED"
MOST_REFUSED = 100


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A position that is over.

    Attributes
    ----------
    position_id, strategy, underlying : str
        Which, whose, on what.
    structure : Structure
        What one unit was.
    profit_cents : int
        After fees.
    reason : str
        Of the order that closed it; ``SETTLED`` where its options ended.
    closed_at : datetime
        When.
    """

    position_id: str
    strategy: str
    underlying: str
    structure: Structure
    profit_cents: int
    reason: str
    closed_at: datetime

    @property
    def lost(self) -> bool:
        """Whether it lost anything."""
        return self.profit_cents < 0

    @property
    def stopped(self) -> bool:
        """Whether it was stopped out at a loss."""
        return self.lost and self.reason in STOPS

    @property
    def direction(self) -> Direction:
        """Which way it leant."""
        return direction_of(self.structure)

    @property
    def strikes(self) -> str:
        """Its strikes, whatever the expirations."""
        return strikes_of(self.structure)


class Day(NamedTuple):
    """Equity of a New York day, cents, without what was paid in or out: at exit prices, and at mid.

    Attributes
    ----------
    day : date
        Which.
    start_exit : int
        At the end of the last day before it; at its first valuation where there was none.
    high_mid : int
        The highest so far, its start included.
    last_exit, last_mid : int
        At the last valuation.
    """

    day: date
    start_exit: int
    high_mid: int
    last_exit: int
    last_mid: int

    def valued(self, on: date, exit_cents: int, mid_cents: int) -> Day:
        """Return the day after a valuation, which may begin the next one."""
        if on != self.day:
            return Day(on, self.last_exit, max(self.last_mid, mid_cents), exit_cents, mid_cents)
        return Day(on, self.start_exit, max(self.high_mid, mid_cents), exit_cents, mid_cents)

    def paid(self, cents: int) -> Day:
        """Return the day as if what was paid in (or out) had been there all along."""
        return Day(self.day, *(value + cents for value in self[1:]))

    def begun_anew(self) -> Day:
        """Return the day as if it began now."""
        return Day(self.day, self.last_exit, self.last_mid, self.last_exit, self.last_mid)


class StrategyTrail(NamedTuple):
    """A strategy's profit and losses: all cents, open positions at exit prices.

    Attributes
    ----------
    profit, peak : int
        Now, and at its highest.
    losses : int
        Trades lost one after the other.
    last_loss : datetime or None
        When the last of them ended.
    """

    profit: int = 0
    peak: int = 0
    losses: int = 0
    last_loss: datetime | None = None

    def rebased(self) -> StrategyTrail:
        """Return the trail as if it began now."""
        return StrategyTrail(profit=self.profit, peak=self.profit)


NO_TRAIL = StrategyTrail()
"""A strategy that has done nothing yet."""


@dataclass(frozen=True, slots=True)
class Track:
    """What breakers look back on.

    Attributes
    ----------
    trades : tuple of ClosedTrade
        Those of the last week, oldest first.
    day : Day or None
        Equity of the last day with a valuation.
    strategies : mapping of str to StrategyTrail
        By label.
    refused : tuple of str
        Orders that a broker rejected one after the other, with no fill and no other end between.
    first_day : date or None
        The first day with a valuation.
    """

    trades: tuple[ClosedTrade, ...] = ()
    day: Day | None = None
    strategies: Mapping[str, StrategyTrail] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    first_day: date | None = None

    def apply(self, record: Record, before: AccountState, after: AccountState) -> Track:
        """Return it after one more fact.

        Parameters
        ----------
        record : Record
            The fact.
        before, after : AccountState
            The account without it and with it.
        """
        track = _paid(self, after.deposited_cents - before.deposited_cents)
        match record.event:
            case AccountValued() as valued:
                return _valued(track, valued, record.known_at)
            case OrderFilled(execution=execution):
                order = after.order(execution.order_id)
                reason = SETTLED if order is None else order.order.reason
                return _closed(replace(track, refused=()), record.known_at, reason, before, after)
            case OptionSettled():
                return _closed(track, record.known_at, SETTLED, before, after)
            case OrderRejected(order_id=name, code=code):
                return track if code in PUT_OFF else _rejected(track, name)
            case OrderClosed(ended=ended):
                return _ended(track, ended)
            case TradingStateChanged(state=TradingState.ACTIVE) if is_person(record.actor):
                return _looked_at(track)
            case BreakerReset(scope=scope) if scope.startswith("strategy="):
                return _reset(track, scope)
        return track

    @classmethod
    def fold(cls, records: Iterable[Record]) -> Track:
        """Return it after facts, from the first on."""
        track, state = cls(), AccountState()
        for record in records:
            after = state.apply(record.seq, record.event, record.known_at)
            track, state = track.apply(record, state, after), after
        return track

    def trail(self, strategy: str) -> StrategyTrail:
        """Return a strategy's trail."""
        return self.strategies.get(strategy, NO_TRAIL)


# --- what facts change --------------------------------------------------------------------------------------


def _paid(track: Track, cents: int) -> Track:
    if not cents or track.day is None:
        return track
    return replace(track, day=track.day.paid(cents))


def _valued(track: Track, valued: AccountValued, at: datetime) -> Track:
    on = new_york_day(at)
    worth = valued.equity_exit_cents, valued.equity_mid_cents
    day = Day(on, worth[0], worth[1], *worth) if track.day is None else track.day.valued(on, *worth)
    strategies = dict(track.strategies)
    for name, profit in valued.profits.items():
        trail = track.trail(name)
        strategies[name] = trail._replace(profit=profit, peak=max(trail.peak, profit))
    return replace(track, day=day, strategies=strategies, first_day=track.first_day or on)


def _closed(track: Track, at: datetime, reason: str, before: AccountState, after: AccountState) -> Track:
    if after.positions is before.positions:
        return track
    reopened = {name for name in after.positions if name not in before.positions}
    done = [after.closed[name] for name in before.positions if name in after.closed]
    if not done and not any(trade.position_id in reopened for trade in track.trades):
        return track
    new = tuple(_trade(position, reason, at) for position in done)
    again = reopened | {trade.position_id for trade in new}
    strategies = dict(track.strategies)
    for trade in new:
        trail = strategies.get(trade.strategy, NO_TRAIL)
        losses, last = (trail.losses + 1, at) if trade.lost else (0, trail.last_loss)
        strategies[trade.strategy] = trail._replace(losses=losses, last_loss=last)
    return replace(track, trades=(*_kept(track.trades, again, at), *new), strategies=strategies)


def _rejected(track: Track, order_id: str) -> Track:
    if order_id in track.refused:
        return track
    return replace(track, refused=(*track.refused, order_id)[-MOST_REFUSED:])


def _ended(track: Track, ended: OrderEnded) -> Track:
    if ended.outcome == "rejected":
        return _rejected(track, ended.order_id)
    return track if ended.outcome == "never_sent" else replace(track, refused=())


def _looked_at(track: Track) -> Track:
    """Begin anew where a person resumed: what led to the halt must not bring it back at once."""
    strategies = {name: trail.rebased() for name, trail in track.strategies.items()}
    day = None if track.day is None else track.day.begun_anew()
    return replace(track, refused=(), day=day, strategies=strategies)


def _reset(track: Track, scope: str) -> Track:
    name = scope.removeprefix("strategy=")
    return replace(track, strategies={**track.strategies, name: track.trail(name).rebased()})


def _kept(trades: Iterable[ClosedTrade], again: set[str], now: datetime) -> Iterator[ClosedTrade]:
    """Yield the trades that a late fill did not reopen or end anew, and that are not over for too long."""
    for trade in trades:
        if trade.position_id not in again and trade.closed_at > now - TRADES_LIFE:
            yield trade


def _trade(position: Position, reason: str, at: datetime) -> ClosedTrade:
    return ClosedTrade(
        position.position_id,
        position.strategy,
        position.underlying,
        position.structure,
        -(position.cash_cents + position.fees_cents),
        reason,
        at,
    )
