"""A process that trades two short days: small enough to die hundreds of times, whole enough to be real."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.hand_made import FREE, FREE_MONEY, Told, hand_spec
from engine.watched import CALENDAR, DAY, LENIENT, NEXT, ROWS, SPREAD, FlagInMemory, at, past_bars, past_vix
from execution.tapes import tape
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Known
from strikewise.engine.answering import Answering
from strikewise.engine.daemon import Daemon
from strikewise.engine.duties import Duties
from strikewise.engine.failures import Ended, Tolerance
from strikewise.engine.lookout import Lookout, Vigilance
from strikewise.engine.loop import Loop
from strikewise.engine.pulse import Identity
from strikewise.engine.reconciliation import Reconciler
from strikewise.engine.recovery import resumed_broker
from strikewise.engine.schedule import Cadence
from strikewise.engine.supervisor import Watch
from strikewise.engine.tenure import Tenure
from strikewise.execution.broker import Broker
from strikewise.execution.fills import FillRule
from strikewise.execution.heartbeat import Heartbeat
from strikewise.market.clock import ReplayClock
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.lease import Held, Lease, Lost
from strikewise.portfolio.ledger import Ledger, MemoryLedger, Record
from strikewise.risk.governor import Governor

CADENCE = Cadence(
    scan=60, manage=60, reconcile=60, before_open=60, after_close=60, no_entries=0, outside=3600
)
MINUTES = 5
"""Of quotes a day."""
RULES: Mapping[str, Any] = {"rule": FillRule(), "fees": FREE, "financing": FREE_MONEY}
END = CALENDAR.session_close(NEXT) + timedelta(hours=1)


SELDOM = Cadence(
    scan=600, manage=600, reconcile=1800, before_open=60, after_close=60, no_entries=0, outside=3600
)
"""For accounts that live many times: few looks, and as much to do at each."""


def quoted(minutes: Iterable[int]) -> MemorySource:
    """Return a market with the same quotes at some minutes of both days."""
    shown = {at(minute, day): (490.0, ROWS) for day in (DAY, NEXT) for minute in minutes}
    return MemorySource([tape(shown)], bars=[past_bars()], series=[past_vix()])


SOURCE = quoted(range(1, MINUTES + 1))
SELDOM_QUOTED = quoted(range(10, 50, 10))
TRADER = Told({DAY: [SPREAD]}, closes=frozenset({NEXT}))


def mortal(**options: Any) -> World:
    """Return a world for an account that dies many times."""
    return World(source=SELDOM_QUOTED, cadence=SELDOM, **options)


class NoLeases:
    """Leases that nobody else wants; or that somebody takes away."""

    def __init__(self) -> None:
        self.lost = False

    def take(
        self, account: str, holder: str, *, now: datetime, seconds: float, instead_of: str = ""
    ) -> Lease | Held:
        return Lease(account, holder, now, now + timedelta(seconds=seconds))

    def renew(self, account: str, holder: str, *, now: datetime, seconds: float) -> Lease | Lost:
        if self.lost:
            return Lost(account, Lease(account, "elsewhere:1:", now, now + timedelta(seconds=seconds)))
        return Lease(account, holder, now, now + timedelta(seconds=seconds))

    def release(self, account: str, holder: str) -> bool:
        return True

    def holder(self, account: str) -> Lease | None:
        return None


class Wall(ReplayClock):
    """A computer's clock that shows and passes the market's time."""

    __slots__ = ("market",)

    def __init__(self, market: ReplayClock) -> None:
        super().__init__(market.now())
        self.market = market

    def now(self) -> datetime:
        return self.market.now()

    def monotonic(self) -> float:
        return self.market.now().timestamp()


@dataclass
class World:
    """What outlives a process: the ledger, the flag, and the broker where it is somebody else's."""

    trader: Any = TRADER
    source: MarketSource = field(default_factory=lambda: SOURCE)
    ledger: Any = field(default_factory=MemoryLedger)
    flag: FlagInMemory = field(default_factory=FlagInMemory)
    leases: NoLeases = field(default_factory=NoLeases)
    governor: Governor = LENIENT
    answering: Answering = field(default_factory=Answering)
    cadence: Cadence = CADENCE
    survives: bool = True
    edge: Callable[[PaperBroker, ReplayClock], Broker] = lambda broker, _clock: broker
    arrive: Callable[[], None] = lambda: None
    problems: Callable[[], Mapping[str, str]] = dict
    vigilance: Vigilance = field(default_factory=lambda: Vigilance(stale=0, silent=0))
    beats: list[Heartbeat] = field(default_factory=list)
    said: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spec = hand_spec(self.trader, start=DAY, end=NEXT).run
        self.clock = ReplayClock(CALENDAR.session_open(DAY) - timedelta(minutes=5))
        self.broker = PaperBroker(self.spec.capital_cents, **RULES)

    def process(self, *, wrap: Callable[[Any], Any] = lambda part: part) -> Daemon:
        """Start a process, its ledger and broker each seen through ``wrap``."""
        market = Market(self.source, CALENDAR)
        if not self.survives and self.ledger.head.seq:
            self.broker = resumed_broker(self.ledger.records(), market, kind=PaperBroker, **RULES)  # type: ignore[assignment]
        ledger: Ledger = wrap(self.ledger)
        loop = Loop(
            self.spec,
            market=market,
            broker=wrap(self.edge(self.broker, self.clock)),
            ledger=ledger,
            clock=self.clock,
            watch=Watch(self.flag, self.governor, answering=self.answering),
        )
        duties = Duties(
            loop,
            Reconciler(self.spec.account, loop.writer, loop.courier, CALENDAR),
            market,
            ledger,
            lookout=Lookout(self.vigilance),
            arrive=self.arrive,
            problems=self.problems,
            follow=self._follow,
            say=lambda level, event, pairs: self.said.append((level, event, pairs)),
            underlyings=self.spec.underlyings,
            tolerance=Tolerance(5),
        )
        wall = Wall(self.clock)
        tenure = Tenure(self.leases, self.spec.account, "here:1:", wall)
        tenure.take()
        return Daemon(
            duties,
            Identity("0", self.spec.account, "rehearsed", "paper", "tape"),
            clock=self.clock,
            wall=wall,
            cadence=self.cadence,
            tenure=tenure,
            beat=self.beats.append,
            say=lambda level, event, pairs: self.said.append((level, event, pairs)),
        )

    def run(self) -> Ended:
        """Run a process to the end."""
        return self.process().run(until=END)

    def _follow(self, view: MarketView) -> None:
        self.broker.advance(view)

    # --- what there is at the end -----------------------------------------------------------------------

    def told(self, kind: type) -> list[Any]:
        return [one.event for one in self.records() if isinstance(one.event, kind)]

    def records(self) -> Iterator[Record]:
        return self.ledger.records()

    def truth(self) -> tuple[int, dict[Instrument, int]]:
        """Return cash and holdings as the broker has them."""
        cash, held = self.broker.account(), self.broker.positions()
        assert isinstance(cash, Known)
        assert isinstance(held, Known)
        return cash.value.cash_cents, {one.instrument: one.quantity for one in held.value}


def ours(daemon: Daemon) -> tuple[int, dict[Instrument, int]]:
    """Return cash and holdings as the ledger has them."""
    state, net = daemon._duties.loop.state, {}
    for position in state.positions.values():
        for one in position.holdings:
            net[one.instrument] = net.get(one.instrument, 0) + one.quantity
    return state.cash_cents, {one: quantity for one, quantity in net.items() if quantity}
