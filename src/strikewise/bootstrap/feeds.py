"""The feeds by their names: what they need of the settings, and that a person opted in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strikewise.adapters.data_home import DataHome
from strikewise.adapters.feeds.alpaca import AlpacaData, AlpacaFeed, OptionFeed, StockFeed
from strikewise.adapters.feeds.cboe import CboeFeed
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.operation import Mode
from strikewise.bootstrap.settings import alpaca_key
from strikewise.domain.errors import DataError, SettingsError
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import Clock
from strikewise.market.source import MarketSource

__all__ = ["LIVE_URL", "PAPER_URL", "Arriving", "arriving", "open_feed"]

PAPER_URL, LIVE_URL = "https://paper-api.alpaca.markets", "https://api.alpaca.markets"
OPTION_FEEDS: dict[str, OptionFeed] = {"opra": "opra", "indicative": "indicative"}
STOCK_FEEDS: dict[str, StockFeed] = {"sip": "sip", "iex": "iex", "delayed_sip": "delayed_sip"}


@dataclass(frozen=True, slots=True)
class Arriving:
    """Data that arrive: a source, how to ask it for what is new, and why what is missing is, by symbol."""

    source: MarketSource
    refresh: Callable[[], None]
    problems: Callable[[], Mapping[str, str]] = dict


def arriving(
    name: str,
    underlyings: Sequence[str],
    settings: Settings,
    *,
    data: DataHome,
    clock: Clock,
    calendar: SessionCalendar,
) -> Arriving:
    """Open a feed; it asks nobody yet.

    Raises
    ------
    SettingsError
        If there is none of that name, it was not opted into, or there is nothing to ask it about.
    """
    if name not in {"alpaca", "cboe"}:
        raise SettingsError(f"There is no feed {name!r}; known are: alpaca, cboe.")
    if name == "cboe" and not settings.feeds.cboe:
        raise SettingsError(
            "Cboe's delayed quotes are off: read Cboe's terms of use, "
            "then set `cboe = true` under [feeds] of the settings, or name another feed."
        )
    if not underlyings:
        raise SettingsError("A feed is asked about some underlyings, not about all: name them.")
    if name == "alpaca":
        return _alpaca(underlyings, settings, data=data, clock=clock, calendar=calendar)
    feed = CboeFeed(
        underlyings,
        clock=clock,
        calendar=calendar,
        seconds=settings.feeds.cboe_seconds,
        base=data.source(),
        url=settings.feeds.cboe_url,
    )
    return Arriving(feed, feed.refresh, feed.problems)


def open_feed(
    settings: Settings,
    data: DataHome,
    clock: Clock,
    calendar: SessionCalendar,
    name: str,
    underlyings: Sequence[str],
) -> MarketSource:
    """Open a feed and ask it once; errors as `arriving`.

    Raises
    ------
    DataError
        If it does not tell all of it.
    """
    found = arriving(name, underlyings, settings, data=data, clock=clock, calendar=calendar)
    found.refresh()
    for problem in found.problems().values():
        raise DataError(problem)
    return found.source


def _alpaca(
    underlyings: Sequence[str],
    settings: Settings,
    *,
    data: DataHome,
    clock: Clock,
    calendar: SessionCalendar,
) -> Arriving:
    key, secret = alpaca_key()
    table = settings.broker
    options, stocks = OPTION_FEEDS.get(table.options_feed), STOCK_FEEDS.get(table.stocks_feed)
    if options is None or stocks is None:
        raise SettingsError(
            f"Alpaca's feeds are {', '.join(OPTION_FEEDS)} for options and {', '.join(STOCK_FEEDS)} for "
            f"stocks; were {table.options_feed!r} and {table.stocks_feed!r}."
        )
    trading = table.url or (LIVE_URL if settings.run.mode is Mode.LIVE else PAPER_URL)
    vendor = AlpacaData(
        key, secret, table.data_url, clock=clock, options=options, stocks=stocks, trading_url=trading
    )
    feed = AlpacaFeed(
        vendor, underlyings, options=options, clock=clock, calendar=calendar, base=data.source()
    )
    return Arriving(feed, feed.refresh, feed.problems)
