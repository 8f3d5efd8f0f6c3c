"""When a datum of a day was known, if nobody recorded it: rules that are never too early."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import date_of
from strikewise.market.calendar import SessionCalendar

__all__ = ["bars_known_at", "moment_column", "release_known_at", "start_of_day"]

NEW_YORK = ZoneInfo("America/New_York")
SECONDS_A_DAY = 86_400
RELEASE_SECONDS = 16 * 3600 + 15 * 60
"""The Federal Reserve's H.15 release comes out at 16:15 New York, with the values of the session before."""

LATE_INDEXES = frozenset(
    {"VIX", "VIX1D", "VIX9D", "VIX3M", "VIX6M", "VVIX", "SKEW", "VXN", "RVX", "VXD", "GVZ", "OVX"}
)
"""Indices of option prices: index options trade on after the session, and these close when they do."""
LATE_SECONDS = 15 * 60


def bars_known_at(symbol: str, days: NDArray[np.int32], calendar: SessionCalendar) -> NDArray[np.int64]:
    """Return when daily bars were known, Unix seconds: at the close of their session.

    Those of `LATE_INDEXES` are known a quarter of an hour later. A symbol with bars on weekends keeps no
    exchange hours: its bars are known at the end of the UTC day.
    So is a bar on a weekday without a session.

    Parameters
    ----------
    symbol : str
        Whose bars they are.
    days : (n,) int32
        Days since 1970-01-01.
    calendar : SessionCalendar
        The sessions.
    """
    end_of_day = (days.astype(np.int64) + 1) * SECONDS_A_DAY
    weekend = (days.astype(np.int64) + 3) % 7 >= 5
    if weekend.any() or not len(days):
        return end_of_day
    first, last = date_of(int(days[0])), date_of(int(days[-1]))
    sessions = np.array([(day - date(1970, 1, 1)).days for day in calendar.sessions(first, last)])
    is_session = np.isin(days, sessions)
    known = end_of_day
    if is_session.any():
        late = LATE_SECONDS if symbol in LATE_INDEXES else 0
        known[is_session] = calendar.close_seconds(days[is_session]) + late
    return known


def release_known_at(days: NDArray[np.int32], calendar: SessionCalendar) -> NDArray[np.int64]:
    """Return when official rates of some days were known: 16:15 New York of the session after."""
    known = np.empty(len(days), dtype=np.int64)
    for position, number in enumerate(days.tolist()):
        try:
            after = calendar.next_session(date_of(number))
        except MissingDataError:
            after = date_of(number) + timedelta(days=4)
        known[position] = start_of_day(after) + RELEASE_SECONDS
    return known


def start_of_day(day: date) -> int:
    """Return a New York day's first instant, Unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp())


def moment_column(seconds: NDArray[np.int64]) -> pl.Series:
    """Return Unix seconds as a column of instants."""
    return pl.Series("known_at", seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))
