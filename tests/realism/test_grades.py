"""The grade of data stays with what was traded on it; what stood in for data is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.hand_made import Told, hand_spec
from execution.tapes import CALENDAR, call, close_of, put, tape
from realism.nights import MONDAY, THURSDAY, TUESDAY, WEDNESDAY, WEEK, bills, of
from strikewise.backtest.result import result_of
from strikewise.backtest.runner import replay
from strikewise.domain.chain import GRADES
from strikewise.domain.quotes import Grade, Split
from strikewise.execution.fills import FillRule
from strikewise.market.estimate import PENALTY_CENTS, Estimator, MissingQuotePolicy
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import MemoryLedger

LATER = date(2024, 4, 19)
SHORT, OTHER = put(480, LATER), put(470, LATER)


@pytest.mark.parametrize("worse", [MONDAY, WEDNESDAY])
def test_a_trade_has_the_worst_grade_of_what_opened_and_closed_it(worse: date) -> None:
    made = tape({close_of(day): (500.0, [(SHORT, 400, 420)]) for day in WEEK})
    grades = [Grade.RECONSTRUCTED if day == worse else Grade.QUOTES for day in WEEK]
    graded = replace(made, grade=np.array([GRADES.index(one) for one in grades], dtype=np.int8))
    told = Told({MONDAY: [of((SHORT, -1))]}, frozenset([WEDNESDAY]), margin_cents=1, max_loss_cents=None)
    ledger = MemoryLedger()
    worst = replay(hand_spec(told, start=MONDAY, end=WEEK[-1]), MemorySource([graded]), CALENDAR, ledger)
    (trade,) = journal_of(ledger.records()).trades
    assert trade.grade == worst == "reconstructed"


def test_every_mark_without_a_quote_is_counted() -> None:
    gone = (TUESDAY, WEDNESDAY, THURSDAY)
    snapshots = {
        close_of(day): (500.0, [(OTHER, 300, 310)] if day in gone else [(SHORT, 400, 420), (OTHER, 300, 310)])
        for day in WEEK
    }
    told = Told({MONDAY: [of((SHORT, -1))]}, margin_cents=1, max_loss_cents=None)
    carried = FillRule(missing_quote=MissingQuotePolicy.CARRY)
    source, ledger = MemorySource([tape(snapshots)]), MemoryLedger()
    chosen = hand_spec(told, start=MONDAY, end=WEEK[-1], fills=carried)
    grade = replay(chosen, source, CALENDAR, ledger)
    (missing,) = result_of(chosen, ledger.records(), "", source, grade).missing_quotes
    assert (missing.marks, missing.first, missing.last, missing.policy) == (3, TUESDAY, THURSDAY, "carry")


def test_an_american_option_is_never_estimated_below_its_exercise_nor_without_the_penalty() -> None:
    deep = put(560, LATER)
    rows = [(put(480, LATER), 400, 420), (put(500, LATER), 1_200, 1_220), (call(520, LATER), 500, 520)]
    source = MemorySource([tape({close_of(MONDAY): (500.0, rows)})], series=[bills(5.0)])
    view = Market(source, CALENDAR).view(close_of(MONDAY))
    found = Estimator().estimate(view, deep, MissingQuotePolicy.MODEL, None)
    # Held to its end it would be worth some 3.40 less: the interest on its strike.
    assert (found.bid, found.ask) == (6_000 - PENALTY_CENTS, 6_000 + PENALTY_CENTS)


def test_a_split_is_known_a_week_ahead_and_no_sooner() -> None:
    source = MemorySource([], splits=[Split("SPY", date(2024, 3, day), 4.0) for day in (11, 12)])
    view = Market(source, CALENDAR).view(close_of(MONDAY))
    assert [one.ex_date for one in view.splits("SPY")] == [date(2024, 3, 11)]
