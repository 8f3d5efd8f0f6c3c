"""A process on delayed quotes that a vendor serves over HTTP: late, stale and missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest

from engine.hand_made import Told
from engine.watched import CALENDAR, DAY, NEXT, ROWS, SPREAD, at, past_bars, past_vix
from recovery.small_world import World, ours
from strikewise.adapters.feeds.cboe import CboeFeed
from strikewise.domain.control import AlertRaised, FaultNoted, TradingStateChanged
from strikewise.domain.events import OrderFilled, OrderPlaced
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Purpose
from strikewise.engine.lookout import Vigilance
from strikewise.engine.schedule import Cadence
from strikewise.market.calendar import NEW_YORK
from strikewise.market.clock import ReplayClock
from strikewise.market.memory_source import MemorySource

DELAY = timedelta(minutes=15)
CADENCE = Cadence(scan=300, manage=60, reconcile=900, before_open=60, after_close=60, no_entries=0)


def option(contract: OptionContract, bid: int, ask: int) -> dict[str, Any]:
    return {
        "option": f"SPY{contract.expiration:%y%m%d}{contract.right.value}{contract.strike_milli:08d}",
        "bid": bid / 100,
        "ask": ask / 100,
        "iv": 0.15,
        "delta": -0.2,
        "volume": 10_000.0,
        "open_interest": 10_000.0,
    }


@dataclass
class Vendor:
    """A hand-written vendor that shows the market as it was a quarter of an hour ago, by the same clock."""

    clock: ReplayClock
    down: Sequence[tuple[datetime, datetime]] = ()
    frozen: Sequence[tuple[datetime, datetime]] = ()
    asked: list[tuple[datetime, str]] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, bytes]:
        now = self.clock.now()
        self.asked.append((now, path))
        if any(first <= now < last for first, last in self.down):
            return 503, b"come again later"
        since = next((first for first, last in self.frozen if first <= now < last), now)
        said = {
            "timestamp": f"{now:%Y-%m-%d %H:%M:%S}",
            "data": {
                "symbol": "SPY",
                "current_price": 490.0,
                "last_trade_time": f"{(since - DELAY).astimezone(NEW_YORK):%Y-%m-%dT%H:%M:%S}",
                "options": [option(*row[:3]) for row in ROWS],
            },
        }
        return 200, json.dumps(said).encode()

    def serve(self) -> ThreadingHTTPServer:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, body = vendor.answer(self.path)
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server


@dataclass
class Delayed:
    """A world whose chains come from the vendor, and bars and volatilities from what is stored."""

    world: World
    vendor: Vendor
    feed: CboeFeed


@pytest.fixture
def delayed() -> Iterator[Delayed]:
    world = World(
        trader=Told({DAY: [SPREAD]}, closes=frozenset({NEXT})), cadence=CADENCE, vigilance=Vigilance(silent=0)
    )
    vendor = Vendor(world.clock)
    server = vendor.serve()
    stored = MemorySource(bars=[past_bars()], series=[past_vix()])
    feed = CboeFeed(
        ["SPY"],
        clock=world.clock,
        calendar=CALENDAR,
        base=stored,
        url=f"http://127.0.0.1:{server.server_address[1]}/delayed/{{symbol}}.json",
    )
    world.source, world.arrive, world.problems = feed, feed.refresh, feed.problems
    yield Delayed(world, vendor, feed)
    server.shutdown()
    server.server_close()


def placed(world: World) -> list[tuple[Purpose, datetime]]:
    records = [one for one in world.records() if isinstance(one.event, OrderPlaced)]
    return [(one.event.order.purpose, one.known_at) for one in records]  # type: ignore[union-attr]


def test_two_days_are_traded_on_delayed_quotes_and_the_vendor_is_asked_politely(delayed: Delayed) -> None:
    world, vendor = delayed.world, delayed.vendor
    world.cadence = replace(CADENCE, manage=300)
    daemon = world.process()
    assert daemon.run(until=at(40, NEXT)).code == 0
    (opened, first), (closed, second) = placed(world)
    assert (opened, closed) == (Purpose.OPEN, Purpose.CLOSE)
    # What is shown in the first quarter of an hour is of before the open: nobody can trade on it.
    assert at(15) <= first <= at(20)
    assert at(15, NEXT) <= second <= at(20, NEXT)
    assert len(world.told(OrderFilled)) == 2
    assert world.told(FaultNoted) == []
    assert ours(daemon) == world.truth()
    instants = [instant for instant, _ in vendor.asked]
    assert min(b - a for a, b in pairwise(instants)) >= timedelta(seconds=60)
    assert {path for _, path in vendor.asked} == {"/delayed/SPY.json"}
    assert all(CALENDAR.is_open(instant) for instant in instants), "closed markets have no news"
    assert len(delayed.feed.snapshots("SPY")) == 64


def test_a_vendor_that_is_gone_is_told_once_asked_rarely_and_its_return_is_told(delayed: Delayed) -> None:
    delayed.vendor.down = [(at(30), at(90))]
    delayed.world.process().run(until=at(105))
    told = [one for one in delayed.world.told(FaultNoted) if one.code == "FEED_FAILED"]
    assert [(one.symbol, "503" in one.detail) for one in told] == [("SPY", True)]
    alerts = [one.code for one in delayed.world.told(AlertRaised)]
    assert alerts.count("FEED_FAILED_OVER") == 1
    in_vain = [instant for instant, _ in delayed.vendor.asked if at(30) <= instant < at(90)]
    assert len(in_vain) < 12
    stale = [one for one in delayed.world.records() if isinstance(one.event, FaultNoted)][1]
    assert (stale.event.code, stale.event.symbol) == ("STALE_CHAIN", "SPY")  # type: ignore[union-attr]
    assert at(55) <= stale.known_at <= at(60), "what is older than 25 minutes is stale, whatever keeps it so"
    assert delayed.world.told(TradingStateChanged) == [], "one outage is no five errors"


def test_an_old_body_under_a_fresh_stamp_is_traded_on_for_twenty_minutes_and_then_stale(
    delayed: Delayed,
) -> None:
    frozen = at(16), at(120)
    delayed.vendor.frozen = [frozen]
    delayed.world.process().run(until=at(130))
    stale = [one for one in delayed.world.records() if isinstance(one.event, FaultNoted)]
    assert [one.event.code for one in stale] == ["STALE_CHAIN"]  # type: ignore[union-attr]
    assert at(41) <= stale[0].known_at <= at(43)
    assert all(not at(36) < instant < at(120) for _, instant in placed(delayed.world))
    assert [one.code for one in delayed.world.told(AlertRaised)].count("STALE_CHAIN_OVER") == 1
