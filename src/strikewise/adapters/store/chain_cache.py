"""The memory-mapped form of an archive file: a few arrays, rebuilt whenever the archive changes.

Columns that are read together lie side by side: whoever looks at a held contract touches one page for its
quote and one for its Greeks, and not one for each number.

A *generation* is a directory named by the digest of the archive file it was made of. It is built aside,
flushed, and renamed into place, so a reader sees a whole one or none, and two processes that build the
same one do no harm.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strikewise.adapters.store.chain_archive import read_archive, tape_from_frame
from strikewise.adapters.store.staging import flush_directory, flush_file
from strikewise.domain.chain import ChainColumns, ChainTape
from strikewise.domain.errors import StoreError
from strikewise.market.chain_features import ChainStatistics

__all__ = ["Generation", "MappedYear", "open_generation"]

State = dict[str, int]
"""What changes when a file changes, even to other contents of the same size."""

FORMAT = 2
"""Number of this layout; a cache of another number is built anew."""
MANIFEST = "manifest.json"
COLUMNS = tuple(field.name for field in fields(ChainColumns))
ARRAYS: dict[str, tuple[str, ...]] = {
    "key": ("key",),
    "quotes": ("bid", "ask", "volume", "open_interest"),
    "greeks": ("iv", "delta", "gamma", "theta", "vega"),
    "flaws": ("flaws",),
}
"""The mapped arrays, and the columns that lie side by side in each."""
MEASURED = ("iv30", "skew", "term_slope", "put_call_volume")
"""Properties of `ChainStatistics` that are computed once, when the cache is built."""
FORMULAS = hashlib.sha256((files("strikewise.market") / "chain_features.py").read_bytes()).hexdigest()
"""Digest of the code that computes them; a cache of other code is built anew."""
AS_OF, KNOWN_AT, SPOT, GRADE, SOURCE, START, STOP = range(7)
"""Columns of the snapshot index."""
CACHED = [
    *("as_of", "known_at", "spot_cents", "grade", "source", "expiration", "root", "right", "strike_milli"),
    *("bid", "ask", "volume", "open_interest", "iv", "delta", "gamma", "theta", "vega", "flaws"),
]
ROW_BYTES = 46
"""Bytes of one contract in all mapped columns."""
DIGEST_BYTES = 16
KEPT_GENERATIONS = 2
BUILDING = ".building-"
FORSAKEN_SECONDS = 3600
"""A generation that was begun so long before another one, and is not done, was left by a crash."""


@dataclass(frozen=True, slots=True, eq=False)
class MappedYear:
    """A year's columns in memory.

    Attributes
    ----------
    tape : ChainTape
        The chains, as views of the mapping.
    files : tuple of mmap
        What is mapped.
    """

    tape: ChainTape
    files: tuple[mmap.mmap, ...]

    def release(self) -> None:
        """Give back the memory of what was read so far; views stay valid and are read again when touched."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for file in self.files:
                file.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """An opened cache of one archive file: the snapshot index in memory, the columns mapped when asked for.

    Attributes
    ----------
    underlying : str
        The underlying's symbol.
    year : int
        The archive's year.
    folder : Path
        Where the arrays lie.
    index : (d, 7) int64
        One row a snapshot: as_of, known_at, spot, grade, source, first and last row.
    measured : (d, 4) float64
        What was computed of each snapshot, a column for each of `MEASURED`.
    digests : (d, 16) uint8
        Digest of each snapshot's contents.
    sources : tuple of str
        Names of the sources.
    """

    underlying: str
    year: int
    folder: Path
    index: NDArray[np.int64]
    measured: NDArray[np.float64]
    digests: NDArray[np.uint8]
    sources: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Contracts in the archive file."""
        return int(self.index[-1, STOP]) if len(self.index) else 0

    def map(self) -> MappedYear:
        """Map the columns into memory; they are read from disk as they are touched.

        Raises
        ------
        StoreError
            If the generation has been cleared away because the archive changed since it was opened.
        """
        try:
            mapped = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
        except FileNotFoundError as error:
            raise StoreError(
                f"The chains of {self.underlying} {self.year} changed more than once while they were in use: "
                "open the store again."
            ) from error
        if any(array.shape != (self.rows, len(ARRAYS[name])) for name, array in mapped.items()):
            raise StoreError(f"{self.folder} is damaged: delete it, it will be built anew.")
        # Plain arrays over the mapping: slicing a `memmap` costs microseconds of bookkeeping.
        columns = {
            column: mapped[name].view(np.ndarray)[:, place]
            for name, together in ARRAYS.items()
            for place, column in enumerate(together)
        }
        index = self.index
        tape = ChainTape(
            underlying=self.underlying,
            as_of=index[:, AS_OF],
            known_at=index[:, KNOWN_AT],
            spot_cents=index[:, SPOT],
            grade=index[:, GRADE].astype(np.int8),
            source=index[:, SOURCE].astype(np.int16),
            sources=self.sources,
            offsets=np.append(index[:, START], self.rows),
            columns=ChainColumns(**columns),
            measured=[dict(zip(MEASURED, row, strict=True)) for row in self.measured.tolist()],
        )
        return MappedYear(tape, tuple(one.base for one in mapped.values() if isinstance(one.base, mmap.mmap)))


def open_generation(archive: Path, folder: Path, underlying: str, year: int) -> Generation:
    """Open the cache of an archive file, building it first where there is none of the file as it stands.

    Parameters
    ----------
    archive : Path
        The Parquet file.
    folder : Path
        Where generations of this underlying are kept.
    underlying : str
        The underlying's symbol.
    year : int
        The archive's year.

    Raises
    ------
    StoreError
        If it must be built and cannot be written, for want of room or of the right to.
    """
    state = _state(archive)
    for found in sorted(folder.glob(f"{year}-*/{MANIFEST}")):
        generation = _open(found, state, underlying, year)
        if generation is not None:
            return generation
    contents = archive.read_bytes()
    target = folder / f"{year}-{hashlib.sha256(contents).hexdigest()[:16]}"
    if (generation := _open(target / MANIFEST, None, underlying, year)) is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _build(archive, contents, target, state)
        except OSError as error:
            raise StoreError(
                f"The chains of {underlying} {year} cannot be made ready to read in {folder} "
                f"({error.strerror or error}): it must be writable, on a disk with room. Where that was done "
                "once, as `strikewise data status` does it, a home or its copy is read on any disk."
            ) from error
        generation = _open(target / MANIFEST, None, underlying, year)
    else:
        with suppress(OSError):  # then each opening reads the archive again
            _write_manifest(target, state)
    _clear_old(folder, year, keep=target)
    if generation is None:
        raise StoreError(f"{target} cannot be read right after it was built: is the disk full?")
    return generation


def _state(archive: Path) -> State:
    stat = archive.stat()
    return {
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "ctime_ns": stat.st_ctime_ns,
        "inode": stat.st_ino,
    }


def _open(manifest: Path, state: State | None, underlying: str, year: int) -> Generation | None:
    """Open a generation if it is whole and, where a state is given, of that state of the archive."""
    folder = manifest.parent
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        if said["format"] != FORMAT or said["formulas"] != FORMULAS or (state and said["archive"] != state):
            return None
        if any((folder / name).stat().st_size != size for name, size in said["files"].items()):
            return None
        index = np.load(folder / "index.npy")
        measured = np.load(folder / "measured.npy")
        digests = np.load(folder / "digests.npy")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Generation(underlying, year, folder, index, measured, digests, tuple(said["sources"]))


def _build(archive: Path, contents: bytes, target: Path, state: State) -> None:
    """Build a generation aside and rename it into place, unless another process was first."""
    underlying = archive.parent.name
    tape = tape_from_frame(underlying, read_archive(archive, CACHED, contents=contents))
    aside = Path(tempfile.mkdtemp(prefix=BUILDING, dir=target.parent))
    try:
        for name, together in ARRAYS.items():
            np.save(aside / f"{name}.npy", np.stack([getattr(tape.columns, one) for one in together], axis=1))
        bounds = (tape.offsets[:-1], tape.offsets[1:])
        heads = (tape.as_of, tape.known_at, tape.spot_cents, tape.grade, tape.source, *bounds)
        np.save(aside / "index.npy", np.stack(heads, axis=1).astype(np.int64))
        np.save(aside / "measured.npy", _measured(tape))
        np.save(aside / "digests.npy", snapshot_digests(tape))
        sizes = {path.name: path.stat().st_size for path in sorted(aside.iterdir())}
        said = {
            "format": FORMAT,
            "formulas": FORMULAS,
            "archive": state,
            "files": sizes,
            "sources": tape.sources,
        }
        (aside / MANIFEST).write_text(json.dumps(said, sort_keys=True), encoding="utf-8")
        for path in aside.iterdir():
            flush_file(path)
        flush_directory(aside)
        try:
            aside.rename(target)
        except OSError:
            if _open(target / MANIFEST, None, underlying, int(archive.stem)) is not None:
                return
            shutil.rmtree(target, ignore_errors=True)
            aside.rename(target)
        flush_directory(target.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _measured(tape: ChainTape) -> NDArray[np.float64]:
    """Compute of each snapshot what every run would compute of it anew, shape ``(d, len(MEASURED))``."""
    found = [ChainStatistics(tape.chain(number)) for number in range(len(tape))]
    rows = [[getattr(one, name) for name in MEASURED] for one in found]
    return np.array(rows, dtype=np.float64).reshape(len(tape), len(MEASURED))


def _write_manifest(folder: Path, state: State) -> None:
    """Say that a generation is also of the archive as it now stands: touched, its contents the same."""
    said = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | {"archive": state}
    handle, name = tempfile.mkstemp(prefix=".manifest-", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(said, stream, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).replace(folder / MANIFEST)
    flush_directory(folder)


def _clear_old(folder: Path, year: int, keep: Path) -> None:
    """Delete generations of a year but the newest few: what a reader has mapped stays readable to it.

    And what another process began to build long before the newest one, and never finished.
    """
    newest = keep.stat().st_mtime
    for aside in folder.glob(f"{BUILDING}*"):
        with suppress(FileNotFoundError):
            if newest - aside.stat().st_mtime > FORSAKEN_SECONDS:
                shutil.rmtree(aside, ignore_errors=True)
    others = [path for path in folder.glob(f"{year}-*") if path != keep]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in others[KEPT_GENERATIONS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def snapshot_digests(tape: ChainTape) -> NDArray[np.uint8]:
    """Return a digest of everything that is known of each snapshot, the same however it was stored."""
    digests = np.zeros((len(tape), DIGEST_BYTES), dtype=np.uint8)
    for number in range(len(tape)):
        start, stop = int(tape.offsets[number]), int(tape.offsets[number + 1])
        head = (
            int(tape.as_of[number]),
            int(tape.known_at[number]),
            int(tape.spot_cents[number]),
            int(tape.grade[number]),
            tape.sources[int(tape.source[number])],
        )
        digest = hashlib.blake2b(repr(head).encode(), digest_size=DIGEST_BYTES)
        for name in COLUMNS:
            digest.update(np.ascontiguousarray(getattr(tape.columns, name)[start:stop]).data)
        digests[number] = np.frombuffer(digest.digest(), dtype=np.uint8)
    return digests
