"""Alpaca's data as a source that arrives: whole chains or none, graded, dated, and recomputed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

from adapters.brokers.alpaca_canned import Answer, Canned, HandTimer, canned
from adapters.brokers.alpaca_schema import AlpacaSchema
from adapters.feeds.files import DAY, assert_true_to, quotes
from adapters.made_chains import World
from execution.tapes import bars, close_of, market, put, tape
from strikewise.adapters.brokers.alpaca_server.edge import Exchange
from strikewise.adapters.brokers.alpaca_server.serve import AlpacaServer
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.feeds.alpaca import AlpacaData, AlpacaFeed, OptionFeed
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import DailyBars, Grade
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import SimulatedClock
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource

CALENDAR = SessionCalendar()
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
CHAIN, SPOTS = "/v1beta1/options/snapshots/SPY", "/v2/stocks/snapshots"
BARS, CONTRACTS = "/v2/stocks/bars", "/v2/options/contracts"


def symbol(row: Mapping[str, Any]) -> str:
    side = "P" if row["is_put"] else "C"
    return f"SPY{row['expiration']:%y%m%d}{side}{round(row['strike'] * 1000):08d}"


def snapshot(row: Mapping[str, Any], at: datetime = NOON) -> dict[str, Any]:
    stamp = at.isoformat().replace("+00:00", ".123456789Z")
    quote = {"bp": row["bid"], "ap": row["ask"], "bs": 5, "as": 7, "bx": "C", "ax": "C", "c": "A", "t": stamp}
    return {"latestQuote": quote, "dailyBar": {"v": 12, "t": f"{at:%Y-%m-%d}T05:00:00Z"}}


def snapshots(at: datetime = NOON, day: date = DAY) -> dict[str, Any]:
    return {symbol(row): snapshot(row, at) for row in quotes(day)}


def bar(day: date, close: float) -> dict[str, Any]:
    return {
        "t": f"{day}T05:00:00Z",
        "o": close,
        "h": close,
        "l": close,
        "c": close,
        "v": 1000,
        "n": 1,
        "vw": close,
    }


@pytest.fixture
def vendor() -> Iterator[Canned]:
    with canned() as made:
        made.say("GET", CHAIN, Answer({"snapshots": snapshots(), "next_page_token": None}))
        quote = {"bp": 399.99, "ap": 400.01, "t": "2026-01-05T17:00:00Z"}
        made.say("GET", SPOTS, Answer({"SPY": {"latestQuote": quote, "latestTrade": {"p": 390.0}}}))
        made.say("GET", BARS, Answer({"bars": {}, "next_page_token": None}))
        yield made


class Arriving:
    """A feed before canned answers, and its clock."""

    def __init__(
        self,
        vendor: Canned,
        *,
        options: OptionFeed = "opra",
        base: MarketSource | None = None,
        now: datetime = NOON,
        trading: bool = False,
    ) -> None:
        self.clock, self.timer = SimulatedClock(now), HandTimer()
        self.data = AlpacaData(
            "key",
            "secret",
            vendor.url,
            clock=self.clock,
            options=options,
            stocks="iex",
            trading_url=vendor.url if trading else "",
            timer=self.timer,
        )
        self.feed = AlpacaFeed(
            self.data, ["SPY"], options=options, clock=self.clock, calendar=CALENDAR, base=base
        )

    def again(self, later: timedelta = timedelta(minutes=15)) -> None:
        self.clock.advance_to(self.clock.now() + later)
        self.feed.refresh()


def test_a_chain_without_greeks_is_recomputed_from_its_quotes(vendor: Canned) -> None:
    close = CALENDAR.session_close(DAY)
    vendor.say("GET", CHAIN, Answer({"snapshots": snapshots(close), "next_page_token": None}))
    made = Arriving(vendor, now=close)
    made.feed.refresh()
    assert made.feed.problems() == {}
    assert_true_to(World(), made.feed)
    chain = made.feed.chain("SPY", close)
    assert chain is not None
    assert (chain.as_of, chain.source, chain.spot) == (close, "alpaca", 400.0)
    assert set(chain.volume.tolist()) == {12}
    assert set(chain.open_interest.tolist()) == {-1}


@pytest.mark.parametrize(("options", "grade"), [("opra", Grade.QUOTES), ("indicative", Grade.INDICATIVE)])
def test_quotes_the_vendor_made_itself_are_graded_so(
    vendor: Canned, options: OptionFeed, grade: Grade
) -> None:
    made = Arriving(vendor, options=options)
    made.feed.refresh()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    assert chain.grade is grade
    (asked,) = vendor.of("GET", CHAIN)
    assert parse_qs(asked.query)["feed"] == [options]


def test_a_chain_is_read_to_its_last_page(vendor: Canned) -> None:
    whole = list(snapshots().items())
    vendor.say(
        "GET",
        CHAIN,
        Answer({"snapshots": dict(whole[:10]), "next_page_token": "p2"}),
        Answer({"snapshots": dict(whole[10:]), "next_page_token": None}),
    )
    made = Arriving(vendor)
    made.feed.refresh()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    assert len(chain) == len(whole)
    assert [parse_qs(one.query).get("page_token") for one in vendor.of("GET", CHAIN)] == [None, ["p2"]]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(how="drop"),
        Answer({"message": "oops"}, 500),
        Answer({"message": "forbidden"}, 403),
        Answer({"message": "too many requests."}, 429),
        Answer("<html>sorry</html>"),
        Answer({"nothing": "known"}),
        Answer({"snapshots": {}, "next_page_token": None}),
    ],
)
@pytest.mark.parametrize("page", [1, 2])
def test_a_chain_that_does_not_come_whole_does_not_come_and_the_last_one_stays(
    vendor: Canned, answer: Answer, page: int
) -> None:
    made = Arriving(vendor)
    made.feed.refresh()
    before = made.feed.chain("SPY", NOON)
    later = NOON + timedelta(minutes=15)
    first = Answer({"snapshots": dict(list(snapshots(later).items())[:3]), "next_page_token": "p2"})
    if page == 2 and answer.body == {"snapshots": {}, "next_page_token": None}:
        return
    vendor.say("GET", CHAIN, *([first] if page == 2 else []), answer)
    made.again()
    assert list(made.feed.problems()) == ["SPY"]
    after = made.feed.chain("SPY", later)
    assert before is not None
    assert after is before
    age = made.feed.age("SPY")
    assert age is not None
    assert timedelta(minutes=14) < age <= timedelta(minutes=15)
    vendor.say(
        "GET", CHAIN, Answer({"snapshots": snapshots(later + timedelta(hours=1)), "next_page_token": None})
    )
    made.timer.now += 100
    made.again(timedelta(hours=1))
    assert made.feed.problems() == {}


def test_prices_that_nobody_gives_are_missing_and_a_bid_of_nothing_is_known(vendor: Canned) -> None:
    rows = quotes()
    said = snapshots()
    names = [symbol(row) for row in rows[:4]]
    said[names[0]]["latestQuote"] |= {"bp": 0, "ap": 0.05}
    said[names[1]]["latestQuote"] |= {"bp": 1.0, "ap": 0}
    said[names[2]]["latestQuote"] |= {"bp": 0, "ap": 0}
    del said[names[3]]["latestQuote"]
    vendor.say("GET", CHAIN, Answer({"snapshots": said, "next_page_token": None}))
    made = Arriving(vendor)
    made.feed.refresh()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    by_symbol = {chain.contract(row).symbol: (chain.bid[row], chain.ask[row]) for row in range(len(chain))}
    assert [by_symbol[name] for name in names] == [(0, 5), (100, -1), (-1, -1), (-1, -1)]


def test_adjusted_contracts_and_what_is_no_option_are_left_out(vendor: Canned) -> None:
    said = snapshots()
    some = next(iter(said.values()))
    odd = {"SPY1260116C00400000": some, "SPY269916C00400000": some, "QQQ260116C00400000": some}
    vendor.say("GET", CHAIN, Answer({"snapshots": said | odd, "next_page_token": None}))
    made = Arriving(vendor)
    made.feed.refresh()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    assert len(chain) == len(said)


def test_a_chain_belongs_to_its_newest_quote_and_is_known_from_when_it_arrived(vendor: Canned) -> None:
    vendor.say(
        "GET", CHAIN, Answer({"snapshots": snapshots(NOON - timedelta(minutes=5)), "next_page_token": None})
    )
    made = Arriving(vendor)
    made.feed.refresh()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    assert (chain.as_of, chain.known_at) == (NOON - timedelta(minutes=5), NOON)
    assert made.feed.chain("SPY", NOON - timedelta(seconds=1)) is None
    assert made.feed.age("SPY") is not None
    assert made.feed.age("QQQ") is None


def test_a_chain_that_did_not_move_is_held_once_and_an_earlier_view_keeps_its_own(vendor: Canned) -> None:
    made = Arriving(vendor)
    made.feed.refresh()
    first = made.feed.chain("SPY", NOON)
    made.again()
    assert len(made.feed.snapshots("SPY")) == 1
    later = NOON + timedelta(minutes=30)
    vendor.say("GET", CHAIN, Answer({"snapshots": snapshots(later), "next_page_token": None}))
    made.again()
    assert len(made.feed.snapshots("SPY")) == 2
    assert made.feed.chain("SPY", NOON) is first
    assert made.feed.chain("SPY", later) is not first


def test_no_symbol_is_asked_for_more_often_than_every_minute(vendor: Canned) -> None:
    made = Arriving(vendor)
    made.feed.refresh()
    made.again(timedelta(seconds=59))
    assert len(vendor.of("GET", CHAIN)) == 1
    made.again(timedelta(seconds=1))
    assert len(vendor.of("GET", CHAIN)) == 2


def test_the_last_trade_stands_in_for_a_wide_quote_of_the_stock(vendor: Canned) -> None:
    quote = {"bp": 380.0, "ap": 420.0}
    vendor.say("GET", SPOTS, Answer({"SPY": {"latestQuote": quote, "latestTrade": {"p": 401.5}}}))
    made = Arriving(vendor)
    made.feed.refresh()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    assert chain.spot == 401.5


def test_where_the_stock_has_no_price_the_options_imply_one(vendor: Canned) -> None:
    vendor.say("GET", SPOTS, Answer({}))
    made = Arriving(vendor)
    made.feed.refresh()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    assert chain.spot == pytest.approx(400.0, abs=2.0)


def test_open_interest_is_asked_of_the_trading_interface_once_a_day(vendor: Canned) -> None:
    names = [symbol(row) for row in quotes()]
    known = {"option_contracts": [{"symbol": names[0], "open_interest": "237"}, {"symbol": names[1]}]}
    vendor.say("GET", CONTRACTS, Answer(known))
    made = Arriving(vendor, trading=True)
    made.feed.refresh()
    made.again()
    chain = made.feed.chain("SPY", NOON)
    assert chain is not None
    by_symbol = {chain.contract(row).symbol: int(chain.open_interest[row]) for row in range(len(chain))}
    assert (by_symbol[names[0]], by_symbol[names[1]]) == (237, -1)
    assert len(vendor.of("GET", CONTRACTS)) == 1


def base_bars() -> DailyBars:
    day = date(2025, 12, 30)
    one = np.array([395.0])
    known = np.array([int(CALENDAR.session_close(day).timestamp())])
    return DailyBars("SPY", np.array([days_of(day)], dtype=np.int32), one, one, one, one, one, known)


def test_daily_bars_since_the_bases_last_are_joined_to_it_and_today_is_none_yet(vendor: Canned) -> None:
    rows = [bar(date(2025, 12, 31), 396.0), bar(date(2026, 1, 2), 398.0), bar(DAY, 400.0)]
    vendor.say("GET", BARS, Answer({"bars": {"SPY": rows}, "next_page_token": None}))
    made = Arriving(vendor, base=MemorySource(bars=[base_bars()]))
    made.feed.refresh()
    joined = made.feed.bars("SPY")
    assert joined is not None
    assert joined.close.tolist() == [395.0, 396.0, 398.0]
    assert joined.known_at.tolist() == [
        int(CALENDAR.session_close(day).timestamp())
        for day in (date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 2))
    ]
    (asked,) = vendor.of("GET", BARS)
    query = parse_qs(asked.query)
    assert (query["start"], query["end"], query["feed"]) == (
        ["2025-12-31T00:00:00Z"],
        ["2026-01-02T21:00:00Z"],
        ["sip"],
    )
    made.again()
    assert len(vendor.of("GET", BARS)) == 1
    made.again(timedelta(hours=5))
    assert len(vendor.of("GET", BARS)) == 2


def test_everything_else_comes_from_the_base(vendor: Canned) -> None:
    made = Arriving(vendor, base=MemorySource(bars=[base_bars()]))
    assert list(made.feed.symbols()) == ["SPY"]
    assert made.feed.bars("QQQ") is None
    assert made.feed.series("VIX") is None
    assert list(made.feed.dividends("SPY")) == list(made.feed.splits("SPY")) == []
    assert list(made.feed.calendar_events()) == []
    assert list(made.feed.underlyings()) == ["SPY"]
    assert made.feed.chain("SPY", NOON) is None
    assert len(made.feed.snapshots("QQQ")) == 0


@pytest.mark.shared
def test_the_local_servers_market_arrives_as_it_is() -> None:
    day = date(2024, 3, 12)
    at = close_of(day) - timedelta(hours=1)
    rows = [(put(480), 450, 455), (put(475), 300, 305), (put(470), 0, 5)]
    shown = market(tape({at: (485.0, rows)}), bars=[bars("SPY", {date(2024, 3, 11): (484.0, 484.5)})])
    venue, exchanges = Venue(shown, SimulatedBroker(1_000_000), 1_000_000, at), list[Exchange]()
    with AlpacaServer(venue, record=exchanges.append) as server:
        clock = SimulatedClock(at)
        data = AlpacaData(
            server.key,
            server.secret,
            server.url,
            clock=clock,
            options="opra",
            stocks="iex",
            trading_url=server.url,
            timer=HandTimer(),
        )
        feed = AlpacaFeed(data, ["SPY"], options="opra", clock=clock, calendar=CALENDAR)
        feed.refresh()
        data.close()
    assert feed.problems() == {}
    chain, made = feed.chain("SPY", at), feed.bars("SPY")
    assert chain is not None
    assert made is not None
    assert {chain.contract(row): (int(chain.bid[row]), int(chain.ask[row])) for row in range(len(chain))} == {
        contract: (bid, ask) for contract, bid, ask in rows
    }
    assert set(chain.open_interest.tolist()) == {10_000}
    assert made.close.tolist() == [484.5]
    assert AlpacaSchema().check_all(exchanges) >= 4
