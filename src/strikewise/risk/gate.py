"""The only way from a wish to an order: every wish is judged by the same limits, whosever it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from strikewise.domain.denials import DenialCode
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Signal
from strikewise.market.view import MarketView
from strikewise.risk.checks import (
    Denial,
    check_capital,
    check_counts,
    check_held,
    check_market,
    check_overlap,
    check_quotes,
    check_seats,
    check_size,
)
from strikewise.risk.limits import Limits

__all__ = ["Approved", "ApprovedClosing", "Denied", "has_seat", "judge", "judge_closing"]


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

    Returns
    -------
    Approved or Denied
        The first rule that objects names the reason: size, market, quotes, overlap, counts, capital.
    """
    denial = (
        check_size(proposal, limits)
        or check_market(proposal.structure, view)
        or check_quotes(proposal.structure, limits, view)
        or check_overlap(proposal, portfolio)
        or check_counts(proposal, portfolio, limits)
        or check_capital(proposal, portfolio, limits)
    )
    return Approved(proposal, signal) if denial is None else _denied(denial)


def has_seat(strategy: str, underlyings: Iterable[str], portfolio: Portfolio, limits: Limits) -> bool:
    """Return whether one more position of a strategy could pass the limits on numbers, on any underlying.

    Where none could, nobody needs to look for one.
    """
    return any(check_seats(strategy, symbol, portfolio, limits) is None for symbol in underlyings)


def judge_closing(order: Order, position: Position, view: MarketView) -> ApprovedClosing | Denied:
    """Judge an order that closes a position, wholly or in part.

    Limits do not hold a closing back, nor does a bad quote: what closes reduces risk. It must find the
    market open, close no more than is held, and be the only one that does.
    """
    denial = check_market(order.structure, view) or check_held(order, position)
    return ApprovedClosing(order) if denial is None else _denied(denial)


def _denied(denial: Denial) -> Denied:
    return Denied(denial.code, denial.detail)
