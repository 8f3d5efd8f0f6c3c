"""The market's regime by rule: from an index and its volatility index, without looking ahead.

Classes in priority: crash, high volatility, bear, low-volatility sideways, bull, neutral. A class that
holds is left only beyond a looser threshold (hysteresis), and a new one must not come before the present
one has stood a minimum of sessions, save one that is more dangerous. The label of a close acts from the
next session on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.indicators import change, rolling_mean

__all__ = ["Regime", "RegimeRules", "RegimeSeries", "regime_series"]

Floats = NDArray[np.float64]


class Regime(StrEnum):
    """What kind of market it is."""

    CRASH = "crash"
    HIGH_VOLATILITY = "high_volatility"
    BEAR = "bear"
    LOW_VOLATILITY_SIDEWAYS = "low_volatility_sideways"
    BULL = "bull"
    NEUTRAL = "neutral"
    UNKNOWN = "unknown"
    """There are not enough data, or they are too old."""


_ORDER = (
    Regime.CRASH,
    Regime.HIGH_VOLATILITY,
    Regime.BEAR,
    Regime.LOW_VOLATILITY_SIDEWAYS,
    Regime.BULL,
    Regime.NEUTRAL,
)
_DANGER = {Regime.CRASH: 3, Regime.HIGH_VOLATILITY: 2, Regime.BEAR: 1}

TYPICAL_MOVES = (0.62, 0.0075, 0.0052, 0.00046, 0.00088)
"""Median moves from close to close of what the rules look at, S&P 500 and VIX from 1990 to July 2026: VIX in
points, the return over 5 sessions, the distance to the 50-session average, its change over 10 sessions, and
the distance of the averages."""


@dataclass(frozen=True, slots=True)
class RegimeRules:
    """The thresholds, each as (to enter, to stay).

    Attributes
    ----------
    crash_volatility, high_volatility, bear_volatility : (float, float)
        The volatility index, in points, must lie above.
    crash_fall : (float, float)
        The return over 5 sessions must lie below; a fraction.
    calm_volatility, bull_volatility : (float, float)
        The volatility index, in points, must lie below.
    flat_trend : (float, float)
        Without a trend the 20-session average lies within this fraction of the 50-session average.
    trend_lag : int
        The 50-session average rises or falls against its own value so many sessions ago.
    minimum_stay : int
        Sessions a label stands before another that is not more dangerous may follow.
    """

    crash_volatility: tuple[float, float] = (40.0, 35.0)
    crash_fall: tuple[float, float] = (-0.05, 0.0)
    high_volatility: tuple[float, float] = (30.0, 27.0)
    bear_volatility: tuple[float, float] = (25.0, 22.0)
    calm_volatility: tuple[float, float] = (15.0, 16.5)
    bull_volatility: tuple[float, float] = (20.0, 22.0)
    flat_trend: tuple[float, float] = (0.01, 0.015)
    trend_lag: int = 10
    minimum_stay: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class RegimeSeries:
    """A label for each close.

    Attributes
    ----------
    days : (n,) int32
        Sessions, days since 1970-01-01.
    known_at : (n,) int64
        Unix seconds at which close and volatility index were known.
    labels : tuple of Regime
        The label of each close; it acts from the next session on.
    depths : (n,) float64
        How far each close lies inside the thresholds at which its label would end, in typical moves of a
        session of the condition nearest to its end; NaN for a label without thresholds.
    """

    days: NDArray[np.int32]
    known_at: NDArray[np.int64]
    labels: tuple[Regime, ...]
    depths: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def acting_on(self, day: int, known_by: int, *, max_gap_days: int = 7) -> Regime:
        """Return the regime that acts on a day: the label of the last close before it.

        Parameters
        ----------
        day : int
            Days since 1970-01-01.
        known_by : int
            Unix seconds; labels known later are not there.
        max_gap_days : int
            Calendar days after which a label is too old: `Regime.UNKNOWN`.
        """
        row = self.row_acting_on(day, known_by, max_gap_days=max_gap_days)
        return Regime.UNKNOWN if row is None else self.labels[row]

    def row_acting_on(self, day: int, known_by: int, *, max_gap_days: int = 7) -> int | None:
        """Return the row whose label acts on a day, or None; parameters as `acting_on`."""
        row = bisect_left(self.days, day) - 1
        while row >= 0 and self.known_at[row] > known_by:
            row -= 1
        return None if row < 0 or day - int(self.days[row]) > max_gap_days else row


def regime_series(index: DailyBars, volatility: Series, rules: RegimeRules | None = None) -> RegimeSeries:
    """Label every close of an index; the label of row ``t`` depends on rows up to ``t`` only.

    A session without a value of the volatility index has no label: the one before goes on acting.

    Parameters
    ----------
    index : DailyBars
        The index (S&P 500, or a fund on it).
    volatility : Series
        Its volatility index (VIX), in points.
    rules : RegimeRules, optional
        The thresholds.
    """
    chosen = RegimeRules() if rules is None else rules
    priced, valued = np.isfinite(index.close), np.isfinite(volatility.values)
    close = index.close[priced]
    fast, slow = rolling_mean(close, 20), rolling_mean(close, 50)
    prices = (change(close, 5), close / slow - 1.0, change(slow, chosen.trend_lag), np.abs(fast / slow - 1.0))
    days, row, value = np.intersect1d(
        index.days[priced], volatility.days[valued], assume_unique=True, return_indices=True
    )
    columns = [volatility.values[valued][value], *(column[row] for column in prices)]
    known_at = np.maximum(
        np.maximum.accumulate(index.known_at)[priced][row],
        np.maximum.accumulate(volatility.known_at)[valued][value],
    )
    labels = _labels(columns, chosen)
    return RegimeSeries(days, known_at, labels, _depths(columns, labels, chosen))


def _labels(columns: Sequence[Floats], rules: RegimeRules) -> tuple[Regime, ...]:
    missing = np.logical_or.reduce(np.isnan(columns)).tolist()
    enters, stays = _conditions(columns, rules, 0), _conditions(columns, rules, 1)
    first: list[int] = np.argmax(enters, axis=0).tolist()
    may_stay: list[list[bool]] = stays.tolist()
    labels: list[Regime] = []
    present, stood = Regime.UNKNOWN, 0
    for row, wished in enumerate(first):
        if missing[row]:
            present, stood = Regime.UNKNOWN, 0
        else:
            at = -1 if present is Regime.UNKNOWN else _ORDER.index(present)
            if at >= 0 and may_stay[at][row]:
                wished = min(wished, at)
            elif wished == at:
                wished = at + 1 + int(np.argmax(enters[at + 1 :, row]))
            wish = _ORDER[wished]
            more_dangerous = _DANGER.get(wish, 0) > _DANGER.get(present, 0)
            if wish is not present and (
                present is Regime.UNKNOWN or more_dangerous or stood >= rules.minimum_stay
            ):
                present, stood = wish, 0
            stood += 1
        labels.append(present)
    return tuple(labels)


def _conditions(columns: Sequence[Floats], rules: RegimeRules, side: int) -> NDArray[np.bool_]:
    """Say of each class of `_ORDER` and each close whether it may begin (``side`` 0) or go on (1) there."""
    level, fall, above, slope, trend = columns
    return np.array(
        [
            (level > rules.crash_volatility[side]) & (fall < rules.crash_fall[side]),
            level > rules.high_volatility[side],
            (level > rules.bear_volatility[side]) & (above < 0.0) & (slope < 0.0),
            (level < rules.calm_volatility[side]) & (trend < rules.flat_trend[side]),
            (level < rules.bull_volatility[side]) & (above > 0.0) & (slope > 0.0),
            np.ones(len(level), dtype=np.bool_),
        ]
    )


def _depths(columns: Sequence[Floats], labels: Sequence[Regime], rules: RegimeRules) -> Floats:
    """Return how far each close lies inside the conditions under which its label stays."""
    level, fall, above, slope, trend = columns
    points, five, from_mean, of_mean, apart = TYPICAL_MOVES
    conditions = {
        Regime.CRASH: ((level - rules.crash_volatility[1]) / points, (rules.crash_fall[1] - fall) / five),
        Regime.HIGH_VOLATILITY: ((level - rules.high_volatility[1]) / points,),
        Regime.BEAR: ((level - rules.bear_volatility[1]) / points, -above / from_mean, -slope / of_mean),
        Regime.LOW_VOLATILITY_SIDEWAYS: (
            (rules.calm_volatility[1] - level) / points,
            (rules.flat_trend[1] - trend) / apart,
        ),
        Regime.BULL: ((rules.bull_volatility[1] - level) / points, above / from_mean, slope / of_mean),
    }
    depths = np.full(len(labels), np.nan)
    for regime, margins in conditions.items():
        mine = np.array([label is regime for label in labels], dtype=np.bool_)
        depths[mine] = np.minimum.reduce(margins)[mine]
    return depths
