"""Read a ledger on into the outbox, and know it again by the hash of the fact that was told last."""

from __future__ import annotations

from collections.abc import Mapping

from strikewise.adapters.alerts.alert import Alert, Level
from strikewise.adapters.alerts.outbox import Outbox, Place
from strikewise.adapters.alerts.watcher import Watcher
from strikewise.market.clock import Clock
from strikewise.portfolio.ledger import Head, Ledger

__all__ = ["Reader"]


class Reader:
    """Takes alerts of new facts into the outbox.

    Parameters
    ----------
    ledger : Ledger
        The account's; read only.
    watcher : Watcher
        Says what is told.
    outbox : Outbox
        Where alerts wait, and how far it was read is kept.
    levels : mapping of str to Level
        Channels, and from which level on each is told.
    clock : Clock
        The time.
    """

    def __init__(
        self, ledger: Ledger, watcher: Watcher, outbox: Outbox, levels: Mapping[str, Level], clock: Clock
    ) -> None:
        self._ledger, self._watcher, self._outbox = ledger, watcher, outbox
        self._levels, self._clock = levels, clock
        self._pending: list[Alert] = []
        self._place: Place | None = None
        self._told = 0

    def look(self) -> int:
        """Read the ledger on; return how many alerts are new.

        Whoever looks for the first time is told what happens from then on, not the whole past. A ledger
        that was put in the place of another is told from what was written after the fact that was told last.

        Raises
        ------
        LedgerError
            If the ledger cannot be read.
        StoreError
            If the outbox does not take what was read: it is offered again then.
        """
        head = self._ledger.head
        said = 0 if self._stands(head) else self._begin(head.seq)
        if head.seq > self._watcher.seq:
            after = self._watcher.seq
            self._pending += self._watcher.read(self._ledger.records(after=after), self._told)
            self._place = Place.of(self._ledger, self._watcher.seq)
        elif not self._pending:
            return said
        taken = self._outbox.take(self._pending, self._place, self._levels, self._clock.now())
        self._pending = []
        return taken + said

    def _stands(self, head: Head) -> bool:
        """Return whether the ledger is the one that was read; its end alone says so where nothing is new."""
        if self._place is None or head.seq == self._place.seq:
            return self._place is not None and head.hash == self._place.hash
        return self._place.is_in(self._ledger)

    def _begin(self, end: int) -> int:
        """Find out from which fact on people are told, and say so where the ledger is another one."""
        found: list[Alert]
        self._watcher, kept, found = self._watcher.anew(), self._outbox.place(), []
        if kept is None:
            self._told = end
        elif kept.is_in(self._ledger):
            self._told = kept.seq
        else:
            self._told = kept.last_before(self._ledger)
            found = self._watcher.replaced(kept.seq, self._told, self._clock.now())
        self._place = Place.of(self._ledger, self._told)
        return self._outbox.take(found, self._place, self._levels, self._clock.now())
