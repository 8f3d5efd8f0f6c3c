"""How much of an account hangs on one thing: sectors, and underlyings that move together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from strikewise.domain.instruments import days_of
from strikewise.domain.portfolio import Position
from strikewise.market.view import MarketView
from strikewise.risk.exposure import at_stake_cents
from strikewise.risk.past_moves import LONGEST_STEP, OLDEST, Unpriced, closes_of
from strikewise.risk.sectors import family_of, sector_of

__all__ = ["correlation", "sector_cents", "stake_cents"]


def stake_cents(position: Position) -> int:
    """Return what a position puts on its sector: the greater of what it has at stake and its margin."""
    return max(at_stake_cents(position), position.margin_cents)


def sector_cents(positions: Iterable[Position], sectors: Mapping[str, str]) -> dict[str, int]:
    """Return what positions, those that are only ordered included, put on each sector, the most first.

    Parameters
    ----------
    positions : iterable of Position
        Those of the account: after reconciliation what its broker has, and nothing that is remembered.
    sectors : mapping of str to str
        Sectors of symbols beside those of the table.
    """
    sums: dict[str, int] = {}
    for position in positions:
        name = sector_of(position.underlying, sectors)
        sums[name] = sums.get(name, 0) + stake_cents(position)
    return dict(sorted(sums.items(), key=lambda row: (-row[1], row[0])))


def correlation(view: MarketView, one: str, other: str, sessions: int) -> float | Unpriced:
    """Return the correlation of two underlyings' daily returns over their last common sessions.

    Symbols of one index are one underlying: 1, without looking.

    Parameters
    ----------
    view : MarketView
        What is known.
    one, other : str
        Symbols.
    sessions : int
        Returns to take; fewer are not enough.
    """
    if family_of(one) == family_of(other):
        return 1.0
    ours, theirs = closes_of(view, one, 2 * sessions), closes_of(view, other, 2 * sessions)
    if ours is None or theirs is None:
        return Unpriced(f"underlying={one if ours is None else other} bars=none")
    days = np.intersect1d(ours.days, theirs.days)
    rows = [np.diff(np.log(closes.values[np.searchsorted(closes.days, days)])) for closes in (ours, theirs)]
    kept = np.diff(days) <= LONGEST_STEP
    returns = np.array(rows)[:, kept][:, -sessions:]
    pair = f"underlyings={one},{other}"
    if returns.shape[1] < sessions:
        return Unpriced(f"{pair} sessions={returns.shape[1]} least={sessions}")
    if days_of(view.day) - int(days[-1]) > OLDEST:
        return Unpriced(f"{pair} last_days_ago={days_of(view.day) - int(days[-1])} oldest_days={OLDEST}")
    spread = returns.std(axis=1)
    if not spread.all():
        return Unpriced(f"{pair} returns=constant")
    return float(np.corrcoef(returns)[0, 1])
