"""Which legs a strategy may trade: strikes in its band, wings at their width, quotes that carry an entry.

All candidates of a day are columns; no row is looked at by itself. What is turned away is counted by reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import EXPIRATION_SHIFT, STRIKE_BITS, STRIKE_MASK, days_of
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.market.quality import Flaw
from strikewise.strategy.prospects import Prospect, Rejections

__all__ = [
    "BOUGHT_BAD",
    "SOLD_BAD",
    "Shorts",
    "Verticals",
    "code_of_flaws",
    "gate_quotes",
    "quote_parameters",
    "short_legs",
    "short_parameters",
    "vertical_spreads",
    "wing_parameters",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]

_SPARED = Flaw.NO_FORWARD
"""The forward stood in for says nothing against the quote itself."""
SOLD_BAD = np.uint16(~(_SPARED | Flaw.WIDE) & sum(Flaw))
"""How wide is too wide for what is sold says the parameter ``max_spread``."""
BOUGHT_BAD = np.uint16(~(_SPARED | Flaw.ZERO_BID | Flaw.NO_VOLATILITY) & sum(Flaw))
"""What is bought at the ask may have no bid, and so no volatility of its own."""
_CODE_OF_FLAW = (
    (Flaw.NO_QUOTE | Flaw.ONE_SIDED, DenialCode.QUOTE_MISSING),
    (Flaw.CROSSED | Flaw.LOCKED, DenialCode.QUOTE_CROSSED),
    (Flaw.ZERO_BID, DenialCode.QUOTE_ZERO_BID),
    (Flaw.WIDE, DenialCode.QUOTE_WIDE),
    (Flaw.STALE, DenialCode.QUOTE_STALE),
    (Flaw.NO_VOLATILITY, DenialCode.DATA_NO_VOLATILITY),
)
TIGHT_CENTS = 2
"""A spread of two cents is never too wide, however cheap the option."""


def quote_parameters(*, sold: bool = True) -> tuple[Parameter, ...]:
    """Return the parameters of the quote gates; ``sold`` says whether any leg is."""
    widest = Parameter(
        "max_spread",
        0.25,
        "Widest bid-ask spread of a leg that is sold, as a share of its mid; two cents always pass.",
        "of mid",
        0.0,
        2.0,
    )
    return (
        *((widest,) if sold else ()),
        Parameter(
            "min_open_interest",
            0,
            "Least open interest of a leg; 0 asks for none, and above it an unknown one is refused.",
            "contracts",
            0,
            1_000_000,
        ),
    )


def short_parameters(
    *, by: str, low_delta: float, high_delta: float, low_otm: float, high_otm: float
) -> tuple[Parameter, ...]:
    """Return the parameters that choose a short strike by delta or by distance."""
    return (
        Parameter(
            "short_by",
            by,
            "Whether delta or distance from spot chooses the short strike.",
            choices=("delta", "otm"),
        ),
        Parameter("short_delta_min", low_delta, "Least absolute delta of the short leg.", "delta", 0.01, 0.5),
        Parameter("short_delta_max", high_delta, "Most absolute delta of the short leg.", "delta", 0.01, 0.5),
        Parameter("otm_min", low_otm, "Least distance of the short strike from spot.", "of spot", 0.0, 0.9),
        Parameter("otm_max", high_otm, "Most distance of the short strike from spot.", "of spot", 0.0, 0.9),
    )


def wing_parameters(*, width: float, min_credit_to_width: float) -> tuple[Parameter, ...]:
    """Return the parameters of the wings and of the credit that they leave."""
    return (
        Parameter("width", width, "Distance from the short strike to the wing.", "dollars", 0.5, 500.0),
        Parameter(
            "width_tolerance",
            0.5,
            "How much wider the wing may be where no strike is listed at the width.",
            "of the width",
            0.0,
            4.0,
        ),
        Parameter(
            "min_credit_to_width",
            min_credit_to_width,
            "Least credit at the touch, as a share of the width.",
            "of the width",
            0.0,
            0.9,
        ),
        Parameter(
            "min_kept_at_touch",
            0.6,
            "Least credit of each spread at the touch, as a share of its credit at mid: what is lost on the "
            "way in is lost on the way out again.",
            "of the credit",
            0.0,
            1.0,
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Shorts:
    """Candidates for the short leg.

    Attributes
    ----------
    rows : (n,) intp
        Rows of the prospect's chain.
    key : (n,) int64
        Their packed contracts.
    is_put : (n,) bool
        True for puts.
    """

    rows: Rows
    key: Ints
    is_put: Mask

    def take(self, keep: Mask | Rows) -> Shorts:
        """Return the candidates that a mask keeps, or those of some rows of this table."""
        return Shorts(self.rows[keep], self.key[keep], self.is_put[keep])


def short_legs(
    prospect: Prospect, puts: bool, calls: bool, params: ParameterSet, rejected: Rejections
) -> Shorts | None:
    """Return the contracts in the band for the short leg, or None where there are none (counted)."""
    chain = prospect.chain
    if params.text("short_by") == "delta":
        low, high = params.number("short_delta_min"), params.number("short_delta_max")
        delta = chain.delta
        distance = np.abs(delta) if puts and calls else (-delta if puts else delta)
        rows = np.flatnonzero((distance >= low) & (distance <= high))
        if len(rows) == 0 and bool(np.isnan(delta).any()):
            rejected[DenialCode.DATA_NO_DELTA] += 1
            return None
    else:
        rows = _rows_by_distance(prospect, puts, calls, params.number("otm_min"), params.number("otm_max"))
    if len(rows) == 0:
        rejected[DenialCode.STRUCTURE_NO_SHORT] += 1
        return None
    key = chain.key[rows]
    return Shorts(rows, key, ((key >> STRIKE_BITS) & 1).astype(np.bool_))


def _rows_by_distance(prospect: Prospect, puts: bool, calls: bool, low: float, high: float) -> Rows:
    key = prospect.chain.key
    out = (key & STRIKE_MASK) / (1000.0 * prospect.spot) - 1.0
    is_put = ((key >> STRIKE_BITS) & 1).astype(np.bool_)
    if puts and calls:
        out = np.where(is_put, -out, out)
        return np.flatnonzero((out >= low) & (out <= high))
    if puts:
        out = -out
    return np.flatnonzero((out >= low) & (out <= high) & (is_put == puts))


def gate_quotes(
    prospect: Prospect, sold: Rows, bought: Rows | None, params: ParameterSet, rejected: Rejections
) -> Mask:
    """Say which candidates have quotes that an entry may rest on, counting the others by their first flaw.

    Parameters
    ----------
    prospect : Prospect
        The underlying.
    sold, bought : (n,) intp
        Rows of the legs of each candidate; ``bought`` None where nothing is.
    params : ParameterSet
        With the parameters of `quote_parameters`.
    rejected : Rejections
        The count.
    """
    chain = prospect.chain
    bid, ask = chain.bid[sold], chain.ask[sold]
    flaws = chain.flaws[sold] & SOLD_BAD
    spread = ask - bid
    # spread / mid within the limit, with the mid as half the sum
    narrow = (2 * spread <= params.number("max_spread") * (ask + bid)) | (spread <= TIGHT_CENTS)
    keep = (bid > 0) & (spread > 0) & narrow
    if bought is not None:
        flaws |= chain.flaws[bought] & BOUGHT_BAD
        bid_bought = chain.bid[bought]
        keep &= (chain.ask[bought] > bid_bought) & (bid_bought >= 0)
    keep &= flaws == 0
    if np.count_nonzero(keep) < len(keep):
        flaws[(bid <= 0)] |= Flaw.ZERO_BID.bit
        flaws[(spread <= 0)] |= Flaw.CROSSED.bit
        flaws[~narrow] |= Flaw.WIDE.bit
        for flaw in flaws[~keep].tolist():
            rejected[code_of_flaws(flaw)] += 1
    least = params.integer("min_open_interest")
    if least > 0:
        thin = chain.open_interest[sold] < least
        if bought is not None:
            thin |= chain.open_interest[bought] < least
        rejected[DenialCode.QUOTE_ILLIQUID] += int(np.count_nonzero(thin & keep))
        keep &= ~thin
    return keep


def code_of_flaws(flaws: int) -> DenialCode:
    """Return the code of the first of a quote's flaws that carries no entry."""
    return next((code for bits, code in _CODE_OF_FLAW if flaws & bits), DenialCode.QUOTE_FLAWED)


@dataclass(frozen=True, slots=True, eq=False)
class Verticals:
    """Credit spreads, one a row: a short leg and a wing further from the money.

    Attributes
    ----------
    shorts : Shorts
        The legs that are sold.
    wing : (n,) intp
        Rows of the legs that are bought.
    side : (n,) float64
        1 for puts (profit above), -1 for calls (profit below).
    width : (n,) int64
        Thousandths of a dollar.
    credit : (n,) int64
        At the touch, cents per share.
    mid : (n,) int64
        Credit at mid, in half cents per share.
    days : (n,) int64
        Calendar days to expiration.
    years : (n,) float64
        To settlement, by the clock of `Prospect.years`.
    """

    shorts: Shorts
    wing: Rows
    side: Floats
    width: Ints
    credit: Ints
    mid: Ints
    days: Ints
    years: Floats

    def __len__(self) -> int:
        return len(self.wing)

    def take(self, keep: Mask | Rows) -> Verticals:
        """Return the spreads that a mask keeps, or those of some rows of this table."""
        return Verticals(
            self.shorts.take(keep),
            self.wing[keep],
            self.side[keep],
            self.width[keep],
            self.credit[keep],
            self.mid[keep],
            self.days[keep],
            self.years[keep],
        )


def vertical_spreads(
    prospect: Prospect, shorts: Shorts, params: ParameterSet, rejected: Rejections
) -> Verticals | None:
    """Return the credit spreads that short legs make with wings, or None where there are none (counted).

    The wing is the listed strike at the width asked for or the next beyond it, no further than
    ``width_tolerance`` allows. Legs with flawed quotes are turned away, and spreads without a credit, with
    one as large as the width, or with too little of it left at the touch.
    """
    key = prospect.chain.key
    asked = round(params.number("width") * 1000)
    most = round(asked * (1.0 + params.number("width_tolerance")))
    # Strikes are the lowest bits of a key: the wing's key is the short leg's, less or plus the width.
    below, above = key.searchsorted(shorts.key - asked, "right") - 1, key.searchsorted(shorts.key + asked)
    wing = np.where(shorts.is_put, below, np.minimum(above, len(key) - 1))
    # Another expiration or right is out of reach of any width; the end of the chain is the leg itself.
    width = np.abs(shorts.key - key[wing])
    listed = (width >= asked) & (width <= most) & (wing >= 0)
    count = int(np.count_nonzero(listed))
    if count == 0:
        rejected[DenialCode.STRUCTURE_NO_WING] += len(wing)
        return None
    if count < len(wing):
        rejected[DenialCode.STRUCTURE_NO_WING] += len(wing) - count
        shorts, wing, width = shorts.take(listed), wing[listed], width[listed]
    keep = gate_quotes(prospect, shorts.rows, wing, params, rejected)
    if np.count_nonzero(keep) < len(keep):
        shorts, wing, width = shorts.take(keep), wing[keep], width[keep]
    return _priced(prospect, shorts, wing, width, params, rejected)


def _priced(
    prospect: Prospect,
    shorts: Shorts,
    wing: Rows,
    width: Ints,
    params: ParameterSet,
    rejected: Rejections,
) -> Verticals | None:
    chain = prospect.chain
    bid, ask = chain.bid[shorts.rows].astype(np.int64), chain.ask[shorts.rows].astype(np.int64)
    wing_bid, wing_ask = chain.bid[wing].astype(np.int64), chain.ask[wing].astype(np.int64)
    credit, mid = bid - wing_ask, bid + ask - wing_bid - wing_ask
    small, large = credit <= 0, 10 * credit >= width
    lost = ~(small | large) & (2.0 * credit < params.number("min_kept_at_touch") * mid)
    keep = ~(small | large | lost)
    kept = np.count_nonzero(keep)
    if kept < len(keep):
        rejected[DenialCode.CREDIT_TOO_SMALL] += int(np.count_nonzero(small))
        rejected[DenialCode.CREDIT_TOO_LARGE] += int(np.count_nonzero(large))
        rejected[DenialCode.CREDIT_SLIPPAGE] += int(np.count_nonzero(lost))
    if kept == 0:
        return None
    side = np.where(shorts.is_put, 1.0, -1.0)
    days = (shorts.key >> EXPIRATION_SHIFT) - days_of(chain.day)
    found = Verticals(shorts, wing, side, width, credit, mid, days, prospect.years(shorts.key))
    return found if kept == len(keep) else found.take(keep)
