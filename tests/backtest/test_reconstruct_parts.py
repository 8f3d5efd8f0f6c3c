"""The parts of a reconstruction by themselves: listings, surface, quotes, activity."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.backtest.reconstruct.activity import ActivityModel
from strikewise.backtest.reconstruct.listings import (
    Density,
    ListingBook,
    ListingRules,
    etf_listings,
    index_listings,
)
from strikewise.backtest.reconstruct.quoting import INDEX_QUOTING, PENNY_QUOTING, QuoteModel
from strikewise.backtest.reconstruct.surface import SimpleSurface, variance_years
from strikewise.domain.instruments import days_of, pack_keys
from strikewise.market.calendar import SessionCalendar
from strikewise.pricing.black_scholes import price

CALENDAR = SessionCalendar()


@given(
    moves=st.lists(st.floats(-0.2, 0.2), min_size=25, max_size=60),
    index=st.floats(0.09, 0.9),
    rules=st.sampled_from([index_listings(), etf_listings(), etf_listings(Density.FRIDAYS)]),
)
@settings(max_examples=15, deadline=None)
def test_no_path_of_the_spot_loses_a_contract(moves: list[float], index: float, rules: ListingRules) -> None:
    sessions = CALENDAR.sessions(date(2022, 11, 1), date(2023, 3, 1))
    book = ListingBook(rules, CALENDAR, sessions[0], sessions[-1])
    spot, before = 400.0, set[tuple[int, int]]()
    for day, move in zip(sessions, moves, strict=False):
        spot *= 1 + move
        book.advance(days_of(day), spot, index)
        listed = book.contracts()
        expirations = np.repeat(listed.expirations, listed.sizes)
        now = set(zip(expirations.tolist(), listed.strike_milli.tolist(), strict=True))
        assert {held for held in before if held[0] >= days_of(day)} <= now
        for expiration in listed.expirations.tolist():
            strikes = listed.strike_milli[expirations == expiration] / 1000
            assert strikes.min() < spot < strikes.max()
        before = now


@given(
    index=st.floats(0.085, 0.9), k=st.floats(-0.8, 0.4), near=st.floats(0.002, 1.0), gap=st.floats(0.001, 1.0)
)
@settings(max_examples=200, deadline=None)
def test_total_variance_never_falls_with_time(index: float, k: float, near: float, gap: float) -> None:
    smile = SimpleSurface().day(index)
    tau = np.array([near, near + gap])
    iv = smile.volatility(np.array([k, k]), tau, tau)
    assert iv[1] ** 2 * tau[1] >= iv[0] ** 2 * tau[0] * (1 - 1e-12)


@given(index=st.floats(0.085, 0.9), tau=st.floats(0.003, 1.5))
@settings(max_examples=100, deadline=None)
def test_no_butterfly_of_the_model_costs_less_than_nothing(index: float, tau: float) -> None:
    smile = SimpleSurface().day(index)
    strike = np.exp(index * np.sqrt(tau)) * np.linspace(0.2, 1.6, 400)
    years = np.full(400, tau)
    iv = smile.volatility(np.log(strike), years, years)
    call = price(True, 1.0, strike, years, iv, 1.0)
    assert np.all(np.diff(call) <= 1e-14)
    assert np.all(np.diff(call, 2) >= -1e-13)


def test_thirty_calendar_days_are_thirty_days_of_variance_and_a_weekend_is_little() -> None:
    friday = days_of(date(2018, 1, 26))
    days = np.array([friday, friday + 3, friday + 4, friday + 30], dtype=np.int64)
    tau = variance_years(CALENDAR, friday, days)
    assert tau[0] == 0.0
    assert tau[3] == pytest.approx(30 / 365)
    assert tau[2] - tau[1] < tau[1] < 1.2 * (tau[2] - tau[1])


@given(
    model=st.sampled_from([INDEX_QUOTING, PENNY_QUOTING]),
    time_value=st.floats(0.0, 200.0),
    intrinsic=st.floats(0.0, 2000.0),
    years=st.floats(0.0, 1.0),
    calm=st.floats(0.09, 0.9),
    worse=st.floats(0.0, 0.5),
)
def test_quotes_hold_the_price_keep_to_ticks_and_never_tighten_under_stress(
    model: QuoteModel, time_value: float, intrinsic: float, years: float, calm: float, worse: float
) -> None:
    value, inside, span = (np.array([x]) for x in (time_value + intrinsic, intrinsic, years))
    bid, ask = model.quotes(value, inside, span, calm)
    assert 0 <= bid[0] < ask[0]
    assert bid[0] - 1e-3 <= 100 * value[0] <= ask[0] + 1e-3
    for cents in (int(bid[0]), int(ask[0])):
        tick = model.tick_cents if cents < model.coarse_from_cents else model.coarse_tick_cents
        assert cents % tick == 0
    doubled = replace(model, multiplier=2.0)
    for wider in (model.quotes(value, inside, span, calm + worse), doubled.quotes(value, inside, span, calm)):
        assert wider[0][0] <= bid[0]
        assert wider[1][0] >= ask[0]


def test_the_multiplier_multiplies_the_spread() -> None:
    value = np.linspace(2.0, 60.0, 400)
    zero, month = np.zeros(400), np.full(400, 30 / 365)
    spreads = []
    for multiplier in (1.0, 2.0, 3.0):
        bid, ask = replace(INDEX_QUOTING, multiplier=multiplier).quotes(value, zero, month, 0.15)
        spreads.append(float(np.mean(ask - bid)))
    assert spreads[1] / spreads[0] == pytest.approx(2, rel=0.03)
    assert spreads[2] / spreads[0] == pytest.approx(3, rel=0.03)


def test_open_interest_thins_away_from_the_money_and_volume_follows_it() -> None:
    model = ActivityModel(5000, 25_000)
    n = 300
    strikes = 1_000_000 + 25_000 * np.arange(n)
    key = pack_keys(np.full(n, 17_600), np.zeros(n, dtype=bool), strikes)
    month = np.full(n, 0.08)
    near, far = (model.open_interest(key, np.full(n, distance), month) for distance in (1.0, 5.0))
    assert near.mean() > 20 * far.mean()
    monday, tuesday = (model.volume(key, near, month, day) for day in (17_560, 17_561))
    assert np.all(monday >= 0)
    assert not np.array_equal(monday, tuesday)
    assert len(np.unique(near)) > n / 2
