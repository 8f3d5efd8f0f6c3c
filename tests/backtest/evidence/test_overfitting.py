"""The best of some configurations, on the days it was chosen on and on the others."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM
from scipy.stats import linregress

from strikewise.backtest.evidence.overfitting import probability_of_overfitting
from strikewise.backtest.evidence.superiority import block_length, superior_ability
from strikewise.domain.errors import DomainError


@pytest.mark.parametrize(("seed", "expected"), [(0, 0.6746031746), (1, 0.2976190476), (2, 0.7420634921)])
def test_the_probability_of_overfitting_is_the_one_found_elsewhere(seed: int, expected: float) -> None:
    returns = np.random.default_rng(seed).normal(0.0, 0.01, (960, 60))
    found = probability_of_overfitting(returns, blocks=10)
    assert found.probability == pytest.approx(expected, abs=1e-9)
    assert (found.splits, found.configurations) == (252, 60)


def test_a_configuration_that_is_really_better_is_found_again_out_of_sample() -> None:
    returns = np.random.default_rng(3).normal(0.0, 0.01, (960, 20))
    returns[:, 7] += 0.002
    found = probability_of_overfitting(returns)
    assert found.probability < 0.02
    assert found.loss_probability < 0.02


def test_configurations_that_do_not_differ_are_chosen_by_luck_half_of_the_time() -> None:
    random = np.random.default_rng(4)
    found = [probability_of_overfitting(random.normal(0, 0.01, (480, 12))).probability for _ in range(60)]
    assert float(np.mean(found)) == pytest.approx(0.5, abs=0.06)
    assert 0.1 < float(np.std(found)) < 0.25


def test_a_better_one_that_has_its_good_days_in_one_block_only_is_overfitted() -> None:
    returns = np.random.default_rng(8).normal(0.0, 0.01, (500, 10))
    for column in range(10):
        returns[50 * column : 50 * column + 50, column] += 0.02
        returns[:, column] -= 0.002
    assert probability_of_overfitting(returns).probability > 0.9


@pytest.mark.parametrize(
    ("shape", "blocks", "said"),
    [
        ((100, 1), 10, "two configurations at least"),
        ((60, 960), 10, "more days than configurations"),
        ((500, 5), 7, "must be even, 2 to 20; was 7"),
        ((15, 5), 10, "two a block"),
    ],
)
def test_what_cannot_be_judged_is_refused(shape: tuple[int, int], blocks: int, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        probability_of_overfitting(np.ones(shape), blocks=blocks)


def planted() -> np.ndarray:
    returns = np.random.default_rng(0).normal(0.0, 0.01, (1000, 8))
    returns[:, 3] += 0.0012
    return returns


def test_one_planted_among_eight_is_found_and_only_that_one() -> None:
    found = superior_ability(planted(), seed=1)
    assert found.p_value == pytest.approx(0.001, abs=1e-6 + 0.001)
    assert found.p_value > 0.0
    assert found.better == (3,)


def test_where_nothing_was_planted_nothing_is_found() -> None:
    random = np.random.default_rng(2)
    p_values = [
        superior_ability(random.normal(0, 0.01, (300, 6)), seed=1, draws=200).p_value for _ in range(25)
    ]
    assert sum(p <= 0.05 for p in p_values) <= 5
    assert 0.2 < float(np.median(p_values)) < 0.85


def test_configurations_that_never_traded_are_passed_over_by_number() -> None:
    returns = planted()
    returns[:, 0] = 0.0
    assert superior_ability(returns, seed=1).better == (3,)
    with pytest.raises(DomainError, match="none of these ever did"):
        superior_ability(np.zeros((100, 3)), seed=1)


def all_good() -> np.ndarray:
    """Three that share their luck and all earn, one of them so much that it is found before the others."""
    common = np.random.default_rng(5).normal(0.0, 0.01, 1500)
    kinds = ((8.0, 0.01), (0.1, 1e-4), (0.1, 2e-4))
    return np.column_stack([common * width + earned for width, earned in kinds])


def test_where_all_are_better_but_not_at_first_sight_all_are_found() -> None:
    returns = all_good()
    at_first = SPA(np.zeros(1500), -returns, block_size=3, reps=200, seed=1)
    at_first.compute()
    assert at_first.better_models(0.05).tolist() == [0]
    assert superior_ability(returns, seed=1, draws=200).better == (0, 1, 2)


def test_the_better_ones_are_those_of_the_published_steps() -> None:
    returns = np.column_stack([all_good(), np.random.default_rng(6).normal(0.0, 0.0005, 1500)])
    steps = StepM(np.zeros(1500), -returns, size=0.05, block_size=3, reps=200, seed=1)
    steps.compute()
    assert steps.superior_models == [0, 1, 2]
    assert list(superior_ability(returns, seed=1, draws=200).better) == steps.superior_models


def test_against_itself_nothing_is_better() -> None:
    returns = planted()
    found = superior_ability(returns[:, [3]], returns[:, 3] + 1e-4, seed=1, draws=200)
    assert found.better == ()


def test_returns_that_depend_on_each_other_are_drawn_in_longer_blocks() -> None:
    noise = np.random.default_rng(6).normal(0.0, 0.01, 2000)
    smooth = np.convolve(noise, np.ones(20) / 20, mode="valid")
    assert 1.0 <= block_length(noise) < block_length(smooth)
    assert block_length(np.zeros(100)) == 1.0


def test_losses_and_decay_are_those_of_the_chosen_one_out_of_sample() -> None:
    returns = np.random.default_rng(5).normal(0.0003, 0.01, (120, 4))
    blocks = returns.reshape(6, 20, 4)
    then, now = [], []
    for half in combinations(range(6), 3):
        inside = blocks[list(half)].reshape(60, 4)
        outside = blocks[[one for one in range(6) if one not in half]].reshape(60, 4)
        ratios = [one.mean(axis=0) / one.std(axis=0, ddof=1) for one in (inside, outside)]
        chosen = int(ratios[0].argmax())
        now.append(ratios[0][chosen])
        then.append(ratios[1][chosen])
    found = probability_of_overfitting(returns, blocks=6)
    assert found.loss_probability == pytest.approx(np.mean(np.array(then) < 0.0))
    assert 0.0 < found.loss_probability < 1.0
    assert found.slope == pytest.approx(linregress(now, then).slope)
