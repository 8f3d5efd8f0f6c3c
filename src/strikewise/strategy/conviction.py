"""How strongly price speaks for a direction: one number from -100 (down) to 100 (up), and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, sqrt
from types import MappingProxyType

from strikewise.market.features import Features
from strikewise.strategy.trend import Trend

__all__ = ["CONVICTION_PARTS", "conviction", "conviction_parts"]

CONVICTION_PARTS: Mapping[str, float] = MappingProxyType(
    {"trend": 35.0, "momentum": 30.0, "strength": 20.0, "acceleration": 15.0}
)
"""Points of each part at its most: the order of price and averages; the return of 20 sessions in its own
standard deviations (two are full); the relative strength index (25 and 75 are full); the MACD's histogram
over the average range (a tenth is full)."""

FULL_DEVIATIONS = 2.0
FULL_STRENGTH = 25.0
FULL_HISTOGRAM = 0.1
_DIRECTION = {Trend.UP: 1.0, Trend.DOWN: -1.0, Trend.FLAT: 0.0}


def conviction_parts(trend: Trend, features: Features) -> dict[str, float] | None:
    """Return the points of each part, down negative; None where the history is too short for one of them."""
    usual = features["rv20"] * sqrt(20.0 / 252.0)
    atr = features["atr14"]
    raw = {
        "trend": _DIRECTION.get(trend, float("nan")),
        "momentum": features["return20"] / (FULL_DEVIATIONS * usual) if usual > 0.0 else float("nan"),
        "strength": (features["rsi14"] - 50.0) / FULL_STRENGTH,
        "acceleration": features["macd_histogram"] / (FULL_HISTOGRAM * atr) if atr > 0.0 else float("nan"),
    }
    if any(isnan(value) for value in raw.values()):
        return None
    return {name: CONVICTION_PARTS[name] * min(1.0, max(-1.0, value)) for name, value in raw.items()}


def conviction(trend: Trend, features: Features) -> float | None:
    """Return the sum of the parts, or None where it cannot be known."""
    parts = conviction_parts(trend, features)
    return None if parts is None else sum(parts.values())
