"""How the account's process is: what may be sent, how old its data are, and whether both sides agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strikewise.domain.quotes import Grade, worst_grade
from strikewise.engine.requests import state_under
from strikewise.execution.halt_flag import Raised
from strikewise.execution.heartbeat import Heartbeat
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.order_state import OrderStatus
from strikewise.portfolio.picture import Picture
from strikewise.portfolio.projection import AccountState
from strikewise.service.views.desk import Desk

__all__ = ["BreakerView", "FlagView", "StatusView", "status_of", "status_view"]

OFF = "off"


@dataclass(frozen=True, slots=True)
class BreakerView:
    """A breaker that holds: its code, what it stops, since and until when, and the numbers."""

    breaker: str
    scope: str
    since: datetime
    until: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class FlagView:
    """The halt flag: who raised it, when and why, and whether exits may still be sent."""

    by: str
    at: datetime
    reason: str
    exits: bool


@dataclass(frozen=True, slots=True)
class StatusView:
    """An account's process and what may be sent.

    Attributes
    ----------
    mode : str
        Whose money it is, as the process says; ``off`` where none runs.
    state, reason, by_person : str, str, bool
        What may be sent (``active``, ``reducing`` or ``halted``), why not everything, and whether only a
        person takes that back.
    running : bool
        Whether a process beats.
    phase, holder, broker, feed, version : str
        Of the process; empty where none ever ran.
    started_at, heartbeat_at, ticked_at, due_at : datetime or None
        Of the process; the last two by the market's clock.
    connected : bool
        Whether its broker can be reached.
    now, market_at : datetime
        The present instant, and that of the market: another one where the past is replayed.
    data_as_of : datetime or None
        When the oldest of the latest chains was taken.
    data_age_seconds : float or None
        How old it is by the market's clock, which goes on when the process that traded by it is gone.
    data_grade : str
        The worst of their grades; empty where there are none.
    reconciled_at : datetime or None
        When ours and the broker's last agreed.
    reconciliation_open, unresolved_orders, positions, orders, requests : int
        Differences left, orders whose fate is unknown, held, at work, and asked for but not met yet.
    ledger_seq : int
        The last fact.
    account : str
        Its name.
    flag : FlagView or None
        The halt flag, where it is up.
    frozen : mapping of str to str
        Underlyings on which nothing new is traded, and why.
    breakers : tuple of BreakerView
        Those that hold.
    """

    mode: str
    state: str
    reason: str
    by_person: bool
    running: bool
    phase: str
    holder: str
    broker: str
    feed: str
    version: str
    started_at: datetime | None
    heartbeat_at: datetime | None
    ticked_at: datetime | None
    due_at: datetime | None
    connected: bool
    now: datetime
    market_at: datetime
    data_as_of: datetime | None
    data_age_seconds: float | None
    data_grade: str
    reconciled_at: datetime | None
    reconciliation_open: int
    unresolved_orders: int
    positions: int
    orders: int
    requests: int
    ledger_seq: int
    account: str
    flag: FlagView | None
    frozen: Mapping[str, str]
    breakers: tuple[BreakerView, ...]


def status_view(
    desk: Desk, beat: Heartbeat | None, raised: Raised | None, now: datetime, account: str
) -> StatusView:
    """Return how an account's process is.

    Parameters
    ----------
    desk : Desk
        The account.
    beat : Heartbeat or None
        The latest of its process.
    raised : Raised or None
        The halt flag.
    now : datetime
        The present instant.
    account : str
        Its name, where the ledger does not say it yet.
    """
    return status_of(desk.keeper.state, desk.control, desk.picture, desk.seq, beat, raised, now, account)


def status_of(
    state: AccountState,
    control: ControlState,
    picture: Picture | None,
    seq: int,
    beat: Heartbeat | None,
    raised: Raised | None,
    now: datetime,
    account: str,
) -> StatusView:
    """Return how an account's process is, by its parts.

    Parameters
    ----------
    state, control, picture : AccountState, ControlState, Picture or None
        The account, who may trade it, and what it looked like at the latest tick.
    seq : int
        The last fact.
    beat, raised, now, account
        As in `status_view`.
    """
    running = beat is not None and beat.alive(now) and beat.phase != "stopping"
    market = _market_at(beat, picture, now, running=running)
    control = control.at(market)
    (as_of, grade), allowed = _data_of(picture), state_under(control, raised)
    return StatusView(
        **_process(beat, running=running),
        state=allowed.value,
        reason=raised.reason if raised is not None and allowed is not control.state else control.reason,
        by_person=control.by_person or raised is not None,
        running=running,
        now=now,
        market_at=market,
        data_as_of=as_of,
        data_age_seconds=None if as_of is None else max(0.0, (market - as_of).total_seconds()),
        data_grade=grade,
        reconciled_at=control.reconciled_at,
        reconciliation_open=control.reconciliation_open,
        unresolved_orders=sum(one.status is OrderStatus.UNRESOLVED for one in state.open_orders.values()),
        positions=len(state.positions),
        orders=len(state.open_orders),
        requests=len(control.requests),
        ledger_seq=seq,
        account=state.account or account,
        flag=None if raised is None else FlagView(raised.by, raised.at, raised.reason, raised.exits),
        frozen=dict(control.frozen),
        breakers=tuple(
            BreakerView(one.breaker, one.scope, one.at, one.until, one.detail) for one in control.breakers
        ),
    )


def _market_at(beat: Heartbeat | None, picture: Picture | None, now: datetime, *, running: bool) -> datetime:
    """Return what the market has come to.

    The present goes on without the process that traded it; a past stays where its process left it. In a fast
    replay a heartbeat is older than the latest picture.
    """
    if beat is not None and not running and not beat.replays:
        return now
    known = [beat.market_at] if beat is not None and running else []
    if picture is not None:
        known.append(picture.at)
    return max(known, default=now)


def _data_of(picture: Picture | None) -> tuple[datetime | None, str]:
    """Return when the oldest of the latest chains was taken, and the worst of their grades."""
    if picture is None:
        return None, ""
    grades = [Grade(one) for one in picture.grades.values()]
    return min(picture.data_at.values(), default=None), worst_grade(grades).value if grades else ""


def _process(beat: Heartbeat | None, *, running: bool) -> dict[str, Any]:
    """Return what a process says of itself: who it was, where it runs no more."""
    if beat is None:
        names = dict.fromkeys(("holder", "broker", "feed", "version"), "")
        instants = dict.fromkeys(("started_at", "heartbeat_at", "ticked_at", "due_at"))
        return {"mode": OFF, "phase": OFF, "connected": False, **names, **instants}
    return {
        "mode": beat.mode if running else OFF,
        "phase": beat.phase if running else OFF,
        "connected": running and beat.connected,
        "holder": beat.holder,
        "broker": beat.broker,
        "feed": beat.feed,
        "version": beat.version,
        "started_at": beat.started_at,
        "heartbeat_at": beat.at,
        "ticked_at": beat.ticked_at,
        "due_at": beat.due_at if running else None,
    }
