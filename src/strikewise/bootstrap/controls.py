"""Put together what it needs to speak with a trading process, or in its place with the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from strikewise.adapters.store.database import Database
from strikewise.adapters.store.leases import SqlLeases
from strikewise.bootstrap.account_keeping import account_ledger, taken_lease
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.ledgers import backup_folder, ledger_url, open_ledger
from strikewise.bootstrap.parts import Through, alpaca_broker, run_spec, uses_alpaca
from strikewise.domain.errors import SettingsError
from strikewise.engine.courier import Courier
from strikewise.engine.reconciliation import Outcome, Reconciler, Trigger
from strikewise.engine.recovery import History
from strikewise.engine.tenure import Tenure
from strikewise.engine.writer import Writer
from strikewise.execution.broker import Broker
from strikewise.execution.onlooker import Onlooker
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import PacedClock, SystemClock
from strikewise.portfolio.ledger import Entry, Ledger, MemoryLedger
from strikewise.service.comparison import Comparison, comparison_of

__all__ = ["compare_and_put_right", "compare_without_writing"]

FURTHER_LOOKS = 3
"""Looks after the first that differences may need."""


def compare_without_writing(
    home: Path, say: Callable[[str], None], clock: PacedClock | None = None
) -> Comparison:
    """Compare a home's account with its broker's in memory: nothing is written, and nothing is sent.

    Parameters
    ----------
    home : Path
        The data home.
    say : callable
        Is told what is waited for.
    clock : PacedClock, optional
        The computer's if None.

    Raises
    ------
    SettingsError
        If the broker's key is not set.
    """
    asked = _Asked.of(home, clock)
    if not uses_alpaca(asked.settings):
        return _of_one_side(asked, home, say)
    copy = MemoryLedger()
    with open_ledger(asked.url, backup_folder(home)) as ledger:
        for record in ledger.records():
            entry = Entry(record.event, record.known_at, record.actor, record.cause)
            copy.append([entry], recorded_at=record.recorded_at)
    with asked.through(copy) as through:
        return _compared(asked, through, Onlooker(through.broker), copy, say=say)


def compare_and_put_right(
    home: Path, say: Callable[[str], None], clock: PacedClock | None = None
) -> Comparison:
    """Compare a home's account with its broker's in place of a process that trades it, and write it down.

    No order is sent; of ours, those that work at the broker though they ended here are cancelled there.

    Parameters
    ----------
    home, say, clock
        As for `compare_without_writing`.

    Raises
    ------
    SettingsError
        If another process holds the account, or nobody has traded it yet.
    LedgerError
        If the ledger is damaged.
    """
    asked = _Asked.of(home, clock)
    if not uses_alpaca(asked.settings):
        return _of_one_side(asked, home, say)
    with ExitStack() as stack:
        leases = SqlLeases(stack.enter_context(Database(asked.url)))
        tenure = taken_lease(leases, asked.account, asked.url, asked.clock)
        stack.callback(tenure.release)
        ledger = stack.enter_context(account_ledger(asked.url, home, asked.settings))
        if not ledger.head.seq:
            raise SettingsError(
                "This account has no facts yet, so there is nothing to put right: `strikewise reconcile "
                "--look` shows what the broker has, and `strikewise run` takes it over."
            )
        through = stack.enter_context(asked.through(ledger))
        return _compared(asked, through, through.broker, ledger, say=say, tenure=tenure)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A home, and whose account it is."""

    settings: Settings
    account: str
    url: str
    clock: PacedClock

    @classmethod
    def of(cls, home: Path, clock: PacedClock | None) -> _Asked:
        settings = load_settings(home)
        return cls(settings, settings.account.name, ledger_url(home, settings), clock or SystemClock())

    @contextmanager
    def through(self, ledger: Ledger) -> Iterator[Through]:
        """Give the broker, connected."""
        through = alpaca_broker(self.settings, run_spec(self.settings, None), ledger, self.clock)
        through.broker.connect()
        try:
            yield through
        finally:
            through.broker.close()


def _of_one_side(asked: _Asked, home: Path, say: Callable[[str], None]) -> Comparison:
    """Show an account whose broker is simulated: made of the ledger whenever somebody trades it."""
    say("The broker is simulated, and made of the ledger when `strikewise run` starts: both sides are one.")
    with open_ledger(asked.url, backup_folder(home)) as ledger:
        state = History.read(ledger.records()).state
    return comparison_of(state, None, written=False)


def _compared(
    asked: _Asked,
    through: Through,
    broker: Broker,
    ledger: Ledger,
    *,
    say: Callable[[str], None],
    tenure: Tenure | None = None,
) -> Comparison:
    """Compare, and look again where that is needed; with a tenure what differs is put right."""
    clock, past = asked.clock, History.read(ledger.records(), watched=True)
    writer = Writer(ledger, clock, past.state, past.oversight, through.fees_later)
    reconciler = Reconciler(asked.account, writer, Courier(broker, writer), SessionCalendar())
    before = ledger.head.seq
    outcome = reconciler.run(Trigger.REQUEST, clock.now())
    for _ in range(FURTHER_LOOKS):
        if outcome.again_in is None or not outcome.complete or outcome.left_to_a_person:
            break
        say(_why_again(outcome))
        clock.wait(clock.now() + outcome.again_in, outcome.again_in.total_seconds())
        if tenure is not None and (lost := tenure.keep()):
            raise SettingsError(lost)
        outcome = reconciler.run(Trigger.SECOND_LOOK, clock.now())
    return comparison_of(writer.state, ledger.records(after=before), written=tenure is not None)


def _why_again(outcome: Outcome) -> str:
    seconds = 0 if outcome.again_in is None else outcome.again_in.total_seconds()
    what = f"{len(outcome.waiting)} differ" if len(outcome.waiting) != 1 else "One thing differs"
    return f"{what} and must show twice before it is believed: looking again in {seconds:.0f} s."
