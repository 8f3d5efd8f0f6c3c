"""Measure American prices, Greeks and implied volatilities beside QuantLib, and what each gets wrong.

Run ``python benchmarks/pricing_american.py [OPTIONS]`` (default 1000 options). One process, one core; the
contestants take turns and each keeps its best.

The domain: calls and puts struck at 100, a week to three years, 8 to 80 % volatility, rates and yields of 0
to 10 %, spot within two deviations of the strike. Errors are dollars against QuantLib's spectral collocation
with 20 iterations and 30 points, tolerance 1e-11.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np
import QuantLib
from numpy.typing import NDArray

from strikewise.pricing import american, american_dividends
from strikewise.pricing.backend import ARRAY, warm_up
from strikewise.pricing.collocation import FAST, PRECISE, Collocation

Array = NDArray[np.float64]
STRIKE = 100.0
TURNS = 3
DIVIDEND, EX_DAYS = 0.9, 30 + 91 * np.arange(8)
TODAY = QuantLib.Date(2, 1, 2024)


@dataclass(frozen=True)
class Options:
    """Columns of options struck at 100, whose lives are whole days."""

    is_call: NDArray[np.bool_]
    spot: Array
    days: NDArray[np.int64]
    volatility: Array
    rate: Array
    dividend_yield: Array

    @property
    def years(self) -> Array:
        return self.days / 365.0

    def first(self, n: int) -> Options:
        return Options(*(getattr(self, column.name)[:n] for column in fields(self)))


def domain(n: int) -> Options:
    generator = np.random.default_rng(11)
    days = np.exp(generator.uniform(np.log(7), np.log(1095), n)).astype(np.int64)
    volatility = np.exp(generator.uniform(np.log(0.08), np.log(0.8), n))
    spot = STRIKE * np.exp(generator.uniform(-2.0, 2.0, n) * volatility * np.sqrt(days / 365.0))
    rate, dividend_yield = generator.uniform(0.0, 0.1, (2, n))
    return Options(generator.random(n) < 0.5, spot, days, volatility, rate, dividend_yield)


def chain() -> Options:
    """Return the puts and calls of twenty expirations, a hundred strikes each, as spots over one strike."""
    days = np.repeat(np.geomspace(3, 730, 20).astype(np.int64), 200)
    half = np.repeat([True, False], 100)
    deviations = np.tile(np.linspace(-2.5, 1.5, 100), 40)
    volatility = 0.18 + 0.04 * deviations**2 / (1.0 + 0.3 * deviations**2)
    spot = STRIKE * np.exp(-deviations * 0.18 * np.sqrt(days / 365.0))
    n = days.size
    return Options(np.tile(half, 20), spot, days, volatility, np.full(n, 0.04), np.full(n, 0.013))


class Desk:
    """QuantLib's process with movable quotes."""

    def __init__(self) -> None:
        QuantLib.Settings.instance().evaluationDate = TODAY
        basis = QuantLib.Actual365Fixed()
        self._quotes = [QuantLib.SimpleQuote(0.1) for _ in range(4)]
        spot, rate, dividend, volatility = (QuantLib.QuoteHandle(quote) for quote in self._quotes)
        self.process = QuantLib.BlackScholesMertonProcess(
            spot,
            QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, dividend, basis)),
            QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, rate, basis)),
            QuantLib.BlackVolTermStructureHandle(
                QuantLib.BlackConstantVol(TODAY, QuantLib.NullCalendar(), volatility, basis)
            ),
        )

    def option(self, o: Options, i: int) -> Any:
        told = (o.spot[i], o.rate[i], o.dividend_yield[i], o.volatility[i])
        for quote, value in zip(self._quotes, told, strict=True):
            quote.setValue(float(value))
        kind = QuantLib.Option.Call if o.is_call[i] else QuantLib.Option.Put
        exercise = QuantLib.AmericanExercise(TODAY, TODAY + int(o.days[i]))
        return QuantLib.VanillaOption(QuantLib.PlainVanillaPayoff(kind, STRIKE), exercise)


DESK = Desk()


def quantlib(scheme: Any) -> Callable[[Options], Array]:
    engine = QuantLib.QdFpAmericanEngine(DESK.process, scheme)

    def prices(o: Options) -> Array:
        found = np.empty(o.spot.size)
        for i in range(found.size):
            option = DESK.option(o, i)
            option.setPricingEngine(engine)
            found[i] = option.NPV()
        return found

    return prices


def ours(scheme: Collocation, **how: Any) -> Callable[[Options], Array]:
    def prices(o: Options) -> Array:
        columns = (o.is_call, o.spot, STRIKE, o.years, o.volatility, o.rate, o.dividend_yield)
        return american.price(*columns, scheme=scheme, **how)

    return prices


def our_greeks(o: Options, **how: Any) -> Array:
    columns = (o.is_call, o.spot, STRIKE, o.years, o.volatility, o.rate, o.dividend_yield)
    return american.greeks(*columns, **how).vega


def our_volatilities(o: Options, values: Array, **how: Any) -> Array:
    columns = (o.is_call, values, o.spot, STRIKE, o.years, o.rate, o.dividend_yield)
    return american.implied_volatility(*columns, **how)


def quantlib_volatilities(o: Options, values: Array) -> Array:
    found = np.full(values.size, np.nan)
    for i in range(values.size):
        option = DESK.option(o, i)
        try:
            found[i] = option.impliedVolatility(float(values[i]), DESK.process, 1e-6, 200, 0.01, 4.0)
        except RuntimeError:
            continue
    return found


def clocked(run: Callable[[], Any], n: int) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) / n * 1e6


def race_prices(n: int) -> None:
    o = domain(n)
    sample = o.first(min(n, 500))
    exact = quantlib(QuantLib.QdFpTanhSinhIterationScheme(20, 30, 1e-11))(sample)
    field = {
        "strikewise FAST": ours(FAST),
        "QuantLib QdFp fast": quantlib(QuantLib.QdFpAmericanEngine.fastScheme()),
        "strikewise PRECISE": ours(PRECISE),
        "QuantLib QdFp accurate": quantlib(QuantLib.QdFpAmericanEngine.accurateScheme()),
        "strikewise FAST (NumPy fallback)": ours(FAST, kernels=ARRAY),
    }
    best = dict.fromkeys(field, float("inf"))
    for _ in range(TURNS):
        for name, run in field.items():
            best[name] = min(best[name], clocked(lambda run=run: run(o), n))
    print(f"\n{'American price':36}{'us each':>9}{'x ours':>8}{'p50':>10}{'p99':>10}{'max error':>11}")
    for name, run in field.items():
        p50, p99, worst = np.quantile(np.abs(run(sample) - exact), [0.5, 0.99, 1.0])
        ratio = best[name] / best["strikewise FAST"]
        print(f"  {name:34}{best[name]:9.2f}{ratio:8.1f}{p50:10.1e}{p99:10.1e}{worst:11.1e}")


def race_volatilities(n: int) -> None:
    o = domain(n)
    few = o.first(min(n, 60))
    values = ours(PRECISE)(o)
    exercise = np.maximum(np.where(o.is_call, o.spot - STRIKE, STRIKE - o.spot), 0.0)
    alive = values > exercise + 0.01
    found = our_volatilities(o, values)
    theirs = quantlib_volatilities(few, values[: few.spot.size])
    mine, other = 1e9, 1e9
    for _ in range(TURNS):
        mine = min(mine, clocked(lambda: our_volatilities(o, values), n))
        other = min(
            other, clocked(lambda: quantlib_volatilities(few, values[: few.spot.size]), few.spot.size)
        )
    title = "American implied volatility"
    print(f"\n{title:36}{'us each':>9}{'x ours':>8}{'p50':>10}{'p99 points':>12}{'none':>6}")
    rows = (
        ("strikewise", mine, found, o.volatility, alive),
        ("QuantLib impliedVolatility", other, theirs, few.volatility, alive[: few.spot.size]),
    )
    for name, taken, volatility, exact, judged in rows:
        off = 100.0 * np.abs(volatility - exact)[judged]
        p50, p99 = np.nanquantile(off, [0.5, 0.99])
        print(f"  {name:34}{taken:9.1f}{taken / mine:8.1f}{p50:10.1e}{p99:12.1e}{int(np.isnan(off).sum()):6}")


def with_dividends(grid: int) -> Callable[[Options], Array]:
    """QuantLib's finite differences in the escrowed model, so many points and steps."""
    paid = QuantLib.DividendVector([TODAY + int(day) for day in EX_DAYS], [DIVIDEND] * len(EX_DAYS))
    engine = QuantLib.FdBlackScholesVanillaEngine(
        DESK.process,
        paid,
        grid,
        grid,
        0,
        QuantLib.FdmSchemeDesc.Douglas(),
        False,
        -1e300,
        QuantLib.FdBlackScholesVanillaEngine.Escrowed,
    )

    def prices(o: Options) -> Array:
        found = np.empty(o.spot.size)
        for i in range(found.size):
            option = DESK.option(o, i)
            option.setPricingEngine(engine)
            found[i] = option.NPV()
        return found

    return prices


def our_dividends(o: Options) -> Array:
    columns = (o.is_call, o.spot, STRIKE, o.years, o.volatility, o.rate)
    return american_dividends.price(*columns, [DIVIDEND] * len(EX_DAYS), EX_DAYS / 365.0)


def race_dividends(n: int) -> None:
    o = domain(n)
    o = Options(o.is_call, o.spot + 2.0, np.minimum(o.days, 730), o.volatility, o.rate, 0.0 * o.rate)
    exact = with_dividends(1000)(o)
    title = "American price, quarterly cash"
    print(f"\n{title:36}{'us each':>9}{'x ours':>8}{'p50':>10}{'p90':>10}{'max error':>11}")
    mine = min(clocked(lambda: our_dividends(o), n) for _ in range(TURNS))
    rows = [("strikewise grid", mine, our_dividends(o))]
    for grid in (100, 300):
        run = with_dividends(grid)
        rows.append((f"QuantLib FD escrowed {grid} x {grid}", clocked(lambda run=run: run(o), n), run(o)))
    for name, taken, found in rows:
        p50, p90, worst = np.quantile(np.abs(found - exact), [0.5, 0.9, 1.0])
        print(f"  {name:34}{taken:9.0f}{taken / mine:8.1f}{p50:10.1e}{p90:10.1e}{worst:11.1e}")


def race_chain() -> None:
    o = chain()
    n = o.spot.size
    values = ours(PRECISE)(o)
    print(f"\n{f'A chain of {n} options':36}{'us each':>9}{'together':>10}")
    for name, run in (
        ("price", lambda **how: ours(FAST, **how)(o)),
        ("price and Greeks", lambda **how: our_greeks(o, **how)),
        ("implied volatility", lambda **how: our_volatilities(o, values, **how)),
    ):
        alone = min(clocked(run, n) for _ in range(TURNS))
        among = min(clocked(lambda run=run: run(together=True), n) for _ in range(TURNS))
        print(f"  {name:34}{alone:9.1f}{among:10.1f}")


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    warm_up()
    race_prices(n)
    race_volatilities(n)
    race_chain()
    race_dividends(10)


if __name__ == "__main__":
    main()
