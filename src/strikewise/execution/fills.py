"""At what price and in what size an order fills against a recorded quote.

A leg fills at mid ∓ f × half the spread, rounded to a whole cent against us: f = 1 is the touch, f = 0 the
mid. Options of SPY, QQQ and IWM trade in cents; most others in 5 cents below $3 and 10 above (penny classes:
1 and 5). Recorded quotes lie on their own grid, so that at f = 1 the price does too; at f < 1 it may lie
between two ticks, which no market would print: results at f < 1 are for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from strikewise.domain.errors import SettingsError
from strikewise.domain.quotes import Quote
from strikewise.market.estimate import MissingQuotePolicy

__all__ = ["FillRule", "MissingQuotePolicy", "can_open", "fill_price_cents"]

TOUCH = 1000
"""f in thousandths, so that prices are computed in integers."""
EVERY_SIZE = 1 << 40
LOT = 100
"""A round lot of shares: a quote is firm for one at least."""


@dataclass(frozen=True, slots=True)
class FillRule:
    """How a simulated market fills.

    Attributes
    ----------
    f_by_legs : tuple of float
        Share of the half-spread paid by an order of one leg, two, three…; the last holds for more. Each in
        [0, 1]; pass/fail decisions are made at 1, the touch.
    volume_share, open_interest_share : float
        Most of the day's volume, and of the open interest, that one order may open; (0, 1]. Of shares, the
        volume of the last daily bar that is known.
    unknown_size : int
        Most contracts, or hundreds of shares, where neither volume nor open interest is known.
    slippage_bp : int
        Cost of trading shares, in hundredths of a percent of the price, at least one cent.
    missing_quote : MissingQuotePolicy
        What a closing order does where a leg has no usable quote.
    any_size : bool
        Whether size is no matter: for replays of published rules, which move no market. Never for an account.

    Notes
    -----
    A two-sided quote is firm for one contract at least (Regulation NMS, rule 602), so that one always fills.
    What closes is not held back by size: what exceeds it pays one further half-spread.
    """

    f_by_legs: tuple[float, ...] = (1.0,)
    volume_share: float = 0.10
    open_interest_share: float = 0.10
    unknown_size: int = 10
    slippage_bp: int = 1
    missing_quote: MissingQuotePolicy = MissingQuotePolicy.MODEL
    any_size: bool = False

    def __post_init__(self) -> None:
        if not self.f_by_legs or not all(0.0 <= f <= 1.0 for f in self.f_by_legs):
            raise SettingsError(
                "The share of the half-spread must be given for one leg at least, each between 0 (mid) and "
                f"1 (touch); was {self.f_by_legs}."
            )
        for name, share in (("volume", self.volume_share), ("open interest", self.open_interest_share)):
            if not 0.0 < share <= 1.0:
                raise SettingsError(f"The share of {name} that fills must lie in (0, 1]; was {share}.")
        if self.unknown_size < 1:
            raise SettingsError(
                f"At least one contract must fill where size is unknown; was {self.unknown_size}."
            )
        if self.slippage_bp < 0:
            raise SettingsError(f"Slippage on shares must not be negative; was {self.slippage_bp}.")

    def thousandths(self, legs: int) -> int:
        """Return f for an order of some legs, in thousandths."""
        return round(self.f_by_legs[min(legs, len(self.f_by_legs)) - 1] * 1000)

    def contracts(self, volume: int, open_interest: int) -> int:
        """Return how many contracts of a quoted option fill; -1 stands for unknown."""
        if self.any_size:
            return EVERY_SIZE
        if volume < 0 and open_interest < 0:
            return self.unknown_size
        limits = []
        if volume >= 0:
            limits.append(int(volume * self.volume_share))
        if open_interest >= 0:
            limits.append(int(open_interest * self.open_interest_share))
        return max(1, min(limits))

    def shares(self, volume: float) -> int:
        """Return how many shares fill on a day of some volume; NaN stands for unknown."""
        if self.any_size:
            return EVERY_SIZE
        if not isfinite(volume):
            return self.unknown_size * LOT
        return max(LOT, int(volume * self.volume_share))

    def stock_quote(self, spot_cents: int) -> Quote:
        """Return the bid and ask at which shares trade around a price."""
        slippage = max(1, -(-spot_cents * self.slippage_bp // 10_000))
        return Quote(max(0, spot_cents - slippage), spot_cents + slippage)


def fill_price_cents(bid: int, ask: int, thousandths: int, *, sale: bool) -> int:
    """Return the price per share of a leg.

    Parameters
    ----------
    bid, ask : int
        A known quote, cents.
    thousandths : int
        f in thousandths: 1000 is the touch, more lies beyond it.
    sale : bool
        Whether the leg is sold.

    Returns
    -------
    int
        Cents, rounded against us, never below zero. Where nobody bids there is no mid: such a quote fills at
        the touch, whatever f.
    """
    f = max(thousandths, TOUCH) if bid <= 0 else thousandths
    doubled, spread = 1000 * (bid + ask), f * (ask - bid)
    if sale:
        return max(0, (doubled - spread) // 2000)
    return -(-(doubled + spread) // 2000)


def can_open(quote: Quote, *, sale: bool) -> bool:
    """Return whether a leg may be opened: the ask is above the bid, and somebody bids for what is sold."""
    return quote.bid >= (1 if sale else 0) and quote.ask > quote.bid
