"""What a supervisor lets be sent, and warns of: each day what is of it, once what lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from engine.hand_made import Told
from engine.watched import (
    CALENDAR,
    DAY,
    LENIENT,
    LOWER,
    NEXT,
    SPREAD,
    Account,
    at,
    by_the_minute,
    past_bars,
    past_vix,
)
from execution.tapes import tape
from strikewise.domain.control import AlertRaised, TradingState
from strikewise.domain.errors import LedgerError
from strikewise.domain.quotes import CalendarEvent
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market

QUOTES = {**by_the_minute(), **by_the_minute(day=NEXT)}


def calendars(account: Account) -> list[str]:
    return [one.text for one in account.told(AlertRaised) if one.code == "EVENTS_UNKNOWN"]


def knowing(*kinds: str) -> Market:
    """Return the market with an event of each kind."""
    known = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    events = [CalendarEvent(kind, NEXT, None, known) for kind in kinds]
    source = MemorySource([tape(QUOTES)], bars=[past_bars()], series=[past_vix()], events=events)
    return Market(source, CALENDAR)


def test_a_missing_calendar_is_told_once_until_the_cause_changes_or_comes_back() -> None:
    governor = replace(LENIENT, blackouts={"CPI": (24.0, 0.0), "FOMC": (24.0, 0.0)})
    account = Account((Told({DAY: [SPREAD]}),), QUOTES, governor=governor)
    for minute in (1, 2, 3):
        account.tick(minute)
    account.tick(1, day=NEXT)
    assert len(calendars(account)) == 1
    assert "No CPI or FOMC is known" in calendars(account)[0]
    account.market = knowing("FOMC")
    for minute in (2, 3):
        account.tick(minute, day=NEXT)
    assert len(calendars(account)) == 2
    assert "No CPI is known" in calendars(account)[1]
    account.market = knowing("FOMC", "CPI")
    account.tick(4, day=NEXT)
    assert len(calendars(account)) == 2
    account.market = knowing("FOMC")
    account.tick(5, day=NEXT)
    assert len(calendars(account)) == 3


def test_what_is_of_the_day_is_told_on_each_day() -> None:
    account = Account((Told({DAY: [SPREAD, LOWER]}),), QUOTES, governor=LENIENT)
    account.tick(1)
    account.governor = replace(LENIENT, max_value_at_risk=0.001)
    account.start()
    for day in (DAY, NEXT):
        for minute in (2, 3, 4):
            account.tick(minute, day=day)
    assert [one.code for one in account.told(AlertRaised)].count("RISK_VAR") == 2


def test_while_nobody_can_read_what_others_ask_for_nothing_is_opened() -> None:
    account = Account()
    supervisor, records = account.loop.supervisor, account.ledger.records
    assert supervisor is not None

    def fails(after: int = 0) -> Any:
        raise LedgerError("the disk is gone")

    account.ledger.records = fails  # type: ignore[method-assign]
    assert supervisor.poll(at(1)) is TradingState.REDUCING
    assert supervisor.trouble == "it cannot be read"
    account.ledger.records = records  # type: ignore[method-assign]
    assert supervisor.poll(at(2)) is TradingState.ACTIVE
