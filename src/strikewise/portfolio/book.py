"""The legs that positions hold on one underlying, as columns that a chain is searched for at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.portfolio import Holding, Position
from strikewise.market.estimate import LastQuote

__all__ = ["Book"]

NO_KEY = -1
"""Stands for shares, which no chain lists."""


@dataclass(slots=True)
class Book:
    """All legs of an underlying's positions, in the order of the positions.

    Attributes
    ----------
    underlying : str
        Its symbol.
    holdings : tuple of holdings
        Those of each position; the book is good for as long as they are the same objects.
    instruments : tuple of Instrument
        One a leg.
    owner : (n_legs,) int
        Number of the position each leg belongs to.
    starts : (n_positions,) int
        First leg of each position that holds any.
    key : (n_legs,) int64
        Packed contracts; `NO_KEY` for shares.
    quantity, weight : (n_legs,) int64
        Contracts or shares, and the same times the multiplier; long positive.
    bid, ask : (n_legs,) int64
        Quotes or estimates at the last marking, cents per share; -1 before it.
    known_bid, known_ask, known_iv : (n_legs,)
        The last usable quote and its volatility; -1 and NaN before there was one.
    spot_cents : int
        Price of the underlying at the last marking; -1 before it.
    plan : object
        What the margin module keeps for as long as the legs stay the same.
    """

    underlying: str
    holdings: tuple[tuple[Holding, ...], ...]
    instruments: tuple[Instrument, ...]
    owner: NDArray[np.int64]
    starts: NDArray[np.intp]
    key: NDArray[np.int64]
    quantity: NDArray[np.int64]
    weight: NDArray[np.int64]
    bid: NDArray[np.int64]
    ask: NDArray[np.int64]
    known_bid: NDArray[np.int64]
    known_ask: NDArray[np.int64]
    known_iv: NDArray[np.float64]
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
        legs = [(number, one) for number, position in enumerate(positions) for one in position.holdings]
        instruments = tuple(one.instrument for _, one in legs)
        owners = [number for number, _ in legs]
        quantity = np.array([one.quantity for _, one in legs], dtype=np.int64)
        multiplier = np.array([one.multiplier for one in instruments], dtype=np.int64)
        key = [one.key if isinstance(one, OptionContract) else NO_KEY for one in instruments]
        book = cls(
            underlying=underlying,
            holdings=tuple(position.holdings for position in positions),
            instruments=instruments,
            owner=np.array(owners, dtype=np.int64),
            starts=np.array(
                [row for row, number in enumerate(owners) if row == 0 or number != owners[row - 1]],
                dtype=np.intp,
            ),
            key=np.array(key, dtype=np.int64),
            quantity=quantity,
            weight=quantity * multiplier,
            bid=np.full(len(legs), -1, dtype=np.int64),
            ask=np.full(len(legs), -1, dtype=np.int64),
            known_bid=np.full(len(legs), -1, dtype=np.int64),
            known_ask=np.full(len(legs), -1, dtype=np.int64),
            known_iv=np.full(len(legs), np.nan),
        )
        if before is not None:
            book._recall(before)
        return book

    def _recall(self, before: Book) -> None:
        rows = {key: row for row, key in enumerate(before.key.tolist())}
        known = [(row, rows[key]) for row, key in enumerate(self.key.tolist()) if key in rows]
        if known:
            here, there = (list(each) for each in zip(*known, strict=True))
            self.known_bid[here] = before.known_bid[there]
            self.known_ask[here] = before.known_ask[there]
            self.known_iv[here] = before.known_iv[there]

    def holds(self, positions: Sequence[Position]) -> bool:
        """Return whether these are the positions laid out here, holding the same."""
        return len(positions) == len(self.holdings) and all(
            position.holdings is held for position, held in zip(positions, self.holdings, strict=True)
        )

    def take(
        self,
        usable: NDArray[np.bool_],
        bid: NDArray[np.int64],
        ask: NDArray[np.int64],
        iv: NDArray[np.float64],
    ) -> None:
        """Take quotes where they are usable; the arrays are the book's from now on."""
        if usable.all():
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
    def exit_cents(self) -> NDArray[np.int64]:
        """Price per share to close each leg: the bid of what is long, the ask of what is short."""
        return np.where(self.quantity > 0, self.bid, self.ask)
