"""The supervisor: who may trade, told to the loop before each tick, and what people asked for, done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from strikewise.domain.control import BreakerTripped, RequestMet, TradingState
from strikewise.domain.orders import Purpose
from strikewise.engine.courier import Courier
from strikewise.engine.mandate import STRATEGY_FAULTS, Mandate, wishes_to_close
from strikewise.engine.oversight import Oversight
from strikewise.engine.requests import flag_fact, meet, state_under
from strikewise.engine.spec import RunSpec
from strikewise.engine.writer import Writer
from strikewise.execution.halt_flag import HaltFlag
from strikewise.portfolio.ledger import Entry

__all__ = ["Patience", "Supervisor"]

ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is put up with.

    Attributes
    ----------
    failures : int
        Exceptions of a strategy within an hour, at which it seeks no more until a person resumes.
    """

    failures: int = 3


class Supervisor:
    """Read requests, flag and state, and turn them into what a tick may do.

    Parameters
    ----------
    spec : RunSpec
        What the loop does.
    writer : Writer
        Who writes facts, with oversight.
    courier : Courier
        Who takes orders back.
    flag : HaltFlag
        The flag that stops trading.
    patience : Patience
        How much is put up with.

    Attributes
    ----------
    reconcile : tuple of int
        Requests that wait for a reconciliation.
    """

    def __init__(
        self,
        spec: RunSpec,
        writer: Writer,
        courier: Courier,
        flag: HaltFlag,
        patience: Patience | None = None,
    ) -> None:
        self._spec, self._writer, self._courier, self._flag = spec, writer, courier, flag
        self._patience = patience or Patience()
        self._labels = tuple(chosen.label for chosen in spec.strategies)
        self.reconcile: tuple[int, ...] = ()

    @property
    def oversight(self) -> Oversight:
        """Who may trade, as the facts so far say."""
        oversight = self._writer.oversight
        assert oversight is not None, "a supervised loop folds its oversight"
        return oversight

    def state(self) -> TradingState:
        """Return what may be sent now."""
        return state_under(self.oversight.control, self._flag.read())

    def poll(self, now: datetime) -> TradingState:
        """Take in what others asked for, do what can be done at once, and return what may be sent."""
        self._writer.read_on()
        raised, oversight = self._flag.read(), self.oversight
        met = meet(oversight.control, self._writer.state, self._labels, raised, now)
        self._writer.write(met.entries)
        told = flag_fact(self.oversight.control, raised, now)
        self._writer.write([] if told is None else [told])
        for number, request in met.cancels:
            self._courier.take_back([request.order_id], request.reason, now, cause=number)
            outcome = f"The broker was asked to cancel {request.order_id}."
            self._writer.write([Entry(RequestMet(number, outcome), now, ENGINE, number)])
        self.reconcile = met.reconcile
        self._writer.write(self._failing(now))
        state = self.state()
        if state is not TradingState.ACTIVE:
            self._courier.take_back(self._new_risk(), f"trading is {state.value}", now)
        return state

    def mandate(self, now: datetime, *, seeks: bool) -> Mandate:
        """Return what a tick may do."""
        control = self.oversight.control.at(now)
        quiet = (one.scope.partition("=")[2] for one in control.breakers if one.breaker == STRATEGY_FAULTS)
        flattened = (
            asked.request.underlying
            for asked in control.requests.values()
            if hasattr(asked.request, "underlying") and asked.request.underlying
        )
        return Mandate(
            state=self.state(),
            seeks=seeks,
            closing=wishes_to_close(control, self._writer.state),
            quiet=frozenset(quiet),
            shut=frozenset((*control.frozen, *flattened)),
            watched=True,
        )

    def _new_risk(self) -> Iterable[str]:
        """Return the orders at work that open or add."""
        waiting = self._writer.state.open_orders.values()
        return [one.order.order_id for one in waiting if one.order.purpose is not Purpose.CLOSE]

    def _failing(self, now: datetime) -> list[Entry]:
        """Return the breakers of strategies that failed too often."""
        oversight = self.oversight
        tripped = {one.scope for one in oversight.control.breakers if one.breaker == STRATEGY_FAULTS}
        found = []
        for label, failures in oversight.failures.items():
            scope = f"strategy={label}"
            if len(failures) >= self._patience.failures and scope not in tripped:
                detail = f"failures={len(failures)} limit={self._patience.failures} hours=1"
                found.append(Entry(BreakerTripped(STRATEGY_FAULTS, scope, None, detail), now, ENGINE))
        return found
