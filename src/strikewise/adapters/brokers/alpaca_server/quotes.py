"""Market data as Alpaca serves them: option snapshots, quotes of shares and their bars.

Recorded chains do not have all that Alpaca tells. What stands in for it: the size at which this market fills
for the size on offer; the middle of the quote for the prices of an option's daily bar, which is there for its
volume; a bar's volume for its number of trades, and the mean of its prices for the volume-weighted one.
Last trades of options are not told at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from math import isfinite
from typing import Any

from starlette.routing import Route

from strikewise.adapters.brokers.alpaca_server.app import Asked, answering
from strikewise.adapters.brokers.alpaca_server.reference import ContractFilter, day_of_text, page_of
from strikewise.adapters.brokers.alpaca_server.refusals import RefusedError, unprocessable
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_server.wire import instrument_of, stamp, symbol_of
from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import OptionContract, Stock, date_of
from strikewise.domain.quotes import DailyBars, Quote
from strikewise.market.calendar import NEW_YORK
from strikewise.market.view import MarketView

__all__ = ["Quotes"]

LARGEST_SNAPSHOTS, LARGEST_BARS = 1000, 10_000
LOT = 100
EXCHANGE = "C"
YEAR_SECONDS = 365 * 86400


class Quotes:
    """Answer the interface for market data.

    Parameters
    ----------
    venue : Venue
        Whose market.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue, self._rule = venue, venue.marks.rule

    def routes(self) -> list[Route]:
        """Return the routes."""
        options, stocks = "/v1beta1/options", "/v2/stocks"
        reads = {
            f"{options}/snapshots/{{underlying}}": self._chain,
            f"{options}/snapshots": self._snapshots,
            f"{options}/quotes/latest": self._option_quotes,
            f"{options}/trades/latest": lambda _: {"trades": {}},
            f"{stocks}/quotes/latest": self._stock_quotes,
            f"{stocks}/trades/latest": self._stock_trades,
            f"{stocks}/snapshots": self._stock_snapshots,
            f"{stocks}/bars": self._bars,
        }
        return [answering(path, "GET", handler, self._venue.lock) for path, handler in reads.items()]

    # --- options ----------------------------------------------------------------------------------------

    def _chain(self, asked: Asked) -> Any:
        exact = asked.text("expiration_date")
        first, last = asked.text("expiration_date_gte") or exact, asked.text("expiration_date_lte") or exact
        wanted = ContractFilter(
            first=day_of_text(first) if first else None,
            last=day_of_text(last) if last else None,
            right=asked.text("type"),
            root=asked.text("root_symbol"),
            low=asked.amount("strike_price_gte"),
            high=asked.amount("strike_price_lte"),
        )
        chain = self._venue.view.chain(asked.path["underlying"])
        if chain is None:
            return {"snapshots": {}, "next_page_token": None}
        rows = [(chain, row) for row in range(len(chain)) if wanted.lets(chain.contract(row))]
        return self._page(asked, rows)

    def _snapshots(self, asked: Asked) -> Any:
        return self._page(asked, list(self._rows(asked)))

    def _page(self, asked: Asked, rows: list[tuple[OptionChain, int]]) -> Any:
        limit = asked.number("limit", 100)
        if not 1 <= limit <= LARGEST_SNAPSHOTS:
            raise RefusedError(400, 40010001, f"invalid limit: {limit}")
        since = asked.instant("updated_since")
        fresh = [(chain, row) for chain, row in rows if since is None or chain.as_of >= since]
        page, token = page_of(fresh, limit, asked.text("page_token"))
        shown = {symbol_of(chain.contract(row)): self._snapshot(chain, row) for chain, row in page}
        return {"snapshots": shown, "next_page_token": token}

    def _option_quotes(self, asked: Asked) -> Any:
        found = {}
        for chain, row in self._rows(asked):
            if (quote := self._option_quote(chain, row)) is not None:
                found[symbol_of(chain.contract(row))] = quote
        return {"quotes": found}

    def _rows(self, asked: Asked) -> Iterator[tuple[OptionChain, int]]:
        for symbol in asked.words("symbols"):
            try:
                contract = instrument_of(symbol)
            except InstrumentError:
                raise RefusedError(400, 40010001, f"invalid symbol: {symbol}") from None
            chain = self._venue.view.chain(contract.underlying)
            row = chain.find(contract) if chain and isinstance(contract, OptionContract) else None
            if chain is not None and row is not None:
                yield chain, row

    def _snapshot(self, chain: OptionChain, row: int) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if (quote := self._option_quote(chain, row)) is not None:
            body["latestQuote"] = quote
        middle = (int(chain.bid[row]) + int(chain.ask[row])) / 200
        volume = int(chain.volume[row])
        if quote is not None and volume >= 0:
            at = datetime.combine(chain.as_of.astimezone(NEW_YORK).date(), time.min, NEW_YORK)
            body["dailyBar"] = _bar(at, (middle,) * 4, volume)
        if isfinite(iv := float(chain.iv[row])):
            body["impliedVolatility"] = iv
        names = ("delta", "gamma", "theta", "vega")
        greeks = {name: float(getattr(chain, name)[row]) for name in names}
        if quote is not None and all(isfinite(value) for value in (*greeks.values(), chain.spot)):
            ends = self._venue.calendar.settlement_at(chain.contract(row))
            years = max(0.0, (ends - chain.as_of).total_seconds()) / YEAR_SECONDS
            # K e^(-rT) N(±d2) from price and delta: the stored columns have no rho.
            greeks["rho"] = years * (chain.spot * greeks["delta"] - middle) / 100
            body["greeks"] = greeks
        return body

    def _option_quote(self, chain: OptionChain, row: int) -> dict[str, Any] | None:
        quote = Quote(int(chain.bid[row]), int(chain.ask[row]))
        if not quote.known:
            return None
        size = self._rule.contracts(int(chain.volume[row]), int(chain.open_interest[row]))
        return {**_sides(chain.as_of, quote, size), "c": " "}

    # --- shares -----------------------------------------------------------------------------------------

    def _stock_quotes(self, asked: Asked) -> Any:
        return {"quotes": {symbol: self._stock_quote(symbol) for symbol in self._known(asked)}}

    def _stock_trades(self, asked: Asked) -> Any:
        return {"trades": {symbol: self._stock_trade(symbol) for symbol in self._known(asked)}}

    def _stock_snapshots(self, asked: Asked) -> Any:
        found = {}
        for symbol in self._known(asked):
            bars = self._venue.view.bars(symbol)
            rows = [] if bars is None else list(_rows_of(bars))
            body = {"latestQuote": self._stock_quote(symbol), "latestTrade": self._stock_trade(symbol)}
            today = bool(rows) and rows[-1][0] == self._venue.view.day
            if today:
                body["dailyBar"] = rows[-1][1]
            if len(rows) > today:
                body["prevDailyBar"] = rows[-1 - today][1]
            found[symbol] = body
        return found

    def _bars(self, asked: Asked) -> Any:
        if asked.text("timeframe") not in ("1Day", "1D"):
            raise unprocessable("only timeframe 1Day is recorded")
        if asked.text("adjustment", "raw") != "raw":
            raise unprocessable("only bars with adjustment raw are recorded")
        now = self._venue.now
        begin = asked.instant("start") or datetime.combine(self._venue.view.day, time.min, NEW_YORK)
        end = asked.instant("end") or now
        rows = []
        for symbol in asked.words("symbols"):
            bars = self._venue.view.bars(symbol)
            found = [] if bars is None else list(_rows_of(bars))
            rows += [(symbol, body) for day, body in found if begin <= _midnight(day) <= end]
        if asked.text("sort", "asc") == "desc":
            rows.reverse()
        limit = asked.number("limit", 1000)
        if not 1 <= limit <= LARGEST_BARS:
            raise RefusedError(400, 40010001, f"invalid limit: {limit}")
        page, token = page_of(rows, limit, asked.text("page_token"))
        shown: dict[str, list[Any]] = {}
        for symbol, body in page:
            shown.setdefault(symbol, []).append(body)
        return {"bars": shown, "next_page_token": token}

    def _known(self, asked: Asked) -> Sequence[str]:
        return [one for one in asked.words("symbols") if self._venue.view.spot(one) is not None]

    def _stock_quote(self, symbol: str) -> dict[str, Any]:
        bars = self._venue.view.bars(symbol)
        volume = float(bars.volume[-1]) if bars is not None and len(bars) else float("nan")
        size = max(1, self._rule.shares(volume) // LOT)
        quote = self._venue.marks.quote(Stock(symbol))
        return {**_sides(self._told_at(symbol), quote, size), "c": ["R"], "z": "B"}

    def _stock_trade(self, symbol: str) -> dict[str, Any]:
        at = self._told_at(symbol)
        price = self._venue.view.spot(symbol)
        return {"t": stamp(at), "x": EXCHANGE, "p": price, "s": LOT, "c": ["@"], "i": 1, "z": "B"}

    def _told_at(self, symbol: str) -> datetime:
        view: MarketView = self._venue.view
        chain, bars = view.chain(symbol), view.bars(symbol)
        known = [chain.as_of] if chain is not None and chain.spot_cents > 0 else []
        if bars is not None and len(bars):
            known.append(datetime.fromtimestamp(int(bars.known_at[-1]), NEW_YORK))
        return max(known)


def _sides(at: datetime, quote: Quote, size: int) -> dict[str, Any]:
    return {
        "t": stamp(at),
        "bx": EXCHANGE,
        "bp": quote.bid / 100,
        "bs": size if quote.bid > 0 else 0,
        "ap": quote.ask / 100,
        "as": size,
        "ax": EXCHANGE,
    }


def _bar(at: datetime, prices: tuple[float, ...], volume: int) -> dict[str, Any]:
    return {
        "t": stamp(at),
        **dict(zip("ohlc", prices, strict=True)),
        "v": volume,
        "n": volume,
        "vw": sum(prices) / len(prices),
    }


def _rows_of(bars: DailyBars) -> Iterator[tuple[date, dict[str, Any]]]:
    """Yield day and bar of what is wholly known."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    for days, *values in zip(bars.days.tolist(), *(column.tolist() for column in columns), strict=True):
        if all(isfinite(value) for value in values):
            day = date_of(days)
            yield day, _bar(_midnight(day), tuple(values[:4]), int(values[4]))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, NEW_YORK)
