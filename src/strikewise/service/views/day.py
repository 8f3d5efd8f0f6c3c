"""How far the governor's limits of a day are used, as valuations say."""

from __future__ import annotations

from strikewise.risk.governor import Governor
from strikewise.service.views.account import LimitUse
from strikewise.service.views.desk import Desk

__all__ = ["day_uses"]


def day_uses(desk: Desk, governor: Governor) -> tuple[LimitUse, ...]:
    """Return how far the governor's limits of a day are used: its loss at exit, its fall at mid.

    They are counted as the governor counts them: from the end of the day before and from the day's highest,
    what is paid in or out left aside; what is won counts as nothing used.

    Parameters
    ----------
    desk : Desk
        The account.
    governor : Governor
        Whose limits.
    """
    day = desk.track.day
    if day is None:
        return ()
    lost = max(0.0, 1.0 - day.last_exit / max(1, day.start_exit))
    fell = max(0.0, 1.0 - day.last_mid / max(1, day.high_mid))
    return (
        LimitUse("daily loss", lost, governor.daily_loss, lost / governor.daily_loss),
        LimitUse("day drawdown", fell, governor.day_drawdown, fell / governor.day_drawdown),
    )
