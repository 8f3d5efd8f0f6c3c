"""What a strategy says: signals that a structure is worth opening, and actions on what is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from strikewise.domain.greeks import Greeks
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Structure


@dataclass(frozen=True, slots=True)
class Signal:
    """A structure worth opening, as a strategy saw it.

    All amounts are for one unit of the structure, multiplier included, in cents.

    Attributes
    ----------
    signal_id : str
        Derived from strategy, structure and instant, so that seeing it twice is seeing it once.
    strategy, underlying : str
        Who says it, and about what.
    as_of : datetime
        The instant of the data.
    structure : Structure
        What to open.
    price_cents : int
        Cost at the touch (paid positive, received negative).
    mid_cents : int
        Cost at mid, rounded against us.
    max_loss_cents, max_profit_cents : int or None
        At expiry, at the touch; None where unbounded.
    margin_cents : int
        Capital one unit holds: margin of a naked option, width less credit of a defined risk.
    breakevens : tuple of float
        Prices of the underlying at expiry where profit is zero, dollars.
    probability_of_profit : float
        Of a profit at expiry; must calibrate.
    edge_cents : int
        Expected profit at expiry after costs.
    score : float
        0 to 100, for ranking within a strategy.
    score_parts : mapping of str to float
        What the score is made of; sums to it.
    because : mapping of str to (float or str)
        The features at entry, by name; explanations and learning read nothing else.
    grade : Grade
        Of the chain it was seen in.
    greeks : Greeks or None
        Of one unit, dollars; None where a leg's are not known.
    daily_sd_cents : int or None
        Standard deviation of one unit's value over a session; None where it is not known.
    """

    signal_id: str
    strategy: str
    underlying: str
    as_of: datetime
    structure: Structure
    price_cents: int
    mid_cents: int
    max_loss_cents: int | None
    max_profit_cents: int | None
    margin_cents: int
    breakevens: tuple[float, ...]
    probability_of_profit: float
    edge_cents: int
    score: float
    score_parts: Mapping[str, float]
    because: Mapping[str, float | str]
    grade: Grade
    greeks: Greeks | None = None
    daily_sd_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the whole position.

    Attributes
    ----------
    reason : str
        Why, one of the codes of `strikewise.strategy.exits`, such as ``PROFIT_TARGET``.
    detail : str
        The numbers, as ``key=value`` pairs.
    """

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Roll:
    """Close the position and open another that continues it.

    Attributes
    ----------
    signal : Signal
        What to open instead; the campaign's lineage is kept.
    reason, detail : str
        As in `Close`.
    """

    signal: Signal
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Adjust:
    """Trade further legs into the position.

    Attributes
    ----------
    legs : Structure
        The legs to trade, for one unit.
    quantity : int
        Units of them.
    reason, detail : str
        As in `Close`.
    """

    legs: Structure
    quantity: int
    reason: str
    detail: str = ""


Action = Hold | Close | Roll | Adjust
