"""Calls against shares that are held: written, bought back when cheap, rolled when tested."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    STRIKE_BITS,
    STRIKE_MASK,
    Right,
    days_of,
    option_roots,
)
from strikewise.domain.money import to_cents
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Adjust
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import MarketView
from strikewise.strategy.covering import (
    AdjustCode,
    in_the_money,
    lots_uncovered,
    rolled_out,
    shares_of,
    standing_prospect,
    written,
)
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.selection import gate_quotes

__all__ = ["call_action", "call_parameters", "calls_between"]

Rows = NDArray[np.intp]


def call_parameters(*, low: float, high: float, above: str) -> tuple[Parameter, ...]:
    """Return the parameters that `call_action` reads, beside ``min_dte``, ``max_dte`` and the quote gates."""
    return (
        Parameter("call_delta_min", low, "Least delta of a call that is written.", "delta", 0.01, 0.99),
        Parameter("call_delta_max", high, "Most delta of a call that is written.", "delta", 0.01, 0.99),
        Parameter(
            "call_above",
            above,
            "Whether the strike of a call must be at least what the shares have cost, premiums counted.",
            choices=("cost", "any"),
        ),
        Parameter("min_call_premium", 0.10, "Least premium of a call at the bid.", "dollars", 0.0, 1000.0),
        Parameter(
            "buy_back",
            0.05,
            "Buy a call back when its ask falls to this, and write the next; 0 never does.",
            "dollars",
            0.0,
            1000.0,
        ),
        Parameter(
            "call_roll_dte",
            0,
            "Calendar days left at which a call in the money is rolled later and higher for a credit; "
            "0 lets it be assigned.",
            "days",
            0,
            365,
        ),
    )


def call_action(position: Position, view: MarketView, params: ParameterSet) -> Adjust | None:
    """Return what to trade in the calls against a position's shares, or None where nothing is to be done.

    First a call is bought back that has become cheap, then one in the money rolled when its days are up, and
    then calls are written against shares that have none. Where no strike fits, the shares wait.

    Parameters
    ----------
    position : Position
        Holds shares.
    view : MarketView
        What is known.
    params : ParameterSet
        With the parameters of `call_parameters`.
    """
    found = _buy_back(position, view, to_cents(params.number("buy_back")))
    return found or _roll_call(position, view, params) or _write_call(position, view, params)


def calls_between(chain: OptionChain, low: float, high: float, least_strike: float) -> Rows:
    """Return the rows of calls whose delta lies in a band, at strikes no lower than asked (dollars)."""
    key = chain.key
    call = ((key >> STRIKE_BITS) & 1) == 0
    enough = (key & STRIKE_MASK) >= round(1000.0 * least_strike)
    return np.flatnonzero(call & enough & (chain.delta >= low) & (chain.delta <= high))


def _buy_back(position: Position, view: MarketView, most_cents: int) -> Adjust | None:
    """Return the adjustment that buys back the first short option that costs no more than asked, or None."""
    chain = view.fresh_chain(position.underlying)
    if chain is None or most_cents <= 0:
        return None
    for contract, quantity in written(position, Right.CALL):
        quote = chain.quote(contract)
        if quote.known and quote.ask > quote.bid and quote.ask <= most_cents:
            detail = f"leg={contract.symbol} ask={quote.ask / 100:.2f}"
            return Adjust(Structure((Leg(contract, 1),)), quantity, AdjustCode.BOUGHT_BACK, detail)
    return None


def _roll_call(position: Position, view: MarketView, params: ParameterSet) -> Adjust | None:
    spot, last = view.spot(position.underlying), params.integer("call_roll_dte")
    for contract, quantity in written(position, Right.CALL):
        due = (contract.expiration - view.day).days <= last
        if last and due and spot is not None and in_the_money(contract, round(100.0 * spot)):
            return rolled_out(view, contract, quantity, params)
    return None


def _write_call(position: Position, view: MarketView, params: ParameterSet) -> Adjust | None:
    multiplier = option_roots(position.underlying)[0].multiplier
    lots = lots_uncovered(position, multiplier)
    if lots == 0:
        return None
    days = params.integer("min_dte"), params.integer("max_dte")
    prospect = standing_prospect(view, position.underlying, *days)
    if prospect is None:
        return None
    cost = position.cash_cents / 100.0 / shares_of(position) if params.text("call_above") == "cost" else 0.0
    band = params.number("call_delta_min"), params.number("call_delta_max")
    rows = calls_between(prospect.chain, *band, cost)
    row = _dearest_a_day(prospect, rows, params, params.number("min_call_premium"))
    return None if row is None else _write(prospect.chain, row, lots, AdjustCode.CALL_WRITTEN)


def _dearest_a_day(prospect: Prospect, rows: Rows, params: ParameterSet, least: float) -> int | None:
    """Return the row whose sale brings most a day at the bid, or None where no quote carries a sale.

    Parameters
    ----------
    prospect : Prospect
        The underlying.
    rows : (n,) intp
        Rows of its chain.
    params : ParameterSet
        With the parameters of `strikewise.strategy.selection.quote_parameters`.
    least : float
        Least premium, dollars a share.
    """
    if len(rows) == 0:
        return None
    kept = rows[gate_quotes(prospect, rows, None, params, Rejections())]
    chain = prospect.chain
    kept = kept[chain.bid[kept] >= max(1.0, 100.0 * least)]
    if len(kept) == 0:
        return None
    days = np.maximum((chain.key[kept] >> EXPIRATION_SHIFT) - days_of(chain.day), 1)
    return int(kept[int(np.argmax(chain.bid[kept] / days))])


def _write(chain: OptionChain, row: int, quantity: int, code: AdjustCode) -> Adjust:
    """Return the adjustment that sells contracts of a row."""
    contract = chain.contract(row)
    detail = f"leg={contract.symbol} bid={int(chain.bid[row]) / 100:.2f}"
    return Adjust(Structure((Leg(contract, -1),)), quantity, code, detail)
