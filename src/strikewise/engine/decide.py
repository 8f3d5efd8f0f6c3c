"""Decide: a view, the account's state and a specification in; facts and orders out. Nothing else happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.quotes import Split
from strikewise.domain.reconciled import EXTERNAL
from strikewise.domain.signals import Action, Adjust, Close, Hold, Roll, Signal
from strikewise.engine.allocation import Priority, best_first, free
from strikewise.engine.draft import Draft
from strikewise.engine.mandate import FREE, Mandate
from strikewise.engine.spec import WEEKDAYS, RunSpec, StrategySpec
from strikewise.engine.taking import count_offers, is_unwanted, take
from strikewise.execution.ladder import FORCED
from strikewise.execution.spans import Spans, unseen
from strikewise.market.corporate_actions import adjusting_split
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.margin import margin_call
from strikewise.portfolio.projection import AccountState
from strikewise.risk.adjustment import while_working
from strikewise.risk.gate import has_seat
from strikewise.risk.governed import regime_cost

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
    cancels : tuple of str
        Orders to take back first: they stand in the way of what is to be closed.
    """

    entries: tuple[Entry, ...]
    orders: tuple[Order, ...]
    cancels: tuple[str, ...] = ()


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
    draft = Draft(view, portfolio, state, spec, mandate, spans)
    _count_adjustments(draft)
    if mandate.closes:
        with spans("manage", positions=len(portfolio.positions)):
            _manage(draft)
    entry_day = view.calendar.is_session(view.day) and WEEKDAYS[view.day.weekday()] in spec.entry_weekdays
    if mandate.opens:
        for wish in mandate.takes:
            take(draft, wish, entry_day=entry_day)
    if mandate.seeks and mandate.opens and entry_day:
        with spans("scan", strategies=len(spec.strategies), underlyings=len(spec.underlyings)):
            _seek(draft)
    return Decision(tuple(draft.entries), tuple(draft.orders), tuple(draft.cancels))


def _count_adjustments(draft: Draft) -> None:
    """Count positions as they would be after adjustments that still rest: what was granted stays reserved."""
    held = {position.position_id: position for position in draft.held.positions}
    for waiting in draft.state.open_orders.values():
        position = held.get(waiting.order.position_id)
        if waiting.order.purpose is Purpose.ADJUST and position is not None and waiting.remaining:
            rest = replace(waiting.order, quantity=waiting.remaining)
            draft.count_as(while_working(rest, position, draft.view.fresh_chain(position.underlying)))


def _manage(draft: Draft) -> None:
    account = draft.held
    called = set(margin_call(account, lambda one: one.strategy != EXTERNAL and _can_trade(one, draft.view)))
    margin, equity = account.margin_cents, account.equity_exit_cents
    margin_called = Close("MARGIN_CALL", f"margin={margin / 100:.2f} equity={equity / 100:.2f}")
    splits = {
        symbol: adjusting_split(draft.view, symbol)
        for symbol in {one.underlying for one in account.positions}
    }
    strategies = {one.label: one for one in draft.spec.strategies}
    for held in account.positions:
        position = _with_campaign(held, draft.state)
        if position.mark is None or position.closing_order_id or position.strategy == EXTERNAL:
            continue  # only ordered yet, on its way out, or nobody's here
        wish = draft.mandate.closing.get(position.position_id)
        if not _can_trade(position, draft.view):
            # Nobody could trade it now; it stays marked and flagged, unless a person wants it gone blindly.
            if wish is not None and wish.force:
                draft.close(position, replace(wish.close, reason=FORCED), wish.actor, wish.cause)
            continue
        if position.position_id in called:
            draft.close(position, margin_called, ENGINE)
            continue
        if (adjusted := _adjusted_overnight(position, splits[position.underlying])) is not None:
            draft.close(position, adjusted, ENGINE)
            continue
        if wish is not None:
            draft.close(position, wish.close, wish.actor, wish.cause)
            continue
        chosen = strategies.get(position.strategy)
        if chosen is None:
            continue  # held from an earlier run whose strategy is no longer configured
        manage = chosen.strategy.manage_position
        action = draft.asked(chosen.label, "manage_position", manage, position, draft.view, chosen.params)
        if action is not None:
            _act(draft, chosen, position, action)


def _can_trade(position: Position, view: MarketView) -> bool:
    """Return whether what a position holds could be traded now: shares need a price, options a chain."""
    if view.fresh_chain(position.underlying) is not None:
        return True
    shares_only = all(isinstance(one.instrument, Stock) for one in position.holdings)
    return shares_only and view.fresh_spot(position.underlying) is not None


def _adjusted_overnight(position: Position, split: Split | None) -> Close | None:
    """Return the closing of a position whose options a split would adjust before the next session."""
    if split is None or all(isinstance(one.instrument, Stock) for one in position.holdings):
        return None
    return Close("ADJUSTED_CONTRACT", f"ex_date={split.ex_date.isoformat()} ratio={split.ratio}")


def _act(draft: Draft, chosen: StrategySpec, position: Position, action: Action) -> None:
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


def _seek(draft: Draft) -> None:
    count_offers(draft)
    in_order = draft.spec.allocation.priority is Priority.ORDER
    gate = draft.mandate.gate
    cost = free if gate is None else partial(regime_cost, control=gate)
    found: list[tuple[int, Signal]] = []
    for number, chosen in enumerate(draft.spec.strategies):
        if not has_seat(chosen.label, draft.spec.underlyings, draft.portfolio, draft.spec.limits):
            continue
        if chosen.label in draft.mandate.quiet:
            continue
        for signal in best_first(_wanted(draft, chosen), cost):
            if signal.underlying not in draft.spec.underlyings or is_unwanted(draft, chosen, signal):
                continue
            if in_order:
                draft.open(chosen, signal)
            else:
                found.append((number, signal))
    for number, signal in draft.spec.allocation.ranked(found, cost):
        draft.open(draft.spec.strategies[number], signal)


def _wanted(draft: Draft, chosen: StrategySpec) -> list[Signal]:
    with draft.spans("signals", strategy=chosen.label):
        generate = chosen.strategy.generate_signals
        signals = draft.asked(chosen.label, "generate_signals", generate, draft.view, chosen.params)
    return signals or []
