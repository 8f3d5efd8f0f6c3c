"""Measure prices, Greeks and implied volatilities beside the packages that people use, and count who fails.

Run ``python benchmarks/pricing.py [OPTIONS]`` (default 100000 options a run). One process, one core; the
contestants take turns of three runs, and each keeps its best.

Faults are judged on the stated domain: out-of-the-money options within six standard deviations, one hour to
three years, 3 to 400 % volatility. A failure is NaN or a relative error above 1e-6; errors are measured
against mpmath in sixty digits. Of the Greeks, price, delta, gamma and vega are judged: theta and rho pass
through zero.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # before the peers start their thread pools

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from strikewise.pricing.backend import ARRAY, warm_up
from strikewise.pricing.black_scholes import greeks, price
from strikewise.pricing.implied_vol import implied_volatility

Array = NDArray[np.float64]
TURNS, RUNS = 6, 3
SAMPLE = 1000
FAILURE = 1e-6
RATE, YIELD = 0.03, 0.01
ORDER = ("price", "delta", "gamma", "theta", "vega", "rho")


def _optional(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        print(f"{name} is not installed: left out")
        return None


mp = _optional("mpmath")
if mp:
    mp.mp.dps = 60
pyvolr = _optional("pyvolr")
fast_vollib = _optional("fast_vollib")
quantlib = _optional("QuantLib")
jackel = _optional("fast_vollib.jackel.numpy_backend") if fast_vollib else None


@dataclass(frozen=True)
class Options:
    """Columns of out-of-the-money options with their exact volatility."""

    is_call: NDArray[np.bool_]
    spot: Array
    strike: Array
    years: Array
    volatility: Array
    forward: Array
    discount: Array

    @property
    def flags(self) -> NDArray[np.str_]:
        return np.where(self.is_call, "c", "p")

    def first(self, n: int) -> Options:
        return Options(*(getattr(self, column.name)[:n] for column in fields(self)))


def stated_domain(n: int) -> Options:
    generator = np.random.default_rng(7)
    years = np.exp(generator.uniform(np.log(1 / 8760), np.log(3), n))
    volatility = np.exp(generator.uniform(np.log(0.03), np.log(4), n))
    moneyness = generator.uniform(-6, 6, n)
    return _around(moneyness, years, volatility)


def equity_chain(n: int) -> Options:
    generator = np.random.default_rng(8)
    years = generator.integers(1, 730, n) / 365
    volatility = np.exp(generator.uniform(np.log(0.08), np.log(1), n))
    moneyness = generator.uniform(-3, 2, n)
    return _around(moneyness, years, volatility)


def _around(moneyness: Array, years: Array, volatility: Array) -> Options:
    spot = np.full(years.size, 100.0)
    forward = spot * np.exp((RATE - YIELD) * years)
    strike = forward * np.exp(moneyness * volatility * np.sqrt(years))
    return Options(strike >= forward, spot, strike, years, volatility, forward, np.exp(-RATE * years))


# ---- price and five Greeks ----


def greeks_ours(o: Options) -> Any:
    return greeks(o.is_call, o.spot, o.strike, o.years, o.volatility, RATE, YIELD)


def greeks_ours_numpy(o: Options) -> Any:
    return greeks(o.is_call, o.spot, o.strike, o.years, o.volatility, RATE, YIELD, kernels=ARRAY)


def greeks_numpy(o: Options) -> Any:
    """The textbook in NumPy and SciPy, every shared term computed once."""
    w = np.where(o.is_call, 1.0, -1.0)
    root = np.sqrt(o.years)
    s = o.volatility * root
    d1 = (np.log(o.spot / o.strike) + (RATE - YIELD) * o.years) / s + 0.5 * s
    n1, n2 = ndtr(w * d1), ndtr(w * (d1 - s))
    carried = o.spot * np.exp(-YIELD * o.years)
    owed = o.strike * np.exp(-RATE * o.years)
    bell = carried * np.exp(-0.5 * d1 * d1) * 0.3989422804014327
    carried_n1, owed_n2 = w * carried * n1, w * owed * n2
    theta = (-0.5 * bell * o.volatility / root + YIELD * carried_n1 - RATE * owed_n2) / 365
    return (
        carried_n1 - owed_n2,
        carried_n1 / o.spot,
        bell / (o.spot * o.spot * s),
        theta,
        bell * root * 0.01,
        owed_n2 * o.years * 0.01,
    )


def greeks_pyvolr(o: Options) -> Any:
    flag = np.where(o.is_call, 1, -1)
    values = pyvolr.bs.price(flag, o.spot, o.strike, o.years, RATE, o.volatility, YIELD)
    rest = pyvolr.bs.greeks(flag, o.spot, o.strike, o.years, RATE, o.volatility, YIELD)
    return (
        values,
        rest["delta"],
        rest["gamma"],
        rest["theta"] / 365,
        rest["vega"] * 0.01,
        rest["rho"] * 0.01,
    )


def greeks_fast_vollib(o: Options) -> Any:
    row = (o.flags, o.spot, o.strike, o.years, RATE, o.volatility, YIELD)
    values = fast_vollib.fast_black_scholes_merton(*row, return_as="numpy")
    rest = fast_vollib.get_all_greeks(*row, model="black_scholes_merton", return_as="dict")
    return (values, *(rest[name] for name in ORDER[1:]))


def greeks_quantlib(o: Options) -> Any:
    out = np.empty((6, o.spot.size))
    forward, discount = o.forward, o.discount
    for i in range(o.spot.size):
        kind = quantlib.Option.Call if o.is_call[i] else quantlib.Option.Put
        payoff = quantlib.PlainVanillaPayoff(kind, o.strike[i])
        deviation = o.volatility[i] * o.years[i] ** 0.5
        black = quantlib.BlackCalculator(payoff, forward[i], deviation, discount[i])
        S, T = o.spot[i], o.years[i]
        out[:, i] = (
            black.value(),
            black.delta(S),
            black.gamma(S),
            black.theta(S, T) / 365,
            black.vega(T) * 0.01,
            black.rho(T) * 0.01,
        )
    return out


# ---- implied volatility ----


def iv_ours(o: Options, values: Array) -> Any:
    return implied_volatility(o.is_call, values, o.forward, o.strike, o.years, o.discount)


def iv_ours_numpy(o: Options, values: Array) -> Any:
    return implied_volatility(o.is_call, values, o.forward, o.strike, o.years, o.discount, kernels=ARRAY)


def iv_numpy(o: Options, values: Array) -> Any:
    """Newton's method from the inflection point, as most scripts have it."""
    w = np.where(o.is_call, 1.0, -1.0)
    forward, discount = o.forward, o.discount
    x = np.log(forward / o.strike)
    s = np.maximum(np.sqrt(2 * np.abs(x)), 1e-4)
    for _ in range(30):
        d1 = x / s + 0.5 * s
        misfit = discount * w * (forward * ndtr(w * d1) - o.strike * ndtr(w * (d1 - s))) - values
        vega = discount * forward * np.exp(-0.5 * d1 * d1) * 0.3989422804014327
        s = np.maximum(s - misfit / np.maximum(vega, 1e-300), 1e-8)
    return s / np.sqrt(o.years)


def iv_pyvolr(o: Options, values: Array) -> Any:
    flag = np.where(o.is_call, 1, -1)
    return pyvolr.black76.implied_vol(values, flag, o.forward, o.strike, o.years, RATE, on_error="ignore")


def iv_jackel(o: Options, values: Array) -> Any:
    row = (values, o.forward, o.strike, o.years, np.full(values.size, RATE), o.flags)
    return jackel.implied_volatility("black", *row, on_error="ignore")


def iv_fast_vollib(o: Options, values: Array) -> Any:
    row = (values, o.forward, o.strike, RATE, o.years, o.flags)
    return fast_vollib.fast_implied_volatility_black(*row, on_error="ignore", return_as="numpy")


def iv_quantlib(o: Options, values: Array) -> Any:
    """Newton with a safe bracket; the other solver, LiRS, and looser accuracies fail far more often."""
    out = np.full(values.size, np.nan)
    solve, none = quantlib.blackFormulaImpliedStdDev, quantlib.nullDouble()
    for i in range(values.size):
        kind = quantlib.Option.Call if o.is_call[i] else quantlib.Option.Put
        row = (kind, o.strike[i], o.forward[i], values[i], o.discount[i])
        try:
            out[i] = solve(*row, 0.0, none, 1e-12, 200) / o.years[i] ** 0.5
        except RuntimeError:
            continue
    return out


# ---- judge ----


def exact_greeks(o: Options) -> Array:
    """Return price, delta, gamma, theta, vega, rho in sixty digits, rounded once; shape ``(6, n)``."""
    rows = []
    for i in range(o.spot.size):
        columns = (o.spot[i], o.strike[i], o.years[i], o.volatility[i], RATE, YIELD)
        S, K, T, sigma, r, q = (mp.mpf(float(value)) for value in columns)
        w = 1 if o.is_call[i] else -1
        s = sigma * mp.sqrt(T)
        d1 = (mp.log(S / K) + (r - q) * T) / s + s / 2
        carried, owed = w * S * mp.exp(-q * T) * _cdf(w * d1), w * K * mp.exp(-r * T) * _cdf(w * (d1 - s))
        bell = S * mp.exp(-q * T - d1 * d1 / 2) / mp.sqrt(2 * mp.pi)
        theta = (-bell * sigma / (2 * mp.sqrt(T)) + q * carried - r * owed) / 365
        row = (
            carried - owed,
            carried / S,
            bell / (S * S * s),
            theta,
            bell * mp.sqrt(T) / 100,
            owed * T / 100,
        )
        rows.append([float(value) for value in row])
    return np.array(rows).T


def exact_values(o: Options) -> Array:
    """Return prices from the rounded forward and discount that the solvers are given."""
    values = []
    for F, D, K, T, v, call in zip(
        o.forward, o.discount, o.strike, o.years, o.volatility, o.is_call, strict=True
    ):
        w = 1 if call else -1
        s = mp.mpf(float(v)) * mp.sqrt(mp.mpf(float(T)))
        f, k = mp.mpf(float(F)), mp.mpf(float(K))
        d1 = mp.log(f / k) / s + s / 2
        values.append(float(mp.mpf(float(D)) * w * (f * _cdf(w * d1) - k * _cdf(w * (d1 - s)))))
    return np.array(values)


def _cdf(z: Any) -> Any:
    return mp.erfc(-z / mp.sqrt(2)) / 2


@dataclass
class Contestant:
    """One implementation, its best time and its faults; a slow one is given fewer options."""

    name: str
    run: Callable[..., Any]
    size: int
    nanoseconds: float = float("inf")
    median: float = float("nan")
    worst: float = float("nan")
    failures: float = float("nan")

    def judge(self, errors: Array, failures: Array) -> None:
        good = errors[errors <= FAILURE]
        if good.size:
            self.median, self.worst = float(np.median(good)), float(np.max(good))
        self.failures = float(np.mean(~(failures <= FAILURE)))


def race(contestants: list[Contestant], o: Options, *more: Array) -> None:
    for contestant in contestants:
        contestant.nanoseconds = float("inf")
    for _ in range(TURNS):
        for contestant in contestants:
            given = (o.first(contestant.size), *(column[: contestant.size] for column in more))
            for _ in range(RUNS):
                started = time.perf_counter()
                contestant.run(*given)
                taken = (time.perf_counter() - started) / contestant.size * 1e9
                contestant.nanoseconds = min(contestant.nanoseconds, taken)


def table(title: str, contestants: list[Contestant]) -> None:
    print(f"\n{title:34}{'ns each':>9}{'x ours':>8}{'median error':>14}{'worst < 1e-6':>14}{'failures':>9}")
    for c in contestants:
        ratio = c.nanoseconds / contestants[0].nanoseconds
        print(
            f"  {c.name:32}{c.nanoseconds:9.1f}{ratio:8.1f}{c.median:14.1e}{c.worst:14.1e}{c.failures:9.2%}"
        )


def relative(found: Any, exact: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.abs(np.asarray(found, dtype=np.float64) / exact - 1.0)


def judge_greeks(contestants: list[Contestant]) -> None:
    sample = stated_domain(SAMPLE)
    judged = [ORDER.index(name) for name in ("price", "delta", "gamma", "vega")]
    exact = exact_greeks(sample)[judged]
    for contestant in contestants:
        rows = contestant.run(sample)
        errors = np.max(relative(np.array([np.asarray(rows[row]) for row in judged]), exact), axis=0)
        contestant.judge(errors, errors)


def judge_volatilities(contestants: list[Contestant], o: Options, prices: Array) -> None:
    sample = stated_domain(SAMPLE)
    values = exact_values(sample)
    for contestant in contestants:
        errors = relative(contestant.run(sample, values), sample.volatility)
        part = o.first(contestant.size)
        wide = relative(contestant.run(part, prices[: contestant.size]), part.volatility)
        contestant.judge(errors, wide)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    few = min(n, 5_000)
    warnings.simplefilter("ignore")
    warm_up()
    chain, domain = equity_chain(n), stated_domain(n)

    field = [
        Contestant("strikewise (Numba)", greeks_ours, n),
        Contestant("NumPy/SciPy textbook", greeks_numpy, n),
    ]
    field.append(Contestant("strikewise (NumPy fallback)", greeks_ours_numpy, n))
    field += [Contestant("pyvolr", greeks_pyvolr, n)] if pyvolr else []
    field += [Contestant("fast_vollib", greeks_fast_vollib, n)] if fast_vollib else []
    field += [Contestant("QuantLib, one by one", greeks_quantlib, few)] if quantlib else []
    if mp:
        judge_greeks(field)
    race(field, chain)
    table("Price and Greeks, equity chain", field)

    solvers = [
        Contestant("strikewise (Numba)", iv_ours, n),
        Contestant("NumPy/SciPy, Newton x 30", iv_numpy, n),
    ]
    solvers.append(Contestant("strikewise (NumPy fallback)", iv_ours_numpy, n))
    solvers += [Contestant("pyvolr", iv_pyvolr, n)] if pyvolr else []
    solvers += [Contestant("fast_vollib.jackel", iv_jackel, n)] if jackel else []
    solvers += [Contestant("fast_vollib", iv_fast_vollib, n)] if fast_vollib else []
    solvers += [Contestant("QuantLib, one by one", iv_quantlib, few)] if quantlib else []
    for title, o in (
        ("Implied volatility, equity chain", chain),
        ("Implied volatility, stated domain", domain),
    ):
        prices = price(o.is_call, o.forward, o.strike, o.years, o.volatility, o.discount)
        if mp:
            judge_volatilities(solvers, o, prices)
        race(solvers, o, prices)
        table(title, solvers)


if __name__ == "__main__":
    main()
