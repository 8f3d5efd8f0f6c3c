"""Does it hold elsewhere: other numbers, other starting days, other markets, and days nobody wishes for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.history import History, YearFigures, years_of
from strikewise.backtest.evidence.moments import SESSIONS_A_YEAR, annual_sharpe, moments_of
from strikewise.backtest.evidence.stress_paths import SCENARIOS, Scenario, ShockedSource
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.instruments import date_of, days_of
from strikewise.market.calendar import SessionCalendar
from strikewise.market.regime import Regime
from strikewise.market.source import MarketSource
from strikewise.market.view import Market

__all__ = [
    "Consistency",
    "Disaster",
    "MarketShare",
    "RegimeFigures",
    "Sensitivity",
    "StartFigures",
    "consistency_of",
    "disasters",
    "growth_a_year",
    "holding",
    "market_share",
    "regime_labels",
    "regimes_of",
    "sensitivity_of",
    "start_sweep",
]

Array = NDArray[np.float64]
Run = Callable[[ReplaySpec], History]

WARM_UP, AFTERMATH = 20, 60
"""Sessions before which no disaster comes, and that are watched after it."""
LAGS = 5
"""Of the Newey-West error of an intercept."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """Over calendar time.

    Attributes
    ----------
    years : tuple of YearFigures
        Every calendar year.
    positive_years, positive_quarters : float
        Shares with a return above zero.
    without_best : float
        Growth without the best year as a share of what equal years would leave; in [0, 1].
    """

    years: tuple[YearFigures, ...]
    positive_years: float
    positive_quarters: float
    without_best: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What became of the Sharpe ratio when every number of the strategy moved a little.

    Attributes
    ----------
    reach : float
        How far a number moved at most, as a fraction of itself.
    base : float
        The annual ratio as written.
    sharpes : tuple of float
        Those of the neighbours, in the order they were drawn.
    kept : float
        Median of the neighbours over the base, in [0, 1]; 0 where the base is not above zero.
    profitable : float
        Share of neighbours that earned something.
    """

    reach: float
    base: float
    sharpes: tuple[float, ...]
    kept: float
    profitable: float


@dataclass(frozen=True, slots=True)
class StartFigures:
    """The same specification begun on another day: a year's growth, annual Sharpe ratio, deepest fall."""

    start: date
    growth: float
    sharpe: float
    drawdown: float


@dataclass(frozen=True, slots=True)
class RegimeFigures:
    """The sessions of one kind of market: how many, return over all of them, Sharpe ratio, trades begun."""

    regime: str
    sessions: int
    total_return: float
    sharpe: float | None
    trades: int


@dataclass(frozen=True, slots=True)
class Disaster:
    """A disaster on the day that had the most at risk.

    Attributes
    ----------
    name, story : str
        As the scenario's.
    day : date
        Its first session.
    at_once : float
        Return of that session.
    worst : float
        Deepest fall below the equity of the evening before, within the sessions after it.
    against_calm : float
        Equity at the end of them relative to that of the undisturbed run, less one.
    """

    name: str
    story: str
    day: date
    at_once: float
    worst: float
    against_calm: float


@dataclass(frozen=True, slots=True)
class MarketShare:
    """How much of a result is the market's.

    Attributes
    ----------
    beta, correlation : float
        Of daily returns, on those of holding the underlying.
    alpha : float
        What is left a year.
    t : float
        Alpha over its Newey-West error.
    """

    beta: float
    correlation: float
    alpha: float
    t: float


def growth_a_year(returns: Array) -> float:
    """Return the growth a year that daily returns compound to."""
    if len(returns) == 0:
        return 0.0
    whole = float(np.prod(1.0 + returns))
    return float(max(whole, 0.0) ** (SESSIONS_A_YEAR / len(returns)) - 1.0)


def consistency_of(history: History) -> Consistency:
    """Return how a result is spread over calendar time."""
    years = years_of(history)
    quarters: dict[tuple[int, int], float] = {}
    for day, value in zip(history.days.tolist(), history.returns.tolist(), strict=True):
        at = date_of(day)
        key = (at.year, (at.month - 1) // 3)
        quarters[key] = (1.0 + quarters.get(key, 0.0)) * (1.0 + value) - 1.0
    logs = np.log1p(np.array([max(year.total_return, -0.999) for year in years]))
    left = 0.0
    if len(logs) > 1 and float(logs.sum()) > 0.0:
        share = (logs.sum() - logs.max()) / logs.sum()
        left = float(np.clip(share * len(logs) / (len(logs) - 1), 0.0, 1.0))
    return Consistency(
        years=years,
        positive_years=float(np.mean([year.total_return > 0.0 for year in years])),
        positive_quarters=float(np.mean([value > 0.0 for value in quarters.values()])),
        without_best=left,
    )


def sensitivity_of(base: History, neighbours: Sequence[History], reach: float) -> Sensitivity:
    """Return how a result changes with its numbers."""
    own = annual_sharpe(base.sharpe())
    others = [annual_sharpe(one.sharpe()) for one in neighbours]
    kept = float(np.clip(np.median(others) / own, 0.0, 1.0)) if others and own > 0.0 else 0.0
    profitable = float(np.mean([one.total_return > 0.0 for one in neighbours])) if neighbours else 0.0
    return Sensitivity(reach, own, tuple(others), kept, profitable)


def start_sweep(spec: ReplaySpec, history: History, run: Run, count: int) -> tuple[StartFigures, ...]:
    """Run a specification from other days on to the same end.

    Parameters
    ----------
    spec : ReplaySpec
        What to run.
    history : History
        Its run from the beginning, whose sessions are the days to start on.
    run : callable
        Runs a specification over the past.
    count : int
        Starts, evenly over the first half; the first is the beginning itself.
    """
    found = []
    for number in range(count):
        first = len(history.days) * number // (2 * count)
        start = date_of(int(history.days[first]))
        one = history if first == 0 else run(replace(spec, start=start))
        found.append(
            StartFigures(start, growth_a_year(one.returns), annual_sharpe(one.sharpe()), one.drawdown)
        )
    return tuple(found)


def regime_labels(
    days: NDArray[np.int32], source: MarketSource, calendar: SessionCalendar
) -> tuple[str, ...]:
    """Return the regime that acted on each session, as it was known at its close."""
    market = Market(source, calendar)
    at = (calendar.session_close(date_of(day)) for day in days.tolist())
    return tuple(market.view(instant).regime().value for instant in at)


def regimes_of(history: History, labels: Sequence[str]) -> tuple[RegimeFigures, ...]:
    """Return a result by regime, in the order of danger; unknown comes last."""
    named = np.array(labels)
    opened = np.searchsorted(history.days, history.opened)
    found = []
    for regime in (kind.value for kind in Regime):
        rows = np.flatnonzero(named == regime)
        if len(rows) == 0:
            continue
        returns = history.returns[rows]
        moments = moments_of(returns)
        found.append(
            RegimeFigures(
                regime=regime,
                sessions=len(rows),
                total_return=float(np.prod(1.0 + returns) - 1.0),
                sharpe=None if moments is None else annual_sharpe(moments.sharpe),
                trades=int(np.isin(opened, rows).sum()),
            )
        )
    return tuple(found)


def disasters(
    spec: ReplaySpec,
    history: History,
    source: MarketSource,
    calendar: SessionCalendar,
    run: Callable[[ReplaySpec, MarketSource], History],
    scenarios: Sequence[Scenario] = SCENARIOS,
) -> tuple[Disaster, ...]:
    """Let each disaster come on the session after the one that ended with the most at risk.

    Parameters
    ----------
    spec, history
        A specification and its run.
    source, calendar
        The market and its sessions.
    run : callable
        Runs a specification over a market.
    scenarios : sequence of Scenario
        The disasters.

    Returns
    -------
    tuple of Disaster
        None where the run is too short for any, or never had anything at risk.
    """
    watched = slice(WARM_UP, len(history.days) - AFTERMATH)
    at_risk = history.at_risk[watched]
    if len(at_risk) == 0 or float(at_risk.max()) <= 0.0:
        return ()
    first = WARM_UP + int(at_risk.argmax()) + 1
    last = min(first + AFTERMATH, len(history.days)) - 1
    day, end = int(history.days[first]), date_of(int(history.days[last]))
    calm = float(np.prod(1.0 + history.returns[first : last + 1]))
    found = []
    for scenario in scenarios:
        hit = run(replace(spec, end=end), ShockedSource(source, scenario, day, calendar))
        after = hit.returns[first : last + 1]
        curve = np.cumprod(1.0 + after)
        found.append(
            Disaster(
                name=scenario.name,
                story=scenario.story,
                day=date_of(day),
                at_once=float(after[0]),
                worst=float(min(0.0, curve.min() - 1.0)),
                against_calm=float(curve[-1] / calm - 1.0) if calm > 0.0 else 0.0,
            )
        )
    return tuple(found)


def holding(
    prices: Mapping[str, Sequence[tuple[date, float]]], days: NDArray[np.int32], source: MarketSource
) -> Array:
    """Return the daily returns of holding the underlyings in equal parts, dividends and splits counted.

    Parameters
    ----------
    prices : mapping of str to sequence of (date, float)
        Closes by symbol.
    days : (n,) int32
        Sessions; the return of one without a close is 0.
    source : MarketSource
        Knows dividends and splits.
    """
    whole = np.zeros(len(days))
    for symbol, closes in prices.items():
        paid: defaultdict[int, float] = defaultdict(float)
        for one in source.dividends(symbol):
            paid[days_of(one.ex_date)] += one.amount  # a regular and a special one may share a day
        split = {days_of(one.ex_date): one.ratio for one in source.splits(symbol)}
        by_day = {}
        for (_, before), (day, now) in pairwise(closes):
            number = days_of(day)
            ratio = split.get(number, 1.0)
            by_day[number] = ratio * (now + paid[number]) / before - 1.0 if before > 0.0 else 0.0
        whole += np.array([by_day.get(day, 0.0) for day in days.tolist()])
    return whole / max(1, len(prices))


def market_share(returns: Array, market: Array) -> MarketShare | None:
    """Return beta, and what is left without it; None where the market stood still or days are too few.

    Parameters
    ----------
    returns, market : (n,) float64
        Daily, of the same sessions.
    """
    if moments_of(market) is None or moments_of(returns) is None:
        return None
    centred = market - market.mean()
    beta = float(centred @ returns / (centred @ centred))
    left = returns - beta * market
    alpha = float(left.mean())
    noise = left - alpha
    count = len(noise)
    variance = float(noise @ noise) / count
    for lag in range(1, LAGS + 1):
        variance += 2.0 * (1.0 - lag / (LAGS + 1)) * float(noise[lag:] @ noise[:-lag]) / count
    error = (max(variance, 1e-18) / count) ** 0.5
    return MarketShare(
        beta=beta,
        correlation=float(np.corrcoef(returns, market)[0, 1]),
        alpha=alpha * SESSIONS_A_YEAR,
        t=alpha / error,
    )
