"""Alpaca's adapter on the stage of the contract: the vendor's kit, a local port, the local server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Event

from adapters.brokers.alpaca_canned import HandTimer
from contracts.broker_stages import CASH, FIRST, QUOTES, SPOT, VOLUME, Tapes, in_session
from execution.tapes import Row
from strikewise.adapters.brokers.alpaca import AlpacaBroker, Patience
from strikewise.adapters.brokers.alpaca_server.serve import AlpacaServer
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_stream import Message
from strikewise.domain.orders import BrokerEvent, Known
from strikewise.execution.broker import Broker
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.market.clock import SimulatedClock

__all__ = ["alpaca"]

SECONDS = 5.0
MONEY = 2 * CASH
"""Shares are bought on a margin of half their price elsewhere; here they are paid."""


class Listening(AlpacaBroker):
    """The broker, and how many updates of the stream it has taken in."""

    heard = 0

    def _meaning(self, message: Message) -> list[BrokerEvent]:
        self.heard += 1
        return super()._meaning(message)


class AlpacaStage:
    """The server's account, shown through the adapter; what no stream tells is asked for."""

    def __init__(self, broker: Listening, venue: Venue, clock: SimulatedClock, tapes: Tapes) -> None:
        self.broker: Broker = broker
        self._listening, self._venue, self._clock, self._tapes = broker, venue, clock, tapes
        self._sent, self._cursor = 0, ""
        venue.updates.listen(self._count)

    def session(self, day: date) -> None:
        self.tick(in_session(day), QUOTES)

    def tick(self, at: datetime, quotes: Sequence[Row], *, spot: float = SPOT, volume: int = VOLUME) -> None:
        self._venue.market = self._tapes.show(at, spot, quotes, volume)
        self._venue.advance(at)
        self._clock.advance_to(at)

    def told(self, count: int = 0) -> list[BrokerEvent]:
        found: list[BrokerEvent] = []
        waiter = Event()
        for _ in range(int(SECONDS / 0.002)):
            found += self.broker.events()
            if self._listening.heard >= self._sent:
                break
            waiter.wait(0.002)
        page = self.broker.activities_since(self._cursor)
        assert isinstance(page, Known)
        self._cursor = page.value.cursor
        found += page.value.items
        assert len(found) >= count, f"{count} events were to be told; told were {found}"
        return found

    def _count(self, _update: object) -> None:
        self._sent += 1


@contextmanager
def alpaca() -> Iterator[AlpacaStage]:
    """Show Alpaca's adapter, connected."""
    start, tapes = in_session(FIRST) - timedelta(days=1), Tapes()
    clock = SimulatedClock(start)
    core = SimulatedBroker(MONEY, habits=Habits(netted=True))
    venue = Venue(tapes.show(start - timedelta(hours=1), SPOT, (), VOLUME), core, MONEY, start)
    with AlpacaServer(venue) as server:
        broker = Listening(
            server.key,
            server.secret,
            url=server.url,
            stream_url=server.stream_url,
            clock=clock,
            prefix="",
            timer=HandTimer(),
            requests_a_minute=10_000,
            patience=Patience(read=2.0, again=0.01),
        )
        assert broker.connect().connected
        try:
            yield AlpacaStage(broker, venue, clock, tapes)
        finally:
            broker.close()
