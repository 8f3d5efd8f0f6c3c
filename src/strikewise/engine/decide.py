"""Decide: a view, the account's state and a specification in; facts and orders out. Nothing else happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from strikewise.domain.events import OrderDenied, OrderPlaced, SignalDenied, SignalGenerated
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Adjust, Close, Hold, Roll, Signal
from strikewise.engine.spec import WEEKDAYS, RunSpec, StrategySpec
from strikewise.execution.planner import adjusting_order, closing_order, opening_order
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.margin import margin_call
from strikewise.portfolio.projection import AccountState
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


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick decided.

    Attributes
    ----------
    entries : tuple of Entry
        Facts to write, in order; an order's fact is among them.
    orders : tuple of Order
        What to submit once they are written.
    """

    entries: tuple[Entry, ...]
    orders: tuple[Order, ...]


class _Draft:
    """A decision in the making: each choice is folded into the portfolio before the next question."""

    def __init__(self, view: MarketView, portfolio: Portfolio, state: AccountState, spec: RunSpec) -> None:
        self.view = view
        self.portfolio = portfolio
        self.state = state
        self.spec = spec
        self.entries: list[Entry] = []
        self.orders: list[Order] = []

    def write(
        self, event: SignalGenerated | SignalDenied | OrderPlaced | OrderDenied, actor: str, cause: int | None
    ) -> int:
        self.entries.append(Entry(event, self.view.as_of, actor, cause))
        return self.state.seq + len(self.entries)

    def close(self, position: Position, why: Close | Roll, actor: str) -> bool:
        """Order the closing of a position, if the gate lets it pass."""
        order = closing_order(self.spec.account, position, self.view.as_of, why.reason, why.detail)
        verdict = judge_closing(order, position, self.view)
        cause = self.state.fact_of(position.position_id)
        if isinstance(verdict, Denied):
            self.write(OrderDenied(position.position_id, verdict.code, verdict.detail), actor, cause)
            return False
        self.place(order, actor, cause)
        return True

    def adjust(self, position: Position, action: Adjust, actor: str) -> None:
        """Order further legs for a position, if the gate lets them pass, and count it as it would be then."""
        order = adjusting_order(self.spec.account, position, action, self.view.as_of)
        open_orders = (one.order for one in self.state.open_orders.values())
        working = next((one.order_id for one in open_orders if one.position_id == position.position_id), "")
        verdict = judge_adjusting(
            order, position, self.portfolio, self.spec.limits, self.view, working=working
        )
        cause = self.state.fact_of(position.position_id)
        match verdict:
            case Denied(code=code, detail=detail):
                self.write(OrderDenied(position.position_id, code, detail), actor, cause)
            case ApprovedAdjusting(after=after):
                self.place(order, actor, cause)
                held = self.portfolio.positions
                self.portfolio = replace(
                    self.portfolio,
                    margin_cents=self.portfolio.margin_cents + after.margin_cents - position.margin_cents,
                    positions=tuple(after if one is position else one for one in held),
                )
            case _:
                assert_never(verdict)

    def place(self, order: Order, actor: str, cause: int | None) -> None:
        self.write(OrderPlaced(order), actor, cause)
        self.orders.append(order)

    def open(self, chosen: StrategySpec, signal: Signal, campaign: Position | None = None) -> None:
        """Size a signal, ask the gate, and order it or write down why not."""
        cause = self.write(SignalGenerated(signal), chosen.label, self.state.run_seq)
        proposal = chosen.strategy.size_position(signal, self.portfolio, chosen.params)
        verdict = judge(proposal, signal, self.portfolio, self.spec.limits, self.view)
        match verdict:
            case Denied(code=code, detail=detail):
                denied = SignalDenied(signal.signal_id, signal.strategy, signal.underlying, code, detail)
                self.write(denied, chosen.label, cause)
            case Approved():
                order = opening_order(self.spec.account, verdict, self.view.as_of)
                if campaign is not None:
                    order = replace(order, campaign_id=campaign.campaign_id or campaign.position_id)
                self.place(order, chosen.label, cause)
                self.reserve(replace(verdict.proposal, position_id=order.order_id))
            case _:
                assert_never(verdict)

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


def decide(view: MarketView, portfolio: Portfolio, state: AccountState, spec: RunSpec) -> Decision:
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

    Returns
    -------
    Decision
        The facts to write and the orders to submit afterwards; the same arguments give the same decision.
    """
    draft = _Draft(view, portfolio, state, spec)
    _manage(draft)
    if view.calendar.is_session(view.day) and WEEKDAYS[view.day.weekday()] in spec.entry_weekdays:
        _seek(draft)
    return Decision(tuple(draft.entries), tuple(draft.orders))


def _manage(draft: _Draft) -> None:
    called = set(margin_call(draft.portfolio))
    margin, equity = draft.portfolio.margin_cents, draft.portfolio.equity_exit_cents
    margin_called = Close("MARGIN_CALL", f"margin={margin / 100:.2f} equity={equity / 100:.2f}")
    for position in draft.portfolio.positions:
        if position.mark is None or position.closing_order_id:
            continue  # only ordered yet, or on its way out
        if not _can_trade(position, draft.view):
            continue  # nobody could trade it now; it stays marked and flagged
        if position.position_id in called:
            draft.close(position, margin_called, ENGINE)
            continue
        chosen = draft.spec.labelled(position.strategy)
        if chosen is None:
            continue  # held from an earlier run whose strategy is no longer configured
        action = chosen.strategy.manage_position(position, draft.view, chosen.params)
        _act(draft, chosen, position, action)


def _can_trade(position: Position, view: MarketView) -> bool:
    """Return whether what a position holds could be traded now: shares need a price, options a chain."""
    if view.fresh_chain(position.underlying) is not None:
        return True
    shares_only = all(isinstance(one.instrument, Stock) for one in position.holdings)
    return shares_only and view.fresh_spot(position.underlying) is not None


def _act(draft: _Draft, chosen: StrategySpec, position: Position, action: Action) -> None:
    match action:
        case Hold():
            pass
        case Close():
            draft.close(position, action, chosen.label)
        case Roll(signal=signal):
            if draft.close(position, action, chosen.label):
                draft.open(chosen, labelled_signal(signal, chosen), campaign=position)
        case Adjust():
            draft.adjust(position, action, chosen.label)
        case _:
            assert_never(action)


def _seek(draft: _Draft) -> None:
    for chosen in draft.spec.strategies:
        if not has_seat(chosen.label, draft.spec.underlyings, draft.portfolio, draft.spec.limits):
            continue
        for signal in chosen.strategy.generate_signals(draft.view, chosen.params):
            if signal.underlying in draft.spec.underlyings:
                draft.open(chosen, labelled_signal(signal, chosen))


def labelled_signal(signal: Signal, chosen: StrategySpec) -> Signal:
    """Return a signal under its strategy's label in this run."""
    if signal.strategy == chosen.label:
        return signal
    return replace(signal, strategy=chosen.label, signal_id=f"{chosen.label}-{signal.signal_id}")
