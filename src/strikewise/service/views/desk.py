"""An account's ledger read once and then only its new facts: where every view begins."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from strikewise.domain.events import RunStarted, SignalGenerated
from strikewise.domain.signals import Signal
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.journal import JournalKeeper
from strikewise.portfolio.ledger import Ledger, Record
from strikewise.portfolio.picture import Picture, PositionPicture

__all__ = ["Desk", "Picture", "PositionPicture"]


class Desk:
    """What a ledger says up to its last fact, for many readers of one process.

    Attributes
    ----------
    keeper : JournalKeeper
        Rows of trades, orders, signals and equity, and the account's state.
    control : ControlState
        Who may trade.
    signals : dict of str to Signal
        Every signal, whole, by id.
    run : RunStarted or None
        The latest run's beginning.
    picture : Picture or None
        What the account looked like at the latest tick, where somebody keeps pictures.
    """

    def __init__(self) -> None:
        self.keeper = JournalKeeper()
        self.control = ControlState()
        self.signals: dict[str, Signal] = {}
        self.run: RunStarted | None = None
        self.picture: Picture | None = None
        self._lock = Lock()

    @property
    def seq(self) -> int:
        """The last fact read."""
        return self.keeper.state.seq

    def read_on(self, ledger: Ledger, picture: Picture | None = None) -> tuple[Record, ...]:
        """Read the facts that are new, and return them.

        Parameters
        ----------
        ledger : Ledger
            The account's.
        picture : Picture, optional
            The latest; the one before stays where there is none.
        """
        with self._lock:
            new = tuple(self._followed(ledger))
            self.picture = picture or self.picture
        return new

    def _followed(self, ledger: Ledger) -> Iterator[Record]:
        for record in ledger.records(after=self.seq):
            self.keeper.add(record)
            self.control = self.control.apply(record.seq, record.event, record.known_at, record.actor)
            if isinstance(record.event, SignalGenerated):
                self.signals.setdefault(record.event.signal.signal_id, record.event.signal)
            elif isinstance(record.event, RunStarted):
                self.run = record.event
            yield record
