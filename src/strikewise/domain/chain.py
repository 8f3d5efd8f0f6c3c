"""An option chain: one underlying at one instant, as columns that are views into a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.errors import DomainError
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    ROOT_MASK,
    ROOT_SHIFT,
    STRIKE_BITS,
    STRIKE_MASK,
    OptionContract,
    Right,
    date_of,
    days_of,
)
from strikewise.domain.quotes import Grade, Quote

RECORDED_MARK = np.uint16(1 << 15)
"""Bit of ``flaws`` that is no flaw: the row was recorded, in a chain that is graded reconstructed."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainColumns:
    """The columns of many contracts, sorted by key within each snapshot.

    Attributes
    ----------
    key : (n,) int64
        Packed contract, see `strikewise.domain.instruments`.
    bid, ask : (n,) int32
        Cents per share; -1 where unknown.
    volume, open_interest : (n,) int32
        Contracts; -1 where unknown.
    iv : (n,) float32
        Implied volatility as a fraction, recomputed by strikewise; NaN where none exists.
    delta, gamma, theta, vega : (n,) float32
        Greeks at that volatility, in the units of `strikewise.domain.greeks`; NaN where unknown.
    flaws : (n,) uint16
        Bit set of `strikewise.market.quality.Flaw`.
    """

    key: NDArray[np.int64]
    bid: NDArray[np.int32]
    ask: NDArray[np.int32]
    volume: NDArray[np.int32]
    open_interest: NDArray[np.int32]
    iv: NDArray[np.float32]
    delta: NDArray[np.float32]
    gamma: NDArray[np.float32]
    theta: NDArray[np.float32]
    vega: NDArray[np.float32]
    flaws: NDArray[np.uint16]

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise DomainError(f"The columns of a chain must be equally long; were {lengths}.")


class ExpirationSide(NamedTuple):
    """A run of a chain's rows: one expiration, root and right, strikes ascending.

    ``start`` and ``stop`` are row numbers of the chain it was asked of.
    """

    expiration: date
    root_code: int
    right: Right
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class OptionChain:
    """All options of one underlying at one instant; slices are views, never copies.

    Attributes
    ----------
    underlying : str
        The underlying's symbol.
    as_of : datetime
        Instant of the snapshot, UTC.
    known_at : datetime
        Instant from which it could be known, UTC.
    grade : Grade
        How far its prices can be believed.
    source : str
        Where it came from.
    spot_cents : int
        Price of the underlying in cents; -1 where unknown.
    columns : ChainColumns
        The columns; the chain is their rows ``start`` to ``stop``.
    measured : mapping of str to float or None
        Features computed of this very snapshot when it was stored, by name.
    """

    underlying: str
    as_of: datetime
    known_at: datetime
    grade: Grade
    source: str
    spot_cents: int
    columns: ChainColumns
    start: int
    stop: int
    measured: Mapping[str, float] | None = None

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def spot(self) -> float:
        """Price of the underlying in dollars; NaN where unknown."""
        return self.spot_cents / 100 if self.spot_cents >= 0 else float("nan")

    @property
    def key(self) -> NDArray[np.int64]:
        """Packed contracts, ascending."""
        return self.columns.key[self.start : self.stop]

    @property
    def bid(self) -> NDArray[np.int32]:
        """Bids in cents per share; -1 where unknown."""
        return self.columns.bid[self.start : self.stop]

    @property
    def ask(self) -> NDArray[np.int32]:
        """Asks in cents per share; -1 where unknown."""
        return self.columns.ask[self.start : self.stop]

    @property
    def volume(self) -> NDArray[np.int32]:
        """Contracts traded; -1 where unknown."""
        return self.columns.volume[self.start : self.stop]

    @property
    def open_interest(self) -> NDArray[np.int32]:
        """Contracts open; -1 where unknown."""
        return self.columns.open_interest[self.start : self.stop]

    @property
    def iv(self) -> NDArray[np.float32]:
        """Implied volatilities as fractions; NaN where none exists."""
        return self.columns.iv[self.start : self.stop]

    @property
    def delta(self) -> NDArray[np.float32]:
        """Deltas; NaN where unknown."""
        return self.columns.delta[self.start : self.stop]

    @property
    def gamma(self) -> NDArray[np.float32]:
        """Gammas per $1²; NaN where unknown."""
        return self.columns.gamma[self.start : self.stop]

    @property
    def theta(self) -> NDArray[np.float32]:
        """Thetas, dollars per share per calendar day; NaN where unknown."""
        return self.columns.theta[self.start : self.stop]

    @property
    def vega(self) -> NDArray[np.float32]:
        """Vegas, dollars per share per volatility point; NaN where unknown."""
        return self.columns.vega[self.start : self.stop]

    @property
    def flaws(self) -> NDArray[np.uint16]:
        """Flaws of each quote, a bit set."""
        return self.columns.flaws[self.start : self.stop]

    @property
    def strike(self) -> NDArray[np.float64]:
        """Strikes in dollars."""
        return np.asarray((self.key & STRIKE_MASK) / 1000.0)

    @property
    def is_put(self) -> NDArray[np.bool_]:
        """True for puts."""
        return ((self.key >> STRIKE_BITS) & 1).astype(np.bool_)

    @property
    def expiration_days(self) -> NDArray[np.int64]:
        """Expirations as days since 1970-01-01."""
        return self.key >> EXPIRATION_SHIFT

    @property
    def day(self) -> date:
        """The snapshot's date in UTC: its session's date for every American session before 19:00."""
        return self.as_of.date()

    @property
    def dte(self) -> NDArray[np.int64]:
        """Calendar days to expiration."""
        return self.expiration_days - days_of(self.day)

    def rows(self, start: int, stop: int) -> OptionChain:
        """Return the rows ``start`` to ``stop`` as a chain of their own, empty where ``stop`` comes first."""
        first, last = self.start + start, self.start + max(start, min(stop, len(self)))
        head = (self.underlying, self.as_of, self.known_at, self.grade, self.source, self.spot_cents)
        return OptionChain(*head, self.columns, first, last)

    def window(self, min_dte: int, max_dte: int) -> OptionChain:
        """Return the contracts that expire in ``min_dte`` to ``max_dte`` calendar days, both included."""
        today = days_of(self.day)
        bounds = [(today + days) << EXPIRATION_SHIFT for days in (min_dte, max_dte + 1)]
        start, stop = np.searchsorted(self.key, bounds).tolist()
        return self.rows(start, stop)

    def sides(self) -> list[ExpirationSide]:
        """Return the runs of equal (expiration, root, right), in order."""
        key = self.key
        if len(key) == 0:
            return []
        group = key >> STRIKE_BITS
        bounds = [0, *(np.flatnonzero(group[1:] != group[:-1]) + 1).tolist(), len(key)]
        found = []
        for start, stop in pairwise(bounds):
            packed = int(key[start])
            right = Right.PUT if (packed >> STRIKE_BITS) & 1 else Right.CALL
            root = (packed >> ROOT_SHIFT) & ROOT_MASK
            found.append(ExpirationSide(date_of(packed >> EXPIRATION_SHIFT), root, right, start, stop))
        return found

    def side(self, side: ExpirationSide) -> OptionChain:
        """Return one run of this chain's rows as a chain."""
        return self.rows(side.start, side.stop)

    def contract(self, row: int) -> OptionContract:
        """Return the contract in a row."""
        return OptionContract.from_key(self.underlying, int(self.key[row]))

    def find(self, contract: OptionContract) -> int | None:
        """Return the row of a contract, or None where the chain does not have it."""
        packed = contract.key
        key = self.key
        row = int(key.searchsorted(packed))
        return row if row < len(key) and int(key[row]) == packed else None

    def grade_of(self, row: int) -> Grade:
        """Return how far a row's own price can be believed: a recorded one may stand amid others."""
        return Grade.QUOTES if self.flaws[row] & RECORDED_MARK else self.grade

    def quote(self, contract: OptionContract) -> Quote:
        """Return a contract's bid and ask; a missing quote where the chain does not have it."""
        row = self.find(contract)
        return Quote.missing() if row is None else Quote(int(self.bid[row]), int(self.ask[row]))

    @classmethod
    def of(
        cls,
        columns: ChainColumns,
        *,
        underlying: str,
        as_of: datetime,
        spot_cents: int,
        grade: Grade,
        source: str,
        known_at: datetime | None = None,
    ) -> OptionChain:
        """Make a chain of whole columns, refusing what is not sorted by key.

        Raises
        ------
        DomainError
            If the keys are not strictly increasing.
        """
        if len(columns.key) > 1 and not bool(np.all(columns.key[1:] > columns.key[:-1])):
            raise DomainError(
                f"The chain of {underlying} at {as_of.isoformat()} is not strictly sorted by key."
            )
        known, rows = known_at or as_of, len(columns.key)
        return cls(underlying, as_of, known, grade, source, spot_cents, columns, 0, rows)


GRADES: tuple[Grade, ...] = tuple(Grade)
"""Grades by the number that columns store."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainTape:
    """Many snapshots of one underlying, oldest first: what importers make, stores keep and readers slice.

    Attributes
    ----------
    underlying : str
        The underlying's symbol.
    as_of, known_at : (d,) int64
        Unix seconds of each snapshot, and from when it could be known; ``as_of`` strictly increasing.
    spot_cents : (d,) int64
        Price of the underlying at each snapshot; -1 where unknown.
    grade : (d,) int8
        Index into `GRADES`.
    source : (d,) int16
        Index into ``sources``.
    sources : tuple of str
        Where snapshots came from.
    offsets : (d + 1,) int64
        Rows of snapshot ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    columns : ChainColumns
        All rows, sorted by key within each snapshot.
    measured : sequence of mappings
        `OptionChain.measured` of each snapshot; empty where nothing was computed.
    """

    underlying: str
    as_of: NDArray[np.int64]
    known_at: NDArray[np.int64]
    spot_cents: NDArray[np.int64]
    grade: NDArray[np.int8]
    source: NDArray[np.int16]
    sources: tuple[str, ...]
    offsets: NDArray[np.int64]
    columns: ChainColumns
    measured: Sequence[Mapping[str, float]] = ()

    def __len__(self) -> int:
        return len(self.as_of)

    def chain(self, index: int) -> OptionChain:
        """Return one snapshot, as views."""
        return OptionChain(
            self.underlying,
            datetime.fromtimestamp(int(self.as_of[index]), UTC),
            datetime.fromtimestamp(int(self.known_at[index]), UTC),
            GRADES[int(self.grade[index])],
            self.sources[int(self.source[index])],
            int(self.spot_cents[index]),
            self.columns,
            int(self.offsets[index]),
            int(self.offsets[index + 1]),
            self.measured[index] if self.measured else None,
        )
