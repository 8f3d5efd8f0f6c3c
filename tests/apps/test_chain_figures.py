"""What is said of the chains behind a result."""

from __future__ import annotations

from typing import Any

from strikewise.apps.chain_figures import limits_words
from strikewise.apps.reports.backtest_report import notice


def origin(underlying: str, multiplier: float | None) -> dict[str, Any]:
    limits = "" if multiplier is None else "They cannot show it."
    return {"underlying": underlying, "spread_multiplier": multiplier, "limits": limits}


def test_one_multiplier_is_said_once_and_several_by_underlying() -> None:
    assert limits_words([origin("SPY", 2.0), origin("SPX", 2.0)]) == (
        "They cannot show it. The spread multiplier in force is 2."
    )
    assert limits_words([origin("SPY", 1.0), origin("SPX", 3.0), origin("SPX", 1.5)]) == (
        "They cannot show it. The spread multiplier in force is 1 for SPY, 3 for SPX, 1.5 for SPX."
    )


def test_recorded_chains_need_no_words() -> None:
    assert limits_words([origin("SPY", None)]) == ""
    assert notice("quotes", [origin("SPY", None)]) is None


def test_a_result_that_does_not_know_its_chains_is_warned_of_by_its_grade() -> None:
    old = notice("reconstructed", ())
    assert old is not None
    assert "they are no quotes" in old["text"]
    new = notice("reconstructed", [origin("SPY", 2.0), origin("SPX", None)])
    assert new == {"title": old["title"], "text": "They cannot show it. The spread multiplier in force is 2."}
