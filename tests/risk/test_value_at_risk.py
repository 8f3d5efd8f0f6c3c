"""Value at risk: a quantile of what happened, the same however a book is written, and never a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import CALENDAR, call, close_of, put
from risk.risk_markets import (
    EXPIRY,
    NOW,
    SESSIONS,
    TODAY,
    chain,
    closes,
    held,
    past,
    view_of,
    volatility_index,
)
from strikewise.domain.instruments import Stock
from strikewise.domain.portfolio import Position
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.governor import Governor
from strikewise.risk.past_moves import JointMoves, Unpriced, joint_moves
from strikewise.risk.revaluation import book_of
from strikewise.risk.value_at_risk import ValueAtRisk, quantile_loss

SPOTS = {"SPY": 500.0, "TLT": 95.0}
VIEW = view_of(SPOTS)
SPREAD = {put(480, EXPIRY): -1, put(470, EXPIRY): 1}
LEGS = [
    SPREAD,
    {call(520, EXPIRY): -1, call(530, EXPIRY): 1},
    {put(450, EXPIRY): 2},
    {Stock("SPY"): 100, call(510, EXPIRY): -1},
    {Stock("TLT"): -50},
    {put(90, EXPIRY, "TLT"): -1},
]
books = st.lists(st.tuples(st.sampled_from(range(len(LEGS))), st.integers(1, 5)), min_size=1, max_size=6)


def positions(rows: list[tuple[int, int]]) -> list[Position]:
    return [held(LEGS[which], name=f"p{n}", quantity=many) for n, (which, many) in enumerate(rows)]


def risk_of(held_now: list[Position], view: MarketView = VIEW) -> ValueAtRisk:
    found = AccountRisk(view, Governor()).value_at_risk(held_now)
    assert isinstance(found, ValueAtRisk)
    return found


def unknown(held_now: list[Position], view: MarketView) -> str:
    found = AccountRisk(view, Governor()).value_at_risk(held_now)
    assert isinstance(found, Unpriced)
    return found.detail


def test_of_500_losses_the_26th_greatest_is_the_quantile_so_that_25_are_more() -> None:
    losses = np.arange(1.0, 501.0)
    found = quantile_loss(-losses, 0.95)
    assert found == 475.0
    assert np.sum(losses > found) == 25


@given(st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=300), st.floats(0.5, 0.999))
def test_no_more_profits_than_the_rest_of_the_confidence_fall_below_it(
    profits: list[float], confidence: float
) -> None:
    array = np.array(profits)
    found = quantile_loss(array, confidence)
    assert np.sum(array < -found) <= (1.0 - confidence) * len(array) + 1e-6


def test_shares_alone_have_the_quantile_of_their_returns_at_risk_both_ways() -> None:
    bars = VIEW.bars("SPY")
    assert bars is not None
    returns = np.diff(bars.close) / bars.close[:-1]
    expected = np.sort(-returns)[::-1][int(0.05 * len(returns))] * 100 * 500.0
    found = risk_of([held({Stock("SPY"): 100})])
    assert found.sessions == SESSIONS - 1
    assert found.historical_cents == pytest.approx(100 * expected, abs=1)
    assert found.sensitivity_cents == found.historical_cents


@given(books, st.randoms(use_true_random=False))
def test_it_does_not_depend_on_the_order_of_positions(rows: list[tuple[int, int]], random: object) -> None:
    before = positions(rows)
    after = list(before)
    random.shuffle(after)  # type: ignore[attr-defined]
    assert risk_of(after) == risk_of(before)


@given(books, st.integers(2, 4))
def test_a_book_so_many_times_as_large_has_so_much_more_at_risk(rows: list[tuple[int, int]], k: int) -> None:
    once, often = risk_of(positions(rows)), risk_of(positions([(which, k * many) for which, many in rows]))
    assert often.historical_cents == pytest.approx(k * once.historical_cents, abs=k)
    assert often.sensitivity_cents == pytest.approx(k * once.sensitivity_cents, abs=k)


@given(books)
def test_positions_that_cancel_each_other_have_nothing_at_risk(rows: list[tuple[int, int]]) -> None:
    there = positions(rows)
    back = [
        held({leg.instrument: -leg.ratio for leg in one.structure.legs}, name=f"-{n}", quantity=one.quantity)
        for n, one in enumerate(there)
    ]
    assert risk_of([*there, *back]).cents == 0


@given(st.integers(1, 5))
def test_a_spread_cannot_lose_more_than_its_width_though_its_greeks_say_so(many: int) -> None:
    wild = view_of({"SPY": 500.0}, bars=_stormy())
    found = risk_of([held(SPREAD, quantity=many)], wild)
    assert found.worst_cents <= many * 100_000
    assert found.historical_cents <= many * 100_000


def _stormy() -> list:  # type: ignore[type-arg]
    bars = closes("SPY", 500.0, daily=0.08)
    return [bars, volatility_index(bars)]


@given(books)
def test_the_two_ways_agree_where_the_moves_are_small(rows: list[tuple[int, int]]) -> None:
    view = view_of(SPOTS)
    book = book_of(positions(rows), view)
    assert not isinstance(book, Unpriced)
    n = len(book.underlyings)
    tiny = JointMoves(
        book.underlyings, np.array([1], dtype=np.int32), np.full((1, n), 1e-4), np.full((1, n), 1e-4)
    )
    delta, gamma, vega = book.sensitivities()
    step = 1e-4 * book.spots
    expected = step @ delta + 0.5 * step**2 @ gamma + 1e-4 * vega.sum()
    # An option near its intrinsic value is held at it, which has no Greeks; none of these is.
    assert book.profit(tiny.spots, tiny.volatilities)[0] == pytest.approx(expected, rel=1e-3, abs=5e-3)


def test_an_account_that_holds_nothing_risks_nothing_whatever_is_stored() -> None:
    empty = Market(MemorySource([chain("SPY", 500.0)]), CALENDAR).view(NOW)
    assert risk_of([], empty).cents == 0


def test_without_a_past_it_is_unknown_and_says_of_what() -> None:
    assert unknown([held(SPREAD)], view_of({"SPY": 500.0}, bars=[])) == "underlying=SPY bars=none"
    only_bars = view_of({"SPY": 500.0}, bars=[closes("SPY", 500.0)])
    assert unknown([held(SPREAD)], only_bars) == "underlying=SPY volatility_index=none"


def test_a_past_that_is_too_short_or_too_old_is_no_past() -> None:
    short = view_of({"SPY": 500.0}, bars=past({"SPY": 500.0}, sessions=200))
    assert "sessions=199 least=250" in unknown([held(SPREAD)], short)
    stale = closes("SPY", 500.0, until=TODAY - timedelta(days=120))
    old = view_of({"SPY": 500.0}, bars=[stale, volatility_index(stale)])
    assert "last=2023-10-04" in unknown([held(SPREAD)], old)


def test_one_underlying_without_a_past_makes_the_whole_account_unknown() -> None:
    view = view_of({"SPY": 500.0, "XYZ": 50.0}, bars=past({"SPY": 500.0}))
    assert unknown([held(SPREAD), held({put(45, EXPIRY, "XYZ"): -1}, name="q")], view).startswith(
        "underlying=XYZ"
    )


def test_a_leg_without_a_volatility_takes_that_of_the_smile_and_without_one_is_unknown() -> None:
    book = book_of([held({put(482.5, EXPIRY): -1})], VIEW)
    assert not isinstance(book, Unpriced)
    assert book.guessed == ("SPY240315P00482500",)
    assert book.volatility[0] == pytest.approx(0.2, abs=0.005)
    bars = past({"SPY": 500.0})
    bare = Market(MemorySource([], bars=bars), CALENDAR).view(NOW)
    assert unknown([held(SPREAD)], bare) == "leg=SPY240315P00470000 volatility=none"


def test_an_index_takes_the_past_of_its_fund() -> None:
    view = view_of({"SPX": 5000.0}, bars=past({"SPY": 500.0}))
    found = joint_moves(view, ["SPX"], sessions=500, least=250)
    assert isinstance(found, JointMoves)
    assert len(found) == SESSIONS - 1


def test_a_gap_in_the_bars_is_no_move_of_a_session() -> None:
    bars = closes("SPY", 500.0)
    kept = np.ones(len(bars.days), dtype=np.bool_)
    kept[100:120] = False
    cut = type(bars)(bars.symbol, *(getattr(bars, name)[kept] for name in (
        "days", "open", "high", "low", "close", "volume", "known_at")))  # fmt: skip
    view = view_of({"SPY": 500.0}, bars=[cut, volatility_index(bars)])
    found = joint_moves(view, ["SPY"], sessions=500, least=250)
    assert isinstance(found, JointMoves)
    assert len(found) == SESSIONS - 20 - 1 - 1
    assert float(np.abs(found.spots).max()) < 0.05


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_close_that_is_no_price_makes_no_move_and_hides_no_loss(bad: float) -> None:
    bars = closes("SPY", 500.0, seed=7)
    close = bars.close.copy()
    close[-40::2] = bad
    wrong = replace(bars, open=close, high=close, low=close, close=close)
    found = risk_of([held(SPREAD)], view_of({"SPY": 500.0}, bars=[wrong, volatility_index(bars)]))
    sound = risk_of([held(SPREAD)], view_of({"SPY": 500.0}, bars=[bars, volatility_index(bars)]))
    assert found.worst_cents > 0
    assert found.cents == pytest.approx(sound.cents, rel=0.25)


def test_a_volatility_index_of_its_own_counts_where_it_reaches_back_and_vix_where_it_does_not() -> None:
    bars = [closes("QQQ", 400.0), volatility_index(closes("QQQ", 400.0, seed=2))]
    own = volatility_index(closes("QQQ", 400.0, seed=3), name="VXN")
    short = volatility_index(closes("QQQ", 400.0, seed=3, sessions=200), name="VXN")
    moves = []
    for more in ([], [own], [short]):
        found = joint_moves(view_of({"QQQ": 400.0}, bars=[*bars, *more]), ["QQQ"], sessions=500, least=250)
        assert isinstance(found, JointMoves)
        moves.append(found.volatilities[-100:, 0])
    vix, vxn, stood_in = moves
    assert np.array_equal(vix, stood_in)
    assert not np.allclose(vix, vxn)


def test_nothing_known_later_is_looked_at() -> None:
    later = closes("SPY", 500.0, until=TODAY + timedelta(days=30))
    view = view_of({"SPY": 500.0}, bars=[later, volatility_index(later)])
    found = joint_moves(view, ["SPY"], sessions=500, least=250)
    assert isinstance(found, JointMoves)
    assert found.last == TODAY


@settings(max_examples=20)
@given(st.integers(250, 310))
def test_only_so_many_sessions_are_taken_the_latest(sessions: int) -> None:
    found = joint_moves(VIEW, ["SPY", "TLT"], sessions=sessions, least=250)
    assert isinstance(found, JointMoves)
    assert (len(found), found.last) == (sessions, TODAY)
    assert close_of(found.last) == NOW
    assert found.first > date(2022, 1, 1)
