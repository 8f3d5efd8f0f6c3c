"""The door between integer cents and the decimal texts that Alpaca speaks; nothing else converts."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, InvalidOperation

from strikewise.domain.money import to_cents

__all__ = ["cents_of", "count_of", "price_text", "priced_in_cents"]


def price_text(cents: int) -> str:
    """Write cents per share as dollars: ``0.45``, ``-1.30``."""
    return f"{Decimal(cents).scaleb(-2):.2f}"


def cents_of(text: str, scale: int = 1) -> int | None:
    """Read dollars as cents, rounded to the nearest one after `scale`; None where there is no finite number.

    Parameters
    ----------
    text : str
        What the vendor wrote; empty where it wrote nothing.
    scale : int
        What to multiply with before rounding, such as a contract's multiplier.
    """
    amount = _decimal(text)
    return None if amount is None else to_cents(amount * scale)


def count_of(text: str) -> int | None:
    """Read a count of contracts or shares; None where there is none, or a fraction of one."""
    amount = _decimal(text)
    return None if amount is None or amount != amount.to_integral_value() else int(amount)


def priced_in_cents(count: int, text: str) -> tuple[tuple[int, int], ...]:
    """Read what so many were traded at as whole cents, each price with how many were traded at it.

    Shares are improved upon by fractions of a cent. What lies between two cents is shared out between them,
    so that all of it together costs what the vendor books, to the cent per share of a contract.

    Parameters
    ----------
    count : int
        Contracts or shares, positive.
    text : str
        Dollars per share as the vendor wrote them.

    Returns
    -------
    tuple of (int, int)
        Counts and cents; empty where there is no price.
    """
    amount = _decimal(text)
    if amount is None:
        return ()
    below = int((amount * 100).to_integral_value(ROUND_FLOOR))
    above = to_cents((amount - Decimal(below).scaleb(-2)) * count)
    parts = (count - above, below), (above, below + 1)
    return tuple((number, cents) for number, cents in parts if number)


def _decimal(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
