"""Small markets for the plain backtester: recorded and reconstructed chains, some contracts of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time
from functools import cache

import numpy as np
import polars as pl

from engine.runs import CALENDAR, reconstructed
from oracle.plain_market import PlainMarket
from shared_data import DATA
from strategy.recorded_market import recorded_source
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape, OptionChain
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Split
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource

SUMMER_2015 = date(2015, 6, 1), date(2015, 9, 30)
SUMMER_2026 = date(2026, 7, 22), date(2026, 8, 21)
YEAR_2021 = date(2021, 1, 4), date(2021, 12, 31)
HALVED = date(2015, 8, 5)
DECLARED = int(datetime(2015, 1, 2, tzinfo=UTC).timestamp())
ANNOUNCED = {
    "FOMC": [(6, 17), (7, 29), (9, 17)],
    "CPI": [(6, 18), (7, 17), (8, 19), (9, 16)],
    "NFP": [(6, 5), (7, 2), (8, 7), (9, 4)],
}
REPORTS = {"SPY": [(7, 14), (8, 26)], "ARC": [(6, 24), (9, 2)], "BAY": [(7, 8)], "DEW": [(7, 22), (8, 20)]}
EVENTS = (
    *(
        CalendarEvent(kind, date(2015, *day), None, DECLARED)
        for kind, days in ANNOUNCED.items()
        for day in days
    ),
    *(
        CalendarEvent("EARNINGS", day, symbol, int(datetime(2015, month, 1, 14, tzinfo=UTC).timestamp()))
        for symbol, days in REPORTS.items()
        for month, day in ((month, date(2015, month, each)) for month, each in days)
    ),
)
"""What was scheduled, the reports known since the first of their month."""


def _left(
    source: MarketSource, underlying: str, first: date, last: date, *, near: float, days: int, keep: float
) -> ChainTape:
    """The contracts near the money and near their end; each is quoted on a share of the days only."""
    made: list[tuple[OptionChain, np.ndarray]] = []
    begin, end = (int(datetime.combine(day, time(12), UTC).timestamp()) for day in (first, last))
    for seconds in source.snapshots(underlying).tolist():
        if not begin <= seconds <= end + 86400:
            continue
        chain = source.chain(underlying, datetime.fromtimestamp(seconds, UTC))
        assert chain is not None
        wanted = (np.abs(chain.strike / chain.spot - 1.0) <= near) & (chain.dte <= days)
        draws = [zlib.crc32(f"{seconds}|{key}".encode()) / 2**32 for key in chain.key.tolist()]
        made.append((chain, wanted & (np.array(draws) < keep)))
    names = [column.name for column in fields(ChainColumns)]
    columns = {name: np.concatenate([getattr(chain, name)[kept] for chain, kept in made]) for name in names}
    at = np.array([int(chain.as_of.timestamp()) for chain, _ in made], dtype=np.int64)
    return ChainTape(
        underlying=underlying,
        as_of=at,
        known_at=at,
        spot_cents=np.array([chain.spot_cents for chain, _ in made], dtype=np.int64),
        grade=np.array([GRADES.index(chain.grade) for chain, _ in made], dtype=np.int8),
        source=np.zeros(len(made), dtype=np.int16),
        sources=("left",),
        offsets=np.cumsum([0, *(int(kept.sum()) for _, kept in made)]).astype(np.int64),
        columns=ChainColumns(**columns),
    )


def _with(
    source: MarketSource,
    tapes: Sequence[ChainTape],
    *,
    dividends: Sequence[Dividend] = (),
    splits: Sequence[Split] = (),
    events: Sequence[CalendarEvent] = (),
) -> MemorySource:
    names = {*(tape.underlying for tape in tapes), "SPX", "SPY"}
    bars = [found for name in sorted(names) if (found := source.bars(name)) is not None]
    levels = [one for name in ("VIX", "rate_3m") if (one := source.series(name)) is not None]
    return MemorySource(tapes, bars=bars, series=levels, dividends=dividends, splits=splits, events=events)


@cache
def index_2015() -> PlainMarket:
    """Reconstructed SPX around the fall of August 2015: European, for cash, some of it on openings."""
    source = reconstructed()
    tape = _left(source, "SPX", *SUMMER_2015, near=0.12, days=40, keep=0.5)
    return PlainMarket(_with(source, [tape]), CALENDAR)


@cache
def fund_2015() -> PlainMarket:
    """The same closes as a fund's: American, for shares, with a dividend every month."""
    source = reconstructed(underlying="SPY")
    tape = _left(source, "SPY", *SUMMER_2015, near=0.10, days=40, keep=0.4)
    days = (date(2015, 6, 19), date(2015, 7, 17), date(2015, 8, 21), date(2015, 9, 18))
    dividends = [Dividend("SPY", day, 14.5, DECLARED) for day in days]
    return PlainMarket(_with(source, [tape], dividends=dividends, events=EVENTS), CALENDAR)


@cache
def both_2015() -> PlainMarket:
    """Index and fund on one account, the fund quoted more seldom."""
    index, fund = reconstructed(), reconstructed(underlying="SPY")
    tapes = [
        _left(index, "SPX", *SUMMER_2015, near=0.08, days=35, keep=0.3),
        _left(fund, "SPY", *SUMMER_2015, near=0.08, days=35, keep=0.2),
    ]
    made = _with(index, tapes)
    bars = [*(made.bars(name) for name in ("SPX",)), fund.bars("SPY")]
    levels = [index.series(name) for name in ("VIX", "rate_3m")]
    return PlainMarket(
        MemorySource(
            tapes,
            bars=[one for one in bars if one is not None],
            series=[one for one in levels if one is not None],
            dividends=[Dividend("SPY", date(2015, 7, 17), 9.0, DECLARED)],
        ),
        CALENDAR,
    )


@cache
def split_2015() -> PlainMarket:
    """The fund, split two for one in July and one for three in September; its closes are not."""
    plain = fund_2015().source
    tape = _left(plain, "SPY", *SUMMER_2015, near=0.08, days=30, keep=0.7)
    splits = [Split("SPY", date(2015, 7, 15), 2.0), Split("SPY", date(2015, 9, 9), 1 / 3)]
    return PlainMarket(_with(plain, [tape], splits=splits), CALENDAR)


@cache
def shares_2015() -> PlainMarket:
    """The fund with options, and four shares without: made of its closes by waves, which pay and split."""
    fund = reconstructed(underlying="SPY")
    tape = _left(fund, "SPY", *SUMMER_2015, near=0.06, days=30, keep=0.2)
    closes = fund.bars("SPY")
    index, levels = reconstructed().bars("SPX"), [fund.series(name) for name in ("VIX", "rate_3m")]
    assert closes is not None
    assert index is not None
    bars = [index, closes]
    for number, symbol in enumerate(("ARC", "BAY", "COG", "DEW"), start=1):
        wave = (1.0 + 0.06 * np.sin(np.arange(len(closes)) / (3.0 + number))) / (10.0 * number)
        if symbol == "DEW":
            wave = np.where(closes.days >= days_of(HALVED), 0.5 * wave, wave)
        prices = (closes.open * wave, closes.high * wave, closes.low * wave, closes.close * wave)
        known = closes.known_at + (3600 if symbol == "DEW" else 0)
        bars.append(DailyBars(symbol, closes.days, *prices, closes.volume / (900.0 * number), known))
    source = MemorySource(
        [tape],
        bars=bars,
        series=[one for one in levels if one is not None],
        dividends=[
            Dividend("ARC", date(2015, 6, 15), 0.333, DECLARED),
            Dividend("SPY", date(2015, 7, 17), 9.0, 0),
        ],
        splits=[
            Split("BAY", date(2015, 6, 24), 1.5),
            Split("COG", date(2015, 7, 8), 0.1),
            Split("DEW", HALVED, 2.0),
        ],
        events=EVENTS,
    )
    return PlainMarket(source, CALENDAR)


@cache
def recorded_2026() -> PlainMarket:
    """SPY as recorded in summer 2026, every other contract near the money."""
    source = recorded_source("SPY", 2026)
    tape = _left(source, "SPY", *SUMMER_2026, near=0.10, days=35, keep=0.5)
    return PlainMarket(_with(source, [tape]), CALENDAR)


@cache
def recorded_2021() -> PlainMarket:
    """SPY in 2021: the twenty most traded contracts of each day: much of what is held has no quote."""
    frame = pl.read_csv(DATA / "dividends.csv", try_parse_dates=True).filter(pl.col("symbol") == "SPY")
    dividends = [
        Dividend("SPY", day, amount, int(datetime.combine(day, time(), UTC).timestamp()) - 10 * 86400)
        for day, amount in frame.select("ex_date", "amount").iter_rows()
    ]
    source = recorded_source("SPY", 2021)
    tape = _left(source, "SPY", *YEAR_2021, near=0.5, days=400, keep=1.0)
    return PlainMarket(_with(source, [tape], dividends=dividends), CALENDAR)
