"""Positions are left by price, by time or by assignment, and by the first of these that holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Holding, Mark, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.strategy.exits import ExitCode, credit_exit
from strikewise.strategy.library.credit_spread import CreditSpread
from strikewise.strategy.library.naked_put import NakedPut

OPENED = datetime(2025, 6, 10, 20, tzinfo=UTC)
EXPIRATION = date(2025, 7, 18)
SHORT = OptionContract("SPY", EXPIRATION, Right.PUT, 570_000)
WING = OptionContract("SPY", EXPIRATION, Right.PUT, 565_000)
CREDIT = 6000
PARAMS = CreditSpread.space.make()


def position(exit_cents: int | None, *, estimated: int = 0, fees: int = 0) -> Position:
    mark = None
    if exit_cents is not None:
        mark = Mark(exit_cents + 400, exit_cents, 60_000, estimated, Greeks(), OPENED)
    return Position(
        position_id="p", strategy="credit_spread", underlying="SPY", signal_id="s",
        structure=Structure.of([Leg(SHORT, -1), Leg(WING, 1)]), quantity=1,
        holdings=(Holding(SHORT, -1), Holding(WING, 1)), opened_at=OPENED,
        entry_cents=-CREDIT, cash_cents=-CREDIT, fees_cents=fees, max_loss_cents=50_000 - CREDIT,
        margin_cents=50_000 - CREDIT, because={}, grade=Grade.QUOTES, mark=mark,
    )  # fmt: skip


def code(held: Position, days: int = 1, params: ParameterSet = PARAMS) -> str | None:
    action = credit_exit(held, OPENED.date() + timedelta(days=days), params)
    return None if action is None else action.reason


@pytest.mark.parametrize(
    ("exit_cents", "expected"),
    [
        (-CREDIT, None),
        (-3001, None),
        (-3000, ExitCode.PROFIT_TARGET),
        (0, ExitCode.PROFIT_TARGET),
        (-17_999, None),
        (-18_000, ExitCode.STOP_LOSS),
        (-40_000, ExitCode.STOP_LOSS),
    ],
)
def test_half_the_credit_is_taken_and_twice_the_credit_is_the_most_to_lose(
    exit_cents: int, expected: ExitCode | None
) -> None:
    assert code(position(exit_cents)) == expected


def test_fees_count_as_loss_and_the_mid_does_not_count() -> None:
    assert code(position(-3000, fees=1)) is None
    held = position(-3001)
    assert held.mark is not None
    assert held.mark.mid_cents - held.cash_cents > 3000
    assert code(held) is None


def test_a_target_is_not_met_on_an_estimated_price_but_a_stop_is() -> None:
    assert code(position(-1000, estimated=1)) is None
    assert code(position(-20_000, estimated=1)) == ExitCode.STOP_LOSS


@pytest.mark.parametrize(
    ("held", "detail"),
    [
        (position(-18_000, fees=130), "loss=121.30 limit=120.00"),
        (position(-20_000, estimated=2), "loss=140.00 limit=120.00 estimated=2"),
        (position(-2_000), "profit=40.00 target=30.00"),
        (position(None), None),
    ],
)
def test_an_exit_says_by_which_numbers_it_was_chosen(held: Position, detail: str | None) -> None:
    action = credit_exit(held, OPENED.date(), PARAMS)
    assert (None if action is None else action.detail) == detail


@pytest.mark.parametrize(("days_left", "expected"), [(22, None), (21, "DTE_EXIT"), (3, "DTE_EXIT")])
def test_time_is_up_when_so_many_days_are_left(days_left: int, expected: str | None) -> None:
    days = (EXPIRATION - OPENED.date()).days - days_left
    assert code(position(-CREDIT), days) == expected
    assert code(position(None), days) == expected


def test_the_days_held_may_be_limited() -> None:
    params = CreditSpread.space.make({"max_days_held": 5, "dte_exit": 0})
    assert [code(position(-CREDIT), days, params) for days in (4, 5, 6)] == [None, "TIME_EXIT", "TIME_EXIT"]


@given(st.none() | st.integers(-60_000, 1000), st.integers(0, 60))
def test_assigned_shares_are_closed_before_anything_else(exit_cents: int | None, days: int) -> None:
    held = replace(position(exit_cents), holdings=(Holding(Stock("SPY"), 100), Holding(WING, 1)))
    assert code(held, days) == ExitCode.ASSIGNED_SHARES


def test_rules_set_to_zero_are_off() -> None:
    params = CreditSpread.space.make({"stop_loss": 0.0, "dte_exit": 0, "profit_target": 2.0})
    assert [code(position(cents), 38, params) for cents in (-49_000, 0, None)] == [None, None, None]


def test_the_baseline_leaves_at_twice_its_premium_and_three_days_before_the_end() -> None:
    params = NakedPut.space.make()
    assert code(position(-18_000), 1, params) == ExitCode.STOP_LOSS
    assert [code(position(-CREDIT), 38 - left, params) for left in (4, 3)] == [None, "DTE_EXIT"]


@given(st.integers(-60_000, 0), st.integers(-60_000, 0), st.integers(0, 60))
def test_a_worse_price_never_turns_a_stop_into_a_hold(first: int, second: int, days: int) -> None:
    better, worse = max(first, second), min(first, second)
    if code(position(better), days) == ExitCode.STOP_LOSS:
        assert code(position(worse), days) == ExitCode.STOP_LOSS
    if code(position(worse), days) == ExitCode.PROFIT_TARGET:
        assert code(position(better), days) == ExitCode.PROFIT_TARGET
