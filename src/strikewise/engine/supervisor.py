"""The supervisor: who may trade, told to the loop before each tick, and what people asked for, done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import assert_never

from strikewise.domain.control import (
    AlertRaised,
    BreakerTripped,
    FlattenRequested,
    RequestMet,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.errors import LedgerConflictError, LedgerError
from strikewise.domain.events import Event
from strikewise.domain.portfolio import Portfolio
from strikewise.domain.signals import Close
from strikewise.engine.answering import Answering, expiries
from strikewise.engine.courier import Courier
from strikewise.engine.held_back import HeldBack
from strikewise.engine.mandate import STRATEGY_FAULTS, Mandate, Wish, wishes_to_close, wishes_to_take
from strikewise.engine.order_work import Prices
from strikewise.engine.oversight import DENIAL_LIFE, Oversight
from strikewise.engine.patience import Patience
from strikewise.engine.requests import flag_fact, meet, state_under
from strikewise.engine.spec import RunSpec
from strikewise.engine.writer import Writer
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.halt_flag import HaltFlag
from strikewise.market.view import MarketView
from strikewise.portfolio.controls import ControlState, stricter
from strikewise.portfolio.ledger import Entry
from strikewise.risk.adjustment import goes_on
from strikewise.risk.gate_control import GateControl
from strikewise.risk.governor import Governor
from strikewise.risk.guard import ChangeState, ClosePosition, Release, Trip, Warn, guard
from strikewise.risk.readiness import lacks

__all__ = ["GUARD", "Supervisor", "Watch"]

GUARD = "risk"
"""The actor of what the guard of the account decides."""

ENGINE = "engine"


def _no_trouble() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Watch:
    """What stands around a loop whose account others may reach.

    Attributes
    ----------
    flag : HaltFlag
        What stops it from outside.
    governor : Governor
        What the account must keep as a whole.
    patience : Patience
        How much is put up with.
    prices : Prices or None
        How orders are worked; None lets them rest as they are decided upon.
    trouble : callable
        Returns why the ledger cannot be relied on now, so that nothing new is opened; empty where it can.
    answering : Answering
        How people answer signals.
    fees_later : FeeSchedule or None
        What the broker charges the day after; None where fills tell their fees.
    """

    flag: HaltFlag
    governor: Governor = field(default_factory=Governor)
    patience: Patience = field(default_factory=Patience)
    prices: Prices | None = None
    trouble: Callable[[], str] = _no_trouble
    answering: Answering = field(default_factory=Answering)
    fees_later: FeeSchedule | None = None


def _nothing_new(_: datetime) -> None:
    """Take up nothing."""


def _labels_of(spec: RunSpec) -> tuple[tuple[str, ...], dict[str, float]]:
    """Return the strategies' labels, and the least score of those that have one."""
    least = {
        chosen.label: chosen.params.number("min_score")
        for chosen in spec.strategies
        if "min_score" in chosen.params
    }
    return tuple(chosen.label for chosen in spec.strategies), least


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
    watch : Watch
        What stands around the loop.

    Attributes
    ----------
    reconcile : tuple of int
        Requests that wait for a reconciliation.
    in_doubt : bool
        Whether ours and the broker's may differ: no new risk meanwhile.
    cut_off : bool
        Whether the broker cannot be reached: nothing is sent that could only be refused.
    reload : callable
        Takes up settings that changed, before anything is decided by them.
    """

    def __init__(self, spec: RunSpec, writer: Writer, courier: Courier, watch: Watch) -> None:
        self._writer, self._courier = writer, courier
        self._flag, self._governor, self._patience = watch.flag, watch.governor, watch.patience
        self._prices, self._trouble, self._answering = watch.prices, watch.trouble, watch.answering
        self._labels, self._least_scores = _labels_of(spec)
        self.reload: Callable[[datetime], None] = _nothing_new
        self._warned: dict[str, date] = {}
        self._lasting: dict[str, str] = {}
        self.reconcile: tuple[int, ...] = ()
        self.in_doubt = self.cut_off = self._deaf = False
        self._held_back = HeldBack(writer, courier)

    def lacks(self, view: MarketView, underlyings: Sequence[str]) -> tuple[str, ...]:
        """Return why what may be traded will be refused for what is not known, in a sentence each."""
        return lacks(view, underlyings, self._governor)

    def use(self, spec: RunSpec, governor: Governor, patience: Patience, answering: Answering) -> None:
        """Go by others from now on."""
        self._governor, self._patience, self._answering = governor, patience, answering
        self._labels, self._least_scores = _labels_of(spec)

    @property
    def oversight(self) -> Oversight:
        """Who may trade, as the facts so far say."""
        oversight = self._writer.oversight
        assert oversight is not None, "a supervised loop folds its oversight"
        return oversight

    def state(self) -> TradingState:
        """Return what may be sent now."""
        state = state_under(self.oversight.control, self._flag.read())
        careful = self.in_doubt or self._deaf or self._trouble()
        return stricter(state, TradingState.REDUCING) if careful else state

    def poll(self, now: datetime) -> TradingState:
        """Take in what others asked for, do what can be done at once, and return what may be sent."""
        self._hear()
        self.reload(now)
        self._writer.write(expiries(self.oversight.offers, now))
        raised, oversight = self._flag.read(), self.oversight
        met = meet(
            oversight.control,
            self._writer.state,
            self._labels,
            raised,
            now,
            offers=oversight.offers,
            answering=self._answering,
        )
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
        if state is not TradingState.ACTIVE and not self.cut_off:
            self._courier.take_back(self._new_risk(), f"trading is {state.value}", now)
        return state

    @property
    def trouble(self) -> str:
        """Why the ledger cannot be relied on now; empty where it can."""
        return self._trouble() or ("it cannot be read" if self._deaf else "")

    def _hear(self) -> None:
        """Take in what others asked for; what the ledger cannot say now must not hold up exits."""
        try:
            self._writer.read_on()
            self._deaf = False
        except LedgerConflictError:
            raise
        except LedgerError:
            self._deaf = True

    def wishes(self) -> dict[str, Wish]:
        """Return what people want closed, and what is left of positions that were closed in part."""
        state, oversight = self._writer.state, self.oversight
        left: dict[str, Wish] = {}
        for name, order_id in oversight.leaving.items():
            known = state.order(order_id)
            if known is not None:
                left[name] = Wish(Close(known.order.reason, known.order.detail), ENGINE)
        return {**left, **wishes_to_close(oversight.control, state)}

    def mandate(self, view: MarketView, portfolio: Portfolio, *, seeks: bool) -> Mandate:
        """Guard the account, write down what that leads to, and return what the tick may do.

        Parameters
        ----------
        view : MarketView
            What is known.
        portfolio : Portfolio
            The account, valued at the view.
        seeks : bool
            Whether it is time to look for something to open.
        """
        now, closing = view.as_of, self._guarded(view, portfolio)
        control, state = self.oversight.control.at(now), self.state()
        if state is not TradingState.ACTIVE and not self.cut_off:
            self._courier.take_back(self._new_risk(), f"trading is {state.value}", now)
        gate = GateControl.of(control, self._governor, view, state=state, least_scores=self._least_scores)
        broker = self._courier.broker.capabilities()
        flattened = dict.fromkeys(_flattened(control), "it is being flattened")
        quiet = (one.scope.partition("=")[2] for one in control.breakers if one.breaker == STRATEGY_FAULTS)
        lately = now - DENIAL_LIFE
        return Mandate(
            state=TradingState.HALTED if self.cut_off else state,
            seeks=seeks,
            closing={**closing, **self.wishes()},
            quiet=frozenset(quiet),
            told=frozenset(name for name, at in self.oversight.denied.items() if at > lately),
            waiting=self._held_back.positions(now),
            gate=replace(gate, frozen={**gate.frozen, **flattened}, broker=broker),
            prices=self._prices,
            watched=True,
            strict=not self._patience.failures,
            answering=self._answering,
            offers=self.oversight.offers,
            takes=wishes_to_take(control, self.oversight.offers),
            broker=broker,
        )

    def _guarded(self, view: MarketView, portfolio: Portfolio) -> dict[str, Wish]:
        """Write down what the guard changes, and return what it wants closed."""
        oversight, closing, events, lasting = self.oversight, {}, list[Event](), dict[str, str]()
        for action in guard(view, portfolio, oversight.control, oversight.track, self._governor):
            match action:
                case ChangeState(state, reason, detail, flatten, by_person):
                    events.append(TradingStateChanged(state, reason, detail, flatten, by_person))
                case ClosePosition(position_id, reason, detail):
                    closing[position_id] = Wish(Close(reason, detail), GUARD)
                case Trip(fact) | Release(fact):
                    events.append(fact)
                case Warn(code, text, lasts=True):
                    lasting[code] = text
                    if self._lasting.get(code) != text:
                        events.append(AlertRaised("warning", code, text))
                case Warn(code, text):
                    if self._warned.get(code) != view.day:
                        self._warned[code] = view.day
                        events.append(AlertRaised("warning", code, text))
                case _:
                    assert_never(action)
        self._writer.write(Entry(event, view.as_of, GUARD) for event in events)
        self._lasting = lasting
        return closing

    def _new_risk(self) -> Iterable[str]:
        """Return the orders at work that open or add."""
        state = self._writer.state
        rests = [replace(one.order, quantity=one.remaining) for one in state.open_orders.values()]
        return [one.order_id for one in rests if not goes_on(one, state.positions.get(one.position_id))]

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


def _flattened(control: ControlState) -> Iterator[str]:
    """Yield the underlyings that somebody wants flattened."""
    for asked in control.requests.values():
        if isinstance(asked.request, FlattenRequested) and asked.request.underlying:
            yield asked.request.underlying
