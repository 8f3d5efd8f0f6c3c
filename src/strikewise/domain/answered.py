"""Facts about signals that people answer: offered to them, taken, dismissed, or run out unanswered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["SignalDismissed", "SignalExpired", "SignalOffered", "SignalTaken"]


@dataclass(frozen=True, slots=True)
class SignalOffered:
    """The gate let a signal through, and a person is asked before anything is ordered.

    Attributes
    ----------
    signal_id : str
        The signal.
    quantity : int
        Units that would be ordered: the most that its answer may order.
    until : datetime
        When nobody may take it any more.
    campaign_id : str
        The first position of the chain of rolls it continues; empty where it begins one.
    """

    signal_id: str
    quantity: int
    until: datetime
    campaign_id: str = ""


@dataclass(frozen=True, slots=True)
class SignalTaken:
    """Somebody took a signal: it is priced anew, under another id, and judged like any other.

    Attributes
    ----------
    signal_id : str
        The signal that was taken.
    taken_as : str
        The same structure at today's prices: the signal that is ordered or denied.
    """

    signal_id: str
    taken_as: str


@dataclass(frozen=True, slots=True)
class SignalDismissed:
    """Somebody does not want a signal: the same structure is not proposed again that day.

    Attributes
    ----------
    signal_id : str
        The signal.
    reason : str
        Why, in a person's words.
    """

    signal_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignalExpired:
    """Nobody took a signal that was offered, in time for it to be ordered."""

    signal_id: str
