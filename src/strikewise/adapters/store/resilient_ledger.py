"""A ledger whose exits do not wait for its database: they go through the emergency journal when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from strikewise.adapters.store.emergency import EmergencyJournal, Merged, merge
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.errors import LedgerConflictError, LedgerError
from strikewise.domain.events import OrderPlaced
from strikewise.domain.orders import Purpose
from strikewise.portfolio.ledger import Entry, Fact, Head, Record, Wanted, number, read, seal

__all__ = ["RETRY_SECONDS", "ResilientLedger", "opens_risk"]

RETRY_SECONDS = 30.0
"""How long the database is left alone after it failed, by the instants that facts are recorded at."""


def opens_risk(entries: Sequence[Entry]) -> bool:
    """Return whether an order among the entries does more than close: it then has to be in the ledger."""
    return any(
        isinstance(entry.event, OrderPlaced) and entry.event.order.purpose is not Purpose.CLOSE
        for entry in entries
    )


class ResilientLedger:
    """A ledger for the loop: what closes is written down even when the database cannot.

    While the database works it does all. When it fails, `trouble` says why; entries that open risk are
    refused, everything else goes to the emergency journal and counts as written, and the database is tried
    again every `RETRY_SECONDS`. As soon as it takes them, the waiting facts are in it as if nothing had been.
    Requests of others are not seen meanwhile: halting then works by its file.

    Parameters
    ----------
    ledger : SqlLedger
        The ledger; closed with this one.
    journal : EmergencyJournal
        The journal, closed with this one too; what it has from an earlier process is merged first.

    Raises
    ------
    LedgerError
        If what an earlier process left in the journal cannot be merged.
    """

    def __init__(self, ledger: SqlLedger, journal: EmergencyJournal) -> None:
        self._ledger, self._journal = ledger, journal
        self.merged: Merged = merge(journal, ledger)
        self._end = ledger.head
        self._trouble = ""
        self._failed_at: datetime | None = None

    def close(self) -> None:
        """Let go of database and file."""
        self._ledger.close()
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def trouble(self) -> str:
        """Why the database was of no use when it was last tried; empty where it was."""
        return self._trouble

    @property
    def waiting(self) -> int:
        """Facts that wait in the journal."""
        return len(self._journal.facts)

    @property
    def head(self) -> Head:
        """The end of the ledger and of what waits for it; where the database fails, the last one known."""
        if self.waiting:
            return self._end
        try:
            found = self._ledger.head
        except LedgerError as error:
            self._trouble = str(error)
            return self._end
        self._end = found
        if self._failed_at is None:
            self._trouble = ""
        return found

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        """Write events as facts, all or none; they are on disk when this returns.

        Raises
        ------
        LedgerConflictError
            If ``expected`` is given and the ledger does not end there.
        LedgerError
            If the database fails and the entries open risk, or the journal fails as well; or if the database
            works again and others have written meanwhile: then the state has to be read anew, by a restart.
        """
        try:
            if self._may_try(recorded_at):
                self._merge()
                self._end = self._ledger.append(entries, recorded_at=recorded_at, expected=expected)
                return self._end
        except (LedgerConflictError, _MovedError):
            raise
        except LedgerError as error:
            self._trouble, self._failed_at = str(error), recorded_at
        return self._append_to_journal(entries, recorded_at, expected)

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """Yield the facts numbered above ``after``, in order: those of the ledger, then those that wait."""
        first = self._journal.facts[0].seq if self.waiting else None
        if first is None or after < first - 1:
            for fact in self._ledger.facts(after):
                if first is not None and fact.seq >= first:
                    break
                if fact.seq > self._end.seq:
                    self._end = Head(fact.seq, fact.hash)
                yield fact
        yield from (fact for fact in self._journal.facts if fact.seq > after)

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the events of the facts numbered above ``after``, in order."""
        return read(self.facts(after))

    def find(self, wanted: Wanted, limit: int, *, newest: bool = False) -> tuple[Fact, ...]:
        """Return the first facts that are wanted, in order; with ``newest`` the last ones, newest first."""
        if not self.waiting:
            return self._ledger.find(wanted, limit, newest=newest)
        waiting = tuple(filter(wanted.takes, self._journal.facts))
        first = self._journal.facts[0].seq
        below = first if wanted.before is None else min(first, wanted.before)
        written = self._ledger.find(replace(wanted, before=below), limit, newest=newest)
        found = (*reversed(waiting), *written) if newest else (*written, *waiting)
        return found[:limit]

    def _may_try(self, now: datetime) -> bool:
        return self._failed_at is None or now - self._failed_at >= timedelta(seconds=RETRY_SECONDS)

    def _merge(self) -> None:
        """Give the database what waits; afterwards it works."""
        if merge(self._journal, self._ledger).moved:
            raise _MovedError(
                "The ledger's database works again and has taken what waited for it, behind what others "
                "wrote meanwhile: start again, so that the state is read anew."
            )
        self._trouble, self._failed_at = "", None

    def _append_to_journal(
        self, entries: Sequence[Entry], recorded_at: datetime, expected: int | None
    ) -> Head:
        if opens_risk(entries):
            raise LedgerError(f"Nothing new is opened while the ledger's database fails: {self._trouble}")
        if expected is not None and expected != self._end.seq:
            raise LedgerConflictError(expected, self._end.seq)
        made: list[Fact] = []
        for record in number(entries, self._end.seq, recorded_at):
            made.append(seal(record, made[-1].hash if made else self._end.hash))
        if made:
            self._journal.append(made)
            self._end = Head(made[-1].seq, made[-1].hash)
        return self._end


class _MovedError(LedgerError):
    """Facts that waited have other numbers now."""
