"""An adjustment passes the gate like an opening, unless all it does is take risk away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import Row, call, close_of, market, one_view, order, put, tape
from risk.test_gate import LIMITS, QUOTES, SESSION, account, code, proposal
from strikewise.domain.denials import DenialCode
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.portfolio import Holding, Mark, Portfolio, Position
from strikewise.domain.structures import Leg, Structure
from strikewise.market.quality import Flaw
from strikewise.market.view import MarketView
from strikewise.risk.adjustment import only_reduces
from strikewise.risk.gate import ApprovedAdjusting, Denied, judge_adjusting
from strikewise.risk.limits import Limits

HELD = proposal(name="p-1")
"""One put spread 480/475, sold for $10."""


def trade(legs: Mapping[object, int], quantity: int = 1) -> Order:
    return order(legs, quantity=quantity, purpose=Purpose.ADJUST, position_id="p-1")


def verdict(
    legs: Mapping[object, int],
    *,
    quantity: int = 1,
    held: Position = HELD,
    portfolio: Portfolio | None = None,
    rows: Sequence[Row] = QUOTES,
    limits: Limits = LIMITS,
    view: MarketView | None = None,
    working: str = "",
) -> ApprovedAdjusting | Denied:
    seen = view or one_view(rows, at=close_of(SESSION))
    whole = portfolio or account(held)
    return judge_adjusting(trade(legs, quantity), held, whole, limits, seen, working=working)


def test_a_bought_hedge_passes_and_the_position_counts_as_it_will_be() -> None:
    answer = verdict({put(485): 1})
    assert isinstance(answer, ApprovedAdjusting)
    after = answer.after
    assert {one.instrument: one.quantity for one in after.holdings} == {
        put(475): 1,
        put(480): -1,
        put(485): 1,
    }
    assert after.cash_cents == HELD.cash_cents + 6_600
    assert after.max_loss_cents == 6_600 - 1_000  # the credit is kept, the hedge is worth nothing above 485


def test_a_further_short_leg_must_fit_into_the_limit_of_one_position() -> None:
    small = account(HELD, equity=5_000_000)  # 10 % are less than what the naked put would hold
    assert code(verdict({put(485): -1}, portfolio=small)) is DenialCode.RISK_MAX_LOSS
    assert isinstance(verdict({put(485): -1}), ApprovedAdjusting)


def test_to_sell_the_wing_closes_a_leg_and_is_judged_as_what_it_leaves_naked() -> None:
    assert not only_reduces(trade({put(475): -1}), HELD)
    small = account(HELD, equity=5_000_000)
    assert code(verdict({put(475): -1}, portfolio=small)) is DenialCode.RISK_MAX_LOSS


@pytest.mark.parametrize(
    ("legs", "quantity"),
    [({put(480): 1}, 1), ({put(480): 1, put(475): -1}, 1), ({put(480): 1, put(475): -1}, 3)],
)
def test_what_only_takes_risk_away_passes_on_no_quotes_at_all(legs: dict[object, int], quantity: int) -> None:
    held = proposal(quantity=3, name="p-1")
    answer = verdict(legs, quantity=quantity, held=held, rows=[])
    assert isinstance(answer, ApprovedAdjusting)
    assert answer.after == held


def test_what_adds_risk_needs_quotes_that_carry_an_entry() -> None:
    assert code(verdict({put(470): 1})) is DenialCode.QUOTE_MISSING
    assert code(verdict({put(485): 1}, rows=[(put(485), 60, 66)])) is DenialCode.QUOTE_MISSING
    wide: list[Row] = [*QUOTES[:2], (call(520), 10, 44)]
    assert code(verdict({call(520): -1}, rows=wide)) is DenialCode.QUOTE_WIDE
    doubted = tape({close_of(SESSION): (500.0, QUOTES)})
    doubted.columns.flaws[:] = Flaw.SPOT.bit
    assert code(verdict({put(485): 1}, view=market(doubted).view(close_of(SESSION)))) is DenialCode.DATA_SPOT
    saturday = one_view(QUOTES, at=datetime(2024, 2, 3, 21, tzinfo=UTC))
    assert code(verdict({put(485): 1}, view=saturday)) is DenialCode.MARKET_CLOSED
    unknown = one_view(QUOTES, at=close_of(SESSION), spot=-0.01)
    assert code(verdict({put(485): 1}, view=unknown)) is DenialCode.DATA_NO_SPOT


def test_nothing_and_too_much_are_both_refused() -> None:
    assert code(verdict({put(485): 1}, quantity=0)) is DenialCode.SIZE_ZERO
    assert code(verdict({put(485): 1}, quantity=101)) is DenialCode.RISK_ORDER_SIZE


def test_a_position_is_adjusted_by_one_order_at_a_time() -> None:
    assert code(verdict({put(485): 1}, working="o-7")) is DenialCode.PORTFOLIO_CONFLICT


def test_a_leg_on_another_positions_other_side_is_a_conflict() -> None:
    other = proposal({put(485): -1, put(470): 1}, name="p-2")
    assert code(verdict({put(485): 1}, portfolio=account(HELD, other))) is DenialCode.PORTFOLIO_CONFLICT


@pytest.mark.parametrize(
    ("shares", "limits", "said"),
    [
        (-100, LIMITS, None),  # takes all delta away
        (-199, LIMITS, None),  # leaves a little on the other side
        (-200, LIMITS, DenialCode.RISK_MAX_LOSS),  # as much on the other side
        (100, LIMITS, DenialCode.RISK_MAX_LOSS),  # doubles it
        (-100, replace(LIMITS, max_margin_per_trade=0.1, max_margin=0.1), DenialCode.RISK_MARGIN),
    ],
)
def test_shares_that_take_delta_away_need_margin_only_for_a_position_grown_too_large(
    shares: int, limits: Limits, said: DenialCode | None
) -> None:
    greeks = Greeks(100.0, -1.0, 10.0, -50.0)
    held = replace(
        proposal({put(485): -4}, max_loss=None, margin=4_000_000, name="p-1"),
        mark=Mark(-30_000, -32_000, 4_000_000, 0, greeks, close_of(SESSION)),
    )
    grown = account(held, equity=12_000_000)
    answer = verdict(
        {Stock("SPY"): 1 if shares > 0 else -1},
        quantity=abs(shares),
        held=held,
        portfolio=grown,
        limits=limits,
    )
    if said is None:
        assert isinstance(answer, ApprovedAdjusting)
    else:
        assert code(answer) is said
    guessed = replace(held, mark=replace(held.mark, estimated_legs=1))
    unsure = verdict({Stock("SPY"): -1}, quantity=100, held=guessed, portfolio=grown)
    assert code(unsure) is DenialCode.RISK_MAX_LOSS


def test_all_positions_together_keep_their_limit_and_what_is_adjusted_counts_once() -> None:
    wider = {put(475): -1, put(465): 1}  # $1,500 of width, less $10 and $20 of credit
    rows: list[Row] = [*QUOTES, (put(465), 9, 10)]
    for at_stake, passes in ((2_000_000 - 147_000, True), (2_000_000 - 147_000 + 1, False)):
        other = proposal({put(300): -1, put(200): 1}, max_loss=at_stake, margin=100, name="p-2")
        answer = verdict(wider, rows=rows, portfolio=account(HELD, other))
        if passes:
            assert isinstance(answer, ApprovedAdjusting)
        else:
            assert code(answer) is DenialCode.RISK_AT_RISK


def test_a_call_against_shares_passes_though_they_have_fallen_and_though_its_like_is_held() -> None:
    shares = replace(
        proposal({put(480): -1}, name="p-1"),
        holdings=(Holding(Stock("SPY"), 100),),
        cash_cents=5_200_000,
        max_loss_cents=5_200_000,
        margin_cents=5_200_000,
    )
    twin = replace(
        shares, position_id="p-2", structure=Structure.of([Leg(Stock("SPY"), 100), Leg(call(510), -1)])
    )
    rows: list[Row] = [*QUOTES, (call(510), 200, 206)]
    fallen = account(shares, twin, equity=4_000_000)
    answer = verdict({call(510): -1}, held=shares, rows=rows, portfolio=fallen)
    assert isinstance(answer, ApprovedAdjusting)
    assert answer.after.max_loss_cents == 5_200_000 - 20_000
    two = verdict({call(510): -1}, quantity=2, held=shares, rows=rows, portfolio=fallen)
    assert code(two) is DenialCode.RISK_MAX_LOSS, "the second call has no shares behind it"


def test_a_loss_that_two_expirations_leave_open_counts_as_one_without_bound() -> None:
    later = put(480, date(2024, 4, 19))
    rows: list[Row] = [*QUOTES, (later, 70, 76)]
    assert isinstance(verdict({later: 1}, rows=rows), ApprovedAdjusting)
    bounded = replace(LIMITS, allow_unbounded=False)
    assert code(verdict({later: 1}, rows=rows, limits=bounded)) is DenialCode.RISK_UNBOUNDED


CONTRACTS: list[OptionContract | Stock] = [put(470), put(475), put(480), call(510), call(520), Stock("SPY")]
quantities = st.lists(st.integers(-3, 3), min_size=6, max_size=6)


@given(quantities, quantities)
def test_what_only_reduces_leaves_no_price_at_which_more_is_lost_than_before(
    holdings: list[int], traded: list[int]
) -> None:
    sizes = [1, 1, 1, 1, 1, 100]
    before = [count * size for count, size in zip(holdings, sizes, strict=True)]
    trades = [count * size for count, size in zip(traded, sizes, strict=True)]
    legs = {one: count for one, count in zip(CONTRACTS, trades, strict=True) if count}
    held = [Holding(one, count) for one, count in zip(CONTRACTS, before, strict=True) if count]
    if not legs or not held or not only_reduces(trade(legs), replace(HELD, holdings=tuple(held))):
        return
    prices = np.arange(0, 2_000)
    after = np.add(before, trades)
    assert np.all(np.abs(after) <= np.abs(before))
    assert payoff(after, prices).min() >= min(payoff(np.array(before), prices).min(), 0) - 1e-6


def payoff(held: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Dollars at expiry of as many of each of `CONTRACTS`."""
    puts = [np.maximum(strike - prices, 0) for strike in (470, 475, 480)]
    calls = [np.maximum(prices - strike, 0) for strike in (510, 520)]
    return 100 * np.array(held[:5]) @ np.array([*puts, *calls]) + held[5] * prices
