"""An import takes everything it knows, or nothing; and says what it did."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from adapters.feeds.files import DAY, assert_true_to, home_files, interchange_file, interchange_frame, opened
from adapters.made_chains import World
from strikewise.adapters.feeds.importers import FORMATS, detect, import_path
from strikewise.domain.errors import ImportRefusedError
from strikewise.domain.instruments import Settlement, option_roots
from strikewise.domain.quotes import Grade

RATES = "date,rate_3m\n2025-12-31,3.97\n2026-01-02,3.95\n"
BARS = "symbol,date,open,high,low,close,adj_close,volume\nSPY,2026-01-02,399,401,398,400,400,1000\n"
DIVIDENDS = "symbol,ex_date,amount,source\nSPY,2025-12-19,1.30,reported\nSPY,2025-09-19,1.30,reported\n"


def folder_of_everything(folder: Path) -> Path:
    data = folder / "data"
    data.mkdir(exist_ok=True)
    interchange_file(data)
    for name, text in (
        ("rates.csv", RATES),
        ("bars.csv", BARS),
        ("dividends.csv", DIVIDENDS),
        ("notes.md", "hello"),
    ):
        (data / name).write_text(text, encoding="utf-8")
    (data / "strange.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (data / ".hidden.csv").write_text(RATES, encoding="utf-8")
    return data


def test_a_folder_is_imported_whole_and_every_file_is_accounted_for(tmp_path: Path) -> None:
    data, source = folder_of_everything(tmp_path), opened(tmp_path)
    told: list[str] = []
    report = import_path(
        data, source, progress=lambda file, number, count: told.append(f"{number}/{count} {file.name}")
    )
    named = {Path(file).name: form for file, form in report.files.items()}
    assert named == {
        "rates.csv": "rates",
        "dividends.csv": "dividends",
        "bars.csv": "daily-bars",
        "2026.parquet": "strikewise-parquet",
    }
    assert {Path(file).name for file in report.ignored} == {"notes.md", "strange.csv", ".hidden.csv"}
    assert "its columns are a, b" in report.ignored[str(data / "strange.csv")]
    assert told[-1] == "3/4 2026.parquet", "chains come last: rates and dividends help to read them"
    assert (report.grades, report.underlyings) == (("quotes",), ("SPY",))
    assert report.rows_written == report.rows_read == 28 + 2 + 1 + 2
    assert_true_to(World(), source)
    json.dumps(report.as_dict())


def test_a_chain_of_a_day_is_taken_and_known_at_its_sessions_close(tmp_path: Path) -> None:
    source = opened(tmp_path)
    import_path(interchange_file(tmp_path), source)
    close = datetime(2026, 1, 5, 21, tzinfo=UTC)
    chain = source.chain("SPY", close)
    assert chain is not None
    assert (chain.as_of, chain.known_at, chain.grade) == (close, close, Grade.QUOTES)
    assert chain.source == "strikewise-parquet"
    assert chain.spot_cents == 40_000


def test_importing_twice_changes_no_byte(tmp_path: Path) -> None:
    data, source = folder_of_everything(tmp_path), opened(tmp_path)
    import_path(data, source)
    before = home_files(source)
    again = import_path(data, source)
    assert home_files(source) == before
    assert (again.rows_written, again.rows_unchanged) == (0, again.rows_read)


def test_one_bad_file_stops_the_whole_import(tmp_path: Path) -> None:
    data, source = folder_of_everything(tmp_path), opened(tmp_path)
    (data / "splits.csv").write_text("symbol,date,ratio\nNVDA,2024-06-10,ten\n", encoding="utf-8")
    with pytest.raises(ImportRefusedError, match=r"splits.csv, row 2, column 'ratio': 'ten' is no number"):
        import_path(data, source)
    assert home_files(source) == {}


def test_an_import_adds_to_what_is_there(tmp_path: Path) -> None:
    source = opened(tmp_path)
    later = date(2026, 1, 6)
    import_path(interchange_file(tmp_path / "a"), source)
    import_path(interchange_file(tmp_path / "b", interchange_frame((later,))), source)
    assert len(source.snapshots("SPY")) == 2


def test_a_file_of_no_known_form_is_refused_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "strange.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ImportRefusedError, match="no known format; its columns are a, b"):
        import_path(path, opened(tmp_path))
    with pytest.raises(ImportRefusedError, match="no such file"):
        import_path(tmp_path / "absent", opened(tmp_path))


def test_a_format_can_be_said_and_must_exist(tmp_path: Path) -> None:
    path = interchange_file(tmp_path)
    with pytest.raises(
        ImportRefusedError, match=r"no format 'xlsx'; there are cboe, cboe-history, daily-bars"
    ):
        import_path(path, opened(tmp_path), format="xlsx")
    with pytest.raises(ImportRefusedError, match="column 'contract_id': the column is missing"):
        import_path(path, opened(tmp_path), format="philippdubach")


def test_every_format_has_a_name_of_its_own() -> None:
    names = [one.name for one in FORMATS]
    assert len(set(names)) == len(names) == 13


def test_an_unknown_underlying_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "quotes.parquet"
    interchange_frame().write_parquet(path)
    with pytest.raises(ImportRefusedError, match="name the underlying"):
        import_path(path, opened(tmp_path))
    source = opened(tmp_path)
    import_path(path, source, underlying="QQQ")
    assert list(source.underlyings()) == ["QQQ"]


def altered(column: str, expression: pl.Expr, row: int = 3) -> pl.DataFrame:
    frame = interchange_frame().with_row_index()
    return frame.with_columns(
        pl.when(pl.col("index") == row).then(expression).otherwise(pl.col(column)).alias(column)
    ).drop("index")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("strike", pl.lit(0.0, pl.Float32), "strike is not positive"),
        ("strike", pl.lit(-5.0, pl.Float32), "strike is not positive"),
        ("strike", pl.lit(200_000.0, pl.Float32), "strike is out of range"),
        ("strike", pl.lit(400.12345, pl.Float32), "strike is no multiple of 0.001"),
        ("right", pl.lit("X"), "neither call nor put"),
        ("expiration", pl.lit(date(2026, 1, 2)), "expired before its quote date"),
        ("bid", pl.lit(-1.0, pl.Float32), "price is negative or out of range"),
        ("ask", pl.lit(1e9, pl.Float32), "price is negative or out of range"),
        ("volume", pl.lit(-3, pl.Int32), "volume or open interest is negative or out of range"),
        ("underlying_price", pl.lit(0.0, pl.Float32), "underlying price is not positive or out of range"),
        ("underlying_price", pl.lit(1e300, pl.Float64), "underlying price is not positive or out of range"),
    ],
)
def test_an_impossible_row_is_counted_by_its_reason_and_the_rest_is_taken(
    tmp_path: Path, column: str, value: pl.Expr, reason: str
) -> None:
    source = opened(tmp_path)
    report = import_path(interchange_file(tmp_path, altered(column, value)), source)
    assert report.rejected == {reason: 1}
    assert report.examples == (f"{tmp_path / 'chains/SPY/2026.parquet'}, row 4: {reason}",)
    assert (report.rows_read, report.rows_written) == (28, 27)


def test_what_expires_today_is_still_quoted_today(tmp_path: Path) -> None:
    source = opened(tmp_path)
    frame = interchange_frame().with_columns(expiration=pl.lit(DAY))
    frame = frame.unique(("strike", "right"), maintain_order=True)
    report = import_path(interchange_file(tmp_path, frame), source)
    assert (report.rejected, report.rows_written) == ({}, len(frame))


def test_the_monthly_options_of_an_index_settle_in_the_morning_on_the_day_before_a_holiday_too(
    tmp_path: Path,
) -> None:
    day, thursday, wednesday = date(2025, 4, 14), date(2025, 4, 17), date(2025, 4, 16)  # Good Friday: 18
    rows = interchange_frame().with_columns(quote_date=pl.lit(day)).unique(("strike", "right"))
    frame = pl.concat([rows.with_columns(expiration=pl.lit(one)) for one in (wednesday, thursday)])
    source = opened(tmp_path)
    import_path(interchange_file(tmp_path, frame), source, underlying="SPX")
    chain = source.chain("SPX", datetime(2025, 4, 14, 20, tzinfo=UTC))
    assert chain is not None
    settled = {(side.expiration, option_roots("SPX")[side.root_code].settlement) for side in chain.sides()}
    assert settled == {(wednesday, Settlement.PM), (thursday, Settlement.AM)}


def test_days_without_a_session_are_rejected(tmp_path: Path) -> None:
    days = (date(2025, 11, 26), date(2025, 11, 27))
    report = import_path(interchange_file(tmp_path, interchange_frame(days)), opened(tmp_path))
    assert report.rejected == {"not a session": 28}
    assert report.rows_written == 28


def test_identical_rows_count_once_and_contradicting_ones_not_at_all(tmp_path: Path) -> None:
    frame = interchange_frame()
    same = pl.concat([frame, frame[5:6]])
    report = import_path(interchange_file(tmp_path / "a", same), opened(tmp_path / "a"))
    assert (report.rejected, report.rows_written) == ({"duplicate row": 1}, 28)
    other = pl.concat([frame, frame[5:6].with_columns(pl.col("ask") + 1)])
    report = import_path(interchange_file(tmp_path / "b", other), opened(tmp_path / "b"))
    assert report.rejected == {"contract quoted twice, differently": 2}
    assert report.rows_written == 27


def test_unknown_prices_stay_unknown(tmp_path: Path) -> None:
    source = opened(tmp_path)
    frame = altered("bid", pl.lit(None, pl.Float32)).with_columns(
        volume=pl.lit(None, pl.Int32),
        ask=pl.when(pl.int_range(pl.len()) == 4).then(float("nan")).otherwise("ask"),
    )
    import_path(interchange_file(tmp_path, frame.cast({"ask": pl.Float32})), source)
    chain = source.chain("SPY", datetime(2026, 1, 6, tzinfo=UTC))
    assert chain is not None
    assert (chain.bid == -1).sum() == 1
    assert (chain.ask == -1).sum() == 1
    assert (chain.volume == -1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.rename({"ask": "offer"}), "column 'ask': the column is missing"),
        (lambda f: f.with_columns(mystery=1), "column 'mystery': the column is not of this format"),
        (
            lambda f: f.with_columns(bid=pl.lit(True)),
            "column 'bid': it must hold a number, the file has Boolean",
        ),
        (
            lambda f: f.cast({"volume": pl.String}).with_columns(volume=pl.lit("many")),
            "row 1, column 'volume': 'many'",
        ),
        (
            lambda f: pl.concat([f, interchange_frame((date(2026, 1, 2),))]),
            "row 29, column 'quote_date': the date is earlier",
        ),
    ],
)
def test_a_file_not_of_its_form_is_refused_where_it_is_wrong(tmp_path: Path, change, message: str) -> None:
    source = opened(tmp_path)
    path = interchange_file(tmp_path, change(interchange_frame()))
    with pytest.raises(ImportRefusedError, match=message):
        import_path(path, source, format="strikewise-parquet")
    assert home_files(source) == {}


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = interchange_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ImportRefusedError, match="no whole Parquet file"):
        import_path(path, opened(tmp_path))
    text = tmp_path / "bars.csv"
    text.write_text(BARS[:-20], encoding="utf-8")
    with pytest.raises(ImportRefusedError, match="the last line has 4 of 8 fields: the file is cut off"):
        import_path(text, opened(tmp_path))


def test_rates_known_by_then_discount_the_chain_and_their_absence_is_noted(tmp_path: Path) -> None:
    bare = import_path(interchange_file(tmp_path / "a"), opened(tmp_path / "a"))
    assert bare.notes["snapshots discounted at 0 %, no rate being known"] == 1
    full = import_path(folder_of_everything(tmp_path), opened(tmp_path))
    assert "snapshots discounted at 0 %, no rate being known" not in full.notes


def test_the_last_chain_of_the_session_before_tells_what_is_stale_whichever_import_brought_it(
    tmp_path: Path,
) -> None:
    second = date(2026, 1, 6)
    frame = interchange_frame((DAY,))
    idle = frame.with_columns(quote_date=pl.lit(second), volume=pl.lit(0, pl.Int32))
    apart, together = opened(tmp_path / "apart"), opened(tmp_path / "together")
    import_path(interchange_file(tmp_path / "1", frame), apart)
    import_path(interchange_file(tmp_path / "2", idle), apart)
    import_path(interchange_file(tmp_path / "3", pl.concat([frame, idle])), together)
    assert home_files(apart) == home_files(together)
    chain = apart.chain("SPY", datetime(2026, 1, 7, tzinfo=UTC))
    assert chain is not None
    assert (chain.flaws & 64).all()


def test_files_are_recognised_by_their_contents(tmp_path: Path) -> None:
    path = tmp_path / "whatever.csv"
    path.write_text(DIVIDENDS, encoding="utf-8")
    found = detect(path)
    assert found is not None
    assert found.name == "dividends"


HEADER = "symbol,date,open,high,low,close"
ROW_OF_BARS = "SPY,2026-01-02,399,401,398,400"


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("bars.csv", f"\ufeff{HEADER}\r\n{ROW_OF_BARS}\r\n"),
        ("BARS.CSV", f"{HEADER}\n{ROW_OF_BARS}"),
        (
            "bars.csv",
            f'"{HEADER.replace(",", chr(34) + "," + chr(34))}"\n"SPY","2026-01-02",399,401,398,400\n',
        ),
    ],
    ids=["byte order mark and carriage returns", "name in capitals, no last line end", "quoted"],
)
def test_what_other_programs_write_around_values_does_not_matter(
    tmp_path: Path, name: str, contents: str
) -> None:
    source, path = opened(tmp_path), tmp_path / name
    path.write_bytes(contents.encode())
    assert import_path(path, source).rows_written == 1
    bars = source.bars("SPY")
    assert bars is not None
    assert bars.close.tolist() == [400.0]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "it is empty"),
        (f"{HEADER}\n".replace(",", ";").encode(), "between semicolons: save it with commas"),
        (f"{HEADER}\n".replace(",", "\t").encode(), "between tabs: save it with commas"),
        (f"{HEADER}\r{ROW_OF_BARS}\r".encode(), "its lines end as on old Macs"),
        (f"{HEADER}\n{ROW_OF_BARS}\n".encode("utf-16"), "save it as CSV in UTF-8"),
        (
            f"{HEADER},close\n{ROW_OF_BARS},400\n".encode(),
            "column 'close': the column is there more than once",
        ),
        (
            f"{HEADER}\n../../spy,2026-01-02,399,401,398,400\n".encode(),
            r"bars.csv, column 'symbol': '../../spy' cannot",
        ),
    ],
    ids=["empty", "semicolons", "tabs", "old Mac", "UTF-16", "column twice", "path for a symbol"],
)
def test_a_text_that_is_no_table_of_commas_is_refused_with_what_to_do(
    tmp_path: Path, contents: bytes, message: str
) -> None:
    source, path = opened(tmp_path), tmp_path / "bars.csv"
    path.write_bytes(contents)
    with pytest.raises(ImportRefusedError, match=message):
        import_path(path, source)
    assert home_files(source) == {}


def test_where_nothing_can_be_imported_the_file_that_comes_nearest_says_why(tmp_path: Path) -> None:
    data, source = tmp_path / "data", opened(tmp_path)
    data.mkdir()
    with pytest.raises(ImportRefusedError, match="there is no file in it"):
        import_path(data, source)
    (data / "a.md").write_text("hello", encoding="utf-8")
    interchange_file(data, interchange_frame().drop("ask"))
    with pytest.raises(ImportRefusedError, match=r"as in .*2026.parquet: of no known format; its columns"):
        import_path(data, source)
    with pytest.raises(ImportRefusedError, match="neither a file nor a folder"):
        import_path(Path("/dev/null"), source)


def test_an_infinite_number_is_unknown(tmp_path: Path) -> None:
    source, path = opened(tmp_path), tmp_path / "bars.csv"
    path.write_text(
        f"{HEADER}\n{ROW_OF_BARS}\nSPY,2026-01-05,400,inf,398,401\nSPY,2026-01-06,1,2,1,-inf\n",
        encoding="utf-8",
    )
    report = import_path(path, source)
    assert report.rejected == {"close is missing or not positive": 1}
    bars = source.bars("SPY")
    assert bars is not None
    assert np.isnan(bars.high[1])
    frame = interchange_frame().with_columns(underlying_price=pl.lit(float("inf")))
    import_path(interchange_file(tmp_path, frame), source)
    chain = source.chain("SPY", datetime(2026, 1, 5, 21, tzinfo=UTC))
    assert chain is not None
    assert chain.spot_cents == pytest.approx(40_000, rel=0.01), "implied by parity"
