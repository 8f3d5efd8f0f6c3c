"""An account and what it holds, as Alpaca shows them."""

from __future__ import annotations

from collections.abc import Mapping

from strikewise.adapters.brokers.alpaca_answers import AccountAnswer, PositionAnswer
from strikewise.adapters.brokers.alpaca_money import cents_of, count_of
from strikewise.adapters.brokers.alpaca_orders import TRADED
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.brokerage import AccountReport, HeldReport, Preview
from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Order, Purpose, Unknown

__all__ = ["account_report", "held_report", "mismatch", "preview_of"]


def mismatch(answer: AccountAnswer, wanted: str) -> str:
    """Return why an account is not the one named; empty where it is, or where none was named."""
    if not wanted or wanted in {answer.id, answer.account_number}:
        return ""
    return (
        f"the key belongs to the account {answer.account_number or answer.id}, the settings name {wanted}: "
        "nothing is asked of it or sent; put the key and the account's id right"
    )


def account_report(answer: AccountAnswer) -> AccountReport | None:
    """Return an account; None where its id or cash is not told."""
    cash = cents_of(answer.cash)
    if cash is None or not answer.id:
        return None
    level = count_of(answer.options_trading_level or answer.options_approved_level)
    power = cents_of(answer.options_buying_power)
    return AccountReport(answer.id, cash, cents_of(answer.equity), power, level, _restriction(answer))


def _restriction(answer: AccountAnswer) -> str:
    found = [
        f"status {answer.status}" if answer.status not in {"", "ACTIVE"} else "",
        "trading is blocked" if answer.trading_blocked else "",
        "the account is blocked" if answer.account_blocked else "",
        "its owner suspended trading" if answer.trade_suspended_by_user else "",
    ]
    return "; ".join(filter(None, found))


def held_report(answer: PositionAnswer, symbols: Symbols) -> HeldReport | Unknown | None:
    """Return a position; None for what is not ours to know, Unknown for what cannot be read."""
    if answer.asset_class not in TRADED:
        return None
    quantity, available = count_of(answer.qty), count_of(answer.qty_available)
    try:
        instrument = symbols.read(answer.symbol)
    except InstrumentError as error:
        return Unknown(str(error))
    if quantity is None:
        return Unknown(f"the position in {answer.symbol} is {answer.qty!r}: sell what is no whole share")
    sign = -1 if answer.side == "short" or quantity < 0 else 1
    if quantity == 0:
        return None
    cost = cents_of(answer.cost_basis)
    if cost is None:
        cost = cents_of(answer.avg_entry_price, instrument.multiplier * abs(quantity))
    return HeldReport(
        instrument,
        sign * abs(quantity),
        None if cost is None else sign * abs(cost),
        None if available is None else abs(available),
    )


def _lacking(order: Order, held: Mapping[Instrument, int]) -> str:
    """Return of which instruments less is held than an order closes; empty where all of it is."""
    asked = {leg.instrument: leg.ratio * order.quantity for leg in order.structure.legs}
    return "; ".join(
        f"{one}: requested={abs(count)} held={held.get(one, 0)}"
        for one, count in asked.items()
        if -held.get(one, 0) * count < count**2
    )


def preview_of(order: Order, account: AccountReport, held: Mapping[Instrument, int]) -> Preview:
    """Say what is known against an order: the vendor itself shows none of it before it is sent."""
    cost = None if order.limit_cents is None else order.limit_cents * order.quantity
    options, level = order.structure.options, account.options_level
    problem = account.restriction
    if not problem and options and level is not None and order.purpose is not Purpose.CLOSE:
        bought = any(ratio > 0 for _, ratio in options)
        needed = 3 if len(options) > 1 else 2 if bought else 1
        if level < needed:
            problem = f"options level {level} where {needed} is needed"
    if not problem and order.purpose is Purpose.CLOSE:
        problem = _lacking(order, held)
    power = account.buying_power_cents
    if (
        not problem
        and order.purpose is Purpose.OPEN
        and cost is not None
        and power is not None
        and cost > power
    ):
        problem = f"buying power of {power} cents for a cost of {cost}"
    return Preview(problem, cost)
