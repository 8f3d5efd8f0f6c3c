"""A margin call: which positions are closed, and how many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from execution.tapes import put
from portfolio.test_margin import position
from strikewise.domain.greeks import Greeks
from strikewise.domain.portfolio import Mark, Portfolio, Position
from strikewise.portfolio.margin import margin_call

NOW = datetime(2024, 2, 1, 21, tzinfo=UTC)


def valued(name: str, *, margin: int, profit: int, closing: str = "") -> Position:
    held = position(name, {put(480): -1, put(475): 1})
    mark = Mark(profit, profit, 50_000, 0, Greeks(), NOW)
    return replace(held, mark=mark, margin_cents=margin, closing_order_id=closing)


def account(equity: int, *positions: Position) -> Portfolio:
    total = sum(one.margin_cents for one in positions)
    return Portfolio(NOW, equity, equity, equity, total, positions)


def called(portfolio: Portfolio, *stuck: str) -> list[str]:
    return margin_call(portfolio, lambda one: one.position_id not in stuck)


def test_there_is_no_call_while_equity_carries_the_margin() -> None:
    assert (
        called(account(100_000, valued("a", margin=60_000, profit=0), valued("b", margin=40_000, profit=0)))
        == []
    )


def test_a_call_closes_the_worst_positions_first_and_no_more_than_it_must() -> None:
    held = (
        valued("small", margin=40_000, profit=-1_000),
        valued("worst", margin=40_000, profit=-30_000),
        valued("good", margin=40_000, profit=5_000),
    )
    assert called(account(90_000, *held)) == ["worst"]
    assert called(account(50_000, *held)) == ["worst", "small"]
    assert called(account(-1, *held)) == ["worst", "small", "good"]


def test_the_equity_that_carries_the_margin_is_that_at_exit_prices() -> None:
    held = account(90_000, valued("a", margin=100_000, profit=0))
    assert called(replace(held, equity_mid_cents=110_000)) == ["a"]
    assert called(replace(held, equity_exit_cents=110_000)) == []


def test_what_is_being_closed_already_is_counted_as_closed() -> None:
    held = (
        valued("closing", margin=40_000, profit=-30_000, closing="c-1"),
        valued("next", margin=40_000, profit=-1_000),
        valued("good", margin=40_000, profit=5_000),
    )
    assert called(account(90_000, *held)) == []
    assert called(account(70_000, *held)) == ["next"]


def test_what_cannot_be_closed_now_is_passed_over_for_what_can() -> None:
    held = (
        valued("worst", margin=40_000, profit=-30_000),
        valued("small", margin=40_000, profit=-1_000),
        valued("good", margin=40_000, profit=5_000),
    )
    assert called(account(90_000, *held), "worst") == ["small"]
    assert called(account(90_000, *held), "worst", "small", "good") == []
