"""Hours around announced events in which nothing new is opened.

Calendars know days; the hour of an event is that of its kind: the Federal Reserve decides at 14:00 in New
York, figures of the statistical offices come at 8:30. A company may report before the opening or after the
close, so its hours count from the beginning of the day and from its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from math import ceil
from types import MappingProxyType
from typing import NamedTuple

from strikewise.domain.quotes import CalendarEvent
from strikewise.market.calendar import NEW_YORK
from strikewise.market.view import MarketView

__all__ = ["HOURS", "Window", "blackout_of"]

HOURS: Mapping[str, time] = MappingProxyType(
    {"FOMC": time(14, 0), "CPI": time(8, 30), "NFP": time(8, 30), "PPI": time(8, 30)}
)
"""When events of a kind happen, New York time; others may at any hour of their day."""


class Window(NamedTuple):
    """An event, and the instants between which nothing is opened for it."""

    event: CalendarEvent
    first: datetime
    last: datetime


def blackout_of(view: MarketView, symbol: str, blackouts: Mapping[str, tuple[float, float]]) -> Window | None:
    """Return the window around an announced event that an instant lies in, or None.

    Parameters
    ----------
    view : MarketView
        The instant, and what had been announced by then.
    symbol : str
        The underlying: events of the whole market count, and its own.
    blackouts : mapping of str to (float, float)
        Hours before and after, by kind of event.
    """
    if not blackouts:
        return None
    ahead = ceil(max(before for before, _ in blackouts.values()) / 24.0) + 1
    behind = ceil(max(after for _, after in blackouts.values()) / 24.0) + 1
    past = view.at(view.as_of - timedelta(days=behind))
    near = past.events(blackouts.keys(), behind + ahead, symbol=symbol)
    known = view.events(blackouts.keys(), ahead, symbol=symbol)
    for event in dict.fromkeys((*near, *known)):
        before, after = blackouts[event.kind]
        begins, ends = _span(event)
        window = Window(event, begins - timedelta(hours=before), ends + timedelta(hours=after))
        if window.first <= view.as_of <= window.last:
            return window
    return None


def _span(event: CalendarEvent) -> tuple[datetime, datetime]:
    hour = HOURS.get(event.kind)
    if hour is not None:
        at = datetime.combine(event.day, hour, NEW_YORK)
        return at, at
    begins = datetime.combine(event.day, time(0), NEW_YORK)
    return begins, begins + timedelta(days=1)
