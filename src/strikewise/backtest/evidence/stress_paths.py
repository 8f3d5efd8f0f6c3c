"""The same market with a disaster in it: a source that bends chains, bars and volatility from a day on.

The loop that runs over it is the same one. A contract keeps its strike and is priced anew: its smile moves
with the underlying (an option as far from the new price has the volatility that one as far from the old
price had), times the shock to volatility, and the recorded mid moves by the difference of two Black-Scholes
prices, so that where nothing is shocked nothing changes. Spreads widen by their factor, and by the root of
the price.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import ChainColumns, OptionChain
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.money import MISSING_CENTS
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Grade, Series, Split, worst_grade
from strikewise.market.calendar import SessionCalendar, new_york_day
from strikewise.market.quality import Flaw, quote_flaws
from strikewise.market.source import MarketSource
from strikewise.pricing.black_scholes import greeks, price

__all__ = ["SCENARIOS", "Scenario", "ShockedSource"]

Array = NDArray[np.float64]

VOLATILITY_INDEXES = ("VIX", "VIX9D", "VIX3M", "VIX6M", "VXN", "RVX", "VVIX")
DAYS_A_YEAR = 365.0
LEAST_YEARS = 0.5 / DAYS_A_YEAR
"""What expires today still has half a day to move in."""
KEPT_CHAINS = 8
UNFELT = 1e-6
"""A factor this near to one is one."""
ROUNDING = 1e-6
"""Cents by which a price that is whole may miss it in floating point."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A disaster, told by what is different on the sessions from its day on.

    Attributes
    ----------
    name, story : str
        In a word, and in a sentence.
    spot : tuple of float
        Factor of the underlying's price on the first session, the second…; the last one stays.
    volatility : float
        Factor of implied volatility on the first session.
    half_life : float
        Sessions in which what is left of the shock to volatility and spreads halves; infinite: it stays.
    spread : float
        Factor of quoted spreads on the first session.
    unquoted : int
        Sessions without any quote: nothing can be traded.
    """

    name: str
    story: str
    spot: tuple[float, ...] = (1.0,)
    volatility: float = 1.0
    half_life: float = 10.0
    spread: float = 1.0
    unquoted: int = 0

    def __post_init__(self) -> None:
        numbers = (*self.spot, self.volatility, self.spread, self.half_life)
        if not self.spot or min(numbers) <= 0.0 or self.unquoted < 0:
            raise SettingsError(
                f"The factors of a scenario must be above zero; {self.name} has spot {self.spot}, "
                f"volatility {self.volatility} and spread {self.spread}."
            )

    def spot_factor(self, session: int) -> float:
        """Return the factor of the price on a session, 0 being the first; 1 before."""
        return 1.0 if session < 0 else self.spot[min(session, len(self.spot) - 1)]

    def volatility_factor(self, session: int) -> float:
        """Return the factor of volatility on a session; 1 before."""
        return self._fading(self.volatility, session)

    def spread_factor(self, session: int) -> float:
        """Return the factor of spreads on a session; 1 before."""
        return self._fading(self.spread, session)

    def _fading(self, factor: float, session: int) -> float:
        if session < 0:
            return 1.0
        left = 1.0 if self.half_life == inf else 0.5 ** (session / self.half_life)
        return float(1.0 + (factor - 1.0) * left)


SCENARIOS = (
    Scenario(
        "flash crash",
        "Down 9% at the snapshot, volatility doubled, spreads five times as wide; back the day after.",
        spot=(0.91, 1.0),
        volatility=2.0,
        half_life=0.25,
        spread=5.0,
    ),
    Scenario(
        "circuit breaker",
        "Trading is halted all day; it opens 13% lower with volatility 2.5 times as high.",
        spot=(0.87,),
        volatility=2.5,
        half_life=15.0,
        spread=4.0,
        unquoted=1,
    ),
    Scenario(
        "gap of -20%",
        "The market opens 20% lower and stays there; volatility triples, spreads quadruple, and both fade.",
        spot=(0.80,),
        volatility=3.0,
        half_life=15.0,
        spread=4.0,
    ),
    Scenario(
        "volatility times 3",
        "Implied volatility triples though the market stands still.",
        volatility=3.0,
        half_life=10.0,
        spread=2.0,
    ),
    Scenario("spreads times 5", "Spreads are five times as wide, and stay so.", spread=5.0, half_life=inf),
    Scenario("a day without quotes", "Nobody quotes anything for a day.", unquoted=1),
)
"""What every verdict runs through."""


class ShockedSource:
    """A `MarketSource` with a disaster in it.

    Everything before the day is as it was. Chains it bends are graded no better than reconstructed.

    Parameters
    ----------
    source : MarketSource
        The market as it was.
    scenario : Scenario
        The disaster.
    first_day : int
        Its first session, days since 1970-01-01.
    calendar : SessionCalendar
        The sessions.
    """

    def __init__(
        self, source: MarketSource, scenario: Scenario, first_day: int, calendar: SessionCalendar
    ) -> None:
        self._source, self._scenario, self._first = source, scenario, first_day
        self._calendar = calendar
        self._numbers: dict[int, int] = {}
        self._chains: OrderedDict[tuple[str, datetime], OptionChain] = OrderedDict()
        self._bars: dict[str, tuple[DailyBars, DailyBars]] = {}
        self._series: dict[str, tuple[Series, Series]] = {}

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have option chains, sorted."""
        return self._source.underlyings()

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        return self._source.symbols()

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants of an underlying's chains."""
        return self._source.snapshots(underlying)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain, bent from the first day of the disaster on."""
        found = self._source.chain(underlying, as_of)
        if found is None or (session := self._session(days_of(new_york_day(found.as_of)))) < 0:
            return found
        key = (underlying, found.as_of)
        if key not in self._chains:
            self._chains[key] = bent(found, self._scenario, session)
            while len(self._chains) > KEPT_CHAINS:
                self._chains.popitem(last=False)
        return self._chains[key]

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol, its prices bent; the disaster is the whole market's."""
        found = self._source.bars(symbol)
        if found is None:
            return None
        if symbol in VOLATILITY_INDEXES:
            factor = self._factors(found.days, self._scenario.volatility_factor)
        else:
            factor = self._factors(found.days, self._scenario.spot_factor)
        held = self._bars.get(symbol)
        if held is None or held[0] is not found:
            columns = {name: getattr(found, name) * factor for name in ("open", "high", "low", "close")}
            held = self._bars[symbol] = (found, replace(found, **columns))
        return held[1]

    def series(self, name: str) -> Series | None:
        """Return a whole series; volatility indices rise with volatility."""
        found = self._source.series(name)
        if found is None or name not in VOLATILITY_INDEXES:
            return found
        held = self._series.get(name)
        if held is None or held[0] is not found:
            factor = self._factors(found.days, self._scenario.volatility_factor)
            held = self._series[name] = (found, replace(found, values=found.values * factor))
        return held[1]

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the cash dividends of a symbol, by ex-date."""
        return self._source.dividends(symbol)

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol, by ex-date."""
        return self._source.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events, by day."""
        return self._source.calendar_events()

    def _session(self, day: int) -> int:
        """Return the number of a day's session, 0 being the first of the disaster; negative before it."""
        if day < self._first:
            return -1
        if day not in self._numbers:
            self._numbers[day] = self._calendar.sessions_between(date_of(self._first), date_of(day))
        return self._numbers[day]

    def _factors(self, days: NDArray[np.int32], factor: Callable[[int], float]) -> Array:
        return np.array([factor(self._session(day)) for day in days.tolist()], dtype=np.float64)


def bent(chain: OptionChain, scenario: Scenario, session: int) -> OptionChain:
    """Return a chain as it is on a session of a disaster; the chain itself where nothing is left of it."""
    spot, spread = scenario.spot_factor(session), scenario.spread_factor(session)
    volatility = scenario.volatility_factor(session)
    silent = session < scenario.unquoted
    if not silent and max(abs(one - 1.0) for one in (spot, spread, volatility)) < UNFELT:
        return chain
    columns = _silenced(chain) if silent else _repriced(chain, spot, volatility, spread)
    return replace(
        chain,
        columns=columns,
        start=0,
        stop=len(chain),
        spot_cents=round(chain.spot_cents * spot) if chain.spot_cents > 0 else chain.spot_cents,
        grade=worst_grade((chain.grade, Grade.RECONSTRUCTED)),
        source=f"{chain.source} ({scenario.name})",
    )


def _silenced(chain: OptionChain) -> ChainColumns:
    count = len(chain)
    unknown = np.full(count, MISSING_CENTS, dtype=np.int32)
    nothing = np.full(count, np.nan, dtype=np.float32)
    return ChainColumns(
        key=chain.key,
        bid=unknown,
        ask=unknown,
        volume=np.zeros(count, dtype=np.int32),
        open_interest=chain.open_interest,
        iv=nothing,
        delta=nothing,
        gamma=nothing,
        theta=nothing,
        vega=nothing,
        flaws=quote_flaws(unknown, unknown) | Flaw.NO_VOLATILITY.bit,
    )


def _repriced(chain: OptionChain, spot: float, volatility: float, spread: float) -> ChainColumns:
    strike, is_put = chain.strike, chain.is_put
    before, after = chain.spot, chain.spot * spot
    years = np.maximum(chain.dte / DAYS_A_YEAR, LEAST_YEARS)
    own, moved = _smiles(chain, spot)
    moved = moved * volatility
    change = 100.0 * (
        price(~is_put, after, strike, years, moved, 1.0) - price(~is_put, before, strike, years, own, 1.0)
    )
    sign = np.where(is_put, -1.0, 1.0)
    was, is_now = (100.0 * np.maximum(sign * (one - strike), 0.0) for one in (before, after))
    bid, ask = chain.bid.astype(np.float64), chain.ask.astype(np.float64)
    mid = (bid + ask) / 2.0
    new = np.maximum(mid + change, np.maximum(0.0, is_now + np.minimum(0.0, mid - was)))
    half = (ask - bid) / 2.0 * spread * np.sqrt(np.maximum(1.0, new / np.maximum(mid, 1.0)))
    known = (bid >= 0) & (ask > 0) & (ask >= bid) & np.isfinite(new)
    safe, wide = np.where(known, new, 0.0), np.where(known, half, 0.0)
    low = np.where(known, np.maximum(np.floor(safe - wide + ROUNDING), 0.0), MISSING_CENTS).astype(np.int32)
    high = np.where(known, np.maximum(np.ceil(safe + wide - ROUNDING), 1.0), MISSING_CENTS).astype(np.int32)
    found = greeks(~is_put, after, strike, years, moved, 0.0, 0.0)
    flaws = quote_flaws(low, high)
    flaws[~np.isfinite(moved)] |= Flaw.NO_VOLATILITY.bit
    return ChainColumns(
        key=chain.key,
        bid=low,
        ask=high,
        volume=chain.volume,
        open_interest=chain.open_interest,
        iv=moved.astype(np.float32),
        delta=found.delta.astype(np.float32),
        gamma=found.gamma.astype(np.float32),
        theta=found.theta.astype(np.float32),
        vega=found.vega.astype(np.float32),
        flaws=flaws,
    )


def _smiles(chain: OptionChain, spot: float) -> tuple[Array, Array]:
    """Return each contract's volatility, and that of a contract as far from the price as it is now.

    A contract without one is given that of its neighbours; NaN where its expiration has none.
    """
    own = np.full(len(chain), np.nan)
    moved = own.copy()
    strike, iv = chain.strike, chain.iv.astype(np.float64)
    for side in chain.sides():
        rows = slice(side.start, side.stop)
        there = np.isfinite(iv[rows]) & (iv[rows] > 0.0)
        if there.any():
            known, values = strike[rows][there], iv[rows][there]
            own[rows] = np.interp(strike[rows], known, values)
            moved[rows] = np.interp(strike[rows] / spot, known, values)
    return own, moved
