"""What a chat says of signals, and what it asks before one is taken or put aside."""

from __future__ import annotations

from collections.abc import Sequence

from strikewise.service import alert_texts as texts
from strikewise.service.answers import standing_of, whole_name
from strikewise.service.system import System
from strikewise.service.views.desk import Desk
from strikewise.service.views.signals import SignalView, signal_view, signals_before

__all__ = ["dismiss_asked", "signals_told", "take_asked"]

SHOWN = 5

Question = tuple[str, tuple[str, ...]]
"""What is said, and the command that is done when the person confirms; empty where there is none."""


def signals_told(system: System, desk: Desk) -> str:
    """Return the latest signals, and what became of them."""
    return texts.signals_text(signals_before(desk, limit=SHOWN, standing=standing_of(system, desk)))


def take_asked(system: System, desk: Desk, words: Sequence[str]) -> Question:
    """Return what a person decides by, and the question whether to take a signal.

    Raises
    ------
    MissingDataError
        If no signal, or more than one, begins so.
    """
    if not words:
        return "/take wants the id of a signal: /signals shows them.", ()
    signal = _signal(system, desk, words[0])
    if not signal.answerable:
        return f"It cannot be taken: it was {texts.decided_text(signal)}.", ()
    said = texts.take_text(signal, standing_of(system, desk).now)
    return f"Take it?\n{said}", ("take", signal.signal_id)


def dismiss_asked(system: System, desk: Desk, words: Sequence[str]) -> Question:
    """Return the question whether to put a signal aside. Errors as of `take_asked`."""
    if not words:
        return "/dismiss wants the id of a signal: /signals shows them.", ()
    signal = _signal(system, desk, words[0])
    said = f"Dismiss {signal.describe} of {signal.strategy}? It is not proposed again today."
    return said, ("dismiss", signal.signal_id)


def _signal(system: System, desk: Desk, beginning: str) -> SignalView:
    """Return the signal whose id begins so, as it stands now."""
    found = signal_view(desk, whole_name(desk, beginning), standing_of(system, desk))
    assert found is not None, "a signal that is named is known"
    return found
