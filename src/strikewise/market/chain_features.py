"""What one option chain says about volatility, and how that compares with the year before.

Implied volatilities are those that the chain carries (recomputed on import). Between expirations total
variance is linear in time (``iv**2 * days``); where quotes stand on one side of the horizon only, the nearest
expiration within a factor of 1.5 speaks for it, else the feature is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    STRIKE_BITS,
    STRIKE_MASK,
    days_of,
)

__all__ = ["ChainStatistics", "VolatilityHistory", "percentile", "rank"]

HORIZON = 30
LONG_HORIZON = 90
NEAREST = 1.5
"""An expiration stands for a horizon without a bracket within this factor of its days."""
WIDEST_GAP = 0.1
"""At-the-money volatility needs quotes on both sides of the forward, no farther apart than this share."""
REACH = 8
"""Rows from the forward within which a strike with a volatility is looked for."""


@dataclass(frozen=True, slots=True)
class _Term:
    """One expiration of a chain: rows of its puts and calls."""

    days: int
    calls: slice
    puts: slice


class ChainStatistics:
    """Volatility features of one chain, each computed when first asked for.

    Parameters
    ----------
    chain : OptionChain
        The chain.
    """

    def __init__(self, chain: OptionChain) -> None:
        self.chain = chain
        self._atm: dict[int, float] = {}

    @cached_property
    def iv30(self) -> float:
        """At-the-money implied volatility at 30 days, a fraction."""
        return self._variance_at(HORIZON)

    @cached_property
    def term_slope(self) -> float:
        """At-the-money implied volatility at 90 days less that at 30 days, a fraction."""
        return self._variance_at(LONG_HORIZON) - self.iv30

    @cached_property
    def skew(self) -> float:
        """Implied volatility of the 25-delta put less that of the 25-delta call at 30 days, a fraction."""
        found = self._bracket(HORIZON, self._skew)
        if len(found) < 2:
            return found[0][1] if found else nan
        (near, low), (far, high) = found
        return low + (high - low) * (HORIZON - near) / (far - near)

    @cached_property
    def put_call_volume(self) -> float:
        """Puts traded per call traded, all expirations; NaN where no call traded or no volume is known."""
        traded = np.maximum(self.chain.volume, 0)
        puts = int(traded @ ((self.chain.key >> STRIKE_BITS) & 1))
        calls = int(traded.sum(dtype=np.int64)) - puts
        return puts / calls if calls > 0 else nan

    @cached_property
    def _terms(self) -> list[_Term]:
        """Expirations by days, from tomorrow on; of two roots on one date the one with more strikes."""
        key = self.chain.key
        today = days_of(self.chain.day)
        first = int(np.searchsorted(key, (today + 1) << EXPIRATION_SHIFT))
        group = key[first:] >> STRIKE_BITS
        bounds = [0, *(np.flatnonzero(group[1:] != group[:-1]) + 1).tolist(), len(group)]
        terms: dict[int, _Term] = {}
        for index in range(len(bounds) - 2):
            call, put = int(group[bounds[index]]), int(group[bounds[index + 1]])
            if call & 1 or put != call + 1:
                continue
            start, middle, stop = (first + bound for bound in bounds[index : index + 3])
            days = (call << STRIKE_BITS >> EXPIRATION_SHIFT) - today
            held = terms.get(days)
            if held is None or held.puts.stop - held.calls.start < stop - start:
                terms[days] = _Term(days, slice(start, middle), slice(middle, stop))
        return list(terms.values())

    def _bracket(self, horizon: int, value: Callable[[_Term], float]) -> list[tuple[int, float]]:
        """Return (days, value) of the expirations around a horizon that have a value: two, one or none."""
        below = above = None
        for term in self._terms:
            if term.days <= horizon:
                below = term if not isnan(value(term)) else below
            elif not isnan(value(term)):
                above = term
                break
        if below is not None and below.days == horizon:
            above = None
        pair = [term for term in (below, above) if term is not None]
        if len(pair) == 1 and not horizon / NEAREST <= pair[0].days <= horizon * NEAREST:
            return []
        return [(term.days, value(term)) for term in pair]

    def _variance_at(self, horizon: int) -> float:
        found = self._bracket(horizon, self._at_the_money)
        if len(found) < 2:
            return found[0][1] if found else nan
        (near, low), (far, high) = found
        share = (horizon - near) / (far - near)
        total = low * low * near * (1.0 - share) + high * high * far * share
        return sqrt(total / horizon)

    def _at_the_money(self, term: _Term) -> float:
        known = self._atm.get(term.days)
        if known is None:
            known = self._atm[term.days] = _at_the_money(self.chain, term)
        return known

    def _skew(self, term: _Term) -> float:
        chain = self.chain
        put = _iv_at_delta(-chain.delta[term.puts], chain.iv[term.puts])
        call = _iv_at_delta(chain.delta[term.calls][::-1], chain.iv[term.calls][::-1])
        return put - call


def _at_the_money(chain: OptionChain, term: _Term) -> float:
    """Read the volatility at the forward between the nearest out-of-the-money put below and call above."""
    forward = _forward(chain, term)
    if isnan(forward):
        return nan
    target = round(forward * 1000)
    base = int(chain.key[term.calls.start]) & ~STRIKE_MASK
    key, iv = chain.key, chain.iv
    stop = term.puts.start + int(np.searchsorted(key[term.puts], (base | 1 << STRIKE_BITS) + target, "right"))
    start = term.calls.start + int(np.searchsorted(key[term.calls], base + target))
    low = _nearest_known(iv[max(term.puts.start, stop - REACH) : stop][::-1])
    high = _nearest_known(iv[start : min(term.calls.stop, start + REACH)])
    if low is None or high is None:
        return nan
    below = (int(key[stop - 1 - low]) & STRIKE_MASK) / 1000
    above = (int(key[start + high]) & STRIKE_MASK) / 1000
    if above - below > WIDEST_GAP * forward:
        return nan
    put, call = float(iv[stop - 1 - low]), float(iv[start + high])
    if above <= below:
        return 0.5 * (put + call)
    return put + (call - put) * (forward - below) / (above - below)


def _forward(chain: OptionChain, term: _Term) -> float:
    """Return the forward by parity at the strike nearest spot, where discounting hardly matters, or spot."""
    spot = chain.spot
    if isnan(spot):
        return nan
    calls = chain.key[term.calls]
    target = (int(calls[0]) & ~STRIKE_MASK) + round(spot * 1000)
    row = min(int(np.searchsorted(calls, target)), len(calls) - 1)
    if row > 0 and target - int(calls[row - 1]) < int(calls[row]) - target:
        row -= 1
    twin = int(calls[row]) | 1 << STRIKE_BITS
    other = term.puts.start + int(np.searchsorted(chain.key[term.puts], twin))
    if other >= term.puts.stop or int(chain.key[other]) != twin:
        return spot
    row += term.calls.start
    call_bid, call_ask = int(chain.bid[row]), int(chain.ask[row])
    put_bid, put_ask = int(chain.bid[other]), int(chain.ask[other])
    if not (0 < call_bid < call_ask and 0 < put_bid < put_ask):
        return spot
    strike = (twin & STRIKE_MASK) / 1000
    forward = strike + (call_bid + call_ask - put_bid - put_ask) / 200
    return forward if abs(forward / spot - 1.0) < WIDEST_GAP else spot


def _nearest_known(values: NDArray[np.float32]) -> int | None:
    for place, value in enumerate(values.tolist()):
        if value > 0.0:
            return place
    return None


def _iv_at_delta(delta: NDArray[np.float32], iv: NDArray[np.float32], target: float = 0.25) -> float:
    """Interpolate volatility linearly in absolute delta; rows run from the wing to the money."""
    known = np.isfinite(delta) & np.isfinite(iv)
    ascending = np.maximum.accumulate(delta[known])
    at = int(np.searchsorted(ascending, target))
    if at == 0 or at == len(ascending):
        return nan
    low, high = float(ascending[at - 1]), float(ascending[at])
    below, above = (float(value) for value in iv[known][at - 1 : at + 1])
    return below + (above - below) * (target - low) / (high - low)


def rank(present: float, past: NDArray[np.float64]) -> float:
    """Return where a value lies between the least (0) and the greatest (1) of some values and itself."""
    low, high = min(float(past.min()), present), max(float(past.max()), present)
    return (present - low) / (high - low) if high > low else nan


def percentile(present: float, past: NDArray[np.float64]) -> float:
    """Return the share of some values that lie below a value, 0 to 1."""
    return float(np.count_nonzero(past < present)) / len(past)


class VolatilityHistory:
    """The 30-day implied volatility of an underlying's chains, each snapshot looked at once.

    One observation a session: its last snapshot, and for the present session the last one known.

    Parameters
    ----------
    chain_at : callable
        Hands out the chain known at an instant, or None.
    """

    def __init__(self, chain_at: Callable[[datetime], OptionChain | None]) -> None:
        self._chain_at = chain_at
        self._instants = np.zeros(0, dtype=np.int64)
        self._day = np.zeros(0, dtype=np.int64)
        self._iv = np.zeros(0)
        self._known_at = np.zeros(0, dtype=np.int64)
        self._seen = np.zeros(0, dtype=np.bool_)

    def past(
        self, instants: NDArray[np.int64], present: int, as_of: int, sessions_from: int
    ) -> NDArray[np.float64]:
        """Return the observations of earlier sessions, oldest first, without those that have no value.

        Parameters
        ----------
        instants : (n,) int64
            Unix seconds of the underlying's snapshots, ascending.
        present : int
            Unix seconds of the snapshot that is compared; only sessions before its own count.
        as_of : int
            Unix seconds; what was known later is not there.
        sessions_from : int
            Days since 1970-01-01 of the first session that counts.
        """
        self._follow(instants)
        today = int(_session_day(np.array([present]))[0])
        start, stop = np.searchsorted(self._day, (sessions_from, today))
        rows = np.arange(start, stop)
        # The last snapshot of each session that could be known: delayed ones fall out below.
        last = rows[np.flatnonzero(np.diff(self._day[rows], append=today))]
        for row in last[~self._seen[last]].tolist():
            self._observe(row, as_of)
        usable = self._seen[last] & (self._known_at[last] <= as_of)
        values = self._iv[last[usable]]
        return values[np.isfinite(values)]

    def _observe(self, row: int, as_of: int) -> None:
        """Look at a snapshot as it stood just before the next one came, or now if that lies ahead."""
        following = int(self._instants[row + 1]) - 1 if row + 1 < len(self._instants) else as_of
        until = min(following, as_of)
        chain = self._chain_at(datetime.fromtimestamp(until, UTC))
        if chain is not None and int(chain.as_of.timestamp()) == int(self._instants[row]):
            self._iv[row] = ChainStatistics(chain).iv30
            self._known_at[row] = int(chain.known_at.timestamp())
            self._seen[row] = True
        elif until < as_of:
            self._seen[row] = True

    def _follow(self, instants: NDArray[np.int64]) -> None:
        """Grow with a source that snapshots arrive at; begin anew if it has become another."""
        held = len(self._instants)
        if instants is self._instants or (
            len(instants) == held and (held == 0 or instants[-1] == self._instants[-1])
        ):
            return
        keep = held if 0 < held <= len(instants) and instants[held - 1] == self._instants[held - 1] else 0
        grow = len(instants) - keep
        self._instants = instants
        self._day = _session_day(instants)
        self._iv = np.append(self._iv[:keep], np.full(grow, np.nan))
        self._known_at = np.append(self._known_at[:keep], np.zeros(grow, dtype=np.int64))
        self._seen = np.append(self._seen[:keep], np.zeros(grow, dtype=np.bool_))


def _session_day(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return days since 1970-01-01 in New York's winter time, which no session's hours leave."""
    return (instants - 5 * 3600) // 86400
