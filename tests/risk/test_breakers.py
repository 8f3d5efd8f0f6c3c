"""What happened of late stops new risk: losses on one side, exact strikes, strategies; and it runs out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import call, put
from risk.risk_facts import Diary
from risk.risk_markets import EXPIRY, NOW, held
from strikewise.domain.control import BreakerReset, BreakerTripped, TradingState, TradingStateChanged
from strikewise.domain.denials import DenialCode
from strikewise.domain.events import OptionSettled, OrderAccepted, OrderClosed, OrderFilled, OrderRejected
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import OrderEnded, SettlementReport
from strikewise.portfolio.controls import ControlState, TrippedBreaker
from strikewise.risk.breakers import check_breakers, fresh, trips
from strikewise.risk.direction import Direction, direction_of, strikes_of
from strikewise.risk.governor import Governor
from strikewise.risk.track import Track

BEAR_CALL = {call(520, EXPIRY): -1, call(530, EXPIRY): 1}
BULL_PUT = {put(480, EXPIRY): -1, put(470, EXPIRY): 1}
LATER = datetime(2024, 2, 1, 16, tzinfo=NOW.tzinfo)
EQUITY = 10_000_000


def minutes(count: float) -> datetime:
    return LATER + timedelta(minutes=count)


def tripped(diary: Diary, now: datetime, governor: Governor | None = None) -> dict[str, BreakerTripped]:
    return {one.scope: one for one in trips(diary.track, governor or Governor(), EQUITY, now)}


def held_breakers(diary: Diary, now: datetime) -> tuple[TrippedBreaker, ...]:
    return tuple(
        TrippedBreaker(one.breaker, one.scope, one.until, one.detail, now)
        for one in tripped(diary, now).values()
    )


def two_losses(apart: float, *, second: dict = BEAR_CALL, reason: str = "DTE_EXIT") -> Diary:  # type: ignore[type-arg]
    diary = Diary(at=LATER)
    diary.lose(BEAR_CALL, minutes(0), minutes(5), reason=reason)
    diary.lose(second, minutes(6), minutes(5 + apart), reason=reason)
    return diary


@pytest.mark.parametrize(
    ("legs", "leans"),
    [
        (BEAR_CALL, Direction.BEARISH),
        (BULL_PUT, Direction.BULLISH),
        ({call(520, EXPIRY): 1}, Direction.BULLISH),
        ({put(480, EXPIRY): 1}, Direction.BEARISH),
        ({**BEAR_CALL, **BULL_PUT}, Direction.NEUTRAL),
        ({put(480, EXPIRY): -1, call(520, EXPIRY): -1}, Direction.NEUTRAL),
        ({put(500, EXPIRY): 1, call(500, EXPIRY): 1}, Direction.NEUTRAL),
        ({Stock("SPY"): 100}, Direction.BULLISH),
        ({Stock("SPY"): -100}, Direction.BEARISH),
    ],
    ids=["bear call", "bull put", "call", "put", "condor", "short strangle", "straddle", "shares", "short"],
)
def test_a_structure_leans_where_it_gains(legs: dict, leans: Direction) -> None:  # type: ignore[type-arg]
    assert direction_of(held(legs).structure) is leans
    reverse = held({one: -ratio for one, ratio in legs.items()}).structure
    opposite = {Direction.BULLISH: Direction.BEARISH, Direction.BEARISH: Direction.BULLISH}
    assert direction_of(reverse) is opposite.get(leans, leans)


def test_two_losses_in_an_hour_on_one_side_stop_it_for_four_hours() -> None:
    diary = two_losses(40)
    found = tripped(diary, minutes(50))["underlying=SPY direction=bearish"]
    assert found.breaker == "BREAKER_REPEATED_LOSSES"
    assert found.until == minutes(45) + timedelta(hours=4)
    assert "losses=2 lost=300.00" in found.detail
    wish = held({call(525, EXPIRY): -1, call(535, EXPIRY): 1})
    denial = check_breakers(wish, held_breakers(diary, minutes(50)), minutes(50))
    assert denial is not None
    assert denial.code is DenialCode.BREAKER_COOL_DOWN


def test_the_other_direction_and_other_underlyings_go_on() -> None:
    breakers = held_breakers(two_losses(40), minutes(50))
    assert check_breakers(held(BULL_PUT), breakers, minutes(50)) is None
    elsewhere = held({call(520, EXPIRY, "QQQ"): -1, call(530, EXPIRY, "QQQ"): 1})
    assert check_breakers(elsewhere, breakers, minutes(50)) is None


def test_one_loss_or_two_too_far_apart_or_of_two_directions_stop_nothing() -> None:
    one = Diary(at=LATER)
    one.lose(BEAR_CALL, minutes(0), minutes(5), reason="DTE_EXIT")
    assert not tripped(one, minutes(6))
    assert tripped(two_losses(60), minutes(70))
    assert not tripped(two_losses(61), minutes(70))
    assert not tripped(two_losses(40, second=BULL_PUT), minutes(50))


def test_a_win_between_ends_the_run() -> None:
    diary = Diary(at=LATER)
    diary.lose(BEAR_CALL, minutes(0), minutes(5), reason="DTE_EXIT")
    won = diary.open(BEAR_CALL, minutes(6))
    diary.close(won, minutes(8), price=5_000, reason="PROFIT_TARGET")
    diary.lose(BEAR_CALL, minutes(9), minutes(20), reason="DTE_EXIT")
    assert not tripped(diary, minutes(21))


def test_a_cool_down_runs_out_by_itself_at_its_minute() -> None:
    diary = two_losses(40)
    over = minutes(45) + timedelta(hours=4)
    breakers = held_breakers(diary, minutes(50))
    assert check_breakers(held(BEAR_CALL), breakers, over - timedelta(seconds=1)) is not None
    assert check_breakers(held(BEAR_CALL), breakers, over) is None
    assert not tripped(diary, over)


@pytest.mark.parametrize("reason", ["STOP_LOSS", "POSITION_LOSS", "MARGIN_CALL"])
def test_exact_strikes_are_blocked_two_hours_after_a_stop_whatever_the_expiration(reason: str) -> None:
    diary = Diary(at=LATER)
    diary.lose(BEAR_CALL, minutes(0), minutes(5), reason=reason)
    breakers = held_breakers(diary, minutes(6))
    later = EXPIRY + timedelta(days=7)
    same = held({call(520, later): -1, call(530, later): 1})
    denial = check_breakers(same, breakers, minutes(6))
    assert denial is not None
    assert denial.code is DenialCode.BREAKER_STRIKES
    assert "lost=150.00" in denial.detail
    assert f"until={(minutes(5) + timedelta(hours=2)).isoformat()}" in denial.detail
    assert check_breakers(held({call(521, EXPIRY): -1, call(530, EXPIRY): 1}), breakers, minutes(6)) is None
    assert check_breakers(same, breakers, minutes(126)) is None


@pytest.mark.parametrize("reason", ["PROFIT_TARGET", "DTE_EXIT"])
def test_strikes_that_were_not_stopped_out_are_free(reason: str) -> None:
    diary = Diary(at=LATER)
    diary.lose(BEAR_CALL, minutes(0), minutes(5), reason=reason)
    assert not tripped(diary, minutes(6))


def test_strikes_are_told_with_their_sides() -> None:
    assert strikes_of(held(BEAR_CALL).structure) == "SPY -520C +530C"
    reversed_ = held({call(520, EXPIRY): 1, call(530, EXPIRY): -1}).structure
    assert strikes_of(reversed_) == "SPY +520C -530C"


def test_a_streak_of_losses_stops_a_strategy_for_a_day_and_a_win_ends_it() -> None:
    diary = Diary(at=LATER)
    for number in range(5):
        legs = {put(450 + 5 * number, EXPIRY): -1, put(440 + 5 * number, EXPIRY): 1}
        diary.lose(legs, minutes(200 * number), minutes(200 * number + 100), strategy="a", reason="DTE_EXIT")
    now = minutes(1000)
    found = tripped(diary, now)["strategy=a"]
    assert found.breaker == "BREAKER_LOSS_STREAK"
    assert found.until == minutes(900) + timedelta(hours=24)
    denial = check_breakers(held(BULL_PUT, strategy="a"), held_breakers(diary, now), now)
    assert denial is not None
    assert denial.code is DenialCode.BREAKER_STRATEGY
    assert check_breakers(held(BULL_PUT, strategy="b"), held_breakers(diary, now), now) is None
    won = diary.open(BULL_PUT, minutes(1001), strategy="a")
    diary.close(won, minutes(1100), price=5_000, reason="PROFIT_TARGET")
    assert not tripped(diary, minutes(1100))


def test_a_strategy_that_fell_from_its_peak_stops_until_a_person_looks() -> None:
    diary = Diary(at=LATER)
    diary.valued(minutes(1), EQUITY, a=200_000)
    diary.valued(minutes(2), EQUITY, a=-299_999)
    assert not tripped(diary, minutes(3))
    diary.valued(minutes(3), EQUITY, a=-300_000)
    found = tripped(diary, minutes(4))["strategy=a"]
    assert (found.breaker, found.until) == ("BREAKER_STRATEGY_DRAWDOWN", None)
    assert found.detail == "drawdown=5000.00 limit=5000.00"
    diary.write(TradingStateChanged(TradingState.ACTIVE, "looked"), minutes(5), "person:ann")
    assert not tripped(diary, minutes(6))


def test_a_reset_of_a_strategy_begins_it_anew_and_no_other() -> None:
    diary = Diary(at=LATER)
    diary.valued(minutes(1), EQUITY, a=600_000, b=600_000)
    diary.valued(minutes(2), EQUITY, a=0, b=0)
    diary.write(BreakerReset("BREAKER_STRATEGY_DRAWDOWN", "strategy=a", "looked"), minutes(3), "person:ann")
    assert set(tripped(diary, minutes(4))) == {"strategy=b"}


def test_what_holds_already_is_not_tripped_again_but_prolonged() -> None:
    diary = two_losses(40)
    found = trips(diary.track, Governor(), EQUITY, minutes(50))
    control = ControlState()
    for number, one in enumerate(found, 1):
        control = control.apply(number, one, minutes(50), "engine")
    assert list(fresh(found, control.breakers)) == []
    diary.lose(BEAR_CALL, minutes(51), minutes(55), reason="DTE_EXIT")
    again = list(fresh(trips(diary.track, Governor(), EQUITY, minutes(56)), control.breakers))
    assert [one.until for one in again] == [minutes(55) + timedelta(hours=4)]


def test_rejections_count_in_a_row_and_an_accepted_order_that_is_then_refused_does_too() -> None:
    diary = Diary(at=LATER)
    for number in range(3):
        diary.write(OrderRejected(f"o-{number}", "LEVEL", "no"), minutes(number))
    diary.write(OrderAccepted("x", "b-1"), minutes(4))
    assert _refused([*diary.records]) == 3
    ended = OrderEnded("x", "rejected", "late", minutes(5))
    assert _refused([*diary.records, _record(diary, OrderClosed(ended))]) == 4
    cancelled = OrderEnded("x", "cancelled", "ours", minutes(5))
    assert _refused([*diary.records, _record(diary, OrderClosed(cancelled))]) == 0


def test_what_says_nothing_against_an_order_neither_counts_as_a_rejection_nor_ends_a_run_of_them() -> None:
    diary = Diary(at=LATER)
    for number in range(3):
        diary.write(OrderRejected(f"o-{number}", "LEVEL", "no"), minutes(number))
    put_off = OrderRejected("x", "MARKET_CLOSED", "later")
    assert _refused([*diary.records, _record(diary, put_off)]) == 3
    never_sent = OrderClosed(OrderEnded("x", "never_sent", "", minutes(5)))
    assert _refused([*diary.records, _record(diary, never_sent)]) == 3
    resumed = TradingStateChanged(TradingState.ACTIVE, "looked")
    assert _refused([*diary.records, _record(diary, resumed)]) == 3, "the loop is no person"
    diary.write(resumed, minutes(6), "person:ann")
    assert _refused(diary.records) == 0


def test_what_fees_make_a_loss_is_one() -> None:
    diary = Diary(at=LATER)
    diary.close(diary.open(BEAR_CALL, minutes(0)), minutes(5), price=10_000)
    (even,) = diary.track.trades
    assert (even.profit_cents, even.lost) == (0, False)
    closed = diary.records.pop()
    assert isinstance(closed.event, OrderFilled)
    dearer = replace(closed.event.execution, fees_cents=130)
    diary.write(OrderFilled(dearer), minutes(5), "broker")
    (lost,) = diary.track.trades
    assert (lost.profit_cents, lost.lost) == (-130, True)


def test_options_that_end_worthless_are_losses_like_any_other() -> None:
    diary = Diary(at=LATER)
    for number, strike in enumerate((520, 525)):
        bought = call(strike, EXPIRY)
        name = diary.open({bought: 1}, minutes(number), price=10_000)
        ended = SettlementReport(f"s-{number}", name, bought, 1, "expired", 50_000, 0, 0, 0, minutes(5))
        diary.write(OptionSettled(ended), minutes(5), "broker")
    assert [(one.reason, one.profit_cents) for one in diary.track.trades] == [("SETTLED", -10_000)] * 2
    assert set(tripped(diary, minutes(6))) == {"underlying=SPY direction=bullish"}


def test_a_late_fill_takes_the_end_of_a_trade_back_and_its_next_end_counts_once() -> None:
    diary = Diary(at=LATER)
    diary.lose(BEAR_CALL, minutes(0), minutes(5), reason="DTE_EXIT")
    opened, closed = (one.event for one in diary.records if isinstance(one.event, OrderFilled))
    for number, fill in enumerate((opened, closed)):
        again = replace(fill.execution, execution_id=f"late-{number}")
        diary.write(OrderFilled(again), minutes(6 + number), "broker")
        assert len(diary.track.trades) == number
    assert not tripped(diary, minutes(8))


def _record(diary: Diary, event: object) -> object:
    return diary.records[-1]._replace(seq=len(diary.records) + 1, event=event)


def _refused(records: list) -> int:  # type: ignore[type-arg]
    """Fold the track alone: the orders of these facts were never placed, which an account's fold refuses."""
    track, empty = Track(), Diary().state
    for record in records:
        track = track.apply(record, empty, empty)
    return len(track.refused)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 40)), max_size=12))
def test_a_breaker_always_names_a_reason_and_never_outlives_its_time(
    trades: list[tuple[bool, bool, int]],
) -> None:
    diary, at = Diary(at=LATER), LATER
    for bearish, lost, span in trades:
        legs = BEAR_CALL if bearish else BULL_PUT
        name = diary.open(legs, at)
        at += timedelta(minutes=span)
        diary.close(name, at, price=25_000 if lost else 5_000)
    rules = Governor()
    for one in trips(diary.track, rules, EQUITY, at):
        assert "=" in one.detail
        assert one.until is not None
        longest = max(rules.cool_down_hours, rules.stopped_strikes_hours, rules.loss_streak_hours)
        assert at < one.until <= at + timedelta(hours=longest)


@given(st.lists(st.booleans(), max_size=8), st.integers(0, 8))
def test_the_fold_is_the_same_however_it_is_cut(lost: list[bool], cut: int) -> None:
    diary = Diary(at=LATER)
    for number, loses in enumerate(lost):
        name = diary.open(BEAR_CALL, minutes(10 * number))
        diary.close(name, minutes(10 * number + 5), price=25_000 if loses else 5_000)
        diary.valued(minutes(10 * number + 6), EQUITY - number, s=-number)
    whole = diary.track
    first, state = Track(), Diary().state
    for record in diary.records[:cut]:
        after = state.apply(record.seq, record.event, record.known_at)
        first, state = first.apply(record, state, after), after
    for record in diary.records[cut:]:
        after = state.apply(record.seq, record.event, record.known_at)
        first, state = first.apply(record, state, after), after
    assert first == whole
