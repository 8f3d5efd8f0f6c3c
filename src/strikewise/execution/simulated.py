"""Fill orders against recorded quotes and settle what expires, seeing only the views that are given.

Time moves by `SimulatedBroker.advance`: what happened overnight is booked in the order it happened, contracts
settle, then resting orders are tried against the new snapshot. An order submitted between two ticks is tried
at once against the same snapshot (an end-of-day stop fills at that day's exit side); what does not fill rests
to the end of the session. Whether an account may afford an order is the gate's question, not the broker's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

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
from strikewise.domain.errors import InvariantError
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Accepted, BrokerEvent, Execution, Known, Order, SubmitAnswer, Unknown
from strikewise.domain.portfolio import Holding
from strikewise.execution.account import Account
from strikewise.execution.desk import Desk
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.execution.floor import Floor, Habits
from strikewise.execution.instructions import do_not_exercise, exercise
from strikewise.execution.matching import Matcher
from strikewise.execution.night import Nights
from strikewise.execution.working import Past
from strikewise.execution.world import WorldEvent, happen
from strikewise.market.view import MarketView

__all__ = ["Habits", "Past", "SimulatedBroker"]

T = TypeVar("T")

NO_MARKET = "no market data have arrived yet"
MAX_LEGS = 99
"""More than any structure has: a simulated market fills whatever is quoted."""


class SimulatedBroker:
    """Fill orders against the chains of market views; implements `strikewise.execution.broker.Broker`.

    Parameters
    ----------
    cash_cents : int
        Cash at the beginning.
    rule : FillRule
        Prices and sizes.
    fees : FeeSchedule
        Commissions and fees.
    lag : int
        Snapshots between an order and its first chance to fill: 0 fills on the snapshot that was decided on,
        1 on the next.
    exercise : ExerciseRule
        How short options are assigned.
    financing : Financing
        What cash earns, and debit balances and borrowed shares cost.
    holdings : mapping of str to holdings, optional
        What is held already, by position id, to resume an account.
    open_orders : iterable of Order, optional
        Orders that rest already, with the quantity that is still to fill.
    past : Past, optional
        What else a broker that resumes remembers.
    habits : Habits, optional
        Its name of the account, whether it nets positions, and whether it keeps hours.
    """

    def __init__(
        self,
        cash_cents: int,
        *,
        rule: FillRule | None = None,
        fees: FeeSchedule | None = None,
        lag: int = 0,
        exercise: ExerciseRule | None = None,
        financing: Financing | None = None,
        holdings: Mapping[str, Iterable[Holding]] | None = None,
        open_orders: Iterable[Order] = (),
        past: Past | None = None,
        habits: Habits | None = None,
    ) -> None:
        known, charged, kept = past or Past(), fees or FeeSchedule(), habits or Habits()
        self._floor = Floor(
            Account(cash_cents, _netted(holdings or {}) if kept.netted else holdings or {}),
            Matcher(rule or FillRule(), known.last_quotes),
            Nights(exercise or ExerciseRule(), financing or Financing(), charged),
            fees=charged,
            lag=lag,
            habits=kept,
            open_orders=open_orders,
            past=known,
        )
        self._desk, self._records = Desk(self._floor), self._floor.records

    def advance(self, view: MarketView) -> None:
        """Move to a view, before anything is decided at it: book the night, settle, try what rests."""
        self._floor.advance(view)

    def book(self, event: Activity) -> None:
        """Book what comes from outside the market, between two views: an assignment, a deposit.

        Raises
        ------
        InvariantError
            If no view was given yet: whoever makes it happen is at fault.
        """
        view = self._floor.view
        if view is None:
            raise InvariantError(
                f"{event} was to be booked before the broker saw a market: advance it first."
            )
        self._floor.book(event, view)

    def happened(self, event: WorldEvent) -> str:
        """Let something happen to the account that no order of ours asked for.

        Returns
        -------
        str
            Why it cannot happen, and did not; empty where it did.
        """
        return happen(self._floor, event)

    @property
    def fees(self) -> FeeSchedule:
        """What trading and exercises cost here."""
        return self._floor.fees

    # --- the connection ---------------------------------------------------------------------------------

    def connect(self) -> Health:
        """Say that all is well: there is nothing to log in to."""
        return self.health()

    def close(self) -> None:
        """Let go of nothing."""

    def health(self) -> Health:
        """Say that orders can be sent."""
        view = self._floor.view
        return Health(connected=True, last_event_at=None if view is None else view.as_of)

    def capabilities(self) -> Capabilities:
        """Return what a simulated broker can do."""
        return Capabilities("simulated", max_legs=MAX_LEGS, simulated=True)

    def events(self) -> Sequence[BrokerEvent]:
        """Return what happened since the last call, oldest first."""
        return self._records.unheard()

    # --- reads ------------------------------------------------------------------------------------------

    def account(self) -> Known[AccountReport] | Unknown:
        """Return the account, not valued."""
        floor = self._floor
        return self._answer(AccountReport(floor.habits.account_id, floor.account.cash_cents))

    def positions(self) -> Known[tuple[HeldReport, ...]] | Unknown:
        """Return what is held, netted by instrument."""
        desk, held = self._desk, self._floor.account.net()
        return self._answer(
            tuple(
                HeldReport(
                    one.instrument,
                    one.quantity,
                    available=max(0, abs(one.quantity) - desk.held_back(one.instrument)),
                )
                for one in held
            )
        )

    def open_orders(self) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return the orders that may still fill, others' too."""
        working = self._floor.working
        return self._answer(self._records.reports(working, only=working))

    def order(self, order_id: str) -> Known[OrderReport | None] | Unknown:
        """Return an order by the id its sender gave it; ``Known(None)`` where there is none."""
        return self._answer(self._records.report(order_id, self._floor.working))

    def orders_since(self, since: datetime) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return all orders submitted at or after an instant, whatever became of them."""
        return self._answer(self._records.reports(self._floor.working, since=since))

    def fills_since(self, cursor: str) -> Known[Page[Execution]] | Unknown:
        """Return the fills of our orders after a cursor, which counts them."""
        page = self._records.executions(cursor)
        return self._answer(page) if page is not None else _not_ours(cursor)

    def activities_since(self, cursor: str) -> Known[Page[Activity]] | Unknown:
        """Return settlements, cash flows and splits after a cursor, which counts them."""
        page = self._records.activities(cursor)
        return self._answer(page) if page is not None else _not_ours(cursor)

    def preview(self, order: Order) -> Known[Preview] | Unknown:
        """Say what an order would do against the present snapshot."""
        view = self._floor.view
        if view is None:
            return Unknown(NO_MARKET)
        if refusal := self._desk.problem(order, view):
            return self._answer(Preview(refusal.text))
        match = self._floor.match(order, view, enters=self._floor.enters(order))
        cost = sum(leg.cost_cents for leg in match.legs) if match.units == order.quantity else None
        return self._answer(Preview(cost_cents=cost))

    # --- orders -----------------------------------------------------------------------------------------

    def submit(self, order: Order) -> SubmitAnswer:
        """Take an order and try it against the present snapshot."""
        return self._desk.submit(order)

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:
        """Put an order in the place of a working one, for no more than is left of it."""
        return self._desk.replace(order_id, replacement)

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Cancel a resting order."""
        return self._desk.cancel(order_id)

    def cancel_all(self) -> SubmitAnswer:
        """Cancel every order that rests."""
        for order_id in list(self._floor.working):
            self._desk.cancel(order_id)
        return Accepted("")

    def exercise(self, contract: OptionContract, quantity: int) -> SubmitAnswer:
        """Exercise contracts that are held long: their shares trade from the next session on."""
        return exercise(self._desk, contract, quantity)

    def do_not_exercise(self, contract: OptionContract) -> SubmitAnswer:
        """Let what is held long of a contract expire, in the money or not."""
        return do_not_exercise(self._desk, contract)

    def _answer(self, value: T) -> Known[T] | Unknown:
        view = self._floor.view
        return Unknown(NO_MARKET) if view is None else Known(value, view.as_of)


def _not_ours(cursor: str) -> Unknown:
    return Unknown(f"the cursor {cursor!r} is none that this broker gave out")


def _netted(holdings: Mapping[str, Iterable[Holding]]) -> dict[str, list[Holding]]:
    """Return what is held by underlying, whatever position it belongs to."""
    by_underlying: dict[str, list[Holding]] = {}
    for held in holdings.values():
        for holding in held:
            by_underlying.setdefault(holding.instrument.underlying, []).append(holding)
    return by_underlying
