"""Reconstruction against what was really paid: straddles, a published index; and what must not pass."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from buywrite_replay import Agreement, buywrite
from shared_data import DATA
from strikewise.adapters.data_home import DataHome
from strikewise.backtest.reconstruct.conditions import Conditions, IndexSeries, conditions_of
from strikewise.backtest.reconstruct.evidence import clock_for, observed_from, straddles_from
from strikewise.backtest.reconstruct.parameters import fitted
from strikewise.backtest.reconstruct.straddles import Straddles
from strikewise.backtest.reconstruct.surface import SurfaceBook
from strikewise.domain.instruments import days_of
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.pricing.black_scholes import price

pytestmark = pytest.mark.shared

CALENDAR = SessionCalendar()
START, END = date(2018, 1, 1), date(2025, 12, 31)
BUCKETS = ((9, 13), (13, 17), (17, 22), (22, 30), (30, 40), (40, 55))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> MarketSource:
    home = DataHome(tmp_path_factory.mktemp("home"), CALENDAR)
    for name in ("daily_etf_index.parquet", "rates.parquet", "dividends.csv", "events.csv"):
        home.import_path(DATA / name)
    return home.source()


@pytest.fixture(scope="module")
def straddles(source: MarketSource) -> Straddles:
    with (DATA / "spx_straddles_even_years.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    days = np.array([days_of(date.fromisoformat(row["date"])) for row in rows], dtype=np.int64)
    return straddles_from(source, CALENDAR, days, np.array([float(row["straddle"]) for row in rows]))


def of_straddles(
    source: MarketSource, straddles: Straddles, series: IndexSeries
) -> tuple[NDArray[np.float64], Conditions]:
    conditions = conditions_of(series, straddles.days)
    clock = clock_for(source, CALENDAR, START, END)
    book = SurfaceBook(fitted().surface, conditions, clock, CALENDAR)
    return straddles.modelled(fitted().surface, conditions, book.levels, clock), conditions


def gates(made: NDArray[np.float64], straddles: Straddles, index: NDArray[np.float64]) -> list[bool]:
    """Return whether correlation, median, each year and each bucket of VIX are as good as they must be."""
    error = np.log(made / straddles.values)
    year = straddles.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return [
        bool(np.corrcoef(made, straddles.values)[0, 1] >= 0.98),
        bool(np.median(np.abs(error)) <= 0.045),
        all(np.median(np.abs(error[year == one])) <= 0.065 for one in np.unique(year)),
        all(
            abs(np.median(error[(index >= low) & (index < high)])) <= 0.07
            for low, high in BUCKETS
            if ((index >= low) & (index < high)).any()
        ),
    ]


def test_straddles_come_out_as_they_were_paid(source: MarketSource, straddles: Straddles) -> None:
    made, conditions = of_straddles(source, straddles, observed_from(source, "SPX").series())
    assert all(gates(made, straddles, 100 * conditions.indices[:, 1]))


def test_the_thirty_day_index_alone_does_not_give_the_straddles(
    source: MarketSource, straddles: Straddles
) -> None:
    blind = IndexSeries(observed_from(source, "SPX").volatility_index)
    made, conditions = of_straddles(source, straddles, blind)
    assert not all(gates(made, straddles, 100 * conditions.indices[:, 1]))


def test_as_many_expirations_were_listed_as_the_straddles_counted(straddles: Straddles) -> None:
    with (DATA / "spx_straddles_even_years.csv").open(encoding="utf-8", newline="") as text:
        counted = {row["date"]: int(row["expirations"]) for row in csv.DictReader(text)}
    listed = np.bincount(straddles.row, minlength=len(straddles.days))
    when = straddles.days.astype("datetime64[D]")
    true = np.array([counted[str(day)] for day in when])
    year = when.astype("datetime64[Y]").astype(np.int64) + 1970
    for one in np.unique(year):
        assert abs(float(np.mean((listed - true)[year == one]))) < 0.6
        assert np.mean(np.abs(listed - true)[year == one] <= 2) > 0.9


def published() -> dict[str, float]:
    with (DATA / "cboe_bxm_monthly.csv").open(encoding="utf-8", newline="") as text:
        return {row["month"]: float(row["BXM"]) for row in csv.DictReader(text)}


def replayed(source: MarketSource, *, flat: bool) -> Agreement:
    surface = None if flat else fitted().surface
    return buywrite(source, surface, CALENDAR, START, END).against(published())


def test_a_buy_write_earns_what_the_published_index_earned(source: MarketSource) -> None:
    found = replayed(source, flat=False)
    assert found.correlation >= 0.992
    assert found.tracking_error <= 0.014
    assert abs(found.growth) <= 0.006
    assert found.worst_year <= 0.025
    assert abs(found.drawdown) <= 0.03


def test_a_flat_smile_at_the_index_earns_points_a_year_that_nobody_was_paid(source: MarketSource) -> None:
    assert replayed(source, flat=True).growth > 0.03


def test_no_day_admits_arbitrage(source: MarketSource) -> None:
    every = np.array([days_of(day) for day in CALENDAR.sessions(START, END)], dtype=np.int64)
    wild = [date(2018, 2, 5), date(2020, 3, 16), date(2024, 8, 5), date(2025, 4, 8)]
    days = np.unique(np.concatenate([every[::25], [days_of(day) for day in wild]]))
    conditions = conditions_of(observed_from(source, "SPX").series(), days)
    book = SurfaceBook(fitted().surface, conditions, clock_for(source, CALENDAR, START, END), CALENDAR)
    ahead = np.array([1, 2, 4, 7, 11, 17, 28, 42, 63, 126, 273, 364])
    strike = np.concatenate([np.arange(0.10, 0.6, 0.02), np.arange(0.6, 1.25, 0.0025)])
    k = np.log(strike)
    group = np.repeat(np.arange(len(ahead)), len(k))
    for row, day in enumerate(conditions.days.tolist()):
        total = book.day(row, day + ahead).variance(np.tile(k, len(ahead)), group).reshape(len(ahead), -1)
        assert np.all(np.diff(total, axis=0) >= 0.0)
        call = price(True, 1.0, strike[np.newaxis, :], 1.0, np.sqrt(total), 1.0)
        slope = np.diff(call, axis=1) / np.diff(strike)
        assert np.all(np.diff(slope, axis=1) >= -1e-9)


def test_indices_that_stopped_are_said_to_be_estimated(source: MarketSource) -> None:
    series = observed_from(source, "SPX").series()
    days = np.array([days_of(date(2026, 7, 22)), days_of(date(2026, 7, 23))])
    found = conditions_of(series, days)
    assert found.measured.tolist() == [[True, True, True, False], [False, True, False, False]]
    known = conditions_of(series, np.array([days_of(date(2025, 6, 2))]))
    half = replace(series, half=None)
    guessed = conditions_of(half, known.days)
    assert guessed.indices[0, 3] == pytest.approx(known.indices[0, 3], rel=0.08)
