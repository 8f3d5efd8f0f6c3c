"""Write the table of closures that the session calendar reads, from `exchange_calendars`.

Run ``python scripts/closures.py`` when the exchange announces a holiday or a half day, with the newest
`exchange_calendars` installed. A test compares the table with that package, so that neither goes its own way.
"""

from __future__ import annotations

import warnings
from datetime import date, time, timedelta
from pathlib import Path

from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

from strikewise.market.calendar import CLOSURES, FIRST_DAY, LAST_DAY, NEW_YORK

OPEN, CLOSE = time(9, 30), time(16)


def sessions(start: date, end: date) -> dict[date, tuple[time, time]]:
    """Return when each session opens and closes in New York, as `exchange_calendars` has it."""
    with warnings.catch_warnings():
        # exchange_calendars itself uses what newer pandas deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = XNYSExchangeCalendar(start=start.isoformat(), end=end.isoformat())
    opens, closes = (
        [stamp.to_pydatetime().astimezone(NEW_YORK).time() for stamp in column]
        for column in (calendar.opens, calendar.closes)
    )
    days = [stamp.date() for stamp in calendar.sessions]
    return dict(zip(days, zip(opens, closes, strict=True), strict=True))


def closures(start: date, end: date) -> list[str]:
    """Return a line for each weekday without a session, and for each session that closes early."""
    held = sessions(start, end)
    weekdays = [
        day for n in range((end - start).days + 1) if (day := start + timedelta(days=n)).weekday() < 5
    ]
    if strange := [day for day, (opens, _) in held.items() if opens != OPEN or day.weekday() > 4]:
        raise SystemExit(f"The table has no words for sessions like those of {strange[:5]}.")
    return [
        f"{day.isoformat()},{held[day][1].isoformat('minutes') if day in held else ''}"
        for day in weekdays
        if day not in held or held[day][1] != CLOSE
    ]


def main() -> None:
    """Write the table."""
    lines = ["day,closes", *closures(FIRST_DAY, LAST_DAY)]
    Path(str(CLOSURES)).write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{CLOSURES}: {len(lines) - 1} days")


if __name__ == "__main__":
    main()
