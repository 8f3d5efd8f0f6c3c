"""A plan of faults, carried out at the edge of Alpaca's protocol: requests, orders, the stream, the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from threading import RLock
from typing import Any

from strikewise.adapters.brokers.alpaca_server.venue import CancelFate, OrderFate, Venue
from strikewise.adapters.brokers.alpaca_server.wire import identifier
from strikewise.adapters.brokers.fault_plan import FaultKind, FaultPlan, FaultTimer
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import CashFlow, FlowKind, Known
from strikewise.execution.settlement import SettlementPrice, settle

__all__ = ["CARRIED_OUT", "Mishaps", "Spoiling", "assign"]


class Spoiling(Enum):
    """What goes wrong with a request and its answer."""

    NOTHING = "nothing"
    HANG_BEFORE = "hang before"
    """It is not carried out, and never answered."""
    HANG_AFTER = "hang after"
    """It is carried out, and never answered."""
    LIMITED = "limited"
    SERVER_ERROR = "server error"
    SERVER_ERROR_AFTER = "server error after"
    """It is carried out, and answered as if it was not."""
    PAGE = "page"
    """A page in HTML comes back."""
    PAGE_AFTER = "page after"
    HALF = "half"
    """It is carried out, and half of the answer comes back."""
    REFUSED = "refused"
    NOT_UNIQUE = "not unique"
    """It is carried out, and answered as a repetition."""
    HELD = "held"
    """What is to be closed is told to be held back by another order."""
    NOT_FOUND = "not found"
    LATE = "late"
    """The answer comes after what the stream tells."""
    SKEWED = "skewed"
    """The clock is told wrong."""


CARRIED_OUT = frozenset(
    {
        FaultKind.TIMEOUT_AFTER_ACCEPTANCE,
        FaultKind.LOST_BEFORE_ACCEPTANCE,
        FaultKind.DUPLICATE_ID,
        FaultKind.REJECTED,
        FaultKind.REJECTED_AS_CANCELLED,
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.BROKEN_BODY,
        FaultKind.PARTIAL_THEN_CANCELLED,
        FaultKind.FILL_BEATS_CANCEL,
        FaultKind.DUPLICATE_FILL,
        FaultKind.FILL_BEFORE_ANSWER,
        FaultKind.FILL_AFTER_END,
        FaultKind.OVERFILL,
        FaultKind.LATE_FEE,
        FaultKind.ABSURD_FEE,
        FaultKind.PARTIAL_LEGS,
        FaultKind.EARLY_ASSIGNMENT,
        FaultKind.UNKNOWN_READ,
        FaultKind.PERSON_CANCELS,
        FaultKind.QUANTITY_HELD,
        FaultKind.ORDER_NOT_FOUND,
        FaultKind.DEPOSIT,
        FaultKind.SILENT_STREAM,
        FaultKind.LOST_EVENTS,
        FaultKind.CLOCK_SKEW,
        FaultKind.RESTART,
        FaultKind.DISCONNECTED,
    }
)
"""The kinds of a plan that this edge can carry out."""

FEE_CENTS, ABSURD_FEE_CENTS, DEPOSIT_CENTS = 137, 250_000, 500_000


@dataclass(slots=True)
class _Lasting:
    """Kinds that stay for some further calls."""

    left: dict[FaultKind, int] = field(default_factory=dict)

    def goes_on(self, kind: FaultKind) -> bool:
        """Count a call; return whether an earlier fault of the kind lasts."""
        left = self.left.get(kind, 0)
        if left:
            self.left[kind] = left - 1
        return left > 0


class Mishaps:
    """Say what goes wrong, call by call.

    Parameters
    ----------
    plan : FaultPlan
        The plan.
    venue : Venue
        The account.

    Raises
    ------
    SettingsError
        If the plan has kinds that no edge of this protocol can carry out.

    Attributes
    ----------
    timer : FaultTimer
        Which faults happened.
    cut : callable
        Cuts the stream; given by whoever has it.
    """

    def __init__(self, plan: FaultPlan, venue: Venue) -> None:
        unknown = sorted({fault.kind for fault in plan.faults} - CARRIED_OUT)
        if unknown:
            raise SettingsError(
                f"The local server cannot make these faults happen: {', '.join(unknown)}. "
                f"It can: {', '.join(sorted(CARRIED_OUT))}."
            )
        self.timer, self._venue, self._lock = FaultTimer(plan), venue, RLock()
        self._lasting = _Lasting()
        self.cut: Callable[[], None] = lambda: None
        self._deaf = 0

    # --- requests ---------------------------------------------------------------------------------------

    def of_request(self, method: str, path: str, body: bytes) -> Spoiling:
        """Return what goes wrong with a request."""
        with self._lock:
            if self._due(FaultKind.DISCONNECTED):
                self.cut()
                return Spoiling.SERVER_ERROR
            if self._due(FaultKind.RATE_LIMITED):
                return Spoiling.LIMITED
            if self._due(FaultKind.RESTART):
                self._deaf += 1
                self.cut()
            if (method, path) == ("POST", "/v2/orders"):
                return self._of_submission(body)
            if self._due(FaultKind.SERVER_ERROR):
                return Spoiling.SERVER_ERROR
            if self._due(FaultKind.BROKEN_BODY):
                return self._one_of(FaultKind.BROKEN_BODY, (Spoiling.PAGE, Spoiling.HALF))
            return self._of_read(method, path)

    def _of_submission(self, body: bytes) -> Spoiling:
        if self._due(FaultKind.TIMEOUT_AFTER_ACCEPTANCE):
            return Spoiling.HANG_AFTER
        if self._due(FaultKind.LOST_BEFORE_ACCEPTANCE):
            return Spoiling.HANG_BEFORE
        if self._due(FaultKind.SERVER_ERROR):
            answers = (Spoiling.SERVER_ERROR, Spoiling.SERVER_ERROR_AFTER)
            return self._one_of(FaultKind.SERVER_ERROR, answers)
        if self._due(FaultKind.BROKEN_BODY):
            pages = (Spoiling.PAGE, Spoiling.PAGE_AFTER, Spoiling.HALF)
            return self._one_of(FaultKind.BROKEN_BODY, pages)
        if self._due(FaultKind.DUPLICATE_ID):
            return Spoiling.NOT_UNIQUE
        if self._due(FaultKind.REJECTED):
            return Spoiling.REFUSED
        if b"_to_close" in body and self._due(FaultKind.QUANTITY_HELD):
            return Spoiling.HELD
        return Spoiling.LATE if self._due(FaultKind.FILL_BEFORE_ANSWER) else Spoiling.NOTHING

    def _of_read(self, method: str, path: str) -> Spoiling:
        if method != "GET":
            return Spoiling.NOTHING
        if path == "/v2/clock" and self._due(FaultKind.CLOCK_SKEW):
            return Spoiling.SKEWED
        one_order = path.startswith(("/v2/orders/", "/v2/orders:by_client_order_id"))
        if one_order and self._due(FaultKind.ORDER_NOT_FOUND):
            return Spoiling.NOT_FOUND
        return Spoiling.SERVER_ERROR if self._due(FaultKind.UNKNOWN_READ) else Spoiling.NOTHING

    # --- orders -----------------------------------------------------------------------------------------

    def of_order(self) -> OrderFate:
        """Return what becomes of an order that was taken."""
        with self._lock:
            for kind, fate in (
                (FaultKind.REJECTED_AS_CANCELLED, OrderFate.REFUSED),
                (FaultKind.PARTIAL_THEN_CANCELLED, OrderFate.PART),
                (FaultKind.PARTIAL_LEGS, OrderFate.APART),
                (FaultKind.OVERFILL, OrderFate.OVER),
            ):
                if self._due(kind):
                    return fate
            return OrderFate.PLAIN

    def of_cancel(self) -> CancelFate:
        """Return what becomes of a request to cancel that was taken."""
        with self._lock:
            if self._due(FaultKind.FILL_BEATS_CANCEL):
                return CancelFate.FILLED
            return CancelFate.FILLED_AFTER if self._due(FaultKind.FILL_AFTER_END) else CancelFate.PLAIN

    # --- the stream -------------------------------------------------------------------------------------

    def of_update(self, message: dict[str, Any]) -> Sequence[dict[str, Any]]:
        """Return what the stream tells of an update: it, nothing, or it twice."""
        with self._lock:
            if self._due(FaultKind.SILENT_STREAM) or self._due(FaultKind.LOST_EVENTS):
                return ()
            fill = message["data"]["event"] in ("fill", "partial_fill")
            return (message, message) if fill and self._due(FaultKind.DUPLICATE_FILL) else (message,)

    def forgets_listening(self) -> bool:
        """Return whether a request to listen is forgotten, as after a restart of the server."""
        with self._lock:
            self._deaf, deaf = max(0, self._deaf - 1), self._deaf
            return deaf > 0

    # --- the world --------------------------------------------------------------------------------------

    def befall(self) -> None:
        """Let happen what happens to an account without us; to be asked when the account is read."""
        with self._venue.lock, self._lock:
            if self._due(FaultKind.DEPOSIT):
                self._pay(FlowKind.TRANSFER, -DEPOSIT_CENTS)
            if self._due(FaultKind.LATE_FEE):
                self._pay(FlowKind.FEE, FEE_CENTS)
            if self._due(FaultKind.ABSURD_FEE):
                self._pay(FlowKind.FEE, ABSURD_FEE_CENTS)
            working = self._venue.working()
            if working and self._due(FaultKind.PERSON_CANCELS):
                self._venue.end(working[0], "canceled")
            short = sold(self._venue)
            if short and self._due(FaultKind.EARLY_ASSIGNMENT):
                assign(self._venue, *next(iter(short.items())))

    def _pay(self, kind: FlowKind, cents: int) -> None:
        number = len(self.timer.happened)
        flow = CashFlow(identifier("mishap", number), kind, "", "", cents, self._venue.now)
        self._venue.befall(flow)

    def _due(self, kind: FaultKind) -> bool:
        if self._lasting.goes_on(kind):
            return True
        fault = self.timer.due(kind)
        if fault is not None:
            self._lasting.left[kind] = fault.lasts - 1
        return fault is not None

    def _one_of(self, kind: FaultKind, among: Sequence[Spoiling]) -> Spoiling:
        return among[int(self.timer.chance(kind).integers(len(among)))]


def sold(venue: Venue) -> dict[OptionContract, int]:
    """Return the options sold, negative: not those assigned today, which are shown until tomorrow."""
    held = venue.broker.positions()
    assert isinstance(held, Known), "a simulated broker always knows what it holds"
    market = {one.instrument: one.quantity for one in held.value}
    return {
        one: max(lot.quantity, market.get(one, 0))
        for one, lot in venue.book.lots.items()
        if isinstance(one, OptionContract) and lot.quantity < 0 and market.get(one, 0) < 0
    }


def assign(venue: Venue, contract: OptionContract, quantity: int) -> None:
    """Assign contracts sold (negative quantity) now, ahead of their end; the account shows it tomorrow.

    Raises
    ------
    SettingsError
        If so many were not sold, or the underlying has no price.
    """
    spot, held = venue.view.spot(contract.underlying), sold(venue).get(contract, 0)
    if spot is None or not held <= quantity < 0:
        raise SettingsError(
            f"{-quantity} of {contract} cannot be assigned: {held} are held, "
            f"the underlying's price is {spot}."
        )
    report = settle(
        contract,
        quantity,
        SettlementPrice(round(spot * 100)),
        exercised=True,
        rule="early_carry",
        position_id="",
        fees=venue.broker.fees,
        at=venue.now,
    )
    venue.befall(report)
