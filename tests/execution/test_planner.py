from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import call, put
from strikewise.domain.brokerage import Capabilities
from strikewise.domain.errors import DomainError
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import Purpose
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Adjust, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.planner import (
    adjusting_order,
    another_attempt,
    closed_first,
    closing_order,
    opening_order,
    order_id,
)

NOW = datetime(2024, 2, 1, 21, tzinfo=UTC)
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])


@dataclass(frozen=True)
class Allowed:
    """Stands for what the gate lets through."""

    proposal: Position
    signal: Signal


def position(*holdings: Holding, quantity: int = 1) -> Position:
    return Position(
        position_id="sw-240201-aaaaaaaaaaaaaaaa-1",
        strategy="credit_spread",
        underlying="SPY",
        signal_id="s-1",
        structure=SPREAD,
        quantity=quantity,
        holdings=holdings,
        opened_at=NOW,
        entry_cents=-1000,
        cash_cents=-1000,
        fees_cents=0,
        max_loss_cents=49_000,
        margin_cents=49_000,
        because={},
        grade=Grade.QUOTES,
    )


def signal() -> Signal:
    return Signal(
        signal_id="s-1",
        strategy="credit_spread",
        underlying="SPY",
        as_of=NOW,
        structure=SPREAD,
        price_cents=-1000,
        mid_cents=-1500,
        max_loss_cents=49_000,
        max_profit_cents=1000,
        margin_cents=49_000,
        breakevens=(479.9,),
        probability_of_profit=0.9,
        edge_cents=10,
        score=50.0,
        score_parts={},
        because={},
        grade=Grade.QUOTES,
    )


@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(max_size=80),
    st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    st.integers(1, 999),
)
def test_an_order_id_never_exceeds_what_brokers_allow_and_is_plain_text(
    account: str, strategy: str, intent: str, day: date, attempt: int
) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    name = order_id(account, strategy, intent, at, attempt=attempt)
    assert len(name) <= 36
    assert name.isascii()
    assert name.startswith(f"sw-{day:%y%m%d}-")
    assert name.endswith(f"-{attempt}")


def test_the_same_intent_is_the_same_order_and_any_other_is_another() -> None:
    first = order_id("main", "s", "open|1", NOW)
    assert first == order_id("main", "s", "open|1", NOW)
    others = [
        order_id("other", "s", "open|1", NOW),
        order_id("main", "t", "open|1", NOW),
        order_id("main", "s", "open|2", NOW),
        order_id("main", "s", "open|1", NOW, attempt=2),
    ]
    assert len({first, *others}) == 5


def test_an_id_that_would_be_too_long_is_refused() -> None:
    with pytest.raises(DomainError, match="36"):
        order_id("main", "s", "x", NOW, bot="a-very-long-name")


def test_an_opening_order_is_limited_to_the_touch_and_names_its_own_position() -> None:
    made = opening_order("main", Allowed(position(quantity=3), signal()), NOW)
    assert (made.limit_cents, made.quantity, made.structure) == (-1000, 3, SPREAD)
    assert made.position_id == made.order_id
    assert (made.purpose, made.signal_id) == (Purpose.OPEN, "s-1")


def test_closing_reverses_what_is_held_in_the_largest_units() -> None:
    held = position(Holding(put(480), -4), Holding(put(475), 4), quantity=4)
    made = closing_order("main", held, NOW, "PROFIT_TARGET")
    assert {leg.instrument: leg.ratio * made.quantity for leg in made.structure.legs} == {
        put(480): 4,
        put(475): -4,
    }
    assert (made.quantity, made.limit_cents, made.purpose) == (4, None, Purpose.CLOSE)
    assert made.position_id == held.position_id


def test_orders_carry_the_numbers_behind_their_reason_which_make_no_other_order() -> None:
    held = position(Holding(put(480), -1))
    told = closing_order("main", held, NOW, "STOP_LOSS", "loss=9.00 limit=8.00")
    assert (told.reason, told.detail) == ("STOP_LOSS", "loss=9.00 limit=8.00")
    assert told.order_id == closing_order("main", held, NOW, "STOP_LOSS").order_id
    legs = Structure.of([Leg(put(470), 1)])
    assert adjusting_order("main", held, Adjust(legs, 1, "HEDGE", "delta=0.4"), NOW).detail == "delta=0.4"


def test_assigned_shares_and_the_leg_left_over_are_closed_together() -> None:
    held = position(Holding(Stock("SPY"), 200), Holding(call(500), 2))
    made = closing_order("main", held, NOW, "ASSIGNED")
    assert {leg.instrument: leg.ratio * made.quantity for leg in made.structure.legs} == {
        Stock("SPY"): -200,
        call(500): -2,
    }


def test_a_second_closing_of_the_same_position_is_a_new_order_at_another_instant() -> None:
    held = position(Holding(put(480), -1))
    later = NOW.replace(hour=22)
    assert closing_order("main", held, NOW, "STOP") == closing_order("main", held, NOW, "STOP")
    assert (
        closing_order("main", held, NOW, "STOP").order_id
        != closing_order("main", held, later, "STOP").order_id
    )


def test_a_position_that_holds_nothing_cannot_be_closed() -> None:
    with pytest.raises(DomainError, match="holds nothing"):
        closing_order("main", position(), NOW, "STOP")


def test_an_adjustment_trades_its_own_legs_into_the_position() -> None:
    held = replace(position(Holding(put(480), -1)), position_id="p-1")
    legs = Structure.of([Leg(put(470), 1)])
    made = adjusting_order("main", held, Adjust(legs, 2, "HEDGE"), NOW)
    assert (made.position_id, made.structure, made.quantity, made.purpose) == ("p-1", legs, 2, Purpose.ADJUST)


APART = Capabilities("apart", max_legs=4, mixes_shares=False)
"""A broker that takes shares and options one after the other, four options at most."""
INSTRUMENTS = (Stock("SPY"), *(made(strike) for made in (put, call) for strike in (470, 475, 480, 490)))


@given(st.dictionaries(st.sampled_from(INSTRUMENTS), st.integers(-300, 300).filter(bool), min_size=1))
def test_a_position_is_closed_by_orders_that_the_broker_takes_one_after_the_other(
    quantities: dict[Instrument, int],
) -> None:
    left = tuple(Holding(instrument, quantity) for instrument, quantity in quantities.items())
    while left:
        part = closed_first(left, APART)
        shares = [one for one in part if isinstance(one.instrument, Stock)]
        assert part
        assert len(part) <= 4
        assert not shares or part == tuple(shares)
        left = tuple(one for one in left if one not in part)


def test_what_was_assigned_goes_before_the_options_that_are_left_unless_it_covers_calls() -> None:
    shares, long_put, short_call = Holding(Stock("SPY"), 200), Holding(put(475), 2), Holding(call(490), -2)
    assert closed_first((shares, long_put), APART) == (shares,)
    assert closed_first((shares, short_call), APART) == (short_call,)
    assert closed_first((shares, short_call, Holding(call(495), 2)), APART) == (shares,)
    order = closing_order("test", position(shares, long_put), NOW, "STOP", broker=APART)
    assert (order.structure, order.quantity) == (Structure.of([Leg(Stock("SPY"), -1)]), 200)


def test_of_more_options_than_one_order_takes_those_that_were_sold_go_first() -> None:
    held = tuple(
        Holding(made(strike), side)
        for made in (put, call)
        for strike, side in ((470, 1), (475, -1), (480, -1))
    )
    part = closed_first(held, APART)
    assert len(part) == 4
    assert all(one in part for one in held if one.quantity < 0)
    assert closed_first(held, Capabilities("whole", max_legs=99)) == held


def test_an_entry_that_is_decided_anew_begins_a_position_of_its_own_and_an_exit_keeps_its() -> None:
    entry = opening_order("test", Allowed(position(), signal()), NOW)
    again = another_attempt(entry)
    assert again.order_id.endswith("-2")
    assert again.position_id == again.order_id != entry.position_id
    leaves = closing_order("test", position(Holding(put(480), -1)), NOW, "STOP")
    assert another_attempt(leaves).position_id == leaves.position_id
