"""Days of a whole daemon at a broker where things go wrong: time, a market, the truth, and what must hold.

The daemon is the real one, with its loop, its reconciliation and its schedule. It speaks with a simulated
broker that nets positions as brokers do, through an edge at which faults happen by a plan; it dies where a
test says so and is put together anew from its ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from engine.hand_made import FREE, FREE_MONEY, hand_spec
from engine.watched import DAY, LENIENT, NEXT, FlagInMemory, at, past_bars, past_vix
from execution.tapes import CALENDAR, Row, bars, tape
from faults.law import Lawful
from faults.mortal import Edge, Fate, FragileLedger, KilledError
from faults.time_and_rights import Hours, OneHolder
from faults.wishes import CONDOR, LOWER, PATIENT, ROWS, SPREAD, Timed, by_five_minutes, first, known
from strikewise.adapters.brokers.fault_plan import Fault, FaultPlan
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.instruments import date_of
from strikewise.domain.quotes import DailyBars
from strikewise.engine.daemon import Daemon, Pace
from strikewise.engine.duties import Duties
from strikewise.engine.failures import Ended
from strikewise.engine.lookout import Lookout, Vigilance
from strikewise.engine.loop import Loop
from strikewise.engine.order_work import Prices
from strikewise.engine.patience import Patience
from strikewise.engine.pulse import Identity
from strikewise.engine.reconciliation import Reconciler
from strikewise.engine.schedule import Cadence
from strikewise.engine.supervisor import Watch
from strikewise.engine.tenure import Tenure
from strikewise.execution.fills import FillRule
from strikewise.execution.ladder import Ladder
from strikewise.execution.simulated import Habits
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.risk.governor import Governor

__all__ = [
    "CASH",
    "CONDOR",
    "DAY",
    "LOWER",
    "NEXT",
    "PATIENT",
    "ROWS",
    "SPREAD",
    "Day",
    "KilledError",
    "Timed",
    "at",
    "by_five_minutes",
    "first",
    "known",
]

CASH = 10_000_000


@dataclass
class Day(Lawful):
    """An account at a broker with faults, from one instant to another, whatever happens in between.

    Attributes
    ----------
    faults : sequence of Fault
        What goes wrong at the edge.
    strategies : sequence
        What is traded.
    quotes : mapping
        The market.
    ladder : Ladder or None
        How orders are worked; None sends them at the touch, where they fill at once.
    """

    faults: Sequence[Fault] = ()
    strategies: Sequence[Any] = (Timed({}, at_minutes={15: [SPREAD]}),)
    quotes: Mapping[datetime, tuple[float, Sequence[Row]]] = field(default_factory=by_five_minutes)
    ladder: Ladder | None = None
    volume: int = 10_000
    seed: int = 1
    governor: Governor = LENIENT
    limits: Any = None
    cadence: Cadence = field(default_factory=lambda: Cadence(scan=300, manage=60, reconcile=120))
    vigilance: Vigilance = field(default_factory=lambda: Vigilance(stale=0, silent=0))
    closes: Sequence[float] = ()
    poll: float = 15.0

    def __post_init__(self) -> None:
        days = sorted(moment.date() for moment in self.quotes)
        changes = {} if self.limits is None else {"limits": self.limits}
        self.spec = hand_spec(*self.strategies, start=days[0], end=days[-1], **changes).run
        made = tape(self.quotes, volume=self.volume, open_interest=self.volume)
        self.market = Market(MemorySource([made], bars=[self._bars()], series=[past_vix()]), CALENDAR)
        self.clock = Hours(min(self.quotes))
        self.fate, self.flag, self.leases = Fate(), FlagInMemory(), OneHolder()
        self.ledger = FragileLedger()
        self.ledger.fate = self.fate
        self.truth = PaperBroker(
            CASH, rule=FillRule(), fees=FREE, financing=FREE_MONEY, habits=Habits("hand", netted=True)
        )
        plan = FaultPlan(self.seed, tuple(self.faults))
        self.edge = Edge(self.truth, plan, self.clock, world=self.truth)
        self.edge.fate, self.edge.heard, self.edge.slow = self.fate, [], lambda _order: None
        self.while_down: Callable[[], object] = lambda: None
        self.said: list[tuple[str, str, Mapping[str, object]]] = []
        self.starts = 0

    def _bars(self) -> DailyBars:
        """Return the bars of the past, and those of these days where their closes are given."""
        past = past_bars()
        days = {date_of(int(day)): (price, price) for day, price in zip(past.days, past.close, strict=True)}
        days |= {day: (close, close) for day, close in zip((DAY, NEXT), self.closes, strict=False)}
        return bars("SPY", days)

    # --- running ----------------------------------------------------------------------------------------

    def run(self, minute: int, *, day: date = DAY) -> Ended:
        """Let a daemon run to a minute after the open; where it is killed, let the next one go on."""
        until = at(minute, day)
        while True:
            try:
                return self.start().run(until=until)
            except KilledError:
                self.while_down()
                self.edge.forget()

    def die_once(self, minute: int, *, day: date = DAY, back: int | None = None) -> None:
        """Plan that the process is killed at a minute after the open, and back at another."""

        def die() -> None:
            raise KilledError

        self.clock.plan(at(minute, day), die)
        if back is not None:
            self.while_down = lambda: self.clock.go_to(at(back, day))

    def start(self) -> Daemon:
        """Put a daemon together from what is in the ledger."""
        self.starts += 1
        holder = f"here:{self.starts}:{self.starts}"
        tenure = Tenure(self.leases, self.spec.account, holder, self.clock)
        tenure.take(instead_of=f"here:{self.starts - 1}:{self.starts - 1}")
        self.duties = self._duties()
        return Daemon(
            self.duties,
            Identity("0", self.spec.account, "rehearsal", "simulated", "by hand"),
            clock=self.clock,
            wall=self.clock,
            cadence=self.cadence,
            tenure=tenure,
            beat=lambda _beat: None,
            say=lambda *said: self.said.append(said),
            pace=Pace(poll=self.poll, beat=600.0),
        )

    def _duties(self) -> Duties:
        prices = None if self.ladder is None else Prices(self.ladder, FillRule())
        self.loop = Loop(
            self.spec,
            market=self.market,
            broker=self.edge,
            ledger=self.ledger,
            clock=self.clock,
            watch=Watch(self.flag, self.governor, Patience(), prices),
        )
        return Duties(
            self.loop,
            Reconciler(self.spec.account, self.loop.writer, self.loop.courier, CALENDAR),
            self.market,
            self.ledger,
            lookout=Lookout(self.vigilance),
            arrive=lambda: None,
            follow=self.truth.advance,
            say=lambda *said: self.said.append(said),
            underlyings=self.spec.underlyings,
        )
