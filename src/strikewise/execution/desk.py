"""Where a simulated broker takes orders: what it refuses, replaces and cancels."""

from __future__ import annotations

from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Accepted, Order, Purpose, Rejected, SubmitAnswer
from strikewise.execution.floor import Floor
from strikewise.execution.refusals import Refusal, refused
from strikewise.market.view import MarketView

__all__ = ["Desk"]


class Desk:
    """Take orders for a floor.

    Parameters
    ----------
    floor : Floor
        Where they trade.
    """

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    def submit(self, order: Order) -> SubmitAnswer:
        """Take an order and try it against the present snapshot."""
        if self.floor.records.knows(order.order_id):
            return self._again(order)
        view = self.floor.view
        if view is None:
            return refused(
                Refusal.NO_MARKET, "No market data have arrived yet: advance the broker to a view first."
            )
        if problem := self.problem(order, view):
            return problem
        return self._take(order, view)

    def problem(self, order: Order, view: MarketView, instead_of: str = "") -> Rejected | None:
        """Return why an order is refused; None where nothing speaks against it.

        Parameters
        ----------
        order : Order
            The order.
        view : MarketView
            The present view.
        instead_of : str
            The working order whose place it is to take, which holds nothing back from it.
        """
        if order.quantity < 1:
            return refused(
                Refusal.BAD_QUANTITY, f"An order must be for at least one unit; was {order.quantity}."
            )
        for contract, _ in order.structure.options:
            if contract.expiration < view.day:
                return refused(Refusal.EXPIRED_CONTRACT, f"{contract} has expired: nothing trades in it.")
        if order.purpose is not Purpose.CLOSE:
            return None
        position_id = self.floor.place(order)
        if lacking := self.floor.account.lacking(order, position_id):
            return refused(Refusal.NOT_HELD, lacking)
        if len(self.floor.working) > (instead_of in self.floor.working):
            return self._held_back(order, position_id, instead_of)
        return None

    def held_back(self, instrument: Instrument, position_id: str | None = None, instead_of: str = "") -> int:
        """Return how many of an instrument working closing orders hold back, without sign."""
        return sum(
            abs(leg.ratio) * one.remaining
            for one in self.floor.working.values()
            if one.order.purpose is Purpose.CLOSE
            and one.order.order_id != instead_of
            and position_id in (None, self.floor.place(one.order))
            for leg in one.order.structure.legs
            if leg.instrument == instrument
        )

    def cancel(self, order_id: str, reason: str = "asked for") -> SubmitAnswer:
        """Cancel a resting order."""
        working = self.floor.working.get(order_id)
        if working is None or self.floor.view is None:
            known = "has ended" if self.floor.records.knows(order_id) else "was never received"
            return refused(Refusal.NOT_OPEN, f"Order {order_id} cannot be cancelled: it {known}.")
        self.floor.end(working, "cancelled", reason, self.floor.view.as_of)
        return Accepted(order_id)

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:
        """Put an order in the place of a working one, for no more than is left of it."""
        working, view = self.floor.working.get(order_id), self.floor.view
        if self.floor.records.knows(replacement.order_id):
            return self._again(replacement)
        if working is None or view is None:
            known = "has ended" if self.floor.records.knows(order_id) else "was never received"
            return refused(Refusal.NOT_OPEN, f"Order {order_id} cannot be replaced: it {known}.")
        if replacement.quantity > working.remaining:
            return refused(
                Refusal.BAD_QUANTITY,
                f"Of order {order_id} {working.remaining} units are left to replace; "
                f"{replacement.quantity} were asked for.",
            )
        if problem := self.problem(replacement, view, instead_of=order_id):
            return problem
        self.floor.records.replaced(order_id, by=replacement.order_id)
        self.floor.end(working, "cancelled", f"replaced by {replacement.order_id}", view.as_of)
        return self._take(replacement, view)

    def _take(self, order: Order, view: MarketView) -> SubmitAnswer:
        if order.purpose is Purpose.CLOSE:
            self.floor.account.claim(order, self.floor.place(order))
        return self.floor.take(order, view)

    def _again(self, order: Order) -> SubmitAnswer:
        """Answer an id that was taken before: the same order is the same one, and another is refused."""
        taken, resumed = self.floor.records.taken(order.order_id), self.floor.records.before(order.order_id)
        if taken is not None:
            quantity = taken.quantity if resumed is None else resumed.quantity
            asked = (order.structure, order.limit_cents, order.quantity)
            if asked != (taken.structure, taken.limit_cents, quantity):
                return refused(Refusal.DUPLICATE_ID, f"{order.order_id} is the id of another order already.")
        return Accepted(order.order_id)

    def _held_back(self, order: Order, position_id: str, instead_of: str) -> Rejected | None:
        held = self.floor.account.held.get(position_id, {})
        for leg in order.structure.legs:
            asked, has = abs(leg.ratio) * order.quantity, abs(held.get(leg.instrument, 0))
            available = has - self.held_back(leg.instrument, position_id, instead_of)
            if asked > available:
                return refused(
                    Refusal.HELD_BY_ORDER,
                    f"{leg.instrument}: requested {asked}, available {max(0, available)}, the rest is held "
                    "by orders that still work.",
                )
        return None
