"""What a short option that nothing covers holds of an account's capital.

Where a wing bounds the loss, a structure holds its largest loss at expiry: the wider side less the credit.
How the legs of many positions are best grouped is the portfolio's business.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.domain.instruments import BROAD_INDEXES, OptionContract, Right

SPOT_PERCENT, BROAD_INDEX_PERCENT, FLOOR_PERCENT = 20, 15, 10


def naked_margins_cents(
    right: Right,
    strike_milli: ArrayLike,
    premium_cents: ArrayLike,
    spot_cents: int,
    *,
    broad_index: bool = False,
    multiplier: int = 100,
) -> NDArray[np.int64]:
    """Return the margin of one short contract at each of many strikes.

    Parameters
    ----------
    right : Right
        Call or put, the same for all.
    strike_milli : (n,) int
        Strikes in thousandths of a dollar.
    premium_cents : (n,) int
        Value of the option per share, cents.
    spot_cents : int
        Price of the underlying, cents.
    broad_index : bool
        Whether the underlying is a broad-based index (15 % instead of 20 %).
    multiplier : int
        Shares per contract.

    Returns
    -------
    Cents per contract, rounded up, premium included.

    Notes
    -----
    Premium + max(20 % (15 %) of spot less the out-of-the-money amount, 10 % of the spot for a call or of the
    strike for a put): Cboe Margin Manual, short options.
    """
    strike = np.asarray(strike_milli, dtype=np.int64)
    premium = np.asarray(premium_cents, dtype=np.int64)
    spot = 10 * spot_cents
    out = np.maximum(spot - strike if right is Right.PUT else strike - spot, 0)
    percent = BROAD_INDEX_PERCENT if broad_index else SPOT_PERCENT
    floor = FLOOR_PERCENT * (strike if right is Right.PUT else np.full_like(strike, spot))
    required = np.maximum(percent * spot - 100 * out, floor) * multiplier
    return np.asarray(premium * multiplier - (-required // 1000), dtype=np.int64)


def naked_option_margin_cents(contract: OptionContract, premium_cents: int, spot_cents: int) -> int:
    """Return the margin of one short contract in cents, premium (cents per share) included."""
    return int(
        naked_margins_cents(
            contract.right,
            contract.strike_milli,
            premium_cents,
            spot_cents,
            broad_index=contract.underlying in BROAD_INDEXES,
            multiplier=contract.multiplier,
        )
    )
