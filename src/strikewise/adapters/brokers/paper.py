"""Fill orders against quotes as they arrive: the simulated broker, keeping a session's hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from strikewise.domain.brokerage import Capabilities
from strikewise.domain.errors import InvariantError
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Holding
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.execution.simulated import Habits, Past, SimulatedBroker
from strikewise.market.view import MarketView

__all__ = ["PaperBroker"]


class PaperBroker(SimulatedBroker):
    """Trade an account that nobody has, on quotes that somebody makes.

    Orders rest within the session and are tried at each new instant; they fill in parts as the day's volume
    grows, and end at the close. One sent while no session runs is tried first when the next one opens. After
    a restart it is made anew from the ledger (`strikewise.engine.recovery.resumed_broker`).

    Parameters
    ----------
    cash_cents, rule, fees, lag, exercise, financing, holdings, open_orders, past
        As for `strikewise.execution.simulated.SimulatedBroker`.
    habits : Habits, optional
        Its name of the account, and whether it nets positions; it keeps hours in any case.
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
        super().__init__(
            cash_cents,
            rule=rule,
            fees=fees,
            lag=lag,
            exercise=exercise,
            financing=financing,
            holdings=holdings,
            open_orders=open_orders,
            past=past,
            habits=replace(habits or Habits(), in_hours=True),
        )

    def advance(self, view: MarketView) -> None:
        """Move to a view; one of the same instant is the same snapshot, and gives orders no second chance.

        Raises
        ------
        InvariantError
            If the view lies before the last one: whoever feeds it is at fault.
        """
        last = self.health().last_event_at
        if last is not None and view.as_of < last:
            raise InvariantError(
                f"The broker was asked to go back from {last.isoformat()} to {view.as_of.isoformat()}: "
                "feed it instants in order."
            )
        if view.as_of != last:
            super().advance(view)

    def capabilities(self) -> Capabilities:
        """Return what it can do."""
        return replace(super().capabilities(), name="paper")
