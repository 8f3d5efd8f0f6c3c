"""A decision in the making: each choice is folded into the account before the next question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, TypeVarTuple, assert_never

from strikewise.domain.answered import SignalOffered, SignalTaken
from strikewise.domain.control import FaultNoted, RequestMet
from strikewise.domain.denials import DenialCode
from strikewise.domain.events import OrderDenied, OrderPlaced, SignalDenied, SignalGenerated
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Adjust, Close, Roll, Signal
from strikewise.engine.mandate import Mandate
from strikewise.engine.oversight import STRATEGY, STRATEGY_FAILED
from strikewise.engine.spec import RunSpec, StrategySpec
from strikewise.execution.planner import adjusting_order, another_attempt, closing_order, opening_order
from strikewise.execution.spans import Spans
from strikewise.market.regime import Regime
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.projection import AccountState
from strikewise.risk.gate import Approved, ApprovedAdjusting, Denied, judge, judge_adjusting, judge_closing

__all__ = ["Draft", "labelled_signal"]

T = TypeVar("T")
Of = TypeVarTuple("Of")

Written = (
    SignalGenerated
    | SignalDenied
    | SignalOffered
    | SignalTaken
    | OrderPlaced
    | OrderDenied
    | FaultNoted
    | RequestMet
)


class Draft:
    """The entries, orders and cancels so far, and the account as they leave it.

    Parameters
    ----------
    view, portfolio, state, spec, mandate, spans
        As of `strikewise.engine.decide.decide`.

    Attributes
    ----------
    held : Portfolio
        What the account has.
    portfolio : Portfolio
        The same with what is ordered counted as if it were held.
    entries, orders, cancels : list
        As in `strikewise.engine.decide.Decision`.
    """

    def __init__(
        self,
        view: MarketView,
        portfolio: Portfolio,
        state: AccountState,
        spec: RunSpec,
        mandate: Mandate,
        spans: Spans,
    ) -> None:
        self.view, self.mandate, self.spans = view, mandate, spans
        self.regime = view.regime()
        self.held = portfolio
        self.portfolio = replace(
            portfolio,
            deposited_cents=state.deposited_cents,
            records=state.outcomes.records,
            shares=spec.allocation.shares(self.regime),
        )
        self.state = state
        self.spec = spec
        self.entries: list[Entry] = []
        self.orders: list[Order] = []
        self.cancels: list[str] = []

    def write(self, event: Written, actor: str, cause: int | None) -> int:
        """Note a fact, and return the number it will have."""
        self.entries.append(Entry(event, self.view.as_of, actor, cause))
        return self.state.seq + len(self.entries)

    def asked(self, label: str, what: str, question: Callable[[*Of], T], *of: *Of) -> T | None:
        """Return a strategy's answer; None, and a fault, where it fails and somebody watches over it."""
        if self.mandate.strict or not self.mandate.watched:
            return question(*of)
        try:
            return question(*of)
        except Exception as error:
            if label not in self.mandate.quiet:
                said = f"{what} failed: {type(error).__name__}: {error}"[:500]
                self.write(FaultNoted(STRATEGY, STRATEGY_FAILED, said), label, self.state.run_seq)
            return None

    def close(self, position: Position, why: Close | Roll, actor: str, cause: int | None = None) -> bool:
        """Order the closing of a position, if the gate lets it pass and nothing else works on it.

        Returns
        -------
        bool
            Whether all of it is ordered to close: some brokers take shares and options one after the other.
        """
        if self.mandate.watched and (working := self.working_on(position.position_id)):
            self.cancels += working
            return False
        if position.position_id in self.mandate.waiting:
            return False
        broker = self.mandate.broker
        order = closing_order(self.spec.account, position, self.view.as_of, why.reason, why.detail, broker)
        verdict = judge_closing(order, position, self.view, self.mandate.gate)
        cause = cause or self.state.fact_of(position.position_id)
        if isinstance(verdict, Denied):
            if (position.position_id, verdict.code) not in self.mandate.told:
                self.write(OrderDenied(position.position_id, verdict.code, verdict.detail), actor, cause)
            return False
        self.place(order, actor, cause)
        return len(order.structure.legs) == len(position.holdings)

    def working_on(self, position_id: str) -> list[str]:
        """Return the orders that may still fill into a position."""
        waiting = self.state.open_orders.values()
        return [one.order.order_id for one in waiting if one.order.position_id == position_id]

    def adjust(self, position: Position, action: Adjust, actor: str) -> None:
        """Order further legs for a position, if the gate lets them pass, and count it as it would be then."""
        order = adjusting_order(self.spec.account, position, action, self.view.as_of)
        open_orders = (one.order for one in self.state.open_orders.values())
        working = next((one.order_id for one in open_orders if one.position_id == position.position_id), "")
        verdict = judge_adjusting(
            order,
            position,
            self.portfolio,
            self.spec.limits,
            self.view,
            working=working,
            control=self.mandate.gate,
        )
        cause = self.state.fact_of(position.position_id)
        match verdict:
            case Denied(code=code, detail=detail):
                if (position.position_id, code) not in self.mandate.told:
                    self.write(OrderDenied(position.position_id, code, detail), actor, cause)
            case ApprovedAdjusting(after=after):
                self.place(order, actor, cause)
                self.count_as(after)
            case _:
                assert_never(verdict)

    def count_as(self, after: Position) -> None:
        """Count a position as it would be after an order that adjusts it."""
        held = self.portfolio.positions
        before = next(one for one in held if one.position_id == after.position_id)
        self.portfolio = replace(
            self.portfolio,
            margin_cents=self.portfolio.margin_cents + after.margin_cents - before.margin_cents,
            positions=tuple(after if one is before else one for one in held),
        )

    def place(self, order: Order, actor: str, cause: int | None) -> Order:
        """Write an order down, under an id that no order had."""
        while self.state.order(order.order_id) is not None:
            order = another_attempt(order)
        if self.mandate.prices is not None:
            order = self.mandate.prices.first(order, self.view)
        self.write(OrderPlaced(order), actor, cause)
        self.orders.append(order)
        return order

    def open(self, chosen: StrategySpec, signal: Signal, rolled: Position | None = None) -> None:
        """Size a signal, ask the gate, and order it or write down why not.

        What continues a rolled position is judged as if that one were gone: its closing order, the last fact
        so far, is sent first, and is its cause.
        """
        signal = labelled_signal(signal, chosen, self.regime)
        brought_about_by = self.state.run_seq if rolled is None else self.state.seq + len(self.entries)
        cause = self.write(SignalGenerated(signal), chosen.label, brought_about_by)
        campaign = "" if rolled is None else rolled.campaign_id or rolled.position_id
        verdict = self.asked(chosen.label, "size_position", self.judged, chosen, signal, rolled)
        match verdict:
            case Denied(code=code, detail=detail):
                denied = SignalDenied(signal.signal_id, signal.strategy, signal.underlying, code, detail)
                self.write(denied, chosen.label, cause)
            case Approved() if self.mandate.answering.asks:
                self.offer(verdict, chosen.label, cause, campaign)
            case Approved():
                self.order(verdict, chosen.label, cause, campaign)
            case None:
                pass
            case _:
                assert_never(verdict)

    def order(self, approved: Approved, actor: str, cause: int, campaign_id: str = "") -> Order:
        """Order what the gate let through, and count it as held."""
        order = opening_order(self.spec.account, approved, self.view.as_of)
        if campaign_id:
            order = replace(order, campaign_id=campaign_id)
        order = self.place(order, actor, cause)
        self.reserve(replace(approved.proposal, position_id=order.order_id))
        return order

    def offer(self, approved: Approved, actor: str, cause: int, campaign_id: str = "") -> None:
        """Ask a person about what the gate let through, and count it as held: all that waits can be taken."""
        name, until = approved.signal.signal_id, self.view.as_of + self.mandate.answering.life
        offered = SignalOffered(name, approved.proposal.quantity, until, campaign_id)
        self.write(offered, actor, cause)
        self.reserve(replace(approved.proposal, position_id=name))

    def judged(self, chosen: StrategySpec, signal: Signal, rolled: Position | None) -> Approved | Denied:
        """Size a signal and ask the gate."""
        if signal.underlying not in self.spec.underlyings:
            return Denied(DenialCode.PORTFOLIO_UNIVERSE, f"underlying={signal.underlying}")
        account = self.portfolio if rolled is None else self.portfolio.without(rolled.position_id)
        proposal = chosen.strategy.size_position(signal, account, chosen.params)
        with self.spans("gate", signal=signal.signal_id, strategy=chosen.label):
            return judge(proposal, signal, account, self.spec.limits, self.view, self.mandate.gate)

    def reserve(self, pending: Position) -> None:
        """Count what is only ordered yet as if it were held, or two strategies spend one dollar."""
        before = self.portfolio
        by = dict(before.opened_today_by)
        by[pending.strategy] = by.get(pending.strategy, 0) + 1
        self.portfolio = replace(
            before,
            margin_cents=before.margin_cents + pending.margin_cents,
            positions=(*before.positions, pending),
            pending=(*before.pending, pending.position_id),
            opened_today=before.opened_today + 1,
            opened_today_by=by,
        )


def labelled_signal(signal: Signal, chosen: StrategySpec, regime: Regime) -> Signal:
    """Return a signal under its strategy's label in this run, with the regime that acts."""
    because = signal.because
    if "regime" not in because:
        because = {**because, "regime": regime.value}
    if signal.strategy == chosen.label:
        return signal if because is signal.because else replace(signal, because=because)
    name = f"{chosen.label}-{signal.signal_id}"
    return replace(signal, strategy=chosen.label, signal_id=name, because=because)
