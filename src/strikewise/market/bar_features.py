"""Features of daily bars: computed once over a whole series, each when first asked for, and then read by row.

They are causal (`strikewise.market.indicators`): a row is what a truncated series would have given. Bars
are read as printed. A split in the bars is undone forwards only: prices after it are scaled up to the old
shares for the computation, and levels scaled back, so that no row knows a later split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import DailyBars, Split
from strikewise.market import indicators

__all__ = ["BAR_FEATURES", "FeatureDefinition", "PriceFrame"]

Array = NDArray[np.float64]


class PriceFrame:
    """Daily bars that have a close, scaled past their splits; indicators are computed on demand.

    Parameters
    ----------
    bars : DailyBars
        All bars of a symbol.
    splits : sequence of Split
        Its splits. One counts only where the bars show it: where open against the close before is nearer to
        the split than to no change. Bars that were adjusted by their source are thus left alone.
    """

    def __init__(self, bars: DailyBars, splits: Sequence[Split]) -> None:
        priced = np.isfinite(bars.close)
        self.days = bars.days[priced]
        self.known_at = np.maximum.accumulate(bars.known_at)[priced].tolist()
        close, start = bars.close[priced], bars.open[priced]
        self.scale = _split_scale(self.days, np.where(np.isfinite(start), start, close), close, splits)
        self.close = close * self.scale
        self.high = bars.high[priced] * self.scale
        self.low = bars.low[priced] * self.scale
        self.volume = bars.volume[priced] / self.scale
        self._columns: dict[str, Array] = {}

    def column(self, name: str) -> Array:
        """Return a feature of `BAR_FEATURES`, one value a row."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = BAR_FEATURES[name].compute(self)
        return found

    @cached_property
    def macd(self) -> Array:
        """The difference of the 12- and 26-session exponential averages, from the first row on."""
        fast, slow = (indicators.exponential_average(self.close, span, wait=0) for span in (12, 26))
        return fast - slow

    @cached_property
    def band(self) -> Array:
        """The 20-session population standard deviation of closes."""
        return indicators.rolling_standard_deviation(self.close, 20, sample=False)

    @cached_property
    def average20(self) -> Array:
        """The 20-session mean of closes."""
        return indicators.rolling_mean(self.close, 20)


def _split_scale(days: NDArray[np.int32], start: Array, close: Array, splits: Sequence[Split]) -> Array:
    scale = np.ones(len(days))
    for split in splits:
        row = int(np.searchsorted(days, days_of(split.ex_date)))
        if 0 < row < len(days) and split.ratio > 0.0:
            jump = float(np.log(start[row] / close[row - 1]))
            if abs(jump + np.log(split.ratio)) < abs(jump):
                scale[row:] *= split.ratio
    return scale


@dataclass(frozen=True, slots=True)
class FeatureDefinition:
    """What a feature of daily bars means.

    Attributes
    ----------
    unit : str
        ``dollars``, ``fraction``, ``points``…; a fraction of 0.2 is 20%.
    meaning : str
        What it is and where the formula comes from.
    compute : callable
        From a `PriceFrame` to one value a row.
    """

    unit: str
    meaning: str
    compute: Callable[[PriceFrame], Array]


def _mean(window: int) -> FeatureDefinition:
    return FeatureDefinition(
        "dollars",
        f"Mean of the last {window} closes.",
        lambda frame: indicators.rolling_mean(frame.close, window) / frame.scale,
    )


def _volatility(window: int) -> FeatureDefinition:
    return FeatureDefinition(
        "fraction a year",
        f"Sample deviation of the last {window} log returns of closes, times sqrt(252) (Hull).",
        lambda frame: indicators.realised_volatility(frame.close, window),
    )


def _return(window: int) -> FeatureDefinition:
    return FeatureDefinition(
        "fraction",
        f"Close against the close {window} sessions before, less one.",
        lambda frame: indicators.change(frame.close, window),
    )


def _masked(values: Array, rows: int) -> Array:
    found = values.copy()
    found[:rows] = np.nan
    return found


def _bands_share(frame: PriceFrame) -> Array:
    width = 4.0 * frame.band
    return np.where(
        width > 0.0,
        (frame.close - frame.average20 + 2.0 * frame.band) / np.where(width > 0.0, width, 1.0),
        np.nan,
    )


def _surge(frame: PriceFrame) -> Array:
    found = np.full(len(frame.volume), np.nan)
    usual = indicators.rolling_mean(frame.volume, 20)[:-1]
    found[1:] = np.where(usual > 0.0, frame.volume[1:] / np.where(usual > 0.0, usual, 1.0), np.nan)
    return found


def _beyond(window: int, *, high: bool) -> FeatureDefinition:
    """Return how far a close lies beyond the extreme of the sessions before it."""

    def compute(frame: PriceFrame) -> Array:
        found = np.full(len(frame.close), np.nan)
        extreme = (
            indicators.rolling_max(frame.high, window) if high else indicators.rolling_min(frame.low, window)
        )
        found[1:] = frame.close[1:] / extreme[:-1] - 1.0
        return found

    extreme = "highest high" if high else "lowest low"
    return FeatureDefinition(
        "fraction", f"Close against the {extreme} of the {window} sessions before it, less one.", compute
    )


def _signal(frame: PriceFrame) -> Array:
    return indicators.exponential_average(frame.macd, 9, wait=0)


BAR_FEATURES: dict[str, FeatureDefinition] = {
    "close": FeatureDefinition("dollars", "Last close.", lambda frame: frame.close / frame.scale),
    "sma20": _mean(20),
    "sma50": _mean(50),
    "sma200": _mean(200),
    "ema20": FeatureDefinition(
        "dollars",
        "Exponential average of closes, weight 2 / 21, begun at the first close.",
        lambda frame: indicators.exponential_average(frame.close, 20) / frame.scale,
    ),
    "ema50": FeatureDefinition(
        "dollars",
        "Exponential average of closes, weight 2 / 51, begun at the first close.",
        lambda frame: indicators.exponential_average(frame.close, 50) / frame.scale,
    ),
    "rsi14": FeatureDefinition(
        "points 0 to 100",
        "Relative strength index over 14 sessions (Wilder 1978).",
        lambda frame: indicators.relative_strength(frame.close, 14),
    ),
    "macd": FeatureDefinition(
        "dollars",
        "12-session less 26-session exponential average of closes (Appel).",
        lambda frame: _masked(frame.macd / frame.scale, 25),
    ),
    "macd_signal": FeatureDefinition(
        "dollars",
        "9-session exponential average of the MACD.",
        lambda frame: _masked(_signal(frame) / frame.scale, 33),
    ),
    "macd_histogram": FeatureDefinition(
        "dollars",
        "MACD less its signal.",
        lambda frame: _masked((frame.macd - _signal(frame)) / frame.scale, 33),
    ),
    "boll_upper": FeatureDefinition(
        "dollars",
        "20-session mean plus two population deviations of closes (Bollinger).",
        lambda frame: (frame.average20 + 2.0 * frame.band) / frame.scale,
    ),
    "boll_lower": FeatureDefinition(
        "dollars",
        "20-session mean less two population deviations of closes (Bollinger).",
        lambda frame: (frame.average20 - 2.0 * frame.band) / frame.scale,
    ),
    "boll_pct": FeatureDefinition(
        "fraction",
        "Close between the lower (0) and the upper (1) Bollinger band; NaN where they meet.",
        _bands_share,
    ),
    "atr14": FeatureDefinition(
        "dollars",
        "Average true range over 14 sessions (Wilder 1978).",
        lambda frame: (
            indicators.wilder_average(indicators.true_range(frame.high, frame.low, frame.close), 14)
            / frame.scale
        ),
    ),
    "support20": FeatureDefinition(
        "dollars",
        "Lowest low of the last 20 sessions.",
        lambda frame: indicators.rolling_min(frame.low, 20) / frame.scale,
    ),
    "resistance20": FeatureDefinition(
        "dollars",
        "Highest high of the last 20 sessions.",
        lambda frame: indicators.rolling_max(frame.high, 20) / frame.scale,
    ),
    "breakout10": _beyond(10, high=True),
    "breakout20": _beyond(20, high=True),
    "breakout55": _beyond(55, high=True),
    "breakdown10": _beyond(10, high=False),
    "breakdown20": _beyond(20, high=False),
    "breakdown55": _beyond(55, high=False),
    "volume_surge": FeatureDefinition(
        "ratio", "Volume over the mean volume of the 20 sessions before.", _surge
    ),
    "rv10": _volatility(10),
    "rv20": _volatility(20),
    "rv60": _volatility(60),
    "parkinson20": FeatureDefinition(
        "fraction a year",
        "Volatility of the last 20 daily ranges (Parkinson 1980); blind to overnight gaps.",
        lambda frame: indicators.parkinson_volatility(frame.high, frame.low, 20),
    ),
    "return1": _return(1),
    "return5": _return(5),
    "return20": _return(20),
    "high252_distance": FeatureDefinition(
        "fraction",
        "Close against the highest high of the last 252 sessions, less one: 0 at the high, else negative.",
        lambda frame: frame.close / indicators.rolling_max(frame.high, 252) - 1.0,
    ),
}
"""Features of daily bars by name."""
