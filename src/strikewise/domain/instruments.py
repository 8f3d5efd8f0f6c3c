"""What can be traded: option contracts, shares, and the roots that say how options settle.

A contract is packed into one ``int64`` key, so that a chain is a sorted array and a held contract is found in
it by binary search. From the highest bit: 16 bits expiration (days since 1970-01-01), 4 bits root, 1 bit
right (call 0, put 1), 27 bits strike in thousandths of a dollar. Keys therefore sort by expiration, root,
right and strike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.errors import InstrumentError

EPOCH = date(1970, 1, 1)
_DATES = range(3_652, 100_000)
STRIKE_BITS, RIGHT_BITS, ROOT_BITS = 27, 1, 4
ROOT_SHIFT = STRIKE_BITS + RIGHT_BITS
EXPIRATION_SHIFT = ROOT_SHIFT + ROOT_BITS
STRIKE_MASK = (1 << STRIKE_BITS) - 1
ROOT_MASK = (1 << ROOT_BITS) - 1


class Right(StrEnum):
    """The right an option gives."""

    CALL = "C"
    PUT = "P"


class Settlement(StrEnum):
    """When an option's settlement value is struck on its expiration date."""

    AM = "AM"
    PM = "PM"


class Delivery(StrEnum):
    """What is delivered on exercise."""

    CASH = "cash"
    PHYSICAL = "physical"


class Style(StrEnum):
    """When an option may be exercised."""

    AMERICAN = "american"
    EUROPEAN = "european"


@dataclass(frozen=True, slots=True)
class OptionRoot:
    """The class of options a contract belongs to: how it settles and what a contract is worth.

    Attributes
    ----------
    root : str
        The option symbol's root, such as ``SPXW``.
    settlement, delivery, style
        When, in what and how it is exercised.
    multiplier : int
        Shares (or index dollars) per contract.
    """

    root: str
    settlement: Settlement = Settlement.PM
    delivery: Delivery = Delivery.PHYSICAL
    style: Style = Style.AMERICAN
    multiplier: int = 100


def _index(am_root: str, pm_root: str) -> tuple[OptionRoot, ...]:
    return (
        OptionRoot(am_root, Settlement.AM, Delivery.CASH, Style.EUROPEAN),
        OptionRoot(pm_root, Settlement.PM, Delivery.CASH, Style.EUROPEAN),
    )


INDEX_ROOTS: dict[str, tuple[OptionRoot, ...]] = {
    "SPX": _index("SPX", "SPXW"),
    "NDX": _index("NDX", "NDXP"),
    "RUT": _index("RUT", "RUTW"),
    "VIX": _index("VIX", "VIXW"),
    "XSP": (OptionRoot("XSP", Settlement.PM, Delivery.CASH, Style.EUROPEAN),),
}
"""Cash-settled index options by underlying; the position in the tuple is the root's number in a key."""

BROAD_INDEXES = frozenset(INDEX_ROOTS) - {"VIX"}
"""Underlyings that count as a broad-based index for margin."""


@lru_cache(maxsize=4096)
def option_roots(underlying: str) -> tuple[OptionRoot, ...]:
    """Return the roots of an underlying; a stock or ETF has one, physically settled at the close."""
    return INDEX_ROOTS.get(underlying) or (OptionRoot(underlying),)


def days_of(day: date) -> int:
    """Return a date as days since 1970-01-01."""
    return (day - EPOCH).days


@lru_cache(maxsize=4096)
def date_of(days: int) -> date:
    """Return the date that lies ``days`` after 1970-01-01."""
    return EPOCH + timedelta(days=int(days))


def date_named(name: str, value: float) -> date | None:
    """Return the date that a feature is whose name ends in ``_day``; None where it only sounds so.

    Parameters
    ----------
    name : str
        The feature's.
    value : float
        Days since 1970-01-01: a whole number of the years 1980 to 2243, or it is no date.
    """
    return date_of(int(value)) if name.endswith("_day") and value in _DATES else None


@dataclass(frozen=True, slots=True, order=True)
class OptionContract:
    """One listed option.

    Attributes
    ----------
    underlying : str
        Symbol of the underlying.
    expiration : date
        The expiration date.
    right : Right
        Call or put.
    strike_milli : int
        Strike in thousandths of a dollar.
    root_code : int
        Position of the root in ``option_roots(underlying)``.
    """

    underlying: str
    expiration: date
    right: Right
    strike_milli: int
    root_code: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.strike_milli <= STRIKE_MASK:
            raise InstrumentError(
                f"A strike must lie in (0, {STRIKE_MASK / 1000:,.3f}] dollars; "
                f"was {self.strike_milli / 1000} on {self.underlying}."
            )
        if not 0 <= self.root_code < len(option_roots(self.underlying)):
            raise InstrumentError(f"{self.underlying} has no option root number {self.root_code}.")

    def __hash__(self) -> int:
        # Contracts are keys everywhere; these two tell most apart, in a third of the time of all five.
        return hash((self.strike_milli, self.expiration))

    @property
    def strike(self) -> float:
        """The strike in dollars."""
        return self.strike_milli / 1000

    @property
    def root(self) -> OptionRoot:
        """How the contract settles."""
        return option_roots(self.underlying)[self.root_code]

    @property
    def multiplier(self) -> int:
        """Shares per contract."""
        return self.root.multiplier

    @property
    def key(self) -> int:
        """The packed key."""
        right = 1 if self.right is Right.PUT else 0
        return (
            (days_of(self.expiration) << EXPIRATION_SHIFT)
            | (self.root_code << ROOT_SHIFT)
            | (right << STRIKE_BITS)
            | self.strike_milli
        )

    @property
    def symbol(self) -> str:
        """The OCC symbol without padding, such as ``SPY260821P00600000``."""
        day = self.expiration
        date_part = f"{day.year % 100:02d}{day.month:02d}{day.day:02d}"  # strftime takes five times as long
        return f"{self.root.root}{date_part}{self.right.value}{self.strike_milli:08d}"

    def __str__(self) -> str:
        strike = f"{self.strike:g}"
        return f"{self.root.root} {self.expiration.isoformat()} {strike}{self.right}"

    def intrinsic_cents(self, spot_cents: int) -> int:
        """Return the intrinsic value per share, in cents, at a price of the underlying."""
        strike_cents = self.strike_milli / 10
        value = spot_cents - strike_cents if self.right is Right.CALL else strike_cents - spot_cents
        return max(0, round(value))

    @classmethod
    def from_key(cls, underlying: str, key: int) -> OptionContract:
        """Unpack a key of an underlying's chain."""
        packed = int(key)
        return cls(
            underlying=underlying,
            expiration=date_of(packed >> EXPIRATION_SHIFT),
            right=Right.PUT if (packed >> STRIKE_BITS) & 1 else Right.CALL,
            strike_milli=packed & STRIKE_MASK,
            root_code=(packed >> ROOT_SHIFT) & ROOT_MASK,
        )


@dataclass(frozen=True, slots=True, order=True)
class Stock:
    """Shares of a stock or exchange-traded fund."""

    symbol: str

    @property
    def underlying(self) -> str:
        """The symbol itself: shares are their own underlying."""
        return self.symbol

    @property
    def multiplier(self) -> int:
        """One share is one share."""
        return 1

    def __str__(self) -> str:
        return f"{self.symbol} shares"


Instrument = OptionContract | Stock


def instrument_symbol(instrument: Instrument) -> str:
    """Write an instrument as the ledger stores it: ``SPY``, or ``SPY:SPY260821P00600000`` for an option."""
    if isinstance(instrument, Stock):
        return instrument.symbol
    return f"{instrument.underlying}:{instrument.symbol}"


def parse_instrument(text: str) -> Instrument:
    """Read what `instrument_symbol` wrote.

    Raises
    ------
    InstrumentError
        If the text is neither a stock symbol nor ``UNDERLYING:OCC_SYMBOL``.
    """
    underlying, colon, symbol = text.partition(":")
    if not colon:
        return Stock(underlying)
    root, tail = symbol[:-15], symbol[-15:]
    names = [known.root for known in option_roots(underlying)]
    try:
        expiration = date(2000 + int(tail[:2]), int(tail[2:4]), int(tail[4:6]))
        return OptionContract(underlying, expiration, Right(tail[6]), int(tail[7:]), names.index(root))
    except (ValueError, IndexError) as error:
        raise InstrumentError(
            f"{text!r} is no option symbol: expected UNDERLYING:ROOTyymmddC00000000."
        ) from error


def pack_keys(
    expiration_days: NDArray[np.integer],
    is_put: NDArray[np.bool_],
    strike_milli: NDArray[np.integer],
    root_code: NDArray[np.integer] | int = 0,
) -> NDArray[np.int64]:
    """Pack columns into keys.

    Parameters
    ----------
    expiration_days : (n,) int
        Days since 1970-01-01.
    is_put : (n,) bool
        True for puts.
    strike_milli : (n,) int
        Strikes in thousandths of a dollar, each in (0, 2**27).
    root_code : (n,) int or int
        Position of the root in ``option_roots(underlying)``.
    """
    key = np.asarray(expiration_days, dtype=np.int64) << EXPIRATION_SHIFT
    key |= np.asarray(root_code, dtype=np.int64) << ROOT_SHIFT
    key |= np.asarray(is_put, dtype=np.int64) << STRIKE_BITS
    key |= np.asarray(strike_milli, dtype=np.int64)
    return key
