"""How far the governor's limits of a day are used, as valuations say."""

from __future__ import annotations

from strikewise.risk.governor import Governor
from strikewise.service.views.account import LimitUse
from strikewise.service.views.desk import Desk

__all__ = ["day_uses"]


def day_uses(desk: Desk, governor: Governor) -> tuple[LimitUse, ...]:
    """Return how far the governor's limits of a day are used: its loss at exit, its fall at mid.

    The loss is counted from the last valuation of the day before, the fall from the day's highest or that
    one, both as fractions of where they are counted from; what is won counts as nothing used.

    Parameters
    ----------
    desk : Desk
        The account.
    governor : Governor
        Whose limits.
    """
    last, start = desk.valuations.last, desk.valuations.day_start
    if last is None or start is None:
        return ()
    start_exit = start.equity_exit_cents
    highest = max(start.equity_mid_cents, desk.valuations.highest_today_cents)
    lost = max(0.0, 1.0 - last.equity_exit_cents / max(1, start_exit))
    fell = max(0.0, 1.0 - last.equity_mid_cents / max(1, highest))
    return (
        LimitUse("daily loss", lost, governor.daily_loss, lost / governor.daily_loss),
        LimitUse("day drawdown", fell, governor.day_drawdown, fell / governor.day_drawdown),
    )
