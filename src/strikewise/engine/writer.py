"""The writer: facts into the ledger, and what they fold to, with room for the requests of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from strikewise.domain.control import REQUESTS
from strikewise.domain.errors import LedgerConflictError, LedgerError
from strikewise.engine.accruing import with_fees_due
from strikewise.engine.oversight import Oversight
from strikewise.execution.fees import FeeSchedule
from strikewise.market.clock import Clock
from strikewise.portfolio.ledger import Entry, Ledger, Record
from strikewise.portfolio.projection import AccountState

__all__ = ["Writer"]


class Writer:
    """Append decisions and keep the account as they leave it; the only one who does.

    Others may append requests at any time. They are taken in where they turn up, and what was to be written
    behind the facts seen is written behind theirs. Any other fact means a second writer, and ends this one.

    Parameters
    ----------
    ledger : Ledger
        Where facts are written.
    clock : Clock
        Says when.
    state : AccountState
        The fold of the ledger so far.
    oversight : Oversight, optional
        The fold of who may trade, of an account with others around it; None where nobody else writes.
    fees_later : FeeSchedule, optional
        What a broker charges the day after: written down behind each fill. None where fills tell their fees.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        state: AccountState,
        oversight: Oversight | None = None,
        fees_later: FeeSchedule | None = None,
    ) -> None:
        self._ledger, self._clock, self._fees_later = ledger, clock, fees_later
        self.state, self.oversight = state, oversight
        self._doubtful: list[Entry] = []

    def write(self, entries: Iterable[Entry]) -> None:
        """Append facts, all or none, and fold them.

        Raises
        ------
        LedgerConflictError
            If somebody else wrote decisions.
        LedgerError
            If the ledger cannot be written; whether these facts are in it shows when it answers again.
        """
        batch = list(entries)
        if self._fees_later is not None:
            batch = list(with_fees_due(batch, self.state, self._fees_later))
        while batch:
            end = self.state.seq
            try:
                self._ledger.append(batch, recorded_at=self._clock.now(), expected=end)
            except LedgerConflictError:
                if self.oversight is None or not self.read_on():
                    raise
                batch = _moved(batch, end, self.state.seq - end)
            except LedgerError:
                self._doubtful = batch
                raise
            else:
                self._follow(batch)
                return

    def _follow(self, batch: Sequence[Entry]) -> None:
        """Fold entries that are facts now."""
        if self.oversight is None:  # a run over the past: nothing but the account is looked at
            state = self.state
            for entry in batch:
                state = state.apply(state.seq + 1, entry.event, entry.known_at)
            self.state = state
            return
        for entry in batch:
            event, at = entry.event, entry.known_at
            self._fold(Record(self.state.seq + 1, event, at, at, entry.actor, entry.cause))

    def read_on(self) -> bool:
        """Take in what others appended; return whether there was anything.

        Raises
        ------
        LedgerConflictError
            If it is not a request, nor what this writer tried to write while the ledger did not answer.
        """
        end = self.state.seq
        found = list(self._ledger.records(after=end))
        ours = len(self._doubtful) if _are(found, self._doubtful) else 0
        self._doubtful = []
        for number, record in enumerate(found):
            if number >= ours and not isinstance(record.event, REQUESTS):
                raise LedgerConflictError(end, record.seq)
            self._fold(record)
        return bool(found)

    def _fold(self, record: Record) -> None:
        before = self.state
        self.state = before.apply(record.seq, record.event, record.known_at)
        if self.oversight is not None:
            self.oversight = self.oversight.apply(record, before, self.state)


def _moved(batch: Sequence[Entry], end: int, by: int) -> list[Entry]:
    """Return entries whose causes among themselves lie behind facts that came between."""
    return [
        entry if entry.cause is None or entry.cause <= end else replace(entry, cause=entry.cause + by)
        for entry in batch
    ]


def _are(found: Sequence[Record], batch: Sequence[Entry]) -> bool:
    """Return whether facts begin with entries."""
    return len(found) >= len(batch) and all(
        (record.event, record.known_at, record.actor, record.cause)
        == (entry.event, entry.known_at, entry.actor, entry.cause)
        for record, entry in zip(found, batch, strict=False)
    )
