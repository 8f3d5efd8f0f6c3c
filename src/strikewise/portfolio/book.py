"""The legs that positions hold on one underlying, as columns that a chain is searched for at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import Instrument, OptionContract, Right, Settlement
from strikewise.domain.portfolio import Holding, Position
from strikewise.market.estimate import LastQuote

__all__ = ["Book", "Part"]

NO_KEY = -1
"""Stands for shares, which no chain lists."""


class Part(NamedTuple):
    """What one position holds, laid out once for as long as it holds the same.

    Attributes
    ----------
    holdings : tuple of Holding
        The very object; what holds another is another part.
    instruments : tuple of Instrument
        One a leg.
    keys, quantities, weights : list of int
        Packed contracts (`NO_KEY` for shares), contracts or shares, and the same times the multiplier.
    shares : int
        Shares among them.
    leaves_naked : bool
        Whether more is sold of a right than held and covered, counted from any expiration on.
    """

    holdings: tuple[Holding, ...]
    instruments: tuple[Instrument, ...]
    keys: list[int]
    quantities: list[int]
    weights: list[int]
    shares: int
    leaves_naked: bool

    @classmethod
    def of(cls, holdings: tuple[Holding, ...]) -> Part:
        """Lay out what a position holds."""
        instruments = tuple([one.instrument for one in holdings])
        quantities = [one.quantity for one in holdings]
        shares = sum(one.quantity for one in holdings if not isinstance(one.instrument, OptionContract))
        return cls(
            holdings,
            instruments,
            [one.key if isinstance(one, OptionContract) else NO_KEY for one in instruments],
            quantities,
            [count * one.multiplier for count, one in zip(quantities, instruments, strict=True)],
            shares,
            _leaves_naked(holdings, shares),
        )


def _leaves_naked(holdings: Sequence[Holding], shares: int) -> bool:
    if all(one.quantity > 0 for one in holdings if isinstance(one.instrument, OptionContract)):
        return False
    for right in Right:
        lots = max(0, shares // 100 if right is Right.CALL else -shares // 100)
        held = [
            ((one.instrument.expiration, one.instrument.root.settlement is Settlement.PM), one.quantity)
            for one in holdings
            if isinstance(one.instrument, OptionContract) and one.instrument.right is right
        ]
        for end in {end for end, quantity in held if quantity < 0}:
            if sum(quantity for other, quantity in held if other >= end) + lots < 0:
                return True
    return False


@dataclass(slots=True)
class Book:
    """All legs of an underlying's positions, in the order of the positions.

    Attributes
    ----------
    underlying : str
        Its symbol.
    parts : list of Part
        What each position holds; the book is good for as long as they hold the same objects.
    instruments : list of Instrument
        One a leg.
    owner : list of int
        Number of the position each leg belongs to.
    starts : (n_positions,) int
        First leg of each position that holds any.
    key : (n_legs,) int64
        Packed contracts; `NO_KEY` for shares.
    quantity, weight : (n_legs,) int64
        Contracts or shares, and the same times the multiplier; long positive.
    bid, ask : (n_legs,) int
        Quotes or estimates at the last marking, cents per share; -1 before it.
    known_bid, known_ask, known_iv : (n_legs,)
        The last usable quote and its volatility; -1 and NaN before there was one.
    spot_cents : int
        Price of the underlying at the last marking; -1 before it.
    plan : object
        What the margin module keeps for as long as the legs stay the same.
    """

    underlying: str
    parts: list[Part]
    instruments: list[Instrument]
    owner: list[int]
    starts: NDArray[np.intp]
    key: NDArray[np.int64]
    quantity: NDArray[np.int64]
    weight: NDArray[np.int64]
    bid: NDArray[np.integer]
    ask: NDArray[np.integer]
    known_bid: NDArray[np.integer]
    known_ask: NDArray[np.integer]
    known_iv: NDArray[np.floating]
    spot_cents: int = -1
    plan: object = field(default=None, repr=False)

    @classmethod
    def of(cls, underlying: str, positions: Sequence[Position], before: Book | None = None) -> Book:
        """Lay out positions, keeping the last quotes of a book before.

        Parameters
        ----------
        underlying : str
            The underlying of them all.
        positions : sequence of Position
            What is held.
        before : Book, optional
            The book that this one replaces.
        """
        known = {} if before is None else {id(part.holdings): part for part in before.parts}
        parts = [known.get(id(one.holdings)) or Part.of(one.holdings) for one in positions]
        owner = [number for number, part in enumerate(parts) for _ in part.keys]
        starts, legs = [], 0
        for part in parts:
            if part.keys:
                starts.append(legs)
                legs += len(part.keys)
        unknown = np.full((4, legs), -1)
        book = cls(
            underlying=underlying,
            parts=parts,
            instruments=[one for part in parts for one in part.instruments],
            owner=owner,
            starts=np.array(starts, dtype=np.intp),
            key=np.array([one for part in parts for one in part.keys], dtype=np.int64),
            quantity=np.array([one for part in parts for one in part.quantities], dtype=np.int64),
            weight=np.array([one for part in parts for one in part.weights], dtype=np.int64),
            bid=unknown[0],
            ask=unknown[1],
            known_bid=unknown[2],
            known_ask=unknown[3],
            known_iv=np.full(legs, np.nan),
        )
        if before is not None and len(before.key) and legs:
            book._recall(before)
        return book

    def _recall(self, before: Book) -> None:
        same = self.key[:, np.newaxis] == before.key
        here, there = np.flatnonzero(same.any(axis=1)), same.argmax(axis=1)
        there = there[here]
        self.known_bid[here] = before.known_bid[there]
        self.known_ask[here] = before.known_ask[there]
        self.known_iv[here] = before.known_iv[there]

    def holds(self, positions: Sequence[Position]) -> bool:
        """Return whether these are the positions laid out here, holding the same."""
        if len(positions) != len(self.parts):
            return False
        for position, part in zip(positions, self.parts, strict=True):
            if position.holdings is not part.holdings:
                return False
        return True

    def take(
        self,
        usable: NDArray[np.bool_],
        bid: NDArray[np.integer],
        ask: NDArray[np.integer],
        iv: NDArray[np.floating],
    ) -> None:
        """Take quotes where they are usable; the arrays are the book's from now on."""
        if np.count_nonzero(usable) == len(usable):
            self.bid, self.ask = bid, ask
            self.known_bid, self.known_ask, self.known_iv = bid, ask, iv
            return
        self.bid, self.ask = np.where(usable, bid, self.bid), np.where(usable, ask, self.ask)
        self.known_bid = np.where(usable, bid, self.known_bid)
        self.known_ask = np.where(usable, ask, self.known_ask)
        self.known_iv = np.where(usable, iv, self.known_iv)

    def last(self, row: int) -> LastQuote | None:
        """Return the last usable quote of a leg, or None where it never had one."""
        if self.known_bid[row] < 0:
            return None
        return LastQuote(int(self.known_bid[row]), int(self.known_ask[row]), float(self.known_iv[row]))

    @property
    def exit_cents(self) -> NDArray[np.integer]:
        """Price per share to close each leg: the bid of what is long, the ask of what is short."""
        return np.where(self.quantity > 0, self.bid, self.ask)
