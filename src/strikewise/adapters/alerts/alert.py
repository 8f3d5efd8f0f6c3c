"""What a person is told: alerts, how much they matter, and what may be answered to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Alert", "Button", "Level"]


class Level(StrEnum):
    """How much something matters."""

    INFO = "info"
    """Worth knowing."""
    WARNING = "warning"
    """Worth a look today."""
    CRITICAL = "critical"
    """Worth waking somebody: neither quiet hours nor a mute keep it back."""

    @property
    def rank(self) -> int:
        """Its place, the least important first."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Button:
    """An answer that a person may give by pressing it.

    Attributes
    ----------
    label : str
        What it says.
    words : tuple of str
        The command that it stands for, such as ``("why", "sw-…")``.
    """

    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should know.

    Attributes
    ----------
    alert_id : str
        The fact, which of its alerts, and when it was written: the same fact makes the same ids, whenever it
        is read, and another in its place (a ledger put back, then written on) others.
    seq : int
        The fact; 0 for what no fact told.
    level : Level
        How much it matters.
    code : str
        What about, in capitals.
    title, text : str
        A line, and all of it.
    at : datetime
        When the fact could be known.
    buttons : tuple of Button
        What may be answered.
    matter : str
        What alerts about the same trouble have in common; empty where each is about something else.
    """

    alert_id: str
    seq: int
    level: Level
    code: str
    title: str
    text: str
    at: datetime
    buttons: tuple[Button, ...] = ()
    matter: str = ""
