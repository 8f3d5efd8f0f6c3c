"""What an account was worth is kept small, and says what its rows would say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.events import AccountValued
from strikewise.market.calendar import NEW_YORK
from strikewise.portfolio.performance import EquityPoint, measure
from strikewise.service.views.valuations import Valuations

VALUED = AccountValued(0, 1, 1, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0)
BEGAN = datetime(2024, 2, 5, 14, 30, tzinfo=UTC)
told = st.lists(
    st.tuples(
        st.integers(0, 3 * 86_400), st.integers(-(10**6), 10**9), st.sampled_from(["", "bull", "bear"])
    ),
    min_size=1,
    max_size=30,
)


def valuations(rows: list[tuple[int, int, str]]) -> tuple[Valuations, list[tuple[datetime, AccountValued]]]:
    found, plain, at = Valuations(), [], BEGAN
    for seq, (seconds, cents, regime) in enumerate(rows, start=1):
        at += timedelta(seconds=seconds, microseconds=seq)
        event = replace(VALUED, equity_mid_cents=cents, equity_exit_cents=cents - 5, regime=regime)
        found.add(event, seq, at, 100)
        plain.append((at, event))
    return found, plain


@given(told)
def test_a_day_ends_and_the_next_begins_where_a_list_of_everything_says(
    rows: list[tuple[int, int, str]],
) -> None:
    found, plain = valuations(rows)
    days = [at.astimezone(NEW_YORK).date() for at, _ in plain]
    before = [event for day, (_, event) in zip(days, plain, strict=True) if day < days[-1]]
    start = before[-1] if before else plain[0][1]
    assert found.day_start is not None
    assert found.last is not None
    assert found.day_start.equity_mid_cents == start.equity_mid_cents
    assert (found.last.at, found.last.equity_mid_cents) == (plain[-1][0], plain[-1][1].equity_mid_cents)
    assert list(found.days()) == sorted(set(days))


@given(told, st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_curve_between_two_instants_is_what_a_list_of_everything_says(
    rows: list[tuple[int, int, str]], first: int, last: int
) -> None:
    found, plain = valuations(rows)
    start, end = BEGAN + timedelta(seconds=first), BEGAN + timedelta(seconds=last)
    curve = found.curve(start=start, end=end, points=10_000)
    highest, wanted = 0, []
    for at, event in plain:
        highest = max(highest, event.equity_mid_cents)
        if start <= at <= end:
            fall = event.equity_mid_cents / highest - 1.0 if highest > 0 else 0.0
            wanted.append((at, event.equity_mid_cents, event.equity_exit_cents, fall, event.regime))
    assert [(p.at, p.equity_mid_cents, p.equity_exit_cents, p.drawdown, p.regime) for p in curve] == wanted


@given(st.lists(st.tuples(st.floats(-0.5, 0.5), st.integers(-5_000_000, 5_000_000)), min_size=1, max_size=20))
def test_what_is_paid_in_or_out_is_neither_a_fall_nor_a_gain(moves: list[tuple[float, int]]) -> None:
    found, equity, deposited, points = Valuations(), 10_000_000, 10_000_000, []
    for seq, (share, paid) in enumerate([(0.0, 0), *moves], start=1):
        paid_in, paid_out = max(paid, 0), min(-min(paid, 0), equity // 4)
        equity = round((equity + paid_in) * (1.0 + share)) - paid_out
        deposited += paid_in - paid_out
        event = replace(VALUED, equity_mid_cents=equity, equity_exit_cents=equity)
        found.add(event, seq, BEGAN + timedelta(days=seq), deposited)
        points.append(EquityPoint((BEGAN + timedelta(days=seq)).date(), equity, equity, 0, deposited))
    deepest = measure(10_000_000, points, ()).summary.max_drawdown
    assert min(point.drawdown for point in found.curve()) == pytest.approx(deepest, abs=1e-9)


def test_a_withdrawal_leaves_the_fall_as_it_was() -> None:
    found = Valuations()
    for seq, (equity, paid) in enumerate(
        [(100_000, 100_000), (90_000, 100_000), (45_000, 55_000), (0, 10_000), (50_000, 60_000)]
    ):
        event = replace(VALUED, equity_mid_cents=equity, equity_exit_cents=equity)
        found.add(event, seq, BEGAN + timedelta(days=seq), paid)
    falls = [round(point.drawdown, 9) for point in found.curve()]
    assert falls == [0.0, -0.1, -0.1, 0.0, 0.0]  # nothing is left of what fell, and a new account begins


def test_what_was_never_valued_says_nothing() -> None:
    nothing = Valuations()
    assert (nothing.last, nothing.day_start, nothing.curve(), len(nothing)) == (None, None, (), 0)
