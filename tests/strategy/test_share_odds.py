"""The probability of a profit in shares is that of paths without a drift."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.strategy.share_odds import chance_of_profit

levels = st.floats(0.005, 0.5)
sessions = st.integers(1, 250)
volatilities = st.floats(0.05, 1.5)


def test_without_a_limit_of_time_it_is_the_gamblers_ruin() -> None:
    gain, loss = log(1.08), -log(0.97)
    assert chance_of_profit(0.08, 0.03, 0, 0.3) == pytest.approx(loss / (gain + loss))
    assert chance_of_profit(0.08, 0.03, 100_000, 0.3) == pytest.approx(loss / (gain + loss), abs=1e-6)
    assert chance_of_profit(0.0, 0.0, 0, 0.3) == 0.5
    assert chance_of_profit(5e-324, 5e-324, 0, 0.3) == chance_of_profit(5e-324, 5e-324, 9, 0.3) == 0.5


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize(
    ("target", "stop"), [(0.08, 0.03), (0.0, 0.05), (0.05, 0.0), (0.0, 0.0), (0.02, 0.02)]
)
def test_it_is_the_share_of_fine_paths_that_end_with_a_profit(
    target: float, stop: float, short: bool
) -> None:
    steps, paths, days, volatility, cost = 500, 10_000, 10, 0.35, 0.002
    noise = np.random.default_rng(3).standard_normal((paths, steps))
    path = np.cumsum(noise, axis=1) * volatility * sqrt(days / 252 / steps) * (-1 if short else 1)
    side = -1.0 if short else 1.0
    gain = side * log(1 + side * target) if target else np.inf
    loss = -side * log(1 - side * stop) if stop else np.inf
    # A path seen at steps reaches a level as one seen always would a little further off (Broadie 1997).
    seen = 0.5826 * volatility * sqrt(days / 252 / steps)
    won, lost = path >= gain - seen, path <= -loss + seen
    first_won = np.where(won.any(axis=1), won.argmax(axis=1), steps + 1)
    first_lost = np.where(lost.any(axis=1), lost.argmax(axis=1), steps + 1)
    profit = (first_won < first_lost) | ((first_won == first_lost) & (path[:, -1] > cost))
    share = float(np.mean(profit))
    found = chance_of_profit(target, stop, days, volatility, cost=cost, short=short)
    assert found == pytest.approx(share, abs=4 * sqrt(share * (1 - share) / paths) + 0.003)


@given(target=levels, stop=levels, days=sessions, volatility=volatilities)
def test_it_is_a_probability_and_the_target_of_one_side_is_the_stop_of_the_other(
    target: float, stop: float, days: int, volatility: float
) -> None:
    chance = chance_of_profit(target, stop, days, volatility)
    assert 0.0 <= chance <= 1.0
    mirrored = chance_of_profit(stop, target, days, volatility, short=True)
    assert chance + mirrored == pytest.approx(1.0, abs=1e-6)


@given(target=levels, stop=levels, days=sessions, volatility=volatilities, cost=st.floats(0.0, 0.004))
def test_costs_and_a_further_target_make_a_profit_less_likely(
    target: float, stop: float, days: int, volatility: float, cost: float
) -> None:
    chance = chance_of_profit(target, stop, days, volatility, cost=cost)
    assert chance <= chance_of_profit(target, stop, days, volatility) + 1e-9
    assert chance_of_profit(target, stop, 0, volatility) >= chance_of_profit(2 * target, stop, 0, volatility)
