"""Measure how often the whole verdict passes what has no edge, and finds one that is there.

Run ``python benchmarks/false_pass.py HOME [SPEC …] [--draws 100] [--json FILE]`` on a data home with the
chains that the specifications name. Each specification is run once with the neighbours that ``validate``
draws. Then, draw by draw, worlds are made in which it has no edge: the days of all its configurations are
drawn anew together, in blocks, and the mean of each is taken away. What held between them, the fat
tails and the clusters of volatility stay; what is earned on the long run is nothing. The best of the 17
choices is judged as ``validate`` judges: by the same statistics, walk forward, count of tries, checks, score
and gate. Only disasters are taken as survived, for there is no market to bend. The same worlds with a
Sharpe ratio given to the written configuration and its neighbours near by, and a share of it to the other
choices, show what the verdict finds.

A second count is that of a searcher who hides: of 20 worthless searches the luckiest alone is shown to the
verdict, which knows nothing of the other nineteen.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.deflation import count_of
from strikewise.backtest.evidence.gathering import NEAR, Runs, gather
from strikewise.backtest.evidence.history import History, run
from strikewise.backtest.evidence.moments import SESSIONS_A_YEAR
from strikewise.backtest.evidence.resampling import stationary_rows
from strikewise.backtest.evidence.robustness import Disaster, holding, regime_labels, start_sweep
from strikewise.backtest.evidence.superiority import block_length
from strikewise.backtest.evidence.trials import trial_of
from strikewise.backtest.evidence.variants import Variant, at_the_touch, neighbours
from strikewise.backtest.evidence.verdict import Verdict, judge
from strikewise.backtest.evidence.walk_forward import default_windows, walk_forward
from strikewise.backtest.runner import ReplaySpec
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.instruments import date_of, days_of
from strikewise.market.universe import Universe

STUDIES = Path(__file__).resolve().parent.parent / "examples" / "studies"
SPECS = ("spy_put_spread_16_delta", "spy_wheel", "spy_strangle_16_delta_21_days")
CHANGES: dict[str, dict[str, Any]] = {
    "spy_strangle_16_delta_21_days": {
        "start": date(2018, 1, 2),
        "end": date(2025, 12, 31),
        "cadence": {"entry": ["MON"]},
    }
}
"""What is judged over the years of the others, and one a week, for its neighbours take long."""
NEIGHBOURS, CHOICES, FAR = 12, 16, 0.5
PATHS, BLOCKS, STARTS = 500, 16, 8
PLANTED = ((0.0, 0.0), (1.0, 0.0), (1.5, 0.0), (2.0, 0.0), (1.0, 0.5), (1.5, 0.5), (2.0, 0.5), (2.0, 1.0))
"""True annual Sharpe ratio of the written one and those near by, and the share of it that the others have."""
SEARCHES = 20
"""Of so many worthless searches a searcher who hides shows the luckiest."""


@dataclass(frozen=True)
class World:
    """What was really run: configurations, the judged one first, the market, and its regimes."""

    name: str
    variants: Sequence[Variant]
    histories: Sequence[History]
    market: NDArray[np.float64]
    labels: Sequence[str]


def real_world(home: Path, path: Path) -> World:
    """Run a specification and its neighbours once."""
    system, random = build_system(home), np.random.default_rng(1)
    document = tomllib.loads(path.read_text(encoding="utf-8")) | CHANGES.get(path.stem, {})
    spec, source = at_the_touch(make_spec(document)), system.data.source()
    near, far = neighbours(spec, NEIGHBOURS, NEAR, random), neighbours(spec, CHOICES, FAR, random)
    variants = [Variant("as written", spec), *far, *near]
    histories = [run(one.spec, source, system.calendar) for one in variants]
    days, universe = histories[0].days, Universe(source, spec.run.underlyings)
    closes = {}
    for symbol in spec.run.underlyings:
        bars = source.bars(symbol)
        inside = np.isin(bars.days, days)
        closes[symbol] = [
            (date_of(day), price)
            for day, price in zip(bars.days[inside].tolist(), bars.close[inside].tolist(), strict=True)
        ]
    labels = regime_labels(days, universe, system.calendar)
    return World(path.stem, variants, histories, holding(closes, days, source), labels)


def redrawn(world: World, ratio: float, share: float, random: np.random.Generator) -> list[History]:
    """Draw every configuration's days anew, the same rows for all, at a true annual Sharpe ratio or none."""
    block = max(block_length(one.returns) for one in world.histories[:3])
    (rows,) = stationary_rows(len(world.market), 1, block, random)
    near = {0, *range(CHOICES + 1, len(world.histories))}
    return [
        _redrawn(one, rows, ratio if place in near else share * ratio, random)
        for place, one in enumerate(world.histories)
    ]


def _redrawn(one: History, rows: NDArray[np.int64], ratio: float, random: np.random.Generator) -> History:
    spread = float(one.returns.std(ddof=1))
    earned = ratio * spread / SESSIONS_A_YEAR**0.5
    outcome = one.outcome
    if len(outcome):
        a_trade = earned * len(one.returns) / len(outcome)
        outcome = random.permutation(outcome) - float(outcome.mean()) + a_trade
    returns = one.returns[rows] - float(one.returns.mean()) + earned
    return replace(one, returns=np.maximum(returns, -0.99), outcome=outcome)


def between(history: History, spec: ReplaySpec) -> History:
    """Return the part of a history that lies within a specification's days."""
    first, last = days_of(spec.start), days_of(spec.end)
    rows = (history.days >= first) & (history.days <= last)
    trades = (history.opened >= first) & (history.closed <= last)
    return replace(
        history,
        days=history.days[rows],
        returns=history.returns[rows],
        at_risk=history.at_risk[rows],
        opened=history.opened[trades],
        closed=history.closed[trades],
        outcome=history.outcome[trades],
        shares=history.shares[trades],
        regime=tuple(one for one, kept in zip(history.regime, trades.tolist(), strict=True) if kept),
        open_trades=history.open_trades[(history.open_trades >= first) & (history.open_trades <= last)],
    )


def judged(world: World, histories: Sequence[History], random: np.random.Generator) -> tuple[Verdict, float]:
    """Choose the best of the choices, judge it, and return the verdict with its ratio."""
    choices = list(range(CHOICES + 1))
    best = max(choices, key=lambda one: histories[one].sharpe())
    choices.insert(0, choices.pop(choices.index(best)))
    others = [one for one in range(len(histories)) if one != best]
    moves = [_alike(histories[best], histories[one]) for one in others]
    around = [histories[others[place]] for place in np.argsort(moves)[::-1][:NEIGHBOURS]]
    of_spec = {
        id(variant.spec.run): history for variant, history in zip(world.variants, histories, strict=True)
    }
    pairs = [(world.variants[one], histories[one]) for one in choices]

    def again(spec: ReplaySpec) -> History:
        return between(of_spec[id(spec.run)], spec)

    base, spec = histories[best], world.variants[best].spec
    embargo = max(history.longest_days for _, history in pairs)
    walks = []
    for anchored in (False, True):
        windows = default_windows(len(base.days), anchored=anchored, embargo_days=embargo)
        walks.append(None if windows is None else walk_forward(pairs, windows, again))
    tried = [
        trial_of(variant.spec, "a search", history)
        for variant, history in zip(world.variants, histories, strict=True)
    ]
    survived = Disaster("gap", "Taken as survived.", date_of(int(base.days[0])), -0.2, -0.2, -0.2)
    runs = Runs(
        choices=[history for _, history in pairs],
        around=around,
        market=world.market,
        labels=world.labels,
        rolling=walks[0],
        anchored=walks[1],
        starts=start_sweep(spec, base, again, STARTS),
        disasters=(survived,),
        trials=count_of(tried),
    )
    evidence = gather(runs, paths=PATHS, blocks=BLOCKS, random=random, seed=int(random.integers(1 << 31)))
    return judge(evidence), base.sharpe()


def _alike(one: History, other: History) -> float:
    if min(one.returns.std(), other.returns.std()) <= 1e-12:
        return -1.0
    return float(np.corrcoef(one.returns, other.returns)[0, 1])


def measure(world: World, draws: int, ratio: float, share: float, seed: int) -> dict[str, Any]:
    """Return how many of some worlds pass, and which parts of the verdict hold in them."""
    random = np.random.default_rng([seed, round(100 * ratio)])
    found = [judged(world, redrawn(world, ratio, share, random), random) for _ in range(draws)]
    held: Counter[str] = Counter()
    for verdict, _ in found:
        held.update(check.name for check in verdict.checks if check.passed)
        held["all checks"] += all(check.passed for check in verdict.checks)
        held["score"] += verdict.score >= 0.70
        held["gate"] += verdict.gate.value >= 0.70
    groups = [found[first : first + SEARCHES] for first in range(0, draws - SEARCHES + 1, SEARCHES)]
    hidden = [max(group, key=lambda one: one[1])[0].passed for group in groups]
    return {
        "spec": world.name,
        "ratio": ratio,
        "share": share,
        "draws": draws,
        "passed": sum(verdict.passed for verdict, _ in found),
        "hidden": [sum(hidden), len(hidden)],
        "best_sharpe": float(np.median([sharpe for _, sharpe in found])) * SESSIONS_A_YEAR**0.5,
        "held": dict(held),
    }


def main(home: Path, specs: Sequence[Path], draws: int, out: Path | None) -> None:
    rows = []
    for path in specs:
        world = real_world(home, path)
        for ratio, share in PLANTED:
            began = time.perf_counter()
            one = measure(world, draws if ratio == 0.0 else max(1, draws // 4), ratio, share, seed=1)
            rows.append(one)
            told = ", ".join(f"{name} {count}" for name, count in sorted(one["held"].items()))
            print(
                f"{one['spec']}: true ratio {ratio:.1f}, others {share:.0%} of it, the best shows "
                f"{one['best_sharpe']:.2f}: "
                f"{one['passed']} of {one['draws']} pass; hidden {one['hidden'][0]} of {one['hidden'][1]}; "
                f"held: {told} ({time.perf_counter() - began:.0f} s)",
                flush=True,
            )
    if out is not None:
        out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("specs", type=Path, nargs="*", default=[STUDIES / f"{name}.toml" for name in SPECS])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    main(given.home, given.specs, given.draws, given.json)
