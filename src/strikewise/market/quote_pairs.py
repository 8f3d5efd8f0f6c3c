"""Quotes in dollars, and the calls and puts among them that belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK

__all__ = ["Dollars", "Pairs"]

Array = NDArray[np.float64]

PUT_BIT = 1 << STRIKE_BITS


@dataclass(frozen=True, slots=True, eq=False)
class Dollars:
    """Quotes as float dollars with NaN for unknown, and what the keys say."""

    bid: Array
    ask: Array
    mid: Array
    strike: Array
    is_put: NDArray[np.bool_]

    @classmethod
    def of(
        cls, key: NDArray[np.int64], bid_cents: NDArray[np.int32], ask_cents: NDArray[np.int32]
    ) -> Dollars:
        """Return the quotes of packed contracts; an ask of nothing is unknown too."""
        bid = np.where(bid_cents >= 0, bid_cents / 100.0, np.nan)
        ask = np.where(ask_cents > 0, ask_cents / 100.0, np.nan)
        strike = (key & STRIKE_MASK) / 1000.0
        return cls(bid, ask, 0.5 * (bid + ask), strike, (key & PUT_BIT) != 0)

    def less(self, premium: Array) -> Dollars:
        """Return the quotes without a premium."""
        bid, ask, mid = self.bid - premium, self.ask - premium, self.mid - premium
        return replace(self, bid=bid, ask=ask, mid=mid)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Rows of the calls and puts that share expiration, root and strike, ascending."""

    call: NDArray[np.intp]
    put: NDArray[np.intp]

    @classmethod
    def of(cls, key: NDArray[np.int64]) -> Pairs:
        """Return the pairs among packed contracts, strictly ascending."""
        is_put = (key & PUT_BIT) != 0
        calls, puts = np.flatnonzero(~is_put), np.flatnonzero(is_put)
        if len(calls) == 0 or len(puts) == 0:
            none = np.zeros(0, dtype=np.intp)
            return cls(none, none)
        call_key = key[calls]
        wanted = key[puts] ^ PUT_BIT
        at = np.minimum(np.searchsorted(call_key, wanted), len(calls) - 1)
        matched = call_key[at] == wanted
        return cls(calls[at[matched]], puts[matched])
