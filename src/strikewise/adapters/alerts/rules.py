"""What is told of an account, and as how important: what the settings say of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from strikewise.adapters.alerts.alert import Level

__all__ = ["Rules", "Signals"]


class Signals(StrEnum):
    """Which signals are told."""

    NONE = "none"
    ORDERED = "ordered"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is told, and as how important.

    Attributes
    ----------
    signals : Signals
        Which of them.
    least_probability, least_score : float
        Signals below are not told.
    least_fill_cents : int
        Fills that move less cash are not told.
    loss_warns : float
        Share of what was at stake from which a lost trade is a warning.
    levels : mapping of str to Level
        Other levels, by code.
    off : frozenset of str
        Codes that are not told; what is critical is told all the same.
    """

    signals: Signals = Signals.ORDERED
    least_probability: float = 0.0
    least_score: float = 0.0
    least_fill_cents: int = 0
    loss_warns: float = 0.5
    levels: Mapping[str, Level] = field(default_factory=dict)
    off: frozenset[str] = frozenset()

    def level_of(self, code: str, usual: Level) -> Level:
        """Return how important a code is here."""
        return self.levels.get(code, usual)

    def tells(self, code: str, level: Level) -> bool:
        """Return whether an alert is told at all."""
        return level is Level.CRITICAL or code not in self.off
