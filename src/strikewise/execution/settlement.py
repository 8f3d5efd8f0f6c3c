"""How an option ends: exercised or not, for cash or shares, all legs of a position by one rule."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

import numpy as np

from strikewise.domain.instruments import Delivery, OptionContract, Right, Settlement, days_of
from strikewise.domain.orders import SettlementReport
from strikewise.execution.account import Account
from strikewise.execution.exercise import (
    INSTRUCTED,
    ExerciseRule,
    PinRule,
    early_cause,
    in_the_money,
)
from strikewise.execution.fees import FeeSchedule
from strikewise.market.calendar import NEW_YORK, new_york_day
from strikewise.market.estimate import Estimator
from strikewise.market.view import MarketView

__all__ = [
    "EARLIER_PRICE",
    "LATEST_PRICE",
    "SESSION_PRICE",
    "SettlementPrice",
    "assign_early",
    "settle",
    "settle_due",
    "settlement_price",
]

SESSION_PRICE = "session_price"
"""Policy: a later price of the settlement session, for an AM root whose opening price nobody recorded."""
EARLIER_PRICE = "earlier_price"
"""Policy: an earlier price of the settlement session, where nobody recorded its close."""
LATEST_PRICE = "latest_price"
"""Policy: the latest price known, of whatever session, where the settlement session has none."""


class SettlementPrice(NamedTuple):
    """What a contract settles against, and by which policy; none where it is what the rule names."""

    cents: int
    policy: str = ""


def settle_due(
    account: Account, view: MarketView, until: datetime, rule: ExerciseRule, fees: FeeSchedule
) -> list[SettlementReport]:
    """Settle and book every contract that is due by an instant.

    One whose settlement price nobody knows yet waits, for a close until the next session opens; a pinned one
    may wait for the next session's price, and so does all that expires with it in its position: legs of one
    structure settle by one rule.
    """
    reports = []
    for position_id, due in account.due(until, view.calendar):
        held = account.held[position_id]
        prices = {one: _price_then(one, view) for one in due}
        waiting = {
            view.calendar.settlement_session(one)
            for one, price in prices.items()
            if price is not None and rule.pin is PinRule.ADVERSE and rule.pinned(one, held[one], price.cents)
        }
        for contract, price in prices.items():
            session = view.calendar.settlement_session(contract)
            may_come = session in waiting or (price is not None and price.policy == EARLIER_PRICE)
            if price is None or (may_come and view.as_of < _following_open(session, view)):
                continue
            following = round(spot * 100) if (spot := view.spot(contract.underlying)) is not None else None
            quantity = held[contract]
            exercised, why = rule.exercised(contract, quantity, price.cents, following)
            if exercised and quantity > 0 and contract in account.abandoned:
                exercised, why = False, INSTRUCTED
            reports.append(
                settle(
                    contract,
                    quantity,
                    price,
                    exercised=exercised,
                    rule=why,
                    position_id=position_id,
                    fees=fees,
                    at=view.calendar.settlement_at(contract),
                )
            )
    for report in reports:
        account.settle(report)
    account.look_ahead(view.calendar)
    return reports


def assign_early(
    account: Account,
    seen: MarketView,
    view: MarketView,
    rule: ExerciseRule,
    fees: FeeSchedule,
    estimator: Estimator,
) -> list[SettlementReport]:
    """Assign and book the options sold that their holders exercise after the session of ``seen``."""
    reports = []
    for position_id, contract, quantity in account.written():
        spot = seen.spot(contract.underlying)
        cents = 0 if spot is None else round(spot * 100)
        if spot is None or in_the_money(contract, cents) <= 0:
            continue  # as most nights of most options sold: nothing else need be looked up
        dividends = view.dividends(contract.underlying)
        cause = early_cause(contract, rule, seen, view.day, dividends, estimator)
        if cause:
            report = settle(
                contract,
                quantity,
                SettlementPrice(cents),
                exercised=True,
                rule=cause,
                position_id=position_id,
                fees=fees,
                at=view.calendar.session_close(seen.day),
            )
            account.settle(report)
            reports.append(report)
    return reports


def settle(
    contract: OptionContract,
    quantity: int,
    price: SettlementPrice,
    *,
    exercised: bool,
    position_id: str,
    fees: FeeSchedule,
    at: datetime,
    rule: str = "",
) -> SettlementReport:
    """Return what becomes of a holding at its settlement: cash, or the strike for shares.

    Parameters
    ----------
    contract, quantity : OptionContract, int
        What is held: long positive, short negative.
    price : SettlementPrice
        Price of the underlying it settles against.
    exercised, rule : bool, str
        Whether it is exercised, and why, where not for the settlement price.
    position_id : str
        The position it belongs to.
    fees : FeeSchedule
        What an exercise or assignment costs.
    at : datetime
        When.
    """
    side = 1 if contract.right is Right.CALL else -1
    contracts = quantity * contract.multiplier
    cash, shares = 0, 0
    if exercised and contract.root.delivery is Delivery.CASH:
        cash = -contracts * in_the_money(contract, price.cents) // 10
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
        fees_cents=fees.delivery_cents(shares, cash, new_york_day(at)) if exercised else 0,
        at=at,
        policy=price.policy,
        rule=rule,
    )


def _price_then(contract: OptionContract, view: MarketView) -> SettlementPrice | None:
    """Return what a contract settles against, as it was known on the evening of its session."""
    price = settlement_price(contract, view)
    session = view.calendar.settlement_session(contract)
    if price is None or price.policy != LATEST_PRICE or view.day <= session:
        return price
    evening = datetime.combine(session, time.max, NEW_YORK)
    earlier = settlement_price(contract, view.at(min(evening, view.as_of)))
    return price if earlier is None or earlier.policy == LATEST_PRICE else earlier


def _following_open(session: date, view: MarketView) -> datetime:
    return view.calendar.session_open(view.calendar.next_session(session))


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
        if morning:
            return SettlementPrice(chain_spot, SESSION_PRICE)
        return SettlementPrice(
            chain_spot, EARLIER_PRICE if chain.as_of < view.calendar.settlement_at(contract) else ""
        )
    spot = view.spot(contract.underlying)
    latest = chain_spot if spot is None else round(spot * 100)
    return SettlementPrice(latest, LATEST_PRICE) if latest >= 0 else None
