"""Commands that wait for a second word: a nonce each, used once, by the same person, within half a minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from strikewise.market.clock import Clock

__all__ = ["LIFE", "Confirmations", "Refused"]

LIFE = timedelta(seconds=30)
"""How long a question may be answered."""
MOST = 1_000
"""Questions that are remembered."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a confirmation does not count."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Asked:
    words: tuple[str, ...]
    who: tuple[int, int]
    at: datetime


class Confirmations:
    """Questions that were asked, by nonce.

    Parameters
    ----------
    clock : Clock
        The time.
    nonce : callable
        Makes one that nobody guesses.
    """

    def __init__(self, clock: Clock, nonce: Callable[[], str] = lambda: token_urlsafe(12)) -> None:
        self._clock, self._nonce = clock, nonce
        self._asked: dict[str, _Asked] = {}

    def ask(self, words: tuple[str, ...], who: tuple[int, int]) -> str:
        """Remember a command until somebody confirms it; return its nonce.

        Parameters
        ----------
        words : tuple of str
            The command.
        who : (int, int)
            The chat, and the user in it, who may confirm.
        """
        nonce = self._nonce()
        self._asked[nonce] = _Asked(words, who, self._clock.now())
        while len(self._asked) > MOST:
            del self._asked[next(iter(self._asked))]
        return nonce

    def redeem(self, nonce: str, who: tuple[int, int]) -> tuple[str, ...] | Refused:
        """Return the command that a nonce stands for, once; or why it does not count."""
        asked = self._asked.get(nonce)
        if asked is None:
            return Refused("This question was answered already, or is from before a restart: ask again.")
        if asked.who != who:
            return Refused("Somebody else was asked: send the command yourself.")
        del self._asked[nonce]
        if self._clock.now() - asked.at > LIFE:
            return Refused(f"This question ran out after {LIFE.total_seconds():.0f} seconds: ask again.")
        return asked.words
