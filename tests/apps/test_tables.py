"""What numbers, legs and tables look like."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from strikewise.apps.cli.data_tables import flaws_table, stored_table
from strikewise.apps.cli.scan_tables import opportunities_table
from strikewise.apps.cli.session import Session, without_secrets
from strikewise.apps.cli.specification import changed
from strikewise.apps.cli.tables import legs_text
from strikewise.apps.cli.trade_tables import cash_text, short_legs
from strikewise.apps.figures import UNKNOWN, money, percent, plain, signed_money
from strikewise.market.quality import Flaw
from strikewise.service.errors import SettingsError


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (1234.5, 0, "$1,234"),
        (-5.1, 2, "-$5.10"),
        (-0.001, 2, "$0.00"),
        (0.0, 0, "$0"),
        (None, 2, UNKNOWN),
    ],
)
def test_dollars_are_written_as_people_write_them(value: float | None, digits: int, written: str) -> None:
    assert money(value, digits) == written


def test_a_loss_too_small_to_be_seen_has_no_sign() -> None:
    assert [percent(-0.0004), percent(-0.0006), plain(-0.004), plain(-0.006)] == [
        *("0.0%", "-0.1%", "0.00", "-0.01"),
    ]


def test_only_a_gain_carries_a_plus() -> None:
    assert [signed_money(value, 2) for value in (3.0, 0.001, -3.0, None)] == [
        "+$3.00",
        "$0.00",
        "-$3.00",
        UNKNOWN,
    ]


@given(st.floats(-1e9, 1e9))
def test_what_is_written_reads_back(value: float) -> None:
    assert float(money(value, 2).replace("$", "").replace(",", "")) == pytest.approx(value, abs=0.006)
    assert float(percent(value, 1).rstrip("%").replace(",", "")) == pytest.approx(100 * value, abs=0.06)
    assert float(plain(value).replace(",", "")) == pytest.approx(value, abs=0.006)


def test_json_has_null_where_a_number_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    unknown = {"a": [math.nan, 1.5], "b": {"c": -math.inf}}
    Session.begin(None).json(unknown)
    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5], "b": {"c": None}}


def test_cash_is_a_credit_or_a_debit() -> None:
    assert [cash_text(paid) for paid in (-1045.0, 20.5, None)] == ["1,045.00 cr", "20.50 db", UNKNOWN]


def test_legs_are_written_as_traders_write_them_the_short_strike_first() -> None:
    def leg(right: str, strike: float, ratio: int, day: str = "2026-09-18") -> dict[str, Any]:
        return {"right": right, "strike": strike, "ratio": ratio, "expiration": day}

    condor = [leg("P", 615.0, 1), leg("P", 620.0, -1), leg("C", 662.5, -1), leg("C", 670.0, 1)]
    assert legs_text(condor) == ["620/615 P", "662.5/670 C"]
    assert legs_text([leg("C", 1100.0, -2), leg("C", 1050.0, 1)]) == ["2×1,100/1,050 C"]
    calendar = [leg("P", 620.0, 1, "2026-10-16"), leg("P", 620.0, -1)]
    assert legs_text(calendar) == ["620 P 18 Sep", "620 P 16 Oct"]


@pytest.mark.parametrize(
    ("journal", "short"),
    [
        ("+1 SPY 2026-09-18 595P, -1 SPY 2026-09-18 600P", "SPY 18 Sep 26 600/595 P"),
        (
            "-1 SPXW 2018-02-16 2700C, +1 SPXW 2018-02-16 2725C, "
            "+1 SPXW 2018-02-16 2400P, -1 SPXW 2018-02-16 2425P",
            "SPXW 16 Feb 18 2425/2400 P 2700/2725 C",
        ),
        ("+1 SPY 2026-10-16 600C, -1 SPY 2026-09-18 600C", "SPY 18 Sep 26 600 C SPY 16 Oct 26 600 C"),
        ("-2 SPY 2026-09-18 595P, +1 SPY 2026-09-18 600P", "SPY 18 Sep 26 2×595/600 P"),
        ("+100 SPY shares, -1 SPY 2026-09-18 600C", "+100 SPY shares, -1 SPY 2026-09-18 600C"),
        ("+1 SPY shares", "SPY shares"),
        ("-1 SPY shares", "SPY shares, short"),
    ],
)
def test_the_legs_of_a_journal_are_shortened_where_all_are_of_a_kind(journal: str, short: str) -> None:
    assert short_legs(journal) == short


AMOUNT = st.floats(0.01, 9e5)


@given(
    strikes=st.tuples(AMOUNT, AMOUNT),
    credit=AMOUNT,
    loss=st.none() | AMOUNT,
    rank=st.none() | st.floats(0, 1),
    width=st.sampled_from((100, 120, 160, 200)),
)
def test_no_figure_of_a_scan_is_cut_off(
    strikes: tuple[float, float], credit: float, loss: float | None, rank: float | None, width: int
) -> None:
    one = {
        "underlying": "SPXW",
        "strategy": "credit_spread",
        "legs": [
            {"right": "P", "strike": round(strike, 1), "ratio": ratio, "expiration": "2026-09-18"}
            for strike, ratio in zip(strikes, (-1, 1), strict=True)
        ],
        "quantity": 3,
        "credit": credit,
        "max_loss": loss,
        "breakevens": [strikes[0]],
        "probability_of_profit": 0.5,
        "edge": -credit,
        "iv_rank": rank,
        "score": 99.9,
        "score_parts": dict.fromkeys("abcde", 20.0),
        "because": {"dte": 44.0},
    }
    page = io.StringIO()
    Console(file=page, width=width).print(opportunities_table([one], width))
    text = page.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert money(credit) in text
    assert money(loss) in text


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="@/:"), min_size=1))
def test_no_password_of_an_address_passes(password: str) -> None:
    said = without_secrets(f"cannot reach postgresql+psycopg://trader:{password}@host/db today")
    assert said == "cannot reach postgresql+psycopg://trader:***@host/db today"


def test_a_change_sets_one_key_and_leaves_the_document_it_was_given() -> None:
    document = {"capital": 1, "strategies": [{"strategy": "a"}, {"strategy": "b", "label": "c"}]}
    made = changed(
        document, ["capital=5_000", "fills.f=0.5", "strategies.c.parameters.side=put", "name=Two words"]
    )
    assert made["capital"] == 5000
    assert made["fills"] == {"f": 0.5}
    assert made["strategies"][1]["parameters"] == {"side": "put"}
    assert made["name"] == "Two words"
    assert document == {"capital": 1, "strategies": [{"strategy": "a"}, {"strategy": "b", "label": "c"}]}


@pytest.mark.parametrize("change", ["capital", "=5", "strategies.9.label=x", "capital.x=1", "strategies.0=x"])
def test_a_change_without_a_place_is_refused(change: str) -> None:
    with pytest.raises(SettingsError):
        changed({"capital": 1, "strategies": [{"strategy": "a"}]}, [change])


def test_every_kind_of_flaw_has_a_column_and_all_fit_into_eighty_characters() -> None:
    flaws = {str(flaw.name): {"count": 1000, "share": 0.345} for flaw in Flaw}
    made = flaws_table([{"underlying": "GOOGL", "flaws": flaws}])
    out = Console(file=io.StringIO(), width=80)
    out.print(made)
    assert isinstance(out.file, io.StringIO)
    text = out.file.getvalue()
    assert "…" not in text
    assert text.count("34.5%") == len(Flaw)
    assert "spot" in text


def test_chains_that_are_stored_are_told_by_the_days_of_new_york() -> None:
    held = {"underlying": "SPY", "snapshots": 2, "first": "2026-07-02T01:30:00+00:00"}
    shown = Console(file=io.StringIO(), width=80)
    shown.print(stored_table([{**held, "last": "2026-07-03T20:00:00+00:00"}]))
    assert {"2026-07-01", "2026-07-03"} <= set(shown.file.getvalue().split())  # type: ignore[attr-defined]
