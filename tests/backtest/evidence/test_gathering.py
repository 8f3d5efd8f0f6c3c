"""The whole verdict on searches without a market: the luckiest of the worthless is told from what earns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from backtest.evidence.made_up import history
from engine.runs import spec
from strikewise.backtest.evidence.deflation import count_of
from strikewise.backtest.evidence.gathering import NOISE_DOLLARS, Runs, gather
from strikewise.backtest.evidence.history import History
from strikewise.backtest.evidence.robustness import Disaster, start_sweep
from strikewise.backtest.evidence.trials import trial_of
from strikewise.backtest.evidence.variants import Variant, neighbours
from strikewise.backtest.evidence.verdict import Verdict, judge
from strikewise.backtest.evidence.walk_forward import default_windows, walk_forward
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.instruments import date_of, days_of

SESSIONS, CHOICES = 1200, 9
SPECS = tuple(
    Variant(one.name, one.spec) for one in neighbours(spec(), CHOICES, 0.5, np.random.default_rng(0))
)


def searched(edge: float, random: np.random.Generator) -> list[History]:
    """Configurations that share half of their luck; the first earns so much of a deviation a day."""
    common = random.standard_t(4, SESSIONS)
    found = []
    for number in range(CHOICES):
        returns = 0.003 * (common + random.standard_t(4, SESSIONS)) + (0.006 * edge if number == 0 else 0.0)
        trades = [(at, at + 3, float(returns[at : at + 4].sum())) for at in range(0, SESSIONS - 4, 4)]
        found.append(history(returns, trades=trades, longest_days=7))
    return found


def part(whole: History, days: ReplaySpec) -> History:
    rows = (whole.days >= days_of(days.start)) & (whole.days <= days_of(days.end))
    trades = (whole.opened >= days_of(days.start)) & (whole.closed <= days_of(days.end))
    return replace(
        whole,
        days=whole.days[rows],
        returns=whole.returns[rows],
        at_risk=whole.at_risk[rows],
        opened=whole.opened[trades],
        closed=whole.closed[trades],
        outcome=whole.outcome[trades],
        shares=whole.shares[trades],
        regime=whole.regime[: int(trades.sum())],
    )


def judged(histories: Sequence[History], random: np.random.Generator) -> Verdict:
    """Choose the best by its ratio, and judge it as the one that was meant."""
    best = max(range(CHOICES), key=lambda one: histories[one].sharpe())
    order = [best, *(one for one in range(CHOICES) if one != best)]
    pairs = [(SPECS[one], histories[one]) for one in order]
    by_run = {id(variant.spec.run): one for variant, one in pairs}
    base, middle = histories[best], replace(SPECS[best].spec, end=date_of(int(histories[best].days[-1])))

    def again(one: ReplaySpec) -> History:
        return part(by_run[id(one.run)], one)

    windows = [default_windows(SESSIONS, anchored=kind, embargo_days=7) for kind in (False, True)]
    rolling, anchored = (None if one is None else walk_forward(pairs, one, again) for one in windows)
    around = [replace(base, returns=base.returns + random.normal(0.0, 0.001, SESSIONS)) for _ in range(4)]
    runs = Runs(
        choices=[one for _, one in pairs],
        around=around,
        market=random.normal(0.0003, 0.01, SESSIONS),
        labels=random.choice(["bull", "bear", "neutral"], SESSIONS).tolist(),
        rolling=rolling,
        anchored=anchored,
        starts=start_sweep(middle, base, again, 3),
        disasters=(Disaster("gap", "A gap.", date_of(int(base.days[0])), -0.2, -0.2, -0.2),),
        trials=count_of([trial_of(variant.spec, "a search", one) for variant, one in pairs]),
    )
    return judge(gather(runs, paths=100, blocks=8, random=random, seed=1))


def test_no_luckiest_of_nine_worthless_configurations_passes() -> None:
    random = np.random.default_rng(11)
    verdicts = [judged(searched(0.0, random), random) for _ in range(7)]
    assert sum(verdict.passed for verdict in verdicts) == 0
    # What stops them differs: each of these parts alone lets some of them through.
    held = [{check.name for check in verdict.checks if check.passed} for verdict in verdicts]
    assert all(any(name in one for one in held) for name in ("profit", "record", "walk-forward"))


def test_one_that_earns_among_worthless_ones_passes() -> None:
    random = np.random.default_rng(12)
    verdicts = [judged(searched(0.15, random), random) for _ in range(3)]
    assert sum(verdict.passed for verdict in verdicts) >= 2


def test_what_needs_others_to_compare_with_is_none_for_one_alone() -> None:
    random = np.random.default_rng(13)
    (alone, *_) = searched(0.1, random)
    runs = Runs([alone], [], alone.returns, ["bull"] * SESSIONS, None, None, (), (), count_of([]))
    found = gather(runs, paths=50, blocks=8, random=random, seed=1)
    assert found.overfitting is None
    assert found.superiority is not None
    assert not judge(found).passed


def test_other_lives_of_trades_pay_for_the_contracts_they_trade() -> None:
    (plain, *_) = searched(0.1, np.random.default_rng(3))
    middle = []
    for one in (plain, replace(plain, shares=np.full(plain.trades, 0.05))):
        runs = Runs([one], [], one.returns, ["bull"] * SESSIONS, None, None, (), (), count_of([]))
        lives = gather(runs, paths=400, blocks=8, random=np.random.default_rng(4), seed=1).lives_of_trades
        assert lives is not None
        middle.append(np.log1p(lives.growth[2]))
    # Half of the noise on average, of a share bought and sold again for every twenty dollars.
    assert middle[0] - middle[1] == pytest.approx(plain.trades * 0.05 * NOISE_DOLLARS / 2, rel=0.1)
