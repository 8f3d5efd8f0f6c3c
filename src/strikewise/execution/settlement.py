"""How an option ends: exercised if a cent in the money, for cash or shares, long and short by one rule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from strikewise.domain.instruments import Delivery, OptionContract, Right, Settlement, days_of
from strikewise.domain.orders import SettlementReport
from strikewise.market.view import MarketView

__all__ = ["LATEST_PRICE", "SESSION_PRICE", "SettlementPrice", "settle", "settlement_price"]

EXERCISE_CENTS = 1
"""In the money by a cent is exercised: OCC Rule 805, exercise by exception."""
SESSION_PRICE = "session_price"
"""Policy: a later price of the settlement session, for an AM root whose opening price nobody recorded."""
LATEST_PRICE = "latest_price"
"""Policy: the latest price known, of whatever session, where the settlement session has none."""


class SettlementPrice(NamedTuple):
    """What a contract settles against, and by which policy; none where it is what the rule names."""

    cents: int
    policy: str = ""


def settle(
    contract: OptionContract,
    quantity: int,
    price: SettlementPrice,
    *,
    position_id: str,
    assignment_cents: int,
    view: MarketView,
) -> SettlementReport:
    """Return what becomes of a holding at its settlement.

    Cash roots pay the intrinsic value; all others exchange the strike for shares.

    Parameters
    ----------
    contract, quantity : OptionContract, int
        What is held: long positive, short negative.
    price : SettlementPrice
        Price of the underlying it settles against.
    position_id : str
        The position it belongs to.
    assignment_cents : int
        Fee of an exercise or assignment.
    view : MarketView
        Its calendar dates the report.
    """
    side = 1 if contract.right is Right.CALL else -1
    # In tenths of a cent, the strike's own unit.
    in_the_money = side * (10 * price.cents - contract.strike_milli)
    exercised = in_the_money >= 10 * EXERCISE_CENTS
    contracts = quantity * contract.multiplier
    cash, shares = 0, 0
    if exercised and contract.root.delivery is Delivery.CASH:
        cash = -contracts * in_the_money // 10
    elif exercised:
        cash, shares = side * contracts * contract.strike_milli // 10, side * contracts
    outcome = "expired" if not exercised else ("exercised" if quantity > 0 else "assigned")
    return SettlementReport(
        settlement_id=f"{position_id}/{contract.symbol}",
        position_id=position_id,
        contract=contract,
        quantity=quantity,
        outcome=outcome,
        settlement_cents=price.cents,
        cash_cents=cash,
        shares=shares,
        fees_cents=assignment_cents if exercised else 0,
        at=view.calendar.settlement_at(contract),
        policy=price.policy,
    )


def settlement_price(contract: OptionContract, view: MarketView) -> SettlementPrice | None:
    """Return the price of the underlying that a contract settles against.

    That of the settlement session's daily bar: its close, for AM roots its open (which stands in for the
    special opening quotation). Where there is no bar, the spot of a chain taken in that session, which for
    AM roots is only a stand-in (`SESSION_PRICE`); failing that, the latest price known (`LATEST_PRICE`). None
    where no price is known at all.
    """
    morning = contract.root.settlement is Settlement.AM
    session = view.calendar.settlement_session(contract)
    bars = view.bars(contract.underlying)
    if bars is not None and len(bars):
        row = int(np.searchsorted(bars.days, days_of(session)))
        if row < len(bars) and int(bars.days[row]) == days_of(session):
            price = float((bars.open if morning else bars.close)[row])
            if np.isfinite(price):
                return SettlementPrice(round(price * 100))
    chain = view.chain(contract.underlying)
    chain_spot = -1 if chain is None else chain.spot_cents
    if chain is not None and chain_spot >= 0 and view.calendar.day_of(chain.as_of) == session:
        return SettlementPrice(chain_spot, SESSION_PRICE if morning else "")
    spot = view.spot(contract.underlying)
    latest = chain_spot if spot is None else round(spot * 100)
    return SettlementPrice(latest, LATEST_PRICE) if latest >= 0 else None
