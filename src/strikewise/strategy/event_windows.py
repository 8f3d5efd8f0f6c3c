"""Scheduled events as windows of entry: how near the next is, how long ago the last was, what is over by now.

Calendars know days, not hours. Figures of the statistical offices come before the opening and the Federal
Reserve's decision at 14:00, so both are over at the close of their day. A company may report before the
opening or after the close: on that day its report counts as still to come, and as over from the next on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.quotes import CalendarEvent
from strikewise.market.calendar import NEW_YORK
from strikewise.market.view import MarketView

__all__ = ["EVENT_KINDS", "event_parameters", "is_over", "last_event", "next_event", "no_event"]

EVENT_KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "macro": frozenset({"FOMC", "CPI", "NFP"}),
        "fomc": frozenset({"FOMC"}),
        "cpi": frozenset({"CPI"}),
        "nfp": frozenset({"NFP"}),
        "earnings": frozenset({"EARNINGS"}),
    }
)
"""What the parameter ``events`` may be, and the kinds of `CalendarEvent` that it means."""

OVER_BY: Mapping[str, time] = MappingProxyType(
    {"FOMC": time(14, 30), "CPI": time(8, 31), "NFP": time(8, 31), "PPI": time(8, 31)}
)
"""New York time from which an event of a kind is over on its day; the others are over the day after."""

HORIZON_DAYS = 366
"""How far back and ahead a calendar must know no event to count as none at all."""


def event_parameters(*, events: str, event_days: int, when: str) -> tuple[Parameter, ...]:
    """Return the parameters that say which events are traded, and how far from them."""
    return (
        Parameter(
            "events",
            events,
            "Which events: the Fed's decisions, inflation and jobs (macro), one of them, or company reports.",
            choices=tuple(EVENT_KINDS),
        ),
        Parameter("event_days", event_days, f"Most calendar days {when} at entry.", "days", 0, 60),
    )


def is_over(event: CalendarEvent, at: datetime) -> bool:
    """Return whether an event has happened by an instant, as far as its day and kind tell."""
    local = at.astimezone(NEW_YORK)
    if local.date() != event.day:
        return local.date() > event.day
    hour = OVER_BY.get(event.kind)
    return hour is not None and local.time() >= hour


def next_event(
    view: MarketView, underlying: str, params: ParameterSet, *, after: date = date.min
) -> CalendarEvent | None:
    """Return the next announced event within ``event_days``, later than a day and not over yet, or None."""
    kinds = EVENT_KINDS[params.text("events")]
    ahead = view.events(kinds, params.integer("event_days"), symbol=underlying)
    return next((event for event in ahead if event.day > after and not is_over(event, view.as_of)), None)


def last_event(view: MarketView, underlying: str, params: ParameterSet) -> CalendarEvent | None:
    """Return the latest event of the last ``event_days`` that is over, as it had been announced, or None."""
    kinds, days = EVENT_KINDS[params.text("events")], params.integer("event_days")
    past = view.at(view.as_of - timedelta(days=days)).events(kinds, days, symbol=underlying)
    return next((event for event in reversed(past) if is_over(event, view.as_of)), None)


def no_event(view: MarketView, underlying: str, params: ParameterSet) -> DenialCode:
    """Return why there is no event to trade: none near, or no calendar of such events at all."""
    kinds = EVENT_KINDS[params.text("events")]
    back = view.at(view.as_of - timedelta(days=HORIZON_DAYS))
    known = view.events(kinds, HORIZON_DAYS, symbol=underlying) or back.events(
        kinds, HORIZON_DAYS, symbol=underlying
    )
    return DenialCode.ENTRY_NO_EVENT if known else DenialCode.DATA_NO_EVENTS
