"""Entries are sought in sessions only, whenever the loop is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime

from engine.hand_made import Told, hand_spec, played
from execution.tapes import close_of, put
from strikewise.domain.events import AccountValued, SignalGenerated
from strikewise.domain.structures import Leg, Structure

FRIDAY, SATURDAY, MONDAY = date(2024, 3, 15), date(2024, 3, 16), date(2024, 3, 18)


def test_a_tick_on_a_weekend_values_the_account_and_seeks_nothing() -> None:
    expiry = date(2024, 4, 19)
    short = put(480, expiry)
    spread = Structure.of([Leg(short, -1), Leg(put(475, expiry), 1)])
    rows = [(short, 100, 110), (put(475, expiry), 40, 50)]
    ticks = [close_of(FRIDAY), datetime(2024, 3, 16, 17, tzinfo=UTC), close_of(MONDAY)]
    told = Told({SATURDAY: [spread]})
    _, ledger = played(hand_spec(told, start=FRIDAY, end=MONDAY), dict.fromkeys(ticks, (485.0, rows)))
    events = [record.event for record in ledger.records()]
    assert sum(isinstance(event, AccountValued) for event in events) == len(ticks)
    assert not any(isinstance(event, SignalGenerated) for event in events)
