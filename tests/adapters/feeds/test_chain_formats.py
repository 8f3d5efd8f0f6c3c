"""Each vendor's form of a chain becomes the same archived chain."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from adapters.feeds.files import (
    DAY,
    assert_true_to,
    home_files,
    interchange_file,
    interchange_frame,
    opened,
    quotes,
)
from adapters.made_chains import World
from strikewise.adapters.feeds.importers import detect, import_path
from strikewise.domain.chain import GRADES
from strikewise.domain.errors import ImportRefusedError
from strikewise.domain.instruments import ROOT_MASK, ROOT_SHIFT
from strikewise.domain.quotes import Grade
from strikewise.market.quality import Flaw

OPTIONSDX_HEADER = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], "
    "[EXPIRE_DATE], [EXPIRE_UNIX], [DTE], [C_DELTA], [C_GAMMA], [C_VEGA], [C_THETA], [C_RHO], [C_IV], "
    "[C_VOLUME], [C_LAST], [C_SIZE], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], [P_SIZE], [P_LAST], "
    "[P_DELTA], [P_GAMMA], [P_VEGA], [P_THETA], [P_RHO], [P_IV], [P_VOLUME], [STRIKE_DISTANCE], "
    "[STRIKE_DISTANCE_PCT]"
)


def optionsdx_text(day: date = DAY, *, time: str = "16:00") -> str:
    rows = quotes(day)
    lines = [OPTIONSDX_HEADER]
    puts = {(row["expiration"], row["strike"]): row for row in rows if row["is_put"]}
    for call in rows:
        if call["is_put"]:
            continue
        put = puts[call["expiration"], call["strike"]]
        sides = [f"{side[name]:.6f}" for side in (call, put) for name in ("bid", "ask")]
        fields = [
            *("1767646800", f"{day} {time}", str(day), "16.000000", f"{call['spot']:.6f}"),
            *(str(call["expiration"]), "1768597200", "11.000000"),
            *(
                "0.551200",
                "0.002100",
                "0.491000",
                "-0.142100",
                "0.211000",
                "0.182000",
                "10.000000",
                "8.500000",
            ),
            *("12 x 30", *sides[:2], f"{call['strike']:.6f}", *sides[2:], "45 x 8", "7.900000"),
            *("-0.448800", "0.002100", "0.491000", "-0.139000", "-0.198000", "", "10.000000"),
            *("8.100000", "0.002100"),
        ]
        lines.append(", ".join(fields))
    return "\n".join(lines) + "\n"


def philippdubach_frame(day: date = DAY) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "contract_id": f"SPY{row['expiration']:%y%m%d}{row['is_put']}{row['strike'] * 1000:08.0f}",
                "symbol": "SPY",
                "expiration": row["expiration"].isoformat(),
                "strike": row["strike"],
                "type": "put" if row["is_put"] else "call",
                "last": row["bid"],
                "bid": row["bid"],
                "ask": row["ask"],
                "volume": row["volume"],
                "open_interest": row["open_interest"],
                "date": day.isoformat(),
                "implied_volatility": 0.2,
                "delta": 0.5,
                "gamma": 0.01,
                "theta": -0.1,
                "vega": 0.4,
                "rho": 0.1,
            }
            for row in quotes(day)
        ]
    )


def dolthub_rows(day: date = DAY) -> list[dict[str, str | None]]:
    return [
        {
            "date": day.isoformat(),
            "act_symbol": "SPY",
            "expiration": row["expiration"].isoformat(),
            "strike": f"{row['strike']:.2f}",
            "call_put": "Put" if row["is_put"] else "Call",
            "bid": f"{row['bid']:.2f}",
            "ask": f"{row['ask']:.2f}",
            "vol": "0.2000",
            "delta": None,
            "gamma": "0.0100",
            "theta": "-0.1000",
            "vega": "0.4000",
            "rho": "0.1000",
        }
        for row in quotes(day)
    ]


def dolthub_answer(status: str = "Success") -> dict[str, object]:
    rows = dolthub_rows()
    return {
        "query_execution_status": status,
        "query_execution_message": "",
        "repository_owner": "post-no-preference",
        "repository_name": "options",
        "commit_ref": "master",
        "sql_query": "SELECT * FROM option_chain",
        "schema": [{"columnName": name, "columnType": "varchar(64)"} for name in rows[0]],
        "rows": rows,
    }


def write_optionsdx(folder: Path) -> Path:
    path = folder / "spy_eod_202601.txt"
    path.write_text(optionsdx_text(), encoding="utf-8")
    return path


def write_philippdubach(folder: Path) -> Path:
    path = folder / "options_2026.parquet"
    philippdubach_frame().write_parquet(path)
    return path


def write_dolthub_csv(folder: Path) -> Path:
    path = folder / "option_chain.csv"
    pl.DataFrame(dolthub_rows(), schema_overrides={"delta": pl.String}).write_csv(path)
    return path


def write_dolthub_json(folder: Path) -> Path:
    path = folder / "answer.json"
    path.write_text(json.dumps(dolthub_answer()), encoding="utf-8")
    return path


WRITERS = {
    "optionsdx": write_optionsdx,
    "philippdubach": write_philippdubach,
    "dolthub-csv": write_dolthub_csv,
    "dolthub-json": write_dolthub_json,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_vendors_file_is_recognised_and_becomes_the_chain_it_describes(tmp_path: Path, name: str) -> None:
    path, source = WRITERS[name](tmp_path), opened(tmp_path)
    found = detect(path)
    assert found is not None
    assert found.name == name
    report = import_path(path, source)
    assert (report.rejected, report.underlyings, report.grades) == ({}, ("SPY",), ("quotes",))
    assert_true_to(World(), source)
    chain = source.chain("SPY", datetime(2026, 1, 5, 21, tzinfo=UTC))
    assert chain is not None
    assert chain.source == name.removesuffix("-csv").removesuffix("-json")
    assert chain.spot == pytest.approx(400.0, rel=4e-3), "where the vendor gives no spot, parity implies it"
    before = home_files(source)
    import_path(path, source)
    assert home_files(source) == before


def test_optionsdx_keeps_the_vendors_figures_and_reads_blanks_as_missing(tmp_path: Path) -> None:
    source = opened(tmp_path)
    import_path(write_optionsdx(tmp_path), source)
    frame = pl.read_parquet(source.chains.home / "chains/SPY/2026.parquet")
    calls, puts = frame.filter(pl.col("right") == "C"), frame.filter(pl.col("right") == "P")
    assert set(calls["vendor_iv"]) == {np.float32(0.182)}
    assert puts["vendor_iv"].null_count() == len(puts)
    assert set(puts["vendor_delta"]) == {np.float32(-0.4488)}
    assert frame["open_interest"].null_count() == len(frame)


def test_optionsdx_volatilities_that_are_none_are_missing_and_leave_the_quotes(tmp_path: Path) -> None:
    names = [name.strip() for name in OPTIONSDX_HEADER.split(",")]
    rows = [line.split(", ") for line in optionsdx_text().splitlines()[1:]]
    for row, told in zip(rows, ("0.000000", "-0.182000"), strict=False):
        row[names.index("[C_IV]")] = told
    path = tmp_path / "spy_eod_202601.txt"
    path.write_text("\n".join([OPTIONSDX_HEADER, *map(", ".join, rows)]) + "\n", encoding="utf-8")
    source = opened(tmp_path)
    import_path(path, source)
    frame = pl.read_parquet(source.chains.home / "chains/SPY/2026.parquet")
    calls = frame.filter(pl.col("right") == "C")
    assert calls["vendor_iv"].drop_nulls().to_list() == [np.float32(0.182)] * (len(rows) - 2)
    assert len(calls) == len(rows) > 2
    assert calls["bid"].null_count() == 0


def test_optionsdx_intraday_files_and_nameless_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "spy_eod_202601.txt"
    lines = optionsdx_text().splitlines() + optionsdx_text(time="15:30").splitlines()[1:]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ImportRefusedError, match="several snapshots a day"):
        import_path(path, opened(tmp_path))
    nameless = tmp_path / "download.txt"
    nameless.write_text(optionsdx_text(), encoding="utf-8")
    with pytest.raises(ImportRefusedError, match="name the underlying"):
        import_path(nameless, opened(tmp_path))


def test_optionsdx_days_out_of_order_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "spy_eod_202601.txt"
    lines = optionsdx_text(date(2026, 1, 6)).splitlines() + optionsdx_text(DAY).splitlines()[1:]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ImportRefusedError, match=r"row 16, column 'QUOTE_DATE': the date is earlier"):
        import_path(path, opened(tmp_path))


def test_an_index_whose_vendor_tells_no_roots_is_am_settled_on_third_fridays(tmp_path: Path) -> None:
    path = tmp_path / "spx_eod_202601.txt"
    path.write_text(optionsdx_text(), encoding="utf-8")
    source = opened(tmp_path)
    import_path(path, source)
    chain = source.chain("SPX", datetime(2026, 1, 6, tzinfo=UTC))
    assert chain is not None
    assert {(side.expiration, side.root_code) for side in chain.sides()} == {
        (date(2026, 1, 16), 0),
        (date(2026, 3, 20), 0),
    }
    text = optionsdx_text().replace("2026-01-16", "2026-01-14")
    (tmp_path / "w").mkdir()
    weekly = tmp_path / "w" / "spx_eod_202601.txt"
    weekly.write_text(text, encoding="utf-8")
    other = opened(tmp_path / "w")
    import_path(weekly, other)
    roots = other.chain("SPX", datetime(2026, 1, 6, tzinfo=UTC))
    assert roots is not None
    assert set((roots.key >> ROOT_SHIFT & ROOT_MASK).tolist()) == {0, 1}


def test_philippdubachs_prices_of_the_underlying_are_read_with_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "parquet_spy"
    folder.mkdir()
    write_philippdubach(folder)
    pl.DataFrame(
        {
            "symbol": ["SPY"],
            "date": ["2026-01-05"],
            "open": [399.0],
            "high": [401.0],
            "low": [398.0],
            "close": [400.0],
            "adjusted_close": [400.0],
            "volume": [10],
        }
    ).write_parquet(folder / "underlying_prices.parquet")
    source = opened(tmp_path)
    report = import_path(folder, source)
    assert sorted(report.files.values()) == ["daily-bars", "philippdubach"]
    bars = source.bars("SPY")
    assert bars is not None
    assert bars.close.tolist() == [400.0]


def test_a_dolthub_answer_that_was_cut_off_or_failed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(dolthub_answer("RowLimit")), encoding="utf-8")
    with pytest.raises(ImportRefusedError, match=r"ended as 'RowLimit'.*ask for fewer rows"):
        import_path(path, opened(tmp_path))
    path.write_text(json.dumps(dolthub_answer())[:-40], encoding="utf-8")
    with pytest.raises(ImportRefusedError, match="no whole JSON file"):
        import_path(path, opened(tmp_path))


def test_a_wrong_value_of_an_answer_is_named_by_row_and_column(tmp_path: Path) -> None:
    answer = dolthub_answer()
    rows = answer["rows"]
    assert isinstance(rows, list)
    rows[6]["strike"] = "four hundred"
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    with pytest.raises(ImportRefusedError, match=r"row 7, column 'strike': 'four hundred' is no number"):
        import_path(path, opened(tmp_path))


def copies(day: date, *later: date) -> pl.DataFrame:
    """Return a day's rows, and the same again as those of later days."""
    frame = interchange_frame((day,))
    return pl.concat([frame, *(frame.with_columns(quote_date=pl.lit(one)) for one in later)])


@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
@pytest.mark.parametrize(
    ("later", "stale"), [(date(2026, 1, 6), True), (date(2026, 1, 7), False)], ids=["next", "one missing"]
)
def test_quotes_are_stale_beside_those_of_the_session_before_and_no_earlier_one(
    later: date, stale: bool, apart: bool, tmp_path: Path
) -> None:
    source, frame = opened(tmp_path), copies(DAY, later)
    for day in (DAY, later) if apart else ():
        part = frame.filter(pl.col("quote_date") == day)
        import_path(interchange_file(tmp_path / day.isoformat(), part), source)
    if not apart:
        import_path(interchange_file(tmp_path / "both", frame), source)
    for day, expected in ((DAY, False), (later, stale)):
        chain = source.chain("SPY", datetime(day.year, day.month, day.day, 23, tzinfo=UTC))
        assert chain is not None
        assert chain.day == day
        assert set((chain.flaws & Flaw.STALE.bit > 0).tolist()) == {expected}


def test_no_quote_is_stale_beside_a_reconstructed_one(tmp_path: Path) -> None:
    source, frame, later = opened(tmp_path), copies(DAY, date(2026, 1, 6)), date(2026, 1, 6)
    import_path(interchange_file(tmp_path / "a", frame.filter(pl.col("quote_date") == DAY)), source)
    tape = source.chains.tape("SPY", DAY.year)
    made = replace(tape, grade=np.full(1, GRADES.index(Grade.RECONSTRUCTED), dtype=np.int8))
    (source.chains.home / "chains/SPY/2026.parquet").unlink()
    source.chains.refresh()
    source.chains.write(made)
    import_path(interchange_file(tmp_path / "b", frame.filter(pl.col("quote_date") == later)), source)
    chain = source.chain("SPY", datetime(2026, 1, 6, 23, tzinfo=UTC))
    assert chain is not None
    assert chain.day == later
    assert not (chain.flaws & Flaw.STALE.bit).any()
