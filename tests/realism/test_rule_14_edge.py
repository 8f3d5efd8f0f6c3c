"""Rule 14: whether it is an edge is answered beside the result, trials counted."""

from __future__ import annotations

import numpy as np

from engine.runs import CALENDAR, reconstructed, spec
from strikewise.backtest.evidence.deflation import count_of, deflation_of
from strikewise.backtest.evidence.history import run, years_of
from strikewise.backtest.evidence.moments import moments_of
from strikewise.backtest.evidence.significance import minimum_track_record, probabilistic_sharpe
from strikewise.domain.events import TrialCounted


def test_a_ratio_is_judged_against_the_number_of_trials_it_was_chosen_from() -> None:
    history = run(spec(), reconstructed(), CALENDAR)
    found = moments_of(history.returns)
    assert found is not None
    alone = probabilistic_sharpe(found)
    random = np.random.default_rng(0)

    def trials(count: int) -> list[TrialCounted]:
        return [
            TrialCounted(
                f"trial-{number}",
                "puts on SPX",
                "tried",
                {},
                sessions=len(history.returns),
                sharpe=float(random.normal(0.0, 0.05)),
                first_week=2_370,
                weekly=tuple(random.normal(0, 10_000, 17).astype(int).tolist()),
            )
            for number in range(count)
        ]

    few, many = (deflation_of(found, count_of(trials(count))).probability for count in (3, 60))
    assert 0.0 <= many < few < alone <= 1.0
    assert minimum_track_record(found) > len(history.returns) or alone > 0.95


def test_every_year_stands_by_itself() -> None:
    history = run(spec(), reconstructed(), CALENDAR)
    (year,) = years_of(history)
    assert year.year == 2015
    whole = float(np.prod(1 + history.returns) - 1)
    assert abs(year.total_return - whole) < 1e-12
