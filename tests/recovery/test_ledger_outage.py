"""While the ledger's database fails nothing is opened, exits go on, and afterwards every fact is there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.watched import NEXT, at
from recovery.small_world import END, TRADER, World, ours
from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.control import AlertRaised, FaultNoted
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import OrderPlaced
from strikewise.domain.orders import Purpose
from strikewise.portfolio.ledger import Entry, Head, verify


class Failing(SqlLedger):
    """A ledger whose database is gone for a while."""

    world: World
    gone: tuple[datetime, datetime]

    def _look(self) -> None:
        if self.gone[0] <= self.world.clock.now() < self.gone[1]:
            raise LedgerError("database or disk is full")

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        self._look()
        return super().append(entries, recorded_at=recorded_at, expected=expected)

    def facts(self, after: int = 0) -> Any:
        self._look()
        return super().facts(after)


def failing(tmp_path: Path, stack: ExitStack, gone: tuple[datetime, datetime], **options: Any) -> World:
    sql = Failing(f"sqlite:///{tmp_path / 'ledger.db'}")
    sql.gone = gone
    sql.world = World(**options)
    journal = EmergencyJournal(tmp_path / "emergency.journal", reserve=65_536)
    sql.world.ledger = stack.enter_context(ResilientLedger(sql, journal))
    return sql.world


def run(world: World) -> Any:
    """Run a process that is told when its ledger is in trouble."""
    daemon = world.process()
    supervisor = daemon._duties.loop.supervisor
    assert supervisor is not None
    supervisor._trouble = lambda: world.ledger.trouble
    assert daemon.run(until=END).code == 0
    return daemon


def test_an_exit_goes_through_while_the_database_fails_and_its_facts_come_after(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = failing(tmp_path, stack, (at(0, NEXT), at(4, NEXT)))
        daemon = run(world)
        assert ours(daemon) == world.truth()
        assert world.truth()[1] == {}
        exits = [one for one in world.records() if isinstance(one.event, OrderPlaced)][1:]
        assert [one.event.order.purpose for one in exits] == [Purpose.CLOSE]
        assert at(0, NEXT) <= exits[0].known_at < at(4, NEXT)
        assert "LEDGER_FAILED" in [one.code for one in world.told(FaultNoted)]
        assert "LEDGER_FAILED_OVER" in [one.code for one in world.told(AlertRaised)]
        assert world.ledger.waiting == 0
        verify(world.ledger.facts())


def test_nothing_is_opened_while_the_database_fails(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = failing(tmp_path, stack, (at(0), at(4)), trader=replace(TRADER, closes=frozenset()))
        run(world)
        opened = [one.known_at for one in world.records() if isinstance(one.event, OrderPlaced)]
        assert len(opened) == 1
        assert opened[0] >= at(4)
