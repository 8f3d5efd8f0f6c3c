"""Recorded contracts replace reconstructed ones of their day, and each says which it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from adapters.made_chains import small_tape
from strikewise.adapters.store.chain_store import ChainStore
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.quotes import Grade

DAY = date(2026, 1, 5)
COLUMNS = tuple(ChainColumns.__dataclass_fields__)


def graded(tape: ChainTape, grade: Grade, source: str) -> ChainTape:
    return replace(
        tape,
        grade=np.full(len(tape), GRADES.index(grade), dtype=np.int8),
        source=tape.source * 0,
        sources=(source,),
    )


def part(tape: ChainTape, rows: slice) -> ChainTape:
    columns = ChainColumns(**{name: getattr(tape.columns, name)[rows] for name in COLUMNS})
    return replace(tape, columns=columns, offsets=np.array([0, len(columns.key)], dtype=np.int64))


MADE = graded(small_tape([DAY], level=0.25), Grade.RECONSTRUCTED, "reconstructed:fitted-1 spread x2")
FULL = graded(small_tape([DAY], level=0.20), Grade.QUOTES, "vendor")
FEW = part(FULL, slice(4, 9))


def read(home: Path) -> ChainTape:
    return ChainStore(home).tape("SPY", DAY.year)


@pytest.mark.parametrize("order", [(MADE, FEW), (FEW, MADE), (MADE, FEW, MADE), (FEW, MADE, FEW)])
def test_a_few_recorded_contracts_take_their_places_in_whatever_order_they_come(
    order: tuple[ChainTape, ...], tmp_path: Path
) -> None:
    for tape in order:
        ChainStore(tmp_path).write(tape)
    chain = read(tmp_path).chain(0)
    assert np.array_equal(chain.key, MADE.columns.key)
    recorded = np.isin(chain.key, FEW.columns.key)
    assert np.array_equal(chain.ask[recorded], FEW.columns.ask)
    assert np.array_equal(chain.ask[~recorded], MADE.columns.ask[~recorded])
    grades = [chain.grade_of(row) for row in range(len(chain))]
    assert [one is Grade.QUOTES for one in grades] == recorded.tolist()
    assert chain.grade is Grade.RECONSTRUCTED
    assert chain.source == "vendor + reconstructed:fitted-1 spread x2"


@pytest.mark.parametrize("late", [MADE, FEW], ids=["made", "recorded"])
def test_what_is_mixed_is_known_when_its_later_part_is(late: ChainTape, tmp_path: Path) -> None:
    parts = [replace(one, known_at=one.known_at + 3600 * (one is late)) for one in (MADE, FEW)]
    for tape in parts:
        ChainStore(tmp_path).write(tape)
    assert read(tmp_path).known_at.tolist() == [int(MADE.known_at[0]) + 3600]


def test_writing_either_again_changes_nothing(tmp_path: Path) -> None:
    for tape in (MADE, FEW):
        ChainStore(tmp_path).write(tape)
    for tape in (MADE, FEW):
        report = ChainStore(tmp_path).write(tape)
        assert (report.written, report.replaced) == (0, 0)


def test_almost_half_a_day_written_again_changes_nothing(tmp_path: Path) -> None:
    some = part(FULL, slice(0, 9))
    for tape in (MADE, some):
        ChainStore(tmp_path).write(tape)
    report = ChainStore(tmp_path).write(some)
    assert (report.written, report.replaced) == (0, 0)
    assert np.array_equal(read(tmp_path).chain(0).key, MADE.columns.key)


def test_more_contracts_recorded_of_a_day_stand_beside_those_recorded_before(tmp_path: Path) -> None:
    for tape in (MADE, FEW, part(FULL, slice(10, 13))):
        ChainStore(tmp_path).write(tape)
    chain = read(tmp_path).chain(0)
    assert np.array_equal(chain.key, MADE.columns.key)
    recorded = [row for row in range(len(chain)) if chain.grade_of(row) is Grade.QUOTES]
    assert recorded == [4, 5, 6, 7, 8, 10, 11, 12]
    assert np.array_equal(chain.ask[recorded], FULL.columns.ask[recorded])
    ChainStore(tmp_path).write(part(FULL, slice(0, 3)))
    chain = read(tmp_path).chain(0)
    assert (chain.grade, chain.source) == (Grade.QUOTES, "vendor")
    assert np.array_equal(chain.key, FULL.columns.key[[0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12]])
    assert {chain.grade_of(row) for row in range(len(chain))} == {Grade.QUOTES}


def test_what_was_recorded_is_left_alone_where_the_rest_is_made_of_another_close(
    tmp_path: Path,
) -> None:
    moved = replace(MADE, spot_cents=MADE.spot_cents * 102 // 100)
    for tape in (MADE, FEW, moved):
        ChainStore(tmp_path).write(tape)
    chain = read(tmp_path).chain(0)
    assert (chain.grade, chain.source) == (Grade.QUOTES, "vendor")
    assert np.array_equal(chain.key, FEW.columns.key)


def test_a_full_recorded_day_replaces_a_reconstructed_one_whole(tmp_path: Path) -> None:
    for tape in (MADE, FEW, FULL, MADE):
        ChainStore(tmp_path).write(tape)
    chain = read(tmp_path).chain(0)
    assert (chain.grade, chain.source) == (Grade.QUOTES, "vendor")
    assert np.array_equal(chain.ask, FULL.columns.ask)
    assert {chain.grade_of(row) for row in range(len(chain))} == {Grade.QUOTES}


def test_contracts_of_another_moment_are_not_mixed_with_reconstructed_ones(tmp_path: Path) -> None:
    moved = replace(FEW, spot_cents=FEW.spot_cents * 102 // 100)
    for tape in (MADE, moved):
        ChainStore(tmp_path).write(tape)
    chain = read(tmp_path).chain(0)
    assert chain.grade is Grade.QUOTES
    assert len(chain) == len(FEW.columns.key)


def test_what_a_vendor_modelled_is_not_called_recorded(tmp_path: Path) -> None:
    modelled = graded(FEW, Grade.INDICATIVE, "vendor")
    for tape in (MADE, modelled):
        ChainStore(tmp_path).write(tape)
    chain = read(tmp_path).chain(0)
    assert {chain.grade_of(row) for row in range(len(chain))} == {Grade.INDICATIVE}
