"""How Alpaca writes things down: amounts, instants, symbols and identifiers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID, uuid5

from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import (
    INDEX_ROOTS,
    Instrument,
    OptionContract,
    Right,
    Stock,
)

__all__ = [
    "asset_class",
    "asset_id",
    "cents_of",
    "dollars",
    "identifier",
    "instant_of",
    "instrument_of",
    "price",
    "stamp",
    "symbol_of",
    "written",
]

NAMES = UUID("6f2a4c1e-7b1d-5e0a-9a6e-0d3b5c8f1a42")
"""The space in which identifiers are derived: the same name is the same identifier in every run."""
OPTION = re.compile(r"^([A-Z][A-Z0-9.]{0,5})(\d{6})([CP])(\d{8})$")
ROOTS = {
    root.root: (underlying, code)
    for underlying, roots in INDEX_ROOTS.items()
    for code, root in enumerate(roots)
}


def identifier(*parts: object) -> str:
    """Return an identifier in the form of a UUID, derived from what it names."""
    return str(uuid5(NAMES, "|".join(map(str, parts))))


def asset_id(instrument: Instrument) -> str:
    """Return the identifier of a contract or of shares."""
    return identifier("asset", symbol_of(instrument))


def asset_class(instrument: Instrument) -> str:
    """Return the class of a contract or of shares."""
    return "us_equity" if isinstance(instrument, Stock) else "us_option"


def symbol_of(instrument: Instrument) -> str:
    """Return the symbol of a contract or of shares."""
    return instrument.symbol


def instrument_of(symbol: str) -> Instrument:
    """Read a symbol: an option's in OCC form without padding, else that of shares.

    Raises
    ------
    InstrumentError
        If its date or strike cannot be.
    """
    found = OPTION.match(symbol)
    if found is None:
        return Stock(symbol)
    root, day, right, strike = found.groups()
    underlying, code = ROOTS.get(root, (root, 0))
    try:
        expiration = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError as error:
        raise InstrumentError(f"The option symbol {symbol!r} has no date: {error}.") from error
    return OptionContract(underlying, expiration, Right(right), int(strike), code)


def written(number: Decimal) -> str:
    """Write a number without an exponent and without zeros at its end."""
    return f"{number.normalize():f}" if number else "0"


def dollars(cents: int) -> str:
    """Write cents as dollars: ``1.28``, ``10``, ``-0.5``."""
    return written(Decimal(cents).scaleb(-2))


def price(cents: int, quantity: int) -> str:
    """Write the mean price in dollars of a quantity that cost some cents, to a hundredth of a cent."""
    return written((Decimal(cents) / quantity).scaleb(-2).quantize(Decimal("0.0001")))


def cents_of(amount: Decimal) -> int | None:
    """Return an amount in dollars as cents; None where it is finer than a cent."""
    cents = amount * 100
    return int(cents) if cents == cents.to_integral_value() else None


def stamp(at: datetime | None) -> str | None:
    """Write an instant in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_of(text: str) -> datetime:
    """Read an instant; a date is its midnight in UTC, and so is one without a zone.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    if len(text) == len("2026-07-22"):
        return datetime.combine(date.fromisoformat(text), time.min, UTC)
    found = datetime.fromisoformat(text.replace(" ", "+"))
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
