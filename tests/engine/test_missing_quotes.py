"""SPY as recorded in 2021, twenty contracts a day: what becomes of a position whose legs nobody quotes."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache

import pytest

from engine.runs import CALENDAR, spy_2021, through_history
from strategy.recorded_market import recorded_source
from strikewise.domain.instruments import parse_instrument
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.ledger import Fact, read

pytestmark = pytest.mark.shared
POLICIES = ("carry", "model", "worst")
each_policy = pytest.mark.parametrize("policy", POLICIES)


@cache
def year(policy: str) -> tuple[list[Fact], Journal]:
    facts = through_history(spy_2021(policy), recorded_source("SPY", 2021))
    return facts, journal_of(read(facts))


@each_policy
def test_no_trade_is_lost_for_want_of_a_quote(policy: str) -> None:
    facts, journal = year(policy)
    filled = {order.position_id for order in journal.orders if order.purpose == "open" and order.filled}
    assert {trade.trade_id for trade in journal.trades} == filled
    assert len(filled) > 20
    last = facts[-1].known_at.date()
    for row in journal.positions:
        trade = next(trade for trade in journal.trades if trade.trade_id == row.position_id)
        legs = [parse_instrument(f"SPY:{symbol}") for symbol in symbols_of(trade.legs)]
        assert any(leg.expiration > last for leg in legs), "it outlived its options"


def symbols_of(legs: str) -> list[str]:
    """Turn ``-1 SPY 2021-03-19 370P`` into OCC symbols."""
    found = []
    for leg in legs.split(", "):
        _, root, day, strike = leg.split(" ")
        found.append(f"{root}{day[2:4]}{day[5:7]}{day[8:]}{strike[-1]}{round(float(strike[:-1]) * 1000):08d}")
    return found


@each_policy
def test_every_estimate_is_a_fact_and_is_counted_with_its_trade(policy: str) -> None:
    facts, journal = year(policy)
    marks = [json.loads(fact.payload) for fact in facts if fact.kind == "MarkEstimated"]
    assert len(marks) > 100
    assert sum(trade.estimated_marks for trade in journal.trades) == len(marks)
    assert sum(row.estimated_legs for row in journal.equity) > 0
    said = {mark["policy"].partition(":")[0] for mark in marks}
    assert said <= {policy, "model", "intrinsic"}
    assert policy in said


@each_policy
def test_an_exit_is_priced_by_the_policy_or_waits_until_it_is_quoted(policy: str) -> None:
    facts, journal = year(policy)
    filled = [json.loads(fact.payload)["execution"] for fact in facts if fact.kind == "OrderFilled"]
    by_policy = {fill["policy"] for fill in filled if fill["policy"]}
    waited = [row for row in journal.orders if row.purpose == "close" and row.status == "expired"]
    if policy == "carry":
        assert by_policy == set()
        assert any("no usable quote" in row.note for row in waited)
    else:
        assert by_policy
        assert all(name.partition(":")[0] in {policy, "model"} for name in by_policy)
        assert all("no usable quote" not in row.note for row in waited)
    assert sum(trade.policy_fills for trade in journal.trades) == sum(bool(fill["policy"]) for fill in filled)


def test_entries_are_never_made_on_an_estimate() -> None:
    for policy in POLICIES:
        _, journal = year(policy)
        opened = {row.order_id for row in journal.orders if row.purpose == "open"}
        for fact in year(policy)[0]:
            if fact.kind == "OrderFilled":
                execution = json.loads(fact.payload)["execution"]
                assert execution["order_id"] not in opened or not execution["policy"]


def test_the_policies_open_the_same_until_the_first_missing_quote_matters() -> None:
    first = [
        [fact.payload for fact in year(policy)[0] if fact.kind == "OrderPlaced"][:2] for policy in POLICIES
    ]
    assert first[0] == first[1] == first[2]


@each_policy
def test_a_position_is_marked_on_every_session_it_is_held(policy: str) -> None:
    _, journal = year(policy)
    days = [row.at.date() for row in journal.equity]
    assert days == CALENDAR.sessions(days[0], days[-1] + timedelta(0))
    assert all(row.equity_exit_cents <= row.equity_mid_cents for row in journal.equity)
