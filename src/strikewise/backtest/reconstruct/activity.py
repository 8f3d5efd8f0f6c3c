"""Volume and open interest of the usual shape: enough for size rules to bite, evidence of nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ActivityModel"]

Array = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class ActivityModel:
    """Open interest that thins with distance and maturity and gathers at round strikes; volume to match.

    Attributes
    ----------
    contracts : float
        Open interest of a round strike near the money that expires within days.
    round_milli : int
        Strikes at these multiples, in thousandths of a dollar, hold four times as much.
    """

    contracts: float
    round_milli: int

    def open_interest(self, key: NDArray[np.int64], distance: Array, years: Array) -> NDArray[np.int32]:
        """Return open contracts.

        Parameters
        ----------
        key : (n,) int64
            Packed contracts: each has its own constant share of chance, by a hash of the key.
        distance : (n,) float64
            Standard deviations by which the strike is out of the money; negative in the money.
        years : (n,) float64
            Calendar years to expiry.
        """
        strike = key & ((1 << 27) - 1)
        gathered = np.where(strike % self.round_milli == 0, 1.0, 0.25)
        # Most is open one standard deviation out of the money, little in the money.
        away = distance - 1.0
        falling = np.exp(-0.35 * away * away) + 0.02 * np.exp(-0.3 * np.abs(away))
        amount = self.contracts * gathered * falling * np.exp(-years / 0.5) * _chance(key, 0)
        return amount.astype(np.int32)

    def volume(
        self, key: NDArray[np.int64], open_interest: NDArray[np.int32], years: Array, day: int
    ) -> NDArray[np.int32]:
        """Return contracts traded on a day: a share of the open ones, larger near expiry."""
        turnover = 0.02 + 0.4 * np.exp(-years / 0.05)
        return (open_interest * turnover * _chance(key, day)).astype(np.int32)


def _chance(key: NDArray[np.int64], day: int) -> Array:
    """Return a factor between 1/e and e by contract and day alone (the SplitMix64 mixer)."""
    with np.errstate(over="ignore"):
        state = key.astype(np.uint64) + np.uint64(day + 1) * _GOLDEN
        state = (state ^ (state >> np.uint64(30))) * _MIX_A
        state = (state ^ (state >> np.uint64(27))) * _MIX_B
        state ^= state >> np.uint64(31)
    return np.exp(2.0 * (state >> np.uint64(11)).astype(np.float64) / 2.0**53 - 1.0)
