"""Recorded chains with volatilities and flaws of our own, as a market that strategies can look at."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from market.recorded import CALENDAR, recorded_bars, recorded_series, recorded_tape
from shared_data import DATA
from strikewise.domain.chain import ChainColumns, ChainTape, OptionChain
from strikewise.domain.instruments import OptionContract, Right, date_of
from strikewise.domain.quotes import CalendarEvent, Series
from strikewise.market.memory_source import MemorySource
from strikewise.market.recompute import RawSnapshot, recompute
from strikewise.market.view import Market, MarketView


def recomputed_tape(underlying: str, year: int) -> ChainTape:
    tape = recorded_tape(underlying, year)

    def settles_at(days: int, root: int) -> int:
        contract = OptionContract(underlying, date_of(days), Right.CALL, 1000, root)
        return int(CALENDAR.settlement_at(contract).timestamp())

    parts: list[ChainColumns] = []
    before: OptionChain | None = None
    for index in range(len(tape)):
        chain = tape.chain(index)
        raw = RawSnapshot(
            underlying,
            int(tape.as_of[index]),
            chain.spot_cents,
            chain.key,
            chain.bid,
            chain.ask,
            chain.volume,
            chain.open_interest,
        )
        parts.append(
            recompute(raw, rate=0.04, dividend_yield=0.012, settles_at=settles_at, before=before).columns
        )
        before = chain
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(ChainColumns)
    }
    return ChainTape(
        underlying,
        tape.as_of,
        tape.known_at,
        tape.spot_cents,
        tape.grade,
        tape.source,
        tape.sources,
        tape.offsets,
        ChainColumns(**columns),
    )


def bill_rates() -> Series:
    frame = pl.read_parquet(DATA / "rates.parquet").sort("date").drop_nulls("rate_3m")
    days = frame["date"].cast(pl.Int32).to_numpy()
    return Series(
        "rate_3m", days, frame["rate_3m"].cast(pl.Float64).to_numpy(), days.astype(np.int64) * 86400
    )


@cache
def recorded_source(underlying: str, year: int) -> MemorySource:
    return MemorySource(
        [recomputed_tape(underlying, year)],
        bars=[recorded_bars("SPY"), recorded_bars("SPX")],
        series=[recorded_series("VIX"), bill_rates()],
        events=recorded_events(),
    )


def recorded_events() -> list[CalendarEvent]:
    """Decisions of the Federal Reserve, inflation and jobs, announced long before."""
    frame = pl.read_csv(DATA / "events.csv", try_parse_dates=True)
    kinds = {"fomc_decision": "FOMC", "cpi": "CPI", "nfp": "NFP"}
    return [
        CalendarEvent(kinds[event], day, None, 0)
        for day, event in frame.select("date", "event").iter_rows()
        if event in kinds
    ]


@cache
def recorded_market(underlying: str = "SPY", year: int = 2026) -> Market:
    return Market(recorded_source(underlying, year), CALENDAR)


def recorded_view(day: date, underlying: str = "SPY") -> MarketView:
    return recorded_market(underlying, day.year).view(CALENDAR.session_close(day))
