"""How many units: by a share at stake, by volatility, by Kelly on shrunken estimates; and of what capital."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from execution.tapes import put
from strikewise.domain.greeks import Greeks
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Mark, Portfolio
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.domain.track_record import NO_TRADES, TrackRecord
from strikewise.strategy.hedging import hedging_parameters, hedging_position
from strikewise.strategy.kelly import Moments, kelly_fraction, prior_moments
from strikewise.strategy.sizing import position_of, proposed_position, sizing_parameters

NOW = datetime(2024, 2, 1, 21, tzinfo=UTC)
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
FEE = Parameter("fee_per_contract", 0.0, "None here.", "dollars", 0.0, 50.0)
SPACE = ParameterSpace((*sizing_parameters(risk_fraction=0.02), FEE))
HEDGES = ParameterSpace((*hedging_parameters(), FEE))


def signal(**changes: object) -> Signal:
    made = Signal(
        signal_id="s-1",
        strategy="s",
        underlying="SPY",
        as_of=NOW,
        structure=SPREAD,
        price_cents=-10_000,
        mid_cents=-10_500,
        max_loss_cents=40_000,
        max_profit_cents=10_000,
        margin_cents=40_000,
        breakevens=(479.0,),
        probability_of_profit=0.85,
        edge_cents=400,
        score=50.0,
        score_parts={},
        because={"spot": 500.0},
        grade=Grade.QUOTES,
        greeks=Greeks(10.0, -0.2, 3.0, -8.0),
        daily_sd_cents=5_000,
    )
    return replace(made, **changes)


def account(equity: int = 100_000_00, **changes: object) -> Portfolio:
    return replace(Portfolio(NOW, equity, equity, equity, 0), **changes)


def units(made: Signal, portfolio: Portfolio, **values: object) -> int:
    values = {"max_units": 10_000, **values}
    return proposed_position(made, portfolio, SPACE.make(values), at_stake_cents=made.margin_cents).quantity


# --- volatility ---


@given(st.floats(0.0001, 0.05), st.integers(1, 100_000), st.integers(10_000_00, 10_000_000_00))
def test_a_day_of_the_position_deviates_by_its_share_of_equity_and_by_less_than_a_unit_below_it(
    target: float, deviation: int, equity: int
) -> None:
    made = signal(daily_sd_cents=deviation, margin_cents=1)
    found = units(made, account(equity), sizing="volatility", target_volatility=target)
    assert found * deviation <= target * equity
    assert (found + 1) * deviation > target * equity or found == 10_000


def test_what_nobody_knows_the_deviation_of_is_not_sized_by_it() -> None:
    assert units(signal(daily_sd_cents=None), account(), sizing="volatility") == 0


# --- Kelly ---


@given(st.floats(0.02, 0.98), st.floats(-0.5, 0.5))
def test_the_prior_has_the_edge_that_was_stated_and_loses_the_whole_stake_or_nothing(
    probability: float, edge: float
) -> None:
    found = prior_moments(edge, probability)
    gain = (edge + 1 - probability) / probability
    assert found.mean == pytest.approx(edge)
    assert probability * gain - (1 - probability) == pytest.approx(edge)
    assert found.mean_square == pytest.approx(probability * gain**2 + 1 - probability)


def test_kelly_of_a_known_small_edge_is_where_capital_grows_fastest() -> None:
    """The oracle maximises the expected logarithm itself; the formula is its second order."""
    draws = np.random.default_rng(1).normal(0.002, 0.05, 200_000)
    best = minimize_scalar(lambda f: -np.log1p(f * draws).mean(), bounds=(0, 2), method="bounded").x
    many = TrackRecord(10**9, 0, 0, 10**9, float(draws.mean()) * 1e9, float((draws**2).mean()) * 1e9)
    assert kelly_fraction(many, Moments(0.0, 1.0), 1) == pytest.approx(best, rel=0.03)


def test_without_trades_the_signal_is_believed_by_half() -> None:
    prior = Moments(0.01, 0.2)
    assert kelly_fraction(NO_TRADES, prior, 30) == pytest.approx(0.5 * 0.01 / 0.2)


def test_with_as_many_trades_as_the_prior_weighs_each_opinion_counts_a_third() -> None:
    record = TrackRecord(30, 20, 1, 30, 30 * 0.04, 30 * 0.3)
    assert kelly_fraction(record, Moments(0.01, 0.3), 30) == pytest.approx((0.04 + 0.01) / 3 / 0.3)


@given(
    st.lists(st.floats(-1, 1), max_size=60),
    st.floats(-0.2, 0.2),
    st.floats(0.05, 0.95),
    st.integers(1, 200),
)
def test_shrinking_never_sees_more_edge_than_the_best_opinion_nor_trades_without_one(
    returns: list[float], edge: float, probability: float, weight: int
) -> None:
    record = NO_TRADES
    for gain in returns:
        record = record.changed(round(gain * 100_000), 100_000)
    prior = prior_moments(edge, probability)
    found = kelly_fraction(record, prior, weight)
    best = max(record.mean or 0.0, edge, 0.0)
    least = min(record.mean_square or prior.mean_square, prior.mean_square)
    assert 0.0 <= found <= (best / least if least > 0 else 1.0) + 1e-9
    if best <= 0.0:
        assert found == 0.0


def test_full_half_and_quarter_kelly_are_in_proportion_and_capped() -> None:
    account_of = account(10**9)
    full, half, quarter = (
        units(signal(), account_of, sizing="kelly", kelly_share=share, kelly_cap=1.0)
        for share in (1.0, 0.5, 0.25)
    )
    assert full > 0
    assert (half, quarter) == (pytest.approx(full / 2, abs=1), pytest.approx(full / 4, abs=1))
    capped = {"sizing": "kelly", "kelly_share": 1.0, "kelly_cap": 0.001}
    assert units(signal(), account_of, **capped) == 25
    made = signal()
    fees = 5_000 * sum(abs(ratio) for _, ratio in made.structure.options)
    assert units(made, account_of, **capped, fee_per_contract=50.0) == 1_000_000 // (made.margin_cents + fees)


def test_losses_of_a_strategy_itself_take_its_size_away() -> None:
    losing = TrackRecord(100, 40, -1, 100, -5.0, 20.0)
    held = account(10**9, records={"s": losing})
    assert units(signal(), held, sizing="kelly") == 0
    assert units(signal(), replace(held, records={"other": losing}), sizing="kelly") > 0


def test_a_signal_without_edge_is_not_traded_by_kelly() -> None:
    assert units(signal(edge_cents=-1), account(10**9), sizing="kelly") == 0


# --- capital ---


def test_gains_are_traded_too_only_where_they_compound() -> None:
    grown = account(200_000_00, deposited_cents=100_000_00)
    assert units(signal(), grown) == 10
    assert units(signal(), grown, compounding=False) == 5
    shrunk = account(50_000_00, deposited_cents=100_000_00)
    assert (units(signal(), shrunk), units(signal(), shrunk, compounding=False)) == (2, 5)
    assert units(signal(), account(100_000_00), compounding=False) == 5


@given(st.floats(0.0, 1.0), st.integers(0, 100_000_00))
def test_a_strategy_sizes_on_its_share_and_never_holds_more_margin_than_it(share: float, equity: int) -> None:
    held = position_of(signal(), account(), 2)
    portfolio = account(equity, margin_cents=held.margin_cents, positions=(held,), shares={"s": share})
    found = units(signal(), portfolio, risk_fraction=1.0)
    assert found * 40_000 + held.margin_cents <= max(share * equity, held.margin_cents)
    assert units(signal(), portfolio) * 40_000 <= 0.02 * share * equity


# --- hedges ---


def held_of(strategy: str, delta: float, vega: float = 0.0, cost: int = 0):  # type: ignore[no-untyped-def]
    made = replace(position_of(signal(strategy=strategy), account(), 1), entry_cents=cost)
    return replace(made, mark=Mark(0, 0, 50_000, 0, Greeks(delta, 0.0, 0.0, vega), NOW))


PUT = signal(
    strategy="hedge",
    structure=Structure.of([Leg(put(450), 1)]),
    price_cents=20_000,
    margin_cents=20_000,
    greeks=Greeks(-10.0, 0.1, -2.0, 30.0),
)


def hedge(portfolio: Portfolio, wanted: Signal = PUT, **values: object) -> int:
    return hedging_position(wanted, portfolio, HEDGES.make(values)).quantity


@given(st.floats(0.0, 2.0), st.floats(1.0, 3_000.0), st.floats(0.0, 3_000.0))
def test_a_hedge_takes_its_share_of_the_other_delta_away_to_within_a_unit_and_never_more(
    ratio: float, others: float, had: float
) -> None:
    portfolio = account(10**12, positions=(held_of("other", others), held_of("hedge", -had)))
    found = hedge(portfolio, hedge="delta", hedge_ratio=ratio, premium_budget=1.0, max_units=10_000)
    missing = ratio * others - had
    if missing <= 0:
        assert found == 0
    else:
        assert found * 10.0 <= missing + 1e-6 < (found + 1) * 10.0 + 2e-6


def test_a_hedge_of_vega_is_bought_against_short_vega_only() -> None:
    short, long = held_of("other", 0.0, vega=-300.0), held_of("other", 0.0, vega=300.0)
    ample = {"hedge": "vega", "hedge_ratio": 1.0, "premium_budget": 1.0}
    assert hedge(account(10**12, positions=(short,)), **ample) == 10
    assert hedge(account(10**12, positions=(long,)), **ample) == 0


def test_hedges_never_cost_more_than_their_budget_those_that_are_held_included() -> None:
    assert hedge(account(100_000_00), premium_budget=0.01) == 5
    assert hedge(account(100_000_00, positions=(held_of("hedge", -10.0, cost=60_000),))) == 2
    assert hedge(account(100_000_00, positions=(held_of("hedge", -10.0, cost=100_000),))) == 0


def test_a_hedge_that_is_ordered_is_waited_for() -> None:
    waiting = replace(held_of("hedge", 0.0), mark=None)
    assert hedge(account(10**12, positions=(held_of("other", 500.0), waiting)), hedge="delta") == 0


def test_a_hedge_whose_greeks_nobody_knows_is_not_sized_by_them() -> None:
    portfolio = account(10**12, positions=(held_of("other", 500.0),))
    assert hedge(portfolio, replace(PUT, greeks=None), hedge="delta") == 0
    assert hedge(portfolio, replace(PUT, because={}), hedge="delta") == 0


def test_dollar_deltas_of_several_underlyings_are_weighed_by_their_prices() -> None:
    cheap = replace(held_of("other", 100.0), mark=Mark(0, 0, 2_000, 0, Greeks(100.0), NOW))
    portfolio = account(positions=(cheap, held_of("other", 100.0)))
    assert portfolio.delta_cents() == 100.0 * 2_000 + 100.0 * 50_000
    assert portfolio.greeks().delta == 200.0


def _params(values: dict[str, object]) -> ParameterSet:
    return SPACE.make(values)


def test_dates_of_a_proposal_are_those_of_the_account() -> None:
    made = proposed_position(signal(), account(), _params({}), at_stake_cents=40_000)
    assert (made.opened_at, made.opened_at.date()) == (NOW, date(2024, 2, 1))
    assert made.stake_cents == made.margin_cents == 5 * 40_000
