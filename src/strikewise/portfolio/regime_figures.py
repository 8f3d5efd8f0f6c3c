"""A run by the market's regime: what its days and its trades came to in each, and how many there were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from strikewise.portfolio.journal_rows import EquityRow, TradeRow
from strikewise.portfolio.strategy_curves import UNKNOWN, yearly_sharpe

__all__ = ["RegimeFigures", "regime_figures"]

ENOUGH_TRADES, ENOUGH_EPISODES = 30, 30
"""What fewer trades, or fewer separate stretches of a regime, say about it is an anecdote."""


@dataclass(frozen=True, slots=True)
class RegimeFigures:
    """The sessions on which a regime acted, and the trades that were opened while it did.

    Attributes
    ----------
    regime : str
        Its name; ``unknown`` where the label was not known.
    days, episodes : int
        Sessions, and separate stretches of them.
    share : float
        Of all sessions.
    profit : float
        What the account gained on those sessions, dollars, marked to exit; whenever its trades were opened.
    sharpe : float or None
        Of the account's returns on those sessions, times √252; None for too few.
    trades : int
        Trades opened in it and closed since.
    win_rate : float or None
        Share of them with a profit above zero.
    trade_profit : float
        Their profit, dollars; whatever regime they ran into.
    few : bool
        Whether trades or episodes are too few (30 each) to carry a conclusion about the regime.
    """

    regime: str
    days: int
    episodes: int
    share: float
    profit: float
    sharpe: float | None
    trades: int
    win_rate: float | None
    trade_profit: float
    few: bool


def regime_figures(
    capital_cents: int, equity: Sequence[EquityRow], trades: Sequence[TradeRow]
) -> tuple[RegimeFigures, ...]:
    """Return the figures of each regime that acted or in which a trade was opened, by number of days.

    Parameters
    ----------
    capital_cents : int
        Equity before the first session.
    equity : sequence of EquityRow
        The last of each session, in order.
    trades : sequence of TradeRow
        All trades; open ones do not count.
    """
    labels = [row.regime or UNKNOWN for row in equity]
    curve = np.array([capital_cents, *(row.equity_exit_cents for row in equity)], dtype=np.float64)
    flows = np.diff([capital_cents, *(row.paid_in_cents(capital_cents) for row in equity)])
    gains = np.diff(curve) - flows
    returns = gains / (curve[:-1] + np.maximum(flows, 0)) if float(curve.min()) > 0 else None
    stretches = [label for label, _ in groupby(labels)]
    closed = [one for one in trades if one.profit_cents is not None]
    at = np.array(labels)
    found = []
    for name in dict.fromkeys([*labels, *(one.regime or UNKNOWN for one in closed)]):
        inside = at == name if labels else np.zeros(0, dtype=np.bool_)
        profits = [one.profit_cents or 0 for one in closed if (one.regime or UNKNOWN) == name]
        episodes = stretches.count(name)
        found.append(
            RegimeFigures(
                regime=name,
                days=int(inside.sum()),
                episodes=episodes,
                share=float(inside.mean()) if labels else 0.0,
                profit=float(gains[inside].sum()) / 100,
                sharpe=None if returns is None else yearly_sharpe(returns[inside]),
                trades=len(profits),
                win_rate=sum(profit > 0 for profit in profits) / len(profits) if profits else None,
                trade_profit=sum(profits) / 100,
                few=len(profits) < ENOUGH_TRADES or episodes < ENOUGH_EPISODES,
            )
        )
    return tuple(sorted(found, key=lambda row: -row.days))
