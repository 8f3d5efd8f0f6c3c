"""The account, computed again from the facts alone: slowly, one number after the other, sharing no code.

Kept for ever as the oracle of the fold, the valuation and the journal. It reads the facts' JSON itself and
knows nothing of strikewise but the form of a fact.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

Quotes = Callable[[str, datetime], Mapping[str, tuple[int, int]]]
"""Bid and ask in cents of every contract quoted on an underlying at an instant, by ledger symbol."""


class Row(Protocol):
    """What is read of a fact."""

    @property
    def kind(self) -> str: ...
    @property
    def known_at(self) -> datetime: ...
    @property
    def payload(self) -> str: ...


@dataclass
class Trade:
    """One position: everything it was ever paid, and what is left of it."""

    strategy: str = ""
    underlying: str = ""
    legs: list[tuple[str, int]] = field(default_factory=list)
    units: int = 0
    entry: int = 0
    paid: int = 0
    fees: int = 0
    held: dict[str, int] = field(default_factory=dict)

    @property
    def profit(self) -> int:
        return -self.paid - self.fees


@dataclass
class Day:
    """The account at the end of a tick, and what the facts said of it."""

    at: datetime
    cash: int
    equity_exit: int
    equity_mid: int | None
    realised: int
    unrealised_exit: int
    open_trades: int
    told: dict[str, Any]


@dataclass
class PlainAccount:
    """An account that is told facts in order."""

    quotes: Quotes
    cash: int = 0
    deposited: int = 0
    interest: int = 0
    trades: dict[str, Trade] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    open_orders: dict[str, int] = field(default_factory=dict)
    estimates: dict[tuple[str, str], int] = field(default_factory=dict)
    estimated_at: datetime | None = None
    days: list[Day] = field(default_factory=list)

    def tell(self, fact: Row) -> None:
        event = json.loads(fact.payload)
        if fact.kind == "AccountOpened":
            self.deposited += event["cash_cents"]
            self.cash += event["cash_cents"]
        elif fact.kind == "OrderPlaced":
            order = event["order"]
            self.orders[order["order_id"]] = order
            self.open_orders[order["order_id"]] = order["quantity"]
        elif fact.kind == "OrderFilled":
            self._fill(event["execution"])
        elif fact.kind == "OrderClosed":
            del self.open_orders[event["ended"]["order_id"]]
        elif fact.kind == "OrderRejected":
            del self.open_orders[event["order_id"]]
        elif fact.kind == "OptionSettled":
            self._settle(event["report"])
        elif fact.kind == "CashFlowed":
            self._flow(event["flow"])
        elif fact.kind == "MarkEstimated":
            if fact.known_at != self.estimated_at:
                self.estimates, self.estimated_at = {}, fact.known_at
            self.estimates[event["position_id"], event["instrument"]] = event["price_cents"]
        elif fact.kind == "AccountValued":
            self.days.append(self._day(fact.known_at, event))

    def _fill(self, execution: dict[str, Any]) -> None:
        order = self.orders[execution["order_id"]]
        trade = self.trades.setdefault(order["position_id"], Trade())
        paid = 0
        for leg in execution["legs"]:
            size = 100 if ":" in leg["instrument"] else 1
            paid += leg["quantity"] * leg["price_cents"] * size
            _move(trade.held, leg["instrument"], leg["quantity"])
        if order["purpose"] == "open":
            trade.strategy, trade.underlying = order["strategy"], order["underlying"]
            trade.legs = [(name, ratio) for name, ratio in order["structure"]]
            trade.units += execution["quantity"]
            trade.entry += paid
        trade.paid += paid
        trade.fees += execution["fees_cents"]
        self.cash -= paid + execution["fees_cents"]
        self.open_orders[order["order_id"]] -= execution["quantity"]
        if self.open_orders[order["order_id"]] == 0:
            del self.open_orders[order["order_id"]]

    def _settle(self, report: dict[str, Any]) -> None:
        trade = self.trades[report["position_id"]]
        _move(trade.held, report["contract"], -report["quantity"])
        if report["shares"]:
            _move(trade.held, report["contract"].split(":")[0], report["shares"])
        trade.paid += report["cash_cents"]
        trade.fees += report["fees_cents"]
        self.cash -= report["cash_cents"] + report["fees_cents"]

    def _flow(self, flow: dict[str, Any]) -> None:
        self.cash -= flow["cash_cents"]
        if flow["position_id"]:
            self.trades[flow["position_id"]].paid += flow["cash_cents"]
        else:
            self.interest -= flow["cash_cents"]

    @property
    def realised(self) -> int:
        """Profit of the trades that hold nothing any more, and interest."""
        return self.interest + sum(trade.profit for trade in self.trades.values() if not trade.held)

    def worth(self, at: datetime) -> tuple[int, int | None]:
        """What is held would bring if closed now, and at mid (None where a quote is missing)."""
        out, mid = 0, 0
        known = True
        for name, trade in self.trades.items():
            quoted = self.quotes(trade.underlying, at) if trade.held else {}
            for instrument, quantity in trade.held.items():
                size = 100 if ":" in instrument else 1
                if instrument in quoted:
                    bid, ask = quoted[instrument]
                    out += (bid if quantity > 0 else ask) * quantity * size
                    mid += (bid + ask) * quantity * size // 2
                else:
                    assert self.estimated_at == at, f"{instrument} has neither a quote nor an estimate"
                    out += self.estimates[name, instrument] * quantity * size
                    known = False
        return out, mid if known else None

    def _day(self, at: datetime, told: dict[str, Any]) -> Day:
        out, mid = self.worth(at)
        held = [trade for trade in self.trades.values() if trade.held]
        return Day(
            at=at,
            cash=self.cash,
            equity_exit=self.cash + out,
            equity_mid=None if mid is None else self.cash + mid,
            realised=self.realised,
            unrealised_exit=out + sum(trade.profit for trade in held),
            open_trades=len(held),
            told=told,
        )


def plain_account(facts: Iterable[Row], quotes: Quotes) -> PlainAccount:
    """Compute an account from its first fact to its last."""
    account = PlainAccount(quotes)
    for fact in facts:
        account.tell(fact)
    return account


def expiration_of(symbol: str) -> date:
    """The expiration in a ledger symbol such as ``SPX:SPXW150612C02145000``."""
    tail = symbol[-15:]
    return date(2000 + int(tail[:2]), int(tail[2:4]), int(tail[4:6]))


def strike_of(symbol: str) -> float:
    """The strike in a ledger symbol, in cents."""
    return int(symbol[-8:]) / 10


def worst_payoff(legs: list[tuple[str, int]]) -> float:
    """The least that options expiring together are worth at expiry, in cents, whatever the price."""
    knots = [0.0, *(strike_of(name) for name, _ in legs), 2 * max(strike_of(name) for name, _ in legs)]
    return min(_payoff(legs, spot) for spot in knots)


def _payoff(legs: list[tuple[str, int]], spot: float) -> float:
    value = 0.0
    for name, ratio in legs:
        above = spot - strike_of(name)
        value += ratio * 100 * max(0.0, above if name[-9] == "C" else -above)
    return value


def _move(held: dict[str, int], instrument: str, quantity: int) -> None:
    held[instrument] = held.get(instrument, 0) + quantity
    if held[instrument] == 0:
        del held[instrument]
