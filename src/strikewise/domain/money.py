"""Money as integer cents, and the only doors between cents and dollars.

Signs, everywhere: what is held long is positive, what is paid is positive, what is received is negative.
Cash and equity are balances: more is positive.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

Cents = int
"""An amount of money or a price per share, in integer cents."""

MISSING_CENTS = -1
"""A price that is not known, in integer columns where no quote can be negative. Missing is never zero."""


def to_cents(dollars: float | str | Decimal) -> Cents:
    """Round an amount in dollars to the nearest cent, halves to even.

    Parameters
    ----------
    dollars : float, str or Decimal
        A finite amount. A float is read by its shortest decimal form: ``0.285`` is 28.5 cents, not 28.4999….

    Raises
    ------
    ValueError
        If the amount is not finite.
    """
    amount = Decimal(repr(float(dollars))) if isinstance(dollars, float) else Decimal(dollars)
    if not amount.is_finite():
        raise ValueError(f"An amount of money must be finite; was {dollars!r}.")
    return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def to_dollars(cents: Cents) -> float:
    """Return an amount in dollars, for mathematics and for JSON; exact to the cent below 2**53 cents."""
    return cents / 100


def format_cents(cents: Cents, *, sign: bool = False) -> str:
    """Write an amount as a person reads it: ``$1,234.50``, ``-$0.05``, with ``sign`` also ``+$3.00``."""
    mark = "-" if cents < 0 else ("+" if sign and cents > 0 else "")
    whole, rest = divmod(abs(cents), 100)
    return f"{mark}${whole:,}.{rest:02d}"
