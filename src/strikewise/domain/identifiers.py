"""Ids that a text determines: the same text, the same id, wherever it is asked for."""

from __future__ import annotations

from hashlib import sha256

__all__ = ["short_digest"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _LETTERS for second in _LETTERS)
_SHIFTS = range(70, -1, -10)


def short_digest(text: str) -> str:
    """Return the first 80 bits of a text's SHA-256 in base 32 (RFC 4648), lower case: 16 characters.

    As `base64.b32encode` has them, in a sixth of its time: every signal and order has such an id.
    """
    bits = int.from_bytes(sha256(text.encode()).digest()[:10], "big")
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])
