"""What is said of all candidates at once is what each structure says of itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy.markets import World, view_of
from strikewise.domain.instruments import OptionContract
from strikewise.domain.structures import Leg, Structure
from strikewise.pricing import probability
from strikewise.strategy.candidates import UNBOUNDED
from strikewise.strategy.legs import Legs, Priced
from strikewise.strategy.payoff_odds import payoff_odds, smile_at
from strikewise.strategy.prospects import Prospect, Rejections, prospects
from strikewise.strategy.registry import STRATEGIES

FLAT = World(skew=0.0, dtes=(38,), strike_step=5.0, half_spread=0, history=0)


def prospect_of(world: World) -> Prospect:
    params = STRATEGIES["credit_spread"].space.make({"trend": "off"})
    (found,) = prospects(view_of(world), params, Rejections())
    return found


PROSPECT = prospect_of(FLAT)
SMILE = prospect_of(replace(FLAT, skew=-0.3))


def priced_at(prospect: Prospect, legs: Legs, cost: int) -> Priced:
    many = len(legs)
    keys = prospect.chain.key[legs.rows[0]]
    cents = np.full(many, cost, dtype=np.int64)
    return Priced(legs, cents, 2 * cents, np.full(many, 38), prospect.years(keys))


shapes = st.lists(
    st.tuples(st.integers(0, len(PROSPECT.chain) - 1), st.sampled_from([-3, -2, -1, 1, 2, 3])),
    min_size=1,
    max_size=4,
    unique_by=lambda leg: leg[0],
)


@settings(max_examples=300, deadline=None)
@given(shape=shapes, cost=st.integers(-6000, 6000))
def test_extremes_and_breakevens_are_those_of_the_structure(shape: list[tuple[int, int]], cost: int) -> None:
    legs = Legs(tuple(np.array([row]) for row, _ in shape), tuple(ratio for _, ratio in shape))
    odds = payoff_odds(PROSPECT, priced_at(PROSPECT, legs, cost), 100)
    key = PROSPECT.chain.key
    structure = Structure(
        tuple(Leg(OptionContract.from_key("SPY", int(key[row])), ratio) for row, ratio in shape)
    )
    bounds = [None if int(x[0]) == UNBOUNDED else int(x[0]) for x in (odds.max_loss, odds.max_profit)]
    assert bounds == [structure.max_loss_cents(100 * cost), structure.max_profit_cents(100 * cost)]
    edges = [float(column[0]) for column in odds.breakevens if np.isfinite(column[0])]
    assert edges == pytest.approx(structure.breakevens(100 * cost), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, cost=st.integers(-6000, 6000))
def test_without_a_smile_chance_and_payout_are_integrals_of_the_lognormal_law(
    shape: list[tuple[int, int]], cost: int
) -> None:
    legs = Legs(tuple(np.array([row]) for row, _ in shape), tuple(ratio for _, ratio in shape))
    found = priced_at(PROSPECT, legs, cost)
    odds = payoff_odds(PROSPECT, found, 100)
    years = float(found.years[0])
    forward = PROSPECT.spot * np.exp((PROSPECT.rate - PROSPECT.dividend_yield) * years)
    edges = np.exp(np.linspace(np.log(50.0), np.log(4000.0), 40_001))
    above = probability.above(edges, forward, FLAT.level, years)
    mass, middle = -np.diff(above), 0.5 * (edges[1:] + edges[:-1])
    value = np.zeros(len(middle))
    for row, ratio in shape:
        contract = OptionContract.from_key("SPY", int(PROSPECT.chain.key[row]))
        side = 1.0 if contract.right == "C" else -1.0
        value += ratio * np.maximum(side * (middle - contract.strike), 0.0)
    assert float(odds.payout[0]) == pytest.approx(float(mass @ value), abs=0.05)
    won = float(mass[value > cost / 100.0].sum())
    # Where the payoff is flat at the cost itself, rounding of the grid decides what is a profit.
    if np.min(np.abs(value - cost / 100.0)) > 1e-9:
        assert float(odds.probability[0]) == pytest.approx(won, abs=2e-3)


def test_what_wins_above_and_what_wins_below_one_breakeven_share_all_chances() -> None:
    rows = np.flatnonzero(~SMILE.chain.is_put)
    row = rows[np.abs(SMILE.chain.strike[rows] - 520.0).argmin()]
    long, short = (
        payoff_odds(SMILE, priced_at(SMILE, Legs((np.array([row]),), (side,)), side * 300), 100)
        for side in (1, -1)
    )
    assert float(long.probability[0] + short.probability[0]) == pytest.approx(1.0)
    assert float(long.breakevens[0][0]) == 523.0


def test_the_smile_is_read_between_strikes_and_its_slope_over_several() -> None:
    key = SMILE.chain.key[0] >> 28
    levels = np.array([452.5, 500.0, 547.5])
    forward, spare = np.full(3, 501.0), np.full(3, 0.9)
    implied, slope = smile_at(SMILE, np.full(3, key), levels, forward, spare)
    assert implied == pytest.approx(0.22 - 0.3 * np.log(levels / 500.0), abs=2e-4)
    assert slope == pytest.approx(-0.3 / levels, rel=0.02)
    implied, slope = smile_at(SMILE, np.full(1, key), np.array([5000.0]), forward[:1], spare[:1])
    assert implied[0] == pytest.approx(
        0.22 - 0.3 * np.log(675.0 / 500.0), abs=0.01
    )  # the last that is listed
    assert slope[0] == 0.0


def test_the_forecast_is_the_mean_of_what_is_implied_and_what_was_realised() -> None:
    calm = prospect_of(replace(FLAT, history=120))
    rows = np.flatnonzero(~calm.chain.is_put)[[30]]
    odds = payoff_odds(calm, priced_at(calm, Legs((rows,), (1,)), 500), 100)
    realised = calm.features["rv20"]
    assert realised > 0.0
    assert float(odds.forecast[0]) == pytest.approx(0.5 * (0.22 + realised), abs=1e-6)
    assert float(odds.implied[0]) == pytest.approx(0.22, abs=1e-6)
