"""The legs that positions hold on one underlying, their quotes, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from strikewise.domain.instruments import Instrument, OptionContract, Right, Settlement
from strikewise.domain.portfolio import Holding, Mark, Position
from strikewise.market.estimate import LastQuote
from strikewise.portfolio.legs import Expiry

__all__ = ["NO_KEY", "Book", "Held", "Marked", "Part", "Terms"]

NO_KEY = -1
"""Stands for shares, which no chain lists."""


class Terms(NamedTuple):
    """What margin asks of a contract.

    Attributes
    ----------
    right : Right
        Call or put.
    strike_milli, multiplier : int
        Of the contract.
    expires : Expiry
        When.
    """

    right: Right
    strike_milli: int
    multiplier: int
    expires: Expiry

    @classmethod
    def of(cls, contract: OptionContract) -> Terms:
        """Read them off a contract."""
        root = contract.root
        expires = (contract.expiration.toordinal(), root.settlement is Settlement.PM)
        return cls(contract.right, contract.strike_milli, root.multiplier, expires)


class Held(NamedTuple):
    """Contracts of one option: its packed key, its terms, and how many, short negative."""

    key: int
    terms: Terms
    quantity: int

    def more(self, quantity: int) -> Held:
        """Return the same option with more contracts, or less."""
        return Held(self.key, self.terms, self.quantity + quantity)


class Part(NamedTuple):
    """What one position holds, laid out once for as long as it holds the same.

    Attributes
    ----------
    holdings : tuple of Holding
        The very object; what holds another is another part.
    instruments : tuple of Instrument
        One a leg.
    keys, weights : list of int
        Packed contracts (`NO_KEY` for shares), and how many contracts or shares times the multiplier.
    held : list of Held
        The options.
    shares : int
        Shares among them.
    leaves_naked : bool
        Whether more is sold of a right than held and covered, counted from any expiration on.
    """

    holdings: tuple[Holding, ...]
    instruments: tuple[Instrument, ...]
    keys: list[int]
    weights: list[int]
    held: list[Held]
    shares: int
    leaves_naked: bool

    @classmethod
    def of(cls, holdings: tuple[Holding, ...]) -> Part:
        """Lay out what a position holds."""
        instruments = tuple([one.instrument for one in holdings])
        quantities = [one.quantity for one in holdings]
        keys = [one.key if isinstance(one, OptionContract) else NO_KEY for one in instruments]
        held = [
            Held(key, Terms.of(one), quantity)
            for key, one, quantity in zip(keys, instruments, quantities, strict=True)
            if isinstance(one, OptionContract)
        ]
        shares = sum(quantities) - sum([one.quantity for one in held])
        weights = [count * one.multiplier for count, one in zip(quantities, instruments, strict=True)]
        return cls(holdings, instruments, keys, weights, held, shares, _leaves_naked(held, shares))


def _leaves_naked(held: Sequence[Held], shares: int) -> bool:
    if all(one.quantity > 0 for one in held):
        return False
    for right in Right:
        lots = max(0, shares // 100 if right is Right.CALL else -shares // 100)
        ends = [(one.terms.expires, one.quantity) for one in held if one.terms.right is right]
        for end in {end for end, quantity in ends if quantity < 0}:
            if sum([quantity for other, quantity in ends if other >= end]) + lots < 0:
                return True
    return False


class Marked(NamedTuple):
    """What a part is worth at a view.

    Attributes
    ----------
    mark : Mark
        Its value.
    estimated : list
        The instrument, policy and exit price per share, cents, of each leg without a usable quote.
    """

    mark: Mark
    estimated: list[tuple[Instrument, str, int]]


@dataclass(slots=True)
class Book:
    """All legs of an underlying's positions, in the order of the positions.

    Attributes
    ----------
    underlying : str
        Its symbol.
    parts : list of Part
        What each position holds; the book is good for as long as they hold the same objects.
    quotes : dict of int to LastQuote's values
        The last usable quote of each packed contract, cents per share, and its volatility; what never had
        one is not there.
    estimates : dict of int to the same
        What stands at this view in place of a quote that is missing or not usable.
    marks : list of Marked or None
        What each part is worth at this view; None where nobody asked yet.
    spot_cents : int
        Price of the underlying at this view; -1 where unknown.
    plan : object
        What the margin module keeps for as long as the legs stay the same.
    """

    underlying: str
    parts: list[Part]
    quotes: dict[int, tuple[int, int, float]]
    estimates: dict[int, tuple[int, int, float]]
    marks: list[Marked | None]
    spot_cents: int = -1
    plan: object = field(default=None, repr=False)

    @classmethod
    def of(cls, underlying: str, positions: Sequence[Position], before: Book | None = None) -> Book:
        """Lay out positions, keeping what a book before knows of them.

        Parameters
        ----------
        underlying : str
            The underlying of them all.
        positions : sequence of Position
            What is held.
        before : Book, optional
            The book that this one replaces.
        """
        if before is None:
            parts = [Part.of(one.holdings) for one in positions]
            return cls(underlying, parts, {}, {}, [None] * len(parts))
        known = {
            id(part.holdings): (part, mark) for part, mark in zip(before.parts, before.marks, strict=True)
        }
        found = [known.get(id(one.holdings)) or (Part.of(one.holdings), None) for one in positions]
        keys = {key for part, _ in found for key in part.keys}
        quotes, estimates = (
            {key: quote for key, quote in quoted.items() if key in keys}
            for quoted in (before.quotes, before.estimates)
        )
        return cls(underlying, [part for part, _ in found], quotes, estimates, [mark for _, mark in found])

    def holds(self, positions: Sequence[Position]) -> bool:
        """Return whether these are the positions laid out here, holding the same."""
        if len(positions) != len(self.parts):
            return False
        for position, part in zip(positions, self.parts, strict=True):
            if position.holdings is not part.holdings:
                return False
        return True

    def forget_marks(self) -> None:
        """Forget what belongs to one view: marks and estimates."""
        self.marks, self.estimates = [None] * len(self.parts), {}

    def last(self, key: int) -> LastQuote | None:
        """Return the last usable quote of a contract, or None where it never had one."""
        quote = self.quotes.get(key)
        return None if quote is None else LastQuote(*quote)

    def exits(self, held: Sequence[Held]) -> list[int]:
        """Return the price per share to close each option: the bid of what is long, else the ask."""
        quotes = self.quotes | self.estimates if self.estimates else self.quotes
        return [quote[0] if one.quantity > 0 else quote[1] for one in held for quote in (quotes[one.key],)]
