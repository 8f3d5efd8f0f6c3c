"""What covers what: cash behind puts, shares behind calls, and what may be written next against either."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    ROOT_MASK,
    ROOT_SHIFT,
    STRIKE_BITS,
    STRIKE_MASK,
    OptionContract,
    Right,
    Stock,
    days_of,
)
from strikewise.domain.money import to_cents
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Adjust
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import MarketView
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.selection import gate_quotes
from strikewise.strategy.trend import trend_of

__all__ = [
    "AdjustCode",
    "cash_only",
    "in_the_money",
    "lots_uncovered",
    "rolled_out",
    "shares_of",
    "standing_prospect",
    "written",
]

Rows = NDArray[np.intp]


class AdjustCode(StrEnum):
    """Why further legs are traded into a position."""

    CALL_WRITTEN = "CALL_WRITTEN"
    """Shares that no call stands against get one."""
    ROLLED = "ROLLED"
    """A short option is bought back and a later one sold for more."""
    BOUGHT_BACK = "BOUGHT_BACK"
    """A short option has become so cheap that it is bought back."""


def shares_of(position: Position) -> int:
    """Return the shares a position holds, long positive."""
    return sum(one.quantity for one in position.holdings if isinstance(one.instrument, Stock))


def written(position: Position, right: Right) -> list[tuple[OptionContract, int]]:
    """Return the options of a right that a position is short, and how many contracts, soonest first."""
    held = [
        (one.instrument, -one.quantity)
        for one in position.holdings
        if isinstance(one.instrument, OptionContract) and one.instrument.right is right and one.quantity < 0
    ]
    return sorted(held, key=lambda each: each[0].key)


def lots_uncovered(position: Position, multiplier: int) -> int:
    """Return how many calls may still be written against the shares a position holds."""
    calls = sum(contracts for _, contracts in written(position, Right.CALL))
    return max(0, shares_of(position) // multiplier - calls)


def in_the_money(contract: OptionContract, spot_cents: int) -> bool:
    """Return whether exercise would pay at a price of the underlying."""
    return contract.intrinsic_cents(spot_cents) > 0


def cash_only(portfolio: Portfolio) -> Portfolio:
    """Return the account as somebody sees it who buys on no margin: what cash can pay is all that is free.

    Cash that puts may ask for is spoken for: for each position, what its puts cost at most if the underlying
    became worthless, long ones counted against short ones.
    """
    free = portfolio.cash_cents - sum(_pledged_cents(one) for one in portfolio.positions)
    held = portfolio.equity_exit_cents - max(0, free)
    return replace(portfolio, margin_cents=max(portfolio.margin_cents, held))


def _pledged_cents(position: Position) -> int:
    """Return the cash that a position may still take: its price where it is only ordered, and its puts."""
    if position.holdings:
        puts = [(one.instrument, one.quantity) for one in position.holdings]
    else:
        puts = [(leg.instrument, leg.ratio * position.quantity) for leg in position.structure.legs]
    asked = sum(
        -quantity * one.strike_milli * one.multiplier // 10
        for one, quantity in puts
        if isinstance(one, OptionContract) and one.right is Right.PUT
    )
    ordered = 0 if position.mark is not None else position.entry_cents
    return max(0, asked) + ordered


def standing_prospect(view: MarketView, underlying: str, min_dte: int, max_dte: int) -> Prospect | None:
    """Return an underlying that is held already, for legs to be written next; entries' filters do not apply.

    Parameters
    ----------
    view : MarketView
        What is known.
    underlying : str
        The symbol.
    min_dte, max_dte : int
        Calendar days to the expirations wanted.

    Returns
    -------
    Prospect or None
        None where no chain may be traded on, or no rate is known.
    """
    chain, rate = view.fresh_chain(underlying), view.rate()
    if chain is None or chain.spot_cents <= 0 or rate is None or min_dte > max_dte:
        return None
    features = view.features(underlying)
    return Prospect(
        chain.window(min_dte, max_dte),
        chain.spot,
        rate,
        view.dividend_yield(underlying),
        features,
        trend_of(chain.spot, features),
        view.regime(),
        view.calendar,
    )


def rolled_out(
    view: MarketView, contract: OptionContract, quantity: int, params: ParameterSet
) -> Adjust | None:
    """Return the adjustment that buys a short option back and sells a later one for more than that costs.

    Of all later expirations in the days that entries want, and of all strikes further from the money, the one
    furthest from it that still brings a credit after fees; the soonest among equals. None where none does:
    an option deep in the money could be put off for ever without getting any better.

    Parameters
    ----------
    view : MarketView
        What is known.
    contract, quantity : OptionContract, int
        What is short, and how many contracts.
    params : ParameterSet
        With ``min_dte``, ``max_dte``, ``fee_per_contract`` and the parameters of the quote gates.
    """
    prospect = standing_prospect(
        view, contract.underlying, params.integer("min_dte"), params.integer("max_dte")
    )
    whole = view.fresh_chain(contract.underlying)
    if prospect is None or whole is None or not (quote := whole.quote(contract)).known:
        return None
    chain = prospect.chain
    key = chain.key
    put = contract.right is Right.PUT
    same = (((key >> STRIKE_BITS) & 1) == put) & (((key >> ROOT_SHIFT) & ROOT_MASK) == contract.root_code)
    strike = key & STRIKE_MASK
    further = strike < contract.strike_milli if put else strike > contract.strike_milli
    later = (key >> EXPIRATION_SHIFT) > days_of(contract.expiration)
    fees = 2 * to_cents(params.number("fee_per_contract"))
    pays = (chain.bid.astype(np.int64) - quote.ask) * contract.multiplier > fees
    rows = np.flatnonzero(same & further & later & pays)
    rows = rows[gate_quotes(prospect, rows, None, params, Rejections())] if len(rows) else rows
    if len(rows) == 0:
        return None
    distance = strike[rows] if put else -strike[rows]
    row = int(rows[np.lexsort((key[rows] >> EXPIRATION_SHIFT, distance))[0]])
    credit = int(chain.bid[row]) - quote.ask
    legs = Structure.of([Leg(contract, 1), Leg(chain.contract(row), -1)])
    detail = f"from={contract.symbol} to={chain.contract(row).symbol} credit={credit / 100:.2f}"
    return Adjust(legs, quantity, AdjustCode.ROLLED, detail)
