"""What is to be done about the account before anything is decided: halt, close, trip, release, warn.

Asked at every tick with what is known; the same arguments give the same answer, and it writes nothing itself.
What blocks new risk looks at exit prices, the worse ones, for waiting costs little; what closes everything
looks at mid prices without estimates, for closing on a bad quote costs the spread of all that is held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from strikewise.domain.control import BreakerReset, BreakerTripped, TradingState, TradingStateChanged
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.reconciled import EXTERNAL
from strikewise.market.view import MarketView
from strikewise.portfolio.controls import ControlState, stricter
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.blackout import HOURS
from strikewise.risk.breakers import errors_within, fresh, trips
from strikewise.risk.governor import Governor, OnDrawdown
from strikewise.risk.past_moves import Unpriced
from strikewise.risk.track import Day, Track

__all__ = [
    "DAILY_LOSS",
    "DAY_DRAWDOWN",
    "ERRORS",
    "OWN_REASONS",
    "POSITION_LOSS",
    "REJECTIONS",
    "ChangeState",
    "ClosePosition",
    "GuardAction",
    "Release",
    "Trip",
    "Warn",
    "day_of",
    "guard",
    "loss_limits",
]

DAILY_LOSS = "LIMIT_DAILY_LOSS"
DAY_DRAWDOWN = "LIMIT_DAY_DRAWDOWN"
ERRORS = "BREAKER_ERRORS"
REJECTIONS = "BREAKER_REJECTIONS"
CLEARED = "LIMIT_CLEARED"
POSITION_LOSS = "POSITION_LOSS"

OWN_REASONS = frozenset({DAILY_LOSS, DAY_DRAWDOWN, ERRORS, REJECTIONS, CLEARED})
"""Reasons of changes that this module asks for; what others changed it only makes stricter."""

EVENTS_AHEAD = 90
"""Calendar days in which a calendar of events that is kept up knows at least one."""


@dataclass(frozen=True, slots=True)
class ChangeState:
    """Change what may be sent.

    Attributes
    ----------
    state, reason, detail, flatten, by_person
        As in `strikewise.domain.control.TradingStateChanged`.
    """

    state: TradingState
    reason: str
    detail: str
    flatten: bool = False
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Close a position: reason and detail become those of its order."""

    position_id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Trip:
    """Write a breaker down."""

    fact: BreakerTripped


@dataclass(frozen=True, slots=True)
class Release:
    """Take a breaker back before its time."""

    fact: BreakerReset


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell a person: a code and a sentence; the same one need not be told at every tick.

    One that ``lasts`` holds until somebody does something about it, and need not be told every day either.
    """

    code: str
    text: str
    lasts: bool = False


GuardAction = ChangeState | ClosePosition | Trip | Release | Warn


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A cause to let less be sent."""

    state: TradingState
    reason: str
    detail: str
    flatten: bool = False
    by_person: bool = False


def guard(
    view: MarketView, portfolio: Portfolio, control: ControlState, history: Track, governor: Governor
) -> tuple[GuardAction, ...]:
    """Return what is to be done about the account.

    Parameters
    ----------
    view : MarketView
        What is known.
    portfolio : Portfolio
        The account, valued at the view.
    control : ControlState
        Who may trade.
    history : Track
        What happened of late.
    governor : Governor
        The limits.

    Returns
    -------
    tuple of GuardAction
        At most two `ChangeState`, what only a person takes back before what passes; then closings, breakers
        and warnings.
    """
    control = control.at(view.as_of)
    return (
        *_state(view, portfolio, control, history, governor),
        *_losses(portfolio, governor),
        *_breakers(view, portfolio, control, history, governor),
        *_warnings(view, portfolio, governor),
    )


def day_of(history: Track, view: MarketView, portfolio: Portfolio) -> Day:
    """Return the day of a view with the account as it is now; its own first instant where there was none."""
    worth = portfolio.equity_exit_cents, portfolio.equity_mid_cents
    if history.day is None:
        return Day(view.day, worth[0], worth[1], *worth)
    return history.day.valued(view.day, *worth)


def _state(
    view: MarketView, portfolio: Portfolio, control: ControlState, history: Track, governor: Governor
) -> Iterator[ChangeState]:
    """Yield the changes of state that are due: as strict as all causes ask together, or back without one.

    What only a person takes back is told by itself, before what passes: an outage must not make a halt that
    nobody lifts of a drawdown that is to be closed out. What somebody else made stricter stays so.
    """
    causes = [*_failing(view, control, history, governor), *_falling(view, portfolio, history, governor)]
    lasting = _together([one for one in causes if one.by_person])
    passing = _together([one for one in causes if not one.by_person])
    standing, ours, state = control.standing, control.reason in OWN_REASONS, control.state
    floor = TradingState.ACTIVE if standing is None else standing.state
    if lasting is not None and (standing is None or not _covers(standing, lasting)):
        yield ChangeState(lasting.state, lasting.reason, lasting.detail, lasting.flatten, by_person=True)
        floor = state = stricter(lasting.state, floor)
    least = floor if passing is None else stricter(passing.state, floor)
    if not ours and stricter(control.state, least) is not least:
        if state is not control.state:
            yield ChangeState(control.state, control.reason, control.detail)
    elif least is not state and passing is not None and least is passing.state:
        yield ChangeState(least, passing.reason, passing.detail)
    elif least is not state:
        yield ChangeState(TradingState.ACTIVE, CLEARED, "")


def _together(causes: Sequence[_Wanted]) -> _Wanted | None:
    """Return what some causes ask for together; the strictest, the first of them, names the reason."""
    if not causes:
        return None
    strictest = causes[0]
    for cause in causes[1:]:
        if stricter(cause.state, strictest.state) is not strictest.state:
            strictest = cause
    return replace(strictest, flatten=any(cause.flatten for cause in causes))


def _covers(standing: TradingStateChanged, wanted: _Wanted) -> bool:
    return stricter(standing.state, wanted.state) is standing.state and standing.flatten >= wanted.flatten


def _failing(
    view: MarketView, control: ControlState, history: Track, governor: Governor
) -> Iterator[_Wanted]:
    """Yield why trading halts for what goes wrong around it."""
    errors = errors_within(control.faults, governor, view.as_of)
    if errors >= governor.errors:
        detail = f"errors={errors} limit={governor.errors} minutes={governor.error_minutes:g}"
        yield _Wanted(TradingState.HALTED, ERRORS, detail)
    refused = len(history.refused)
    if refused >= governor.rejections:
        detail = f"rejections={refused} limit={governor.rejections}"
        yield _Wanted(TradingState.HALTED, REJECTIONS, detail, by_person=True)


def _falling(view: MarketView, portfolio: Portfolio, history: Track, governor: Governor) -> Iterator[_Wanted]:
    """Yield why less may be sent for what the account lost today."""
    day = day_of(history, view, portfolio)
    fall, limit = day.high_mid - day.last_mid, governor.day_drawdown * max(0, day.high_mid)
    sure = all(one.mark is None or not one.mark.estimated_legs for one in portfolio.positions)
    if fall > 0 and fall >= limit:
        detail = f"drawdown={fall / 100:.2f} limit={limit / 100:.2f} high={day.high_mid / 100:.2f}"
        state = TradingState.HALTED if governor.on_drawdown is OnDrawdown.HALT else TradingState.REDUCING
        if sure:
            flatten = governor.on_drawdown is OnDrawdown.FLATTEN
            yield _Wanted(state, DAY_DRAWDOWN, detail, flatten, by_person=True)
        else:
            yield _Wanted(TradingState.REDUCING, DAY_DRAWDOWN, f"{detail} estimated=1")
    lost, most = day.start_exit - day.last_exit, governor.daily_loss * max(0, day.start_exit)
    if lost > 0 and lost >= most:
        detail = f"loss={lost / 100:.2f} limit={most / 100:.2f} start={day.start_exit / 100:.2f}"
        yield _Wanted(TradingState.REDUCING, DAILY_LOSS, detail)


def loss_limits(position: Position, governor: Governor) -> dict[str, float]:
    """Return at which losses a position is closed, cents, by name; none where it has no limit."""
    limits: dict[str, float] = {}
    if governor.position_loss:
        limits["dollars"] = 100 * governor.position_loss
    if governor.position_loss_premiums and position.entry_cents < 0:
        limits["premiums"] = governor.position_loss_premiums * -position.entry_cents
    return limits


def _losses(portfolio: Portfolio, governor: Governor) -> Iterator[ClosePosition | Warn]:
    """Yield the positions that lost as much as one may.

    A loss counts as no more than what can be lost at expiry: quotes so wide that closing would cost more say
    nothing. One that rests on an estimated price is told and not acted on, and so is one of a position that
    nobody here opened.
    """
    for position in portfolio.positions:
        profit, mark = position.profit_exit_cents, position.mark
        if profit is None or mark is None or position.closing_order_id:
            continue
        loss = -profit
        if position.max_loss_cents is not None:
            loss = min(loss, position.max_loss_cents + position.fees_cents)
        limits = loss_limits(position, governor)
        name = min(limits, key=limits.__getitem__, default="")
        if not name or loss < limits[name]:
            continue
        detail = f"loss={loss / 100:.2f} limit={limits[name] / 100:.2f} by={name}"
        if position.strategy == EXTERNAL:
            yield Warn(
                POSITION_LOSS, f"The external position {position.position_id} lost too much: {detail}."
            )
        elif mark.estimated_legs:
            text = f"Position {position.position_id} lost too much by an estimated price: {detail}."
            yield Warn(POSITION_LOSS, text)
        else:
            yield ClosePosition(position.position_id, POSITION_LOSS, detail)


def _breakers(
    view: MarketView, portfolio: Portfolio, control: ControlState, history: Track, governor: Governor
) -> Iterator[Trip]:
    tripped = trips(history, governor, portfolio.equity_exit_cents, view.as_of)
    for fact in fresh(tripped, control.breakers):
        yield Trip(fact)


def _warnings(view: MarketView, portfolio: Portfolio, governor: Governor) -> Iterator[Warn]:
    """Yield what a person should know: risk that is unknown or over its limit, calendars that are missing."""
    if portfolio.positions:
        found = AccountRisk(view, governor).value_at_risk(portfolio.positions)
        limit = governor.max_value_at_risk * max(0, portfolio.equity_exit_cents) / 100
        if isinstance(found, Unpriced):
            yield Warn(
                "RISK_UNKNOWN", f"The value at risk is not known, so nothing is opened: {found.detail}."
            )
        elif found.cents / 100 > limit:
            text = f"The value at risk is {found.cents / 100:,.2f} dollars; the limit is {limit:,.2f}."
            yield Warn("RISK_VAR", text)
    market_wide = [kind for kind in sorted(governor.blackouts) if kind in HOURS]
    missing = [kind for kind in market_wide if not view.events({kind}, EVENTS_AHEAD)]
    if missing:
        yield Warn(
            "EVENTS_UNKNOWN",
            f"No {' or '.join(missing)} is known within {EVENTS_AHEAD} days, so none can black a day out: "
            "import a calendar of events.",
            lasts=True,
        )
