"""Bars, rates, index histories, dividends, splits, earnings and events, with the instant each was known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from adapters.feeds.files import home_files, opened
from shared_data import DATA
from strikewise.adapters.feeds.importers import import_path
from strikewise.adapters.store.market_store import StoreSource
from strikewise.domain.errors import ImportRefusedError
from strikewise.domain.instruments import date_of, days_of

NEW_YORK = ZoneInfo("America/New_York")
HEADER = "symbol,date,open,high,low,close,adj_close,volume"


def imported(folder: Path, name: str, *lines: str) -> StoreSource:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = opened(folder)
    import_path(path, source)
    return source


def known(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, NEW_YORK)


def test_a_bar_is_known_at_the_close_of_its_session_half_days_included(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        "bars.csv",
        HEADER,
        "SPY,2025-11-26,1,3,1,2,2,10",
        "SPY,2025-11-28,2,3,1,2.5,2.5,",
        "QQQ,2025-07-01,,,,5,,7",
    )
    bars = source.bars("SPY")
    assert bars is not None
    assert [known(at).strftime("%m-%d %H:%M") for at in bars.known_at.tolist()] == [
        "11-26 16:00",
        "11-28 13:00",
    ]
    assert bars.close.tolist() == [2.0, 2.5]
    assert np.isnan(bars.volume[1])
    other = source.bars("QQQ")
    assert other is not None
    assert np.isnan(other.open[0])
    assert source.bars("IWM") is None


def test_a_symbol_without_exchange_hours_is_known_at_the_end_of_the_day(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        "bars.csv",
        HEADER,
        "BTC_USD,2026-01-02,1,3,1,2,2,10",
        "BTC_USD,2026-01-03,1,3,1,2,2,10",
        "VIX,2025-12-24,14,15,13,14,,",
        "VIX,2025-12-25,14,15,13,14,,",
    )
    bitcoin, vix = source.bars("BTC_USD"), source.bars("VIX")
    assert bitcoin is not None
    assert vix is not None
    assert bitcoin.known_at.tolist() == [(day + 1) * 86_400 for day in bitcoin.days.tolist()]
    assert known(int(vix.known_at[0])).strftime("%m-%d %H:%M") == "12-24 13:15", "index options trade longer"
    assert int(vix.known_at[1]) == (int(vix.days[1]) + 1) * 86_400, "a bar of a day without a session"


def test_closes_of_a_symbol_are_a_series_by_its_name(tmp_path: Path) -> None:
    source = imported(tmp_path, "bars.csv", HEADER, "VIX,2026-01-02,14,15,13,14.5,,")
    series = source.series("VIX")
    assert series is not None
    assert (series.values.tolist(), series.days.tolist()) == ([14.5], [days_of(date(2026, 1, 2))])
    assert source.series("VVIX") is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["SPY,2026-01-05,1,3,1,2,2,1", "SPY,2026-01-02,1,3,1,2,2,1"],
            "row 3, column 'date': SPY has no later date",
        ),
        (
            ["SPY,2026-01-05,1,3,1,2,2,1", "SPY,2026-01-05,1,3,1,2.1,2,1"],
            "row 3, column 'date': SPY has no later",
        ),
        (["SPY,05/01/2026,1,3,1,2,2,1"], "row 2, column 'date': '05/01/2026' is no date"),
        (["SPY,2026-01-05,1,high,1,2,2,1"], "row 2, column 'high': 'high' is no number"),
        ([",2026-01-05,1,3,1,2,2,1"], "row 2, column 'symbol': there is no value"),
    ],
)
def test_bars_that_cannot_be_are_refused_by_row(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(ImportRefusedError, match=message):
        imported(tmp_path, "bars.csv", HEADER, *lines)


def test_impossible_bars_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    rows = [
        "SPY,2026-01-02,1,3,1,2,2,1",
        "SPY,2026-01-02,1,3,1,2,2,1",
        "SPY,2026-01-05,1,1,3,2,2,1",
        "SPY,2026-01-06,1,3,1,0,2,1",
    ]
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    report = import_path(path, opened(tmp_path))
    assert report.rejected == {
        "duplicate row": 1,
        "close is missing or not positive": 1,
        "low above high": 1,
    }
    assert report.rows_written == 1


def test_later_bars_are_added_and_corrected_ones_replaced(tmp_path: Path) -> None:
    imported(tmp_path, "a.csv", HEADER, "SPY,2026-01-02,1,3,1,2,2,1", "SPY,2026-01-05,1,3,1,2,2,1")
    source = imported(
        tmp_path, "b.csv", HEADER, "SPY,2026-01-05,1,3,1,2.5,2,1", "SPY,2026-01-06,1,3,1,2.7,2,1"
    )
    bars = source.bars("SPY")
    assert bars is not None
    assert bars.close.tolist() == [2.0, 2.5, 2.7]


def test_official_rates_are_known_a_session_later_and_quoted_ones_at_the_close(tmp_path: Path) -> None:
    source = imported(
        tmp_path, "rates.csv", "date,DTB3,IRX,rate_3m", "2025-12-31,3.6,3.59,3.6", "2026-01-02,,3.58,3.58"
    )
    official, quoted = source.series("DTB3"), source.series("IRX")
    assert official is not None
    assert quoted is not None
    assert official.values.tolist() == [3.6], "a blank is no value"
    assert known(int(official.known_at[0])) == datetime(2026, 1, 2, 16, 15, tzinfo=NEW_YORK)
    assert known(int(quoted.known_at[1])) == datetime(2026, 1, 2, 16, 0, tzinfo=NEW_YORK)


def test_cboes_history_of_an_index_is_bars_or_a_series(tmp_path: Path) -> None:
    lines = ["DATE,OPEN,HIGH,LOW,CLOSE", "01/02/2026,14.1,15.2,13.9,14.510000", "01/05/2026,14.5,15,14,14.9"]
    source = imported(tmp_path, "VIX9D_History.csv", *lines)
    bars, series = source.bars("VIX9D"), source.series("VIX9D")
    assert bars is not None
    assert series is not None
    assert bars.high.tolist() == [15.2, 15.0]
    assert series.values.tolist() == [14.51, 14.9]
    assert known(int(series.known_at[0])) == datetime(2026, 1, 2, 16, 15, tzinfo=NEW_YORK)
    skew = imported(tmp_path, "SKEW_History.csv", "DATE,SKEW", "01/02/2026,151.3").series("SKEW")
    assert skew is not None
    assert skew.values.tolist() == [151.3]
    with pytest.raises(ImportRefusedError, match="row 2, column 'DATE': the date must be MM/DD/YYYY"):
        imported(tmp_path, "PUT_History.csv", "DATE,PUT", "2026-01-02,151.3")


def test_dividends_count_as_declared_two_weeks_before_the_ex_date(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        "dividends.csv",
        "symbol,ex_date,amount,source",
        "SPY,2025-12-19,1.3,reported",
        "SPY,2025-09-19,1.2,reported",
    )
    first, second = source.dividends("SPY")
    assert (first.ex_date, second.ex_date, second.amount) == (date(2025, 9, 19), date(2025, 12, 19), 1.3)
    assert known(second.known_at) == datetime(2025, 12, 5, tzinfo=NEW_YORK)
    assert list(source.dividends("QQQ")) == []


def test_later_dividends_are_added_and_corrected_ones_replaced(tmp_path: Path) -> None:
    head = "symbol,ex_date,amount"
    imported(tmp_path, "dividends.csv", head, "SPY,2025-09-19,1.2", "QQQ,2025-09-22,0.7")
    source = imported(tmp_path, "dividends.csv", head, "SPY,2025-12-19,1.3", "QQQ,2025-09-22,0.8")
    assert [one.amount for one in source.dividends("SPY")] == [1.2, 1.3]
    assert [one.amount for one in source.dividends("QQQ")] == [0.8]


def test_splits_are_by_ex_date_and_impossible_ones_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "splits.csv"
    path.write_text(
        "symbol,date,ratio\nNVDA,2024-06-10,10.0\nNVDA,2021-07-20,4.0\nXYZ,2021-07-20,0\n", encoding="utf-8"
    )
    source = opened(tmp_path)
    report = import_path(path, source)
    assert report.rejected == {"ratio is missing or not positive": 1}
    assert [(one.ex_date.year, one.ratio) for one in source.splits("NVDA")] == [(2021, 4.0), (2024, 10.0)]


def test_earnings_and_events_are_announced_before_their_day_and_surprises_after(tmp_path: Path) -> None:
    imported(tmp_path, "earnings.csv", "symbol,earnings_date", "AAPL,2026-01-29")
    source = imported(
        tmp_path,
        "events.csv",
        "date,event,detail,ref_period,time_et,source",
        "2026-01-28,fomc_decision,January 27-28 Meeting,,14:00,fed",
        "2020-03-15,fomc_intermeeting,emergency cut to zero + QE (Sunday),,,manual",
        '2018-08-24,jackson_hole,"Jackson Hole symposium Aug 23-25, 2018",2018,10:00,manual',
        "2026-01-30,gdp_advance,BEA,,08:30,UNVERIFIED: check",
    )
    events = {(one.kind, one.symbol): one for one in source.calendar_events()}
    assert set(events) == {("FOMC", None), ("EARNINGS", "AAPL"), ("JACKSON_HOLE", None)}
    assert known(events["EARNINGS", "AAPL"].known_at) == datetime(2026, 1, 15, tzinfo=NEW_YORK)
    fomc = [one for one in source.calendar_events() if one.kind == "FOMC"]
    assert [one.day for one in fomc] == [date(2020, 3, 15), date(2026, 1, 28)]
    assert known(fomc[0].known_at) == datetime(2020, 3, 16, tzinfo=NEW_YORK)
    assert known(fomc[1].known_at) == datetime(2025, 1, 28, tzinfo=NEW_YORK)


@pytest.mark.shared
def test_recorded_market_files_import_whole_and_twice_alike(tmp_path: Path) -> None:
    source = opened(tmp_path)
    names = (
        "daily_etf_index.parquet",
        "rates.parquet",
        "dividends.csv",
        "splits.csv",
        "earnings.csv",
        "events.csv",
    )
    for name in names:
        import_path(DATA / name, source)
    vix = source.series("VIX")
    assert vix is not None
    closes = dict(zip(vix.days.tolist(), vix.values.tolist(), strict=True))
    for day, close in ((date(2020, 3, 16), 82.69), (date(2024, 8, 5), 38.57), (date(2025, 4, 8), 52.33)):
        assert closes[days_of(day)] == pytest.approx(close)
    spy = source.bars("SPY")
    assert spy is not None
    close = datetime.fromtimestamp(int(spy.known_at[-1]), UTC)
    assert (date_of(int(spy.days[-1])), close) == (date(2026, 8, 21), datetime(2026, 8, 21, 20, tzinfo=UTC))
    for bars in (spy, source.bars("VIX")):
        assert bars is not None
        behind = bars.known_at - bars.days.astype(np.int64) * 86_400
        assert behind.min() > 12 * 3600
        assert behind.max() <= timedelta(days=1).total_seconds()
    assert len(source.dividends("AAPL")) > 20
    assert {one.kind for one in source.calendar_events()} >= {"FOMC", "CPI", "NFP", "PPI", "EARNINGS", "OPEX"}
    before = home_files(source)
    assert import_path(DATA / "daily_etf_index.parquet", source).rows_written == 0
    assert home_files(source) == before


def test_a_damaged_table_names_itself(tmp_path: Path) -> None:
    source = imported(tmp_path, "bars.csv", HEADER, "SPY,2026-01-02,1,3,1,2,2,1")
    path = source.chains.home / "bars" / "SPY.parquet"
    pl.DataFrame({"day": [1]}).write_parquet(path)
    with pytest.raises(Exception, match=r"bars/SPY.parquet has columns"):
        StoreSource.open(source.chains.home).bars("SPY")
