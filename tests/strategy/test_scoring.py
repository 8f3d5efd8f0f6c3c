"""Probabilities calibrate, expected profits are what simulation pays, scores are made of what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from statistics import NormalDist

import numpy as np
import pytest

from strategy.markets import CALENDAR, RATE, TODAY, World, implied, series_of, tape_of, view_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.signals import Signal
from strikewise.market.memory_source import MemorySource
from strikewise.market.regime import Regime
from strikewise.market.view import Market
from strikewise.pricing import black_scholes
from strikewise.strategy.api import Strategy
from strikewise.strategy.registry import STRATEGIES
from strikewise.strategy.scoring import BEARISH, BULLISH, NEUTRAL
from strikewise.strategy.trend import Trend, allowed_sides

FLAT = World(level=0.60, skew=0.0, history=0)
"""One volatility for every strike, and no past: the forecast is the implied volatility."""
PATHS = 400_000
SKEWED = World(level=0.20, skew=-0.60)
"""Puts far dearer than calls, as on an equity index."""

SOLD_FAR_OUT = [STRATEGIES[name] for name in ("credit_spread", "iron_condor", "naked_put")]
"""What is sold so far from the money that interest on its price is less than the rounding of its quotes."""


def signals_of(strategy: Strategy, world: World, **values: object) -> list[Signal]:
    known = {parameter.name for parameter in strategy.space.parameters}
    loose = {"max_signals": 50, "trend": "off", "min_credit_to_width": 0.0, "premium_max": 9.0} | values
    found = strategy.generate_signals(
        view_of(world), strategy.space.make({k: v for k, v in loose.items() if k in known})
    )
    assert found
    return found


def simulated_profits(signal: Signal, world: World) -> np.ndarray:
    """Profit in cents on lognormal paths that end at the signal's expiration, forward drift, seeded."""
    years = float(signal.because["dte"]) / 365.0
    total = world.level * np.sqrt(years)
    noise = np.random.default_rng(7).standard_normal(PATHS)
    rate = float(signal.because["rate"])
    assert rate == pytest.approx(RATE, abs=1e-3)
    ends = world.spot * np.exp(rate * years + total * noise - 0.5 * total**2)
    return signal.structure.payoff_cents(100.0 * ends) - signal.price_cents


@pytest.mark.parametrize("strategy", SOLD_FAR_OUT, ids=lambda one: one.name)
def test_the_probability_of_profit_is_the_share_of_paths_that_profit(strategy: Strategy) -> None:
    for signal in signals_of(strategy, FLAT)[:5]:
        share = float(np.mean(simulated_profits(signal, FLAT) > 0))
        error = np.sqrt(share * (1 - share) / PATHS)
        assert signal.probability_of_profit == pytest.approx(share, abs=4 * error + 1e-4)


@pytest.mark.parametrize("strategy", SOLD_FAR_OUT, ids=lambda one: one.name)
def test_the_edge_is_the_mean_profit_of_the_paths_less_the_fees(strategy: Strategy) -> None:
    fee = 0.65
    for signal in signals_of(strategy, FLAT, fee_per_contract=fee)[:5]:
        profits = simulated_profits(signal, FLAT)
        fees = 100 * fee * len(signal.structure.options)
        error = float(np.std(profits)) / np.sqrt(PATHS)
        assert signal.edge_cents == pytest.approx(float(np.mean(profits)) - fees, abs=4 * error + 2)
        assert signal.because["iv_forecast"] == pytest.approx(FLAT.level, abs=1e-6)


@pytest.mark.parametrize("strategy", SOLD_FAR_OUT, ids=lambda one: one.name)
def test_under_the_implied_law_no_structure_has_an_edge(strategy: Strategy) -> None:
    for signal in signals_of(strategy, FLAT):
        # Quotes are rounded to cents and drift is earned undiscounted: a dollar of slack for either.
        assert signal.edge_cents < 100


@pytest.mark.parametrize("strategy", SOLD_FAR_OUT, ids=lambda one: one.name)
def test_on_a_skewed_smile_the_probability_is_that_which_the_quotes_price(strategy: Strategy) -> None:
    """A bet on ending beyond a level is a spread of no width: its price is the probability (Breeden 1978)."""
    for signal in signals_of(strategy, SKEWED, otm_min=0.02)[:20]:
        years = float(signal.because["dte"]) / 365.0
        forward = SKEWED.spot * np.exp(float(signal.because["rate"]) * years)

        def below(level: float, forward: float = forward, years: float = years) -> float:
            ends = np.array([level - 0.01, level + 0.01])
            near, far = black_scholes.price(False, forward, ends, years, implied(SKEWED, ends), 1.0)
            return float(far - near) / 0.02

        lower, *upper = signal.breakevens
        if signal.structure.name == "call_credit_spread":
            expected = below(lower)
        else:
            expected = (below(upper[0]) if upper else 1.0) - below(lower)
        # Quotes of whole cents, and a smile drawn straight between the legs.
        assert signal.probability_of_profit == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("strategy", SOLD_FAR_OUT, ids=lambda one: one.name)
def test_on_a_skewed_smile_the_edge_under_the_implied_law_is_minus_the_costs(strategy: Strategy) -> None:
    for signal in signals_of(strategy, replace(SKEWED, history=0), otm_min=0.02, fee_per_contract=0.65):
        spread = signal.price_cents - signal.mid_cents
        costs = spread + 65 * len(signal.structure.options)
        # Half a cent a leg of rounding, and what is left of the rate by its own rounding.
        assert signal.edge_cents == pytest.approx(-costs, abs=70 * len(signal.structure.options))


@pytest.mark.parametrize("underlying", ["SPY", "SPX"])  # settled at the close, and at the open
def test_time_runs_to_the_second_of_settlement_as_it_does_for_the_volatilities(underlying: str) -> None:
    world = replace(FLAT, underlying=underlying, dtes=(2,))
    morning = CALENDAR.session_open(TODAY) + timedelta(minutes=30)
    seconds = np.array([int(morning.timestamp())])
    tape = replace(tape_of([(TODAY, world)]), as_of=seconds, known_at=seconds)
    source = MemorySource([tape], series=[series_of("rate_3m", 100 * RATE, TODAY)])
    strategy = STRATEGIES["naked_put"]
    params = strategy.space.make(
        {"min_dte": 1, "dte_exit": 0, "trend": "off", "premium_max": 99.0, "otm_min": 0.03}
    )
    (signal,) = strategy.generate_signals(Market(source, CALENDAR).view(morning), params)
    ((contract, _),) = signal.structure.options
    years = (CALENDAR.settlement_at(contract) - morning).total_seconds() / (365 * 86_400)
    deviation = world.level * np.sqrt(years)
    forward = world.spot * np.exp(float(signal.because["rate"]) * years)
    away = (np.log(forward / signal.breakevens[0]) - deviation**2 / 2) / deviation
    assert signal.probability_of_profit == pytest.approx(NormalDist().cdf(float(away)), abs=1e-6)


def test_a_calmer_past_than_the_options_imply_is_an_edge_to_the_seller() -> None:
    calm = replace(FLAT, history=120)
    before = {s.signal_id: s for s in signals_of(STRATEGIES["credit_spread"], FLAT)}
    after = {s.signal_id: s for s in signals_of(STRATEGIES["credit_spread"], calm)}
    assert set(before) & set(after)
    for name in set(before) & set(after):
        assert after[name].edge_cents > before[name].edge_cents
        assert after[name].probability_of_profit == before[name].probability_of_profit
        realised, implied = float(after[name].because["rv20"]), float(after[name].because["iv_breakeven"])
        assert after[name].because["iv_forecast"] == pytest.approx((realised + implied) / 2, abs=1e-6)


def test_only_the_proportions_of_the_weights_matter_and_one_weight_takes_all() -> None:
    strategy = STRATEGIES["credit_spread"]
    weights = {p.name: p.default for p in strategy.space.parameters if p.name.startswith("weight_")}
    (plain,) = signals_of(strategy, FLAT, max_signals=1)
    (half,) = signals_of(strategy, FLAT, max_signals=1, **{k: float(v) / 2 for k, v in weights.items()})
    assert half == plain
    only = dict.fromkeys(weights, 0.0) | {"weight_probability": 3.0}
    for signal in signals_of(strategy, FLAT, **only):
        assert signal.score == pytest.approx(100 * max(2 * signal.probability_of_profit - 1, 0))
    nothing = signals_of(strategy, FLAT, **dict.fromkeys(weights, 0.0))
    assert {signal.score for signal in nothing} == {0.0}


def test_a_wider_market_scores_lower() -> None:
    tight, wide = (signals_of(STRATEGIES["iron_condor"], replace(FLAT, half_spread=h))[0] for h in (1, 6))
    assert wide.score_parts["liquidity"] < tight.score_parts["liquidity"]


def test_the_baseline_is_ranked_by_return_on_margin() -> None:
    signals = signals_of(STRATEGIES["naked_put"], FLAT)
    returns = [-s.price_cents / s.margin_cents * 365 / float(s.because["dte"]) for s in signals]
    assert len(set(returns)) > 3
    assert returns == sorted(returns, reverse=True)
    assert [s.because["return_on_margin"] for s in signals] == pytest.approx(returns)


def test_cash_secures_a_put_with_its_whole_strike() -> None:
    for signal in signals_of(STRATEGIES["naked_put"], FLAT, collateral="cash"):
        ((contract, _),) = signal.structure.options
        assert signal.margin_cents == contract.strike_milli * 10 + signal.price_cents
        assert signal.because["structure"] == "cash_secured_put"


def test_the_baseline_sells_only_on_a_rise_for_thirty_to_fifty_cents() -> None:
    strategy = STRATEGIES["naked_put"]
    params = strategy.space.make({"max_signals": 50})
    wild = World(level=0.50, skew=-0.25)
    rising, falling = (strategy.screen(view_of(replace(wild, drift=d)), params) for d in (0.002, -0.002))
    assert rising.signals
    for signal in rising.signals:
        assert 3000 <= -signal.price_cents <= 5000
        assert 0.15 <= float(signal.because["otm_pct"]) <= 0.20
        assert 7 <= float(signal.because["dte"]) <= 14
        assert signal.because["trend"] == "up"
        assert signal.structure.name == "short_put"
    assert falling.signals == ()
    assert falling.rejected == {DenialCode.ENTRY_TREND: 1}


@pytest.mark.parametrize(("drift", "name"), [(0.002, "put_credit_spread"), (-0.002, "call_credit_spread")])
def test_spreads_are_sold_with_the_trend(drift: float, name: str) -> None:
    found = signals_of(STRATEGIES["credit_spread"], World(drift=drift), trend="with")
    assert {signal.structure.name for signal in found} == {name}


def test_condors_stand_on_both_sides_of_the_market() -> None:
    for signal in signals_of(STRATEGIES["iron_condor"], World(), delta_balance=0.01):
        assert signal.structure.name == "iron_condor"
        assert signal.breakevens[0] < 500.0 < signal.breakevens[1]
        put, call = float(signal.because["short_put_delta"]), float(signal.because["short_call_delta"])
        assert abs(put + call) <= 0.01 + 1e-6


def test_an_unknown_regime_fits_nothing_and_a_crash_no_put() -> None:
    for fit in (BULLISH, BEARISH, NEUTRAL):
        assert Regime.UNKNOWN not in fit
        assert all(0 <= value <= 1 for value in fit.values())
    assert Regime.CRASH not in BULLISH


def test_an_unknown_trend_allows_nothing_unless_trend_is_ignored() -> None:
    for rule in ("with", "not_against"):
        assert allowed_sides(Trend.UNKNOWN, rule, puts=True, calls=True) is DenialCode.ENTRY_TREND_UNKNOWN
    assert allowed_sides(Trend.UNKNOWN, "off", puts=True, calls=False) == (True, False)
    assert allowed_sides(Trend.FLAT, "with", puts=True, calls=True) is DenialCode.ENTRY_TREND
    assert allowed_sides(Trend.FLAT, "not_against", puts=True, calls=True) == (True, True)
    assert allowed_sides(Trend.UP, "not_against", puts=True, calls=True) == (True, False)
