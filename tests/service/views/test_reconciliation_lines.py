from __future__ import annotations

from service.views.test_views import MONDAY, TUESDAY, close_of, desk_of, traded, until
from strikewise.domain.reconciled import DifferenceFound, ReconciliationFinished
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.service.views.desk import Desk
from strikewise.service.views.reconciliation import reconciliation_view


def say(ledger: MemoryLedger, *events: DifferenceFound | ReconciliationFinished) -> None:
    at = close_of(MONDAY)
    ledger.append([Entry(one, at, "engine", None) for one in events], recorded_at=at)


def finished(differences: int = 0) -> ReconciliationFinished:
    return ReconciliationFinished("ASKED", differences, differences, "", "")


def test_before_anybody_compared_nobody_knows_what_the_broker_holds() -> None:
    ledger, _ = traded()
    shown = reconciliation_view(desk_of(until(ledger, close_of(MONDAY))))
    assert shown.lines
    assert {one.theirs for one in shown.lines} == {None}


def test_the_brokers_side_is_what_the_last_comparison_found_and_unknown_where_ours_changed_since() -> None:
    whole, _ = traded()
    ledger = until(whole, close_of(MONDAY))
    say(ledger, finished())
    desk = Desk()
    desk.read_on(ledger)
    agreed = {one.instrument: one.ours for one in reconciliation_view(desk).lines}
    assert {one.instrument: one.theirs for one in reconciliation_view(desk).lines} == agreed
    for record in whole.records():
        if close_of(MONDAY) < record.known_at <= close_of(TUESDAY):
            entry = Entry(record.event, record.known_at, record.actor, record.cause)
            ledger.append([entry], recorded_at=record.recorded_at)
    desk.read_on(ledger)
    later = {one.instrument: one for one in reconciliation_view(desk).lines}
    changed = {name for name, one in later.items() if one.ours != agreed.get(name, "0")}
    assert changed
    assert {name for name, one in later.items() if one.theirs is None} == changed
    assert all("since the last comparison" in later[name].reason for name in changed)


def test_an_open_difference_shows_what_each_side_said() -> None:
    whole, _ = traded()
    ledger = until(whole, close_of(MONDAY))
    name = reconciliation_view(desk_of(ledger)).lines[0].instrument
    say(ledger, DifferenceFound("holding", name, "1", "3", "frozen", "nobody sold it"), finished(1))
    (line,) = [one for one in reconciliation_view(desk_of(ledger)).lines if one.instrument == name]
    assert (line.ours, line.theirs, line.reason) == ("1", "3", "nobody sold it")
