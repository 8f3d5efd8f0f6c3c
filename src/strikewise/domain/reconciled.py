"""Facts that bring ours to what a broker has: what differed, and what was put right."""

from __future__ import annotations

from dataclasses import dataclass

from strikewise.domain.instruments import Instrument
from strikewise.domain.portfolio import Holding

__all__ = [
    "EXTERNAL",
    "CashAdjusted",
    "DifferenceFound",
    "ExecutionReversed",
    "HoldingAdjusted",
    "PositionAdopted",
    "PositionClaimed",
    "PositionWrittenOff",
    "ReconciliationFailed",
    "ReconciliationFinished",
]

EXTERNAL = "EXTERNAL"
"""The strategy of a position that nobody here opened: counted, and not traded until somebody claims it."""


@dataclass(frozen=True, slots=True)
class ExecutionReversed:
    """A broker took back a fill (a bust); a corrected one follows as a fill of its own.

    Attributes
    ----------
    execution_id, order_id : str
        The fill, and our order.
    reason : str
        The broker's word for it.
    """

    execution_id: str
    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PositionAdopted:
    """What a broker holds and nobody here opened is counted from now on.

    What it cost counts as paid in: adopting makes neither profit nor loss.

    Attributes
    ----------
    position_id, underlying : str
        The position.
    holdings : tuple of Holding
        What is held.
    cost_cents : int
        Cash that was paid for it (received: negative), as the broker says or as it is marked.
    reason : str
        How it came to light.
    strategy : str
        Who manages it: nobody.
    """

    position_id: str
    underlying: str
    holdings: tuple[Holding, ...]
    cost_cents: int
    reason: str
    strategy: str = EXTERNAL


@dataclass(frozen=True, slots=True)
class PositionClaimed:
    """An external position is managed by a strategy from now on."""

    position_id: str
    strategy: str


@dataclass(frozen=True, slots=True)
class PositionWrittenOff:
    """A position that a broker does not have is closed here, at what it cost: neither profit nor loss."""

    position_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class HoldingAdjusted:
    """A holding was set to what a broker has.

    Attributes
    ----------
    position_id : str
        Whose.
    instrument : Instrument
        What.
    quantity : int
        What is added (positive) or taken away.
    cost_cents : int
        What that cost; counts as paid in, or out.
    reason : str
        Why.
    """

    position_id: str
    instrument: Instrument
    quantity: int
    cost_cents: int
    reason: str


@dataclass(frozen=True, slots=True)
class CashAdjusted:
    """Cash was set to what a broker has: a deposit or withdrawal nobody announced, and no profit.

    Attributes
    ----------
    cash_cents : int
        What is added (positive) or taken away.
    reason : str
        Why.
    """

    cash_cents: int
    reason: str


@dataclass(frozen=True, slots=True)
class DifferenceFound:
    """Ours and the broker's did not agree.

    Attributes
    ----------
    kind : str
        ``fill``, ``order``, ``holding``, ``cash``, ``activity`` or ``external``.
    what : str
        The instrument, order or account it is about.
    ours, theirs : str
        What each side says.
    action : str
        What was done.
    reason : str
        What explains it; empty where nothing does.
    """

    kind: str
    what: str
    ours: str
    theirs: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReconciliationFinished:
    """Ours and the broker's agree, save what is named.

    Attributes
    ----------
    trigger : str
        Why it was done.
    differences : int
        Found.
    open : int
        Left: waiting for a second look, or for a person.
    fills_cursor, activities_cursor : str
        How far the broker's fills and activities are booked.
    """

    trigger: str
    differences: int
    open: int
    fills_cursor: str
    activities_cursor: str


@dataclass(frozen=True, slots=True)
class ReconciliationFailed:
    """No complete picture of the broker's side could be had; nothing was changed."""

    trigger: str
    reason: str
