"""Dividends and splits of what a simulated account holds, booked at the opening of their ex-date."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

from strikewise.domain.instruments import Instrument, OptionContract, Stock
from strikewise.domain.orders import CashFlow, FlowKind, LegFill, SettlementReport, SplitReport
from strikewise.domain.quotes import Quote
from strikewise.domain.splits import split_ratio
from strikewise.execution.account import Account
from strikewise.execution.fees import FeeSchedule
from strikewise.market.estimate import Estimator, MissingQuotePolicy
from strikewise.market.view import MarketView

__all__ = ["ADJUSTED", "action_days", "bought_out", "dividends_of", "splits_of"]

ADJUSTED = "adjusted_contract"
"""Rule: a split would have left a contract of an odd deliverable, so it was closed at the touch before."""
MICROS, MICROS_PER_CENT = 1_000_000, 10_000


def action_days(account: Account, after: date, view: MarketView) -> list[date]:
    """Return the ex-dates from the day after a date to that of a view that concern what is held, in order."""
    # Options that end meanwhile may deliver shares, where sessions went by that nobody saw.
    ends = account.next_settlement <= view.as_of
    shares = account.symbols() if ends else {symbol for _, symbol, _ in account.shares()}
    dates = [one.ex_date for symbol in shares for one in view.dividends(symbol)]
    dates += [one.ex_date for symbol in account.symbols() for one in view.splits(symbol)]
    return sorted({day for day in dates if after < day <= view.day}) if dates else []


def dividends_of(account: Account, day: date, view: MarketView) -> list[CashFlow]:
    """Return the dividends of an ex-date: received on long shares, paid on short ones, to the cent."""
    at = _opening(day, view)
    flows = []
    for position_id, symbol, number in account.shares():
        micros = sum(round(one.amount * MICROS) for one in view.dividends(symbol) if one.ex_date == day)
        cents = -(number * micros // MICROS_PER_CENT)
        if cents:
            name = f"{position_id}/dividend/{symbol}/{day}"
            flows.append(CashFlow(name, FlowKind.DIVIDEND, position_id, symbol, cents, at))
    return flows


def bought_out(
    account: Account, day: date, seen: MarketView, view: MarketView, fees: FeeSchedule, estimator: Estimator
) -> list[SettlementReport]:
    """Return the options that a split would have adjusted, closed at the touch they last had."""
    reports = []
    for position_id, held in account.held.items():
        symbol = next(iter(held)).underlying
        if all(ratio.denominator == 1 for ratio in _ratios(symbol, day, view)):
            continue
        for contract, quantity in held.items():
            if isinstance(contract, OptionContract):
                reports.append(_buy_out(position_id, contract, quantity, seen, fees, estimator))
    return reports


def splits_of(account: Account, day: date, seen: MarketView, view: MarketView) -> list[SplitReport]:
    """Return the splits of an ex-date; where one is not by a whole number, no options may be left."""
    at = _opening(day, view)
    reports = []
    for position_id, held in account.held.items():
        symbol = next(iter(held)).underlying
        for ratio in _ratios(symbol, day, view):
            name = f"{position_id}/split/{symbol}/{day}"
            cash = _in_lieu(held, ratio, seen.spot(symbol))
            reports.append(
                SplitReport(name, position_id, symbol, ratio.numerator, ratio.denominator, cash, at)
            )
    return reports


def _ratios(symbol: str, day: date, view: MarketView) -> list[Fraction]:
    found = [split_ratio(one.ratio) for one in view.splits(symbol) if one.ex_date == day]
    return [ratio for ratio in found if ratio > 0 and ratio != 1]


def _in_lieu(held: dict[Instrument, int], ratio: Fraction, spot: float | None) -> int:
    """Return the cash for a fraction of a share: received negative, rounded against us."""
    shares = sum(number for one, number in held.items() if isinstance(one, Stock))
    rest = abs(shares) * ratio - abs(shares) * ratio.numerator // ratio.denominator
    if spot is None or rest == 0:
        return 0
    cents = Fraction(round(spot * 100)) / ratio * rest
    return -int(cents) if shares > 0 else -int(-cents // 1)


def _buy_out(
    position_id: str,
    contract: OptionContract,
    quantity: int,
    seen: MarketView,
    fees: FeeSchedule,
    estimator: Estimator,
) -> SettlementReport:
    chain = seen.chain(contract.underlying)
    quote = Quote.missing() if chain is None else chain.quote(contract)
    if not quote.known:
        guess = estimator.estimate(seen, contract, MissingQuotePolicy.MODEL, None)
        quote = Quote(guess.bid, guess.ask)
    price = quote.bid if quantity > 0 else quote.ask
    leg = LegFill(contract, -quantity, price, quote.bid, quote.ask)
    spot = seen.spot(contract.underlying)
    return SettlementReport(
        settlement_id=f"{position_id}/{contract.symbol}",
        position_id=position_id,
        contract=contract,
        quantity=quantity,
        outcome="bought_out",
        settlement_cents=-1 if spot is None else round(spot * 100),
        cash_cents=leg.cost_cents,
        shares=0,
        fees_cents=fees.order_cents([leg], seen.day),
        at=seen.as_of,
        rule=ADJUSTED,
    )


def _opening(day: date, view: MarketView) -> datetime:
    calendar = view.calendar
    session = day if calendar.is_session(day) else calendar.next_session(day)
    return min(view.as_of, calendar.session_open(session))
