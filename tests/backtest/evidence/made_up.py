"""Histories without a market, for statistics of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strikewise.backtest.evidence.history import History


def history(
    returns: Sequence[float] | np.ndarray,
    *,
    first_day: int = 17_000,
    trades: Sequence[tuple[int, int, float]] = (),
    still_open: Sequence[int] = (),
    longest_days: int = 30,
    at_risk: Sequence[float] | None = None,
    regime: Sequence[str] | None = None,
) -> History:
    """Return a history of sessions on five days of seven; trades are (opened, closed, outcome) by session."""
    count = len(returns)
    days = np.array([first_day + 7 * (n // 5) + n % 5 for n in range(count)], dtype=np.int32)
    opened, closed = (np.array([days[trade[k]] for trade in trades], dtype=np.int32) for k in (0, 1))
    return History(
        days=days,
        returns=np.asarray(returns, dtype=np.float64),
        at_risk=np.zeros(count) if at_risk is None else np.asarray(at_risk, dtype=np.float64),
        opened=opened,
        closed=closed,
        outcome=np.array([trade[2] for trade in trades], dtype=np.float64),
        shares=np.zeros(len(trades)),
        regime=tuple(regime or ("",) * len(trades)),
        longest_days=longest_days,
        open_trades=np.array([days[n] for n in still_open], dtype=np.int32),
    )
