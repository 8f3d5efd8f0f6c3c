"""American options on stocks that pay in cash: when exercise is best, and what others find."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.pricing import american, american_dividends, black_scholes
from strikewise.pricing.array_grid import early_exercise as array_grid
from strikewise.pricing.compiled_grid import early_exercise as compiled_grid

AMOUNTS, DUE = np.array([0.9, 0.9, 0.9, 0.9]), np.array([0.08, 0.33, 0.58, 0.83])
ONE = st.tuples(
    st.booleans(),
    st.floats(-2.0, 2.0),
    st.floats(0.02, 1.2),
    st.floats(0.08, 0.8),
    st.floats(0.0, 0.08),
)
FEW = settings(max_examples=40, deadline=None)
ERROR = 2e-3
"""Dollars that two prices of options struck at 100 may differ by where a law compares them."""


def option(drawn):
    call, deviations, years, volatility, rate = drawn
    return (
        call,
        100.0 * float(np.exp(deviations * volatility * np.sqrt(years))),
        100.0,
        years,
        volatility,
        rate,
    )


def european(call, spot, strike, years, volatility, rate):
    counts = years >= DUE
    bare = spot - float(np.sum(AMOUNTS[counts] * np.exp(-rate * DUE[counts])))
    discount = np.exp(-rate * years)
    return float(black_scholes.price(call, bare / discount, strike, years, volatility, discount))


@FEW
@given(ONE)
def test_it_is_worth_at_least_its_exercise_and_the_european_on_the_same_forward(drawn):
    call, spot, strike, *rest = option(drawn)
    value = american_dividends.price(call, spot, strike, *rest, AMOUNTS, DUE)
    assert value >= max(spot - strike if call else strike - spot, 0.0)
    assert value >= european(call, spot, strike, *rest) - 1e-12
    assert value <= (spot if call else strike)


@FEW
@given(ONE, st.floats(0.0, 0.08))
def test_without_dividends_it_is_the_option_on_a_yield(drawn, yields):
    columns = option(drawn)
    ours = american_dividends.price(*columns, (), (), dividend_yield=yields)
    assert ours == pytest.approx(float(american.price(*columns, yields)), abs=ERROR)


@FEW
@given(ONE)
def test_a_dividend_makes_a_call_cheaper_and_a_put_dearer(drawn):
    call, *columns = option(drawn)
    paying = american_dividends.price(call, *columns, AMOUNTS, DUE)
    keeping = american_dividends.price(call, *columns, (), ())
    assert paying <= keeping + ERROR if call else paying >= keeping - ERROR


def test_dividends_of_the_past_and_of_after_expiry_do_not_count_and_their_order_does_not_matter():
    asked = (True, 103.0, 100.0, 0.5, 0.2, 0.04)
    known = american_dividends.price(*asked, [0.9, 0.9], [0.08, 0.33])
    assert known == american_dividends.price(*asked, [2.0, 0.9, 0.9, 5.0], [-0.1, 0.33, 0.08, 0.51])


def test_the_right_to_a_dividend_the_day_before_expiry_is_nearly_all_of_it():
    """Exercised the evening before, a call deep in the money gets it; held, it does not."""
    year = 0.25
    value = american_dividends.price(True, 130.0, 100.0, year, 0.2, 0.0, [2.0], [year - 1 / 365])
    assert value == pytest.approx(30.0, abs=0.05)
    assert european_with(130.0, 2.0, year) == pytest.approx(28.0, abs=0.05)


def european_with(spot, dividend, years):
    return float(black_scholes.price(True, spot - dividend, 100.0, years, 0.2, 1.0))


def test_a_put_is_not_exercised_while_a_dividend_is_worth_more_than_the_interest():
    deep = (False, 60.0, 100.0, 0.5, 0.15, 0.04)
    assert american_dividends.price(*deep, (), ()) == pytest.approx(40.0, abs=1e-9)
    waiting = american_dividends.price(*deep, [1.5], [0.05])
    # Waiting for the ex-date costs 0.2 of interest and gains the fall of the stock.
    assert waiting == pytest.approx(
        40.0 + 1.5 * np.exp(-0.04 * 0.05) - 100 * (1 - np.exp(-0.04 * 0.05)), abs=2e-3
    )


def test_a_call_before_one_dividend_is_worth_what_geske_whaley_and_roll_say():
    """The value of exercising before the only ex-date, integrated over the stock at that moment."""
    spot, strike, rate, sigma, due, years, paid = 100.0, 95.0, 0.05, 0.3, 0.2, 0.4, 3.0
    bare = spot - paid * np.exp(-rate * due)
    z = np.linspace(-8.0, 8.0, 100_001)
    stock = bare * np.exp((rate - 0.5 * sigma**2) * due + sigma * np.sqrt(due) * z)
    left = years - due
    discount = np.exp(-rate * left)
    held = black_scholes.price(True, stock / discount, strike, left, sigma, discount)
    best = np.maximum(held, stock + paid - strike)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    exact = float(np.exp(-rate * due) * np.trapezoid(best * density, z))
    ours = american_dividends.price(True, spot, strike, years, sigma, rate, [paid], [due])
    assert ours == pytest.approx(exact, abs=5e-4)


def test_quantlib_finds_the_same_in_the_escrowed_model():
    today = QuantLib.Date(2, 1, 2024)
    QuantLib.Settings.instance().evaluationDate = today
    basis, rate = QuantLib.Actual365Fixed(), 0.045
    days = [30, 121, 212]
    for call, spot, volatility, life in (
        (True, 110.0, 0.15, 40),
        (True, 100.0, 0.30, 200),
        (False, 90.0, 0.20, 150),
        (False, 105.0, 0.40, 250),
    ):
        process = QuantLib.BlackScholesProcess(
            QuantLib.QuoteHandle(QuantLib.SimpleQuote(spot)),
            QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, rate, basis)),
            QuantLib.BlackVolTermStructureHandle(
                QuantLib.BlackConstantVol(today, QuantLib.NullCalendar(), volatility, basis)
            ),
        )
        kind = QuantLib.Option.Call if call else QuantLib.Option.Put
        exercise = QuantLib.AmericanExercise(today, today + life)
        one = QuantLib.VanillaOption(QuantLib.PlainVanillaPayoff(kind, 100.0), exercise)
        paid = QuantLib.DividendVector([today + day for day in days], [0.9] * 3)
        scheme = QuantLib.FdmSchemeDesc.Douglas()
        escrowed = QuantLib.FdBlackScholesVanillaEngine.Escrowed
        one.setPricingEngine(
            QuantLib.FdBlackScholesVanillaEngine(process, paid, 400, 800, 0, scheme, False, -1e300, escrowed)
        )
        due = np.array(days) / 365
        ours = american_dividends.price(call, spot, 100.0, life / 365, volatility, rate, [0.9] * 3, due)
        assert ours == pytest.approx(one.NPV(), abs=1e-3)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_both_implementations_find_the_same_premiums(seed):
    generator = np.random.default_rng(seed)
    n = 12
    is_call = generator.random(n) < 0.5
    spot, years = generator.uniform(80, 120, n), generator.uniform(0.02, 1.2, n)
    strike, volatility = np.full(n, 100.0), generator.uniform(0.1, 0.6, n)
    rate, yields = generator.uniform(-0.03, 0.06, (2, n))
    both = []
    for kernel in (array_grid, compiled_grid):
        out = np.empty((3, n))
        kernel(out, is_call, spot, strike, years, volatility, rate, yields, AMOUNTS, DUE, 12, 8)
        both.append(out)
    assert both[0] == pytest.approx(both[1], rel=1e-9, abs=1e-10)


@FEW
@given(ONE)
def test_the_implied_volatility_is_the_one_that_made_the_price(drawn):
    call, spot, strike, years, volatility, rate = option(drawn)
    value = american_dividends.price(call, spot, strike, years, volatility, rate, AMOUNTS, DUE)
    none = american_dividends.price(call, spot, strike, years, 0.0, rate, AMOUNTS, DUE)
    found = american_dividends.implied_volatility(call, value, spot, strike, years, rate, AMOUNTS, DUE)
    if value > none + 0.01:
        again = american_dividends.price(call, spot, strike, years, found, rate, AMOUNTS, DUE)
        assert again == pytest.approx(float(value), abs=1e-7)
    assert np.isnan(
        american_dividends.implied_volatility(call, none, spot, strike, years, rate, AMOUNTS, DUE)
    )


def test_the_greeks_are_the_slopes_of_the_price():
    def value(call, spot=102.0, years=0.5, volatility=0.25, rate=0.04, due=DUE):
        return float(american_dividends.price(call, spot, 100.0, years, volatility, rate, AMOUNTS, due))

    for call in (True, False):
        found = american_dividends.greeks(call, 102.0, 100.0, 0.5, 0.25, 0.04, AMOUNTS, DUE)
        up, here, down = value(call, 103.0), value(call), value(call, 101.0)
        assert found.delta == pytest.approx((up - down) / 2, abs=2e-3)
        assert found.gamma == pytest.approx(up - 2 * here + down, abs=1e-3)
        assert found.vega == pytest.approx(
            value(call, volatility=0.255) - value(call, volatility=0.245), abs=2e-3
        )
        assert found.rho == pytest.approx(value(call, rate=0.045) - value(call, rate=0.035), abs=3e-3)
        later = value(call, years=0.5 - 2 / 365, due=DUE - 2 / 365)
        assert found.theta == pytest.approx((later - here) / 2, abs=2e-3)


def test_between_two_boundaries_the_price_comes_from_the_grid():
    """Cash costs interest and stock costs more: deep in the money a put is better kept."""
    waits = american.price(False, 40.0, 100.0, 2.0, 0.15, -0.02, -0.05)
    takes = american.price(False, 65.0, 100.0, 2.0, 0.15, -0.02, -0.05)
    assert waits > 60.1
    assert takes == pytest.approx(35.0, abs=1e-9)
    assert american.price(False, 90.0, 100.0, 2.0, 0.15, -0.02, -0.05) == pytest.approx(11.97276, abs=1e-3)
    mirror = american.price(True, 100.0, 90.0, 2.0, 0.15, -0.05, -0.02)
    assert mirror == pytest.approx(11.97276, abs=2e-3)
    found = american.implied_volatility(False, 11.97276, 90.0, 100.0, 2.0, -0.02, -0.05)
    assert found == pytest.approx(0.15, abs=1e-4)
    assert american.greeks(False, 90.0, 100.0, 2.0, 0.15, -0.02, -0.05).delta == pytest.approx(
        -0.63, abs=0.05
    )
