"""`strikewise scan`, as people and programs call it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from apps.json_contract import Scan

DAY = "2018-02-14"


@pytest.fixture
def found(answer: Any) -> dict[str, Any]:
    result: dict[str, Any] = answer("scan", "--as-of", DAY)
    return result


def test_json_keeps_its_contract(found: dict[str, Any]) -> None:
    Scan.model_validate(found)
    assert found["opportunities"], "a day on which nothing is found tests nothing"
    assert found["denied"]


def test_a_day_means_the_close_of_its_session(found: dict[str, Any], answer: Any) -> None:
    assert found["as_of"] == "2018-02-14T21:00:00+00:00"
    sunday = answer("scan", "--as-of", "2018-02-18")
    assert sunday["as_of"] == "2018-02-16T21:00:00+00:00"


def test_the_best_stands_first(found: dict[str, Any]) -> None:
    scores = [one["score"] for one in found["opportunities"]]
    assert scores == sorted(scores, reverse=True)


def test_credit_and_loss_of_a_condor_make_up_its_width(found: dict[str, Any]) -> None:
    condors = [one for one in found["opportunities"] if one["strategy"] == "iron_condor"]
    assert condors
    for one in condors:
        puts = sorted(leg["strike"] for leg in one["legs"] if leg["right"] == "P")
        assert one["credit"] + one["max_loss"] == pytest.approx(100 * (puts[1] - puts[0]))


def test_top_keeps_the_best(found: dict[str, Any], answer: Any) -> None:
    best = answer("scan", "--as-of", DAY, "--top", 1)
    assert best["opportunities"] == found["opportunities"][:1]
    assert best["denied"] == found["denied"]


def test_only_the_strategies_asked_for_answer(answer: Any) -> None:
    one = answer("scan", "--as-of", DAY, "--strategy", "iron_condor")
    assert {found["strategy"] for found in one["opportunities"]} == {"iron_condor"}


def test_people_see_the_grade_the_legs_and_why_not_the_rest(call: Any, found: dict[str, Any]) -> None:
    said = call("scan", "--as-of", DAY).stdout
    assert "RECONSTRUCTED" in said
    assert re.search(r"2,\d{3}/2,\d{3} P", said)
    for code in found["denied"]:
        assert code in said
    assert said.rstrip().splitlines()[-1].startswith("Next: ")


@pytest.mark.parametrize("columns", [60, 80, 100, 130, 160])
def test_tables_fit_the_terminal_and_lose_no_figure(call: Any, columns: int) -> None:
    said = call("scan", "--as-of", DAY, columns=columns).stdout
    table = said[: said.index("Next:")]
    assert max(map(len, table.splitlines())) <= columns
    assert "…" not in table


def test_a_payoff_ends_at_the_largest_loss_and_profit(answer: Any) -> None:
    found = answer("scan", "--as-of", DAY, "--strategy", "iron_condor", "--payoff", 1)
    Scan.model_validate(found)
    best, *others = found["opportunities"]
    at_expiry = best["what_if"]["profit"]["at_expiry"]
    assert at_expiry[0] == pytest.approx(-best["max_loss"])
    assert max(at_expiry) == pytest.approx(best["max_profit"])
    assert all("what_if" not in one for one in others)


def test_a_payoff_of_no_rank_is_told_to_be_none(call: Any) -> None:
    result = call("scan", "--as-of", DAY, "--payoff", 99)
    assert result.exit_code == 0
    assert "no opportunity of rank 99" in result.stderr
    assert "Payoff" not in result.stdout


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_a_payoff_fits_the_terminal(call: Any, columns: int) -> None:
    said = call("scan", "--as-of", DAY, "--top", 1, "--payoff", 1, columns=columns).stdout
    table = said[said.index("Payoff of") : said.index("Next:")]
    assert max(map(len, table.splitlines())) <= columns
    assert "…" not in table


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--as-of", "2018-02-14T12:00"), "no time zone"),
        (("--as-of", "yesterday"), "no date"),
        (("--top", "0"), "--top"),
        (("--capital", "inf"), "--capital"),
        (("--capital", "1e300"), "--capital"),
    ],
)
def test_what_cannot_be_read_is_refused(call: Any, words: tuple[str, ...], sentence: str) -> None:
    result = call("scan", *words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words", [("NOSUCH",), ("--strategy", "iron_condr"), ("--feed", "nosuch"), ("--feed", "cboe", "SPY")]
)
def test_what_is_not_there_ends_in_one_sentence(call: Any, words: tuple[str, ...]) -> None:
    result = call("scan", *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.strip()
