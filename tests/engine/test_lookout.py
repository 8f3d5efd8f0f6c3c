"""Trouble with data, clocks and the broker is told when it begins and when it is over, and not in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.watched import ROWS, at
from execution.tapes import CALENDAR, tape
from strikewise.domain.brokerage import Health
from strikewise.domain.control import AlertRaised, FaultNoted, TradingState, TradingStateChanged
from strikewise.domain.errors import SettingsError
from strikewise.engine.lookout import Lookout, Vigilance
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.controls import ControlState

NOW = at(60)
FINE = Health(connected=True)
MARKET = Market(
    MemorySource([tape({at(1): (490.0, ROWS), at(10): (490.0, ROWS), at(90): (490.0, ROWS)})]), CALENDAR
)


def seen(minute: int) -> MarketView:
    return MARKET.view(at(minute))


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_cut_that_comes_and_goes_is_told_once_each_way(connected: list[bool]) -> None:
    lookout, told = Lookout(), []
    for number, line in enumerate(connected):
        health = Health(connected=line, reason="" if line else "reset")
        told += lookout.at_broker(health, NOW + timedelta(seconds=number), in_session=False)
    kinds = [type(one) for one in told]
    changes = [
        line for line, before in zip(connected, [True, *connected], strict=False) if line is not before
    ]
    assert kinds == [AlertRaised if line else FaultNoted for line in changes]


def test_chains_that_stop_arriving_in_a_session_are_stale_and_no_others() -> None:
    lookout = Lookout(Vigilance(stale=25 * 60))
    told = {minute: lookout.at_market(seen(minute), ("SPY", "QQQ")) for minute in (5, 26, 34, 36, 40, 91)}
    assert told[5] == []  # too early to say
    assert [one.symbol for one in told[26] if isinstance(one, FaultNoted)] == ["QQQ"]
    assert told[34] == []
    assert [one.symbol for one in told[36] if isinstance(one, FaultNoted)] == ["SPY"]
    assert told[40] == []
    assert [type(one) for one in told[91]] == [AlertRaised]


def test_outside_of_sessions_and_over_recorded_markets_nothing_is_stale() -> None:
    evening = MARKET.view(CALENDAR.session_close(CALENDAR.day_of(at(1))) + timedelta(hours=3))
    assert Lookout(Vigilance(stale=25 * 60)).at_market(evening, ("SPY",)) == []
    assert Lookout(Vigilance(stale=0)).at_market(seen(300), ("SPY",)) == []


def test_a_stream_that_says_nothing_in_a_session_is_told_and_at_night_it_is_not() -> None:
    silent = Health(connected=True, last_event_at=NOW - timedelta(minutes=6))
    assert [one.code for one in Lookout().at_broker(silent, NOW, in_session=True)] == ["STREAM_SILENT"]
    assert Lookout().at_broker(silent, NOW, in_session=False) == []
    assert Lookout(Vigilance(silent=0)).at_broker(silent, NOW, in_session=True) == []


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_clock_far_off_halts_and_one_that_is_right_again_lets_trading_go_on(sign: float) -> None:
    lookout, control = Lookout(), ControlState()
    assert lookout.at_clock(sign * 1.9, control) == []
    assert [type(one) for one in lookout.at_clock(sign * 2.1, control)] == [FaultNoted]
    (halted,) = lookout.at_clock(sign * 30.1, control)
    assert isinstance(halted, TradingStateChanged)
    assert (halted.state, halted.by_person) == (TradingState.HALTED, False)
    control = control.apply(1, halted, NOW, "engine")
    assert lookout.at_clock(sign * 31.0, control) == []
    over = lookout.at_clock(sign * 0.5, control)
    assert [type(one) for one in over] == [AlertRaised, TradingStateChanged]
    assert over[1] == TradingStateChanged(TradingState.ACTIVE, "CLOCK_SKEW", over[1].detail)  # type: ignore[union-attr]


def test_what_a_person_halted_no_clock_takes_back() -> None:
    control = ControlState().apply(
        1, TradingStateChanged(TradingState.HALTED, "CLOCK_SKEW", by_person=True), NOW, "person:anna"
    )
    assert Lookout().at_clock(0.0, control) == []


def test_a_clock_that_is_right_again_lets_out_what_a_person_wants_flattened() -> None:
    lookout, seen = Lookout(), []
    flattened = TradingStateChanged(TradingState.REDUCING, "enough", flatten=True, by_person=True)
    control = ControlState().apply(1, flattened, NOW, "person:anna")
    for skew in (31.0, 0.0, 0.0):
        for event in lookout.at_clock(skew, control):
            control = control.apply(control.seq + 1, event, NOW, "engine")
        seen.append((control.state.value, control.flatten))
    assert seen == [("halted", True), ("reducing", True), ("reducing", True)]
    assert lookout.at_clock(0.0, control) == []


def test_a_broker_that_does_not_say_its_time_is_not_doubted() -> None:
    assert Lookout().at_clock(None, ControlState()) == []
    assert Lookout().at_broker(FINE, NOW, in_session=True) == []


@pytest.mark.parametrize("wrong", [{"skew_warns": 0.0}, {"skew_warns": 31.0}, {"stale": 60}])
def test_what_could_not_be_kept_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Vigilance(**wrong)  # type: ignore[arg-type]
