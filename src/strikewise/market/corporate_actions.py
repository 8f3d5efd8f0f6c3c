"""Which corporate actions stand before an underlying, as far as they are announced."""

from __future__ import annotations

from strikewise.domain.quotes import Split
from strikewise.domain.splits import split_ratio
from strikewise.market.view import MarketView

__all__ = ["adjusting_split"]


def adjusting_split(view: MarketView, symbol: str) -> Split | None:
    """Return the split that makes adjusted contracts of a symbol's options before the next session.

    A forward split by a whole number is none: it leaves standard contracts.
    """
    announced = view.splits(symbol)
    if not announced:
        return None
    following = view.calendar.next_session(view.day)
    odd = (one for one in announced if split_ratio(one.ratio).denominator != 1)
    return next((one for one in odd if view.day < one.ex_date <= following), None)
