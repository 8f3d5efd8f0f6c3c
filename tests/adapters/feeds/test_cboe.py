"""Cboe's delayed quotes: its traps in a file, and its service as a source that is asked politely."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.feeds.files import DAY, assert_true_to, opened, quotes
from adapters.made_chains import World
from strikewise.adapters.feeds.cboe import CboeClient, CboeFeed, read_quotes
from strikewise.adapters.feeds.importers import import_path
from strikewise.domain.errors import DataError, ImportRefusedError
from strikewise.domain.instruments import ROOT_MASK, ROOT_SHIFT
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import SimulatedClock
from strikewise.market.view import Market

CLOSE = datetime(2026, 1, 5, 21, tzinfo=UTC)


def option(root: str, row: dict[str, Any], **other: Any) -> dict[str, Any]:
    side = "P" if row["is_put"] else "C"
    said = {
        "option": f"{root}{row['expiration']:%y%m%d}{side}{round(row['strike'] * 1000):08d}",
        "bid": row["bid"],
        "bid_size": 12.0,
        "ask": row["ask"],
        "ask_size": 30.0,
        "iv": 0.2,
        "open_interest": 100.0,
        "volume": 10.0,
        "delta": -0.45 if row["is_put"] else 0.55,
        "gamma": 0.01,
        "vega": 0.4,
        "theta": -0.1,
        "rho": 0.1,
        "theo": row["bid"],
        "change": 0.0,
        "open": 0.0,
        "high": 0.0,
        "low": 0.0,
        "tick": "no_change",
        "last_trade_price": row["bid"],
        "last_trade_time": None,
        "percent_change": 0.0,
        "prev_day_close": row["bid"],
    }
    return said | other


def payload(
    *,
    symbol: str = "SPY",
    root: str | None = None,
    last_trade: str | None = "2026-01-05T16:00:00",
    options: list[dict[str, Any]] | None = None,
    day: date = DAY,
) -> dict[str, Any]:
    rows = [option(root or symbol, row) for row in quotes(day)] if options is None else options
    return {
        "timestamp": "2026-01-06 03:10:44",
        "symbol": symbol,
        "data": {
            "symbol": symbol,
            "security_type": "stock",
            "exchange_id": 5,
            "current_price": 400.0,
            "bid": 399.99,
            "ask": 400.01,
            "close": 400.0,
            "prev_day_close": 398.0,
            "volume": 1_000_000,
            "iv30": 20.0,
            "seqno": 1,
            "last_trade_time": last_trade,
            "tick": "up",
            "options": rows,
        },
    }


def saved(folder: Path, said: Any, name: str = "SPY.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(said), encoding="utf-8")
    return path


def test_a_saved_answer_becomes_the_chain_of_its_sessions_close(tmp_path: Path) -> None:
    source = opened(tmp_path)
    report = import_path(saved(tmp_path, payload()), source)
    assert (list(report.files.values()), report.rejected, report.rows_written) == (["cboe"], {}, 28)
    chain = source.chain("SPY", CLOSE)
    assert chain is not None
    assert (chain.as_of, chain.known_at, chain.source) == (CLOSE, CLOSE, "cboe")
    assert_true_to(World(), source)


def test_the_age_of_quotes_is_told_by_the_last_trade_and_not_by_the_stamp(tmp_path: Path) -> None:
    source = opened(tmp_path)
    stale = payload(last_trade="2026-01-02T16:00:00")
    assert stale["timestamp"].startswith("2026-01-06")
    import_path(saved(tmp_path, stale), source)
    assert source.snapshots("SPY").tolist() == [int(datetime(2026, 1, 2, 21, tzinfo=UTC).timestamp())]


def test_quotes_of_a_running_session_count_from_when_they_are_shown(tmp_path: Path) -> None:
    source = opened(tmp_path)
    import_path(saved(tmp_path, payload(last_trade="2026-01-05T11:30:00")), source)
    (instant,) = source.snapshots("SPY").tolist()
    assert datetime.fromtimestamp(instant, UTC) == datetime(2026, 1, 5, 16, 45, tzinfo=UTC)


def test_what_is_shown_of_the_time_before_the_opening_is_no_quote_of_the_session(tmp_path: Path) -> None:
    source = opened(tmp_path)
    import_path(saved(tmp_path, payload(last_trade="2026-01-05T09:20:00")), source)
    shown = datetime(2026, 1, 5, 14, 35, tzinfo=UTC)
    market = Market(source, SessionCalendar())
    assert market.view(shown - timedelta(seconds=1)).chain("SPY") is None
    chain = market.view(shown).chain("SPY")
    assert chain is not None
    assert chain.as_of == datetime(2026, 1, 5, 14, 20, tzinfo=UTC)
    assert market.view(shown).fresh_chain("SPY") is None


def test_a_stock_with_a_dot_and_adjusted_contracts_beside_it_can_be_read(tmp_path: Path) -> None:
    rows = quotes()
    options = [option("BRKB", row) for row in rows] + [option("BRKB1", rows[0])]
    source = opened(tmp_path)
    report = import_path(saved(tmp_path, payload(symbol="BRK.B", options=options), "BRK.B.json"), source)
    assert report.rejected == {"root is not one of the underlying's: an adjusted contract": 1}
    assert report.rows_written == len(rows)


def test_quotes_whose_age_is_unknown_are_refused(tmp_path: Path) -> None:
    for unknown in (None, "yesterday"):
        with pytest.raises(ImportRefusedError, match=r"column 'last_trade_time'.*how old the quotes are"):
            import_path(saved(tmp_path, payload(last_trade=unknown)), opened(tmp_path))


def test_spx_and_spxw_are_told_apart_and_adjusted_roots_are_rejected(tmp_path: Path) -> None:
    rows = [row for row in quotes() if row["expiration"] == date(2026, 1, 16)]
    options = [option(root, row) for root in ("SPX", "SPXW") for row in rows] + [option("SPXQ", rows[0])]
    source = opened(tmp_path)
    report = import_path(saved(tmp_path, payload(symbol="_SPX", options=options), "_SPX.json"), source)
    assert report.rejected == {"root is not one of the underlying's: an adjusted contract": 1}
    chain = source.chain("SPX", CLOSE)
    assert chain is not None
    assert (chain.key >> ROOT_SHIFT & ROOT_MASK).tolist() == [0] * 14 + [1] * 14
    assert chain.contract(0).root.root == "SPX"
    assert chain.contract(14).root.root == "SPXW"


def test_a_volatility_of_zero_is_a_missing_one() -> None:
    rows = quotes()
    options = [option("SPY", rows[0], iv=0.0, delta=0.0), option("SPY", rows[1])]
    frame = read_quotes(payload(options=options), Path("x.json")).rows
    assert frame["vendor_iv"].to_list() == [None, 0.2]
    assert frame["vendor_delta"].to_list() == [None, 0.55]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"data": {}, "timestamp": "x"}, "no 'data' with 'options'"),
        (payload(options=[{"option": "SPY"}]), "row 1, column 'option': 'SPY' is no option symbol"),
        (payload(options=[option("SPY", quotes()[0], bid="1.0")]), "row 1, column 'bid': '1.0' is no number"),
        (payload(options=[option("SPY", quotes()[0], option="SPY269999C00400000")]), "has no date"),
    ],
)
def test_an_answer_not_of_the_form_is_refused_where_it_is_wrong(
    tmp_path: Path, said: Any, message: str
) -> None:
    with pytest.raises(ImportRefusedError, match=message):
        import_path(saved(tmp_path, said), opened(tmp_path))


class Vendor:
    """A hand-written vendor: answers what it is told to, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: httpx.Response = httpx.Response(200, json=payload(last_trade="2026-01-05T10:30:00"))
        self.answers: dict[str, httpx.Response] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.rsplit("/", 1)[-1])
        return self.answers.get(self.asked[-1], self.answer)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self))


def feed_of(vendor: Vendor, clock: SimulatedClock) -> CboeFeed:
    return CboeFeed(["SPY"], clock=clock, calendar=SessionCalendar(), client=vendor.client())


def test_the_feed_asks_no_more_than_once_a_minute_and_keeps_what_it_got() -> None:
    vendor, clock = Vendor(), SimulatedClock(datetime(2026, 1, 5, 15, 50, tzinfo=UTC))
    feed = feed_of(vendor, clock)
    assert feed.chain("SPY", clock.now()) is None, "whoever looks asks nobody"
    feed.refresh()
    assert feed.problems() == {}
    first = feed.chain("SPY", clock.now())
    assert first is not None
    assert first.as_of == datetime(2026, 1, 5, 15, 45, tzinfo=UTC)
    assert first.iv[5] == pytest.approx(0.2, abs=0.05)
    for seconds in (10, 49):
        clock.advance_to(clock.now() + timedelta(seconds=seconds))
        feed.refresh()
    assert vendor.asked == ["SPY.json"]
    vendor.answer = httpx.Response(200, json=payload(last_trade="2026-01-05T10:40:00"))
    clock.advance_to(clock.now() + timedelta(minutes=10))
    feed.refresh()
    second = feed.chain("SPY", clock.now())
    assert second is not None
    assert second.as_of == datetime(2026, 1, 5, 15, 55, tzinfo=UTC)
    assert len(vendor.asked) == 2
    assert feed.chain("SPY", first.as_of) is first, "a view of an earlier instant sees what was known then"


def test_who_asks_every_minute_is_served_every_minute_though_the_vendor_takes_its_time() -> None:
    clock, vendor = SimulatedClock(datetime(2026, 1, 5, 15, 50, 0, 300, tzinfo=UTC)), Vendor()

    def slowly(request: httpx.Request) -> httpx.Response:
        clock.advance_to(clock.now() + timedelta(seconds=7))
        return vendor(request)

    client = httpx.Client(transport=httpx.MockTransport(slowly))
    feed = CboeFeed(["SPY"], clock=clock, calendar=SessionCalendar(), client=client)
    for minute in range(5):
        # A little earlier in its minute each time.
        clock.advance_to(datetime(2026, 1, 5, 15, 50 + minute, 0, 300 - 50 * minute, tzinfo=UTC))
        feed.refresh()
    assert len(vendor.asked) == 5


def test_a_stale_body_is_no_new_chain() -> None:
    vendor, clock = Vendor(), SimulatedClock(datetime(2026, 1, 5, 15, 50, tzinfo=UTC))
    feed = feed_of(vendor, clock)
    feed.refresh()
    clock.advance_to(clock.now() + timedelta(minutes=5))
    feed.refresh()
    assert len(feed.snapshots("SPY")) == 1
    assert len(vendor.asked) == 2


def test_quotes_from_the_future_are_not_shown_before_it_is_there() -> None:
    """Our clock is late, or the vendor's is early: what it dates ahead nobody could know yet."""
    vendor, clock = Vendor(), SimulatedClock(datetime(2026, 1, 5, 15, 30, tzinfo=UTC))
    feed = feed_of(vendor, clock)
    feed.refresh()
    assert feed.chain("SPY", clock.now()) is None
    clock.advance_to(datetime(2026, 1, 5, 15, 45, tzinfo=UTC))
    assert feed.chain("SPY", clock.now()) is not None


def test_nothing_but_the_named_underlyings_is_asked_for() -> None:
    vendor, clock = Vendor(), SimulatedClock(CLOSE)
    feed = feed_of(vendor, clock)
    feed.refresh()
    assert feed.chain("QQQ", clock.now()) is None
    assert list(feed.underlyings()) == ["SPY"]
    assert vendor.asked == ["SPY.json"]


def test_a_feed_that_runs_for_days_holds_no_more_than_it_needs() -> None:
    vendor, clock = Vendor(), SimulatedClock(datetime(2026, 1, 5, 14, 30, tzinfo=UTC))
    feed = feed_of(vendor, clock)
    for minute in range(100):
        clock.advance_to(clock.now() + timedelta(minutes=1))
        shown = f"2026-01-05T{9 + (30 + minute) // 60:02d}:{(30 + minute) % 60:02d}:00"
        vendor.answer = httpx.Response(200, json=payload(last_trade=shown))
        feed.refresh()
    assert len(vendor.asked) == 100
    assert len(feed.snapshots("SPY")) == 64


# --- a vendor that fails ------------------------------------------------------------------------------------


def test_a_vendor_that_fails_is_asked_less_and_less_often_and_what_is_held_stays() -> None:
    vendor, clock = Vendor(), SimulatedClock(datetime(2026, 1, 5, 15, 50, tzinfo=UTC))
    feed = feed_of(vendor, clock)
    feed.refresh()
    vendor.answer, asked = httpx.Response(503), []
    for second in range(1, 3601):
        clock.advance_to(clock.now() + timedelta(seconds=1))
        before = len(vendor.asked)
        feed.refresh()
        if len(vendor.asked) > before:
            asked.append(second)
    assert asked == [60, 120, 240, 480, 960, 1560, 2160, 2760, 3360]
    assert "503" in feed.problems()["SPY"]
    assert feed.chain("SPY", clock.now()) is not None, "it is old, which a view tells by its own rule"
    vendor.answer = httpx.Response(200, json=payload(last_trade="2026-01-05T11:40:00"))
    clock.advance_to(clock.now() + timedelta(minutes=10))
    feed.refresh()
    assert feed.problems() == {}
    clock.advance_to(clock.now() + timedelta(minutes=1))
    feed.refresh()
    assert len(vendor.asked) == 1 + 9 + 2, "once it answers, it is asked as before"


def test_a_vendor_that_says_when_to_come_again_is_left_alone_until_then() -> None:
    vendor, clock = Vendor(), SimulatedClock(CLOSE)
    vendor.answer = httpx.Response(429, headers={"Retry-After": "300"})
    feed = feed_of(vendor, clock)
    for _ in range(10):
        feed.refresh()
        clock.advance_to(clock.now() + timedelta(seconds=30))
    assert len(vendor.asked) == 1
    feed.refresh()
    assert len(vendor.asked) == 2


def test_one_symbol_that_cannot_be_had_keeps_no_other_from_arriving() -> None:
    vendor, clock = Vendor(), SimulatedClock(CLOSE)
    vendor.answers["IWM.json"] = httpx.Response(404)
    feed = CboeFeed(["SPY", "IWM"], clock=clock, calendar=SessionCalendar(), client=vendor.client())
    feed.refresh()
    assert list(feed.problems()) == ["IWM"]
    assert feed.chain("SPY", CLOSE) is not None
    assert feed.chain("IWM", CLOSE) is None


def test_whoever_cannot_be_reached_is_waited_for_once_and_not_once_a_symbol() -> None:
    asked = []

    def gone(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.ConnectTimeout("timed out", request=request)

    clock, client = SimulatedClock(CLOSE), httpx.Client(transport=httpx.MockTransport(gone))
    feed = CboeFeed(["IWM", "QQQ", "SPY"], clock=clock, calendar=SessionCalendar(), client=client)
    feed.refresh()
    problems = feed.problems()
    assert sorted(problems) == ["IWM", "QQQ", "SPY"]
    assert len(asked) == 1
    feed.refresh()
    assert len(asked) == 1


def test_the_chain_of_another_symbol_is_nobodys() -> None:
    vendor = Vendor()
    vendor.answer = httpx.Response(200, json=payload(symbol="QQQ"))
    feed = feed_of(vendor, SimulatedClock(CLOSE))
    feed.refresh()
    assert "asked for SPY and sent QQQ" in feed.problems()["SPY"]
    assert feed.chain("SPY", CLOSE) is None


def test_an_index_is_asked_for_under_the_vendors_name() -> None:
    vendor = Vendor()
    vendor.answer = httpx.Response(200, json=payload(symbol="_SPX", root="SPXW"))
    quotes_found = CboeClient(SimulatedClock(CLOSE), client=vendor.client()).quotes("SPX")
    assert (quotes_found.underlying, vendor.asked) == ("SPX", ["_SPX.json"])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(503), "could not be fetched"),
        (httpx.Response(200, content=b'{"data": {"opt'), "no whole JSON"),
        (httpx.Response(200, json={"message": "not found"}), "no 'data' with 'options'"),
    ],
)
def test_a_failing_vendor_is_an_error_and_never_an_empty_chain(answer: httpx.Response, message: str) -> None:
    vendor = Vendor()
    vendor.answer = answer
    with pytest.raises(DataError, match=message):
        CboeClient(SimulatedClock(CLOSE), client=vendor.client()).quotes("SPY")
    feed = feed_of(vendor, SimulatedClock(CLOSE))
    feed.refresh()
    assert message in feed.problems()["SPY"]
    assert feed.chain("SPY", CLOSE) is None
