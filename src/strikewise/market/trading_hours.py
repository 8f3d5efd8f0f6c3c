"""When options of an underlying can be traded on a session: hours are data, as sessions are.

Since 13 July 2026 options of some large single stocks also trade from 7:30 to 9:25 New York time and from
16:00 to 16:15 (Cboe's Global and Curb Trading Hours for equity options). Exchanges choose the classes by
volume and size and change them, so a run names those it trades then; by default there are none.
"""

from __future__ import annotations

from datetime import date, datetime, time

from strikewise.market.calendar import NEW_YORK, SessionCalendar

__all__ = ["EXTENDED_SINCE", "MORNING", "can_trade"]

EXTENDED_SINCE = date(2026, 7, 13)
MORNING = (time(7, 30), time(9, 25))


def can_trade(calendar: SessionCalendar, underlying: str, at: datetime) -> bool:
    """Return whether the market of an underlying is open at an instant, or has closed for the day.

    The hours after a close pass: end-of-day snapshots are taken then, and stand for the session.
    """
    day = calendar.day_of(at)
    if not calendar.is_session(day):
        return False
    if at >= calendar.session_open(day):
        return True
    first, last = MORNING
    chosen = underlying in calendar.extended and day >= EXTENDED_SINCE
    return chosen and first <= at.astimezone(NEW_YORK).time() <= last
