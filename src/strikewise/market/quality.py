"""Find the flaws of recorded quotes and name them, one bit a kind, for gates and audits alike."""

from __future__ import annotations

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NO_ENTRY",
    "RATE_SLACK",
    "REPEAT_SHARE",
    "SPOT_SHARE",
    "TICK_CENTS",
    "UNKNOWN_RATE_SLACK",
    "UNUSABLE",
    "WIDE_CENTS",
    "WIDE_SHARE",
    "Flaw",
    "count_flaws",
    "intrinsic_flaws",
    "parity_flaws",
    "quote_flaws",
    "spot_contradicts",
    "spot_doubted",
    "stale_flaws",
]

Flags = NDArray[np.uint16]
Cents = NDArray[np.int32]
Array = NDArray[np.float64]

WIDE_CENTS = 10
"""A spread of ten cents or less is never wide: a few ticks on a cheap option say nothing about its market."""
WIDE_SHARE = 0.25
"""Above that, a spread is wide when it is more than a quarter of the mid."""
TICK_CENTS = 1
"""The smallest price step; what is off by no more than it is not called a violation."""
RATE_SLACK = 0.01
"""The discount rate is uncertain by a percentage point: no violation is called that this much explains."""
UNKNOWN_RATE_SLACK = 0.07
"""As `RATE_SLACK`, where no rate is known and 0 % stands in: rates have been as high as this since 1990."""
REPEAT_SHARE = 0.95
"""A snapshot that repeats bid, ask and volume of this share of the contracts it has in common with the
one before (and traded) is a copy of it: all of its quotes are stale."""
SPOT_SHARE = 0.005
"""A recorded spot further than this share from the one that the quotes imply was taken at another moment."""
PAYMENTS_A_YEAR = 4
"""Dividends come at once, not by and by: one of them may lie between spot and forward."""


class Flaw(IntFlag):
    """What can be wrong with a quote; a set of them fits the ``flaws`` column of a chain (uint16)."""

    NO_QUOTE = 1 << 0
    """Neither a bid nor an ask."""
    ONE_SIDED = 1 << 1
    """One side unknown, or a bid without an ask."""
    ZERO_BID = 1 << 2
    """Nobody bids: it can be bought, not sold."""
    CROSSED = 1 << 3
    """Ask below bid."""
    LOCKED = 1 << 4
    """Ask equal to bid."""
    WIDE = 1 << 5
    """Spread above both `WIDE_CENTS` and `WIDE_SHARE` of the mid."""
    STALE = 1 << 6
    """Bid and ask as in the snapshot before and no volume since, or the whole snapshot a copy
    (`REPEAT_SHARE`)."""
    BELOW_INTRINSIC = 1 << 7
    """Mid below the intrinsic value by more than carry explains."""
    PARITY = 1 << 8
    """Call and put of a strike contradict the forward that the expiration's other quotes imply."""
    NO_VOLATILITY = 1 << 9
    """No volatility reproduces the price, so there are no Greeks."""
    NO_FORWARD = 1 << 10
    """The expiration has no pair of quotes to imply a forward: spot and carry stood in for it."""
    SPOT = 1 << 11
    """The snapshot's recorded spot contradicts its quotes (`spot_contradicts`): so of all of its rows."""

    @property
    def bit(self) -> np.uint16:
        """The set as a number of the column's type, for arithmetic that stays in uint16."""
        return np.uint16(self.value)


_SPOT_BIT = int(Flaw.SPOT)
UNUSABLE = Flaw.NO_QUOTE | Flaw.ONE_SIDED | Flaw.CROSSED
"""Quotes whose mid means nothing."""
NO_ENTRY = Flaw.STALE | Flaw.BELOW_INTRINSIC | Flaw.PARITY | Flaw.SPOT
"""Quotes of two sides that carry no entry all the same: nobody may have meant them."""


def quote_flaws(bid: Cents, ask: Cents) -> Flags:
    """Judge quotes by themselves.

    Parameters
    ----------
    bid, ask : (n,) int32
        Cents per share; -1 where unknown.

    Returns
    -------
    (n,) uint16
        Any of NO_QUOTE, ONE_SIDED, ZERO_BID, CROSSED, LOCKED, WIDE.
    """
    has_bid, has_ask = bid > 0, ask > 0
    both = has_bid & has_ask
    spread = ask.astype(np.int64) - bid
    zero_bid = (bid == 0) & has_ask
    width_known = both | zero_bid
    # 2 * spread > 2 * share * mid, in integers of cents: the share of the doubled mid.
    doubled_mid = ask.astype(np.int64) + bid
    wide = width_known & (spread > WIDE_CENTS) & (2 * spread > WIDE_SHARE * doubled_mid)
    flags = np.zeros(len(bid), dtype=np.uint16)
    for flaw, where in (
        (Flaw.NO_QUOTE, ~has_bid & ~has_ask),
        (Flaw.ONE_SIDED, (has_bid & ~has_ask) | ((bid < 0) & has_ask)),
        (Flaw.ZERO_BID, zero_bid),
        (Flaw.CROSSED, both & (spread < 0)),
        (Flaw.LOCKED, both & (spread == 0)),
        (Flaw.WIDE, wide),
    ):
        flags[where] |= flaw.bit
    return flags


def intrinsic_flaws(
    is_put: NDArray[np.bool_], mid: Array, strike: Array, spot: Array, forward: Array, discount: Array
) -> Flags:
    """Find mids below intrinsic value by more than carry.

    The bound is the lower of the value on exercise now (from spot) and at expiry (from the forward,
    discounted): what carry alone moves between the two is no flaw. Violations of no more than
    `TICK_CENTS` are forgiven.

    Parameters
    ----------
    is_put : (n,) bool
        True for puts.
    mid, strike, spot, forward, discount : (n,) float64
        Dollars per share, and the value today of a dollar at expiry; NaN where unknown, which is never a
        flaw.
    """
    sign = np.where(is_put, -1.0, 1.0)
    now = np.maximum(sign * (spot - strike), 0.0)
    later = np.maximum(discount * sign * (forward - strike), 0.0)
    bound = np.fmin(now, later)
    flags = np.zeros(len(mid), dtype=np.uint16)
    flags[mid < bound - TICK_CENTS / 100] = Flaw.BELOW_INTRINSIC.bit
    return flags


def parity_flaws(
    call_bid: Array,
    call_ask: Array,
    put_bid: Array,
    put_ask: Array,
    strike: Array,
    spot: Array,
    forward: Array,
    discount: Array,
    years: Array,
    *,
    european: bool,
    rate_slack: float = RATE_SLACK,
) -> NDArray[np.bool_]:
    """Find pairs of call and put that no forward near the implied one explains.

    A pair is judged by what could be traded: buying the call and selling the put costs ``call_ask -
    put_bid``, the reverse brings ``call_bid - put_ask``. European pairs must contain ``D (F - K)``.
    American pairs must reach ``[D F - K, max(S, D F) - D K]`` (J. Hull, Options, Futures, and Other
    Derivatives, American put-call parity, with ``D F`` for the spot less the dividends to come). One tick
    on each leg is forgiven, and what a rate off by ``rate_slack`` makes of the strike's distance to the
    forward.

    Parameters
    ----------
    call_bid, call_ask, put_bid, put_ask, strike, spot, forward, discount, years : (n_pairs,) float64
        Dollars per share, discounts and years to expiry; a NaN makes no flaw.
    european : bool
        Whether the options cannot be exercised early.
    rate_slack : float
        How uncertain the discount rate is, a fraction a year.

    Returns
    -------
    (n_pairs,) bool
        True where both quotes are suspect.
    """
    worth = discount * forward
    lower = worth - (discount * strike if european else strike)
    upper = (worth if european else np.fmax(spot, worth)) - discount * strike
    slack = 2 * TICK_CENTS / 100 + rate_slack * years * discount * np.abs(forward - strike)
    return (call_ask - put_bid < lower - slack) | (call_bid - put_ask > upper + slack)


def spot_contradicts(
    recorded: float,
    implied: float,
    *,
    years: float,
    uncertainty: float,
    dividend_yield: float,
    rate_slack: float = RATE_SLACK,
) -> bool:
    """Say whether a recorded spot is not the one its snapshot's quotes were made at.

    Forgiven are `SPOT_SHARE`, how uncertain the implied spot is, what a rate off by ``rate_slack`` makes of
    it, and what the dividend yield does: the quotes know the dividends to come, of which one or none may fall
    within ``years``.

    Parameters
    ----------
    recorded, implied : float
        Dollars: as the snapshot says, and the implied forward less carry; NaN where unknown, which
        contradicts nothing.
    years : float
        To the expiration that implied it.
    uncertainty : float
        Of the implied spot, dollars.
    dividend_yield, rate_slack : float
        Fractions a year.
    """
    off = implied / recorded - 1.0
    slack = SPOT_SHARE + rate_slack * years + uncertainty / recorded
    return off > slack + dividend_yield * years or off < -slack - dividend_yield / PAYMENTS_A_YEAR


def spot_doubted(flaws: Flags) -> bool:
    """Say whether a snapshot's rows are flagged for its spot: all of them are, so the first one tells."""
    return len(flaws) > 0 and int(flaws[0]) & _SPOT_BIT > 0


def stale_flaws(
    key: NDArray[np.int64],
    bid: Cents,
    ask: Cents,
    volume: Cents,
    before: tuple[NDArray[np.int64], Cents, Cents, Cents],
) -> Flags:
    """Find quotes that have not moved since the snapshot before.

    Parameters
    ----------
    key, bid, ask, volume : (n,)
        The snapshot, keys ascending; volume -1 where unknown.
    before : tuple of (m,) arrays
        Keys (ascending), bids, asks and volumes of the snapshot of the session before.

    Returns
    -------
    (n,) uint16
        STALE where bid and ask are unchanged and nothing traded, or everywhere if the snapshot is a copy.
        An unknown volume is not "nothing traded".
    """
    old_key, old_bid, old_ask, old_volume = before
    flags = np.zeros(len(key), dtype=np.uint16)
    if len(old_key) == 0 or len(key) == 0:
        return flags
    row = np.minimum(np.searchsorted(old_key, key), len(old_key) - 1)
    common = old_key[row] == key
    unchanged = common & (old_bid[row] == bid) & (old_ask[row] == ask)
    flags[unchanged & (volume == 0)] = Flaw.STALE.bit
    traded = common & (volume > 0)
    copied = unchanged & traded & (old_volume[row] == volume)
    if traded.any() and np.count_nonzero(copied) >= REPEAT_SHARE * np.count_nonzero(traded):
        flags[:] = Flaw.STALE.bit
    return flags


def count_flaws(flags: Flags) -> dict[str, int]:
    """Count flaws by kind; kinds that do not occur are counted as 0."""
    return {str(flaw.name): int(np.count_nonzero(flags & flaw.bit)) for flaw in Flaw}
