"""Prices as the server shows and judges by them: touch, mid and the day before."""

from __future__ import annotations

from collections.abc import Iterable

from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.quotes import Quote
from strikewise.execution.fills import FillRule
from strikewise.market.view import MarketView

__all__ = ["Marks"]


class Marks:
    """The latest known prices of what is asked for.

    Parameters
    ----------
    rule : FillRule
        How wide shares are quoted around their price.

    Attributes
    ----------
    rule : FillRule
        The same.
    """

    def __init__(self, rule: FillRule) -> None:
        self.rule = rule
        self._view: MarketView | None = None
        self._last: dict[Instrument, int] = {}
        self._yesterday: dict[Instrument, int] = {}

    def move(self, view: MarketView, held: Iterable[Instrument]) -> None:
        """Go to a view; what is held keeps the price of the day before."""
        if self._view is not None and view.day > self._view.day:
            known = {one: self.mid(one) for one in held}
            self._yesterday = {one: cents for one, cents in known.items() if cents is not None}
        self._view = view

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last known bid and ask, cents; a missing quote where there is none."""
        view = self._view
        if view is None:
            return Quote.missing()
        if isinstance(instrument, Stock):
            spot = view.spot(instrument.symbol)
            return Quote.missing() if spot is None else self.rule.stock_quote(round(spot * 100))
        chain = view.chain(instrument.underlying)
        return Quote.missing() if chain is None else chain.quote(instrument)

    def touch(self, instrument: Instrument, *, buying: bool) -> int | None:
        """Return what a share trades at now, cents; None where nobody quotes it."""
        quote = self.quote(instrument)
        return None if not quote.known else quote.ask if buying else quote.bid

    def mid(self, instrument: Instrument) -> int | None:
        """Return the middle of the last known quote, cents; the one before where there is none now."""
        quote = self.quote(instrument)
        if quote.known:
            self._last[instrument] = (quote.bid + quote.ask) // 2
        return self._last.get(instrument)

    def yesterday(self, instrument: Instrument) -> int | None:
        """Return the last price of the day before, cents; None where it was not held then."""
        return self._yesterday.get(instrument)

    def spots(self, symbols: Iterable[str]) -> dict[str, int]:
        """Return the prices of shares, cents, of those that have one."""
        found = {symbol: self.mid(Stock(symbol)) for symbol in symbols}
        return {symbol: cents for symbol, cents in found.items() if cents is not None}
