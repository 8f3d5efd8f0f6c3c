"""`strikewise data import`, `audit` and `status`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from apps.json_data import Audit, Imported, Status
from apps.market_home import write_chain_file
from apps.pages import loaded_from_elsewhere


def test_an_import_can_be_repeated_and_keeps_its_contract(answer: Any, tmp_path: Path) -> None:
    home, path = tmp_path / "home", write_chain_file(tmp_path)
    first = answer("data", "import", path, home=home)
    again = answer("data", "import", path, home=home)
    Imported.model_validate(first)
    assert first["underlyings"] == ["XYZ"]
    assert first["rows_written"] == first["rows_read"] == 24
    assert again["rows_written"] == 0
    assert again["rows_unchanged"] == 24

    held = answer("data", "status", home=home)
    Status.model_validate(held)
    assert [(one["underlying"], one["snapshots"]) for one in held["chains"]] == [("XYZ", 2)]


def test_what_stands_beside_chains_is_told_by_name_and_many_names_together(
    call: Any, answer: Any, tmp_path: Path
) -> None:
    home, folder = tmp_path / "home", tmp_path / "given"
    folder.mkdir()
    (folder / "rates.csv").write_text("date,DTB3\n2024-01-02,5.2\n2024-01-03,5.3\n")
    rows = [f"S{number},2024-02-0{1 + number % 9},0.5" for number in range(31)]
    (folder / "dividends.csv").write_text("\n".join(["symbol,ex_date,amount", *rows]) + "\n")
    answer("data", "import", folder, home=home)
    held = answer("data", "status", home=home)
    Status.model_validate(held)
    rate = {"kind": "series", "name": "DTB3", "rows": 2, "first": "2024-01-02", "last": "2024-01-03"}
    assert rate in held["beside"]
    assert len(held["beside"]) == 32
    shown = call("data", "status", home=home).stdout
    assert "There are no chains yet." in shown
    assert "DTB3" in shown
    assert "31 symbols" in shown
    assert "S17" not in shown


def test_a_file_that_cannot_be_read_leaves_the_store_as_it_was(
    call: Any, answer: Any, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    path = write_chain_file(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    result = call("data", "import", path, home=home)
    assert result.exit_code == 2
    assert path.name in result.stderr.replace("\n", "")
    assert answer("data", "status", home=home)["chains"] == []


def test_an_import_names_what_it_left_alone_and_no_chains_where_it_read_none(
    call: Any, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "bars.csv").write_text(
        "symbol,date,open,high,low,close\nSPY,2026-01-02,399,401,398,400\n", encoding="utf-8"
    )
    (data / "strange.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    said = call("data", "import", data, home=tmp_path / "home").stdout
    assert "Chains of" not in said
    assert f"{data / 'strange.csv'}: of no known format; its columns are a, b." in said.replace("\n", "")


def test_an_audit_tells_days_gaps_and_flaws_and_keeps_its_contract(answer: Any) -> None:
    found = answer("data", "audit")
    Audit.model_validate(found)
    (one,) = found["underlyings"]
    assert one["underlying"] == "SPX"
    assert one["grades"] == {"reconstructed": one["days"]}
    assert sum(one["coverage"].values()) == one["rows"]


def test_the_picture_of_an_audit_shows_every_day_and_needs_nothing_else(
    call: Any, answer: Any, tmp_path: Path
) -> None:
    page = tmp_path / "pictures" / "audit.html"
    result = call("data", "audit", "SPX", "--html", page)
    assert result.exit_code == 0
    assert str(page) in result.stdout
    text = page.read_text(encoding="utf-8")
    (one,) = answer("data", "audit")["underlyings"]
    assert text.count('<rect class="there"') == one["days"]
    assert text.count('<rect class="gone"') == len(one["missing"])
    assert date.fromisoformat(one["first"]).strftime("%a %Y-%m-%d") in text
    assert loaded_from_elsewhere(text) == []
    assert "@import" not in text


def test_a_missing_session_is_a_hole_in_the_picture(call: Any, answer: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    frame_with_a_gap(tmp_path)
    answer("data", "import", tmp_path / "XYZ", home=home)
    page = tmp_path / "audit.html"
    assert call("data", "audit", "--html", page, home=home).exit_code == 0
    assert "Tue 2024-03-05: no snapshot" in page.read_text(encoding="utf-8")


def frame_with_a_gap(folder: Path) -> None:
    """Leave out the session between two others."""
    path = write_chain_file(folder)
    frame = pl.read_parquet(path)
    later = frame.filter(pl.col("quote_date") == date(2024, 3, 5)).with_columns(quote_date=date(2024, 3, 6))
    pl.concat([frame.filter(pl.col("quote_date") == date(2024, 3, 4)), later]).write_parquet(path)


def test_an_empty_store_says_what_to_do(call: Any, tmp_path: Path) -> None:
    for words in (("data", "audit"), ("data", "status")):
        said = call(*words, home=tmp_path).stdout
        assert "no chains yet" in said
        assert "data import" in said


def test_an_underlying_that_is_not_stored_is_refused(call: Any) -> None:
    result = call("data", "audit", "NOSUCH")
    assert result.exit_code == 2
    assert "NOSUCH" in result.stderr
