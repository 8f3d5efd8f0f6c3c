"""An audit says what is there, what is missing and what is wrong."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from adapters.made_chains import small_tape
from shared_data import CHAINS, DATA
from strikewise.adapters.feeds.importers import import_path
from strikewise.adapters.store.audit import audit
from strikewise.adapters.store.chain_archive import VendorColumns
from strikewise.adapters.store.market_store import StoreSource
from strikewise.domain.errors import MissingDataError

DAYS = [date(2025, 12, 30), date(2026, 1, 2), date(2026, 1, 7)]


def test_an_audit_counts_days_gaps_and_differences(tmp_path: Path) -> None:
    source = StoreSource.open(tmp_path)
    tape = small_tape(DAYS)
    off = np.where(np.arange(len(tape.columns.key)) % 10 == 0, 0.05, 0.01).astype(np.float32)
    source.chains.write(tape, VendorColumns(tape.columns.iv + off, tape.columns.delta))
    (found,) = audit(source)
    assert (found.underlying, found.first, found.last) == ("SPY", DAYS[0], DAYS[-1])
    assert (found.days, found.snapshots, found.rows) == (3, 3, 60)
    assert found.missing == (date(2025, 12, 31), date(2026, 1, 5), date(2026, 1, 6))
    assert [(gap.first, gap.last, gap.sessions) for gap in found.gaps] == [
        (date(2025, 12, 31), date(2025, 12, 31), 1),
        (date(2026, 1, 5), date(2026, 1, 6), 2),
    ]
    assert (found.grades, found.sources) == ({"quotes": 3}, {"made": 3})
    assert found.coverage == dict.fromkeys(DAYS, 20)
    assert found.iv_difference.rows == 60
    assert found.iv_difference.median == pytest.approx(0.01, abs=1e-6)
    assert all(flaw.count == 0 for flaw in found.flaws.values())
    said = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert said["missing"] == ["2025-12-31", "2026-01-05", "2026-01-06"]


def test_without_a_vendors_volatility_nothing_compares(tmp_path: Path) -> None:
    source = StoreSource.open(tmp_path)
    source.chains.write(small_tape(DAYS))
    (found,) = audit(source, ["SPY"])
    assert found.iv_difference.rows == 0
    assert found.as_dict()["iv_difference"] == {"rows": 0, "median": None, "p90": None}


def test_auditing_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    source = StoreSource.open(tmp_path)
    assert audit(source) == []
    with pytest.raises(MissingDataError, match="no chains of QQQ"):
        audit(source, ["QQQ"])


@pytest.mark.shared
def test_the_flaws_of_the_recorded_chains_are_found_as_they_are_known_to_be(tmp_path: Path) -> None:
    source = StoreSource.open(tmp_path)
    import_path(DATA / "rates.parquet", source)
    report = import_path(CHAINS, source)
    assert report.rejected == {"not a session": 23_237}, (
        "seven stocks repeat Wednesday's chain on Thanksgiving"
    )
    found = {one.underlying: one for one in audit(source)}
    assert len(found) == 10
    assert sum(one.rows for one in found.values()) == report.rows_written == report.rows_read - 23_237
    for one in found.values():
        assert one.flaws["CROSSED"].share <= 0.0034
        assert 0.05 <= one.flaws["ZERO_BID"].share <= 0.14
    spy = found["SPY"]
    assert spy.days == 276
    assert date(2026, 7, 23) in spy.missing
    assert date(2026, 8, 7) in spy.missing
    assert spy.iv_difference_core.median < 0.003
    # Two stocks split not long before: a quarter and more of their rows are contracts that no longer exist.
    for split, sound in (("NFLX", "TSM"), ("NVDA", "GOOG")):
        assert found[split].flaws["PARITY"].share > 4 * found[sound].flaws["PARITY"].share
