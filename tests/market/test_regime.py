from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.recorded import recorded_bars, recorded_series
from market.tapes import CALENDAR, bars_of, series_of
from strikewise.domain.instruments import days_of
from strikewise.market.regime import Regime, RegimeRules, RegimeSeries, regime_series

SESSIONS = CALENDAR.sessions(date(2023, 1, 1), date(2024, 12, 31))
WARM = 60
"""Sessions up to the first label: 50 for the average, 10 for its slope."""
LENGTH = 120


def labelled(close: list[float], vix: list[float], rules: RegimeRules | None = None) -> list[Regime]:
    """Label closes after a flat past of 60 sessions at 100 with the index at 18."""
    prices, levels = [100.0] * WARM + close, [18.0] * WARM + vix
    days = SESSIONS[: len(prices)]
    found = regime_series(bars_of("SPX", days, prices), series_of("VIX", days, levels), rules)
    return list(found.labels[WARM:])


def rising(count: int, start: float = 100.0, step: float = 1.003) -> list[float]:
    return [start * step ** (row + 1) for row in range(count)]


QUICK = RegimeRules(minimum_stay=0)


def test_without_fifty_closes_and_their_slope_the_regime_is_unknown() -> None:
    days = SESSIONS[:WARM]
    found = regime_series(bars_of("SPX", days, [100.0] * WARM), series_of("VIX", days, [50.0] * WARM))
    assert found.labels == (Regime.UNKNOWN,) * (WARM - 1) + (Regime.HIGH_VOLATILITY,)


@pytest.mark.parametrize(
    ("close", "vix", "expected"),
    [
        ([90.0], [45.0], Regime.CRASH),
        ([100.0], [45.0], Regime.HIGH_VOLATILITY),  # a high index without the fall
        ([90.0], [38.0], Regime.HIGH_VOLATILITY),
        (rising(40, step=0.998), [26.0] * 40, Regime.BEAR),
        (rising(40), [26.0] * 40, Regime.NEUTRAL),
        ([100.0], [14.0], Regime.LOW_VOLATILITY_SIDEWAYS),
        (rising(40), [14.0] * 40, Regime.BULL),  # calm, but with a trend
        (rising(40), [19.0] * 40, Regime.BULL),
        (rising(40), [23.0] * 40, Regime.NEUTRAL),
        (rising(40, step=0.998), [19.0] * 40, Regime.NEUTRAL),
    ],
)
def test_classes_follow_their_rules_in_priority(
    close: list[float], vix: list[float], expected: Regime
) -> None:
    assert labelled(close, vix, QUICK)[-1] is expected


def test_a_class_is_left_only_beyond_the_looser_threshold() -> None:
    vix = [31.0, 29.0, 27.5, 26.9, 29.0, 30.5]
    found = labelled([100.0] * len(vix), vix, QUICK)
    high, other = Regime.HIGH_VOLATILITY, Regime.NEUTRAL
    assert found == [high, high, high, other, other, high]


def test_a_calmer_label_waits_for_the_minimum_stay_but_danger_does_not() -> None:
    vix = [31.0, 18.0, 18.0, 18.0, 18.0, 18.0, 31.0]
    found = labelled([100.0] * len(vix), vix, RegimeRules(minimum_stay=5))
    high, other = Regime.HIGH_VOLATILITY, Regime.NEUTRAL
    assert found == [high, high, high, high, high, other, high]


prices = st.lists(st.floats(-0.08, 0.08), min_size=LENGTH, max_size=LENGTH).map(
    lambda steps: (100 * np.exp(np.cumsum(steps))).tolist()
)
levels = st.lists(st.floats(9, 80), min_size=LENGTH, max_size=LENGTH)


@settings(max_examples=40, deadline=None)
@given(prices, levels, st.integers(0, LENGTH))
def test_hiding_the_future_changes_no_label_of_the_past(
    close: list[float], vix: list[float], known: int
) -> None:
    days = SESSIONS[:LENGTH]
    bars, series = bars_of("SPX", days, close), series_of("VIX", days, vix)
    whole = regime_series(bars, series)
    part = regime_series(bars.head(known), series.head(known))
    assert whole.labels[:known] == part.labels
    assert whole.days[:known].tobytes() == part.days.tobytes()


@settings(max_examples=40, deadline=None)
@given(prices, levels)
def test_no_label_gives_way_before_its_minimum_stay_except_to_danger(
    close: list[float], vix: list[float]
) -> None:
    days = SESSIONS[:LENGTH]
    labels = regime_series(bars_of("SPX", days, close), series_of("VIX", days, vix)).labels
    danger = {Regime.CRASH: 3, Regime.HIGH_VOLATILITY: 2, Regime.BEAR: 1}
    runs = [(label, len(list(rows))) for label, rows in groupby(labels)]
    for (label, length), (after, _) in pairwise(runs):
        assert length >= 5 or danger.get(after, 0) > danger.get(label, 0)


def test_a_session_without_the_volatility_index_has_no_label_and_the_one_before_acts_on() -> None:
    days = SESSIONS[:100]
    vix = series_of("VIX", days, [18.0] * 99 + [45.0])
    holed = replace(vix, values=np.where(np.arange(100) == 99, np.nan, vix.values))
    found = regime_series(bars_of("SPX", days, [100.0] * 100), holed)
    assert found.days[-1] == days_of(days[98])


def test_a_label_acts_from_the_next_session_on_and_not_for_ever() -> None:
    day = days_of(date(2024, 3, 1))
    known = int(CALENDAR.session_close(date(2024, 3, 1)).timestamp())
    series = RegimeSeries(np.array([day], dtype=np.int32), np.array([known]), (Regime.BULL,))
    assert series.acting_on(day, known + 9_999) is Regime.UNKNOWN
    assert series.acting_on(day + 3, known) is Regime.BULL
    assert series.acting_on(day + 3, known - 1) is Regime.UNKNOWN
    assert series.acting_on(day + 8, known) is Regime.UNKNOWN


@pytest.fixture(scope="module")
def recorded() -> RegimeSeries:
    return regime_series(recorded_bars("SPX"), recorded_series("VIX"))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2020, 3, 16), Regime.CRASH),  # VIX 82.69
        (date(2008, 10, 10), Regime.CRASH),
        (date(2025, 4, 8), Regime.CRASH),  # VIX 52.33
        (date(2024, 8, 5), Regime.HIGH_VOLATILITY),  # VIX 38.57
        (date(2022, 9, 26), Regime.HIGH_VOLATILITY),
        (date(2022, 5, 31), Regime.BEAR),
        (date(2017, 11, 3), Regime.BULL),
        (date(2021, 7, 1), Regime.BULL),
    ],
)
def test_known_days_of_the_s_and_p_500_have_their_regime(
    recorded: RegimeSeries, day: date, expected: Regime
) -> None:
    assert recorded.labels[int(np.searchsorted(recorded.days, days_of(day)))] is expected


@pytest.mark.shared
def test_over_36_years_every_class_appears_and_danger_is_rare(recorded: RegimeSeries) -> None:
    share = {kind: count / len(recorded.labels) for kind, count in Counter(recorded.labels).items()}
    assert set(share) == set(Regime)
    assert share[Regime.CRASH] < 0.03
    assert share[Regime.CRASH] + share[Regime.HIGH_VOLATILITY] < 0.15
    assert share[Regime.BULL] > 0.25
    switches = sum(one is not other for one, other in pairwise(recorded.labels))
    assert switches / (len(recorded.labels) / 252) < 20
