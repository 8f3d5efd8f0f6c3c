"""What an account lacks before it may open anything: said when it starts, and not at the first refusal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from strikewise.market.view import MarketView
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.governor import Governor
from strikewise.risk.past_moves import MARKET_VOLATILITY, Unpriced
from strikewise.risk.sectors import family_of

__all__ = ["lacks"]


def lacks(view: MarketView, underlyings: Sequence[str], governor: Governor) -> tuple[str, ...]:
    """Return, in a sentence each, why what may be traded will be refused as the store is now.

    Parameters
    ----------
    view : MarketView
        What is known.
    underlyings : sequence of str
        What may be traded.
    governor : Governor
        What the account must keep.
    """
    risk, found = AccountRisk(view, governor), list[str]()
    for symbol in underlyings:
        moves = risk.moves((symbol,))
        if isinstance(moves, Unpriced):
            found.append(
                f"Nothing is opened on {symbol}: its value at risk is not known ({moves.detail}). "
                f"Import daily bars of {symbol} and of {MARKET_VOLATILITY}, of "
                f"{governor.var_least_sessions} sessions at least, up to the last weeks."
            )
    if governor.max_correlation >= 1.0:
        return tuple(found)
    for one, other in combinations(underlyings, 2):
        if family_of(one) == family_of(other):
            continue
        together = risk.correlation(one, other)
        if isinstance(together, Unpriced):
            found.append(
                f"{one} and {other} are not held together: their correlation is not known "
                f"({together.detail}). Import daily bars of both."
            )
        elif abs(together) > governor.max_correlation:
            found.append(
                f"{one} and {other} are not held together: their correlation is {together:.2f}, the limit "
                f"{governor.max_correlation:g}. Set max_correlation under [governor] to allow it."
            )
    return tuple(found)
