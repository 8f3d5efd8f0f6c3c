"""Shares are bought for the reasons each rule names, and sold by its exits; worlds and positions by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from strategy.held import account
from strategy.markets import CALENDAR, TODAY
from strategy.shares import SESSIONS, bars, held, market_of, view_of, wavy
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Stock
from strikewise.domain.quotes import DailyBars
from strikewise.domain.signals import Close, Hold, Signal
from strikewise.strategy.api import Strategy
from strikewise.strategy.library.breakout import Breakout
from strikewise.strategy.library.earnings_window import EarningsWindow
from strikewise.strategy.library.mean_reversion import MeanReversion
from strikewise.strategy.library.momentum import Momentum

MOMENTUM, REVERSION, BREAKOUT, EARNINGS = Momentum(), MeanReversion(), Breakout(), EarningsWindow()
ALL: list[Strategy] = [MOMENTUM, REVERSION, BREAKOUT, EARNINGS]
every = pytest.mark.parametrize("strategy", ALL, ids=lambda one: one.name)

RISING, FALLING = wavy(0.002, wave=0.02), wavy(-0.002, wave=0.02)
DIPPED = np.append(wavy(0.002, last=100.0)[:-1], 93.0)
BROKEN = np.append(wavy(0.0, count=259, wave=0.02), 105.0)
SURGE = np.append(np.full(259, 1e6), 3e6)
REPORT = TODAY + timedelta(6)


def offered(strategy: Strategy, stocks: list[DailyBars], **values: object) -> tuple[Signal, ...]:
    return strategy.screen(view_of(stocks, [("AAA", REPORT)]), strategy.space.make(values)).signals


def reasons(strategy: Strategy, stocks: list[DailyBars], **values: object) -> dict[DenialCode, int]:
    screened = strategy.screen(view_of(stocks, [("AAA", REPORT)]), strategy.space.make(values))
    return dict(screened.rejected)


GOOD: dict[str, DailyBars] = {
    "momentum": bars("AAA", RISING, SURGE),
    "mean_reversion": bars("AAA", DIPPED),
    "breakout": bars("AAA", BROKEN, SURGE),
    "earnings_window": bars("AAA", RISING),
}


def best(strategy: Strategy, **values: object) -> Signal:
    (signal,) = offered(strategy, [GOOD[strategy.name]], **{**LOOSE.get(strategy.name, {}), **values})
    return signal


LOOSE: dict[str, dict[str, object]] = {"momentum": {"min_score": 40.0, "max_strength": 100.0}}


@every
def test_a_signal_is_of_one_share_at_its_last_price_and_explains_itself(strategy: Strategy) -> None:
    signal = best(strategy)
    price = round(100 * float(GOOD[strategy.name].close[-1]))
    ((leg,),) = (signal.structure.legs,)
    assert (leg.instrument, leg.ratio) == (Stock("AAA"), 1)
    assert signal.structure.name == "long_stock"
    assert signal.price_cents == signal.mid_cents == signal.max_loss_cents == signal.margin_cents == price
    assert signal.max_profit_cents is None
    assert signal.breakevens == (price / 100,)
    assert 0.0 < signal.probability_of_profit < 1.0
    assert signal.edge_cents == -2, "a cent each way, and no drift is claimed"
    assert sum(signal.score_parts.values()) == pytest.approx(signal.score)
    assert {"spot", "trend", "regime", "rv20"} <= set(signal.because)
    assert signal.daily_sd_cents == pytest.approx(price * float(signal.because["rv20"]) / np.sqrt(252), abs=1)


@every
def test_what_comes_later_changes_nothing(strategy: Strategy) -> None:
    stock = GOOD[strategy.name]
    events = [("AAA", REPORT), ("AAA", REPORT - timedelta(91))]
    whole, params = market_of([stock], events), strategy.space.make()
    for back in (1, 5, 9):
        at = CALENDAR.session_close(SESSIONS[-1 - back])
        cut = market_of([stock.head(len(stock) - back)], events)
        assert strategy.screen(whole.view(at), params) == strategy.screen(cut.view(at), params)


@every
def test_stale_cheap_and_thinly_traded_shares_are_refused_by_name(strategy: Strategy) -> None:
    stock = GOOD[strategy.name]
    loose = LOOSE.get(strategy.name, {})
    assert reasons(strategy, [stock.head(len(stock) - 1)], **loose) == {DenialCode.DATA_STALE: 1}
    assert reasons(strategy, [stock], **loose, min_price=1000.0) == {DenialCode.ENTRY_LIQUIDITY: 1}
    assert reasons(strategy, [stock], **loose, min_dollar_volume=1e9) == {DenialCode.ENTRY_LIQUIDITY: 1}
    unknown = replace(stock, volume=np.full(len(stock), np.nan))
    assert reasons(strategy, [unknown], **loose) == {DenialCode.ENTRY_LIQUIDITY: 1}
    assert reasons(strategy, [stock], **loose, avoid_crash=True) == {DenialCode.ENTRY_REGIME_UNKNOWN: 1}
    young = bars("AAA", stock.close[-15:], stock.volume[-15:])
    assert reasons(strategy, [young], **loose) == {DenialCode.DATA_NO_HISTORY: 1}


@every
def test_a_share_of_equity_is_bought_and_no_more_than_is_free(strategy: Strategy) -> None:
    signal = best(strategy)
    params = strategy.space.make({"risk_fraction": 0.1})
    assert (
        strategy.size_position(signal, account(10_000_000), params).quantity
        == 1_000_000 // signal.price_cents
    )
    full = account(10_000_000, margin_cents=9_999_000)
    assert strategy.size_position(signal, full, params).quantity == 0


@every
@pytest.mark.parametrize("side", [1, -1])
def test_target_stop_and_time_end_a_position(strategy: Strategy, side: int) -> None:
    values = {"profit_target": 0.08, "stop_loss": 0.03, "max_sessions": 5}
    values |= {"exit_deviations": -2.0} if strategy is REVERSION else {}
    values |= {"trail": "off"} if strategy is BREAKOUT else {}
    params, view = strategy.space.make(values), view_of([bars("AAA", wavy(0.0))])
    fresh, old = SESSIONS[-2], SESSIONS[-6]

    def action(change: float, day: date) -> object:
        position = held("AAA", side * 50, 100.0, 100.0 * (1 + side * change), day=day)
        return strategy.manage_position(position, view, params)

    assert action(0.0799, fresh) == Hold()
    assert action(-0.0299, fresh) == Hold()
    assert action(0.08, fresh) == Close("PROFIT_TARGET", "profit=400.00 target=400.00")
    assert action(-0.03, fresh) == Close("STOP_LOSS", "loss=150.00 limit=150.00")
    assert action(0.01, old) == Close("TIME_EXIT", "sessions_held=5")


def test_momentum_takes_what_rises_most_and_shorts_what_falls_only_if_it_may() -> None:
    stocks = [bars("AAA", RISING, SURGE), bars("BBB", wavy(0.004, wave=0.03), SURGE), bars("CCC", FALLING)]
    loose = {"min_score": 30.0, "max_strength": 100.0}
    signals = offered(MOMENTUM, stocks, **loose)
    assert {one.underlying for one in signals} == {"AAA", "BBB"}
    assert [one.score for one in signals] == sorted((one.score for one in signals), reverse=True)
    both = offered(MOMENTUM, stocks, **loose, side="both")
    (short,) = [one for one in both if one.underlying == "CCC"]
    assert short.structure.name == "short_stock"
    assert short.price_cents == -10_000
    assert (short.max_loss_cents, short.max_profit_cents, short.margin_cents) == (None, 10_000, 5_000)
    assert offered(MOMENTUM, stocks, **loose, max_signals=1) == signals[:1]
    assert reasons(MOMENTUM, stocks[:1], max_strength=100.0, min_score=99.0) == {DenialCode.ENTRY_SCORE: 1}


def test_momentum_leaves_out_what_rose_in_a_straight_line() -> None:
    assert reasons(MOMENTUM, [bars("AAA", wavy(0.01, wave=0.0))]) == {DenialCode.ENTRY_OVERDONE: 1}


def test_reversion_buys_two_deviations_below_the_mean_of_what_rises() -> None:
    signal = best(REVERSION)
    mean, deviation = float(np.mean(DIPPED[-20:])), float(np.std(DIPPED[-20:]))
    assert signal.because["deviations"] == pytest.approx((93.0 - mean) / deviation)
    away = -float(signal.because["deviations"])
    assert away > 2.0
    assert offered(REVERSION, [GOOD["mean_reversion"]], deviations=away - 1e-9)
    assert reasons(REVERSION, [GOOD["mean_reversion"]], deviations=away + 1e-6) == {
        DenialCode.ENTRY_INSIDE: 1
    }
    bear = bars("AAA", np.append(FALLING[:-1], 92.0))
    assert reasons(REVERSION, [bear]) == {DenialCode.ENTRY_TREND: 1}
    assert offered(REVERSION, [bear], with_trend=False)
    young = bars("AAA", DIPPED[-100:])
    assert reasons(REVERSION, [young]) == {DenialCode.ENTRY_TREND_UNKNOWN: 1}


def test_reversion_leaves_at_the_mean_but_a_stop_comes_first() -> None:
    params = REVERSION.space.make()
    risen = view_of([bars("AAA", [*wavy(0.0, wave=0.0)[:-1].tolist(), 101.0])])
    position = held("AAA", 50, 100.0, 101.0, day=SESSIONS[-3])
    action = REVERSION.manage_position(position, risen, params)
    assert isinstance(action, Close)
    assert action.reason == "REVERTED"
    lost = held("AAA", 50, 110.0, 101.0, day=SESSIONS[-3])
    action = REVERSION.manage_position(lost, risen, params)
    assert isinstance(action, Close)
    assert action.reason == "STOP_LOSS"
    below = view_of([GOOD["mean_reversion"]])
    assert REVERSION.manage_position(held("AAA", 50, 94.0, 93.0, day=SESSIONS[-3]), below, params) == Hold()


def test_a_breakout_needs_its_level_and_its_volume() -> None:
    signal = best(BREAKOUT)
    level = float(np.max(BROKEN[-21:-1]) * 1.01)
    assert signal.because["level"] == pytest.approx(level)
    assert signal.because["break_pct"] == pytest.approx(105.0 / level - 1.0)
    quiet = bars("AAA", BROKEN)
    assert reasons(BREAKOUT, [quiet]) == {DenialCode.ENTRY_VOLUME: 1}
    assert offered(BREAKOUT, [quiet], min_surge=0.0)
    assert reasons(BREAKOUT, [GOOD["breakout"]], min_break=0.05) == {DenialCode.ENTRY_INSIDE: 1}
    assert reasons(BREAKOUT, [GOOD["breakout"]], max_break=0.005) == {DenialCode.ENTRY_INSIDE: 1}
    higher = np.array(BROKEN)
    higher[-40] = 120.0
    assert offered(BREAKOUT, [bars("AAA", higher, SURGE)], level="20")
    assert reasons(BREAKOUT, [bars("AAA", higher, SURGE)], level="55") == {DenialCode.ENTRY_INSIDE: 1}


def test_a_breakout_is_left_behind_its_level_or_below_its_trail() -> None:
    params = BREAKOUT.space.make({"stop_loss": 0.0, "profit_target": 0.0, "trail": "off", "slack": 0.01})
    for price, action in ((99.1, Hold()), (98.9, Close("LEVEL_LOST", "spot=98.90 level=100.00"))):
        view = view_of([bars("AAA", np.append(wavy(0.0)[:-1], price))])
        position = held("AAA", 50, 101.0, price, day=SESSIONS[-3], because={"level": 100.0})
        assert BREAKOUT.manage_position(position, view, params) == action
    trailing = BREAKOUT.space.make({"stop_loss": 0.0, "profit_target": 0.0, "trail": "10"})
    lower = np.append(np.full(259, 110.0), 108.0)
    position = held("AAA", 50, 101.0, 108.0, day=SESSIONS[-3], because={"level": 100.0})
    action = BREAKOUT.manage_position(position, view_of([bars("AAA", lower)]), trailing)
    assert isinstance(action, Close)
    assert action.reason == "LEVEL_LOST"


def test_a_split_moves_the_level_that_was_broken_with_the_price() -> None:
    params = BREAKOUT.space.make({"stop_loss": 0.0, "profit_target": 0.0, "trail": "off"})
    position = held("AAA", 50, 101.0, 104.0, day=SESSIONS[-3], because={"level": 100.0})
    holding = replace(position.holdings[0], quantity=100)
    view = view_of([bars("AAA", np.append(wavy(0.0)[:-1], 52.0))])
    assert BREAKOUT.manage_position(replace(position, holdings=(holding,)), view, params) == Hold()
    assert isinstance(BREAKOUT.manage_position(position, view, params), Close)


def test_reports_are_entered_within_their_window_and_only_once_announced() -> None:
    stock = GOOD["earnings_window"]

    def denied(day: date, **values: object) -> dict[DenialCode, int]:
        view = view_of([stock], [("AAA", day), ("AAA", day - timedelta(91))])
        return dict(EARNINGS.screen(view, EARNINGS.space.make(values)).rejected)

    assert denied(TODAY + timedelta(8)) == {}
    assert denied(TODAY + timedelta(3)) == {}
    for days in (9, 2, 20):
        assert denied(TODAY + timedelta(days)) == {DenialCode.ENTRY_NO_EVENT: 1}
    view = view_of([stock], [("ZZZ", REPORT)])
    assert EARNINGS.screen(view, EARNINGS.space.make()).rejected == {DenialCode.DATA_NO_EVENTS: 1}


def test_into_is_out_before_the_day_of_the_report_and_over_some_sessions_after() -> None:
    monday = date(2025, 6, 9)
    position = held(
        "AAA", 50, 100.0, 100.0, day=date(2025, 6, 2), because={"report_ordinal": float(monday.toordinal())}
    )

    def action(hold: str, day: date) -> object:
        view = view_of([bars("AAA", wavy(0.0))], day=day)
        return EARNINGS.manage_position(position, view, EARNINGS.space.make({"hold": hold}))

    thursday, friday, tuesday = date(2025, 6, 5), date(2025, 6, 6), date(2025, 6, 10)
    assert action("into", thursday) == Hold()
    assert action("into", friday) == Close("EVENT_NEAR", "report=2025-06-09")
    assert action("over", friday) == Hold()
    assert action("over", monday) == Hold(), "it may report after the close"
    assert action("over", tuesday) == Close("EVENT_PAST", "report=2025-06-09 sessions=1")


@pytest.mark.parametrize(("move", "side"), [(1.05, "long_stock"), (0.95, "short_stock")])
def test_after_goes_with_the_reaction_once_the_day_of_the_report_is_over(move: float, side: str) -> None:
    before = wavy(0.0)[:-2]
    stock = bars("AAA", [*before, before[-1], before[-1] * move])
    values = {"hold": "after", "side": "both"}

    def screened(day: date, **more: object) -> object:
        view = view_of([stock], [("AAA", day)])
        return EARNINGS.screen(view, EARNINGS.space.make({**values, **more}))

    yesterday, today = SESSIONS[-2], SESSIONS[-1]
    found = screened(yesterday)
    (signal,) = found.signals
    assert signal.structure.name == side
    assert signal.because["reaction"] == pytest.approx(move - 1.0)
    assert screened(today).rejected == {DenialCode.ENTRY_NO_EVENT: 1}
    assert screened(SESSIONS[-3]).rejected == {DenialCode.ENTRY_NO_EVENT: 1}
    assert screened(yesterday, min_reaction=0.06).rejected == {DenialCode.ENTRY_REACTION: 1}
    other = "short" if move > 1 else "long"
    assert screened(yesterday, side=other).rejected == {DenialCode.ENTRY_REACTION: 1}
