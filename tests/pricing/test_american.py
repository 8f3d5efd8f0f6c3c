"""American options: laws of early exercise, and the figures of those who published some."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.pricing import american, black_scholes
from strikewise.pricing.backend import ARRAY, DEFAULT
from strikewise.pricing.collocation import FAST, PRECISE

RATES = st.floats(0.0, 0.12)
MONEYNESS = st.floats(-3.0, 3.0)
YEARS = st.floats(1 / 8760, 3.0)
VOLATILITY = st.floats(0.03, 2.0)
ONE = st.tuples(st.booleans(), MONEYNESS, YEARS, VOLATILITY, RATES, RATES)
SLACK = 4e-5
"""Of the strike: what the fast scheme may be wrong by where a law compares two prices."""


def option(drawn):
    call, deviations, years, volatility, rate, yields = drawn
    spot = 100.0 * float(np.exp(deviations * volatility * np.sqrt(years)))
    return call, spot, 100.0, years, volatility, rate, yields


def european(call, spot, strike, years, volatility, rate, yields):
    forward = spot * np.exp((rate - yields) * years)
    return black_scholes.price(call, forward, strike, years, volatility, np.exp(-rate * years))


@given(ONE)
def test_it_is_worth_at_least_its_exercise_and_the_european_and_at_most_what_it_is_on(drawn):
    call, spot, strike, *rest = option(drawn)
    value = american.price(call, spot, strike, *rest)
    assert value >= max(spot - strike if call else strike - spot, 0.0)
    assert value >= european(call, spot, strike, *rest) - 1e-13 * strike
    assert value <= (spot if call else strike)


@given(ONE)
def test_a_call_is_the_put_with_stock_and_cash_exchanged(drawn):
    call, spot, strike, years, volatility, rate, yields = option(drawn)
    there = american.price(call, spot, strike, years, volatility, rate, yields)
    back = american.price(not call, strike, spot, years, volatility, yields, rate)
    assert there == pytest.approx(back, rel=1e-13)


@given(ONE, st.floats(1.001, 1.3))
def test_more_time_more_volatility_and_a_better_strike_are_worth_more(drawn, more):
    call, spot, strike, years, volatility, rate, yields = option(drawn)
    value = american.price(call, spot, strike, years, volatility, rate, yields)
    better = strike / more if call else strike * more
    slack = SLACK * max(spot, strike)
    assert american.price(call, spot, better, years, volatility, rate, yields) >= value - slack
    assert american.price(call, spot, strike, years * more, volatility, rate, yields) >= value - slack
    assert american.price(call, spot, strike, years, volatility * more, rate, yields) >= value - slack


@given(ONE, st.floats(1.001, 1.3))
def test_in_the_spot_it_moves_one_way_and_by_no_more_than_the_spot(drawn, more):
    call, spot, *rest = option(drawn)
    low, high = american.price(call, spot, *rest), american.price(call, spot * more, *rest)
    gain = (high - low) if call else (low - high)
    assert -SLACK * 100.0 <= gain <= spot * (more - 1.0) + SLACK * 100.0


@given(ONE)
def test_without_a_reason_to_exercise_it_is_the_european(drawn):
    _, spot, strike, years, volatility, rate, yields = option(drawn)
    call = american.price(True, spot, strike, years, volatility, rate, 0.0)
    assert call == pytest.approx(float(european(True, spot, strike, years, volatility, rate, 0.0)), rel=1e-12)
    put = american.price(False, spot, strike, years, volatility, 0.0, yields)
    assert put == pytest.approx(
        float(european(False, spot, strike, years, volatility, 0.0, yields)), rel=1e-12
    )


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_both_implementations_give_the_same_prices_greeks_and_volatilities(seed):
    columns = domain(200, seed)
    call, spot, strike, years, _, rate, yields = columns
    prices = american.price(*columns)
    assert american.price(*columns, kernels=ARRAY) == pytest.approx(prices, rel=1e-11, abs=1e-11)
    for name, ours, plain in zip(
        black_scholes.GreekArrays._fields,
        american.greeks(*columns),
        american.greeks(*columns, kernels=ARRAY),
        strict=True,
    ):
        assert plain == pytest.approx(ours, rel=1e-6, abs=1e-7), name
    given_prices = (call, prices, spot, strike, years, rate, yields)
    ours = american.implied_volatility(*given_prices)
    plain = american.implied_volatility(*given_prices, kernels=ARRAY)
    alive = worth_waiting(columns, prices)
    assert plain[alive] == pytest.approx(ours[alive], rel=1e-8)


@settings(max_examples=30)
@given(st.booleans(), YEARS, RATES, RATES, st.integers(0, 2**32 - 1))
def test_options_of_one_expiry_priced_together_are_priced_as_each_by_itself(call, years, rate, yields, seed):
    generator = np.random.default_rng(seed)
    volatility = np.exp(generator.uniform(np.log(0.01), np.log(6.0), 60))
    volatility[:2] = 0.04, 0.08  # where octaves meet
    spot = 100.0 * np.exp(generator.uniform(-2.0, 2.0, 60) * np.minimum(volatility * years**0.5, 1.0))
    columns = (call, spot, 100.0, years, volatility, rate, yields)
    alone, among = american.greeks(*columns), american.greeks(*columns, together=True)
    assert among.price == pytest.approx(american.price(*columns, together=True), rel=1e-12)
    assert among.price == pytest.approx(alone.price, abs=1.5e-3)
    assert among.delta == pytest.approx(alone.delta, abs=2e-3)
    found = american.implied_volatility(call, among.price, *columns[1:4], rate, yields, together=True)
    sure = (among.price > american.price(call, spot, 100.0, years, 0.0, rate, yields) + 1e-5) & (
        among.vega > 1e-3
    )
    assert found[sure] == pytest.approx(volatility[sure], rel=1e-5)


def domain(n, seed):
    """Return options of an equity chain: a week to three years, 8 to 80 %, rates and yields to 10 %."""
    generator = np.random.default_rng(seed)
    years = np.exp(generator.uniform(np.log(7 / 365), np.log(3), n))
    volatility = np.exp(generator.uniform(np.log(0.08), np.log(0.8), n))
    spot = 100.0 * np.exp(generator.uniform(-2.0, 2.0, n) * volatility * np.sqrt(years))
    rate, yields = generator.uniform(0.0, 0.1, (2, n))
    return generator.random(n) < 0.5, spot, np.full(n, 100.0), years, volatility, rate, yields


def worth_waiting(columns, prices):
    call, spot, strike = columns[:3]
    return prices > np.maximum(np.where(call, spot - strike, strike - spot), 0.0) + 1e-6


@given(ONE)
def test_the_implied_volatility_is_the_one_that_made_the_price(drawn):
    columns = option(drawn)
    call, spot, strike, years, volatility, rate, yields = columns
    value = american.price(*columns)
    certain = american.price(call, spot, strike, years, 0.0, rate, yields)
    found = american.implied_volatility(call, value, spot, strike, years, rate, yields)
    if value - certain > 1e-9 * strike:
        assert american.price(call, spot, strike, years, found, rate, yields) == pytest.approx(
            float(value), rel=1e-9, abs=1e-11 * strike
        )
    steep = american.greeks(*columns).vega
    if value - certain > 1e-9 * strike and steep > 1e-4:
        assert found == pytest.approx(volatility, rel=1e-7)


def test_there_is_no_implied_volatility_where_none_or_many_give_the_price():
    asked = (100.0, 110.0, 0.5, 0.05, 0.01)
    assert np.isnan(american.implied_volatility(False, 10.0, *asked))
    assert np.isnan(american.implied_volatility(False, 9.9, *asked))
    assert np.isnan(american.implied_volatility(False, 110.0, *asked))
    assert np.isnan(american.implied_volatility(True, 100.0, *asked))
    assert np.isnan(american.implied_volatility(True, np.nan, *asked))
    assert np.isnan(american.implied_volatility(True, 1.0, 100.0, 110.0, 0.0, 0.05, 0.01))


def test_missing_or_senseless_numbers_give_no_price():
    sound = (False, 100.0, 110.0, 0.5, 0.2, 0.05, 0.01)
    for place in range(1, 7):
        asked = list(sound)
        asked[place] = np.nan
        assert np.isnan(american.price(*asked))
        assert np.isnan(american.greeks(*asked)).all()
    for place in range(1, 5):
        asked = list(sound)
        asked[place] = -1.0
        assert np.isnan(american.price(*asked))


def test_at_expiry_and_without_volatility_the_best_moment_of_a_certain_path_is_taken():
    assert american.price(False, 90.0, 100.0, 0.0, 0.2, 0.05, 0.01) == pytest.approx(10.0)
    assert american.price(False, 90.0, 100.0, 1.0, 0.0, 0.05, 0.01) == pytest.approx(10.0)
    later = 100.0 * np.exp(-0.01) - 90.0 * np.exp(-0.08)
    assert american.price(False, 90.0, 100.0, 1.0, 0.0, 0.01, 0.08) == pytest.approx(later)
    moments = np.linspace(0.0, 6.0, 300_001)
    path = 100.0 * np.exp(-0.09 * moments) - 80.0 * np.exp(-0.15 * moments)
    assert 0 < np.argmax(path) < moments.size - 1
    assert american.price(False, 80.0, 100.0, 6.0, 0.0, 0.09, 0.15) == pytest.approx(np.max(path), rel=1e-9)


@pytest.mark.parametrize("volatility", [1e-9, 1e-6, 1e-4, 1e-3])
def test_a_little_volatility_is_worth_little_more_than_none(volatility):
    for rate, yields in ((0.05, 0.01), (0.01, 0.05), (0.05, 0.05), (0.0, 0.03)):
        for spot in (90.0, 100.0, 101.0, 110.0):
            none = american.price(False, spot, 100.0, 1.0, 0.0, rate, yields)
            little = american.price(False, spot, 100.0, 1.0, volatility, rate, yields)
            assert none - 1e-9 <= little <= none + 50.0 * volatility + 1e-9


@given(ONE)
def test_the_greeks_are_the_slopes_of_the_price(drawn):
    call, spot, strike, years, volatility, rate, yields = option(drawn)
    found = american.greeks(call, spot, strike, years, volatility, rate, yields, scheme=PRECISE)
    if found.gamma < 1e-6 or years < 0.01 or rate < 0.005:
        return

    def value(spot=spot, years=years, volatility=volatility, rate=rate):
        return float(american.price(call, spot, strike, years, volatility, rate, yields, scheme=PRECISE))

    step = 1e-3 * spot * volatility * years**0.5
    up, here, down = value(spot=spot + step), value(), value(spot=spot - step)
    exercise = max(spot - strike if call else strike - spot, 0.0)
    if min(up, here, down) - exercise < 1e-3 * strike:
        return
    assert found.delta == pytest.approx((up - down) / (2 * step), rel=2e-3, abs=2e-5)
    slope = (
        (value(volatility=volatility * 1.0005) - value(volatility=volatility * 0.9995)) / 0.001 / volatility
    )
    assert found.vega == pytest.approx(0.01 * slope, rel=2e-3, abs=2e-5)
    slope = (value(rate=rate + 1e-4) - value(rate=rate - 1e-4)) / 2e-4
    assert found.rho == pytest.approx(0.01 * slope, rel=2e-2, abs=1e-3)
    slope = (value(years=years * 1.0005) - value(years=years * 0.9995)) / 0.001 / years
    assert found.theta == pytest.approx(-slope / 365.0, rel=2e-3, abs=5e-4 * strike / 365.0)


@pytest.mark.parametrize("scheme", [FAST, PRECISE], ids=["fast", "precise"])
@pytest.mark.parametrize("kernels", [DEFAULT, ARRAY], ids=["usual", "arrays"])
def test_no_price_leaps_where_rate_and_yield_nearly_meet(kernels, scheme):
    yields = 0.01
    rates = yields + np.linspace(-6e-4, 6e-4, 81)
    drawn = [(113.18, 2.2915, 0.3719), (116.8, 2.1049, 0.4278), (108.17, 0.1261, 0.5634), (90.0, 1.0, 0.2)]
    for strike, years, volatility in drawn:
        asked = (False, 100.0, strike, years, volatility, rates, yields)
        worth = american.price(*asked, scheme=scheme, kernels=kernels)
        # A put is worth less by its rho with each step of the rate: a tenth of a cent at most.
        assert np.abs(np.diff(worth)).max() < 4e-3
        assert np.abs(np.diff(worth, 2)).max() < 4e-4


@pytest.mark.parametrize("kernels", [DEFAULT, ARRAY], ids=["usual", "arrays"])
def test_where_rate_and_yield_nearly_meet_rho_is_the_slope_over_a_wider_step(kernels):
    draw = np.random.default_rng(3)
    strike, years = 100.0 * np.exp(draw.uniform(-0.3, 0.3, 300)), draw.uniform(0.05, 3.0, 300)
    asked = (draw.random(300) < 0.5, 100.0, strike, years, draw.uniform(0.08, 0.6, 300))
    exercise = np.where(asked[0], 100.0 - strike, strike - 100.0)
    for rate in (0.0099, 0.01, 0.0101):
        up, here, down = (
            american.price(*asked, rate + by, 0.01, scheme=PRECISE) for by in (2.5e-4, 0.0, -2.5e-4)
        )
        found = american.greeks(*asked, rate, 0.01, scheme=PRECISE, kernels=kernels).rho
        held = here - exercise > 0.1
        assert np.abs(found - 0.01 * (up - down) / 5e-4)[held].max() < 6e-3


def test_where_exercise_is_best_at_once_an_option_moves_like_its_exercise():
    found = american.greeks(False, 60.0, 100.0, 1.0, 0.2, 0.05, 0.0)
    assert [float(value) for value in found] == [40.0, -1.0, 0.0, 0.0, 0.0, 0.0]
    found = american.greeks(True, 160.0, 100.0, 1.0, 0.2, 0.0, 0.05)
    assert [float(value) for value in found] == pytest.approx([60.0, 1.0, 0.0, 0.0, 0.0, 0.0], abs=1e-12)


def test_published_premiums_of_early_exercise_are_met_by_both_schemes():
    """L. Andersen, M. Lake and D. Offengenden (2016), K = S = 100, r = q = 5 %, one year, 25 %."""
    published = 0.106952702747
    asked = (False, 100.0, 100.0, 1.0, 0.25, 0.05, 0.05)
    premium = american.price(*asked, scheme=PRECISE) - european(*asked)
    assert premium == pytest.approx(published, abs=2e-8)
    assert american.price(*asked, scheme=FAST) - european(*asked) == pytest.approx(published, abs=2e-5)


@pytest.mark.parametrize(
    ("spot", "volatility", "years", "exact"),
    [
        (36.0, 0.2, 1.0, 4.478),
        (36.0, 0.2, 2.0, 4.840),
        (36.0, 0.4, 1.0, 7.101),
        (36.0, 0.4, 2.0, 8.508),
        (40.0, 0.2, 1.0, 2.314),
        (40.0, 0.2, 2.0, 2.885),
        (40.0, 0.4, 1.0, 5.312),
        (40.0, 0.4, 2.0, 6.920),
        (44.0, 0.2, 1.0, 1.110),
        (44.0, 0.2, 2.0, 1.690),
        (44.0, 0.4, 1.0, 3.948),
        (44.0, 0.4, 2.0, 5.647),
    ],
)
def test_the_puts_of_longstaff_and_schwartz_are_met(spot, volatility, years, exact):
    """F. Longstaff and E. Schwartz, Valuing American Options by Simulation (2001), table 1, 6 % rate.

    Their finite differences allow exercise fifty times a year, so that ours are worth a little more.
    """
    found = float(american.price(False, spot, 40.0, years, volatility, 0.06, 0.0, scheme=PRECISE))
    assert exact - 0.0006 <= found <= exact + 0.01


def test_quantlib_at_its_highest_precision_gives_these_prices():
    columns = domain(60, seed=3)
    exact = quantlib_prices(*columns)
    precise = american.price(*columns, scheme=PRECISE)
    fast = american.price(*columns)
    assert np.max(np.abs(precise - exact)) < 2e-5
    assert np.max(np.abs(fast - exact)) < 1e-3
    assert np.median(np.abs(fast - exact)) < 1e-6


def quantlib_prices(calls, spots, strikes, years, volatilities, rates, yields):
    today = QuantLib.Date(2, 1, 2024)
    QuantLib.Settings.instance().evaluationDate = today
    basis = QuantLib.Actual365Fixed()
    quotes = [QuantLib.SimpleQuote(0.1) for _ in range(4)]
    spot, rate, dividend, volatility = (QuantLib.QuoteHandle(one) for one in quotes)
    process = QuantLib.BlackScholesMertonProcess(
        spot,
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, dividend, basis)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, rate, basis)),
        QuantLib.BlackVolTermStructureHandle(
            QuantLib.BlackConstantVol(today, QuantLib.NullCalendar(), volatility, basis)
        ),
    )
    engine = QuantLib.QdFpAmericanEngine(process, QuantLib.QdFpAmericanEngine.highPrecisionScheme())
    found = []
    for call, S, K, T, sigma, r, q in zip(
        calls, spots, strikes, years, volatilities, rates, yields, strict=True
    ):
        days = max(round(T * 365), 1)  # QuantLib counts in days: the variance and the rates are rescaled
        scale = T * 365 / days
        for quote, value in zip(quotes, (S, r * scale, q * scale, sigma * scale**0.5), strict=True):
            quote.setValue(float(value))
        kind = QuantLib.Option.Call if call else QuantLib.Option.Put
        exercise = QuantLib.AmericanExercise(today, today + days)
        one = QuantLib.VanillaOption(QuantLib.PlainVanillaPayoff(kind, float(K)), exercise)
        one.setPricingEngine(engine)
        found.append(one.NPV())
    return np.array(found)
