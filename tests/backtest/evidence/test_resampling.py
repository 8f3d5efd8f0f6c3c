"""The same days and trades in other orders: what is kept, what is bounded, and what chance may change."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.backtest.evidence.resampling import (
    bands_of,
    lives_of_days,
    lives_of_trades,
    stationary_rows,
    with_fill_noise,
)
from strikewise.domain.errors import DomainError


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


RETURNS = random(9).normal(0.0005, 0.01, 750)


@given(st.integers(1, 60), st.integers(1, 20), st.floats(1.0, 15.0), st.integers(0, 99))
def test_every_drawn_row_is_one_of_the_rows(count: int, paths: int, block: float, seed: int) -> None:
    rows = stationary_rows(count, paths, block, random(seed))
    assert rows.shape == (paths, count)
    assert rows.min() >= 0
    assert rows.max() < count


def test_blocks_are_as_long_as_asked_for_and_wrap_around() -> None:
    rows = stationary_rows(500, 400, 12.0, random())
    follows = (rows[:, 1:] - rows[:, :-1]) % 500 == 1
    assert float(np.mean(follows)) == pytest.approx(1 - 1 / 12, abs=0.01)
    assert np.bincount(rows.ravel(), minlength=500).std() < 40


def test_the_rows_are_distributed_as_those_of_another_bootstrap() -> None:
    smooth = np.convolve(random(1).normal(0, 0.01, 420), np.ones(8) / 8, mode="valid")
    ours = smooth[stationary_rows(len(smooth), 3000, 10.0, random(2))].mean(axis=1)
    other = StationaryBootstrap(10, smooth, seed=random(3)).apply(np.mean, 3000).ravel()
    assert float(ours.std()) == pytest.approx(float(other.std()), rel=0.06)
    assert float(ours.mean()) == pytest.approx(float(other.mean()), abs=3e-4)


def test_bands_hold_what_was_observed_and_grow_with_the_noise() -> None:
    found = bands_of(RETURNS, paths=2000, random=random())
    assert found is not None
    for band in (found.annual_return, found.sharpe, found.drawdown):
        assert band.low < band.observed < band.high
    wilder = bands_of(3 * RETURNS, paths=2000, random=random())
    assert wilder is not None
    assert (
        wilder.annual_return.high - wilder.annual_return.low
        > found.annual_return.high - found.annual_return.low
    )
    assert wilder.sharpe.observed == pytest.approx(found.sharpe.observed)


def test_nine_in_ten_bands_hold_the_true_ratio() -> None:
    chance = random(12)
    held = 0
    for _ in range(150):
        found = bands_of(chance.normal(0.0006, 0.01, 500), paths=300, random=chance)
        assert found is not None
        held += found.sharpe.low <= 0.06 * 252**0.5 <= found.sharpe.high
    assert 120 <= held <= 145


def test_too_few_days_have_no_band() -> None:
    assert bands_of(RETURNS[:19], paths=100, random=random()) is None


def test_the_same_seed_gives_the_same_lives() -> None:
    one, two = (lives_of_days(RETURNS, paths=500, random=random(4)) for _ in range(2))
    assert one.growth == two.growth
    assert np.array_equal(one.fan, two.fan)


@settings(max_examples=30)
@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=30))
def test_trades_in_another_order_end_at_the_same_place(outcomes: list[float]) -> None:
    trades = np.array(outcomes)
    found = lives_of_trades(trades, paths=50, random=random(), replace=False)
    assert found.growth == pytest.approx([float(np.prod(1 + trades) - 1)] * 5, abs=1e-9)
    assert all(low <= high + 1e-12 for low, high in zip(found.drawdown, found.drawdown[1:], strict=False))


def test_drawn_anew_the_middle_life_is_about_the_one_that_was() -> None:
    trades = random(2).normal(0.002, 0.02, 400)
    found = lives_of_trades(trades, paths=4000, random=random())
    assert np.log1p(found.growth[2]) == pytest.approx(np.log1p(trades).sum(), abs=0.05)
    assert found.growth[0] < found.growth[2] < found.growth[4]


def test_worse_fills_never_make_a_life_better() -> None:
    trades = random(2).normal(0.002, 0.02, 200)
    plain = lives_of_trades(trades, paths=400, random=random(7))
    noisy = lives_of_trades(trades, np.full(200, 0.003), paths=400, random=random(7))
    assert noisy.growth[2] < plain.growth[2]
    assert noisy.loss >= plain.loss
    drawn = with_fill_noise(trades, np.full(200, 0.003), random())
    assert np.all((drawn <= trades) & (drawn >= trades - 0.003))


def test_ruin_and_loss_are_counted() -> None:
    found = lives_of_trades(np.array([-0.6]), paths=10, random=random())
    assert (found.loss, found.ruin) == (1.0, 1.0)
    assert found.growth == pytest.approx([-0.6] * 5)
    safe = lives_of_trades(np.array([0.01]), paths=10, random=random())
    assert (safe.loss, safe.ruin, safe.drawdown) == (0.0, 0.0, (0.0,) * 5)


def test_a_trade_that_loses_more_than_there_is_ends_at_nothing() -> None:
    found = lives_of_trades(np.array([-1.5, 0.5]), paths=20, random=random(), replace=False)
    assert found.growth == (-1.0,) * 5


def test_many_paths_take_no_more_memory_and_the_fan_begins_at_one() -> None:
    found = lives_of_days(RETURNS, paths=9000, random=random(), points=40)
    assert found.fan.shape == (5, 41)
    assert np.all(found.fan[:, 0] == 1.0)
    assert np.all(np.diff(found.fan, axis=0) >= 0.0)
    assert found.paths == 9000


def test_without_days_or_trades_there_is_no_other_life() -> None:
    with pytest.raises(DomainError, match="nothing to draw other lives from"):
        lives_of_trades(np.zeros(0), paths=10, random=random())


def test_a_fall_on_the_first_day_is_a_fall() -> None:
    returns = np.append([-0.4], np.full(40, 0.001))
    found = bands_of(returns, paths=50, random=np.random.default_rng(0))
    assert found is not None
    assert found.drawdown.observed == pytest.approx(-0.4)


def test_every_fill_is_worse_by_a_chance_of_its_own() -> None:
    paid = -with_fill_noise(np.zeros((200, 50)), np.full((200, 50), 0.01), np.random.default_rng(0))
    assert 0.0 <= paid.min() < 0.0002
    assert 0.0098 < paid.max() <= 0.01
    assert paid.mean() == pytest.approx(0.005, rel=0.02)
