"""The store of option chains: an archive to keep, a memory-mapped cache to read."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.store.chain_archive import (
    VendorColumns,
    archive_name,
    read_archive,
    tape_to_frame,
    write_archive,
)
from strikewise.adapters.store.chain_cache import (
    AS_OF,
    KNOWN_AT,
    ROW_BYTES,
    Generation,
    MappedYear,
    open_generation,
)
from strikewise.adapters.store.chain_mixing import mixed
from strikewise.adapters.store.staging import Staging, recover
from strikewise.domain.chain import ChainColumns, ChainTape, OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import Grade

__all__ = ["RESIDENT_BYTES", "ChainStore", "WriteReport"]

RESIDENT_BYTES = 8 << 20
"""Once chains of so many bytes were handed out, the memory they were read into is given back."""
MAPPED_YEARS = 64
"""Years mapped at once, the least recently used let go first; each holds four files open."""
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of the snapshots handed to `ChainStore.write`.

    Attributes
    ----------
    written, replaced, unchanged : int
        Snapshots that are new, that took the place of others of the same instant, and that were there
        already.
    kept : int
        Snapshots refused because one of a better grade is archived for that instant.
    rows : int
        Contracts written or replaced.
    unchanged_rows : int
        Contracts that were there already.
    """

    written: int = 0
    replaced: int = 0
    unchanged: int = 0
    kept: int = 0
    rows: int = 0
    unchanged_rows: int = 0

    def __add__(self, other: WriteReport) -> WriteReport:
        return WriteReport(
            self.written + other.written,
            self.replaced + other.replaced,
            self.unchanged + other.unchanged,
            self.kept + other.kept,
            self.rows + other.rows,
            self.unchanged_rows + other.unchanged_rows,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Years:
    """All years of one underlying; snapshots numbered through."""

    generations: tuple[Generation, ...]
    first: list[int]
    as_of: list[int]
    known_at: list[int]
    instants: NDArray[np.int64]

    @classmethod
    def of(cls, generations: tuple[Generation, ...]) -> _Years:
        counts = [len(one.index) for one in generations]
        empty = np.zeros((0, 7), dtype=np.int64)
        index = np.concatenate([empty, *(one.index for one in generations)])
        first = np.cumsum([0, *counts])[:-1].tolist()
        instants = np.ascontiguousarray(index[:, AS_OF])
        return cls(generations, first, instants.tolist(), index[:, KNOWN_AT].tolist(), instants)


class ChainStore:
    """Option chains of a data home.

    ``chains/<UNDERLYING>/<YEAR>.parquet`` is the archive; everything below ``cache/`` is derived and may
    be deleted. A store sees each underlying as it was archived when first asked for; `refresh` looks
    again.

    Parameters
    ----------
    home : Path
        The data home. It need not exist before something is written.
    resident_bytes : int
        How many bytes of chains are handed out before the memory they were read into is given back.
    """

    def __init__(self, home: Path, *, resident_bytes: int = RESIDENT_BYTES) -> None:
        self.home = home
        self._budget = resident_bytes
        self._handed_out = 0
        self._read: set[tuple[str, int]] = set()
        self._years: dict[str, _Years] = {}
        self._mapped: OrderedDict[tuple[str, int], MappedYear] = OrderedDict()
        self._latest: dict[str, tuple[int, OptionChain]] = {}
        recover(home)

    @cached_property
    def _underlyings(self) -> tuple[str, ...]:
        folder = self.home / "chains"
        return tuple(sorted({path.parent.name for path in folder.glob("*/*.parquet")}))

    def refresh(self) -> None:
        """Look at the archive again when next asked: chains written by another process appear."""
        self._years.clear()
        self._mapped.clear()
        self._latest.clear()
        self.__dict__.pop("_underlyings", None)

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have chains, sorted."""
        return self._underlyings

    def years(self, underlying: str) -> list[int]:
        """Return the years of which an underlying has chains, ascending."""
        return [generation.year for generation in self._attach(underlying).generations]

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants (Unix seconds, ascending) of an underlying's chains."""
        return self._attach(underlying).instants

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain taken and known at or before an instant, or None where there is none.

        Its columns are views of the mapped store: a few microseconds, and no copy.
        """
        years = self._years.get(underlying) or self._attach(underlying)
        seconds = as_of.timestamp()
        number = bisect_right(years.as_of, seconds) - 1
        while number >= 0 and years.known_at[number] > seconds:
            number -= 1
        if number < 0:
            return None
        latest = self._latest.get(underlying)
        if latest is not None and latest[0] == number:
            return latest[1]
        position = bisect_right(years.first, number) - 1
        tape = self._map(underlying, years.generations[position])
        chain = tape.chain(number - years.first[position])
        self._hand_out(len(chain))
        self._latest[underlying] = number, chain
        return chain

    def tape(self, underlying: str, year: int) -> ChainTape:
        """Return all chains of an underlying in a year (UTC).

        Raises
        ------
        MissingDataError
            If there are none.
        """
        for generation in self._attach(underlying).generations:
            if generation.year == year:
                self._hand_out(generation.rows)
                return self._map(underlying, generation)
        raise MissingDataError(
            f"There are no chains of {underlying} in {year}; it has {self.years(underlying) or 'none'}."
        )

    def digest(self, underlying: str, start: date, end: date) -> str:
        """Return a digest of an underlying's chains from ``start`` to ``end`` (UTC days, both included).

        Equal digests mean equal data, however and in whatever order they were imported.
        """
        low, high = days_of(start) * SECONDS_A_DAY, (days_of(end) + 1) * SECONDS_A_DAY
        digest = hashlib.sha256(underlying.encode())
        for generation in self._attach(underlying).generations:
            first, last = np.searchsorted(generation.index[:, AS_OF], (low, high))
            digest.update(np.ascontiguousarray(generation.digests[first:last]).data)
        return digest.hexdigest()

    def write(
        self, tape: ChainTape, vendor: VendorColumns | None = None, *, staging: Staging | None = None
    ) -> WriteReport:
        """Merge chains into the archive; writing the same again changes nothing.

        A snapshot of an instant that is already archived takes its place, unless the archived one is of a
        better grade. A few recorded contracts among reconstructed ones are put in their places
        (`chain_mixing`).

        Parameters
        ----------
        tape : ChainTape
            The chains.
        vendor : VendorColumns, optional
            The vendor's own volatilities and deltas, row by row.
        staging : Staging, optional
            A change in progress that this belongs to; without it the chains are in place on return.
        """
        if staging is None:
            with Staging(self.home) as own:
                report = self.write(tape, vendor, staging=own)
                own.commit()
            self.refresh()
            return report
        report = WriteReport()
        year_of = tape.as_of.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
        for year in np.unique(year_of).tolist():
            first, last = np.searchsorted(year_of, (year, year + 1)).tolist()
            part, part_vendor = _slice(tape, first, last, vendor)
            name = archive_name(tape.underlying, year)
            current = staging.current(name)
            old = None if current is None else read_archive(current)
            merged, said = _merge(old, tape_to_frame(part, part_vendor))
            if said.rows:
                staging.write(name, partial(write_archive, merged))
            report += said
        return report

    def _attach(self, underlying: str) -> _Years:
        years = self._years.get(underlying)
        if years is None:
            folder = self.home / "cache" / "chains" / underlying
            archives = sorted((self.home / "chains" / underlying).glob("[0-9][0-9][0-9][0-9].parquet"))
            years = self._years[underlying] = _Years.of(
                tuple(open_generation(one, folder, underlying, int(one.stem)) for one in archives)
            )
        return years

    def _map(self, underlying: str, generation: Generation) -> ChainTape:
        key = (underlying, generation.year)
        self._read.add(key)
        mapped = self._mapped.get(key)
        if mapped is not None:
            self._mapped.move_to_end(key)
            return mapped.tape
        mapped = self._mapped[key] = generation.map()
        while len(self._mapped) > MAPPED_YEARS:
            self._mapped.popitem(last=False)
        return mapped.tape

    def _hand_out(self, rows: int) -> None:
        """Count rows that a reader will read, and give back the memory of those read before."""
        self._handed_out += rows * ROW_BYTES
        if self._handed_out > self._budget:
            self._handed_out = rows * ROW_BYTES
            for key in self._read & self._mapped.keys():
                self._mapped[key].release()
            self._read.clear()


def _slice(
    tape: ChainTape, first: int, last: int, vendor: VendorColumns | None
) -> tuple[ChainTape, VendorColumns | None]:
    """Return snapshots ``first`` to ``last`` of a tape, as views."""
    if first == 0 and last == len(tape):
        return tape, vendor
    start, stop = int(tape.offsets[first]), int(tape.offsets[last])
    columns = ChainColumns(
        **{name: getattr(tape.columns, name)[start:stop] for name in ChainColumns.__dataclass_fields__}
    )
    part = ChainTape(
        underlying=tape.underlying,
        as_of=tape.as_of[first:last],
        known_at=tape.known_at[first:last],
        spot_cents=tape.spot_cents[first:last],
        grade=tape.grade[first:last],
        source=tape.source[first:last],
        sources=tape.sources,
        offsets=tape.offsets[first : last + 1] - start,
        columns=columns,
    )
    return part, None if vendor is None else VendorColumns(vendor.iv[start:stop], vendor.delta[start:stop])


def _merge(old: pl.DataFrame | None, new: pl.DataFrame) -> tuple[pl.DataFrame, WriteReport]:
    """Return the archive with new snapshots in place, and what became of each of them."""
    if old is None:
        return new, WriteReport(written=new["as_of"].n_unique(), rows=len(new))
    rank = {str(grade): position for position, grade in enumerate(Grade)}
    touched = old.filter(pl.col("as_of").is_in(new["as_of"].unique().implode()))
    archived = touched.partition_by("as_of", as_dict=True)
    taken: list[pl.DataFrame] = []
    replaced = unchanged = kept = same_rows = 0
    for instant, chain in new.partition_by("as_of", as_dict=True).items():
        before = archived.get(instant)
        if before is None:
            taken.append(chain)
        elif before.equals(chain):
            unchanged += 1
            same_rows += len(chain)
        elif (both := mixed(before, chain)) is not None:
            unchanged += both.equals(before)
            same_rows += len(chain) if both.equals(before) else 0
            if not both.equals(before):
                replaced += 1
                taken.append(both)
        elif rank[before["grade"][0]] < rank[chain["grade"][0]]:
            kept += 1
        else:
            replaced += 1
            taken.append(chain)
    report = WriteReport(len(taken) - replaced, replaced, unchanged, kept, sum(map(len, taken)), same_rows)
    if not taken:
        return old, report
    fresh = pl.concat(taken)
    rest = old.filter(~pl.col("as_of").is_in(fresh["as_of"].unique().implode()))
    # Rows of a snapshot are sorted already; a stable sort by instant keeps them so.
    return pl.concat([rest, fresh]).sort("as_of", maintain_order=True), report
