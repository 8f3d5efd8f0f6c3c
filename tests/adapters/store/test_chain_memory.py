"""The memory that chains were read into is given back, and what was handed out stays readable."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from adapters.made_chains import close_of
from strikewise.adapters.store.chain_cache import ROW_BYTES
from strikewise.adapters.store.chain_store import ChainStore
from strikewise.domain.chain import ChainColumns, ChainTape
from strikewise.domain.instruments import pack_keys

DAYS = [date(2025, 12, 30), date(2025, 12, 31)]
COLUMNS = tuple(ChainColumns.__dataclass_fields__)


def wide_tape(days: list[date], rows: int) -> ChainTape:
    number = len(days) * rows
    as_of = np.array([close_of(day) for day in days], dtype=np.int64)
    key = pack_keys(np.full(rows, 21_000), np.zeros(rows, np.bool_), np.arange(1, rows + 1))
    whole = {name: np.arange(number, dtype=np.int32) for name in COLUMNS[1:5]}
    floats = {name: np.ones(number, dtype=np.float32) for name in COLUMNS[5:10]}
    return ChainTape(
        underlying="SPY",
        as_of=as_of,
        known_at=as_of,
        spot_cents=np.full(len(days), 60_000),
        grade=np.zeros(len(days), np.int8),
        source=np.zeros(len(days), np.int16),
        sources=("here",),
        offsets=rows * np.arange(len(days) + 1),
        columns=ChainColumns(
            key=np.tile(key, len(days)), **whole, **floats, flaws=np.zeros(number, np.uint16)
        ),
    )


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the system does not tell resident memory")
def test_memory_beyond_the_budget_is_given_back_and_what_was_handed_out_stays_readable(
    tmp_path: Path,
) -> None:
    rows = 100_000
    ChainStore(tmp_path).write(wide_tape(DAYS, rows))
    tight = ChainStore(tmp_path, resident_bytes=rows * ROW_BYTES)
    opening, later = (datetime.fromtimestamp(close_of(day), UTC) for day in DAYS)
    first = tight.chain("SPY", opening)
    assert first is not None
    told = int(first.bid.sum())
    before = mapped_bytes(tmp_path)
    tight.chain("SPY", later)
    assert before >= 4 * rows
    assert mapped_bytes(tmp_path) < before / 4
    assert int(first.bid.sum()) == told


def mapped_bytes(folder: Path) -> int:
    """Return the resident bytes of mapped files below a folder."""
    found, ours = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        name, *rest = line.split()
        if not name.endswith(":"):  # the head of a mapping: its addresses first, its file last
            ours = bool(rest) and rest[-1].startswith(str(folder))
        elif ours and name == "Rss:":
            found += int(rest[0]) * 1024
    return found
