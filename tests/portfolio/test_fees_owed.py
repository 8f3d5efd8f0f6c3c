"""Fees that a broker charges the day after count from the trade on, and in the end what it charged counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.orders import CashFlow, FlowKind
from strikewise.portfolio.fees_owed import FeesOwed

MONDAY = datetime(2024, 3, 11, 15, tzinfo=UTC)


def flow(kind: FlowKind, cents: int, day: int = 0) -> CashFlow:
    return CashFlow(f"{kind}{day}", kind, "", "", cents, MONDAY + timedelta(days=day))


def booked(*flows: CashFlow) -> tuple[FeesOwed, list[int]]:
    owed, paid = FeesOwed(), []
    for one in flows:
        owed, cents = owed.after(one)
        paid.append(cents)
    return owed, paid


def test_what_was_expected_is_booked_once_and_its_charge_books_what_it_differs_by() -> None:
    owed, paid = booked(
        flow(FlowKind.FEE_DUE, 130),
        flow(FlowKind.FEE_DUE, 70),
        flow(FlowKind.FEE, 150),
        flow(FlowKind.FEE, 53),
    )
    assert paid == [130, 70, 0, 3]
    assert owed == FeesOwed()


def test_a_charge_settles_the_oldest_day_first_and_none_after_its_own() -> None:
    owed, paid = booked(
        flow(FlowKind.FEE_DUE, 10), flow(FlowKind.FEE_DUE, 20, day=1), flow(FlowKind.FEE, 25, day=0)
    )
    assert paid == [10, 20, 15]
    assert owed.due == ((date(2024, 3, 12), 20),)


def test_a_fee_that_shows_in_the_cash_and_is_told_later_is_taken_back_once() -> None:
    owed, paid = booked(flow(FlowKind.FEE_UNTOLD, 40), flow(FlowKind.FEE, 40, day=1))
    assert (owed.untold_cents, paid) == (40, [40, 40])
    owed, paid = booked(
        flow(FlowKind.FEE_UNTOLD, 40), flow(FlowKind.FEE, 40, day=1), flow(FlowKind.FEE_UNTOLD, -40, day=1)
    )
    assert (owed, paid) == (FeesOwed(), [40, 40, -40])


def test_a_fee_that_is_never_told_swallows_no_other() -> None:
    owed, paid = booked(
        flow(FlowKind.FEE_DUE, 30), flow(FlowKind.FEE_UNTOLD, 40, day=1), flow(FlowKind.FEE, 30, day=1)
    )
    assert (owed.due, owed.untold_cents, paid) == ((), 40, [30, 40, 0])


def test_what_nobody_told_for_a_week_is_no_more_looked_for() -> None:
    owed, _ = booked(flow(FlowKind.FEE_UNTOLD, 40), flow(FlowKind.FEE, 25, day=8))
    assert owed == FeesOwed()


def test_what_was_expected_of_a_fill_that_was_taken_back_is_given_back() -> None:
    owed, paid = booked(
        flow(FlowKind.FEE_DUE, 130),
        flow(FlowKind.FEE, 130),
        flow(FlowKind.FEE_DUE, -130),
        flow(FlowKind.FEE, -130),
    )
    assert (owed, paid) == (FeesOwed(), [130, 0, -130, 0])


flows = st.builds(
    flow,
    st.sampled_from(FlowKind).filter(lambda kind: kind.startswith("fee")),
    st.integers(1, 500),
    st.integers(0, 6),
)


@given(st.lists(flows, max_size=12))
def test_what_is_booked_is_what_was_charged_and_what_is_still_to_be_told(life: list[CashFlow]) -> None:
    owed, paid = booked(*life)
    told = sum(one.cash_cents for one in life if one.kind is FlowKind.FEE)
    assert sum(paid) == told + owed.due_cents + owed.untold_cents


@given(st.lists(flows, max_size=12))
def test_once_nothing_is_owed_trading_cost_what_the_broker_charged(life: list[CashFlow]) -> None:
    owed, _ = booked(*life)
    back = [flow(FlowKind.FEE_DUE, -cents, (day - MONDAY.date()).days) for day, cents in owed.due]
    told = [flow(FlowKind.FEE_UNTOLD, -owed.untold_cents, 6)] if owed.untold else []
    owed, paid = booked(*life, *back, *told)
    charged = sum(one.cash_cents for one in life if one.kind is FlowKind.FEE)
    assert (owed, sum(paid)) == (FeesOwed(), charged)
