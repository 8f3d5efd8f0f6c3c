"""The chain store gives back what was written, quickly, and survives what happens to files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.made_chains import close_of, small_tape
from strikewise.adapters.store.chain_archive import ARCHIVE_SCHEMA, VendorColumns, archive_name
from strikewise.adapters.store.chain_store import ChainStore, WriteReport
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.errors import MissingDataError, StoreError
from strikewise.domain.instruments import INDEX_ROOTS, pack_keys
from strikewise.domain.quotes import Grade
from strikewise.market.chain_features import ChainStatistics

DAYS = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 2), date(2026, 1, 5)]
COLUMNS = tuple(ChainColumns.__dataclass_fields__)


def instant(day: date, hours: float = 0) -> datetime:
    return datetime.fromtimestamp(close_of(day), UTC) + timedelta(hours=hours)


def assert_same(found: ChainTape, written: ChainTape) -> None:
    assert len(found) == len(written)
    for index in range(len(written)):
        one, other = found.chain(index), written.chain(index)
        assert (one.as_of, one.known_at, one.grade, one.source) == (
            other.as_of,
            other.known_at,
            other.grade,
            other.source,
        )
        assert (one.underlying, one.spot_cents) == (other.underlying, other.spot_cents)
        for name in COLUMNS:
            np.testing.assert_array_equal(
                getattr(one.columns, name)[one.start : one.stop],
                getattr(other.columns, name)[other.start : other.stop],
            )


@st.composite
def tapes(draw: st.DrawFn) -> ChainTape:
    underlying = draw(st.sampled_from(["SPY", "SPX"]))
    roots = len(INDEX_ROOTS.get(underlying, ("SPY",)))
    days = sorted(draw(st.sets(st.integers(0, 400), min_size=1, max_size=4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    counts = [draw(st.integers(1, 30)) for _ in days]
    keys = []
    for count in counts:
        key = pack_keys(
            rng.integers(20_500, 21_000, count),
            rng.random(count) < 0.5,
            rng.integers(1, 2**27, count),
            rng.integers(0, roots, count),
        )
        keys.append(np.unique(key))
    counts = [len(key) for key in keys]
    total = sum(counts)
    whole = {n: rng.integers(-1, 2**31, total).astype(np.int32) for n in COLUMNS[1:5]}
    floats = {
        n: np.where(rng.random(total) < 0.2, np.nan, rng.normal(size=total)).astype(np.float32)
        for n in COLUMNS[5:10]
    }
    as_of = close_of(date(2025, 6, 2)) + np.array(days, dtype=np.int64) * 86_400
    return ChainTape(
        underlying=underlying,
        as_of=as_of,
        known_at=as_of + rng.integers(0, 1000, len(days)),
        spot_cents=rng.integers(-1, 10**6, len(days)),
        grade=rng.integers(0, len(GRADES), len(days)).astype(np.int8),
        source=rng.integers(0, 2, len(days)).astype(np.int16),
        sources=("here", "there"),
        offsets=np.cumsum([0, *counts]).astype(np.int64),
        columns=ChainColumns(
            key=np.concatenate(keys),
            **whole,
            **floats,
            flaws=rng.integers(0, 2**16, total).astype(np.uint16),
        ),
    )


@settings(max_examples=25, deadline=None)
@given(tape=tapes())
def test_what_is_written_comes_back(tape: ChainTape) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        store = ChainStore(home)
        store.write(tape)
        written = {year: store.tape(tape.underlying, year) for year in store.years(tape.underlying)}
        found = [one.chain(i) for one in written.values() for i in range(len(one))]
        assert [one.as_of.timestamp() for one in found] == tape.as_of.tolist()
        for index, one in enumerate(found):
            other = tape.chain(index)
            assert (one.known_at, one.grade, one.source, one.spot_cents) == (
                other.known_at,
                other.grade,
                other.source,
                other.spot_cents,
            )
            for name in COLUMNS:
                np.testing.assert_array_equal(
                    getattr(one.columns, name)[one.start : one.stop],
                    getattr(other.columns, name)[other.start : other.stop],
                )
    finally:
        shutil.rmtree(home)


@pytest.fixture
def store(tmp_path: Path) -> ChainStore:
    opened = ChainStore(tmp_path / "home")
    opened.write(small_tape(DAYS))
    return opened


def test_a_store_that_was_never_written_to_is_empty(tmp_path: Path) -> None:
    empty = ChainStore(tmp_path / "nowhere")
    assert list(empty.underlyings()) == []
    assert len(empty.snapshots("SPY")) == 0
    assert empty.chain("SPY", instant(DAYS[0])) is None
    with pytest.raises(MissingDataError, match="no chains of SPY in 2026"):
        empty.tape("SPY", 2026)
    assert not (tmp_path / "nowhere").exists()


def test_the_chain_of_an_instant_is_the_latest_one_known_then(store: ChainStore) -> None:
    assert store.chain("SPY", instant(DAYS[0], -1)) is None
    for before, after in pairwise(DAYS):
        for at in (instant(before), instant(after, -0.01)):
            chain = store.chain("SPY", at)
            assert chain is not None
            assert chain.as_of == instant(before)
    assert store.snapshots("SPY").tolist() == [close_of(day) for day in DAYS]


def test_a_chain_known_late_is_not_given_out_before(tmp_path: Path) -> None:
    store = ChainStore(tmp_path)
    store.write(small_tape(DAYS[:2], delay=900))
    at_close = store.chain("SPY", instant(DAYS[1]))
    later = store.chain("SPY", instant(DAYS[1], 0.25))
    assert at_close is not None
    assert later is not None
    assert (at_close.as_of, later.as_of) == (instant(DAYS[0]), instant(DAYS[1]))


def test_a_slice_is_a_view_of_the_mapped_file(store: ChainStore) -> None:
    chain, again = (store.chain("SPY", instant(DAYS[3])) for _ in range(2))
    assert chain is not None
    assert again is not None
    assert np.shares_memory(chain.bid, again.bid)
    assert not chain.bid.flags.writeable


def test_writing_the_same_again_changes_no_byte(store: ChainStore) -> None:
    files = sorted((store.home / "chains").rglob("*.parquet"))
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    report = store.write(small_tape(DAYS))
    assert report == WriteReport(unchanged=4, unchanged_rows=80)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in files] == before


def test_a_snapshot_written_again_takes_the_place_of_the_old_one(store: ChainStore) -> None:
    other = small_tape(DAYS[2:3], level=0.3)
    report = store.write(other)
    assert (report.written, report.replaced, report.unchanged) == (0, 1, 0)
    chain = store.chain("SPY", instant(DAYS[2]))
    assert chain is not None
    np.testing.assert_array_equal(chain.bid, other.columns.bid)
    assert len(store.snapshots("SPY")) == 4


def test_a_worse_grade_never_replaces_a_better_one(store: ChainStore) -> None:
    before = store.digest("SPY", DAYS[0], DAYS[-1])
    made = store.write(small_tape(DAYS[1:2], level=0.3, grade=Grade.RECONSTRUCTED))
    assert (made.kept, made.replaced) == (1, 0)
    assert store.digest("SPY", DAYS[0], DAYS[-1]) == before
    chain = store.chain("SPY", instant(DAYS[1]))
    assert chain is not None
    assert chain.grade is Grade.QUOTES


def test_digests_are_of_the_data_and_not_of_how_they_came(tmp_path: Path, store: ChainStore) -> None:
    backwards = ChainStore(tmp_path / "other")
    for day in reversed(DAYS):
        backwards.write(small_tape([day]) if day.year == 2026 else small_tape_of_2025(day))
    assert backwards.digest("SPY", DAYS[0], DAYS[-1]) == store.digest("SPY", DAYS[0], DAYS[-1])
    assert store.digest("SPY", DAYS[0], DAYS[1]) != store.digest("SPY", DAYS[0], DAYS[2])
    part = store.digest("SPY", DAYS[2], DAYS[2])
    store.write(small_tape(DAYS[3:], level=0.31))
    assert store.digest("SPY", DAYS[2], DAYS[2]) == part
    assert store.digest("SPY", DAYS[2], DAYS[3]) != backwards.digest("SPY", DAYS[2], DAYS[3])


def small_tape_of_2025(day: date) -> ChainTape:
    """The snapshot of a day of 2025 as it stands in a tape that goes on to 2026: the same expirations."""
    whole = small_tape([day, DAYS[-1]])
    head = ChainColumns(**{name: getattr(whole.columns, name)[: whole.offsets[1]] for name in COLUMNS})
    first = {
        name: getattr(whole, name)[:1] for name in ("as_of", "known_at", "spot_cents", "grade", "source")
    }
    return ChainTape("SPY", sources=whole.sources, offsets=whole.offsets[:2], columns=head, **first)


def test_the_archive_is_plain_parquet_with_cents_and_nulls(store: ChainStore) -> None:
    frame = pl.read_parquet(store.home / archive_name("SPY", 2026))
    assert dict(frame.schema) == ARCHIVE_SCHEMA
    assert frame["as_of"].is_sorted()
    assert set(frame["root"]) == {"SPY"}
    assert set(frame["settlement"]) == {"PM"}
    assert frame["vendor_iv"].null_count() == len(frame)


def test_a_vendors_figures_stay_beside_ours(tmp_path: Path) -> None:
    store = ChainStore(tmp_path)
    tape = small_tape(DAYS)
    count = len(tape.columns.key)
    vendor = VendorColumns(
        np.linspace(0.1, 0.9, count, dtype=np.float32), np.full(count, np.nan, dtype=np.float32)
    )
    store.write(tape, vendor)
    frame = pl.concat([pl.read_parquet(tmp_path / archive_name("SPY", year)) for year in (2025, 2026)])
    np.testing.assert_array_equal(frame["vendor_iv"].to_numpy(), vendor.iv)
    assert frame["vendor_delta"].null_count() == count


def test_settlement_and_root_are_written_out(tmp_path: Path) -> None:
    keys = np.sort(
        pack_keys(
            np.array([20_600, 20_600]), np.array([False, False]), np.array([5_000_000] * 2), np.array([0, 1])
        )
    )
    ints = {name: np.array([100, 110], dtype=np.int32) for name in COLUMNS[1:5]}
    floats = {name: np.array([0.2, 0.2], dtype=np.float32) for name in COLUMNS[5:10]}
    columns = ChainColumns(key=keys, **ints, **floats, flaws=np.zeros(2, dtype=np.uint16))
    seconds = np.array([close_of(DAYS[3])])
    tape = ChainTape(
        "SPX",
        seconds,
        seconds,
        np.array([590_000]),
        np.zeros(1, np.int8),
        np.zeros(1, np.int16),
        ("x",),
        np.array([0, 2]),
        columns,
    )
    store = ChainStore(tmp_path)
    store.write(tape)
    frame = pl.read_parquet(tmp_path / archive_name("SPX", 2026))
    assert frame.select("root", "settlement").rows() == [("SPX", "AM"), ("SPXW", "PM")]
    assert_same(store.tape("SPX", 2026), tape)


def test_an_archive_changed_to_the_same_size_is_noticed(store: ChainStore) -> None:
    archive = store.home / archive_name("SPY", 2026)
    plain = pl.read_parquet(archive)
    plain.write_parquet(archive, compression="uncompressed", statistics=False)
    first = ChainStore(store.home).chain("SPY", instant(DAYS[3]))
    assert first is not None
    before = first.open_interest[0]
    stat = archive.stat()
    more = plain.with_columns(pl.col("open_interest") + 1)
    more.write_parquet(archive, compression="uncompressed", statistics=False)
    os.utime(archive, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert archive.stat().st_size == stat.st_size
    chain = ChainStore(store.home).chain("SPY", instant(DAYS[3]))
    assert chain is not None
    assert chain.open_interest[0] == before + 1


def test_a_store_sees_one_state_until_it_is_told_to_look_again(store: ChainStore) -> None:
    other = ChainStore(store.home)
    assert len(other.snapshots("SPY")) == 4
    store.write(small_tape([date(2026, 1, 6)]))
    assert len(other.snapshots("SPY")) == 4
    other.refresh()
    assert len(other.snapshots("SPY")) == 5


def test_a_chain_in_hand_outlives_the_archive_it_came_from(store: ChainStore) -> None:
    chain = store.chain("SPY", instant(DAYS[3]))
    assert chain is not None
    before = chain.bid.copy()
    for level in (0.3, 0.31, 0.32, 0.33):
        store.write(small_tape(DAYS[3:], level=level))
        store.chain("SPY", instant(DAYS[3]))
    np.testing.assert_array_equal(chain.bid, before)


def test_old_generations_of_the_cache_are_cleared_away(store: ChainStore) -> None:
    for level in (0.3, 0.31, 0.32, 0.33):
        store.write(small_tape(DAYS[3:], level=level))
        store.chain("SPY", instant(DAYS[3]))
    cached = [path.name for path in (store.home / "cache" / "chains" / "SPY").iterdir()]
    assert sum(name.startswith("2026-") for name in cached) == 2
    assert sum(name.startswith("2025-") for name in cached) == 1
    assert all(name.startswith("202") for name in cached)


@pytest.mark.parametrize(
    "damage",
    [
        "delete a column",
        "cut the manifest",
        "cut the index",
        "cut the numbers",
        "other formulas",
        "delete it all",
    ],
)
def test_a_damaged_cache_is_built_anew(store: ChainStore, damage: str) -> None:
    expected = store.chain("SPY", instant(DAYS[3]))
    assert expected is not None
    bids = expected.bid.copy()
    (folder,) = (store.home / "cache" / "chains" / "SPY").glob("2026-*")
    match damage:
        case "delete a column":
            (folder / "quotes.npy").unlink()
        case "cut the manifest":
            (folder / "manifest.json").write_bytes(b'{"digest": "')
        case "cut the index":
            (folder / "index.npy").write_bytes((folder / "index.npy").read_bytes()[:-8])
        case "cut the numbers":
            (folder / "measured.npy").write_bytes((folder / "measured.npy").read_bytes()[:-8])
        case "other formulas":
            said = json.loads((folder / "manifest.json").read_text())
            (folder / "manifest.json").write_text(json.dumps(said | {"formulas": "of old"}))
            np.save(folder / "measured.npy", np.zeros_like(np.load(folder / "measured.npy")))
        case _:
            shutil.rmtree(store.home / "cache")
    chain = ChainStore(store.home).chain("SPY", instant(DAYS[3]))
    assert chain is not None
    np.testing.assert_array_equal(chain.bid, bids)
    assert dict(chain.measured or {}) == pytest.approx(dict(expected.measured or {}), nan_ok=True)


def test_what_the_store_has_computed_of_a_snapshot_is_what_its_chain_says(store: ChainStore) -> None:
    seen = 0
    for day in DAYS:
        chain = store.chain("SPY", instant(day))
        assert chain is not None
        assert chain.measured
        fresh = ChainStatistics(chain)
        for name, value in chain.measured.items():
            np.testing.assert_equal(value, getattr(fresh, name))
            seen += np.isfinite(value)
    assert seen >= len(DAYS)


def test_a_part_of_a_chain_does_not_carry_the_numbers_of_the_whole(store: ChainStore) -> None:
    chain = store.chain("SPY", instant(DAYS[0]))
    assert chain is not None
    assert chain.rows(0, 3).measured is None


def test_a_damaged_archive_is_an_error_that_names_the_file(store: ChainStore) -> None:
    archive = store.home / archive_name("SPY", 2026)
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(StoreError, match="damaged"):
        ChainStore(store.home).chain("SPY", instant(DAYS[3]))


def test_processes_that_build_a_cache_at_once_all_read_it_whole(store: ChainStore) -> None:
    shutil.rmtree(store.home / "cache", ignore_errors=True)
    code = (
        "import sys; from pathlib import Path; from strikewise.adapters.store.chain_store import ChainStore\n"
        "tape = ChainStore(Path(sys.argv[1])).tape('SPY', 2026)\n"
        "print(int(tape.columns.bid.sum()), len(tape.columns.key))\n"
    )
    command = [sys.executable, "-c", code, str(store.home)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = {one.communicate(timeout=60)[0] for one in running}
    tape = store.tape("SPY", 2026)
    assert told == {f"{int(tape.columns.bid.sum())} {len(tape.columns.key)}\n"}
    left = [path.name for path in (store.home / "cache" / "chains" / "SPY").iterdir()]
    assert not [name for name in left if name.startswith(".")]


def test_vendor_columns_of_another_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="3 rows"):
        ChainStore(tmp_path).write(small_tape(DAYS), VendorColumns.unknown(3))
