"""Instruments and the symbols Alpaca writes for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import INDEX_ROOTS, Instrument, OptionContract, Right, Stock, option_roots

__all__ = ["Symbols"]

_OPTION = re.compile(r"([A-Z]{1,5}\d?)(\d{6})([CP])(\d{8})")
"""Root, expiration, side, strike; the root of an adjusted contract ends in a digit."""


class Symbols:
    """Symbols both ways.

    No option symbol has the dot that a stock's may have (``BRK.B``, ``BRKB260918C00500000``): which dots to
    put back is known of the underlyings that were named.

    Parameters
    ----------
    underlyings : iterable of str
        Symbols that are traded.
    """

    def __init__(self, underlyings: Iterable[str] = ()) -> None:
        self._owners = {
            one.root: (owner, code) for owner, roots in INDEX_ROOTS.items() for code, one in enumerate(roots)
        }
        for name in underlyings:
            self.know(name)

    def know(self, underlying: str) -> None:
        """Learn of an underlying, so that its options are read as its own."""
        for code, one in enumerate(option_roots(underlying)):
            self._owners[one.root.replace(".", "")] = (underlying, code)

    def write(self, instrument: Instrument) -> str:
        """Return the vendor's symbol."""
        if not isinstance(instrument, OptionContract):
            return instrument.symbol
        if "." in instrument.underlying:
            self.know(instrument.underlying)
        return instrument.symbol.replace(".", "")

    def read(self, symbol: str) -> Instrument:
        """Return the instrument of a symbol; an adjusted contract belongs to its root as an underlying.

        Raises
        ------
        InstrumentError
            If it is empty, or an option that cannot exist.
        """
        found = _OPTION.fullmatch(symbol)
        if found is None:
            if not symbol:
                raise InstrumentError("Alpaca named an instrument by an empty symbol.")
            return Stock(symbol)
        root, date_part, right, strike = found.groups()
        underlying, code = self._owners.get(root, (root, 0))
        try:
            expiration = datetime.strptime(date_part, "%y%m%d").replace(tzinfo=UTC).date()
        except ValueError as error:
            raise InstrumentError(f"{symbol!r} has no date of expiration.") from error
        return OptionContract(underlying, expiration, Right(right), int(strike), code)
