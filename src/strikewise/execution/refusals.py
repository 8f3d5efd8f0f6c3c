"""Why brokers refuse orders: one vocabulary, into which each adapter puts its broker's own words."""

from __future__ import annotations

from enum import StrEnum

from strikewise.domain.orders import Rejected

__all__ = ["Refusal", "refused"]


class Refusal(StrEnum):
    """The code of a `Rejected`; its text says more, in the broker's words."""

    NO_MARKET = "NO_MARKET"
    """Nothing is known of the market yet."""
    MARKET_CLOSED = "MARKET_CLOSED"
    """Orders are taken in the session only."""
    NOT_CONNECTED = "NOT_CONNECTED"
    """The order was never sent: there is no connection."""
    RATE_LIMITED = "RATE_LIMITED"
    """Too many calls: refused for now, and not for what it asks."""
    BAD_QUANTITY = "BAD_QUANTITY"
    """Fewer than one unit, or more than is left to replace."""
    BAD_PRICE = "BAD_PRICE"
    """Off tick, or beyond what the broker takes."""
    BAD_LEGS = "BAD_LEGS"
    """Too many legs, or of kinds that do not go into one order."""
    DUPLICATE_ID = "DUPLICATE_ID"
    """The id is that of another order."""
    EXPIRED_CONTRACT = "EXPIRED_CONTRACT"
    """A leg has ended."""
    UNKNOWN_CONTRACT = "UNKNOWN_CONTRACT"
    """A leg is not listed, or not for trading."""
    NOT_HELD = "NOT_HELD"
    """It would close more than is held."""
    HELD_BY_ORDER = "HELD_BY_ORDER"
    """What it would close is held back by another working order."""
    BUYING_POWER = "BUYING_POWER"
    """The account cannot afford it."""
    NOT_APPROVED = "NOT_APPROVED"
    """The account's approval level does not allow it."""
    RESTRICTED = "RESTRICTED"
    """The account, or the symbol, may not be traded."""
    NOT_OPEN = "NOT_OPEN"
    """The order to be cancelled or replaced has ended, or never was."""
    NOT_SUPPORTED = "NOT_SUPPORTED"
    """The broker has no such service."""
    REFUSED = "REFUSED"
    """For a reason that has no code here."""


def refused(code: Refusal, text: str) -> Rejected:
    """Return the answer of a broker that refuses."""
    return Rejected(code.value, text)
