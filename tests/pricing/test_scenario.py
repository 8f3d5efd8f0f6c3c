"""The value of a structure before expiry agrees with its legs, its payoff and its own derivatives."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from strikewise.domain.errors import StructureError
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.domain.structures import Leg, Structure
from strikewise.pricing import black_scholes, probability
from strikewise.pricing.lognormal import chance, expected_intrinsic
from strikewise.pricing.scenario import structure_greeks, structure_value

NEAR, FAR = date(2026, 9, 18), date(2026, 10, 16)
YEARS = {NEAR: 28 / 365, FAR: 56 / 365}


def leg(right: Right, strike: int, ratio: int, expiration: date = NEAR) -> Leg:
    return Leg(OptionContract("SPY", expiration, right, strike * 1000), ratio)


CONDOR = Structure.of(
    [leg(Right.PUT, 600, 1), leg(Right.PUT, 610, -1), leg(Right.CALL, 650, -1), leg(Right.CALL, 660, 1)]
)
CALENDAR = Structure.of([leg(Right.CALL, 630, -1), leg(Right.CALL, 630, 1, FAR)])
COLLAR = Structure.of([Leg(Stock("SPY"), 100), leg(Right.PUT, 600, 1), leg(Right.CALL, 650, -1)])
ALL = (CONDOR, CALENDAR, COLLAR)


def inputs(structure: Structure) -> tuple[list[float], list[float]]:
    options = [contract for contract, _ in structure.options]
    return (
        [0.15 + 0.01 * number for number in range(len(options))],
        [YEARS[contract.expiration] for contract in options],
    )


structures = st.sampled_from(ALL)
spots = st.floats(500.0, 760.0)
shifts = st.floats(-0.05, 0.30)


@given(structures, spots, st.floats(0.0, 27 / 365), shifts)
def test_a_structure_is_worth_the_sum_of_its_legs(
    structure: Structure, spot: float, later: float, shift: float
) -> None:
    volatilities, years = inputs(structure)
    whole = structure_value(
        structure,
        spot,
        volatilities,
        years,
        rate=0.04,
        dividend_yield=0.01,
        later_years=later,
        volatility_shift=shift,
    )
    parts = 0.0
    for number, (contract, ratio) in enumerate(structure.options):
        alone = Structure((Leg(contract, 1),))
        value = structure_value(
            alone,
            spot,
            volatilities[number : number + 1],
            years[number : number + 1],
            rate=0.04,
            dividend_yield=0.01,
            later_years=later,
            volatility_shift=shift,
        )
        parts += ratio * float(value)
    assert float(whole) == pytest.approx(parts + spot * structure.shares, abs=1e-8)


@pytest.mark.parametrize("structure", [CONDOR, COLLAR])
def test_at_expiry_the_value_is_the_payoff(structure: Structure) -> None:
    volatilities, years = inputs(structure)
    grid = np.linspace(560.0, 700.0, 57)
    value = structure_value(
        structure, grid, volatilities, years, rate=0.04, dividend_yield=0.01, later_years=YEARS[NEAR]
    )
    assert value == pytest.approx(structure.payoff_cents(grid * 100) / 100, abs=1e-9)


def test_a_calendar_is_worth_most_at_its_strike_when_the_near_leg_expires() -> None:
    volatilities, years = inputs(CALENDAR)
    grid = np.arange(580.0, 681.0)
    value = structure_value(
        CALENDAR, grid, volatilities, years, rate=0.0, dividend_yield=0.0, later_years=YEARS[NEAR]
    )
    assert grid[np.argmax(value)] == 630.0
    assert (value > 0).all()


def test_a_grid_of_prices_dates_and_volatilities_is_answered_at_once() -> None:
    volatilities, years = inputs(CONDOR)
    value = structure_value(
        CONDOR,
        np.linspace(600, 660, 7),
        volatilities,
        years,
        rate=0.04,
        dividend_yield=0.01,
        later_years=np.array([0.0, 0.02])[:, np.newaxis],
        volatility_shift=np.array([-0.02, 0.0, 0.1])[:, np.newaxis, np.newaxis],
    )
    assert value.shape == (3, 2, 7)
    assert np.isfinite(value).all()
    assert (value <= 0).all()  # a condor sold owes something everywhere before expiry


def test_a_volatility_shifted_below_zero_is_zero() -> None:
    spots = np.array([560.0, 630.0, 700.0])
    volatilities, years = inputs(CONDOR)
    carry = {"rate": 0.04, "dividend_yield": 0.01}
    shifted = structure_value(CONDOR, spots, volatilities, years, **carry, volatility_shift=-0.9)
    still = structure_value(CONDOR, spots, [0.0] * 4, years, **carry)
    assert shifted.tolist() == still.tolist()
    assert np.isfinite(still).all()


def test_a_missing_volatility_makes_the_value_missing() -> None:
    volatilities, years = inputs(CONDOR)
    volatilities[1] = float("nan")
    assert np.isnan(structure_value(CONDOR, 630.0, volatilities, years, rate=0.04, dividend_yield=0.01))


def test_a_date_behind_the_first_expiry_is_refused() -> None:
    volatilities, years = inputs(CALENDAR)
    with pytest.raises(StructureError, match="no further than the first expiration"):
        structure_value(
            CALENDAR, 630.0, volatilities, years, rate=0.04, dividend_yield=0.01, later_years=30 / 365
        )


def test_a_leg_without_its_volatility_is_refused() -> None:
    with pytest.raises(StructureError, match="each of its 4 option legs"):
        structure_value(CONDOR, 630.0, [0.2], [0.1], rate=0.04, dividend_yield=0.01)
    with pytest.raises(StructureError, match="each of its 4 option legs"):
        structure_greeks(CONDOR, 630.0, [0.2], [0.1], rate=0.04, dividend_yield=0.01)


@given(structures, st.floats(560.0, 700.0))
def test_greeks_are_the_derivatives_of_the_value(structure: Structure, spot: float) -> None:
    volatilities, years = inputs(structure)

    def value(at: float = spot, shift: float = 0.0, later: float = 0.0) -> float:
        return float(
            structure_value(
                structure,
                at,
                volatilities,
                years,
                rate=0.04,
                dividend_yield=0.01,
                volatility_shift=shift,
                later_years=later,
            )
        )

    greeks = structure_greeks(structure, spot, volatilities, years, rate=0.04, dividend_yield=0.01)
    step = 0.01
    assert greeks.delta == pytest.approx((value(spot + step) - value(spot - step)) / (2 * step), abs=1e-3)
    gamma = (value(spot + 0.1) - 2 * value(spot) + value(spot - 0.1)) / 0.01
    assert greeks.gamma == pytest.approx(gamma, abs=2e-3)
    assert greeks.vega == pytest.approx((value(shift=1e-5) - value(shift=-1e-5)) / 2e-5 / 100, abs=1e-3)
    day = 1e-4 / 365
    assert greeks.theta == pytest.approx((value(later=day) - value()) / 1e-4, abs=2e-2)


def test_shares_alone_have_a_delta_and_nothing_else() -> None:
    greeks = structure_greeks(
        Structure((Leg(Stock("SPY"), -30),)), 630.0, [], [], rate=0.04, dividend_yield=0.0
    )
    assert (greeks.delta, greeks.gamma, greeks.vega, greeks.theta) == (-30.0, 0.0, 0.0, 0.0)


levels = st.floats(50.0, 200.0)
volatility = st.floats(0.05, 1.0)
terms = st.floats(0.01, 2.0)
sides = st.sampled_from([1.0, -1.0])


@given(sides, levels, levels, volatility, terms)
def test_the_lean_law_is_the_careful_one(
    side: float, level: float, forward: float, sigma: float, years: float
) -> None:
    arrays = [np.array([value]) for value in (side, level, forward, sigma * np.sqrt(years))]
    careful = (probability.above if side > 0 else probability.below)(level, forward, sigma, years)
    assert float(chance(*arrays)[0]) == pytest.approx(float(careful), abs=1e-13)
    price = black_scholes.price(side > 0, forward, level, years, sigma, 1.0)
    assert float(expected_intrinsic(*arrays)[0]) == pytest.approx(float(price), abs=1e-10)


@pytest.mark.parametrize(("side", "strike"), [(1.0, 110.0), (-1.0, 95.0)])
def test_the_expected_intrinsic_is_the_integral_of_the_payoff(side: float, strike: float) -> None:
    forward, total = 100.0, 0.25

    def integrand(z: float) -> float:
        price = forward * np.exp(total * z - 0.5 * total**2)
        return max(side * (price - strike), 0.0) * norm.pdf(z)

    kink = (np.log(strike / forward) + 0.5 * total**2) / total
    integral = quad(integrand, -12, 12, points=[kink], epsabs=1e-12)[0]
    arrays = [np.array([value]) for value in (side, strike, forward, total)]
    assert float(expected_intrinsic(*arrays)[0]) == pytest.approx(integral, abs=1e-9)
