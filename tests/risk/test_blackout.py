"""Nothing is opened in the hours around an announced event, by the hour of its kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from risk.asking import BARS, LOOSE, SPOTS, denied, spread, verdict
from risk.risk_markets import view_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.quotes import CalendarEvent
from strikewise.risk.gate import Approved


def event(kind: str, day: date, symbol: str | None = None) -> CalendarEvent:
    return CalendarEvent(kind, day, symbol, int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()))


@pytest.mark.parametrize(
    ("hours_before", "day", "kind", "shut"),
    [
        (18.0, date(2024, 2, 2), "NFP", True),  # 16.5 hours ahead, at 8:30 the next morning
        (16.0, date(2024, 2, 2), "NFP", False),
        (24.0, date(2024, 2, 1), "FOMC", False),  # at 14:00, two hours ago
        (23.0, date(2024, 2, 2), "FOMC", True),
        (21.0, date(2024, 2, 2), "FOMC", False),
    ],
)
def test_nothing_is_opened_in_the_hours_before_an_event(
    hours_before: float, day: date, kind: str, *, shut: bool
) -> None:
    view = view_of(SPOTS, bars=BARS, events=[event(kind, day)])
    answer = verdict(spread(), rules=replace(LOOSE, blackouts={kind: (hours_before, 1.0)}), view=view)
    if shut:
        assert f"event={kind} day={day.isoformat()}" in denied(answer, DenialCode.MARKET_BLACKOUT)
    else:
        assert isinstance(answer, Approved)


def test_a_companys_report_shuts_its_own_symbol_and_no_other_and_some_strategies_trade_it() -> None:
    view = view_of(SPOTS, bars=BARS, events=[event("EARNINGS", date(2024, 2, 1), "TLT")])
    rules = replace(LOOSE, blackouts={"EARNINGS": (24.0, 24.0)})
    denied(verdict(spread(90, underlying="TLT", width=5), rules=rules, view=view), DenialCode.MARKET_BLACKOUT)
    assert isinstance(verdict(spread(), rules=rules, view=view), Approved)
    exempt = replace(rules, blackout_exempt=("s",))
    assert isinstance(verdict(spread(90, underlying="TLT", width=5), rules=exempt, view=view), Approved)


def test_an_event_that_nobody_announced_yet_shuts_nothing() -> None:
    late = CalendarEvent("NFP", date(2024, 2, 2), None, int(datetime(2024, 2, 2, tzinfo=UTC).timestamp()))
    view = view_of(SPOTS, bars=BARS, events=[late])
    assert isinstance(
        verdict(spread(), rules=replace(LOOSE, blackouts={"NFP": (48.0, 1.0)}), view=view), Approved
    )
