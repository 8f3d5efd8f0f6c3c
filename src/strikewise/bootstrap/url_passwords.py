"""Passwords in addresses: taken out of a text that is shown, and put back where it comes edited."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from strikewise.domain.errors import SettingsError

__all__ = ["hidden", "restored"]

HIDDEN = "***"
WORD = re.compile(r"""[^\s"']+""")
BEFORE_HOST = re.compile(r"""(://[^:/@\s"']*:)([^@\s"']*)(?=@)""")
IN_QUERY = re.compile(r"""([?&][a-z_]*password=)([^&#\s"']*)""", re.IGNORECASE)


def hidden(text: str) -> str:
    """Return a text whose addresses have ``***`` in the place of passwords."""
    for form in (BEFORE_HOST, IN_QUERY):
        text = form.sub(rf"\1{HIDDEN}", text)
    return text


def restored(edited: str, whole: str) -> str:
    """Return an edited text with the passwords of the whole one in the places of ``***``.

    An address that is as it was shown gets its own password, the first of several alike that of the first.
    One that was changed gets that of the same user, where there is but one.

    Parameters
    ----------
    edited : str
        What was made of the shown text.
    whole : str
        The text that was shown, with its passwords.

    Raises
    ------
    SettingsError
        If an address says ``***`` and nobody can tell which password that is.
    """
    known: dict[str, deque[str]] = {}
    for word in WORD.findall(whole):
        known.setdefault(hidden(word), deque()).append(word)
    secrets: dict[str, set[str]] = {}
    for before, secret in _secrets(whole):
        secrets.setdefault(before, set()).add(secret)

    def of(found: re.Match[str]) -> str:
        before, said = found[1], found[2]
        if said != HIDDEN:
            return found[0]
        if len(known_of := secrets.get(before, set())) != 1:
            raise SettingsError(f"An address has {HIDDEN} for its password: write the password out.")
        return before + next(iter(known_of))

    def own(found: re.Match[str]) -> str:
        word = found[0]
        same = known.get(word) if HIDDEN in word and hidden(word) == word else None
        if same:
            return same.popleft() if len(same) > 1 else same[0]
        return IN_QUERY.sub(of, BEFORE_HOST.sub(of, word))

    return WORD.sub(own, edited)


def _secrets(whole: str) -> Iterator[tuple[str, str]]:
    for form in (BEFORE_HOST, IN_QUERY):
        yield from ((found[1], found[2]) for found in form.finditer(whole))
