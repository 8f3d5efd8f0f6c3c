"""Features of a symbol by name, as they were known: of its daily bars, its option chain, a volatility index.

A feature that cannot be known is NaN, never a guess: no bars, too short a past, the last bar older than
`MAX_GAP_DAYS`, no chain of the last days.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import date_of
from strikewise.domain.quotes import Series
from strikewise.market.bar_features import BAR_FEATURES, PriceFrame
from strikewise.market.chain_features import ChainStatistics, percentile, rank

__all__ = [
    "CHAIN_FEATURES",
    "FEATURE_NAMES",
    "MAX_GAP_DAYS",
    "MIN_OBSERVATIONS",
    "RANK_DAYS",
    "VOLATILITY_INDEXES",
    "Features",
    "VolatilityPast",
]

Array = NDArray[np.float64]

MAX_GAP_DAYS = 7
"""Calendar days after which the last bar or index value says nothing about today."""
RANK_SESSIONS = 252
RANK_DAYS = 365
MIN_OBSERVATIONS = 60
"""Observations within the last 252 sessions (365 days) that a rank or percentile of volatility needs."""

VOLATILITY_INDEXES = {
    "SPY": "VIX",
    "SPX": "VIX",
    "XSP": "VIX",
    "QQQ": "VXN",
    "NDX": "VXN",
    "IWM": "RVX",
    "RUT": "RVX",
    "DIA": "VXD",
    "GLD": "GVZ",
    "USO": "OVX",
}
"""The index that stands for a symbol's implied volatility where its own chains reach back too shortly."""


CHAIN_FEATURES: dict[str, tuple[str, str]] = {
    "iv30": ("fraction a year", "At-the-money implied volatility at 30 days, linear in total variance."),
    "skew": ("fraction a year", "25-delta put less 25-delta call implied volatility at 30 days."),
    "term_slope": ("fraction a year", "At-the-money implied volatility at 90 days less that at 30 days."),
    "put_call_volume": ("ratio", "Puts traded per call traded, all expirations."),
    "iv_rank": (
        "fraction 0 to 1",
        "Where implied volatility lies between the least and the greatest of the last 252 sessions, itself "
        "included. Of iv30 where the symbol's own chains give 60 observations, else of its volatility index; "
        "`Features.iv_rank_basis` says which.",
    ),
    "iv_percentile": ("fraction 0 to 1", "Share of those sessions before with a lower value."),
}
"""Features of option chains by name: unit and meaning."""

FEATURE_NAMES: tuple[str, ...] = (*BAR_FEATURES, *CHAIN_FEATURES)
"""Every feature."""


@dataclass(frozen=True, slots=True)
class VolatilityPast:
    """What today's implied volatility is ranked among.

    Attributes
    ----------
    basis : str
        ``chain``, ``index:VIX`` or ``none``.
    present : float
        Today's value, in the unit of the basis.
    past : (n,) float64
        The values of earlier sessions, at most 251, oldest first.
    """

    basis: str
    present: float
    past: Array

    @classmethod
    def choose(
        cls, iv30: float, chain_past: Array, index: Callable[[], Series | None], day: int
    ) -> VolatilityPast:
        """Choose the symbol's own chains where they give enough observations, else its volatility index.

        Parameters
        ----------
        iv30 : float
            Of the latest chain; NaN where there is none.
        chain_past : (n,) float64
            iv30 of earlier sessions.
        index : callable
            Hands out the symbol's volatility index as known, or None where there is none; asked if needed.
        day : int
            The view's day, days since 1970-01-01.
        """
        if len(chain_past) + 1 >= MIN_OBSERVATIONS and not isnan(iv30):
            return cls("chain", iv30, chain_past)
        series = index()
        if series is not None and len(series):
            held = np.isfinite(series.values) & (series.days > day - RANK_DAYS)
            known = series.values[held][-RANK_SESSIONS:]
            if len(known) >= MIN_OBSERVATIONS and day - int(series.days[held][-1]) <= MAX_GAP_DAYS:
                return cls(f"index:{series.name}", float(known[-1]), known[:-1])
        return cls("none", nan, np.zeros(0))


class Features:
    """All features of one symbol at one instant, each computed when first asked for.

    Read them by name: ``features["rsi14"]``. Names and units: `BAR_FEATURES`, `CHAIN_FEATURES`.
    """

    __slots__ = ("_frame", "_known", "_past", "_row", "_statistics", "_volatility")

    def __init__(
        self,
        frame: PriceFrame | None,
        *,
        day: int,
        known_by: int,
        statistics: ChainStatistics | None,
        past: Callable[[ChainStatistics | None], VolatilityPast],
    ) -> None:
        row = -1 if frame is None else bisect_right(frame.known_at, known_by) - 1
        stale = frame is None or row < 0 or day - int(frame.days[row]) > MAX_GAP_DAYS
        self._frame = None if stale else frame
        self._row = row
        self._statistics = statistics
        self._past = past
        self._volatility: VolatilityPast | None = None
        self._known: dict[str, float] = {}

    def __getitem__(self, name: str) -> float:
        """Return a feature; NaN where it is not known.

        Raises
        ------
        KeyError
            If there is no feature of that name.
        """
        value = self._known.get(name)
        if value is None:
            value = self._known[name] = self._compute(name)
        return value

    def _compute(self, name: str) -> float:
        if name in BAR_FEATURES:
            return nan if self._frame is None else float(self._frame.column(name)[self._row])
        if name in {"iv_rank", "iv_percentile"}:
            ranked = self._ranked()
            if len(ranked.past) == 0:
                return nan
            return (rank if name == "iv_rank" else percentile)(ranked.present, ranked.past)
        if name in CHAIN_FEATURES:
            return nan if self._statistics is None else float(getattr(self._statistics, name))
        raise KeyError(f"There is no feature {name!r}; there are {', '.join(FEATURE_NAMES)}.")

    def get(self, name: str, default: float = nan) -> float:
        """Return a feature, or ``default`` where it is not known."""
        value = self[name]
        return default if isnan(value) else value

    @property
    def iv_rank_basis(self) -> str:
        """What ``iv_rank`` and ``iv_percentile`` are of: ``chain``, ``index:VIX`` or ``none``."""
        return self._ranked().basis

    @property
    def bar_day(self) -> date | None:
        """The session of the last bar, or None where there is none."""
        return None if self._frame is None else date_of(int(self._frame.days[self._row]))

    def as_dict(self) -> dict[str, float | str]:
        """Return every feature that is known, and ``iv_rank_basis``; what is not known is not there."""
        found: dict[str, float | str] = {
            name: value for name in FEATURE_NAMES if not isnan(value := self[name])
        }
        return found | {"iv_rank_basis": self.iv_rank_basis}

    def _ranked(self) -> VolatilityPast:
        if self._volatility is None:
            self._volatility = self._past(self._statistics)
        return self._volatility
