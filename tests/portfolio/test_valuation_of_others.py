"""Positions that nobody here opened: valued like any other, and never in the way of those that we did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from execution.tapes import call, close_of, one_view, put
from portfolio.test_valuation import FIRST, QUOTES, position
from strikewise.domain.errors import MissingDataError
from strikewise.domain.events import AccountOpened
from strikewise.domain.instruments import Stock
from strikewise.domain.portfolio import Holding
from strikewise.domain.reconciled import PositionAdopted
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.valuation import (
    EstimatedMark,
    Memory,
    MissingQuotePolicy,
    value_account,
    value_positions,
)


def adopted(*holdings: Holding, cost: int, underlying: str = "SPY") -> AccountState:
    state = AccountState().apply(1, AccountOpened("a", 10_000_000), close_of(FIRST))
    event = PositionAdopted("x", underlying, holdings, cost, "not ours")
    return state.apply(2, event, close_of(FIRST))


def test_a_position_without_a_signal_is_marked_margined_and_at_risk_like_any_other() -> None:
    state = adopted(Holding(put(480), -1), Holding(put(475), 1), cost=-1_500)
    portfolio = value_account(state, one_view(QUOTES), MissingQuotePolicy.MODEL).portfolio
    (found,) = portfolio.positions
    assert found.mark is not None
    assert (found.mark.mid_cents, found.mark.exit_cents, found.mark.estimated_legs) == (-1_500, -2_000, 0)
    assert (found.margin_cents, portfolio.at_risk_cents) == (48_500, 48_500)
    assert portfolio.margin_cents == 50_000 - 2_000
    assert state.deposited_cents + (found.profit_mid_cents or 0) == portfolio.equity_mid_cents


def test_a_naked_position_without_a_signal_has_the_margin_of_its_holdings() -> None:
    state = adopted(Holding(call(500), -1), cost=-8_000)
    portfolio = value_account(state, one_view([(call(500), 80, 84)]), MissingQuotePolicy.MODEL).portfolio
    (found,) = portfolio.positions
    assert found.max_loss_cents is None
    assert found.margin_cents == portfolio.at_risk_cents == portfolio.margin_cents
    assert 84_00 < found.margin_cents < 50_000_00


@pytest.mark.parametrize(
    ("held", "cost", "margin"),
    [
        (Holding(Stock("AAPL"), 10), 200_000, 200_000),
        (Holding(replace(put(150), underlying="AAPL"), -2), -1_000, 2 * 1_500_000 - 1_000),
        (Holding(replace(call(150), underlying="AAPL"), -2), -1_000, 3_000_000),
    ],
    ids=["shares", "put", "call"],
)
def test_what_others_hold_on_an_underlying_nobody_knows_is_marked_at_cost_and_stops_nothing(
    held: Holding, cost: int, margin: int
) -> None:
    state = adopted(held, cost=cost, underlying="AAPL")
    state = state.apply(
        3, PositionAdopted("y", "SPY", (Holding(put(475), 1),), 3_000, "not ours"), close_of(FIRST)
    )
    valuation = value_account(state, one_view(QUOTES), MissingQuotePolicy.MODEL)
    unknown, known = valuation.portfolio.positions
    assert unknown.mark is not None
    assert known.mark is not None
    assert (unknown.mark.mid_cents, unknown.mark.exit_cents, unknown.mark.spot_cents) == (cost, cost, -1)
    assert (known.mark.exit_cents, known.mark.estimated_legs) == (3_000, 0)
    assert unknown.margin_cents == margin
    assert valuation.portfolio.margin_cents == margin + 3_000
    assert valuation.portfolio.at_risk_cents == margin + 3_000
    assert valuation.estimated == (EstimatedMark("x", held.instrument, "cost", -1),)
    again = value_account(state, one_view(QUOTES), MissingQuotePolicy.MODEL, valuation.memory)
    assert again.portfolio == valuation.portfolio


def test_what_we_opened_on_a_signal_is_never_marked_at_cost() -> None:
    ours = replace(position({Stock("AAPL"): 10}, underlying="AAPL"), signal_id="s1")
    with pytest.raises(MissingDataError, match="Shares of AAPL"):
        value_positions([ours], one_view(QUOTES), MissingQuotePolicy.MODEL, Memory())
