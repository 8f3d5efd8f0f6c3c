"""Limits of one strategy beside those of the account, and its share of equity at the gate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import close_of, one_view, put
from risk.test_gate import SESSION, account, code, proposal, signal, spreads, verdict
from strikewise.domain.denials import DenialCode
from strikewise.domain.errors import SettingsError
from strikewise.risk.gate import Approved, judge
from strikewise.risk.limits import Limits, StrategyLimits

WIDE = Limits(
    max_loss_per_trade=1.0,
    max_at_risk=1.0,
    max_margin_per_trade=1.0,
    max_margin=1.0,
    max_positions=100,
    max_per_underlying=100,
    max_per_strategy=100,
    max_new_per_day=100,
)


def own(**limits: float) -> Limits:
    return replace(WIDE, by_strategy={"s": StrategyLimits(**limits)})


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"max_positions": 3}, DenialCode.PORTFOLIO_STRATEGY),
        ({"max_per_underlying": 3}, DenialCode.PORTFOLIO_UNDERLYING),
        ({"max_loss_per_trade": 0.0048}, DenialCode.RISK_MAX_LOSS),
        ({"max_at_risk": 0.0049}, DenialCode.RISK_AT_RISK),
        ({"max_margin": 0.0049}, DenialCode.RISK_MARGIN),
    ],
)
def test_each_limit_of_a_strategy_holds_it_back_and_nobody_else(
    limits: dict[str, float], expected: DenialCode
) -> None:
    held = account(*spreads(3))
    assert code(verdict(proposal(), held, limits=own(**limits))) is expected
    other = proposal(strategy="t")
    assert isinstance(verdict(other, held, limits=own(**limits)), Approved)
    assert isinstance(verdict(proposal(), held, limits=WIDE), Approved)


def test_positions_of_others_do_not_count_against_a_strategy() -> None:
    held = account(*spreads(15, strategy="t"))
    tight = own(max_positions=1, max_per_underlying=1, max_at_risk=0.005, max_margin=0.005)
    assert isinstance(verdict(proposal(), held, limits=tight), Approved)


def test_a_strategy_opens_so_many_in_a_session_and_orders_so_many_contracts() -> None:
    busy = replace(account(), opened_today=5, opened_today_by={"s": 2, "t": 3})
    assert code(verdict(portfolio=busy, limits=own(max_new_per_day=2))) is DenialCode.PORTFOLIO_NEW_TODAY
    assert isinstance(verdict(portfolio=busy, limits=own(max_new_per_day=3)), Approved)
    assert code(verdict(proposal(quantity=4), limits=own(max_contracts=3))) is DenialCode.RISK_ORDER_SIZE


def test_a_naked_option_of_a_strategy_is_held_to_its_margin_limit() -> None:
    naked = proposal({put(480): -1}, max_loss=4_795_500, margin=500_000)
    assert isinstance(verdict(naked, limits=own(max_margin_per_trade=0.05)), Approved)
    assert code(verdict(naked, limits=own(max_margin_per_trade=0.049))) is DenialCode.RISK_MAX_LOSS


@pytest.mark.parametrize("wrong", [{"max_margin": 0.0}, {"max_positions": 0}, {"max_at_risk": float("nan")}])
def test_a_limit_of_a_strategy_is_held_to_what_a_limit_may_be(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        StrategyLimits(**wrong)


def test_what_exceeds_its_share_of_equity_is_refused_to_the_cent() -> None:
    held = replace(account(*spreads(1)), shares={"s": 0.0049_1})
    assert isinstance(verdict(proposal(margin=49_000), held, limits=WIDE), Approved)
    assert code(verdict(proposal(margin=49_001), held, limits=WIDE)) is DenialCode.PORTFOLIO_ALLOCATION
    assert isinstance(verdict(proposal(margin=49_001, strategy="t"), held, limits=WIDE), Approved)


def test_a_share_of_zero_refuses_what_holds_no_margin_too() -> None:
    none = replace(account(), shares={"s": 0.0})
    assert code(verdict(proposal(margin=0), none, limits=WIDE)) is DenialCode.PORTFOLIO_ALLOCATION


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("st"), st.integers(1, 3_000_00)), max_size=20),
    st.floats(0.0, 1.0),
    st.integers(1_000_00, 200_000_00),
)
def test_whatever_is_wished_every_strategy_stays_within_its_share(
    wishes: list[tuple[str, int]], share: float, equity: int
) -> None:
    view = one_view([(put(300 + n), 40, 42) for n in range(60)], at=close_of(SESSION))
    shares = {"s": share, "t": 1.0 - share}
    portfolio = replace(account(equity=equity), shares=shares)
    for number, (strategy, margin) in enumerate(wishes):
        legs = {put(301 + 2 * number): -1, put(300 + 2 * number): 1}
        wish = proposal(legs, max_loss=margin, margin=margin, name=str(number), strategy=strategy)
        if isinstance(judge(wish, signal(wish), portfolio, WIDE, view), Approved):
            portfolio = replace(account(*portfolio.positions, wish, equity=equity), shares=shares)
    for strategy, most in shares.items():
        assert sum(one.margin_cents for one in portfolio.held_by(strategy)) <= most * equity
