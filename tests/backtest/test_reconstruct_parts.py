"""The parts of a reconstruction by themselves: listings, surface, quotes, activity."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.backtest.reconstruct.activity import ActivityModel
from strikewise.backtest.reconstruct.anchors import ANCHOR_DAYS, brackets_of
from strikewise.backtest.reconstruct.conditions import Conditions, IndexSeries, conditions_of
from strikewise.backtest.reconstruct.forwards import expected_dividends, forwards
from strikewise.backtest.reconstruct.listings import (
    Density,
    ListingBook,
    ListingRules,
    etf_listings,
    index_listings,
    stock_listings,
)
from strikewise.backtest.reconstruct.parameters import fitted, read_fitted
from strikewise.backtest.reconstruct.quoting import QuoteModel, Ticks
from strikewise.backtest.reconstruct.recipe import recipe_for
from strikewise.backtest.reconstruct.signature import limits_of
from strikewise.backtest.reconstruct.smile import strip
from strikewise.backtest.reconstruct.surface import SurfaceBook, smiles, without_butterflies
from strikewise.backtest.reconstruct.variance_time import DayWeights, VarianceClock, variance_years
from strikewise.domain.errors import ParameterError, SettingsError
from strikewise.domain.instruments import date_of, days_of, pack_keys
from strikewise.domain.quotes import CalendarEvent, Dividend, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.pricing.black_scholes import price

CALENDAR = SessionCalendar()


def test_strikes_of_an_expiration_keep_their_distance_while_a_stock_grows_dear() -> None:
    book = ListingBook(stock_listings(), CALENDAR, date(2018, 1, 2), date(2018, 1, 31))
    for day, spot in ((date(2018, 1, 2), 90.0), (date(2018, 1, 31), 120.0)):
        book.advance(days_of(day), spot, 0.15)
    listed = book.contracts()
    parts = np.split(listed.strike_milli, np.cumsum(listed.sizes)[:-1])
    steps = {
        date_of(day): int(np.diff(one).min()) for day, one in zip(listed.expirations, parts, strict=True)
    }
    assert steps[date(2018, 2, 9)] == 1_000
    assert steps[date(2018, 3, 9)] == 2_500


@given(
    moves=st.lists(st.floats(-0.05, 0.05), min_size=25, max_size=60),
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


def surfaces(
    index: float, near: float = 1.0, quarter: float = 1.0, skew: float = 135.0, beta: float = 130.0
) -> SurfaceBook:
    """Return the surface of one day under any conditions."""
    day = days_of(date(2018, 1, 26))
    conditions = Conditions(
        np.array([day]),
        np.array([[index * near, index, index * quarter, index * quarter]]),
        np.array([skew]),
        np.array([beta]),
        np.ones((1, 4), dtype=np.bool_),
    )
    clock = VarianceClock(CALENDAR, (), date(2018, 1, 1), date(2020, 1, 31))
    return SurfaceBook(fitted().surface, conditions, clock, CALENDAR)


conditions = st.fixed_dictionaries(
    {
        "index": st.floats(0.09, 0.85),
        "near": st.floats(0.75, 1.6),
        "quarter": st.floats(0.65, 1.25),
        "skew": st.floats(112.0, 172.0),
        "beta": st.floats(75.0, 230.0),
    }
)
EXPIRATIONS = days_of(date(2018, 1, 26)) + np.array([1, 3, 5, 7, 14, 21, 35, 63, 91, 182, 364])


@given(asked=conditions)
@settings(max_examples=40, deadline=None)
def test_whatever_the_indices_say_no_calendar_spread_and_no_butterfly_costs_less_than_nothing(
    asked: dict[str, float],
) -> None:
    surface = surfaces(**asked).day(0, EXPIRATIONS)
    k = np.linspace(-1.2, 0.6, 301)
    group = np.repeat(np.arange(len(EXPIRATIONS)), len(k))
    variance = surface.variance(np.tile(k, len(EXPIRATIONS)), group).reshape(len(EXPIRATIONS), -1)
    assert np.all(np.diff(variance, axis=0) >= 0.0)
    strike = np.exp(k)
    for total in variance:
        call = price(True, 1.0, strike, 1.0, np.sqrt(total), 1.0)
        slope = np.diff(call) / np.diff(strike)
        assert np.all(slope <= 1e-12)
        assert np.all(np.diff(slope) >= -1e-9)


@given(asked=conditions)
@settings(max_examples=25, deadline=None)
def test_the_strips_of_the_model_are_the_indices_it_was_solved_for(asked: dict[str, float]) -> None:
    # Indices may contradict each other: forward variance is then held above nothing, and they are not met.
    asked = {**asked, "near": 0.9 + 0.1 * asked["near"], "quarter": 0.9 + 0.1 * asked["quarter"]}
    book = surfaces(**asked)
    days = book.conditions.days
    found = brackets_of(book.clock, CALENDAR, days)
    tau = variance_years(found.counts, book.parameters.weights, morning=found.morning).reshape(-1)
    rows = np.zeros(len(tau), dtype=np.intp)
    theta, shape = smiles(book.parameters, book.conditions, book.levels, rows, tau)
    total = strip(without_butterflies(shape, theta), theta)[0].reshape(1, 4, 2)
    own = np.sqrt((found.share * total).sum(axis=2) / (np.array(ANCHOR_DAYS) / 365.0))
    assert own[0] == pytest.approx(book.conditions.indices[0], rel=0.01)


def test_the_index_taken_as_the_volatility_at_the_money_would_be_points_too_dear() -> None:
    surface = surfaces(0.18, 0.95, 1.06).day(0, EXPIRATIONS[6:7])
    level = float(np.sqrt(surface.theta[0] / (35 / 365)))
    assert 0.12 < level < 0.165


def test_a_weekend_is_little_and_a_decision_of_the_federal_reserve_is_much() -> None:
    friday, decision = date(2018, 1, 26), date(2018, 1, 31)
    event = CalendarEvent("FOMC", decision, None, 0)
    clock = VarianceClock(CALENDAR, [event], date(2018, 1, 1), date(2018, 12, 31))
    weights = DayWeights(idle=0.1, fomc=0.6)
    ends = days_of(friday) + np.array([0, 3, 4, 5, 6])
    passed = clock.years(days_of(friday), ends, weights) * 271
    assert passed == pytest.approx([0.0, 1.2, 2.2, 3.8, 4.8])
    early = clock.years(days_of(friday), ends[1:2], weights, morning=True) * 271
    assert early == pytest.approx([1.2 - (1 - weights.morning)])


def test_news_that_nobody_announced_adds_nothing_before_it_comes() -> None:
    surprise = CalendarEvent("FOMC", date(2018, 1, 31), None, 86_400 * days_of(date(2018, 1, 31)))
    plain, knowing = (
        VarianceClock(CALENDAR, events, date(2018, 1, 1), date(2018, 12, 31)) for events in ((), (surprise,))
    )
    asked = (days_of(date(2018, 1, 26)), np.arange(5) + days_of(date(2018, 1, 29)), DayWeights())
    assert np.array_equal(plain.years(*asked), knowing.years(*asked))


def series(name: str, values: list[float]) -> Series:
    days = np.arange(days_of(date(2018, 1, 2)), days_of(date(2018, 1, 2)) + len(values), dtype=np.int32)
    return Series(name, days, np.array(values), CALENDAR.close_seconds(days))


def test_an_index_that_ends_goes_on_from_its_last_value_to_what_is_usual() -> None:
    month = series("VIX", [15.0] * 120)
    quarter = series("VIX3M", [20.0] * 20)
    found = conditions_of(IndexSeries(month, quarter=quarter), month.days.astype(np.int64))
    third = found.indices[:, 2]
    assert third[:20] == pytest.approx(0.20)
    assert np.all(np.diff(third[19:]) < 0)
    assert third[-1] == pytest.approx(0.15 * np.exp(0.113 - 0.053 * np.log(15 / 18)), rel=0.01)
    assert found.measured[19].tolist() == [False, True, True, False]
    assert found.measured[20].tolist() == [False, True, False, False]


def test_conditions_know_nothing_of_the_days_after() -> None:
    rising = [12.0 + 0.1 * n for n in range(100)]
    whole = conditions_of(IndexSeries(series("VIX", rising)), series("VIX", rising).days.astype(np.int64))
    short = series("VIX", rising[:60])
    part = conditions_of(IndexSeries(short), short.days.astype(np.int64))
    for name in ("indices", "skew", "beta"):
        assert np.array_equal(getattr(whole, name)[:60], getattr(part, name))


def test_dividends_are_expected_again_a_year_later_and_only_those_declared_are_known() -> None:
    quarters = [date(2017, month, 15) for month in (3, 6, 9, 12)] + [date(2018, 3, 16)]
    paid = [Dividend("SPY", day, 1.0, 86_400 * (days_of(day) - 14)) for day in quarters]
    day = days_of(date(2018, 1, 26))
    dates, amounts = expected_dividends(paid, day, 86_400 * day)
    assert date_of(int(dates[0])) == date(2018, 3, 14)
    assert len(dates) >= 8
    assert np.all(amounts == 1.0)
    forward = forwards(
        280.0, 0.02, 0.0, (dates, amounts), day, np.array([day + 30, day + 60]), np.array([0.08, 0.16])
    )
    assert forward[0] == pytest.approx(280.0 * np.exp(0.0016))
    assert forward[1] < 280.0 * np.exp(0.0032) - 0.9


@given(
    value=st.floats(0.0, 200.0),
    half=st.floats(0.0, 5.0),
    calm=st.floats(0.09, 0.18),
    worse=st.floats(0.01, 0.7),
    ticks=st.sampled_from([Ticks(1, 1, 300), Ticks(5, 10, 300)]),
)
@settings(max_examples=200, deadline=None)
def test_the_model_price_lies_between_bid_and_ask_and_stress_only_widens(
    value: float, half: float, calm: float, worse: float, ticks: Ticks
) -> None:
    model = QuoteModel(fitted().spread, ticks)
    worth, wide = np.array([value]), np.array([half])
    bid, ask = model.quotes(worth, wide, calm)
    assert 0 <= bid[0] < ask[0]
    assert bid[0] - 1e-3 <= 100 * value <= ask[0] + 1e-3
    for cents in (int(bid[0]), int(ask[0])):
        assert cents % (ticks.fine if cents < ticks.coarse_from else ticks.coarse) == 0
    doubled = replace(model, multiplier=2.0)
    for wider in (model.quotes(worth, wide, calm + worse), doubled.quotes(worth, wide, calm)):
        assert wider[0][0] <= bid[0]
        assert wider[1][0] >= ask[0]


def test_the_multiplier_multiplies_the_spread() -> None:
    value, half = np.linspace(2.0, 60.0, 400), np.full(400, 0.2)
    spreads = []
    for multiplier in (1.0, 2.0, 3.0):
        bid, ask = QuoteModel(fitted().spread, Ticks(1, 1, 300), multiplier).quotes(value, half, 0.15)
        spreads.append(float(np.mean(ask - bid)))
    assert spreads == pytest.approx([40.0, 80.0, 120.0], rel=0.03)


def test_a_calibration_written_is_the_calibration_read(tmp_path: Path) -> None:
    numbers = fitted()
    numbers.write(tmp_path / "own.json")
    assert read_fitted(tmp_path / "own.json").as_dict() == numbers.as_dict()
    (tmp_path / "own.json").write_text('{"name": "x"}')
    with pytest.raises(SettingsError, match="calibrate"):
        read_fitted(tmp_path / "own.json")


@pytest.mark.parametrize("wrong", ["NaN", "1e999", '"0.1"', "null"])
def test_a_calibration_with_what_is_no_number_is_refused(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    fitted().write(path)
    text = path.read_text(encoding="utf-8")
    idle = fitted().surface.weights.idle
    path.write_text(text.replace(f'"idle": {idle}', f'"idle": {wrong}'), encoding="utf-8")
    with pytest.raises(SettingsError, match="is no number"):
        read_fitted(path)


@pytest.mark.parametrize(
    ("symbol", "multiplier", "said"),
    [
        ("VIX", 1.0, "Options on VIX do not follow from its closes"),
        ("SPY", 0.0, "spread_multiplier must be above 0 and at most 100; was 0"),
        ("SPY", float("inf"), "was inf"),
        ("SPY", float("nan"), "was nan"),
        ("SPY", 1e9, "was 1e[+]09"),
    ],
)
def test_what_cannot_be_made_is_refused(symbol: str, multiplier: float, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        recipe_for(symbol, spread_multiplier=multiplier)


def test_a_chain_says_what_it_cannot_show_and_how_wide_its_spreads_were_taken() -> None:
    told = limits_of(recipe_for("SPY", spread_multiplier=2.0).source)
    assert "volatility point" in told
    assert told.endswith("The spread multiplier in force is 2.")
    assert limits_of("optionsdx") == ""


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
