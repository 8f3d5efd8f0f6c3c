"""Splits of what is held, and the contracts that they would have made odd."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from oracle.plain_account import Account, Fill, Position, ordered
from oracle.plain_exchange import FeeSettings, FeeTables, Tell, end, fees_of
from oracle.plain_market import Instrument, PlainView, symbol_of
from oracle.plain_options import StandIns
from strikewise.domain.instruments import OptionContract


def bought_out(
    account: Account,
    day: date,
    seen: PlainView,
    view: PlainView,
    stand_ins: StandIns,
    fees: FeeSettings,
    tables: FeeTables,
) -> list[tuple[Position, OptionContract, dict[str, Any]]]:
    """Options that a split would make odd were closed at the touch they last had."""
    found = []
    for position in account.positions.values():
        if all(ratio.denominator == 1 for ratio in _ratios(position.underlying, day, view)):
            continue
        for one, quantity in position.options.items():
            chain = seen.snapshot(one.underlying)
            row = None if chain is None else chain.rows.get(one)
            if row is not None and row.usable:
                bid, ask = row.bid, row.ask
            else:
                guess = stand_ins.price(seen, one, "model", None)
                bid, ask = guess.bid, guess.ask
            leg = Fill(one, -quantity, bid if quantity > 0 else ask, bid, ask)
            paid = fees_of([leg], seen.day, fees, tables)
            spot = seen.spot_cents(one.underlying)
            cents = -1 if spot is None else spot
            rule = "adjusted_contract"
            report = report_of(position, one, "bought_out", cents, leg.cost, 0, paid, seen.now, "", rule)
            found.append((position, one, report))
    return found


def split(account: Account, day: date, seen: PlainView, view: PlainView, tell: Tell) -> None:
    for position in list(account.positions.values()):
        symbol = position.underlying
        for ratio in _ratios(symbol, day, view):
            cash, spot = 0, seen.spot_cents(symbol)
            rest = abs(position.shares) * ratio % 1
            if spot is not None and rest:
                cents = spot / ratio * rest
                cash = -math.floor(cents) if position.shares > 0 else math.ceil(cents)
            report = {
                "split_id": f"{position.position_id}/split/{symbol}/{day}",
                "position_id": position.position_id,
                "symbol": symbol,
                "numerator": ratio.numerator,
                "denominator": ratio.denominator,
                "cash_cents": cash,
                "at": opening_of(day, view).isoformat(),
            }
            tell("PositionSplit", {"report": report}, position.position_id)
            account.cash -= cash
            position.cash += cash
            _split_position(position, ratio)
            account.reduced(position)
            account.put_away(position)
            for order in list(account.working.values()):
                if order.position_id == position.position_id:
                    end(order, "cancelled", f"{symbol} was split", account, view, tell)


def _split_position(position: Position, ratio: Fraction) -> None:
    held: dict[Instrument, int] = {}
    for one, count in position.held.items():
        became = one if isinstance(one, str) or ratio.denominator != 1 else _smaller(one, ratio.numerator)
        held[became] = abs(count) * ratio.numerator // ratio.denominator * (1 if count > 0 else -1)
    position.held = {one: count for one, count in held.items() if count}
    if ratio.denominator == 1:
        position.quantity *= ratio.numerator
        position.legs = ordered(
            {
                one if isinstance(one, str) else _smaller(one, ratio.numerator): count
                for one, count in position.legs
            }
        )


def _smaller(one: OptionContract, ratio: int) -> OptionContract:
    """The strike over the ratio, to the nearest cent, halves up."""
    cents = math.floor(Fraction(one.strike_milli, 10 * ratio) + Fraction(1, 2))
    return replace(one, strike_milli=10 * max(1, cents))


def _ratios(symbol: str, day: date, view: PlainView) -> list[Fraction]:
    found = [Fraction(ratio).limit_denominator(1000) for ex, ratio in view.splits(symbol) if ex == day]
    return [ratio for ratio in found if ratio > 0 and ratio != 1]


def opening_of(day: date, view: PlainView) -> datetime:
    calendar = view.calendar
    session = day if calendar.is_session(day) else calendar.next_session(day)
    return min(view.now, calendar.session_open(session))


def report_of(
    position: Position,
    one: OptionContract,
    outcome: str,
    cents: int,
    cash: int,
    shares: int,
    fees: int,
    at: datetime,
    policy: str,
    rule: str,
) -> dict[str, Any]:
    return {
        "settlement_id": f"{position.position_id}/{one.symbol}",
        "position_id": position.position_id,
        "contract": symbol_of(one),
        "quantity": position.held[one],
        "outcome": outcome,
        "settlement_cents": cents,
        "cash_cents": cash,
        "shares": shares,
        "fees_cents": fees,
        "at": at.isoformat(),
        "policy": policy,
        "rule": rule,
    }
