"""The fast engine writes the facts that a slow, plain backtester expects, fact by fact, on random portfolios.

Few examples by default; ``pytest tests/oracle --hypothesis-profile=long`` tries many.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oracle import markets
from oracle.drawn_parameters import DRAWN
from oracle.draws import FAMILIES, OPTIONS, RICH, USUAL, VERY_RICH, documents
from oracle.plain_backtester import PlainFact
from oracle.plain_margin import Bought, Sold, by_trying, cheapest, margin_of
from oracle.trial import check, expected_of, tried
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.instruments import OptionContract, Right
from strikewise.portfolio.margin import OptionRows, margin_cents
from strikewise.strategy.registry import STRATEGIES

trying = settings(
    max_examples=settings().max_examples // 33,
    phases=[Phase.explicit, Phase.generate],  # to shrink a specification takes minutes, to read one does not
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
MIXED = [(markets.split_2015, ("SPY",)), (markets.both_2015, ("SPX", "SPY"))]


@trying
@given(document=documents(("SPX",), markets.SUMMER_2015))
def test_facts_agree_over_a_reconstructed_index(document: dict[str, Any]) -> None:
    check(make_spec(document), markets.index_2015(), "a reconstructed index")


@trying
@given(document=documents(("SPY",), markets.SUMMER_2015))
def test_facts_agree_over_a_reconstructed_fund_that_pays_dividends(document: dict[str, Any]) -> None:
    check(make_spec(document), markets.fund_2015(), "a reconstructed fund")


@trying
@given(document=documents(("SPX", "SPY"), markets.SUMMER_2015))
def test_facts_agree_over_two_underlyings(document: dict[str, Any]) -> None:
    check(make_spec(document), markets.both_2015(), "two underlyings")


@trying
@given(document=documents(("SPY",), markets.SUMMER_2015))
def test_facts_agree_through_splits(document: dict[str, Any]) -> None:
    check(make_spec(document), markets.split_2015(), "a fund that splits")


@trying
@given(
    document=documents(
        ("SPY", "ARC", "BAY", "COG", "DEW"), markets.SUMMER_2015, ("momentum", "momentum", "credit_spread")
    )
)
def test_facts_agree_over_shares_that_pay_and_split(document: dict[str, Any]) -> None:
    check(make_spec(document), markets.shares_2015(), "shares")


@pytest.mark.parametrize("family", FAMILIES)
@trying
@given(data=st.data())
def test_facts_agree_for_every_family_of_strategies(family: str, data: st.DataObject) -> None:
    names, capitals = FAMILIES[family], RICH if family == "stock and cash" else USUAL
    shares = family == "shares"
    traded = ("SPY", "ARC", "BAY", "COG", "DEW") if shares else ("SPY",)
    period = markets.SUMMER_2015
    if family == "indices":  # they roll once a month, and take the whole account
        document = data.draw(documents(traded, period, names, longest=120, capitals=VERY_RICH, whole=True))
    else:
        document = data.draw(documents(traded, period, names, longest=45, capitals=capitals))
    check(make_spec(document), markets.shares_2015() if shares else markets.fund_2015(), family)


@trying
@given(
    document=documents(
        ("SPX",),
        markets.SUMMER_2015,
        ("index_put_write", "index_condor"),
        longest=120,
        capitals=VERY_RICH,
        whole=True,
    )
)
def test_facts_agree_for_indices_that_are_paid_in_cash(document: dict[str, Any]) -> None:
    check(make_spec(document), markets.index_2015(), "indices paid in cash")


@trying
@given(data=st.data())
def test_facts_agree_for_all_of_them_through_splits_and_over_two_underlyings(data: st.DataObject) -> None:
    market, traded = data.draw(st.sampled_from(MIXED))
    names = data.draw(st.sampled_from([FAMILIES[family] for family in FAMILIES if family != "shares"]))
    document = data.draw(documents(traded, markets.SUMMER_2015, names, longest=45, capitals=RICH))
    check(make_spec(document), market(), "splits or two underlyings")


@pytest.mark.shared
@trying
@given(data=st.data())
def test_facts_agree_for_all_of_them_over_recorded_quotes(data: st.DataObject) -> None:
    names = data.draw(st.sampled_from([FAMILIES[family] for family in FAMILIES if family != "shares"]))
    document = data.draw(documents(("SPY",), markets.SUMMER_2026, names, capitals=RICH))
    check(make_spec(document), markets.recorded_2026(), "quotes of 2026")


LEFT_BEHIND_ITS_LEVEL: dict[str, Any] = {
    "underlyings": ["DEW"],
    "start": date(2015, 7, 15),
    "end": date(2015, 9, 30),
    "capital": 1_000_000,
    "limits": {"max_loss_per_trade": 0.2},
    "strategies": [
        {
            "strategy": "breakout",
            "parameters": {
                "side": "both",
                "level": "55",
                "min_surge": 0.0,
                "max_break": 0.5,
                "min_dollar_volume": 0.0,
                "trail": "off",
                "slack": 0.05,
                "profit_target": 0.0,
                "stop_loss": 0.5,
                "max_sessions": 0,
            },
        }
    ],
}
"""Shares sold short that halve by a split, rise again, and are back above the level that they broke."""


def test_a_level_that_was_broken_splits_with_its_shares() -> None:
    found = check(make_spec(LEFT_BEHIND_ITS_LEVEL), markets.shares_2015(), "a level that splits")
    assert found["PositionSplit"] == 1


@pytest.mark.shared
@trying
@given(document=documents(("SPY",), markets.SUMMER_2026))
def test_facts_agree_over_recorded_quotes(document: dict[str, Any]) -> None:
    check(make_spec(document), markets.recorded_2026(), "quotes of 2026")


@pytest.mark.shared
@trying
@given(document=documents(("SPY",), markets.YEAR_2021, longest=120), data=st.data())
def test_facts_agree_where_most_of_what_is_held_has_no_quote(
    document: dict[str, Any], data: st.DataObject
) -> None:
    policy = data.draw(st.sampled_from(["carry", "model", "worst"]))
    chosen = {**document, "fills": {**document["fills"], "missing_quote": policy}}
    check(make_spec(chosen), markets.recorded_2021(), "few quotes of 2021")


# --- what the plain backtester is worth ---

READ = {
    "strikewise.domain",
    "strikewise.market.calendar",
    "strikewise.market.quality",
    "strikewise.market.source",
    "strikewise.market.universe",
    "strikewise.market.view",
}
"""Words, sessions, the names of flaws, the source, and features; all else is computed here."""

EVERYTHING: dict[str, Any] = {
    "underlyings": ["SPY"],
    "start": date(2015, 6, 1),
    "end": date(2015, 8, 31),
    "capital": 1_000_000,
    "limits": {"max_margin_per_trade": 0.5, "max_at_risk": 0.9, "max_loss_per_trade": 0.05},
    "strategies": [
        {
            "strategy": "credit_spread",
            "parameters": {
                "trend": "off",
                "min_dte": 5,
                "max_dte": 20,
                "dte_exit": 0,
                "profit_target": 2.0,
                "stop_loss": 0.0,
                "short_delta_min": 0.2,
                "short_delta_max": 0.5,
                "width": 25.0,
                "width_tolerance": 1.0,
                "max_signals": 2,
            },
        },
        {
            "strategy": "naked_put",
            "parameters": {
                "trend": "off",
                "short_by": "delta",
                "short_delta_min": 0.1,
                "short_delta_max": 0.4,
                "premium_max": 40.0,
                "max_dte": 25,
                "dte_exit": 0,
                "risk_fraction": 0.3,
                "max_units": 3,
            },
        },
    ],
}
"""A run in which everything happens: assignments, shares, dividends, missing quotes, a falling market."""

ONE_RULE_CHANGED: dict[str, dict[str, Any]] = {
    "fills at three quarters of the half-spread": {"fills": {"f": 0.75}},
    "another share of the open interest": {"fills": {"open_interest_share": 0.0005}},
    "another policy for missing quotes": {"fills": {"missing_quote": "worst"}},
    "another commission": {"fees": {"commission": 0.66}},
    "no fees passed on": {"fees": {"pass_through": False}},
    "another fee for an assignment": {"fees": {"assignment": 0.0}},
    "no early assignment": {"exercise": {"early": False}},
    "pins by exception": {"exercise": {"pin": "exception", "pin_band": 0.02}},
    "interest on cash": {"financing": {"cash": "bills"}},
    "cheaper debit": {"financing": {"debit_spread": 0.0}},
    "a day late": {"cadence": {"lag": 1}},
    "no entries on Mondays": {"cadence": {"entry": ["TUE", "WED", "THU", "FRI"]}},
    "one position fewer": {"limits": {**EVERYTHING["limits"], "max_per_underlying": 4}},
    "less at risk": {"limits": {**EVERYTHING["limits"], "max_at_risk": 0.2}},
    "half the account for one of them": {"allocation": {"weights": {"credit_spread": 0.1, "naked_put": 1.0}}},
    "the best edge first": {"allocation": {"priority": "edge"}},
}


@cache
def everything_expected() -> list[PlainFact]:
    return expected_of(make_spec(EVERYTHING), markets.fund_2015())


def test_a_run_in_which_everything_happens_agrees() -> None:
    found = check(make_spec(EVERYTHING), markets.fund_2015(), "everything at once")
    assert found["OptionSettled"] > 10
    assert found["CashFlowed"] > 1
    assert found["MarkEstimated"] > 50


@pytest.mark.parametrize("changes", ONE_RULE_CHANGED.values(), ids=ONE_RULE_CHANGED.keys())
def test_an_engine_with_one_rule_changed_is_found_out(changes: dict[str, Any]) -> None:
    changed, plain = make_spec({**EVERYTHING, **changes}), make_spec(EVERYTHING)
    # The specification is itself a fact: with equal documents only what was done can differ.
    changed = replace(changed, run=replace(changed.run, document=plain.run.document))
    found = tried(changed, markets.fund_2015(), everything_expected())
    assert found.difference is not None
    assert found.difference.number > 2


def test_every_strategy_is_drawn() -> None:
    assert DRAWN.keys() == STRATEGIES.keys()
    assert {*OPTIONS, *(name for names in FAMILIES.values() for name in names)} == STRATEGIES.keys()


def test_the_plain_backtester_shares_no_code_with_what_it_judges() -> None:
    for module in sorted(Path(__file__).parent.glob("plain_*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            used = [one for one in names if one.startswith("strikewise")]
            strange = [one for one in used if not any(f"{one}.".startswith(f"{read}.") for read in READ)]
            assert not strange, f"{module.name} imports {strange}"


RIGHTS = st.sampled_from([Right.PUT, Right.CALL])
ENDS = st.sampled_from([(1, True), (1, True), (2, True)])
STRIKES = st.integers(8, 12)
SOLD = st.builds(
    Sold,
    right=RIGHTS,
    strike=STRIKES,
    expires=ENDS,
    count=st.integers(1, 2),
    premium=st.integers(0, 3),
    requirement=st.integers(1, 6),
    in_the_money=st.integers(0, 3),
)
BOUGHT = st.builds(Bought, right=RIGHTS, strike=STRIKES, expires=ENDS, count=st.integers(1, 2))


@settings(max_examples=60)
@given(
    sold=st.lists(SOLD, min_size=1, max_size=3),
    bought=st.lists(BOUGHT, max_size=3),
    shares=st.sampled_from([0, 0, 100, -200]),
)
def test_the_least_margin_is_what_trying_every_grouping_finds(
    sold: list[Sold], bought: list[Bought], shares: int
) -> None:
    assert cheapest(tuple(sold), tuple(bought), shares) == by_trying(tuple(sold), tuple(bought), shares)


@st.composite
def books(draw: st.DrawFn) -> tuple[dict[OptionContract, int], dict[OptionContract, int]]:
    """Options of an index and what each costs to close: three expirations, spreads and not."""
    held: dict[OptionContract, int] = {}
    days = st.sampled_from([date(2015, 7, 17), date(2015, 7, 24), date(2015, 7, 31)])
    for _ in range(draw(st.integers(1, 4))):
        day, units = draw(days), draw(st.integers(1, 3))
        for right in draw(st.sampled_from([[Right.PUT], [Right.CALL], [Right.PUT, Right.CALL]])):
            away, wide = 10 * draw(st.integers(1, 15)), draw(st.sampled_from([0, 10, 25, 40]))
            side = -1 if right is Right.PUT else 1
            away = away if draw(st.integers(0, 3)) else -away  # in the money: both sides may lose then
            sold = OptionContract("SPX", day, right, 1000 * (2100 + side * away), 1)
            held[sold] = held.get(sold, 0) - units
            if wide:
                bought = OptionContract("SPX", day, right, 1000 * (2100 + side * (away + wide)), 1)
                held[bought] = held.get(bought, 0) + units
            if wide and draw(st.integers(0, 3)) == 0:  # a butterfly
                held[sold] -= units
                inner = OptionContract("SPX", day, right, 1000 * (2100 + side * (away - wide)), 1)
                held[inner] = held.get(inner, 0) + units
    left = {one: count for one, count in held.items() if count}
    return left, {one: draw(st.integers(0, 900)) for one in left}


@settings(max_examples=40)
@given(book=books(), lots=st.sampled_from([0, 0, 1, 2, -1]))
def test_the_engine_asks_for_the_least_margin_of_all_groupings(
    book: tuple[dict[OptionContract, int], dict[OptionContract, int]], lots: int
) -> None:
    held, prices = book
    rows = OptionRows.of(list(held.items()))
    asked = margin_cents(rows, np.array(list(prices.values()), dtype=np.int64), 210_000, 100 * lots)
    # Books of this size are small enough for every mixture; larger ones may ask for more.
    assert asked == margin_of({**held} | ({"SPX": 100 * lots} if lots else {}), prices, 210_000)
