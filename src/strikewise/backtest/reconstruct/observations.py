"""Recorded chains as a calibration reads them: forwards by parity, volatilities, own indices."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.anchors import ANCHOR_DAYS
from strikewise.domain.chain import RECORDED_MARK, OptionChain
from strikewise.domain.instruments import STRIKE_BITS, date_of, days_of
from strikewise.domain.quotes import Grade
from strikewise.pricing.implied_vol import implied_volatility

__all__ = ["OwnIndices", "Quotes", "own_indices", "quotes_of"]

Array = NDArray[np.float64]

LONGEST = 230
NEAR_MONEY = 0.02
PAIRS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Two-sided recorded quotes of many days, columns.

    Attributes
    ----------
    day, expiration : (n,) int64
        Days since 1970-01-01.
    is_put, otm : (n,) bool
        Puts; options out of the money.
    strike, forward, discount, years, bid, ask : (n,) float64
        Dollars, and calendar years to expiry.
    iv, delta : (n,) float64
        Black's, at the mid; NaN where there is none.
    """

    day: NDArray[np.int64]
    expiration: NDArray[np.int64]
    is_put: NDArray[np.bool_]
    otm: NDArray[np.bool_]
    strike: Array
    forward: Array
    discount: Array
    years: Array
    bid: Array
    ask: Array
    iv: Array
    delta: Array

    def __len__(self) -> int:
        return len(self.day)

    @property
    def k(self) -> Array:
        """``ln(strike / forward)``."""
        return np.asarray(np.log(self.strike / self.forward))

    @property
    def dte(self) -> NDArray[np.int64]:
        """Calendar days to expiry."""
        return self.expiration - self.day

    @property
    def mid(self) -> Array:
        """Dollars."""
        return 0.5 * (self.bid + self.ask)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Quotes:
        """Return some of the rows."""
        return Quotes(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    @classmethod
    def joined(cls, parts: list[Quotes]) -> Quotes:
        """Return the rows of several, one after another."""
        return cls(
            **{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)}
        )


def quotes_of(chain: OptionChain, rate: float, paid: tuple[Array, Array]) -> Quotes:
    """Return a chain's recorded quotes up to `LONGEST` days, with volatilities at forwards implied by parity.

    Parameters
    ----------
    chain : OptionChain
        The chain.
    rate : float
        What option prices are financed at, continuously compounded, a fraction a year.
    paid : (ex-dates, amounts)
        Cash dividends to come.

    Notes
    -----
    The forward of an expiration is the median over pairs near the money; where there are few, the one that
    rate and dividends make of the spot, moved by what all pairs of the day say that the spot was.
    """
    day = days_of(chain.day)
    put = chain.is_put
    expiration, strike = chain.expiration_days, chain.strike
    bid, ask = chain.bid / 100.0, chain.ask / 100.0
    dte = expiration - day
    recorded = (chain.flaws & RECORDED_MARK > 0) | (chain.grade is not Grade.RECONSTRUCTED)
    keep = np.flatnonzero(recorded & (dte >= 1) & (dte <= LONGEST) & (bid > 0.0) & (ask > bid))
    key, put, expiration = chain.key[keep], put[keep], expiration[keep]
    strike, bid, ask = strike[keep], bid[keep], ask[keep]
    years = (expiration - day) / 365.0
    dates, amounts = paid
    worth = amounts * np.exp(-rate * (dates - day) / 365.0)
    lost = ((dates[np.newaxis, :] <= expiration[:, np.newaxis]) * worth).sum(axis=1)
    plain = (chain.spot - lost) * np.exp(rate * years)
    discount = np.exp(-rate * years)
    forward = _by_parity(key, put, strike, 0.5 * (bid + ask), plain, discount, expiration)
    iv = implied_volatility(~put, 0.5 * (bid + ask), forward, strike, years, discount)
    deviation = iv * np.sqrt(years)
    above = scipy.special.ndtr(-np.log(strike / forward) / deviation + 0.5 * deviation)
    return Quotes(
        day=np.full(len(keep), day, dtype=np.int64),
        expiration=expiration,
        is_put=put,
        otm=put == (strike < forward),
        strike=strike,
        forward=forward,
        discount=discount,
        years=years,
        bid=bid,
        ask=ask,
        iv=iv,
        delta=np.where(put, above - 1.0, above),
    )


def _by_parity(
    key: NDArray[np.int64],
    put: NDArray[np.bool_],
    strike: Array,
    mid: Array,
    plain: Array,
    discount: Array,
    expiration: NDArray[np.int64],
) -> Array:
    puts = np.flatnonzero(put)
    wanted = key[puts] ^ (1 << STRIKE_BITS)
    calls = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    there = key[calls] == wanted if len(key) else np.zeros(0, dtype=np.bool_)
    puts, calls = puts[there], calls[there]
    implied = strike[puts] + (mid[calls] - mid[puts]) / discount[puts]
    near = np.abs(strike[puts] / plain[puts] - 1.0) < NEAR_MONEY
    forward = plain.copy()
    if len(puts):
        chosen = near if near.any() else np.ones(len(puts), dtype=np.bool_)
        forward = plain * float(np.median((implied / plain[puts])[chosen]))
    for one in np.unique(expiration[puts[near]]):
        same = near & (expiration[puts] == one)
        if same.sum() >= PAIRS:
            forward[expiration == one] = np.median(implied[same])
    return np.asarray(forward)


@dataclass(frozen=True, slots=True)
class OwnIndices:
    """The indices by Cboe's rule of a recorded chain itself, fractions; NaN where expirations are missing."""

    indices: Array
    skew: float


def own_indices(quotes: Quotes) -> OwnIndices:
    """Return what Cboe's rule makes of one day's recorded quotes of a fund on the index.

    Parameters
    ----------
    quotes : Quotes
        One day's.
    """
    day = int(quotes.day[0])
    strips: dict[int, tuple[float, float]] = {}
    for expiration in np.unique(quotes.expiration).tolist():
        when = date_of(expiration)
        if when.weekday() == 4:
            strips[expiration] = _strip(quotes.take(quotes.otm & (quotes.expiration == expiration)))
    indices, skew = np.full(len(ANCHOR_DAYS), np.nan), np.nan
    for column, horizon in enumerate(ANCHOR_DAYS):
        listed = [one for one in sorted(strips) if horizon < 60 or 15 <= date_of(one).day <= 21]
        near = [one for one in listed if one <= day + horizon]
        far = [one for one in listed if one > day + horizon]
        if not near or not far:
            continue
        share = (day + horizon - near[-1]) / (far[0] - near[-1])
        (low, low_skew), (high, high_skew) = strips[near[-1]], strips[far[0]]
        indices[column] = np.sqrt(((1.0 - share) * low + share * high) / (horizon / 365.0))
        if horizon == 30:
            skew = 100.0 - 10.0 * ((1.0 - share) * low_skew + share * high_skew)
    return OwnIndices(indices, float(skew))


def _strip(quotes: Quotes) -> tuple[float, float]:
    order = np.argsort(quotes.strike, kind="stable")
    strike, forward = quotes.strike[order], quotes.forward[order]
    if len(strike) < 8:
        return np.nan, np.nan
    k = np.log(strike / forward)
    mass = np.gradient(strike) / strike**2 * (quotes.mid / quotes.discount)[order]
    first, second = -mass.sum(), (2.0 * (1.0 - k) * mass).sum()
    third = (3.0 * (2.0 * k - k * k) * mass).sum()
    spread = max(second - first**2, 1e-12)
    return 2.0 * mass.sum(), (third - 3.0 * first * second + 2.0 * first**3) / spread**1.5
