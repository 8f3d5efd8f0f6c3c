"""An event is near, over, or not on any calendar: three different things."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from strategy.markets import CALENDAR, TODAY, World, view_of
from strikewise.domain.portfolio import Portfolio
from strikewise.domain.quotes import CalendarEvent
from strikewise.domain.signals import Close, Hold, Signal
from strikewise.strategy.event_windows import is_over, last_event, next_event, no_event
from strikewise.strategy.registry import STRATEGIES

WORLD = World(dtes=(3, 6, 10, 13, 17, 20), level=0.2)
DAY = date(2025, 6, 11)


@pytest.mark.parametrize(
    ("kind", "at", "over"),
    [
        ("CPI", datetime(2025, 6, 11, 12, 30, tzinfo=UTC), False),  # 08:30 in New York
        ("CPI", datetime(2025, 6, 11, 12, 31, tzinfo=UTC), True),
        ("FOMC", datetime(2025, 6, 11, 18, 29, tzinfo=UTC), False),
        ("FOMC", datetime(2025, 6, 11, 18, 30, tzinfo=UTC), True),
        ("EARNINGS", datetime(2025, 6, 11, 23, 59, tzinfo=UTC), False),
        ("EARNINGS", datetime(2025, 6, 12, 13, 0, tzinfo=UTC), True),
        ("CPI", datetime(2025, 6, 10, 20, 0, tzinfo=UTC), False),
    ],
)
def test_an_event_is_over_when_its_hour_has_struck(kind: str, at: datetime, over: bool) -> None:
    assert is_over(CalendarEvent(kind, DAY, None, 0), at) is over


def test_windows_see_the_nearest_event_of_the_wanted_kind_on_either_side() -> None:
    view = view_of(replace(WORLD, events=(("FOMC", -9), ("CPI", -1), ("NFP", 0), ("FOMC", 4), ("CPI", 6))))
    space = STRATEGIES["pre_event_straddle"].space
    macro, fomc = (space.make({"events": kind, "event_days": 7}) for kind in ("macro", "fomc"))
    ahead, back = next_event(view, "SPY", macro), last_event(view, "SPY", macro)
    assert ahead is not None
    assert back is not None
    assert (ahead.kind, back.kind) == ("FOMC", "NFP")  # jobs came before today's opening
    later = next_event(view, "SPY", macro, after=ahead.day)
    assert later is not None
    assert later.kind == "CPI"
    assert last_event(view, "SPY", fomc) is None
    assert no_event(view, "SPY", fomc) == "ENTRY_NO_EVENT"
    reports = space.make({"events": "earnings"})
    assert no_event(view, "SPY", reports) == "DATA_NO_EVENTS"


def opened(name: str, events: tuple[tuple[str, int], ...], **values: object) -> tuple[Signal, object]:
    strategy = STRATEGIES[name]
    params = strategy.space.make({"max_entry_cost": 1.0, **values})
    (signal,) = strategy.generate_signals(view_of(replace(WORLD, events=events)), params)
    return signal, params


def managed(name: str, signal: Signal, days: int, **values: object) -> object:
    strategy = STRATEGIES[name]
    params = strategy.space.make(values)
    account = Portfolio(signal.as_of, 10**9, 10**9, 10**9, 0)
    position = strategy.size_position(signal, account, params)
    at = CALENDAR.session_close(TODAY + timedelta(days))
    return strategy.manage_position(position, view_of(WORLD, at=at), params)


@pytest.mark.parametrize("name", ["pre_event_straddle", "pre_event_strangle"])
def test_what_is_bought_before_an_event_outlives_it_and_is_sold_on_its_eve(name: str) -> None:
    events = (("CPI", 1), ("FOMC", 6))  # tomorrow's is too near to buy for
    signal, _ = opened(name, events)
    assert signal.because["event"] == "FOMC"
    assert min(signal.structure.expirations) >= TODAY + timedelta(6)
    assert signal.price_cents > 0
    assert managed(name, signal, 2) == Hold()
    eve = managed(name, signal, 3)  # Friday, the event is on Monday
    assert isinstance(eve, Close)
    assert eve.reason == "EVENT_NEAR"
    assert managed(name, signal, 3, hold_through=True) == Hold()
    past = managed(name, signal, 6, hold_through=True)
    assert isinstance(past, Close)
    assert past.reason == "EVENT_PAST"


@pytest.mark.parametrize("name", ["post_event_straddle", "post_event_strangle"])
def test_what_is_sold_on_the_eve_is_bought_back_when_the_event_is_over(name: str) -> None:
    signal, _ = opened(name, (("CPI", 1),), entry="eve")
    assert signal.price_cents < 0
    assert managed(name, signal, 0, entry="eve") == Hold()
    past = managed(name, signal, 1, entry="eve")
    assert isinstance(past, Close)
    assert past.reason == "EVENT_PAST"


@pytest.mark.parametrize("name", ["post_event_straddle", "post_event_strangle"])
def test_what_is_sold_after_an_event_waits_for_its_own_exits(name: str) -> None:
    signal, _ = opened(name, (("CPI", -1),))
    assert signal.because["days_to_event"] == -1.0
    assert managed(name, signal, 1) == Hold()
    strategy = STRATEGIES[name]
    ahead = strategy.screen(view_of(replace(WORLD, events=(("CPI", 1),))), strategy.space.make())
    assert {code.value for code in ahead.rejected} == {"ENTRY_NO_EVENT"}


def test_company_reports_are_of_the_company_and_count_as_over_the_day_after() -> None:
    strategy = STRATEGIES["post_event_straddle"]
    params = strategy.space.make({"events": "earnings", "max_entry_cost": 1.0})
    for days, code in ((0, "ENTRY_NO_EVENT"), (-1, None)):
        screened = strategy.screen(view_of(replace(WORLD, events=(("EARNINGS", days),))), params)
        assert (not screened.signals) == (code is not None)
        assert code is None or {one.value for one in screened.rejected} == {code}
