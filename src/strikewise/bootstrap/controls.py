"""Put together what it needs to speak with a trading process, or in its place with the broker."""

from __future__ import annotations

from pathlib import Path

from strikewise.bootstrap.build import backup_folder, ledger_url, open_ledger
from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.parts import alpaca_broker, run_spec, uses_alpaca
from strikewise.domain.errors import SettingsError
from strikewise.engine.courier import Courier
from strikewise.engine.reconciliation import Reconciler, Trigger
from strikewise.engine.recovery import History
from strikewise.engine.writer import Writer
from strikewise.execution.onlooker import Onlooker
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import PacedClock, SystemClock
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.service.daemon import Comparison, comparison_of

__all__ = ["compare_without_writing", "wall_clock"]

FURTHER_LOOKS = 3
"""Looks after the first that differences may need."""


def wall_clock() -> PacedClock:
    """Return the computer's clock."""
    return SystemClock()


def compare_without_writing(home: Path) -> Comparison:
    """Compare a home's account with its broker's in memory: nothing is written, and nothing is sent.

    Raises
    ------
    SettingsError
        If the account is a simulated one: its broker is made of the ledger, and both sides are one.
    """
    settings, calendar, clock = load_settings(home), SessionCalendar(), SystemClock()
    if not uses_alpaca(settings):
        raise SettingsError(
            "Nobody trades this account now, and its broker is simulated: it is made of the ledger, so both "
            "sides agree. Start `strikewise run`, or name a broker under [broker] of the settings."
        )
    spec, copy = run_spec(settings, None), MemoryLedger()
    with open_ledger(ledger_url(home, settings), backup_folder(home)) as ledger:
        for record in ledger.records():
            entry = Entry(record.event, record.known_at, record.actor, record.cause)
            copy.append([entry], recorded_at=record.recorded_at)
    past = History.read(copy.records(), watched=True)
    through = alpaca_broker(settings, spec, copy, clock)
    broker = Onlooker(through.broker)
    writer = Writer(copy, clock, past.state, past.oversight, through.fees_later)
    reconciler = Reconciler(spec.account, writer, Courier(broker, writer), calendar)
    before = copy.head.seq
    broker.connect()
    try:
        outcome = reconciler.run(Trigger.REQUEST, clock.now())
        for _ in range(FURTHER_LOOKS):
            if outcome.again_in is None or not outcome.complete:
                break
            clock.sleep_until(clock.now() + outcome.again_in)
            outcome = reconciler.run(Trigger.SECOND_LOOK, clock.now())
    finally:
        broker.close()
    return comparison_of(writer.state, copy.records(after=before), written=False)
