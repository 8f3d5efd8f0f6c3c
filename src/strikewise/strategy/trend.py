"""The trend of an underlying by its averages, and which sides of the market a rule allows in it."""

from __future__ import annotations

from enum import StrEnum
from math import isnan

from strikewise.domain.denials import DenialCode
from strikewise.market.features import Features

__all__ = ["TREND_RULES", "Trend", "allowed_sides", "trend_of"]

TREND_RULES = ("off", "not_against", "with")
"""Trend does not matter; must not be against a directional side; must be with it."""


class Trend(StrEnum):
    """Where price stands to its averages."""

    UP = "up"
    """Price above the 20-session average, that above the 50-session average."""
    DOWN = "down"
    """Price below the 20-session average, that below the 50-session average."""
    FLAT = "flat"
    """Neither."""
    UNKNOWN = "unknown"
    """The history is too short for the averages: never taken for flat."""


def trend_of(spot: float, features: Features) -> Trend:
    """Return the trend at a price in dollars."""
    fast, slow = features["sma20"], features["sma50"]
    if isnan(fast + slow + spot):
        return Trend.UNKNOWN
    if spot > fast > slow:
        return Trend.UP
    return Trend.DOWN if spot < fast < slow else Trend.FLAT


def allowed_sides(trend: Trend, rule: str, *, puts: bool, calls: bool) -> tuple[bool, bool] | DenialCode:
    """Return which of the wanted sides, puts and calls to be sold, a trend rule allows.

    Puts are sold on a rise and calls on a fall. An unknown trend allows nothing unless the rule is ``off``.
    """
    if rule == "off":
        return puts, calls
    if trend is Trend.UNKNOWN:
        return DenialCode.ENTRY_TREND_UNKNOWN
    if rule == "with":
        sides = puts and trend is Trend.UP, calls and trend is Trend.DOWN
    else:
        sides = puts and trend is not Trend.DOWN, calls and trend is not Trend.UP
    return sides if any(sides) else DenialCode.ENTRY_TREND
