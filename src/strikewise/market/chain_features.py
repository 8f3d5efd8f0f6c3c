"""What one option chain says about volatility, and how that compares with the year before.

Implied volatilities are those that the chain carries (recomputed on import). Between expirations total
variance is linear in time (``iv**2 * days``); where quotes stand on one side of the horizon only, the nearest
expiration within a factor of 1.5 speaks for it, else the feature is NaN.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import isnan, nan, sqrt
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import EXPIRATION_SHIFT, STRIKE_BITS, STRIKE_MASK, days_of

__all__ = ["ChainStatistics", "VolatilityHistory", "percentile", "rank"]

Array = NDArray[np.float64]

HORIZON = 30
LONG_HORIZON = 90
NEAREST = 1.5
"""An expiration stands for a horizon without a bracket within this factor of its days."""
WIDEST_GAP = 0.1
"""At-the-money volatility needs quotes on both sides of the forward, no farther apart than this share."""
REACH = 8
"""Rows from the forward within which a strike with a volatility is looked for."""
SIDE_BITS = EXPIRATION_SHIFT - STRIKE_BITS
"""Bits of a key that hold root and right."""
UNSEEN = 2**63 - 1
NEVER = UNSEEN - 1
"""In place of the instant a snapshot was known: not looked at yet; replaced before it could be known."""


class _Term(NamedTuple):
    """One expiration of a chain: calls are its rows ``start`` to ``middle``, puts those up to ``stop``."""

    days: int
    start: int
    middle: int
    stop: int


class ChainStatistics:
    """Volatility features of one chain, each computed when first asked for.

    Parameters
    ----------
    chain : OptionChain
        The chain.
    known : dict, optional
        Values of this very chain computed before, by name; new ones are added.
    """

    def __init__(self, chain: OptionChain, known: dict[str, float] | None = None) -> None:
        self.chain = chain
        self._known: dict[str, float] = {} if known is None else known
        self._today = days_of(chain.day)
        self._sides: tuple[list[int], list[int]] | None = None
        self._terms: dict[int, _Term | None] = {}
        self._atm: dict[int, float] = {}

    @property
    def iv30(self) -> float:
        """At-the-money implied volatility at 30 days, a fraction."""
        return self._once("iv30", self._iv30)

    @property
    def term_slope(self) -> float:
        """At-the-money implied volatility at 90 days less that at 30 days, a fraction."""
        return self._once("term_slope", lambda: self._volatility_at(LONG_HORIZON) - self.iv30)

    @property
    def skew(self) -> float:
        """Implied volatility of the 25-delta put less that of the 25-delta call at 30 days, a fraction."""
        return self._once("skew", self._skew_at_horizon)

    @property
    def put_call_volume(self) -> float:
        """Puts traded per call traded, all expirations; NaN where no call traded or no volume is known."""
        return self._once("put_call_volume", self._put_call_volume)

    def _once(self, name: str, compute: Callable[[], float]) -> float:
        value = self._known.get(name)
        if value is None:
            value = self._known[name] = compute()
        return value

    def _iv30(self) -> float:
        return self._volatility_at(HORIZON)

    def _put_call_volume(self) -> float:
        traded = np.maximum(self.chain.volume, 0)
        puts = int(traded @ ((self.chain.key >> STRIKE_BITS) & 1))
        calls = int(traded.sum(dtype=np.int64)) - puts
        return puts / calls if calls > 0 else nan

    def _skew_at_horizon(self) -> float:
        found = self._bracket(HORIZON, self._skew)
        if len(found) < 2:
            return found[0][1] if found else nan
        (near, low), (far, high) = found
        return low + (high - low) * (HORIZON - near) / (far - near)

    def _volatility_at(self, horizon: int) -> float:
        found = self._bracket(horizon, self._at_the_money)
        if len(found) < 2:
            return found[0][1] if found else nan
        (near, low), (far, high) = found
        share = (horizon - near) / (far - near)
        return sqrt((low * low * near * (1.0 - share) + high * high * far * share) / horizon)

    def _bracket(self, horizon: int, value: Callable[[_Term], float]) -> list[tuple[int, float]]:
        """Return (days, value) of the expirations around a horizon that have a value: two, one or none."""
        below = self._nearest(self._below(horizon), value)
        if below is not None and below[0] == horizon:
            return [below]
        above = self._nearest(self._above(horizon), value)
        if below is not None and above is not None:
            return [below, above]
        only = below or above
        if only is None or not horizon / NEAREST <= only[0] <= horizon * NEAREST:
            return []
        return [only]

    @staticmethod
    def _nearest(terms: Iterator[_Term], value: Callable[[_Term], float]) -> tuple[int, float] | None:
        for term in terms:
            if not isnan(found := value(term)):
                return term.days, found
        return None

    def _below(self, horizon: int) -> Iterator[_Term]:
        """Walk from a horizon, included, towards tomorrow."""
        sides, _ = self._laid_out()
        at = bisect_left(sides, (self._today + horizon + 1) << SIDE_BITS) - 1
        while at >= 0 and (days := (sides[at] >> SIDE_BITS) - self._today) > 0:
            if (term := self._term(days)) is not None:
                yield term
            at = bisect_left(sides, (self._today + days) << SIDE_BITS) - 1

    def _above(self, horizon: int) -> Iterator[_Term]:
        """Walk from beyond a horizon to the last expiration."""
        sides, _ = self._laid_out()
        at = bisect_left(sides, (self._today + horizon + 1) << SIDE_BITS)
        while at < len(sides):
            days = (sides[at] >> SIDE_BITS) - self._today
            if (term := self._term(days)) is not None:
                yield term
            at = bisect_left(sides, (self._today + days + 1) << SIDE_BITS)

    def _term(self, days: int) -> _Term | None:
        """Return an expiration that has calls and puts; of several roots the one with most strikes."""
        if days in self._terms:
            return self._terms[days]
        best: _Term | None = None
        sides, rows = self._laid_out()
        expiration = self._today + days
        at = bisect_left(sides, expiration << SIDE_BITS)
        while at + 1 < len(sides) and sides[at] >> SIDE_BITS == expiration:
            # Calls are even, and the puts of the same root follow them.
            if not sides[at] & 1 and sides[at + 1] == sides[at] + 1:
                start, middle, stop = rows[at : at + 3]
                if best is None or stop - start > best.stop - best.start:
                    best = _Term(days, start, middle, stop)
            at += 1
        self._terms[days] = best
        return best

    def _laid_out(self) -> tuple[list[int], list[int]]:
        """Return the sides (expiration, root and right, as in a key), and the bounds of their rows."""
        if self._sides is None:
            side = self.chain.key >> STRIKE_BITS
            first = np.flatnonzero(side[1:] != side[:-1]) + 1
            sides = [int(side[0]), *side[first].tolist()] if len(side) else []
            self._sides = sides, [0, *first.tolist(), len(side)]
        return self._sides

    def _at_the_money(self, term: _Term) -> float:
        """Read the volatility at the forward, between the out-of-the-money put below and call above."""
        if term.days not in self._atm:
            self._atm[term.days] = self._between_sides(term)
        return self._atm[term.days]

    def _between_sides(self, term: _Term) -> float:
        columns, first = self.chain.columns, self.chain.start
        middle = first + term.middle
        keys: list[int] = columns.key[first + term.start : first + term.stop].tolist()
        size = term.middle - term.start
        calls, puts = keys[:size], keys[size:]
        forward = _forward(self.chain, term, calls, puts)
        if isnan(forward):
            return nan
        target = round(forward * 1000)
        start = bisect_left(calls, (calls[0] & ~STRIKE_MASK) + target)
        stop = bisect_left(puts, (puts[0] & ~STRIKE_MASK) + target + 1)
        low = _first_known(columns.iv[middle + max(0, stop - REACH) : middle + stop].tolist()[::-1])
        row = first + term.start + start
        high = _first_known(columns.iv[row : min(middle, row + REACH)].tolist())
        if low is None or high is None:
            return nan
        (near, put), (far, call) = low, high
        below, above = (puts[stop - 1 - near] & STRIKE_MASK) / 1000, (calls[start + far] & STRIKE_MASK) / 1000
        if above - below > WIDEST_GAP * forward:
            return nan
        if above <= below:
            return 0.5 * (put + call)
        return put + (call - put) * (forward - below) / (above - below)

    def _skew(self, term: _Term) -> float:
        delta, iv = self.chain.delta, self.chain.iv
        put = _iv_at_delta(-delta[term.middle : term.stop], iv[term.middle : term.stop])
        calls = slice(term.start, term.middle)
        return put - _iv_at_delta(delta[calls][::-1], iv[calls][::-1])


def _forward(chain: OptionChain, term: _Term, calls: list[int], puts: list[int]) -> float:
    """Return the forward by parity at the strike nearest spot, where discounting hardly matters, or spot."""
    spot = chain.spot
    if isnan(spot):
        return nan
    target = (calls[0] & ~STRIKE_MASK) + round(spot * 1000)
    at = min(bisect_left(calls, target), len(calls) - 1)
    if at > 0 and target - calls[at - 1] < calls[at] - target:
        at -= 1
    strike_milli = calls[at] & STRIKE_MASK
    wanted = (puts[0] & ~STRIKE_MASK) + strike_milli
    twin = bisect_left(puts, wanted)
    if twin >= len(puts) or puts[twin] != wanted:
        return spot
    bid, ask = chain.columns.bid, chain.columns.ask
    row, twin_row = chain.start + term.start + at, chain.start + term.middle + twin
    call_bid, call_ask, put_bid, put_ask = (
        int(bid[row]),
        int(ask[row]),
        int(bid[twin_row]),
        int(ask[twin_row]),
    )
    if not (0 < call_bid < call_ask and 0 < put_bid < put_ask):
        return spot
    forward = strike_milli / 1000 + (call_bid + call_ask - put_bid - put_ask) / 200
    return forward if abs(forward / spot - 1.0) < WIDEST_GAP else spot


def _first_known(values: list[float]) -> tuple[int, float] | None:
    """Return the first volatility that there is, and its place."""
    for place, value in enumerate(values):
        if value > 0.0:
            return place, value
    return None


def _iv_at_delta(delta: NDArray[np.float32], iv: NDArray[np.float32], target: float = 0.25) -> float:
    """Interpolate volatility linearly in absolute delta; rows run from the wing to the money."""
    known = np.isfinite(delta * iv)
    if not known.all():
        delta, iv = delta[known], iv[known]
    ascending = np.maximum.accumulate(delta)
    at = int(ascending.searchsorted(target))
    if at == 0 or at == len(ascending):
        return nan
    low, high = float(ascending[at - 1]), float(ascending[at])
    below, above = float(iv[at - 1]), float(iv[at])
    return below + (above - below) * (target - low) / (high - low)


def rank(present: float, past: Array) -> float:
    """Return where a value lies between the least (0) and the greatest (1) of some values and itself."""
    low, high = min(float(past.min()), present), max(float(past.max()), present)
    return (present - low) / (high - low) if high > low else nan


def percentile(present: float, past: Array) -> float:
    """Return the share of some values that lie below a value, 0 to 1."""
    return float(np.count_nonzero(past < present)) / len(past)


Instants = TypeVar("Instants", int, NDArray[np.int64])


def _session_day(instants: Instants) -> Instants:
    """Return days since 1970-01-01 in New York's winter time, whose midnight no session crosses."""
    return (instants - 5 * 3600) // 86400


class VolatilityHistory:
    """The 30-day implied volatility of an underlying's chains, each snapshot looked at once.

    One observation a session: its last snapshot.

    Parameters
    ----------
    statistics_at : callable
        Hands out the statistics of the chain known at an instant, or None.
    seen : callable, optional
        Tells the volatility, and when it was known (Unix seconds), of a snapshot that was computed before.
    """

    def __init__(
        self,
        statistics_at: Callable[[datetime], ChainStatistics | None],
        seen: Callable[[int], tuple[float, int] | None] = lambda _: None,
    ) -> None:
        self._statistics_at = statistics_at
        self._seen = seen
        self._instants = np.zeros(0, dtype=np.int64)
        self._looked: dict[int, tuple[float, int]] = {}
        # One entry a session that has snapshots: its day, its last snapshot, what was found there.
        self._days: list[int] = []
        self._last = np.zeros(0, dtype=np.int64)
        self._iv: Array = np.zeros(0)
        self._known_at = np.zeros(0, dtype=np.int64)

    def past(self, instants: NDArray[np.int64], present: int, as_of: int, first_day: int) -> Array:
        """Return the observations of earlier sessions, oldest first, without those that have no value.

        Parameters
        ----------
        instants : (n,) int64
            Unix seconds of the underlying's snapshots, ascending.
        present : int
            Unix seconds of the snapshot that is compared; only sessions before its own count.
        as_of : int
            Unix seconds; what was known later is not there.
        first_day : int
            Days since 1970-01-01 of the first session that counts.
        """
        self._follow(instants)
        start = bisect_left(self._days, first_day)
        stop = bisect_left(self._days, _session_day(present))
        for row in np.flatnonzero(self._known_at[start:stop] == UNSEEN).tolist():
            self._look(start + row, as_of)
        values = self._iv[start:stop]
        usable = (self._known_at[start:stop] <= as_of) & np.isfinite(values)
        return values if usable.all() else values[usable]

    def _look(self, row: int, as_of: int) -> None:
        """Look at a snapshot as it stood just before the next one came, or now if that lies ahead."""
        last = int(self._last[row])
        following = int(self._instants[last + 1]) - 1 if last + 1 < len(self._instants) else as_of
        until = min(following, as_of)
        instant = int(self._instants[last])
        seen = self._seen(instant)
        if seen is not None and seen[1] <= until:
            self._looked[instant] = self._iv[row], self._known_at[row] = seen
            return
        found = self._statistics_at(datetime.fromtimestamp(until, UTC))
        if found is not None and int(found.chain.as_of.timestamp()) == instant:
            self._looked[instant] = found.iv30, int(found.chain.known_at.timestamp())
        elif until < as_of:
            self._looked[instant] = nan, NEVER
        else:
            return
        self._iv[row], self._known_at[row] = self._looked[instant]

    def _follow(self, instants: NDArray[np.int64]) -> None:
        """Take in snapshots that have arrived."""
        held = self._instants
        if len(instants) == len(held) and (len(held) == 0 or instants[-1] == held[-1]):
            return
        self._instants = instants
        days = _session_day(instants)
        self._last = np.flatnonzero(np.append(days[1:] != days[:-1], True))
        self._days = days[self._last].tolist()
        found = [self._looked.get(at, (nan, UNSEEN)) for at in instants[self._last].tolist()]
        self._iv = np.array([iv for iv, _ in found], dtype=np.float64)
        self._known_at = np.array([known_at for _, known_at in found], dtype=np.int64)
