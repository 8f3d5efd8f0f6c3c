"""What a book is sensitive to are the slopes of its full revaluation, and time and exercise count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from execution.tapes import call, put
from risk.risk_markets import EXPIRY, TODAY, closes, held, view_of, volatility_index
from strikewise.domain.instruments import OptionContract, Stock, days_of
from strikewise.risk.past_moves import JointMoves, joint_moves
from strikewise.risk.revaluation import RiskBook, book_of
from strikewise.risk.value_at_risk import NOTHING_HELD, delta_gamma_vega

VIEW = view_of({"SPY": 500.0})
STRADDLE = {put(500, EXPIRY): -1, call(500, EXPIRY): -1}
LEGS = [STRADDLE, {put(480, EXPIRY): -1, put(470, EXPIRY): 1}, {Stock("SPY"): 100, call(510, EXPIRY): -1}]


def book(legs: dict[OptionContract | Stock, int]) -> RiskBook:
    found = book_of([held(legs)], VIEW)
    assert isinstance(found, RiskBook)
    return found


@pytest.mark.parametrize("legs", LEGS, ids=["straddle", "spread", "covered call"])
def test_the_limits_of_greeks_are_slopes_of_the_full_revaluation(legs: dict) -> None:  # type: ignore[type-arg]
    made, step = book(legs), 0.001
    up, down = (float(made.profit(move)[0]) for move in (step, -step))
    greeks = made.greeks()
    assert greeks.delta == pytest.approx(0.01 * (up - down) / (2 * step), rel=0.01, abs=0.5)
    assert greeks.gamma == pytest.approx(0.5 * 0.05**2 * (up + down) / step**2, rel=0.01, abs=0.5)
    wider = replace(made, volatility=made.volatility + 0.001)
    assert greeks.vega == pytest.approx(50.0 * float((wider.value() - made.value())[0]), rel=0.02, abs=0.5)


def test_what_is_estimated_by_sensitivities_bends_as_the_book_does() -> None:
    made, moves = book(STRADDLE), np.array([[0.01], [-0.01], [0.0], [0.0]])
    shifts = np.array([[0.0], [0.0], [0.05], [-0.05]])
    days = np.full(4, days_of(TODAY), dtype=np.int32)
    found = delta_gamma_vega(made, JointMoves(("SPY",), days, moves, shifts))
    full = [float(made.profit(move, shift)[0]) for move, shift in zip(moves, shifts, strict=True)]
    assert found == pytest.approx(full, rel=0.05)


def test_the_greater_of_two_ways_counts() -> None:
    for historical, sensitivity in ((100, 200), (200, 100)):
        found = replace(NOTHING_HELD, historical_cents=historical, sensitivity_cents=sensitivity)
        assert found.cents == 200


def test_days_are_those_of_the_calendar() -> None:
    made = book(STRADDLE)
    later = replace(made, years=made.years - 10.0 / 365.0)
    assert made.value(0.02, 0.1, 10.0) == pytest.approx(later.value(0.02, 0.1))


def test_only_what_may_be_exercised_early_is_worth_its_intrinsic_value_at_least() -> None:
    deep = replace(book({put(500, EXPIRY): 1}), rate=0.08)
    european = replace(deep, may_exercise=np.zeros(1, dtype=np.bool_))
    assert float(deep.value(-0.3)[0]) == pytest.approx(100 * 150.0)
    assert float(european.value(-0.3)[0]) < 100 * 150.0 - 100.0


def test_an_index_whose_own_bars_ended_takes_the_past_of_its_fund() -> None:
    old = closes("SPX", 5000.0, until=TODAY - timedelta(days=200))
    recent = closes("SPY", 500.0, seed=2)
    view = view_of({"SPX": 5000.0}, bars=[old, recent, volatility_index(recent)])
    found = joint_moves(view, ["SPX"], sessions=500, least=250)
    assert isinstance(found, JointMoves)
    assert found.last == TODAY


def test_what_is_held_counts_and_not_what_was_opened() -> None:
    whole = held(STRADDLE, quantity=4)
    left = replace(whole, holdings=tuple(replace(one, quantity=-1) for one in whole.holdings))
    found = book_of([left], VIEW)
    assert isinstance(found, RiskBook)
    assert found.weight.tolist() == [-100.0, -100.0]
    ordered = book_of([replace(whole, holdings=())], VIEW)
    assert isinstance(ordered, RiskBook)
    assert ordered.weight.tolist() == [-400.0, -400.0]
