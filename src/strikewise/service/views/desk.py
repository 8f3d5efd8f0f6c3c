"""An account's ledger read once and then only its new facts: where every view begins."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from strikewise.domain.control import RequestMet, SettingsApplied
from strikewise.domain.events import AccountValued, RunStarted, SignalGenerated
from strikewise.domain.instruments import instrument_symbol
from strikewise.domain.reconciled import DifferenceFound, ReconciliationFailed, ReconciliationFinished
from strikewise.domain.signals import Signal
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.journal import JournalKeeper
from strikewise.portfolio.ledger import Ledger, Record
from strikewise.portfolio.offers import Offers
from strikewise.portfolio.picture import Picture, PositionPicture
from strikewise.risk.track import Track
from strikewise.service.views.valuations import Valuations

__all__ = ["ComparisonView", "Desk", "DifferenceView", "Picture", "PositionPicture", "SettingsView"]

KEPT = 200
"""Comparisons and differences that are remembered."""


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A difference: as in `strikewise.domain.reconciled.DifferenceFound`, and when it was found."""

    seq: int
    at: datetime
    kind: str
    what: str
    ours: str
    theirs: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """A comparison: why, and what it came to; ``failure`` says why there was no complete picture."""

    seq: int
    at: datetime
    trigger: str
    differences: int
    open: int
    failure: str


@dataclass(frozen=True, slots=True)
class SettingsView:
    """Settings that a process took up while it ran: when, who saved them, and their digest."""

    at: datetime
    actor: str
    digest: str


class Desk:
    """What a ledger says up to its last fact, for many readers of one process.

    Attributes
    ----------
    keeper : JournalKeeper
        Rows of trades, orders and signals, and the account's state; valuations are beside it.
    valuations : Valuations
        What the account was worth.
    control : ControlState
        Who may trade.
    track : Track
        What happened of late, as far as breakers look back.
    known_at : datetime or None
        When the last fact was known.
    signals : dict of str to Signal
        Every signal, whole, by id.
    offers : Offers
        Those of the last days, and how each may be answered.
    run : RunStarted or None
        The latest run's beginning.
    picture : Picture or None
        What the account looked like at the latest tick, where somebody keeps pictures.
    comparisons, differences : deque
        The latest comparisons with the broker, and what they found.
    requests : dict of int to RequestMet
        What became of requests, by their number.
    compared : dict of str to int, or None
        What we held of each instrument when last compared with the broker; None before the first time.
    kept : dict of str to object
        What a view made of a trade and will make of it again, by id.
    """

    def __init__(self) -> None:
        self.keeper = JournalKeeper()
        self.kept: dict[str, Any] = {}
        self.valuations = Valuations()
        self.control = ControlState()
        self.track = Track()
        self.known_at: datetime | None = None
        self.signals: dict[str, Signal] = {}
        self.offers = Offers()
        self.run: RunStarted | None = None
        self.picture: Picture | None = None
        self.comparisons: deque[ComparisonView] = deque(maxlen=KEPT)
        self.differences: deque[DifferenceView] = deque(maxlen=KEPT)
        self.requests: dict[int, RequestMet] = {}
        self.compared: dict[str, int] | None = None
        self.settings: SettingsView | None = None
        self._lock = Lock()

    @property
    def seq(self) -> int:
        """The last fact read."""
        return self.keeper.state.seq

    def holdings(self) -> dict[str, int]:
        """Return how much is held of each instrument, over all positions."""
        held: dict[str, int] = {}
        for position in self.keeper.state.positions.values():
            for one in position.holdings:
                name = instrument_symbol(one.instrument)
                held[name] = held.get(name, 0) + one.quantity
        return held

    def read_on(self, ledger: Ledger, picture: Picture | None = None) -> int:
        """Read the facts that are new, and return how many.

        Parameters
        ----------
        ledger : Ledger
            The account's.
        picture : Picture, optional
            The latest; the one before stays where there is none.
        """
        with self._lock:
            before = self.seq
            for record in ledger.records(after=before):
                self._follow(record)
            self.picture = picture or self.picture
        return self.seq - before

    def _follow(self, record: Record) -> None:
        before = self.keeper.state
        self._keep(record)
        self.track, self.known_at = self.track.apply(record, before, self.keeper.state), record.known_at
        self.control = self.control.apply(record.seq, record.event, record.known_at, record.actor)
        self.offers = self.offers.apply(record)
        if isinstance(record.event, SignalGenerated):
            self.signals.setdefault(record.event.signal.signal_id, record.event.signal)
        elif isinstance(record.event, RunStarted):
            self.run = record.event
        else:
            self._compare(record)

    def _keep(self, record: Record) -> None:
        event, keeper = record.event, self.keeper
        if isinstance(event, AccountValued):  # a row of each would be most of what a process holds
            keeper.state = keeper.state.apply(record.seq, event, record.known_at)
            self.valuations.add(event, record.seq, record.known_at, keeper.state.deposited_cents)
            return
        keeper.add(record)
        keeper.changed.clear()  # nobody here asks for it, and it grows

    def _compare(self, record: Record) -> None:
        seq, at = record.seq, record.known_at
        match record.event:
            case RequestMet(request=number) as met:
                self.requests[number] = met
            case DifferenceFound() as one:
                found = DifferenceView(
                    seq, at, one.kind, one.what, one.ours, one.theirs, one.action, one.reason
                )
                self.differences.append(found)
            case ReconciliationFinished() as one:
                made = ComparisonView(seq, at, one.trigger, one.differences, one.open, "")
                self.comparisons.append(made)
                self.compared = self.holdings()
            case SettingsApplied(digest=digest):
                self.settings = SettingsView(at, record.actor, digest)
            case ReconciliationFailed(trigger=trigger, reason=reason):
                self.comparisons.append(ComparisonView(seq, at, trigger, 0, 0, reason))
            case _:
                pass
