"""Market data of the local server as the vendor's own kit reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.brokers.alpaca_kit import (
    Adjustment,
    APIError,
    OptionChainRequest,
    OptionLatestQuoteRequest,
    OptionSnapshotRequest,
    StockBarsRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
    TimeFrame,
)
from adapters.brokers.alpaca_stage import (
    C490,
    CASH,
    FRIDAY,
    LATE_CALL,
    LATE_PUT,
    LATER,
    P475,
    P480,
    QUOTES,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Stage,
    close,
    morning,
    small_venue,
    staged,
)
from execution.tapes import CALENDAR
from market.tapes import Snapshot, tape_of
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_server.wire import instrument_of
from strikewise.domain.instruments import Right
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.pricing.black_scholes import greeks

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged(small_venue()) as made:
        made.venue.advance(close(THURSDAY))
        yield made


def test_a_chain_has_every_contract_with_its_quote(stage: Stage) -> None:
    chain = stage.options.get_option_chain(OptionChainRequest(underlying_symbol="SPY"))
    quoted = {
        symbol: (one.latest_quote.bid_price, one.latest_quote.ask_price) for symbol, one in chain.items()
    }
    assert quoted == {contract.symbol: (bid / 100, ask / 100) for contract, bid, ask in QUOTES}
    assert {one.latest_quote.timestamp for one in chain.values()} == {close(THURSDAY)}


def test_a_chain_tells_volatility_and_greeks(stage: Stage) -> None:
    one = stage.options.get_option_chain(OptionChainRequest(underlying_symbol="SPY"))[P480.symbol]
    assert one.implied_volatility == pytest.approx(0.2)
    assert (one.greeks.delta, one.greeks.gamma, one.greeks.theta, one.greeks.vega) == pytest.approx(
        (-0.25, 0.01, -0.05, 0.1)
    )


def test_rho_is_the_closed_formulas_where_price_and_delta_are() -> None:
    made = Market(MemorySource([tape_of("SPY", [Snapshot(TUESDAY)])]), CALENDAR)
    broker = SimulatedBroker(CASH, habits=Habits(netted=True))
    with staged(Venue(made, broker, CASH, close(TUESDAY))) as stage:
        chain = stage.options.get_option_chain(OptionChainRequest(underlying_symbol="SPY"))
    told = {instrument_of(symbol): one.greeks.rho for symbol, one in chain.items() if one.greeks}
    assert len(told) > 100
    for contract, rho in told.items():
        years = (contract.expiration - TUESDAY).days / 365
        is_call = contract.right is Right.CALL
        expected = float(greeks(is_call, 100.0, contract.strike, years, 0.2, 0.0, 0.0).rho)
        assert rho == pytest.approx(expected, abs=years * 0.01 / 100 + 1e-5)


def test_a_chain_is_narrowed_by_expiration_right_and_strike(stage: Stage) -> None:
    def symbols(**query: object) -> set[str]:
        return set(stage.options.get_option_chain(OptionChainRequest(underlying_symbol="SPY", **query)))

    assert symbols(expiration_date=LATER) == {LATE_PUT.symbol, LATE_CALL.symbol}
    assert symbols(type="put", expiration_date_lte=FRIDAY) == {P480.symbol, P475.symbol}
    assert symbols(strike_price_gte=490.0, strike_price_lte=490.0) == {C490.symbol}


def test_a_chain_comes_in_pages(stage: Stage) -> None:
    found: dict[str, object] = {}
    token, pages = None, 0
    while True:
        query = {"limit": 4} if token is None else {"limit": 4, "page_token": token}
        page = stage.options.get("/options/snapshots/SPY", query)
        found |= page["snapshots"]
        pages += 1
        if (token := page["next_page_token"]) is None:
            break
    assert pages == 2
    assert len(found) == len(QUOTES)


def test_contracts_are_quoted_by_name(stage: Stage) -> None:
    quotes = stage.options.get_option_latest_quote(
        OptionLatestQuoteRequest(symbol_or_symbols=[P480.symbol, LATE_CALL.symbol, "SPY240315P00123000"])
    )
    assert {symbol: (one.bid_price, one.ask_price) for symbol, one in quotes.items()} == {
        P480.symbol: (0.45, 0.5),
        LATE_CALL.symbol: (0.0, 0.05),
    }
    assert quotes[LATE_CALL.symbol].bid_size == 0
    snapshots = stage.options.get_option_snapshot(OptionSnapshotRequest(symbol_or_symbols=P480.symbol))
    assert snapshots[P480.symbol].latest_quote.ask_price == 0.5


def test_shares_are_quoted_around_their_price(stage: Stage) -> None:
    quote = stage.stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="SPY"))["SPY"]
    assert quote.bid_price < 482.0 < quote.ask_price
    trade = stage.stocks.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="SPY"))["SPY"]
    assert trade.price == 482.0
    snapshot = stage.stocks.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="SPY"))["SPY"]
    assert (snapshot.daily_bar.close, snapshot.previous_daily_bar.close) == (482.0, 484.0)


def test_bars_are_those_known_by_now(stage: Stage) -> None:
    request = StockBarsRequest(
        symbol_or_symbols="SPY",
        timeframe=TimeFrame.Day,
        start=morning(TUESDAY) - timedelta(days=1),
        adjustment=Adjustment.RAW,
    )
    bars = stage.stocks.get_stock_bars(request)["SPY"]
    assert [one.close for one in bars] == [485.0, 484.0, 482.0]
    assert [one.timestamp.date() for one in bars] == [TUESDAY, WEDNESDAY, THURSDAY]


def test_what_was_not_recorded_is_refused_and_not_empty(stage: Stage) -> None:
    with pytest.raises(APIError, match="only timeframe 1Day"):
        stage.stocks.get_stock_bars(StockBarsRequest(symbol_or_symbols="SPY", timeframe=TimeFrame.Minute))
