"""The only way from a wish to an order: every wish is judged by the same limits, whosever it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Signal
from strikewise.market.view import MarketView
from strikewise.risk.adjustment import adjusted, only_reduces
from strikewise.risk.checks import (
    Denial,
    check_capital,
    check_counts,
    check_held,
    check_margin,
    check_market,
    check_overlap,
    check_quotes,
    check_seats,
    check_share,
    check_sides,
    check_size,
)
from strikewise.risk.exposure import at_stake_cents
from strikewise.risk.gate_control import GateControl
from strikewise.risk.governed import (
    check_account,
    check_adjusted,
    check_adjusting,
    check_closing,
    check_standing,
)
from strikewise.risk.limits import Limits

__all__ = [
    "Approved",
    "ApprovedAdjusting",
    "ApprovedClosing",
    "Denied",
    "GateControl",
    "has_seat",
    "judge",
    "judge_adjusting",
    "judge_closing",
]


@dataclass(frozen=True, slots=True)
class Approved:
    """A proposal that may become an order; made by `judge` and nowhere else.

    Attributes
    ----------
    proposal : Position
        What may be opened.
    signal : Signal
        Why.
    """

    proposal: Position
    signal: Signal


@dataclass(frozen=True, slots=True)
class ApprovedClosing:
    """A closing order that may be sent; made by `judge_closing` and nowhere else."""

    order: Order


@dataclass(frozen=True, slots=True)
class ApprovedAdjusting:
    """An adjusting order that may be sent; made by `judge_adjusting` and nowhere else.

    Attributes
    ----------
    order : Order
        What may be sent.
    after : Position
        What the position counts as from now on: as it would be after the order, where that adds risk.
    """

    order: Order
    after: Position


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal.

    Attributes
    ----------
    code : DenialCode
        Why.
    detail : str
        The numbers, as ``key=value`` pairs.
    """

    code: DenialCode
    detail: str


def judge(
    proposal: Position,
    signal: Signal,
    portfolio: Portfolio,
    limits: Limits,
    view: MarketView,
    control: GateControl | None = None,
) -> Approved | Denied:
    """Judge a wish to open a position.

    Parameters
    ----------
    proposal : Position
        The sized wish.
    signal : Signal
        What it came from.
    portfolio : Portfolio
        The account, with everything ordered so far counted as held.
    limits : Limits
        What is enforced.
    view : MarketView
        The market now.
    control : GateControl, optional
        Who may trade, what is stopped and what the governor keeps, where anybody watches over the account.

    Returns
    -------
    Approved or Denied
        The first rule that objects names the reason: what is stopped, size, market, quotes, overlap, counts,
        capital, share, and the account as a whole.
    """
    denial = (
        (None if control is None else check_standing(proposal, control))
        or check_size(proposal.structure, proposal.quantity, limits, proposal.strategy)
        or check_market(proposal.structure, view)
        or check_quotes(proposal.structure, limits, view)
        or check_overlap(proposal, portfolio)
        or check_counts(proposal, portfolio, limits)
        or check_capital(proposal, portfolio, limits)
        or check_share(proposal, portfolio)
        or (None if control is None else check_account(proposal, signal, portfolio, control))
    )
    return Approved(proposal, signal) if denial is None else _denied(denial)


def has_seat(strategy: str, underlyings: Iterable[str], portfolio: Portfolio, limits: Limits) -> bool:
    """Return whether one more position of a strategy could pass the limits on numbers, on any underlying.

    Where none could, nobody needs to look for one.
    """
    return any(check_seats(strategy, symbol, portfolio, limits) is None for symbol in underlyings)


def judge_closing(
    order: Order, position: Position, view: MarketView, control: GateControl | None = None
) -> ApprovedClosing | Denied:
    """Judge an order that closes a position, wholly or in part.

    Limits do not hold a closing back, nor does a bad quote: what closes reduces risk. It must find the
    market open, close no more than is held, and be the only one that does. With a control it must find
    trading not halted, and the position ours.
    """
    denial = (
        (None if control is None else check_closing(order, position, control))
        or check_market(order.structure, view)
        or check_held(order, position)
    )
    return ApprovedClosing(order) if denial is None else _denied(denial)


def judge_adjusting(
    order: Order,
    position: Position,
    portfolio: Portfolio,
    limits: Limits,
    view: MarketView,
    *,
    working: str,
    control: GateControl | None = None,
) -> ApprovedAdjusting | Denied:
    """Judge an order that trades further legs into a position.

    What only takes risk away passes by the rules of closing. All else passes by those of opening: quotes that
    can carry an entry, no leg on another position's other side, and, where more is at stake or held than
    before, the limits of capital for the whole position as it would be: a call against shares passes though
    they have fallen. Shares that take delta away need only the account's margin: a hedge is wanted most when
    a position has grown beyond what may be opened. Limits on the number of positions do not apply, for there
    is none more.

    Parameters
    ----------
    order : Order
        What is to be traded.
    position : Position
        What is held; as valued in ``portfolio``.
    portfolio : Portfolio
        The account, with everything ordered so far counted as held.
    limits : Limits
        What is enforced.
    view : MarketView
        The market now.
    working : str
        Id of an order that works on the position; empty where none does. Two would adjust it twice.
    control : GateControl, optional
        As for `judge`; while risk is being reduced only what takes risk away passes, hedges among it.
    """
    if working:
        return Denied(DenialCode.PORTFOLIO_CONFLICT, f"order={working}")
    if only_reduces(order, position):
        verdict = judge_closing(order, position, view, control)
        return verdict if isinstance(verdict, Denied) else ApprovedAdjusting(order, position)
    return _judge_adding(order, position, portfolio, limits, view, control)


def _judge_adding(
    order: Order,
    position: Position,
    portfolio: Portfolio,
    limits: Limits,
    view: MarketView,
    control: GateControl | None,
) -> ApprovedAdjusting | Denied:
    """Judge an adjustment that does more than take risk away."""
    hedges = _hedges(order, position)
    denial = (
        (None if control is None else check_adjusting(order, position, control, hedges=hedges))
        or check_size(order.structure, order.quantity, limits, order.strategy)
        or check_market(order.structure, view)
        or check_quotes(order.structure, limits, view)
    )
    chain = view.fresh_chain(order.underlying)
    if denial is not None or chain is None:
        return _denied(denial or Denial(DenialCode.DATA_NO_CHAIN, f"underlying={order.underlying}"))
    after = adjusted(order, position, chain)
    if isinstance(after, Denial):
        return _denied(after)
    denial = _against(after, position, portfolio, limits, hedges=hedges)
    if denial is None and control is not None:
        denial = check_adjusted(order, after, portfolio, control)
    return ApprovedAdjusting(order, after) if denial is None else _denied(denial)


def _against(
    after: Position, before: Position, portfolio: Portfolio, limits: Limits, *, hedges: bool
) -> Denial | None:
    """Return what sides and capital have against a position as it would be."""
    rest = portfolio.without(before.position_id)
    denial = check_sides(after, rest)
    if denial is None and not _calmer(after, before):
        check = check_margin if hedges else check_capital
        denial = check(_from_now(after, before), rest, limits)
    return denial


def _hedges(order: Order, position: Position) -> bool:
    """Return whether an order trades shares alone, against options that are held, and leaves less delta."""
    mark = position.mark
    shares = [leg.ratio * order.quantity for leg in order.structure.legs if isinstance(leg.instrument, Stock)]
    if mark is None or mark.estimated_legs or len(shares) < len(order.structure.legs):
        return False
    against_options = any(not isinstance(one.instrument, Stock) for one in position.holdings)
    return against_options and abs(mark.greeks.delta + sum(shares)) < abs(mark.greeks.delta)


def _from_now(after: Position, before: Position) -> Position:
    """Return a position with what it can still lose: the loss it has made is no longer in the equity."""
    if after.max_loss_cents is None or before.profit_exit_cents is None:
        return after
    lost = max(0, -before.profit_exit_cents)
    return replace(after, max_loss_cents=max(0, after.max_loss_cents - lost))


def _calmer(after: Position, before: Position) -> bool:
    """Return whether neither what is at stake nor the margin grows, and the loss has a bound."""
    bounded = after.max_loss_cents is not None and at_stake_cents(after) <= at_stake_cents(before)
    return bounded and after.margin_cents <= before.margin_cents


def _denied(denial: Denial) -> Denied:
    return Denied(denial.code, denial.detail)
