"""The broker that keeps hours, on ticks as they arrive: what rests, what fills, and when a day is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import CALENDAR, Row, bars, close_of, market, order, put, tape
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.errors import InvariantError
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Accepted, Execution, Known, Order, OrderEnded, SettlementReport, Unknown
from strikewise.execution.simulated import Past

T = TypeVar("T")
DAY, NEXT, EXPIRY = date(2024, 3, 12), date(2024, 3, 13), date(2024, 3, 15)
SPREAD: dict[Instrument, int] = {put(480): -1, put(475): 1}
POOR: tuple[Row, ...] = ((put(480), 45, 50), (put(475), 30, 35))
RICH: tuple[Row, ...] = ((put(480), 95, 99), (put(475), 30, 35))
DEAR = -5_000
QUARTER = timedelta(minutes=15)


def value(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    return answer.value


class Feed:
    """Quotes that arrive, one snapshot after the other."""

    def __init__(self, broker: PaperBroker) -> None:
        self.broker, self._shown = broker, {}  # type: ignore[var-annotated]

    def at(self, instant: datetime, rows: Sequence[Row] | None = POOR, *, volume: int = 1_000) -> None:
        """Go on to an instant; without rows nothing new has arrived."""
        if rows is not None:
            self._shown[instant] = 485.0, rows
        self.broker.advance(market(tape(self._shown, volume=volume)).view(instant))


def opening(day: date) -> datetime:
    return CALENDAR.session_open(day)


def dear(name: str = "o-1", *, quantity: int = 1) -> Order:
    return order(SPREAD, order_id=name, quantity=quantity, limit_cents=DEAR)


def ended(broker: PaperBroker) -> list[OrderEnded]:
    return [one for one in broker.events() if isinstance(one, OrderEnded)]


def test_an_order_ends_at_the_close_and_not_on_the_next_morning() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    feed.at(opening(DAY) + QUARTER)
    broker.submit(dear())
    feed.at(close_of(DAY) - QUARTER)
    assert ended(broker) == []
    feed.at(close_of(DAY))
    (one,) = ended(broker)
    assert (one.outcome, one.at) == ("expired", close_of(DAY))
    assert value(broker.open_orders()) == ()


def test_an_order_is_tried_once_more_at_the_close() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    feed.at(close_of(DAY) - QUARTER)
    broker.submit(dear())
    feed.at(close_of(DAY), RICH)
    assert [type(one) for one in broker.events()] == [Execution]


def test_after_a_night_without_ticks_an_order_has_ended_at_the_close_and_is_not_tried_again() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    feed.at(opening(DAY) + QUARTER)
    broker.submit(dear())
    feed.at(opening(NEXT) + QUARTER, RICH)
    (one,) = broker.events()
    assert isinstance(one, OrderEnded)
    assert (one.outcome, one.at) == ("expired", close_of(DAY))


def test_a_short_day_ends_when_it_ends() -> None:
    half_day = date(2024, 11, 29)
    far: tuple[Row, ...] = ((put(480, date(2024, 12, 20)), 45, 50),)
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    feed.at(opening(half_day) + QUARTER, far)
    broker.submit(order({put(480, date(2024, 12, 20)): -1}, limit_cents=-9_000))
    feed.at(opening(half_day) + timedelta(hours=3, minutes=30), far)
    (one,) = ended(broker)
    assert one.at == close_of(half_day) == opening(half_day) + timedelta(hours=3, minutes=30)


def test_an_order_sent_at_night_is_tried_in_the_next_session_first() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    feed.at(close_of(DAY) + timedelta(hours=1), RICH)
    assert isinstance(broker.submit(dear()), Accepted)
    feed.at(opening(NEXT) - QUARTER, RICH)
    assert broker.events() == []
    assert value(broker.open_orders())[0].status is BrokerStatus.WORKING
    feed.at(opening(NEXT) + QUARTER, RICH)
    assert [type(one) for one in broker.events()] == [Execution]


def test_what_is_left_of_an_order_that_was_sent_at_the_close_ends_there() -> None:
    broker = PaperBroker(1_000_000)
    Feed(broker).at(close_of(DAY), RICH, volume=30)
    broker.submit(dear(quantity=5))
    fill, end = broker.events()
    assert isinstance(fill, Execution)
    assert isinstance(end, OrderEnded)
    assert (fill.quantity, end.outcome, end.at) == (3, "expired", close_of(DAY))


def test_with_a_lag_an_order_waits_for_the_next_instant_and_a_repeated_one_is_none() -> None:
    broker = PaperBroker(1_000_000, lag=1)
    feed = Feed(broker)
    start = opening(DAY) + QUARTER
    feed.at(start, RICH)
    broker.submit(dear())
    feed.at(start, RICH)
    assert broker.events() == []
    feed.at(start + QUARTER, RICH)
    assert [type(one) for one in broker.events()] == [Execution]


def test_with_a_lag_an_order_sent_at_the_close_is_one_for_the_next_session() -> None:
    broker = PaperBroker(1_000_000, lag=1)
    feed = Feed(broker)
    feed.at(close_of(DAY), RICH)
    broker.submit(dear())
    assert broker.events() == []
    feed.at(opening(NEXT) + QUARTER, RICH)
    assert [type(one) for one in broker.events()] == [Execution]


def test_the_size_of_a_day_is_used_once_however_often_it_is_looked_at() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    start = opening(DAY) + QUARTER
    feed.at(start, volume=50)
    broker.submit(order(SPREAD, quantity=12))
    filled = []
    for number, volume in enumerate((50, 50, 80, 80, 200), start=1):
        filled += [one.quantity for one in broker.events() if isinstance(one, Execution)]
        # Every other time nothing new has arrived: the snapshot before stands.
        feed.at(start + number * timedelta(minutes=5), POOR if number % 2 else None, volume=volume)
    filled += [one.quantity for one in broker.events() if isinstance(one, Execution)]
    assert filled == [5, 3, 4]


def test_the_clock_is_not_turned_back() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    feed.at(opening(DAY) + QUARTER)
    with pytest.raises(InvariantError, match="go back"):
        feed.at(opening(DAY))


def test_options_settle_at_the_close_of_their_last_session_between_two_ticks_of_it() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    feed.at(close_of(EXPIRY) - QUARTER)
    broker.submit(order(SPREAD))
    broker.events()
    assert len(value(broker.positions())) == 2
    feed.at(close_of(EXPIRY))
    settled = [one for one in broker.events() if isinstance(one, SettlementReport)]
    assert {(one.at, one.outcome, one.policy) for one in settled} == {(close_of(EXPIRY), "expired", "")}
    assert value(broker.positions()) == ()


def test_a_settlement_waits_for_the_close_and_takes_an_earlier_price_only_when_none_came() -> None:
    """At the close the last snapshot is a quarter of an hour old: 485 then, and 470 at the close."""
    last, late = close_of(EXPIRY) - QUARTER, close_of(EXPIRY) + QUARTER
    monday = opening(date(2024, 3, 18)) + QUARTER
    shown = tape({last: (485.0, POOR), monday: (471.0, ())})
    for known_bars, price, policy in (
        ([bars("SPY", {EXPIRY: (485.0, 470.0)})], 47_000, ""),
        ([], 48_500, "earlier_price"),
    ):
        seen = market(shown, bars=known_bars)
        broker = PaperBroker(1_000_000)
        broker.advance(seen.view(last))
        broker.submit(order(SPREAD))
        broker.events()
        broker.advance(market(shown).view(late))
        assert broker.events() == [], "the close may still be told"
        broker.advance(seen.view(monday))
        settled = [one for one in broker.events() if isinstance(one, SettlementReport)]
        assert {(one.settlement_cents, one.policy) for one in settled} == {(price, policy)}


def test_one_that_resumes_goes_on_with_its_orders_reports_and_cursors() -> None:
    broker = PaperBroker(1_000_000)
    feed = Feed(broker)
    start = opening(DAY) + QUARTER
    feed.at(start, volume=30)
    broker.submit(order(SPREAD, quantity=5))
    reports = {one.order_id: one for one in value(broker.orders_since(start))}
    page = value(broker.fills_since(""))
    resting = order(SPREAD, quantity=2, at=start)
    again = PaperBroker(
        value(broker.account()).cash_cents,
        open_orders=[resting],
        past=Past(reports=reports, fills=int(page.cursor)),
    )
    other = Feed(again)
    other.at(start + QUARTER, volume=30)
    assert isinstance(again.submit(order(SPREAD, quantity=5)), Accepted), "it is the order it was"
    found = value(again.order("o-1"))
    assert found is not None
    assert (found.status, found.quantity, found.filled) == (BrokerStatus.FILLED, 5, 5)
    (fill,) = value(again.fills_since(page.cursor)).items
    assert fill.quantity == 2
    assert isinstance(again.fills_since("99"), Unknown)
    other.at(close_of(DAY))
    assert ended(again) == []


TICKS = st.lists(st.integers(0, 60 * 30), min_size=2, max_size=25, unique=True).map(sorted)
SENT = st.lists(st.tuples(st.integers(0, 24), st.integers(1, 9), st.booleans()), max_size=8)


@settings(max_examples=40, deadline=None)
@given(TICKS, SENT, st.integers(1, 200), st.sampled_from([0, 1, 2]))
def test_no_order_outlives_its_session_and_no_session_gives_more_than_its_size(
    minutes: list[int], sent: list[tuple[int, int, bool]], volume: int, lag: int
) -> None:
    broker = PaperBroker(1_000_000, lag=lag)
    feed, events = Feed(broker), []
    for number, minute in enumerate(minutes):
        now = opening(DAY) + timedelta(minutes=minute)
        feed.at(now, RICH if number % 3 == 0 else POOR, volume=volume)
        for place, (tick, quantity, at_market) in enumerate(sent):
            if tick == number:
                broker.submit(
                    order(
                        SPREAD,
                        order_id=f"{place}",
                        quantity=quantity,
                        limit_cents=None if at_market else DEAR,
                    )
                )
        events += broker.events()
        if now >= close_of(DAY) and lag == 0:
            assert all(one.submitted_at > close_of(DAY) for one in value(broker.open_orders()))
    for day in (DAY, NEXT):
        fills = [one for one in events if isinstance(one, Execution) and CALENDAR.day_of(one.at) == day]
        assert all(CALENDAR.is_open(one.at) for one in fills)
        assert sum(one.quantity for one in fills) <= max(1, volume // 10)
    ends = [one for one in events if isinstance(one, OrderEnded)]
    assert all(one.at in (close_of(DAY), close_of(NEXT)) for one in ends)
    assert len({one.order_id for one in ends}) == len(ends)
