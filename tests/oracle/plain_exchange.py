"""The market that fills: leg by leg at mid and a share of the half-spread, in the size that is shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from oracle.plain_account import Account, Fill, Order, largest_loss
from oracle.plain_market import Instrument, PlainView, symbol_of
from oracle.plain_options import LastQuote, StandIns
from strikewise.domain.instruments import INDEX_ROOTS, OptionContract, Style
from strikewise.market.quality import Flaw

NO_LIMIT = 10**12
NO_ENTRY = int(Flaw.STALE | Flaw.BELOW_INTRINSIC | Flaw.PARITY)
Tell = Callable[[str, dict[str, Any], str], None]
"""Kind, payload, and the order or position behind it."""


class FillSettings(Protocol):
    """What is read of the rule of fills."""

    f_by_legs: tuple[float, ...]
    volume_share: float
    open_interest_share: float
    unknown_size: int
    slippage_bp: int
    missing_quote: str
    any_size: bool


class FeeSettings(Protocol):
    """What is read of a schedule of fees."""

    commission_cents: float
    stock_commission_cents: float
    assignment_cents: int
    pass_through: bool


@dataclass(frozen=True)
class FeeTables:
    """Dated amounts, millionths of a dollar: (first day, amount), oldest first."""

    occ: Sequence[tuple[date, int]]
    regulatory: Sequence[tuple[date, int]]
    section_31: Sequence[tuple[date, int]]
    taf_options: Sequence[tuple[date, int]]
    taf_shares: Sequence[tuple[date, int]]
    proprietary: Mapping[str, int]


def on(table: Sequence[tuple[date, int]], day: date) -> int:
    """The entry in force; before the first one, that."""
    amount = table[0][1]
    for since, value in table:
        if since <= day:
            amount = value
    return amount


def fees_of(legs: Sequence[Fill], day: date, fees: FeeSettings, tables: FeeTables) -> int:
    """Commissions and passed-on fees of one fill, rounded up to a cent once."""
    micros = 0
    for leg in legs:
        count, sold = abs(leg.quantity), max(0, -leg.quantity)
        option = isinstance(leg.instrument, OptionContract)
        micros += count * round(10_000 * (fees.commission_cents if option else fees.stock_commission_cents))
        if not fees.pass_through:
            continue
        underlying = leg.instrument.underlying if isinstance(leg.instrument, OptionContract) else ""
        if option:
            micros += count * (on(tables.occ, day) + on(tables.regulatory, day))
            micros += sold * on(tables.taf_options, day)
            micros += count * tables.proprietary.get(underlying, 0)
        else:
            micros += sold * on(tables.taf_shares, day)
        if underlying not in INDEX_ROOTS:
            # Cents of proceeds × hundredths of a dollar a million: ten thousandths of a millionth.
            hundredths = max(0, -leg.cost) * on(tables.section_31, day)
            micros += -(-hundredths // 10_000)
    return -(-micros // 10_000)


def price_cents(bid: int, ask: int, thousandths: int, *, sale: bool) -> int:
    """Mid ∓ f × half the spread, in whole cents against us; without a bid never better than the touch."""
    if bid <= 0:
        thousandths = max(thousandths, 1000)
    away = thousandths * (ask - bid)
    if sale:
        return max(0, (1000 * (bid + ask) - away) // 2000)
    return -(-(1000 * (bid + ask) + away) // 2000)


@dataclass
class Offer:
    """What one leg can be traded at now."""

    bid: int
    ask: int
    size: int
    policy: str = ""


class Exchange:
    """Fills the orders of an account against the snapshots that pass."""

    def __init__(
        self, rule: FillSettings, fees: FeeSettings, tables: FeeTables, lag: int, stand_ins: StandIns
    ) -> None:
        self.rule, self.fees, self.tables, self.lag, self.stand_ins = rule, fees, tables, lag, stand_ins
        self.taken: dict[Instrument, int] = {}

    def submit(self, order: Order, account: Account, view: PlainView, tell: Tell) -> None:
        order.waits = self.lag
        account.working[order.order_id] = order
        if order.waits == 0:
            self._try(order, account, view, tell)

    def work(self, account: Account, view: PlainView, tell: Tell) -> None:
        """Try at a new snapshot what rests; an order is good for the session in which it was first tried."""
        for order in list(account.working.values()):
            if order.waits > 0:
                order.waits -= 1
                if order.waits > 0:
                    continue
            if order.tried_on is not None and view.day > order.tried_on:
                end(order, "expired", order.problem or "end of session", account, view, tell)
            else:
                self._try(order, account, view, tell)

    def _try(self, order: Order, account: Account, view: PlainView, tell: Tell) -> None:
        shares = any(isinstance(one, str) for one, _ in order.legs)
        if shares and account.shares_since.get(order.position_id) == view.day:
            return  # they were assigned tonight
        order.tried_on = order.tried_on or view.day
        chain, enters = view.fresh(order.underlying), _enters(order, account)
        if enters and chain is not None and chain.spot_doubted:
            order.problem = f"the recorded price of {order.underlying} contradicts its quotes"
            return
        offers = []
        for instrument, ratio in order.legs:
            offer = self._offer(instrument, ratio, order, account, view)
            row = None if chain is None or isinstance(instrument, str) else chain.rows.get(instrument)
            if offer is None or (enters and row is not None and row.flaws & NO_ENTRY):
                order.problem = f"no usable quote of {_spoken(instrument)}"
                return
            offers.append(offer)
        units = order.left
        if order.purpose != "close":
            for (_, ratio), offer in zip(order.legs, offers, strict=True):
                units = min(units, offer.size // abs(ratio))
            if units < 1:
                order.problem = "not enough volume or open interest"
                return
        fills = [
            self._fill(instrument, ratio * units, offer, len(order.legs))
            for (instrument, ratio), offer in zip(order.legs, offers, strict=True)
        ]
        cost = sum(fill.cost for fill in fills) // units
        order.problem = _objection(order, cost)
        if not order.problem:
            self._book(order, units, fills, offers, account, view, tell)

    def _fill(self, instrument: Instrument, quantity: int, offer: Offer, legs: int) -> Fill:
        shares = self.rule.f_by_legs
        thousandths = round(1000 * (shares[legs - 1] if legs <= len(shares) else shares[-1]))
        if offer.policy:
            thousandths = max(thousandths, 1000)  # nobody trades between two sides that nobody quotes
        if abs(quantity) > offer.size:
            thousandths += 1000
        price = price_cents(offer.bid, offer.ask, thousandths, sale=quantity < 0)
        shown = (-1, -1) if offer.policy else (offer.bid, offer.ask)
        return Fill(instrument, quantity, price, *shown)

    def _offer(
        self, instrument: Instrument, ratio: int, order: Order, account: Account, view: PlainView
    ) -> Offer | None:
        taken = self.taken.get(instrument, 0)
        if isinstance(instrument, str):
            spot = view.fresh_spot(instrument)
            if spot is None:
                return None
            cents = round(spot * 100)
            slip = max(1, math.ceil(cents * self.rule.slippage_bp / 10_000))
            return Offer(max(0, cents - slip), cents + slip, self._shares(instrument, view) - taken)
        if not view.calendar.trades_at(instrument, view.now):
            return None
        chain = view.fresh(order.underlying)
        row = None if chain is None else chain.rows.get(instrument)
        if row is not None:
            opens = row.ask > row.bid and row.bid >= (1 if ratio < 0 else 0)
            if row.usable if order.purpose == "close" else opens:
                return Offer(row.bid, row.ask, self._contracts(row.volume, row.open_interest) - taken)
        if order.purpose != "close" or self.rule.missing_quote == "carry":
            return None
        last = account.last_quotes.get(instrument)
        guess = self.stand_ins.price(view, instrument, str(self.rule.missing_quote), last)
        return Offer(guess.bid, guess.ask, NO_LIMIT, guess.policy)

    def _contracts(self, volume: int, open_interest: int) -> int:
        if self.rule.any_size:
            return NO_LIMIT
        known = [int(volume * self.rule.volume_share)] if volume >= 0 else []
        known += [int(open_interest * self.rule.open_interest_share)] if open_interest >= 0 else []
        return max(1, min(known)) if known else self.rule.unknown_size

    def _shares(self, symbol: str, view: PlainView) -> int:
        if self.rule.any_size:
            return NO_LIMIT
        bar = view.bar(symbol)
        if bar is None or math.isnan(bar.volume):
            return 100 * self.rule.unknown_size
        return max(100, int(bar.volume * self.rule.volume_share))

    def _book(
        self,
        order: Order,
        units: int,
        fills: list[Fill],
        offers: list[Offer],
        account: Account,
        view: PlainView,
        tell: Tell,
    ) -> None:
        fees = fees_of(fills, view.day, self.fees, self.tables)
        chain = view.fresh(order.underlying)
        policies: list[str] = []
        for offer in offers:
            if offer.policy and offer.policy not in policies:
                policies.append(offer.policy)
        execution = {
            "execution_id": f"{order.order_id}/{view.seconds}",
            "order_id": order.order_id,
            "quantity": units,
            "legs": [
                {
                    "instrument": symbol_of(fill.instrument),
                    "quantity": fill.quantity,
                    "price_cents": fill.price,
                    "bid_cents": fill.bid,
                    "ask_cents": fill.ask,
                }
                for fill in fills
            ],
            "fees_cents": fees,
            "at": view.now.isoformat(),
            "grade": "quotes" if chain is None else chain.grade,
            "policy": "+".join(policies),
        }
        tell("OrderFilled", {"execution": execution}, order.order_id)
        for fill in fills:
            self.taken[fill.instrument] = self.taken.get(fill.instrument, 0) + abs(fill.quantity)
        if order.left > units:
            order.problem = "not enough volume or open interest"
        account.trade(order, units, fills, fees, view.now, view.day)
        remember(account, view)


def end(order: Order, outcome: str, reason: str, account: Account, view: PlainView, tell: Tell) -> None:
    """An order ends without (further) fills."""
    ended = {
        "order_id": order.order_id,
        "outcome": outcome,
        "reason": reason,
        "at": view.now.isoformat(),
    }
    tell("OrderClosed", {"ended": ended}, order.order_id)
    del account.working[order.order_id]
    position = account.positions.get(order.position_id)
    if position is not None and position.closing == order.order_id:
        position.closing = ""
    if order.purpose == "open" and not order.filled:
        account.opened.pop(order.position_id, None)


def remember(account: Account, view: PlainView) -> None:
    """Keep the last usable quote of every option held."""
    kept = {}
    for position in account.positions.values():
        chain = view.fresh(position.underlying)
        for contract in position.options:
            if contract in account.last_quotes:
                kept[contract] = account.last_quotes[contract]
            row = None if chain is None else chain.rows.get(contract)
            if row is not None and row.usable:
                kept[contract] = LastQuote(row.bid, row.ask, row.iv)
    account.last_quotes = kept


def _enters(order: Order, account: Account) -> bool:
    """Whether an order takes on what is not held yet, and so is judged as an entry whenever it is tried."""
    if order.purpose != "adjust":
        return order.purpose == "open"
    position = account.positions.get(order.position_id)
    held = {} if position is None else position.held
    for instrument, ratio in order.legs:
        closes, has = -ratio * order.quantity, held.get(instrument, 0)
        if closes * has <= 0 or abs(closes) > abs(has):
            return True
    return False


def _objection(order: Order, cost: int) -> str:
    """Why an order does not fill at a cost, in cents a unit."""
    if order.limit is not None:
        if cost > order.limit:
            return f"a unit costs {_dollars(cost)}, the limit is {_dollars(order.limit)}"
        return ""
    if order.purpose != "close" or any(isinstance(one, str) for one, _ in order.legs):
        return ""
    options = [(one, ratio) for one, ratio in order.legs if isinstance(one, OptionContract)]
    first = min(one.expiration for one, _ in options)
    # A later option that is sold is worth what its exercise brings at least, where it is American.
    for one, ratio in options:
        if one.expiration > first and (ratio > 0 or one.root.style is not Style.AMERICAN):
            return ""
    net: dict[Instrument, int] = {}
    for one, ratio in options:
        same = replace(one, expiration=first)
        net[same] = net.get(same, 0) - ratio
    # The most it is worth to have closed it is what the structure that is bought back could bring.
    most = largest_loss({one: count for one, count in net.items() if count}, 0)
    if most is not None and cost > most:
        return (
            f"closing a unit costs {_dollars(cost)} at the touch, keeping it to expiry {_dollars(most)} at "
            "most, so it waited for a better price"
        )
    return ""


def _dollars(cents: int) -> str:
    text = f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    return f"{text} (a credit)" if cents < 0 else text


def _spoken(instrument: Instrument) -> str:
    return f"{instrument} shares" if isinstance(instrument, str) else str(instrument)
