"""Days of a whole daemon at a broker where things go wrong: time, a market, the truth, and what must hold.

The daemon is the real one, with its loop, its reconciliation and its schedule. It speaks with a simulated
broker that nets positions as brokers do, through an edge at which faults happen by a plan; it dies where a
test says so and is put together anew from its ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from engine.hand_made import FREE, FREE_MONEY, Told, hand_spec
from engine.watched import ANNA, DAY, LENIENT, NEXT, FlagInMemory, at, past_bars, past_vix
from execution.tapes import CALENDAR, Row, bars, call, put, tape
from faults.time_and_rights import Hours, OneHolder
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.adapters.brokers.faulty import FaultyBroker
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.control import ReleaseRequested, ResumeRequested
from strikewise.domain.events import Event
from strikewise.domain.instruments import Instrument, date_of
from strikewise.domain.orders import Known, Order, SubmitAnswer, Unknown
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.quotes import DailyBars
from strikewise.domain.reconciled import EXTERNAL, ReconciliationFinished
from strikewise.domain.signals import Action, Close, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.daemon import Daemon, Pace
from strikewise.engine.duties import Duties
from strikewise.engine.failures import Ended
from strikewise.engine.lookout import Lookout, Vigilance
from strikewise.engine.loop import Loop
from strikewise.engine.order_work import Prices
from strikewise.engine.pulse import Identity
from strikewise.engine.reconciliation import Outcome, Reconciler, Trigger
from strikewise.engine.schedule import Cadence
from strikewise.engine.supervisor import Patience, Watch
from strikewise.engine.tenure import Tenure
from strikewise.execution.fills import FillRule
from strikewise.execution.ladder import Ladder
from strikewise.execution.simulated import Habits
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.ledger import Entry, Head, MemoryLedger
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

T = TypeVar("T")

SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
LOWER = Structure.of([Leg(put(470), -1), Leg(put(465), 1)])
CONDOR = Structure.of([Leg(put(475), 1), Leg(put(480), -1), Leg(call(500), -1), Leg(call(505), 1)])
ROWS: Sequence[Row] = [
    (put(465), 30, 40),
    (put(470), 90, 100),
    (put(475), 40, 50),
    (put(480), 100, 110),
    (call(500), 100, 110),
    (call(505), 40, 50),
]
PATIENT = Ladder(steps=3, seconds=120)
"""Orders begin at mid, where nothing fills at once, and reach the touch four minutes later."""
CASH = 10_000_000
ENOUGH = 14
"""Looks within which both sides must agree once nothing goes wrong any more."""


class KilledError(BaseException):
    """The process is gone: nothing that catches errors catches this."""


class Fate:
    """Counts what a process does that outlives it, and kills it before or after one of these things."""

    def __init__(self) -> None:
        self.done = 0
        self.deaths: set[int] = set()

    def touch(self) -> None:
        self.done += 1
        if self.done in self.deaths:
            raise KilledError(f"killed at {self.done}")


class Edge(FaultyBroker):
    """The edge of the broker, at which a test hears every order; it outlives processes that speak with it."""

    fate: Fate
    heard: list[Order]
    slow: Callable[[Order], None]

    def submit(self, order: Order) -> SubmitAnswer:
        self.fate.touch()
        self.slow(order)
        self.heard.append(order)
        answer = super().submit(order)
        self.fate.touch()
        return answer

    def cancel(self, order_id: str) -> SubmitAnswer:
        self.fate.touch()
        answer = super().cancel(order_id)
        self.fate.touch()
        return answer

    def forget(self) -> None:
        """Lose what a dead process was to be told: a stream begins anew."""
        self._inner.events()
        self._stream.cut("", self._clock.now())

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self._timer._plan = FaultPlan()
        self._unknown = 0


class FragileLedger(MemoryLedger):
    """A ledger whose writer may be killed before or after any batch."""

    fate: Fate

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        self.fate.touch()
        head = super().append(entries, recorded_at=recorded_at, expected=expected)
        self.fate.touch()
        return head


@dataclass(frozen=True)
class Timed(Told):
    """Opens structures at given minutes after the open, and leaves each so many minutes after that."""

    at_minutes: Mapping[int, Sequence[Structure]] = field(default_factory=dict)
    leaves_after: int = 10_000

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        minute = int((market_data.as_of - CALENDAR.session_open(market_data.day)).total_seconds() // 60)
        wanted = self.at_minutes.get(minute, ())
        found = [self._signal(one, market_data) for one in wanted if market_data.fresh_spot(one.underlying)]
        return [replace(one, signal_id=f"{one.signal_id}-{minute}") for one in found]

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        passed = (market_data.as_of - position.opened_at).total_seconds() / 60
        if passed >= self.leaves_after:
            return Close("TIME_EXIT", f"minutes={passed:.0f}")
        return super().manage_position(position, market_data, params)


def first(kind: FaultKind, *, nth: int = 1, lasts: int = 1, times: int = 1) -> Fault:
    """Return a fault at one of its first opportunities."""
    return Fault(kind, nth=nth, lasts=lasts, times=times)


def known(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    assert answer.complete
    return answer.value


def by_five_minutes(
    rows: Sequence[Row] = ROWS, *, minutes: int = 120, day: date = DAY, spot: float = 490.0
) -> dict[datetime, tuple[float, Sequence[Row]]]:
    """Return the same quotes for every fifth minute of a session's beginning."""
    return {at(minute, day): (spot, rows) for minute in range(0, minutes + 1, 5)}


@dataclass
class Day:
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

    def ask(self, request: Event) -> int:
        """Append a request of a person."""
        MemoryLedger.append(
            self.ledger, [Entry(request, self.clock.now(), ANNA)], recorded_at=self.clock.now()
        )
        return self.ledger.head.seq

    # --- what it came to --------------------------------------------------------------------------------

    def told(self, kind: type[T]) -> list[T]:
        """Return all facts of a kind."""
        return [one.event for one in self.ledger.records() if isinstance(one.event, kind)]

    def happened(self) -> set[FaultKind]:
        return {kind for kind, _ in self.edge.happened}

    def settled(self) -> Outcome:
        """Let nothing go wrong any more, and compare as often as that is asked for; a person looks once."""
        self.edge.calm_down()
        self.fate.deaths = set()
        self.start()
        now = self.clock.now()
        self.duties.connect(now)
        looked = False
        for _ in range(ENOUGH):
            self.clock.go_to(now)
            self.duties.poll(now)
            outcome = self.duties.reconcile(Trigger.START, now)
            control = self.loop.supervisor.oversight.control  # type: ignore[union-attr]
            if outcome.agreed:
                return outcome
            if control.frozen and not looked and outcome.again_in is not None and _left_to_a_person(outcome):
                looked = True
                for symbol in control.frozen:
                    self.ask(ReleaseRequested(symbol, "seen"))
                self.ask(ResumeRequested("seen"))
            now = self._later(outcome, now)
        raise AssertionError(f"after {ENOUGH} looks ours and theirs still differ: {outcome}")

    def _later(self, outcome: Outcome, now: datetime) -> datetime:
        """Return when to look again; shares on their way may take until the next session has closed."""
        if any(one.reason.startswith("shares of an assignment") for one in outcome.waiting):
            return CALENDAR.session_close(CALENDAR.next_session(CALENDAR.day_of(now)))
        return now + (outcome.again_in or timedelta(seconds=10))

    def check(self) -> None:
        """Assert what must hold after whatever went wrong."""
        self.settled()
        state, truth = self.loop.state, self.truth
        assert self.held() == {one.instrument: one.quantity for one in known(truth.positions())}
        assert state.cash_cents == known(truth.account()).cash_cents
        ours = {name: one.remaining for name, one in state.open_orders.items()}
        theirs = {
            one.order_id: one.quantity - one.filled
            for one in known(truth.open_orders())
            if one.order_id.startswith("sw-")
        }
        assert ours == theirs, "the same orders work on both sides"
        self.nothing_lost()
        self.nothing_twice()
        self.nothing_more_to_do()

    def held(self) -> dict[Instrument, int]:
        """Return what our positions hold, netted."""
        net: Counter[Instrument] = Counter()
        for position in self.loop.state.positions.values():
            for one in position.holdings:
                net[one.instrument] += one.quantity
        return {instrument: quantity for instrument, quantity in net.items() if quantity}

    def nothing_lost(self) -> None:
        """Assert that each order the broker had is written down, with all that was filled of it."""
        for report in known(self.truth.orders_since(at(0) - timedelta(days=1))):
            if report.order_id.startswith("sw-"):
                mine = self.loop.state.order(report.order_id)
                assert mine is not None
                # More is booked here where nobody told that a fill was taken back: holdings are set right.
                assert mine.filled >= report.filled, report

    def nothing_twice(self) -> None:
        """Assert that no order was sent twice, and that no fill was booked twice."""
        sent = Counter(one.order_id for one in self.edge.heard)
        assert all(count == 1 for count in sent.values()), f"sent again: {sent.most_common(3)}"

    def nothing_more_to_do(self) -> None:
        """Assert that another comparison writes nothing but that it was made."""
        before = self.ledger.head.seq
        outcome = self.duties.reconcile(Trigger.START, self.clock.now() + timedelta(seconds=30))
        assert outcome.agreed
        assert outcome.differences == 0
        written = [one.event for one in self.ledger.records(after=before)]
        assert [type(one) for one in written] == [ReconciliationFinished]

    def ours_alone(self) -> list[Position]:
        """Return the positions that are not others'."""
        return [one for one in self.loop.state.positions.values() if one.strategy != EXTERNAL]


def _left_to_a_person(outcome: Outcome) -> bool:
    return any(one.action == "left to a person" for one in outcome.waiting)
