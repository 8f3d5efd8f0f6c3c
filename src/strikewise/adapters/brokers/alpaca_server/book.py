"""What the account shows: cash, what is held at what cost, and what may still be put into options.

The simulated broker behind the server settles at the close of a session. Alpaca shows assignments, exercises,
expirations and fees on the day after, so that the account shown is a book of its own, which follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock
from strikewise.domain.splits import split_instrument

__all__ = ["Book", "Lot", "added", "held_for_options", "spendable", "uncovered"]

SHARES_LENT, SHARES_BORROWED = 50, 150
"""Percent of their value that long shares leave to spend, and that short ones hold: Regulation T."""
LOT = 100


@dataclass(frozen=True, slots=True)
class Lot:
    """What is held of one instrument, and the cash paid for it (received: negative), cents."""

    quantity: int
    cost_cents: int


class Book:
    """Cash and lots.

    Parameters
    ----------
    cash_cents : int
        Cash at the beginning.

    Attributes
    ----------
    cash_cents : int
        The balance.
    lots : dict of Instrument to Lot
        What is held, netted.
    """

    def __init__(self, cash_cents: int) -> None:
        self.cash_cents = cash_cents
        self.lots: dict[Instrument, Lot] = {}

    def quantity(self, instrument: Instrument) -> int:
        """Return what is held of an instrument: long positive, short negative."""
        lot = self.lots.get(instrument)
        return 0 if lot is None else lot.quantity

    def trade(self, instrument: Instrument, quantity: int, price_cents: int) -> None:
        """Book a trade: bought positive, sold negative."""
        self.cash_cents -= quantity * price_cents * instrument.multiplier
        self.move(instrument, quantity, price_cents)

    def move(self, instrument: Instrument, quantity: int, price_cents: int) -> None:
        """Change what is held; what is left of a lot keeps its mean cost."""
        before = self.lots.get(instrument, Lot(0, 0))
        after = before.quantity + quantity
        paid = quantity * price_cents * instrument.multiplier
        if before.quantity * quantity >= 0:
            cost = before.cost_cents + paid
        elif abs(quantity) <= abs(before.quantity):
            cost = round(before.cost_cents * after / before.quantity)
        else:
            cost = after * price_cents * instrument.multiplier
        if after:
            self.lots[instrument] = Lot(after, cost)
        else:
            self.lots.pop(instrument, None)

    def split(self, symbol: str, numerator: int, denominator: int) -> None:
        """Book a split of shares, and of their options where it is by a whole number."""
        for instrument, lot in list(self.lots.items()):
            if instrument.underlying != symbol:
                continue
            became = split_instrument(instrument, numerator) if denominator == 1 else instrument
            size = abs(lot.quantity) * numerator // denominator
            del self.lots[instrument]
            self.lots[became] = Lot(size if lot.quantity > 0 else -size, lot.cost_cents)

    def of(self, symbol: str) -> dict[Instrument, int]:
        """Return what is held of one underlying, by instrument."""
        return {one: count for one, count in self.holdings().items() if one.underlying == symbol}

    def holdings(self) -> dict[Instrument, int]:
        """Return what is held by instrument."""
        return {instrument: lot.quantity for instrument, lot in self.lots.items()}


def uncovered(holdings: Mapping[Instrument, int]) -> tuple[int, int]:
    """Return how many calls and puts sold on one underlying nothing stands behind.

    A long option of the same kind that lives at least as long covers one that was sold, and so do 100 shares
    a call.
    """
    shares = sum(quantity for one, quantity in holdings.items() if isinstance(one, Stock))
    bare = []
    for right in (Right.CALL, Right.PUT):
        legs = sorted(
            (
                (one.expiration, quantity)
                for one, quantity in holdings.items()
                if isinstance(one, OptionContract) and one.right is right
            ),
            reverse=True,
        )
        long = short = naked = 0
        for expiration in dict.fromkeys(day for day, _ in legs):
            long += sum(quantity for day, quantity in legs if day == expiration and quantity > 0)
            short += sum(-quantity for day, quantity in legs if day == expiration and quantity < 0)
            naked = max(naked, short - long)
        bare.append(naked)
    calls, puts = bare
    return max(0, calls - max(0, shares) // LOT), puts


def held_for_options(holdings: Mapping[Instrument, int]) -> int:
    """Return the cash that options on one underlying hold: their greatest loss at expiration, cents.

    All are taken to end together, as Alpaca's universal spread rule does; calls that shares cover hold
    nothing. What was paid or received for them is in the cash already.
    """
    options = {one: count for one, count in holdings.items() if isinstance(one, OptionContract) and count}
    lots = max(0, sum(count for one, count in holdings.items() if isinstance(one, Stock))) // LOT
    for one in sorted(options, key=lambda contract: contract.strike_milli):
        if one.right is Right.CALL and options[one] < 0 and lots:
            covered = min(lots, -options[one])
            options[one] += covered
            lots -= covered
    worst = 0
    for price in {0, *(one.strike_milli for one in options)}:
        worst = min(worst, sum(_worth(one, price) * count for one, count in options.items()))
    return -worst // 10


def _worth(contract: OptionContract, price_milli: int) -> int:
    beyond = price_milli - contract.strike_milli
    return max(0, beyond if contract.right is Right.CALL else -beyond) * contract.multiplier


def spendable(cash_cents: int, holdings: Mapping[Instrument, int], marks: Mapping[str, int]) -> int:
    """Return what may be put into options, cents.

    Parameters
    ----------
    cash_cents : int
        Cash.
    holdings : mapping
        What is held.
    marks : mapping of str to int
        Prices of shares, cents.
    """
    free = cash_cents
    for symbol in {one.underlying for one in holdings}:
        part = {one: count for one, count in holdings.items() if one.underlying == symbol}
        free -= held_for_options(part)
        shares = sum(count for one, count in part.items() if isinstance(one, Stock))
        value = shares * marks.get(symbol, 0)
        free += value * (SHARES_LENT if value > 0 else SHARES_BORROWED) // 100
    return free


def added(*parts: Iterable[tuple[Instrument, int]]) -> dict[Instrument, int]:
    """Add up quantities by instrument, without what comes to nothing."""
    total: dict[Instrument, int] = {}
    for part in parts:
        for instrument, quantity in part:
            total[instrument] = total.get(instrument, 0) + quantity
    return {instrument: quantity for instrument, quantity in total.items() if quantity}
