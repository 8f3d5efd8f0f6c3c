"""Breakers: what happened before that stops new risk of a kind, for a time or until a person looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from strikewise.domain.control import BreakerTripped
from strikewise.domain.denials import DenialCode
from strikewise.domain.portfolio import Position
from strikewise.portfolio.controls import NotedFault, TrippedBreaker
from strikewise.risk.checks import Denial
from strikewise.risk.direction import Direction, direction_of, strikes_of
from strikewise.risk.governor import Governor
from strikewise.risk.track import ClosedTrade, Track

__all__ = [
    "COOL_DOWN",
    "ERROR_SOURCES",
    "LOSS_STREAK",
    "STOPPED_STRIKES",
    "STRATEGY_DRAWDOWN",
    "check_breakers",
    "errors_within",
    "fresh",
    "trips",
]

COOL_DOWN = "BREAKER_REPEATED_LOSSES"
STOPPED_STRIKES = "BREAKER_STOPPED_STRIKES"
LOSS_STREAK = "BREAKER_LOSS_STREAK"
STRATEGY_DRAWDOWN = "BREAKER_STRATEGY_DRAWDOWN"

ERROR_SOURCES = frozenset({"broker", "data"})
"""Sources of faults that count as errors of brokers or data."""


def trips(track: Track, governor: Governor, equity_cents: int, now: datetime) -> tuple[BreakerTripped, ...]:
    """Return the breakers that what happened trips, those that have run out left away.

    Parameters
    ----------
    track : Track
        What happened.
    governor : Governor
        The limits.
    equity_cents : int
        Equity at exit prices.
    now : datetime
        The present instant.
    """
    found = (
        *_repeated_losses(track.trades, governor),
        *_stopped_strikes(track.trades, governor),
        *_of_strategies(track, governor, equity_cents),
    )
    return tuple(one for one in found if one.until is None or one.until > now)


def fresh(tripped: Iterable[BreakerTripped], held: Iterable[TrippedBreaker]) -> Iterator[BreakerTripped]:
    """Yield the breakers that do not hold already, for as long."""
    until = {(one.breaker, one.scope): one.until for one in held}
    for one in tripped:
        before = until.get((one.breaker, one.scope), one.until)
        longer = before is not None and (one.until is None or one.until > before)
        if longer or (one.breaker, one.scope) not in until:
            yield one


def check_breakers(proposal: Position, breakers: Iterable[TrippedBreaker], now: datetime) -> Denial | None:
    """Deny what a breaker stops: a strategy, a direction on an underlying, or exact strikes."""
    structure = proposal.structure
    scopes = {
        f"strategy={proposal.strategy}": DenialCode.BREAKER_STRATEGY,
        scope_of(proposal.underlying, direction_of(structure)): DenialCode.BREAKER_COOL_DOWN,
        f"structure={strikes_of(structure)}": DenialCode.BREAKER_STRIKES,
    }
    for one in breakers:
        code = scopes.get(one.scope)
        if code is not None and (one.until is None or one.until > now):
            until = "" if one.until is None else f" until={one.until.isoformat()}"
            return Denial(code, f"breaker={one.breaker} {one.detail}{until}")
    return None


def errors_within(faults: Iterable[NotedFault], governor: Governor, now: datetime) -> int:
    """Return how many errors of brokers and data there were within the minutes that are looked at.

    What fails at one instant for several symbols is one error: a feed that is gone is gone for all of them.
    """
    since = now - timedelta(minutes=governor.error_minutes)
    return len({one for one in faults if one.source in ERROR_SOURCES and since < one.at <= now})


def scope_of(underlying: str, direction: Direction) -> str:
    """Return the scope of a breaker on a direction."""
    return f"underlying={underlying} direction={direction.value}"


def _repeated_losses(trades: Iterable[ClosedTrade], governor: Governor) -> Iterator[BreakerTripped]:
    """Yield a cool-down for each run of losses that were close enough together.

    Trades on the same underlying and direction are looked at in the order of their ends; a trade that did
    not lose ends a run.
    """
    runs: dict[str, list[ClosedTrade]] = {}
    found: dict[str, BreakerTripped] = {}
    span, pause = timedelta(minutes=governor.repeated_loss_minutes), timedelta(hours=governor.cool_down_hours)
    for trade in trades:
        scope = scope_of(trade.underlying, trade.direction)
        run = runs.setdefault(scope, [])
        if not trade.lost:
            run.clear()
            continue
        run.append(trade)
        close = run[-governor.repeated_losses :]
        if len(close) == governor.repeated_losses and close[-1].closed_at - close[0].closed_at <= span:
            lost = -sum(one.profit_cents for one in close) / 100
            found[scope] = BreakerTripped(
                COOL_DOWN,
                scope,
                trade.closed_at + pause,
                f"losses={len(close)} lost={lost:.2f} minutes={governor.repeated_loss_minutes:g} "
                f"hours={governor.cool_down_hours:g}",
            )
    yield from found.values()


def _stopped_strikes(trades: Iterable[ClosedTrade], governor: Governor) -> Iterator[BreakerTripped]:
    pause = timedelta(hours=governor.stopped_strikes_hours)
    for trade in trades:
        if trade.stopped and trade.structure.options:
            yield BreakerTripped(
                STOPPED_STRIKES,
                f"structure={trade.strikes}",
                trade.closed_at + pause,
                f"lost={-trade.profit_cents / 100:.2f} reason={trade.reason} "
                f"hours={governor.stopped_strikes_hours:g}",
            )


def _of_strategies(track: Track, governor: Governor, equity_cents: int) -> Iterator[BreakerTripped]:
    limit = governor.strategy_drawdown * max(0, equity_cents)
    for name, trail in track.strategies.items():
        if trail.losses >= governor.loss_streak and trail.last_loss is not None:
            yield BreakerTripped(
                LOSS_STREAK,
                f"strategy={name}",
                trail.last_loss + timedelta(hours=governor.loss_streak_hours),
                f"losses={trail.losses} limit={governor.loss_streak} hours={governor.loss_streak_hours:g}",
            )
        if trail.peak - trail.profit >= max(1.0, limit):
            yield BreakerTripped(
                STRATEGY_DRAWDOWN,
                f"strategy={name}",
                None,
                f"drawdown={(trail.peak - trail.profit) / 100:.2f} limit={limit / 100:.2f}",
            )
