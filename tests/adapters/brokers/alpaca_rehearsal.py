"""The broker's adapter talking, through the vendor's kit, to the local server: on a small market."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Event

from adapters.brokers.alpaca_canned import HandTimer
from execution.tapes import Row, close_of, market, put, tape
from strikewise.adapters.brokers.alpaca import AlpacaBroker, Patience
from strikewise.adapters.brokers.alpaca_server.edge import Exchange
from strikewise.adapters.brokers.alpaca_server.serve import AlpacaServer
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.domain.orders import BrokerEvent
from strikewise.execution.floor import Habits
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.clock import SimulatedClock

FIRST, SECOND, EXPIRY = date(2024, 3, 12), date(2024, 3, 13), date(2024, 3, 15)
QUOTES: tuple[Row, ...] = ((put(480), 45, 50), (put(475), 30, 35))
CASH = 1_000_000
PATIENCE = 5.0


def in_session(day: date) -> datetime:
    return close_of(day) - timedelta(hours=1)


class Rehearsal:
    """A server, the broker before it, and the time of both."""

    def __init__(
        self, broker: AlpacaBroker, server: AlpacaServer, venue: Venue, clock: SimulatedClock
    ) -> None:
        self.broker, self.server, self.venue, self.clock = broker, server, venue, clock
        self.timer = HandTimer()
        self.exchanges: list[Exchange] = []

    def move(self, to: datetime) -> None:
        self.venue.advance(to)
        self.clock.advance_to(to)

    def until(self, enough: Callable[[Sequence[BrokerEvent]], bool]) -> list[BrokerEvent]:
        """Return the broker's events once they are enough; fail where they never are."""
        found: list[BrokerEvent] = []
        waiter = Event()
        for _ in range(int(PATIENCE / 0.005)):
            found += self.broker.events()
            if enough(found):
                return found
            waiter.wait(0.005)
        raise AssertionError(f"the stream told only {found}")

    def told(self, count: int) -> list[BrokerEvent]:
        return self.until(lambda events: len(events) >= count)


@contextmanager
def rehearsal(
    *,
    quotes: Sequence[Row] = QUOTES,
    spots: tuple[float, float, float] = (485.0, 485.0, 485.0),
    account_id: str = "",
    prefix: str = "o-",
    level: int = 3,
    faults: FaultPlan | None = None,
) -> Iterator[Rehearsal]:
    """Serve an account with cash on a market of two sessions and an expiration."""
    instants = (in_session(FIRST), in_session(SECOND), close_of(EXPIRY))
    tapes = tape({at: (spot, quotes) for at, spot in zip(instants, spots, strict=True)}, volume=100)
    start = in_session(FIRST)
    venue = Venue(market(tapes), SimulatedBroker(CASH, habits=Habits(netted=True)), CASH, start, level=level)
    clock, exchanges, timer = SimulatedClock(start), [], HandTimer()
    server = AlpacaServer(venue, record=exchanges.append, faults=faults)
    broker = AlpacaBroker(
        server.key,
        server.secret,
        url=server.url,
        stream_url=server.stream_url,
        clock=clock,
        account_id=account_id,
        prefix=prefix,
        timer=timer,
        patience=Patience(read=0.25, again=0.01),
    )
    made = Rehearsal(broker, server, venue, clock)
    made.timer, made.exchanges = timer, exchanges
    with server:
        try:
            yield made
        finally:
            broker.close()
