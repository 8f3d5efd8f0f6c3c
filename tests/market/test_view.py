from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from math import exp, isnan, log, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import put, tape
from market.recorded import recorded_bars, recorded_series, recorded_tape
from market.sources import CheatingSource, EarlySource, GrowingSource, KnownBy
from market.tapes import CALENDAR, Snapshot, bars_of, close_of, flat, series_of, tape_of
from strikewise.domain.chain import ChainTape
from strikewise.domain.errors import DataError, FutureDataError
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series
from strikewise.market.bar_features import BAR_FEATURES
from strikewise.market.events_calendar import Blackout
from strikewise.market.features import FEATURE_NAMES
from strikewise.market.memory_source import MemorySource
from strikewise.market.regime import Regime
from strikewise.market.view import Market, MarketView

SESSIONS = CALENDAR.sessions(date(2023, 1, 3), date(2024, 6, 28))
DAYS = len(SESSIONS)
GENERATOR = np.random.default_rng(11)
CLOSES = np.round(400 * np.exp(np.cumsum(GENERATOR.normal(0, 0.012, DAYS))), 2)
LEVELS = np.clip(0.2 + np.cumsum(GENERATOR.normal(0, 0.01, DAYS)), 0.08, 0.9)
FIRST_CHAIN = DAYS - 100


def event(kind: str, row: int, symbol: str | None = None, notice: int = 30) -> CalendarEvent:
    known_at = int(close_of(SESSIONS[max(0, row - notice)]).timestamp())
    return CalendarEvent(kind, SESSIONS[row], symbol, known_at)


def world(delay: int = 0) -> MemorySource:
    """A year and a half of SPY bars and VIX, chains of the last hundred sessions."""
    snapshots = [
        Snapshot(SESSIONS[row], float(CLOSES[row]), flat(float(LEVELS[row])), delay=delay)
        for row in range(FIRST_CHAIN, DAYS)
    ]
    return MemorySource(
        [tape_of("SPY", snapshots)],
        bars=[bars_of("SPY", SESSIONS, CLOSES.tolist(), high=CLOSES * 1.01, low=CLOSES * 0.99)],
        series=[
            series_of("VIX", SESSIONS, (LEVELS * 110).tolist()),
            series_of("rate_3m", SESSIONS, [5.0] * DAYS),
        ],
        dividends=[
            Dividend("SPY", SESSIONS[row], 1.5, int(close_of(SESSIONS[row - 20]).timestamp()))
            for row in range(40, DAYS, 63)
        ],
        events=[event("CPI", row) for row in range(20, DAYS, 21)] + [event("EARNINGS", 300, "AAPL", 10)],
    )


WORLD = world()
MARKET = Market(WORLD, CALENDAR)


def everything(view: MarketView) -> list[object]:
    """All that a view says of SPY, in a form that compares exactly."""
    chain, fresh, bars = view.chain("SPY"), view.fresh_chain("SPY"), view.bars("SPY")
    features = view.features("SPY")
    return [
        view.underlyings(),
        None if chain is None else (chain.as_of, chain.spot_cents, chain.bid.tobytes()),
        fresh is None,
        None if bars is None else (len(bars), bars.close.tobytes()),
        {name: repr(features[name]) for name in FEATURE_NAMES},
        features.iv_rank_basis,
        features.bar_day,
        view.spot("SPY"),
        view.value("VIX"),
        view.rate(),
        view.dividends("SPY"),
        view.dividend_yield("SPY"),
        list(view.events(None, 30)),
        view.days_to("CPI"),
        view.blackout(Blackout(frozenset({"CPI"}), 2)),
        view.regime(),
    ]


instants = st.integers(0, DAYS - 1).flatmap(
    lambda row: st.sampled_from(
        [close_of(SESSIONS[row]) + timedelta(seconds=s) for s in (-3600, -1, 0, 1, 3600, 30_000)]
    )
)


@pytest.mark.parametrize("delay", [0, 900, 86_400])
@settings(max_examples=40, deadline=None)
@given(at=instants)
def test_hiding_the_future_changes_nothing_that_a_view_says(delay: int, at: datetime) -> None:
    source = DELAYED[delay]
    cut = Market(KnownBy(source, at), CALENDAR)
    assert everything(MARKETS[delay].view(at)) == everything(cut.view(at))


DELAYED = {delay: world(delay) for delay in (0, 900, 86_400)}
MARKETS = {delay: Market(source, CALENDAR) for delay, source in DELAYED.items()}


@pytest.mark.parametrize(("kind", "delay"), [(CheatingSource, 0), (EarlySource, 1800)])
def test_a_source_that_hands_out_the_future_is_found_out(kind: type[MemorySource], delay: int) -> None:
    days = SESSIONS[:3]
    source = kind([tape_of("SPY", [Snapshot(day, delay=delay) for day in days])])
    view = Market(source, CALENDAR).view(close_of(days[1]))
    for question in (view.chain, view.fresh_chain, view.spot, view.features):
        with pytest.raises(FutureDataError, match="chain of SPY"):
            question("SPY")


def test_a_view_of_a_later_instant_is_refused_and_of_an_earlier_one_given() -> None:
    view = MARKET.view(close_of(SESSIONS[100]))
    assert view.at(close_of(SESSIONS[99])).spot("SPY") == CLOSES[99]
    with pytest.raises(FutureDataError, match="The market"):
        view.at(close_of(SESSIONS[101]))


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(DataError, match="time zone"):
        MARKET.view(datetime(2024, 1, 2, 16))  # noqa: DTZ001


def test_a_bar_is_there_from_its_close_on_and_not_a_second_before() -> None:
    at = close_of(SESSIONS[50])
    for moment, count in ((at - timedelta(seconds=1), 50), (at, 51)):
        bars = MARKET.view(moment).bars("SPY")
        assert bars is not None
        assert len(bars) == count
        assert MARKET.view(moment).features("SPY")["close"] == CLOSES[count - 1]


def test_only_a_chain_of_this_session_or_this_instant_is_fresh() -> None:
    last = SESSIONS[-1]
    at = close_of(last)
    assert MARKET.view(at).fresh_chain("SPY") is not None
    assert MARKET.view(at + timedelta(hours=2)).fresh_chain("SPY") is not None
    next_session = CALENDAR.next_session(last)
    for stale in (
        CALENDAR.session_open(next_session) - timedelta(hours=1),
        CALENDAR.session_open(next_session) + timedelta(hours=1),
        at + timedelta(days=1),  # a Saturday
    ):
        assert MARKET.view(stale).fresh_chain("SPY") is None
        assert MARKET.view(stale).chain("SPY") is not None


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def seen_and_asked(taken: datetime, asked: datetime) -> bool:
    """Whether a chain taken at one instant may be traded on at another."""
    made = tape({taken: (500.0, [(put(480), 45, 50)])})
    return Market(MemorySource([made]), CALENDAR).view(asked).fresh_chain("SPY") is not None


@pytest.mark.parametrize("day", [date(2024, 2, 1), date(2023, 11, 24)])  # the second closes at one o'clock
def test_a_chain_serves_for_twenty_minutes_and_the_last_of_a_session_until_midnight(day: date) -> None:
    opens, closes = CALENDAR.session_open(day), CALENDAR.session_close(day)
    for taken in (opens, opens + minutes(90), closes - minutes(30)):
        assert seen_and_asked(taken, taken + minutes(20))
        assert not seen_and_asked(taken, taken + minutes(20.1))
        assert not seen_and_asked(taken, closes + minutes(120))
    for taken in (closes - minutes(20), closes, closes + minutes(15)):
        assert seen_and_asked(taken, closes + minutes(16))
        assert seen_and_asked(taken, closes + minutes(180))
    assert not seen_and_asked(opens - minutes(1), opens + minutes(1))


def test_the_same_chain_is_the_same_object_in_every_view() -> None:
    at = close_of(SESSIONS[-1])
    assert MARKET.view(at).chain("SPY") is MARKET.view(at + timedelta(hours=1)).chain("SPY")


def test_underlyings_are_those_that_have_a_chain_by_now() -> None:
    assert MARKET.view(close_of(SESSIONS[FIRST_CHAIN - 1])).underlyings() == ()
    assert MARKET.view(close_of(SESSIONS[FIRST_CHAIN])).underlyings() == ("SPY",)


def test_the_price_is_of_chain_or_bar_whichever_is_later_and_unknown_when_both_are_old() -> None:
    day, other = SESSIONS[10], SESSIONS[9]
    bars = bars_of("SPY", [other, day], [101.0, 103.0])
    early = Snapshot(other, spot=102.0, delay=0)
    source = MemorySource([tape_of("SPY", [early])], bars=[bars])
    market = Market(source, CALENDAR)
    assert market.view(close_of(other)).spot("SPY") == 102.0
    assert market.view(close_of(day)).spot("SPY") == 103.0
    assert market.view(close_of(day) + timedelta(days=7)).spot("SPY") == 103.0
    assert market.view(close_of(day) + timedelta(days=9)).spot("SPY") is None
    assert market.view(close_of(day)).spot("QQQ") is None


def test_a_value_is_the_last_known_number_and_none_when_that_is_old() -> None:
    series = series_of("VIX", SESSIONS[:3], [15.0, 16.0, nan])
    market = Market(MemorySource(series=[series]), CALENDAR)
    at = close_of(SESSIONS[2])
    assert market.view(close_of(SESSIONS[0])).value("VIX") == 15.0
    assert market.view(at).value("VIX") == 16.0
    assert market.view(at + timedelta(days=10)).value("VIX") is None
    assert market.view(at + timedelta(days=10)).value("VIX", max_gap_days=14) == 16.0
    assert market.view(close_of(SESSIONS[0]) - timedelta(days=1)).value("VIX") is None
    assert market.view(at).value("VXN") is None


def test_the_closes_of_a_symbol_are_a_series_of_its_name() -> None:
    market = Market(MemorySource(bars=[bars_of("VIX", SESSIONS[:3], [15.0, 16.0, 17.0])]), CALENDAR)
    assert market.view(close_of(SESSIONS[1])).value("VIX") == 16.0


def test_the_rate_is_that_of_a_treasury_bill_bought_at_its_discount() -> None:
    # TreasuryDirect's example of a 91-day bill: discount 5%, price 98.736111 per 100.
    rate = MARKET.view(close_of(SESSIONS[10])).rate()
    assert rate is not None
    assert exp(-rate * 91 / 365) == pytest.approx(0.98736111, abs=1e-8)
    assert Market(MemorySource(), CALENDAR).view(close_of(SESSIONS[10])).rate() is None


def test_the_dividend_yield_is_a_years_known_payments_over_the_price() -> None:
    row = 40 + 63 * 4 + 5
    found = MARKET.view(close_of(SESSIONS[row])).dividend_yield("SPY")
    assert found == pytest.approx(log(1 + 4 * 1.5 / CLOSES[row]))
    assert MARKET.view(close_of(SESSIONS[39])).dividend_yield("SPY") == 0
    assert MARKET.view(close_of(SESSIONS[row])).dividend_yield("SPX") == found
    assert MARKET.view(close_of(SESSIONS[row])).dividend_yield("NVDA") == 0


def test_a_declared_dividend_is_seen_before_its_ex_date_and_not_before_it_is_declared() -> None:
    ex_date = SESSIONS[40]
    assert [one.ex_date for one in MARKET.view(close_of(SESSIONS[20])).dividends("SPY")] == [ex_date]
    assert MARKET.view(close_of(SESSIONS[20]) - timedelta(seconds=1)).dividends("SPY") == []


def test_events_are_seen_once_announced() -> None:
    before, after = MARKET.view(close_of(SESSIONS[289])), MARKET.view(close_of(SESSIONS[290]))
    kinds = {"EARNINGS"}
    assert list(before.events(kinds, 30, symbol="AAPL")) == []
    assert [one.day for one in after.events(kinds, 30, symbol="AAPL")] == [SESSIONS[300]]
    assert list(after.events(kinds, 30, symbol="SPY")) == []
    assert after.days_to("EARNINGS", "AAPL") == (SESSIONS[300] - SESSIONS[290]).days


def test_the_regime_is_the_label_of_the_session_before() -> None:
    rows = 90
    closes, levels = [100.0] * rows, [18.0] * rows
    levels[-2] = 45.0
    source = MemorySource(
        bars=[bars_of("SPX", SESSIONS[:rows], closes)],
        series=[series_of("VIX", SESSIONS[:rows], levels)],
    )
    market = Market(source, CALENDAR)
    shock = SESSIONS[rows - 2]
    assert market.view(close_of(shock)).regime() is Regime.NEUTRAL
    assert market.view(close_of(SESSIONS[rows - 1])).regime() is Regime.HIGH_VOLATILITY
    assert market.view(CALENDAR.session_open(SESSIONS[rows - 1])).regime() is Regime.HIGH_VOLATILITY
    assert Market(MemorySource(), CALENDAR).view(close_of(shock)).regime() is Regime.UNKNOWN


def test_an_index_whose_bars_have_ended_leaves_the_regime_to_the_fund() -> None:
    rows, last = 90, close_of(SESSIONS[89])
    levels = [35.0] * rows
    vix = [series_of("VIX", SESSIONS[:rows], levels)]
    ended = bars_of("SPX", SESSIONS[: rows - 12], [100.0] * (rows - 12))
    fund = bars_of("SPY", SESSIONS[:rows], [10.0] * rows)
    alone, both = (MemorySource(bars=bars, series=vix) for bars in ([ended], [ended, fund]))
    assert Market(alone, CALENDAR).view(last).regime() is Regime.UNKNOWN
    assert Market(both, CALENDAR).view(last).regime() is Regime.HIGH_VOLATILITY


def test_features_without_bars_or_chain_are_not_known_and_never_zero() -> None:
    features = MARKET.view(close_of(SESSIONS[200])).features("NVDA")
    assert all(isnan(features[name]) for name in FEATURE_NAMES)
    assert features.as_dict() == {"iv_rank_basis": "none"}
    assert features.get("rsi14", -1.0) == -1.0
    assert features.bar_day is None


def test_a_feature_that_does_not_exist_is_an_error_that_names_those_that_do() -> None:
    with pytest.raises(KeyError, match=r"no feature 'sma21'; there are close, sma20"):
        MARKET.view(close_of(SESSIONS[200])).features("SPY")["sma21"]


def test_features_of_bars_that_stopped_a_week_ago_are_not_known() -> None:
    last = close_of(SESSIONS[-1])
    assert not isnan(MARKET.view(last + timedelta(days=7)).features("SPY")["rsi14"])
    gone = MARKET.view(last + timedelta(days=8)).features("SPY")
    assert all(isnan(gone[name]) for name in FEATURE_NAMES)


def test_volatility_is_ranked_within_its_index_until_the_symbols_own_chains_suffice() -> None:
    early, late = FIRST_CHAIN + 58, FIRST_CHAIN + 59
    for row, basis in ((early, "index:VIX"), (late, "chain")):
        features = MARKET.view(close_of(SESSIONS[row])).features("SPY")
        assert features.iv_rank_basis == basis
        present, held = (
            (LEVELS[row], LEVELS[FIRST_CHAIN : row + 1])
            if basis == "chain"
            else (LEVELS[row], LEVELS[SESSIONS.index(first_of_year(row)) : row + 1][-252:])
        )
        span = held.max() - held.min()
        assert features["iv_rank"] == pytest.approx((present - held.min()) / span, abs=1e-4)
        assert features["iv_percentile"] == pytest.approx((held[:-1] < present).mean(), abs=1e-12)


def first_of_year(row: int) -> date:
    start = SESSIONS[row] - timedelta(days=364)
    return next(day for day in SESSIONS if day >= start)


def test_a_symbol_with_neither_chains_nor_index_has_no_rank() -> None:
    source = MemorySource([tape_of("AAPL", [Snapshot(day) for day in SESSIONS[:30]])])
    features = Market(source, CALENDAR).view(close_of(SESSIONS[29])).features("AAPL")
    assert features["iv30"] == pytest.approx(0.2, abs=1e-5)
    assert isnan(features["iv_rank"])
    assert features.iv_rank_basis == "none"


def test_a_market_follows_a_source_at_which_data_arrive() -> None:
    def pieces(count: int) -> tuple[ChainTape, DailyBars, Series]:
        days = SESSIONS[:count]
        taken = [
            Snapshot(day, float(close), flat(float(level)))
            for day, close, level in zip(days, CLOSES, LEVELS, strict=False)
        ]
        return (
            tape_of("SPY", taken),
            bars_of("SPY", days, CLOSES[:count].tolist()),
            series_of("VIX", days, (LEVELS[:count] * 100).tolist()),
        )

    source = GrowingSource()
    market = Market(source, CALENDAR)
    for count in (70, 71, 90):
        source.grow(*pieces(count))
        at = close_of(SESSIONS[count - 1])
        tape, bars, series = pieces(count)
        fresh = Market(MemorySource([tape], bars=[bars], series=[series]), CALENDAR)
        assert everything(market.view(at)) == everything(fresh.view(at))


def test_a_corrected_bar_of_the_same_length_is_seen() -> None:
    bars = bars_of("SPY", SESSIONS[:30], CLOSES[:30].tolist())
    source = GrowingSource(bars=[bars])
    market = Market(source, CALENDAR)
    at = close_of(SESSIONS[29])
    assert market.view(at).features("SPY")["close"] == CLOSES[29]
    corrected = replace(bars, close=np.append(bars.close[:-1], 1.0))
    MemorySource.__init__(source, bars=[corrected])
    assert market.view(at).features("SPY")["close"] == 1.0


@pytest.mark.shared
def test_every_feature_of_recorded_spy_is_known_and_sane_in_autumn_2021() -> None:
    source = MemorySource(
        [recorded_tape("SPY", 2021)],
        bars=[recorded_bars("SPY"), recorded_bars("SPX")],
        series=[recorded_series("VIX")],
    )
    market = Market(source, CALENDAR)
    for day in CALENDAR.sessions(date(2021, 10, 1), date(2021, 10, 29)):
        view = market.view(close_of(day))
        features = view.features("SPY")
        known = features.as_dict()
        assert set(BAR_FEATURES) <= set(known)
        # On 2021-10-04 none of the twenty recorded contracts says anything of 30 days.
        assert known["iv_rank_basis"] == ("index:VIX" if day == date(2021, 10, 4) else "chain")
        assert day == date(2021, 10, 4) or 0.08 < features["iv30"] < 0.3
        assert 0 <= features["iv_rank"] <= 1
        assert view.spot("SPY") == pytest.approx(features["close"], rel=0.01)
        assert view.regime() in {Regime.BULL, Regime.NEUTRAL, Regime.LOW_VOLATILITY_SIDEWAYS}


@pytest.mark.shared
def test_the_recorded_vix_of_march_2020_is_seen_at_its_close_and_acts_the_next_day() -> None:
    market = Market(MemorySource(bars=[recorded_bars("SPX")], series=[recorded_series("VIX")]), CALENDAR)
    assert market.view(close_of(date(2020, 3, 16))).value("VIX") == 82.69
    assert market.view(close_of(date(2020, 3, 17))).regime() is Regime.CRASH
