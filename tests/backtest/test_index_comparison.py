"""A replay beside an index: what is the same, what is more, and what cannot be compared."""

from __future__ import annotations

from datetime import date, timedelta
from math import sqrt

import numpy as np
import pytest

from strikewise.backtest.index_comparison import compare_with_index
from strikewise.domain.errors import MissingDataError

MONTH_ENDS = [
    date(year, month, 28) for year in (2018, 2019) for month in range(1, 13) if (year, month) > (2018, 3)
]


def levels(returns: np.ndarray) -> dict[date, float]:
    curve = 100.0 * np.cumprod(np.concatenate([[1.0], 1.0 + returns]))
    return dict(zip(MONTH_ENDS, curve.tolist(), strict=True))


RETURNS = np.random.default_rng(3).normal(0.006, 0.03, len(MONTH_ENDS) - 1)


def test_an_index_beside_itself_differs_in_nothing_whatever_the_scale() -> None:
    index = levels(RETURNS)
    found = compare_with_index("X", [(day, 7e6 * value) for day, value in index.items()], index)
    assert found.correlation == pytest.approx(1.0)
    assert found.tracking_error == pytest.approx(0.0, abs=1e-12)
    assert found.replay_cagr == pytest.approx(found.index_cagr)
    assert all(year.difference == pytest.approx(0.0, abs=1e-12) for year in found.years)
    assert [(year.year, year.months) for year in found.years] == [(2018, 8), (2019, 12)]


def test_tracking_error_is_the_deviation_of_the_monthly_differences_a_year() -> None:
    noise = np.random.default_rng(4).normal(0.001, 0.004, len(RETURNS))
    found = compare_with_index("X", list(levels(RETURNS + noise).items()), levels(RETURNS))
    assert found.tracking_error == pytest.approx(noise.std(ddof=1) * sqrt(12))
    assert found.correlation == pytest.approx(np.corrcoef(RETURNS + noise, RETURNS)[0, 1])
    growth = float(np.prod(1 + RETURNS[-12:]) - 1)
    assert found.years[-1].index == pytest.approx(growth)


def test_of_a_daily_curve_the_last_day_of_each_month_counts() -> None:
    index = levels(RETURNS)
    daily = [
        (day - timedelta(days=before), 1.0 if before else value)
        for day, value in index.items()
        for before in range(9, -1, -1)
    ]
    found = compare_with_index("X", daily, index)
    assert found.correlation == pytest.approx(1.0)
    assert found.replay.tolist() == pytest.approx(found.index.tolist())


def test_a_month_that_only_one_of_them_ends_is_no_month_in_common() -> None:
    index = levels(RETURNS)
    ours = [*index.items()][:-1]
    stopped = [*ours, (MONTH_ENDS[-1] - timedelta(days=14), 0.5 * ours[-1][1])]
    found = compare_with_index("X", stopped, index)
    assert found.months[-1] == (2019, 11)
    assert found.replay.tolist() == pytest.approx(found.index.tolist())


def test_too_few_months_in_common_and_gaps_are_refused() -> None:
    index = levels(RETURNS)
    with pytest.raises(MissingDataError, match="1 month-ends in common; two are needed"):
        compare_with_index("X", [(MONTH_ENDS[0], 1.0)], index)
    gap = [(day, value) for day, value in index.items() if day != MONTH_ENDS[5]]
    with pytest.raises(MissingDataError, match="A month before 2018-10 is missing of X"):
        compare_with_index("X", gap, index)
