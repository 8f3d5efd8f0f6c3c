"""The market some sessions ago, and how many sessions a position has been held."""

from __future__ import annotations

from datetime import date, timedelta

from strikewise.market.view import MarketView

__all__ = ["sessions_back", "sessions_held"]

WEEK_SESSIONS = 4
"""Fewest sessions of a week that has holidays."""


def sessions_back(view: MarketView, count: int) -> MarketView:
    """Return the view of the close of the session that lies ``count`` sessions before the view's own.

    On a day without a session the last one before it is its own.
    """
    first = view.day - timedelta(days=7 * (count // WEEK_SESSIONS + 2))
    days = view.calendar.sessions(first, view.day)
    chosen = days[max(0, len(days) - 1 - count)]
    return view.at(min(view.as_of, view.calendar.session_close(chosen)))


def sessions_held(view: MarketView, opened: date) -> int:
    """Return how many sessions have come after that of a day, the view's own included."""
    return max(0, len(view.calendar.sessions(opened, view.day)) - 1)
