"""Interpolate implied volatility across strikes and expiries, or describe it by a few numbers.

Moneyness is ``k = ln(strike / forward)``; time is in years; ``w = iv^2 * years`` is total variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.domain.errors import ParameterError
from strikewise.pricing.black_scholes import price

__all__ = [
    "PLAIN_EQUITY",
    "SmileShape",
    "SmileSurface",
    "index_from_level",
    "level_from_index",
    "simple_equity_smile",
]

Array = NDArray[np.float64]

EDGE = 1e-9
"""What rounding may move a moneyness: the outermost strike that is quoted is still among quotes."""
INDEX_YEARS = 30.0 / 365.0
"""The horizon of the volatility index whose value sets the level of the simple smile."""


@dataclass(frozen=True, slots=True)
class SmileSurface:
    """Implied volatilities of one underlying at one instant, to be read between their quotes.

    Within an expiry the volatility is linear between the quoted strikes, and flat beyond the outermost: a
    quote is met exactly. Between expiries total variance is linear in time at equal ``k / sqrt(years)``, the
    moneyness at which smiles of neighbouring expiries resemble each other; before the first and after the
    last expiry the volatility of that expiry holds.

    Build one with `SmileSurface.from_quotes`.
    """

    years: Array
    """Ascending expiries with at least one quote, shape ``(n_expiries,)``."""
    starts: NDArray[np.int64]
    """Where each expiry begins in the two columns below, and their end: ``(n_expiries + 1,)``."""
    moneyness: Array
    """``k / sqrt(years)``, ascending within each expiry, shape ``(n_knots,)``."""
    volatilities: Array
    """Implied volatility at each knot, a fraction, shape ``(n_knots,)``."""

    @classmethod
    def from_quotes(
        cls, years: ArrayLike, k: ArrayLike, iv: ArrayLike, weight: ArrayLike = 1.0
    ) -> SmileSurface:
        """Build a surface from the quotes of a chain.

        Parameters
        ----------
        years, k, iv
            Years to expiry, ``ln(strike / forward)`` and implied volatility (a fraction) of each quote,
            broadcast to ``(n_quotes,)``, in any order.
        weight
            How much each quote counts where several share an expiry and a strike (a call and a put): an
            inverse squared spread, or vega. Zero, negative or NaN leaves the quote out.

        Returns
        -------
        The surface of all quotes whose numbers are finite and positive; with none of them it answers NaN
        everywhere.
        """
        columns = np.broadcast_arrays(
            *(np.asarray(column, dtype=np.float64) for column in (years, k, iv, weight))
        )
        span, money, sigma, mass = (np.atleast_1d(column).reshape(-1) for column in columns)
        keep = (span > 0.0) & (sigma > 0.0) & (mass > 0.0)
        keep &= np.isfinite(span) & np.isfinite(money) & np.isfinite(sigma) & np.isfinite(mass)
        span, money, sigma, mass = span[keep], money[keep], sigma[keep], mass[keep]
        order = np.lexsort((money, span))
        span, money, sigma, mass = span[order], money[order], sigma[order], mass[order]
        fresh = np.ones(span.size, dtype=np.bool_)
        fresh[1:] = (np.diff(span) > 0.0) | (np.diff(money) > 1e-12)
        knot = np.cumsum(fresh) - 1
        total_mass = np.bincount(knot, weights=mass) if span.size else mass
        merged = np.bincount(knot, weights=mass * sigma) / total_mass if span.size else sigma
        span, money = span[fresh], money[fresh]
        expiries, starts = np.unique(span, return_index=True)
        bounds = np.append(starts, span.size).astype(np.int64)
        return cls(expiries, bounds, money / np.sqrt(span), np.asarray(merged, dtype=np.float64))

    def volatility(self, k: ArrayLike, years: ArrayLike) -> Array:
        """Return the implied volatility at a moneyness and a time.

        Parameters
        ----------
        k, years
            ``ln(strike / forward)`` and years to expiry; broadcast against each other.

        Returns
        -------
        Fractions, in the broadcast shape; NaN where an input is NaN, ``years`` is not positive or the surface
        is empty.
        """
        money, span = np.broadcast_arrays(
            np.asarray(k, dtype=np.float64), np.asarray(years, dtype=np.float64)
        )
        flat_span, flat_money = span.reshape(-1), money.reshape(-1)
        answer = np.full(flat_span.shape, np.nan)
        known = (flat_span > 0.0) & np.isfinite(flat_span) & np.isfinite(flat_money)
        if self.years.size and known.any():
            answer[known] = self._interpolate(flat_money[known], flat_span[known])
        return answer.reshape(span.shape)

    def covers(self, k: float, years: float) -> bool:
        """Return whether quotes lie around a moneyness and a time, so that reading there is no extrapolation.

        Parameters
        ----------
        k, years
            As for `volatility`.
        """
        if not self.years.size or not self.years[0] <= years <= self.years[-1]:
            return False
        z = k / float(np.sqrt(years))
        later = int(np.searchsorted(self.years, years))
        around = {later, later if self.years[later] == years else later - 1}
        return all(
            self.moneyness[self.starts[one]] - EDGE <= z <= self.moneyness[self.starts[one + 1] - 1] + EDGE
            for one in around
        )

    def _interpolate(self, k: Array, years: Array) -> Array:
        z = k / np.sqrt(years)
        last = self.years.size - 1
        later = np.clip(np.searchsorted(self.years, years), 0, last)
        earlier = np.where(self.years[later] == years, later, np.maximum(later - 1, 0))
        earlier = np.where(years > self.years[last], last, earlier)
        near, far = np.empty_like(z), np.empty_like(z)
        for expiry in np.unique(np.concatenate([earlier, later])):
            knots = slice(self.starts[expiry], self.starts[expiry + 1])
            for index, out in ((earlier, near), (later, far)):
                asked = index == expiry
                out[asked] = np.interp(z[asked], self.moneyness[knots], self.volatilities[knots])
        t0, t1 = self.years[earlier], self.years[later]
        apart = t1 > t0
        share = np.where(apart, (years - t0) / np.where(apart, t1 - t0, 1.0), 0.0)
        variance = (1.0 - share) * near * near * t0 + share * far * far * t1
        return np.where(apart, np.sqrt(variance / years), near)


@dataclass(frozen=True, slots=True)
class SmileShape:
    """The shape of a plain equity smile, without its level.

    Raises
    ------
    ParameterError
        Where the numbers admit butterfly arbitrage, or a term structure that is none.
    """

    skew: float = -0.7
    """Correlation of price and variance, within (-1, 1): below zero, puts are dearer than calls."""
    curvature: float = 1.1
    """Strength of skew and smile; ``curvature * (1 + |skew|) <= 2`` lets no butterfly cost less than
    nothing."""
    flattening: float = 0.45
    """How fast the skew fades, in (0, 0.5]: its slope at the money goes like ``years ** -flattening``."""
    long_level: float = 0.19
    """The at-the-money volatility that distant expiries tend to, a fraction."""
    reversion: float = 2.0
    """How fast they do, per year. The term structure rises while the level is below ``long_level``."""

    def __post_init__(self) -> None:
        bound = self.curvature * (1.0 + abs(self.skew))
        if not (abs(self.skew) < 1.0 and 0.0 < bound <= 2.0 and 0.0 < self.flattening <= 0.5):
            raise ParameterError(
                "A smile free of butterfly arbitrage must have |skew| < 1, 0 < curvature * (1 + |skew|) <= 2 "
                f"and 0 < flattening <= 0.5; was {self}."
            )
        if not (self.long_level > 0.0 and self.reversion > 0.0):
            raise ParameterError(f"long_level and reversion of a smile must be above zero; was {self}.")


PLAIN_EQUITY = SmileShape()
"""The shape of a broad equity index in ordinary times."""


def simple_equity_smile(
    k: ArrayLike, years: ArrayLike, level: ArrayLike, shape: SmileShape = PLAIN_EQUITY
) -> Array:
    """Return the implied volatility of a plain equity-index smile, without a quote at hand.

    Parameters
    ----------
    k, years
        ``ln(strike / forward)`` and years to expiry (positive).
    level
        At-the-money volatility at 30 days, a fraction. A volatility index lies above it by its skew premium:
        turn one into the other with `level_from_index`.
    shape
        Skew, curvature and term structure.

    Returns
    -------
    Fractions in the broadcast shape; NaN where ``years`` or ``level`` is missing or not positive.

    Notes
    -----
    The surface SSVI of J. Gatheral and A. Jacquier, Arbitrage-free SVI volatility surfaces (2014), with
    ``phi = curvature / (theta^f (1 + theta)^(1 - f))``; free of calendar arbitrage too, since ``theta`` grows
    with time.
    """
    money, span, base = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (k, years, level)))
    valid = (span > 0.0) & (base > 0.0)
    span, base = np.where(valid, span, 1.0), np.where(valid, base, 1.0)
    theta = _at_the_money_variance(span, base, shape)
    phi = shape.curvature / (theta**shape.flattening * (1.0 + theta) ** (1.0 - shape.flattening))
    rho = shape.skew
    w = 0.5 * theta * (1.0 + rho * phi * money + np.sqrt((phi * money + rho) ** 2 + 1.0 - rho * rho))
    return np.where(valid, np.sqrt(w / span), np.nan)


def index_from_level(
    level: ArrayLike, shape: SmileShape = PLAIN_EQUITY, *, least_price: float = 1e-5
) -> Array:
    """Return the 30-day volatility index that the simple smile at each level would publish.

    Parameters
    ----------
    level
        At-the-money volatility at 30 days, a fraction.
    shape
        As `simple_equity_smile`.
    least_price
        Options cheaper than this fraction of the forward are not in the strip, as worthless quotes are
        not in the true index (five cents of a forward of 5,000 by default).

    Returns
    -------
    Index values as fractions, in the shape of ``level``.

    Notes
    -----
    The strip of the Cboe volatility index, ``2 / T * sum(dK / K^2 * Q(K))`` undiscounted, over a fine grid of
    strikes.
    """
    base = np.asarray(level, dtype=np.float64)[..., np.newaxis]
    k = base * np.sqrt(INDEX_YEARS) * np.linspace(-12.0, 8.0, 401)
    iv = simple_equity_smile(k, INDEX_YEARS, base, shape)
    quotes = price(k > 0.0, 1.0, np.exp(k), INDEX_YEARS, iv, 1.0)
    strip = np.where(quotes < least_price, 0.0, quotes * np.exp(-k))
    return np.asarray(np.sqrt(2.0 / INDEX_YEARS * np.trapezoid(strip, k, axis=-1)))


def level_from_index(
    index: ArrayLike, shape: SmileShape = PLAIN_EQUITY, *, least_price: float = 1e-5
) -> Array:
    """Return the at-the-money volatility at which the simple smile publishes a given 30-day volatility index.

    Parameters
    ----------
    index
        Volatility index as a fraction (0.18 for 18 points).
    shape, least_price
        As `index_from_level`.

    Returns
    -------
    Fractions, in the shape of ``index``; NaN where it is missing or not positive.
    """
    target = np.asarray(index, dtype=np.float64)
    target = np.where(target > 0.0, target, np.nan)
    level: Array = 0.9 * target
    for _ in range(12):
        level = level * target / index_from_level(level, shape, least_price=least_price)
    return level


def _at_the_money_variance(years: Array, level: Array, shape: SmileShape) -> Array:
    """Return total variance of a reverting variance that has the given mean over the first 30 days."""
    fade = -np.expm1(-shape.reversion * years) / shape.reversion
    mean_fade = -np.expm1(-shape.reversion * INDEX_YEARS) / (shape.reversion * INDEX_YEARS)
    mean = level * level
    # Where the level lies far below, the distant variance is capped to keep today's above a quarter of it.
    cap = mean * (1.0 - 0.25 * mean_fade) / (1.0 - mean_fade)
    distant = np.minimum(shape.long_level**2, cap)
    return np.asarray(distant * years + (mean - distant) / mean_fade * fade)
