"""Gather what a reconstruction is made of, and what a calibration is fitted to, from a source of data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.calibrate import Evidence
from strikewise.backtest.reconstruct.conditions import Conditions, conditions_of
from strikewise.backtest.reconstruct.forwards import expected_dividends
from strikewise.backtest.reconstruct.observations import Quotes, own_indices, quotes_of
from strikewise.backtest.reconstruct.recipe import BROAD, Observed
from strikewise.backtest.reconstruct.sessions import bill_rates
from strikewise.backtest.reconstruct.straddles import Straddles
from strikewise.backtest.reconstruct.variance_time import VarianceClock
from strikewise.domain.chain import RECORDED_MARK
from strikewise.domain.errors import MissingDataError, ParameterError
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import DailyBars, Grade, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.market.view import DIVIDEND_PROXIES, RATES

__all__ = ["clock_for", "evidence_from", "observed_from", "straddles_from"]

OWN_INDICES = {"QQQ": "VXN", "IWM": "RVX"}
"""Funds on other indices that have a volatility index of their own."""

Array = NDArray[np.float64]

FINANCING = 0.0055
LEAST_QUOTES, FULL_QUOTES = 5, 500
OWN_SKEW = 7.0
"""What Cboe's SKEW lies above that of a fund's recorded chain, whose strikes end sooner: 2026-07-22."""


def observed_from(source: MarketSource, underlying: str) -> Observed:
    """Return all that a source knows to reconstruct an underlying from.

    Parameters
    ----------
    source : MarketSource
        Where bars, indices, rates, dividends and events are.
    underlying : str
        The symbol.

    Raises
    ------
    MissingDataError
        If its bars, VIX or a rate are missing.
    """
    bars, month = source.bars(underlying), source.series("VIX")
    rate = next((found for name in RATES if (found := source.series(name)) is not None), None)
    lacking = [
        what
        for what, found in ((f"bars of {underlying}", bars), ("VIX", month), (" or ".join(RATES), rate))
        if found is None
    ]
    if bars is None or month is None or rate is None:
        raise MissingDataError(
            f"Chains of {underlying} cannot be reconstructed without {', '.join(lacking)}: import them first."
        )
    index = next((held for name in BROAD if (held := source.bars(name)) is not None), None)
    payer = DIVIDEND_PROXIES.get(underlying, underlying)
    paid = source.dividends(payer)
    return Observed(
        bars,
        month,
        rate,
        near=source.series("VIX9D"),
        quarter=source.series("VIX3M"),
        half=source.series("VIX6M"),
        skew=source.series("SKEW"),
        index=index,
        own_index=source.series(OWN_INDICES[underlying]) if underlying in OWN_INDICES else None,
        dividends=paid if payer == underlying else (),
        dividend_yield=None if payer == underlying else _yields(source, payer),
        events=source.calendar_events(),
    )


def _yields(source: MarketSource, payer: str) -> Series | None:
    """Return a fund's dividends of the past year over its close, percent, by day."""
    bars, paid = source.bars(payer), source.dividends(payer)
    if bars is None or not paid:
        return None
    ex = np.array([days_of(one.ex_date) for one in paid])
    total = np.concatenate([[0.0], np.cumsum([one.amount for one in paid])])
    # Records that stop do not read as dividends that stop: the year ends at the last ex-date.
    end = np.searchsorted(ex, bars.days, side="right")
    last = ex[np.maximum(end - 1, 0)]
    start = np.searchsorted(ex, last - 350, side="right")
    known = (end > 0) & (ex[0] <= bars.days - 350) & (bars.close > 0)
    amount = total[end] - total[np.minimum(start, end)]
    return Series(
        f"{payer} yield",
        bars.days[known],
        np.asarray(100.0 * amount[known] / bars.close[known]),
        bars.known_at[known],
    )


def clock_for(source: MarketSource, calendar: SessionCalendar, start: date, end: date) -> VarianceClock:
    """Return variance time for days between two, and expirations up to two years later."""
    return VarianceClock(calendar, source.calendar_events(), start, end + timedelta(days=730))


def evidence_from(
    source: MarketSource,
    calendar: SessionCalendar,
    start: date,
    end: date,
    *,
    underlying: str = "SPY",
    straddles: Straddles | None = None,
) -> Evidence:
    """Return recorded chains of a period, and the straddles, with the conditions of their days.

    A day with a full chain but without VIX takes the indices that Cboe's rule makes of its own chain: the
    level is then given, and what is fitted and judged is the smile.

    Parameters
    ----------
    source : MarketSource
        Where they are.
    calendar : SessionCalendar
        The sessions.
    start, end : date
        Bounds of the recorded chains, both included.
    underlying : str
        SPX, or a fund on it.
    straddles : Straddles, optional
        Normalised straddles of any days.

    Raises
    ------
    ParameterError, MissingDataError
        If the underlying is another, or there are no such chains.
    """
    _require_the_index(underlying)
    observed = observed_from(source, underlying)
    parts = list(_recorded(source, observed, calendar, start, end))
    quotes = Quotes.joined(parts) if parts else None
    recorded = [int(part.day[0]) for part in parts]
    asked = sorted({*recorded, *([] if straddles is None else straddles.days.tolist())})
    published = conditions_of(observed.series(), np.array(asked, dtype=np.int64))
    own = [part for part in parts if int(part.day[0]) not in set(published.days.tolist())]
    conditions, is_own = _with_own(published, observed, own)
    if quotes is None or len(conditions) == 0:
        raise MissingDataError(
            f"There are no recorded chains of {underlying} from {start.isoformat()} to {end.isoformat()} "
            "with volatility indices to fit to: import some."
        )
    quotes = quotes.take(np.isin(quotes.day, conditions.days))
    chosen = None if straddles is None else straddles.of(np.isin(straddles.days, conditions.days))
    return Evidence(quotes, conditions, is_own, chosen)


def _require_the_index(underlying: str) -> None:
    if underlying not in BROAD:
        raise ParameterError(
            f"Numbers are fitted to options on the S&P 500 and are taken over for others: ask for one of "
            f"{', '.join(BROAD)}; was {underlying}."
        )


def _recorded(
    source: MarketSource, observed: Observed, calendar: SessionCalendar, start: date, end: date
) -> list[Quotes]:
    underlying = observed.bars.symbol
    found = []
    for seconds in source.snapshots(underlying).tolist():
        instant = datetime.fromtimestamp(seconds, UTC)
        day = calendar.day_of(instant)
        chain = source.chain(underlying, instant) if start <= day <= end else None
        if chain is None or not np.isfinite(chain.spot):
            continue
        # Recorded contracts may stand among reconstructed ones.
        if chain.grade is Grade.RECONSTRUCTED and not (chain.flaws & RECORDED_MARK).any():
            continue
        rate = float(bill_rates(observed.rate, np.array([days_of(day)]))[0]) + FINANCING
        quotes = quotes_of(chain, rate, expected_dividends(observed.dividends, days_of(day), seconds))
        if len(quotes) >= LEAST_QUOTES:
            found.append(quotes)
    return found


def _with_own(
    published: Conditions, observed: Observed, parts: Sequence[Quotes]
) -> tuple[Conditions, NDArray[np.bool_]]:
    """Return the conditions with days added whose indices are those of their own full chains."""
    full = [(int(part.day[0]), own_indices(part)) for part in parts if len(part) >= FULL_QUOTES]
    days = np.array([day for day, one in full if np.isfinite(one.indices[:3]).all()], dtype=np.int64)
    if len(days) == 0:
        return published, np.zeros(len(published), dtype=np.bool_)
    kept = {day: one for day, one in full if np.isfinite(one.indices[:3]).all()}
    level = np.array([kept[day].indices for day in days.tolist()])
    half = level[:, 2] * np.exp(0.019 + 0.523 * np.log(level[:, 2] / level[:, 1]))
    level[:, 3] = np.where(np.isfinite(level[:, 3]), level[:, 3], half)
    skew = np.array([kept[day].skew + OWN_SKEW for day in days.tolist()])
    latest = conditions_of(observed.series(), observed.volatility_index.days[-1:].astype(np.int64))
    joined = np.concatenate([published.days, days])
    order = np.argsort(joined)
    merged = Conditions(
        joined[order],
        np.concatenate([published.indices, level])[order],
        np.concatenate([published.skew, skew])[order],
        np.concatenate([published.beta, np.full(len(days), latest.beta[0])])[order],
        np.concatenate([published.measured, np.zeros((len(days), 4), dtype=np.bool_)])[order],
    )
    is_own = np.concatenate([np.zeros(len(published), dtype=np.bool_), np.ones(len(days), dtype=np.bool_)])
    return merged, is_own[order]


def straddles_from(
    source: MarketSource, calendar: SessionCalendar, days: NDArray[np.int64], values: Array
) -> Straddles:
    """Return a series of normalised straddles with the index, rate and listings of its days.

    Raises
    ------
    MissingDataError
        If the S&P 500's bars are missing.
    """
    observed = observed_from(source, "SPX")
    spot = _closes(observed.bars, days)
    there = np.isfinite(spot)
    days, values, spot = days[there], values[there], spot[there]
    rate = bill_rates(observed.rate, days) + FINANCING
    known = observed.dividend_yield
    yields = np.full(len(days), 0.016)
    if known is not None and len(known):
        yields = known.values[np.maximum(np.searchsorted(known.days, days, side="right") - 1, 0)] / 100.0
    return Straddles.of_series(days, values, spot, rate - yields, rate, calendar)


def _closes(bars: DailyBars, days: NDArray[np.int64]) -> Array:
    row = np.minimum(np.searchsorted(bars.days, days), len(bars) - 1)
    if len(bars) == 0:
        raise MissingDataError(f"There are no bars of {bars.symbol}.")
    return np.where(bars.days[row] == days, bars.close[row], np.nan)
