"""Decide: a view, the account's state and a specification in; facts and orders out. Nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar, assert_never

from strikewise.domain.control import FaultNoted
from strikewise.domain.denials import DenialCode
from strikewise.domain.events import OrderDenied, OrderPlaced, SignalDenied, SignalGenerated
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.reconciled import EXTERNAL
from strikewise.domain.signals import Action, Adjust, Close, Hold, Roll, Signal
from strikewise.engine.allocation import Priority
from strikewise.engine.mandate import FREE, Mandate
from strikewise.engine.oversight import STRATEGY, STRATEGY_FAILED
from strikewise.engine.spec import WEEKDAYS, RunSpec, StrategySpec
from strikewise.execution.planner import adjusting_order, another_attempt, closing_order, opening_order
from strikewise.execution.spans import Spans, unseen
from strikewise.market.corporate_actions import adjusting_split
from strikewise.market.regime import Regime
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.margin import margin_call
from strikewise.portfolio.projection import AccountState
from strikewise.risk.adjustment import while_working
from strikewise.risk.gate import (
    Approved,
    ApprovedAdjusting,
    Denied,
    has_seat,
    judge,
    judge_adjusting,
    judge_closing,
)

ENGINE = "engine"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick decided.

    Attributes
    ----------
    entries : tuple of Entry
        Facts to write, in order; an order's fact is among them.
    orders : tuple of Order
        What to submit once they are written.
    cancels : tuple of str
        Orders to take back first: they stand in the way of what is to be closed.
    """

    entries: tuple[Entry, ...]
    orders: tuple[Order, ...]
    cancels: tuple[str, ...] = ()


class _Draft:
    """A decision in the making: each choice is folded into the portfolio before the next question.

    ``held`` is what the account has; ``portfolio`` counts what is ordered as if it were held.
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

    def write(
        self,
        event: SignalGenerated | SignalDenied | OrderPlaced | OrderDenied | FaultNoted,
        actor: str,
        cause: int | None,
    ) -> int:
        self.entries.append(Entry(event, self.view.as_of, actor, cause))
        return self.state.seq + len(self.entries)

    def asked(self, label: str, what: str, question: Callable[[], T]) -> T | None:
        """Return a strategy's answer; None, and a fault, where it fails and somebody watches over it."""
        if not self.mandate.watched:
            return question()
        try:
            return question()
        except Exception as error:
            if label not in self.mandate.quiet:
                said = f"{what} failed: {type(error).__name__}: {error}"[:500]
                self.write(FaultNoted(STRATEGY, STRATEGY_FAILED, said), label, self.state.run_seq)
            return None

    def close(self, position: Position, why: Close | Roll, actor: str, cause: int | None = None) -> bool:
        """Order the closing of a position, if the gate lets it pass and nothing else works on it."""
        if self.mandate.watched and (working := self.working_on(position.position_id)):
            self.cancels += working
            return False
        if position.position_id in self.mandate.waiting:
            return False
        order = closing_order(self.spec.account, position, self.view.as_of, why.reason, why.detail)
        verdict = judge_closing(order, position, self.view, self.mandate.gate)
        cause = cause or self.state.fact_of(position.position_id)
        if isinstance(verdict, Denied):
            if (position.position_id, verdict.code) not in self.mandate.told:
                self.write(OrderDenied(position.position_id, verdict.code, verdict.detail), actor, cause)
            return False
        self.place(order, actor, cause)
        return True

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
        verdict = self.asked(chosen.label, "size_position", lambda: self.judged(chosen, signal, rolled))
        match verdict:
            case Denied(code=code, detail=detail):
                denied = SignalDenied(signal.signal_id, signal.strategy, signal.underlying, code, detail)
                self.write(denied, chosen.label, cause)
            case Approved():
                order = opening_order(self.spec.account, verdict, self.view.as_of)
                if rolled is not None:
                    order = replace(order, campaign_id=rolled.campaign_id or rolled.position_id)
                order = self.place(order, chosen.label, cause)
                self.reserve(replace(verdict.proposal, position_id=order.order_id))
            case None:
                pass
            case _:
                assert_never(verdict)

    def judged(self, chosen: StrategySpec, signal: Signal, rolled: Position | None) -> Approved | Denied:
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


def decide(
    view: MarketView,
    portfolio: Portfolio,
    state: AccountState,
    spec: RunSpec,
    mandate: Mandate = FREE,
    spans: Spans = unseen,
) -> Decision:
    """Manage what is held, then seek what to open.

    Parameters
    ----------
    view : MarketView
        All that is known now.
    portfolio : Portfolio
        The account, valued at this view.
    state : AccountState
        The fold of the ledger so far.
    spec : RunSpec
        What to do.
    mandate : Mandate
        What may be done now.
    spans : Spans
        Who stands around the parts of it; nothing is decided by them.

    Returns
    -------
    Decision
        The facts to write and the orders to submit afterwards; the same arguments give the same decision.
    """
    draft = _Draft(view, portfolio, state, spec, mandate, spans)
    _count_adjustments(draft)
    if mandate.closes:
        with spans("manage", positions=len(portfolio.positions)):
            _manage(draft)
    entry_day = view.calendar.is_session(view.day) and WEEKDAYS[view.day.weekday()] in spec.entry_weekdays
    if mandate.seeks and mandate.opens and entry_day:
        with spans("scan", strategies=len(spec.strategies), underlyings=len(spec.underlyings)):
            _seek(draft)
    return Decision(tuple(draft.entries), tuple(draft.orders), tuple(draft.cancels))


def _count_adjustments(draft: _Draft) -> None:
    """Count positions as they would be after adjustments that still rest: what was granted stays reserved."""
    held = {position.position_id: position for position in draft.held.positions}
    for waiting in draft.state.open_orders.values():
        position = held.get(waiting.order.position_id)
        if waiting.order.purpose is Purpose.ADJUST and position is not None and waiting.remaining:
            rest = replace(waiting.order, quantity=waiting.remaining)
            draft.count_as(while_working(rest, position, draft.view.fresh_chain(position.underlying)))


def _manage(draft: _Draft) -> None:
    account = draft.held
    called = set(margin_call(account))
    margin, equity = account.margin_cents, account.equity_exit_cents
    margin_called = Close("MARGIN_CALL", f"margin={margin / 100:.2f} equity={equity / 100:.2f}")
    for held in account.positions:
        position = _with_campaign(held, draft.state)
        if position.mark is None or position.closing_order_id or position.strategy == EXTERNAL:
            continue  # only ordered yet, on its way out, or nobody's here
        if not _can_trade(position, draft.view):
            continue  # nobody could trade it now; it stays marked and flagged
        if position.position_id in called:
            draft.close(position, margin_called, ENGINE)
            continue
        if (adjusted := _adjusted_overnight(position, draft.view)) is not None:
            draft.close(position, adjusted, ENGINE)
            continue
        if (wish := draft.mandate.closing.get(position.position_id)) is not None:
            draft.close(position, wish.close, wish.actor, wish.cause)
            continue
        chosen = draft.spec.labelled(position.strategy)
        if chosen is None:
            continue  # held from an earlier run whose strategy is no longer configured
        action = _answer(draft, chosen, position)
        if action is not None:
            _act(draft, chosen, position, action)


def _answer(draft: _Draft, chosen: StrategySpec, position: Position) -> Action | None:
    return draft.asked(
        chosen.label,
        "manage_position",
        lambda: chosen.strategy.manage_position(position, draft.view, chosen.params),
    )


def _can_trade(position: Position, view: MarketView) -> bool:
    """Return whether what a position holds could be traded now: shares need a price, options a chain."""
    if view.fresh_chain(position.underlying) is not None:
        return True
    shares_only = all(isinstance(one.instrument, Stock) for one in position.holdings)
    return shares_only and view.fresh_spot(position.underlying) is not None


def _adjusted_overnight(position: Position, view: MarketView) -> Close | None:
    """Return the closing of a position whose options a split would adjust before the next session."""
    split = adjusting_split(view, position.underlying)
    if split is None or all(isinstance(one.instrument, Stock) for one in position.holdings):
        return None
    return Close("ADJUSTED_CONTRACT", f"ex_date={split.ex_date.isoformat()} ratio={split.ratio}")


def _act(draft: _Draft, chosen: StrategySpec, position: Position, action: Action) -> None:
    match action:
        case Hold():
            pass
        case Close():
            draft.close(position, action, chosen.label)
        case Roll(signal=signal):
            # The wish to leave stands by itself: it is closed even if what should follow is then refused.
            if draft.close(position, action, chosen.label) and draft.mandate.opens:
                draft.open(chosen, signal, rolled=position)
        case Adjust():
            draft.adjust(position, action, chosen.label)
        case _:
            assert_never(action)


def _with_campaign(position: Position, state: AccountState) -> Position:
    """Return a position that continues others with what those brought."""
    if position.campaign_id in ("", position.position_id):
        return position
    return replace(position, carried_cents=state.outcomes.campaigns.get(position.campaign_id, 0))


def _seek(draft: _Draft) -> None:
    in_order = draft.spec.allocation.priority is Priority.ORDER
    found: list[tuple[int, Signal]] = []
    for number, chosen in enumerate(draft.spec.strategies):
        if not has_seat(chosen.label, draft.spec.underlyings, draft.portfolio, draft.spec.limits):
            continue
        if chosen.label in draft.mandate.quiet:
            continue
        for signal in _wanted(draft, chosen):
            if signal.underlying not in draft.spec.underlyings:
                continue
            if in_order:
                draft.open(chosen, signal)
            else:
                found.append((number, signal))
    for number, signal in draft.spec.allocation.ranked(found):
        draft.open(draft.spec.strategies[number], signal)


def _wanted(draft: _Draft, chosen: StrategySpec) -> list[Signal]:
    with draft.spans("signals", strategy=chosen.label):
        signals = draft.asked(
            chosen.label,
            "generate_signals",
            lambda: chosen.strategy.generate_signals(draft.view, chosen.params),
        )
    return signals or []


def labelled_signal(signal: Signal, chosen: StrategySpec, regime: Regime) -> Signal:
    """Return a signal under its strategy's label in this run, with the regime that acts."""
    because = signal.because
    if "regime" not in because:
        because = {**because, "regime": regime.value}
    if signal.strategy == chosen.label:
        return signal if because is signal.because else replace(signal, because=because)
    name = f"{chosen.label}-{signal.signal_id}"
    return replace(signal, strategy=chosen.label, signal_id=name, because=because)
