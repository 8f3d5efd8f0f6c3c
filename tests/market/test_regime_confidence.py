"""The confidence in a regime is counted over sessions before it, and a short past is none."""

from __future__ import annotations

from datetime import date
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from market.recorded import recorded_bars, recorded_series
from strikewise.domain.instruments import days_of
from strikewise.market.regime import Regime, RegimeSeries, regime_series
from strikewise.market.regime_confidence import LEAST_SESSIONS, confidence_of, lower_bound

BULL, BEAR = Regime.BULL, Regime.BEAR


def series(labels: list[Regime], depths: list[float] | None = None) -> RegimeSeries:
    n = len(labels)
    days = np.arange(n, dtype=np.int32)
    deep = np.ones(n) if depths is None else np.array(depths)
    return RegimeSeries(days, days.astype(np.int64), tuple(labels), deep)


def asked(found: RegimeSeries) -> float | None:
    """Return the confidence on the day after the last one."""
    return confidence_of(found, len(found.days), len(found.days))


@given(st.integers(1, 300), st.data())
def test_the_lower_end_of_an_interval_is_the_one_that_scipy_gives(of: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, of))
    theirs = binomtest(kept, of, alternative="greater").proportion_ci(0.95, method="wilson").low
    assert lower_bound(kept, of) == pytest.approx(theirs, abs=1e-12)


@given(st.integers(1, 200), st.data())
def test_it_never_exceeds_the_share_that_was_counted(of: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, of))
    assert 0.0 <= lower_bound(kept, of) <= kept / of


def test_a_label_that_always_stood_is_as_sure_as_a_hundred_sessions_can_make_it() -> None:
    assert asked(series([BULL] * 300)) == pytest.approx(lower_bound(100, 100))


def test_too_few_sessions_and_labels_without_thresholds_say_nothing() -> None:
    assert asked(series([BULL] * LEAST_SESSIONS)) is None
    assert asked(series([BULL] * (LEAST_SESSIONS + 1))) is not None
    assert asked(series([Regime.NEUTRAL] * 300, [nan] * 300)) is None
    assert asked(series([Regime.UNKNOWN] * 300)) is None
    assert asked(RegimeSeries(np.zeros(0, np.int32), np.zeros(0, np.int64), ())) is None


def test_sessions_as_deep_as_this_one_are_counted_and_no_others() -> None:
    shallow = [BULL, BEAR] * 100
    deep = [BULL] * 150
    labels = [*shallow, *deep]
    depths = [0.1] * 200 + [5.0] * 149
    assert asked(series(labels, [*depths, 5.0])) == pytest.approx(lower_bound(100, 100))
    # Of the 100 next to it, one is of the deep half: the first of them, behind a bear.
    found = asked(series(labels, [*depths, 0.1]))
    assert found == pytest.approx(0.0, abs=1e-9)


@given(st.lists(st.sampled_from([BULL, BEAR]), min_size=40, max_size=120), st.integers(0, 40))
def test_later_sessions_change_no_earlier_confidence(labels: list[Regime], more: int) -> None:
    whole = series([*labels, *[BEAR] * more])
    day = len(labels)
    assert confidence_of(whole, day, day) == asked(series(labels))


@pytest.mark.shared
def test_on_record_a_calm_bull_market_is_sure_and_a_crash_is_not() -> None:
    found = regime_series(recorded_bars("SPX"), recorded_series("VIX"))

    def on(day: date) -> float | None:
        return confidence_of(found, days_of(day), 2**40)

    calm, crash = on(date(2017, 11, 1)), on(date(2020, 3, 18))
    assert calm is not None
    assert crash is not None
    assert calm > 0.95 > crash
