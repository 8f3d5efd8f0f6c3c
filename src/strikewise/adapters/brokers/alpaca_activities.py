"""What happened to the account without an order: assignments, exercises, expiries, cash, splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from math import gcd
from types import MappingProxyType
from zoneinfo import ZoneInfo

from strikewise.adapters.brokers.alpaca_answers import ActivityAnswer, instant
from strikewise.adapters.brokers.alpaca_money import cents_of, count_of
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.brokerage import Activity
from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import Delivery, OptionContract, Right
from strikewise.domain.money import MISSING_CENTS
from strikewise.domain.orders import CashFlow, FlowKind, SettlementReport, SplitReport

__all__ = ["activities", "booked_at", "line_name", "stands", "taken_back"]

NEW_YORK = ZoneInfo("America/New_York")
CLOSE = time(16)

_ENDS = MappingProxyType({"OPASN": "assigned", "OPEXC": "exercised", "OPEXP": "expired"})
_FLOWS: Mapping[str, FlowKind] = MappingProxyType(
    {
        **dict.fromkeys(("CSD", "CSW", "TRANS", "JNL", "JNLC", "ACATC"), FlowKind.TRANSFER),
        **dict.fromkeys(("DIV", "DIVCGL", "DIVCGS", "DIVROC", "DIVTXEX", "CGD"), FlowKind.DIVIDEND),
        **dict.fromkeys(("DIVFT", "DIVNRA", "DIVTW"), FlowKind.DIVIDEND),
        **dict.fromkeys(("INT", "INTNRA", "INTTW"), FlowKind.INTEREST),
        **dict.fromkeys(("FEE", "CFEE", "DIVFEE", "PTC", "PTR"), FlowKind.FEE),
    }
)
"""Kinds of lines that are nothing but cash. What is in no table (mergers, names, spin-offs, transfers of
securities) is left to the comparison of holdings and cash: nobody guesses what it meant."""


def line_name(line: ActivityAnswer) -> str:
    """Return the name of a line: the vendor gives an exercise and the trade it led to one id."""
    return f"{line.activity_type}:{line.id}"


def booked_at(line: ActivityAnswer) -> datetime | None:
    """Return when a line was booked: long after the day it is for, as a rule."""
    return instant(line.created_at) or instant(line.transaction_time) or _close_of(line)


def activities(lines: Sequence[ActivityAnswer], symbols: Symbols) -> list[Activity]:
    """Return what lines mean, in their order.

    An exercise or assignment is one report with the trade in shares and the cash that it led to; where the
    trade is not there yet, the contract's terms say what it will be.

    Raises
    ------
    ValueError
        If a line of a kind that is known cannot be read: then nobody knows what is held.
    """
    trades = [line for line in lines if line.activity_type == "OPTRD" and stands(line)]
    cash = [line for line in lines if line.activity_type == "OPCSH" and stands(line)]
    found: list[Activity] = []
    splits: dict[tuple[str, str], list[ActivityAnswer]] = {}
    for line in lines:
        if not stands(line):
            continue
        if line.activity_type in _ENDS:
            found.append(_settlement(line, trades, cash, symbols))
        elif line.activity_type in _FLOWS:
            found.append(_flow(line))
        elif (symbol := _split_symbol(line, symbols)) is not None:
            splits.setdefault((line.date, symbol), []).append(line)
    found += [ended for line in cash if (ended := _bought_out(line, symbols)) is not None]
    read = (_split(symbol, group) for (_, symbol), group in splits.items())
    return [*found, *(report for report in read if report is not None)]


def stands(line: ActivityAnswer) -> bool:
    """Return whether a line counts: the vendor marks those it takes back."""
    return line.status.lower() not in {"canceled", "cancelled"}


def taken_back(line: ActivityAnswer) -> CashFlow | None:
    """Return the cash of a line that was told and no longer counts, the other way round.

    None of what is no cash: the comparison of holdings finds what it left.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    if line.activity_type not in _FLOWS:
        return None
    flow = _flow(line)
    return replace(flow, flow_id=f"{flow.flow_id}:canceled", cash_cents=-flow.cash_cents)


def _settlement(
    line: ActivityAnswer, trades: list[ActivityAnswer], cash_lines: list[ActivityAnswer], symbols: Symbols
) -> SettlementReport:
    contract, moved, at = _contract(line, symbols), count_of(line.qty), _at(line)
    if contract is None or not moved or at is None:
        raise ValueError(f"the option event {line.id} cannot be read")
    held = -moved  # the line says what it did to the position
    outcome = _ENDS[line.activity_type]
    cash, shares = -_required_cents(line), 0
    if outcome != "expired" and contract.root.delivery is Delivery.PHYSICAL:
        shares = (held if contract.right is Right.CALL else -held) * contract.multiplier
        cash = round(shares * contract.strike_milli / 10)
        trade = _take_trade(line, trades, contract.underlying, shares, cash)
        if trade is not None:
            cash = -_required_cents(trade)
    together = [
        one for one in cash_lines if one.id == line.id or (one.group_id and one.group_id == line.group_id)
    ]
    for one in together:
        cash_lines.remove(one)
        cash -= _required_cents(one)
    return SettlementReport(
        settlement_id=line_name(line),
        position_id="",
        contract=contract,
        quantity=held,
        outcome=outcome,
        settlement_cents=MISSING_CENTS,
        cash_cents=cash,
        shares=shares,
        fees_cents=0,
        at=at,
    )


def _bought_out(line: ActivityAnswer, symbols: Symbols) -> SettlementReport | None:
    """Read cash for contracts that no exercise brought: they ended for it. None where none are named."""
    contract, moved, at = _contract(line, symbols), count_of(line.qty), _at(line)
    if contract is None or not moved or at is None:
        return None
    return SettlementReport(
        settlement_id=line_name(line),
        position_id="",
        contract=contract,
        quantity=-moved,
        outcome="bought_out",
        settlement_cents=MISSING_CENTS,
        cash_cents=-_required_cents(line),
        shares=0,
        fees_cents=0,
        at=at,
        rule="adjusted_contract",
    )


def _take_trade(
    line: ActivityAnswer, trades: list[ActivityAnswer], underlying: str, shares: int, cash_cents: int
) -> ActivityAnswer | None:
    """Find and use up the trade that an exercise or assignment led to: of its group, or day and strike."""
    fits = [one for one in trades if one.symbol == underlying and count_of(one.qty) == shares]
    same = [one for one in fits if line.group_id and one.group_id == line.group_id]
    that_day = [one for one in fits if one.date == line.date]
    at_strike = [one for one in that_day if cents_of(one.net_amount) == -cash_cents]
    found = same or [one for one in fits if one.id == line.id] or at_strike or that_day
    if not found:
        return None
    trades.remove(found[0])
    return found[0]


def _flow(line: ActivityAnswer) -> CashFlow:
    at = _at(line)
    if at is None:
        raise ValueError(f"the cash of {line.id} has no date")
    return CashFlow(
        flow_id=line_name(line),
        kind=_FLOWS[line.activity_type],
        position_id="",
        symbol=line.symbol,
        cash_cents=-_required_cents(line),
        at=at,
    )


def _split_symbol(line: ActivityAnswer, symbols: Symbols) -> str | None:
    """Return the underlying of a line about a split, of shares or of options; None for any other line."""
    if line.activity_type == "SPLIT":
        return line.symbol
    if line.activity_type == "OPCA" and line.activity_sub_type.startswith("SPLIT."):
        contract = _contract(line, symbols)
        return None if contract is None else contract.underlying
    return None


def _split(symbol: str, group: list[ActivityAnswer]) -> SplitReport | None:
    """Read a split from what it took away and what it gave; None where it is not told as such pairs.

    Shares, and with them the options on them, are split by one ratio. What is short is given in order to be
    taken away, so that the words decide and not the signs, where there are words.
    """
    removed = [line for line in group if _takes(line)]
    added = [line for line in group if not _takes(line)]
    old, new = (sum(abs(count_of(line.qty) or 0) for line in part) for part in (removed, added))
    at = _at(group[0])
    if not old or not new or old == new or at is None:
        return None
    common = gcd(old, new)
    cash = -sum(cents_of(line.net_amount) or 0 for line in group)
    first = min(group, key=lambda line: line.id)
    return SplitReport(line_name(first), "", symbol, new // common, old // common, cash, at)


def _takes(line: ActivityAnswer) -> bool:
    word = line.description[:6].upper()
    return word == "REMOVE" if word.startswith(("REMOVE", "ADD")) else (count_of(line.qty) or 0) < 0


def _contract(line: ActivityAnswer, symbols: Symbols) -> OptionContract | None:
    try:
        found = symbols.read(line.symbol)
    except InstrumentError:
        return None
    return found if isinstance(found, OptionContract) else None


def _required_cents(line: ActivityAnswer) -> int:
    cents = cents_of(line.net_amount)
    if cents is None:
        raise ValueError(f"the amount of {line.id} cannot be read")
    return cents


def _at(line: ActivityAnswer) -> datetime | None:
    return _close_of(line) or booked_at(line)


def _close_of(line: ActivityAnswer) -> datetime | None:
    try:
        day = date.fromisoformat(line.date[:10])
    except ValueError:
        return None
    return instant(datetime.combine(day, CLOSE, NEW_YORK).isoformat())
