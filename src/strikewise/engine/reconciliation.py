"""Bring ours to what the broker has: picture its side, compare, write, and look again where needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from strikewise.domain.control import AlertRaised, RequestMet, TradingState, TradingStateChanged
from strikewise.domain.events import Event, OptionSettled, OrderAccepted, OrderClosed, OrderFilled
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Unknown
from strikewise.domain.reconciled import (
    DifferenceFound,
    HoldingAdjusted,
    PositionWrittenOff,
    ReconciliationFailed,
    ReconciliationFinished,
)
from strikewise.engine.courier import Courier
from strikewise.engine.oversight import Oversight
from strikewise.engine.writer import Writer
from strikewise.execution.differing_holdings import LEFT_TO_A_PERSON
from strikewise.execution.planner import BOT
from strikewise.execution.reconcile import SECOND_LOOK, Findings, OurOrder, Ours, compare
from strikewise.execution.snapshot import Snapshot, take_snapshot
from strikewise.market.calendar import SessionCalendar
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.order_state import OrderState, OrderStatus
from strikewise.portfolio.projection import AccountState

__all__ = ["READ_AGAIN", "Outcome", "Reconciler", "Trigger"]

ENGINE = "engine"

READ_AGAIN = timedelta(seconds=5)
"""How far apart two readings must lie that both do not show an order."""
ROUNDS = 1_000
"""More kinds of facts one after the other than any difference leads to: a comparison that does not end."""
LOOK_BACK = timedelta(days=2)
"""How far before the oldest order that has not ended the broker is asked for orders."""
MANY_LOOKS, SELDOM = 6, timedelta(minutes=10)
"""After so many looks that show the same, it is looked at more and more seldom, and at least so often."""
UNANSWERED = (OrderStatus.PLACED, OrderStatus.UNRESOLVED)


class Trigger(StrEnum):
    """Why ours and the broker's are compared."""

    START = "start"
    CADENCE = "cadence"
    BEFORE_OPEN = "before the open"
    AFTER_CLOSE = "after the close"
    CUTOFF = "before an expiry cut-off"
    DOUBT = "an order or the stream is in doubt"
    SECOND_LOOK = "second look"
    REQUEST = "asked for"


QUIET = frozenset({Trigger.CADENCE, Trigger.SECOND_LOOK, Trigger.DOUBT})
"""Reconciliations that are not written down when they found nothing and nothing had been open."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reconciliation came to.

    Attributes
    ----------
    complete : bool
        Whether the broker's side was seen whole.
    reason : str
        Why not.
    differences : int
        Found and put right, or left.
    waiting : tuple of DifferenceFound
        What was left.
    again_in : timedelta or None
        After how long to look again; None where that is not needed.
    """

    complete: bool
    reason: str = ""
    differences: int = 0
    waiting: tuple[DifferenceFound, ...] = ()
    again_in: timedelta | None = None

    @property
    def agreed(self) -> bool:
        """Whether both sides agree."""
        return self.complete and not self.waiting

    @property
    def left_to_a_person(self) -> bool:
        """Whether both sides differ, and no further look changes that."""
        return bool(self.waiting) and all(one.action == LEFT_TO_A_PERSON for one in self.waiting)


class Reconciler:
    """Compare an account with its broker's, as often as it is asked to.

    Parameters
    ----------
    account : str
        The account's name.
    writer : Writer
        Who writes facts, with oversight.
    courier : Courier
        Who speaks with the broker.
    calendar : SessionCalendar
        The sessions.

    Attributes
    ----------
    at : datetime or None
        When both sides last agreed.
    """

    def __init__(self, account: str, writer: Writer, courier: Courier, calendar: SessionCalendar) -> None:
        self._account, self._writer, self._courier, self._calendar = account, writer, courier, calendar
        self._before: Snapshot | None = None
        self._cash_then = 0
        self._missed: dict[str, tuple[int, datetime]] = {}
        self._failing, self._halted_for = False, ""
        self._looks = 0
        self._left: frozenset[tuple[str, str, str, str]] = frozenset()
        self._agreed: Ours | None = None
        self.at: datetime | None = None

    def run(self, trigger: Trigger, now: datetime, *, requests: tuple[int, ...] = ()) -> Outcome:
        """Compare once, write what follows, and say when to look again.

        Parameters
        ----------
        trigger : Trigger
            Why.
        now : datetime
            The present instant.
        requests : tuple of int
            Requests that this meets.
        """
        self._courier.doubtful = False
        self._courier.listen(now)
        snapshot = self._picture(now)
        if isinstance(snapshot, Unknown):
            return self._failed(trigger, snapshot.reason, now, requests)
        seen = self._oversight.control
        differences, findings = self._put_right(snapshot, now)
        waiting = findings.waiting
        self._halt(findings.halt, now)
        self._remember(snapshot, waiting)
        told = (snapshot.fills.cursor, snapshot.activities.cursor)
        left = frozenset((one.kind, one.what, one.ours, one.theirs) for one in waiting)
        same = left == self._left and not differences
        self._looks = self._looks + 1 if same and waiting else 0
        moved = told != (seen.fills_cursor, seen.activities_cursor) or not same
        self._left = left
        if moved or self._failing or requests or trigger not in QUIET:
            # What is left stands beside each account of it: whoever reads the last one must not miss it.
            found = differences + len(waiting)
            self._write([*waiting, ReconciliationFinished(trigger.value, found, len(waiting), *told)], now)
        self._failing = False
        if not waiting:
            self.at, self._agreed = now, self._ours(snapshot, now)
        self._meet(requests, _said(differences, waiting), now, done=True)
        again = self._again_in(waiting)
        return Outcome(True, "", differences + len(waiting), waiting, again)

    @property
    def _oversight(self) -> Oversight:
        oversight = self._writer.oversight
        assert oversight is not None, "a loop that reconciles folds its oversight"
        return oversight

    def _picture(self, now: datetime) -> Snapshot | Unknown:
        state, control = self._writer.state, self._oversight.control
        waiting = state.open_orders.values()
        since = min((one.order.created_at for one in waiting), default=now) - LOOK_BACK
        return take_snapshot(
            self._courier.broker,
            since=since,
            open_ids=tuple(state.open_orders),
            fills_cursor=control.fills_cursor,
            activities_cursor=control.activities_cursor,
            now=now,
        )

    def _put_right(self, snapshot: Snapshot, now: datetime) -> tuple[int, Findings]:
        """Write what each comparison leads to until there is nothing more; return how much differed."""
        differences = 0
        self._missed = _counted(self._missed, snapshot)
        for _ in range(ROUNDS):
            findings = compare(
                self._ours(snapshot, now),
                snapshot,
                self._first_look,
                account=self._account,
                calendar=self._calendar,
                own_prefix=f"{BOT}-",
            )
            differences += self._cancel_there(findings.cancel, now)
            if not findings.facts:
                return differences, findings
            differences += sum(isinstance(fact, DifferenceFound) for fact in findings.facts)
            self._write(findings.facts, now)
            if findings.halt:
                return differences, findings
        return differences, Findings(halt=f"Putting ours right did not end after {ROUNDS} rounds.")

    def _cancel_there(self, names: tuple[str, ...], now: datetime) -> int:
        """Cancel orders of ours that work at the broker for nothing; return how many were asked for."""
        asked = 0
        for name in names:
            if self._courier.take_back([name], "it ended here", now):
                ours = "ended" if self._writer.state.order(name) else "unknown"
                self._write([DifferenceFound("order", name, ours, "working", "cancelled there", "")], now)
                asked += 1
        return asked

    def _ours(self, snapshot: Snapshot, now: datetime) -> Ours:
        """Return our side, as far as the picture is about it."""
        state, oversight = self._writer.state, self._oversight
        named = {one.order_id for one in snapshot.orders} | {one.order_id for one in snapshot.fills.items}
        found = {name: known for name in named if (known := state.order(name)) is not None}
        orders = found | dict(state.open_orders)
        return Ours(
            cash_cents=state.cash_cents,
            positions=state.positions,
            orders={name: self._our_order(one, name in state.open_orders) for name, one in orders.items()},
            executions=frozenset(each for one in orders.values() for each in one.executions),
            activities=frozenset(_booked(snapshot, state)),
            inferred=frozenset(one.contract.symbol for one in oversight.ended if one.inferred),
            frozen=frozenset(oversight.control.frozen),
            looked_at=oversight.released,
            settling=frozenset(_settling(oversight, self._calendar, now)),
            fees_due=state.fees_owed.due,
            fees_untold_cents=state.fees_owed.untold_cents,
            confirmed=frozenset() if self._agreed is None else self._agreed.executions,
            held_lately=frozenset(_held_lately(self._agreed, oversight)),
        )

    def _our_order(self, known: OrderState, is_open: bool) -> OurOrder:
        missed, _ = self._missed.get(known.order.order_id, (0, None))
        answered = known.status not in UNANSWERED
        return OurOrder(known.order, not is_open, answered, known.filled, missed, known.booked)

    @property
    def _first_look(self) -> Snapshot | None:
        """The picture before this one; None where something was booked since, which it cannot have shown."""
        return self._before if self._cash_then == self._writer.state.cash_cents else None

    def _remember(self, snapshot: Snapshot, waiting: tuple[DifferenceFound, ...]) -> None:
        """Keep the picture that a second look is to be compared with."""
        before = self._first_look
        if not waiting:
            self._before = None
        elif before is None or snapshot.taken_at - before.taken_at >= SECOND_LOOK:
            self._before, self._cash_then = snapshot, self._writer.state.cash_cents

    def _again_in(self, waiting: tuple[DifferenceFound, ...]) -> timedelta | None:
        if not waiting:
            return READ_AGAIN if self._courier.doubtful else None
        if all(one.kind == "order" for one in waiting) and self._looks < MANY_LOOKS:
            return READ_AGAIN
        # What many looks did not change waits for the broker's word or a person.
        doubled = min(max(0, self._looks - MANY_LOOKS), 10)
        return min(SECOND_LOOK * (1 << doubled), SELDOM)

    def _halt(self, why: str, now: datetime) -> None:
        """Stop trading until a person has looked, and tell it once; another halt may stand already."""
        changed = TradingStateChanged(TradingState.HALTED, "RECONCILIATION", why, by_person=True)
        standing = self._oversight.control.standing
        stopped = standing is not None and standing.state is TradingState.HALTED
        if why and standing != changed and not (stopped and why == self._halted_for):
            self._write([changed, AlertRaised("critical", "RECONCILIATION_HALT", why)], now)
        self._halted_for = why

    def _failed(self, trigger: Trigger, reason: str, now: datetime, requests: tuple[int, ...]) -> Outcome:
        if not self._failing or requests or trigger not in (*QUIET, Trigger.START):
            self._write([ReconciliationFailed(trigger.value, reason)], now)
        self._failing = True
        self._meet(requests, f"The broker's side could not be seen: {reason}", now, done=False)
        return Outcome(False, reason, again_in=READ_AGAIN)

    def _meet(self, requests: tuple[int, ...], said: str, now: datetime, *, done: bool) -> None:
        self._writer.write(Entry(RequestMet(one, said, done), now, ENGINE, one) for one in requests)

    def _write(self, events: tuple[Event, ...] | list[Event], now: datetime) -> None:
        state = self._writer.state
        self._writer.write(Entry(event, now, ENGINE, _cause(event, state)) for event in events)


def _booked(snapshot: Snapshot, state: AccountState) -> Iterator[str]:
    """Yield the ids of what the picture tells of that is booked; all of them would be a long list."""
    for activity in snapshot.activities.items:
        name = getattr(activity, "settlement_id", "") or getattr(activity, "flow_id", "")
        split = getattr(activity, "split_id", "")
        names = (name, *(f"{split}/{position}" for position in state.positions if split))
        yield from (one for one in names if one and state.settlements.get(one) is not None)


def _counted(
    missed: Mapping[str, tuple[int, datetime]], snapshot: Snapshot
) -> dict[str, tuple[int, datetime]]:
    """Count how often in a row, far enough apart, each order was not there before this picture."""
    kept: dict[str, tuple[int, datetime]] = {}
    for name, report in snapshot.sought.items():
        if report is None:
            count, at = missed.get(name, (-1, snapshot.taken_at - READ_AGAIN))
            spaced = snapshot.taken_at - at >= READ_AGAIN
            kept[name] = (count + 1, snapshot.taken_at) if spaced else (count, at)
    return kept


def _held_lately(agreed: Ours | None, oversight: Oversight) -> Iterator[Instrument]:
    """Yield what was held when both sides last agreed, and the options that ended lately."""
    for position in () if agreed is None else agreed.positions.values():
        yield from (one.instrument for one in position.holdings)
    yield from (one.contract for one in oversight.ended)


def _settling(oversight: Oversight, calendar: SessionCalendar, now: datetime) -> Iterator[str]:
    """Yield the underlyings of which shares may still be on their way."""
    for one in oversight.ended:
        following = calendar.next_session(calendar.day_of(one.at))
        if one.shares and now < calendar.session_close(following):
            yield one.contract.underlying


def _cause(event: Event, state: AccountState) -> int | None:
    """Return the fact behind what is put right: the order or position it is about."""
    match event:
        case OrderFilled(execution=execution):
            return state.fact_of(execution.order_id)
        case OrderClosed(ended=ended):
            return state.fact_of(ended.order_id)
        case OrderAccepted(order_id=name):
            return state.fact_of(name)
        case OptionSettled(report=report):
            return state.fact_of(report.position_id) or state.run_seq
        case HoldingAdjusted(position_id=name) | PositionWrittenOff(position_id=name):
            return state.fact_of(name) or state.run_seq
        case _:
            return state.run_seq


def _said(differences: int, waiting: tuple[DifferenceFound, ...]) -> str:
    if not differences and not waiting:
        return "Ours and the broker's agree."
    left = f"; {len(waiting)} are left for another look" if waiting else ""
    return f"{differences} differences were put right{left}."
