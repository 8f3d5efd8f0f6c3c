"""A broker with faults at its edge: what it is asked and tells goes wrong by a seeded plan.

Faults of the connection change what is told and never what is so; faults of the world change the account of
the broker behind it. The same plan does the same to the same calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast

from strikewise.adapters.brokers.fault_plan import FaultKind, FaultPlan, FaultTimer
from strikewise.adapters.brokers.faulty_orders import FaultyOrders
from strikewise.adapters.brokers.faulty_stream import FaultyLine, FaultyStream
from strikewise.adapters.brokers.faulty_world import WORLD_KINDS, FaultyWorld, World
from strikewise.domain.brokerage import (
    AccountReport,
    Activity,
    Capabilities,
    Health,
    HeldReport,
    OrderReport,
    Page,
    Preview,
)
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import (
    BrokerEvent,
    Execution,
    Known,
    Order,
    StreamGap,
    SubmitAnswer,
    Unknown,
)
from strikewise.execution.broker import Broker
from strikewise.execution.refusals import Refusal, refused
from strikewise.market.clock import Clock

__all__ = ["FaultyBroker"]

T = TypeVar("T")

SMALL_SKEW, LARGE_SKEW = 5.0, 45.0
"""Seconds: a skew that is worth a warning, and one with which nobody should trade."""
NO_ANSWER = "the broker answered 500"


class FaultyBroker:
    """Put the faults of a plan between a broker and whoever uses it; implements the broker's port.

    Parameters
    ----------
    inner : Broker
        Who fills orders; whoever feeds it quotes goes on to do so directly.
    plan : FaultPlan
        What goes wrong, and when.
    clock : Clock
        Says when a gap is noticed.
    world : World, optional
        The same broker where its account can be changed from outside; needed for faults that do.

    Raises
    ------
    SettingsError
        If the plan has faults of the world and there is none to change.
    """

    def __init__(self, inner: Broker, plan: FaultPlan, clock: Clock, *, world: World | None = None) -> None:
        self._inner, self._clock = inner, clock
        if world is None and (kinds := sorted({one.kind for one in plan.faults} & WORLD_KINDS)):
            raise SettingsError(
                f"The faults {', '.join(kinds)} change the account of a broker, and this one's cannot be "
                "changed from outside: leave them out, or put a simulated broker behind."
            )
        self._timer = FaultTimer(plan)
        self._line, self._stream = FaultyLine(self._timer), FaultyStream(self._timer)
        self._world = FaultyWorld(inner, world, self._timer)
        self._orders = FaultyOrders(inner, self._timer, self._stream, self._world, clock)
        self._unknown = self._skewed = 0
        self._skew = 0.0

    @property
    def happened(self) -> Sequence[tuple[FaultKind, int]]:
        """The faults so far, each with the number of its opportunity."""
        return tuple(self._timer.happened)

    # --- the connection ---------------------------------------------------------------------------------

    def connect(self) -> Health:
        """Try to log in; after a cut the stream says that it may have missed something."""
        self._inner.connect()
        if reason := self._line.reason:
            if not self._line.connect():
                return Health(False, reason, self._stream.last_event_at)
            self._inner.events()  # what a stream that was cut missed is not told again
            self._stream.say(StreamGap(f"connected again: {reason}", self._clock.now()))
        return self.health()

    def close(self) -> None:
        """Let go of the connection."""
        self._inner.close()

    def health(self) -> Health:
        """Say whether the line holds, and what the broker's clock seems to show."""
        if reason := self._line.reason:
            return Health(False, reason, self._stream.last_event_at)
        if self._skewed:
            self._skewed -= 1
        elif fault := self._timer.due(FaultKind.CLOCK_SKEW):
            chance = self._timer.chance(FaultKind.CLOCK_SKEW)
            self._skew = SMALL_SKEW if chance.random() < 0.5 else LARGE_SKEW
            self._skewed = fault.lasts - 1
        else:
            self._skew = 0.0
        return replace(self._inner.health(), skew_seconds=self._skew)

    def capabilities(self) -> Capabilities:
        """Return what the broker behind can do."""
        return self._inner.capabilities()

    def events(self) -> Sequence[BrokerEvent]:
        """Return what arrives of what happened since the last call."""
        now = self._clock.now()
        told = self._inner.events()
        if self._line.broken():
            return []
        if reason := self._line.look():
            return self._stream.cut(reason, now)
        self._world.go_wrong(now)
        return self._stream.passed([*told, *self._inner.events()], now)

    # --- reads ------------------------------------------------------------------------------------------

    def account(self) -> Known[AccountReport] | Unknown:
        """Return the account."""
        return self._read(self._inner.account)

    def positions(self) -> Known[tuple[HeldReport, ...]] | Unknown:
        """Return what is held; for a while what was held before an assignment."""
        return self._world.shown(self._read(self._inner.positions))

    def open_orders(self) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return the orders that may still fill."""
        return self._read(self._inner.open_orders)

    def order(self, order_id: str) -> Known[OrderReport | None] | Unknown:
        """Return an order; a recent one may not be found yet."""
        answer = self._read(lambda: self._inner.order(order_id))
        if isinstance(answer, Unknown):
            return answer
        if answer.value is None:
            return replace(answer, value=self._orders.report(order_id))
        return replace(answer, value=None) if self._orders.hidden(answer.value) else answer

    def orders_since(self, since: datetime) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return all orders submitted at or after an instant."""
        answer = self._read(lambda: self._inner.orders_since(since))
        if isinstance(answer, Unknown):
            return answer
        return replace(answer, value=(*answer.value, *self._orders.reports(since)))

    def fills_since(self, cursor: str) -> Known[Page[Execution]] | Unknown:
        """Return the fills after a cursor."""
        return self._read(lambda: self._inner.fills_since(cursor))

    def activities_since(self, cursor: str) -> Known[Page[Activity]] | Unknown:
        """Return settlements, cash flows and splits after a cursor."""
        return self._read(lambda: self._inner.activities_since(cursor))

    def preview(self, order: Order) -> Known[Preview] | Unknown:
        """Say what an order would do."""
        return self._read(lambda: self._inner.preview(order))

    # --- orders -----------------------------------------------------------------------------------------

    def submit(self, order: Order) -> SubmitAnswer:
        """Hand over an order; whether it arrives, and whether that is said, is another matter."""
        reason = self._line.broken()
        return _not_sent(reason) if reason else self._orders.submit(order)

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:
        """Ask to put an order in the place of a working one."""
        reason = self._line.broken()
        return _not_sent(reason) if reason else self._orders.replace(order_id, replacement)

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Ask to cancel an order; it may be filled while the request is under way."""
        reason = self._line.broken()
        return _not_sent(reason) if reason else self._orders.cancel(order_id)

    def cancel_all(self) -> SubmitAnswer:
        """Ask to cancel every order."""
        reason = self._line.broken()
        return _not_sent(reason) if reason else self._orders.asked(self._inner.cancel_all())

    def exercise(self, contract: OptionContract, quantity: int) -> SubmitAnswer:
        """Ask to exercise contracts."""
        reason = self._line.broken()
        return _not_sent(reason) if reason else self._inner.exercise(contract, quantity)

    def do_not_exercise(self, contract: OptionContract) -> SubmitAnswer:
        """Ask that a contract is not exercised."""
        reason = self._line.broken()
        return _not_sent(reason) if reason else self._inner.do_not_exercise(contract)

    def _read(self, ask: Callable[[], Known[T] | Unknown]) -> Known[T] | Unknown:
        """Ask the broker behind, and return what is heard of its answer."""
        if reason := self._line.broken():
            return Unknown(reason)
        if self._unknown:
            self._unknown -= 1
            return Unknown(NO_ANSWER)
        if fault := self._timer.due(FaultKind.UNKNOWN_READ):
            self._unknown = fault.lasts - 1
            return Unknown(NO_ANSWER)
        answer = ask()
        if isinstance(answer, Known) and self._timer.due(FaultKind.INCOMPLETE_READ):
            return replace(answer, value=_part_of(answer.value), complete=False)
        return answer


def _not_sent(reason: str) -> SubmitAnswer:
    return refused(Refusal.NOT_CONNECTED, f"Nothing was sent: {reason}.")


def _part_of(value: T) -> T:
    """Return the first half of what should be a list, as an answer that was cut off shows it."""
    part: Any = value
    if isinstance(value, Page):
        part = Page(value.items[: len(value.items) // 2], value.cursor)
    elif isinstance(value, tuple):
        part = value[: len(value) // 2]
    return cast("T", part)
