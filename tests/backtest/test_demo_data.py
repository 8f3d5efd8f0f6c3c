"""The demonstration's data are the real closes, from the first day to the last."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from shared_data import DATA
from strikewise.backtest.demo_data import DEMO_END, DEMO_START, demo_bars, demo_series, demo_tapes
from strikewise.domain.instruments import date_of, days_of
from strikewise.market.calendar import SessionCalendar

CALENDAR = SessionCalendar()
BARS = demo_bars(CALENDAR)
VIX, RATE = demo_series(CALENDAR)


def test_the_bundled_closes_are_those_that_were_printed() -> None:
    day = days_of(date(2018, 2, 5))
    assert BARS.close[BARS.days == day][0] == pytest.approx(2648.94, abs=0.005)
    assert VIX.values[VIX.days == day][0] == 37.32
    assert (date_of(int(BARS.days[0])), date_of(int(BARS.days[-1]))) == (date(1999, 1, 4), DEMO_END)
    sessions = [days_of(day) for day in CALENDAR.sessions(DEMO_START, DEMO_END)]
    assert np.array_equal(VIX.days, sessions)
    assert np.array_equal(BARS.known_at, CALENDAR.close_seconds(BARS.days))


def test_the_demonstration_has_a_tape_a_year_and_tells_its_progress() -> None:
    told: list[tuple[int, int]] = []
    first = next(demo_tapes(CALENDAR, lambda done, total: told.append((done, total))))
    assert len(first) == 251
    assert told == [(done, 1257) for done in range(1, 252)]
    assert first.chain(0).day == DEMO_START


@pytest.mark.shared
def test_the_bundled_series_are_those_of_the_record() -> None:
    bars = pl.read_parquet(DATA / "daily_etf_index.parquet")
    for symbol, days, values in (("SPX", BARS.days, BARS.close), ("VIX", VIX.days, VIX.values)):
        recorded = bars.filter(pl.col("symbol") == symbol)
        close = dict(zip(recorded["date"].cast(pl.Int32).to_list(), recorded["close"].to_list(), strict=True))
        assert [close[day] for day in days.tolist()] == pytest.approx(values.tolist(), rel=1e-6)
    bills = pl.read_parquet(DATA / "rates.parquet").drop_nulls("DTB3")
    known = dict(zip(bills["date"].cast(pl.Int32).to_list(), bills["DTB3"].to_list(), strict=True))
    changes = np.flatnonzero(np.diff(RATE.values, prepend=np.nan) != 0)
    assert [known[day] for day in RATE.days[changes].tolist()] == RATE.values[changes].tolist()
