"""The gate under a governor: no order breaks a limit after it, reducing lets out, halted lets nothing by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import call, order, put
from risk.asking import LOOSE, VIEW, WIDE, control, denied, spread, verdict
from risk.risk_markets import EXPIRY, NOW, account, closes, held, past, signal_of, view_of
from strikewise.domain.brokerage import Capabilities
from strikewise.domain.control import TradingState
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.quotes import DailyBars
from strikewise.domain.reconciled import EXTERNAL
from strikewise.market.regime import Regime
from strikewise.market.view import regime_confidence
from strikewise.portfolio.controls import ControlState, TrippedBreaker
from strikewise.risk.concentration import sector_cents
from strikewise.risk.gate import (
    Approved,
    ApprovedAdjusting,
    ApprovedClosing,
    GateControl,
    judge,
    judge_adjusting,
    judge_closing,
)
from strikewise.risk.governor import Governor
from strikewise.risk.past_moves import Unpriced


def test_without_a_control_nothing_of_this_is_asked() -> None:
    blind = view_of({"SPY": 500.0}, bars=[])
    wish = spread()
    assert isinstance(judge(wish, signal_of(wish), account(), WIDE, blind), Approved)
    denied(verdict(wish, view=blind), DenialCode.RISK_UNKNOWN)


def test_a_sound_wish_passes_the_defaults() -> None:
    assert isinstance(verdict(spread(), rules=replace(Governor(), blackouts={})), Approved)


def test_what_is_unknown_is_denied_with_what_is_missing() -> None:
    view = view_of({"SPY": 500.0}, bars=[closes("SPY", 500.0, seed=7)])
    assert denied(verdict(spread(), view=view), DenialCode.RISK_UNKNOWN) == (
        "limit=value_at_risk underlying=SPY volatility_index=none"
    )


wishes = st.builds(
    lambda short, which, many, right: held(
        {
            (put if right else call)(short * 5, EXPIRY, which): -1,
            (put if right else call)(short * 5 + (-10 if right else 10), EXPIRY, which): 1,
        },
        quantity=many,
        max_loss=90_000 * many,
        margin=100_000 * many,
        name=f"w{short}{which}{many}{right}",
    ),
    st.integers(85, 100),
    st.just("SPY"),
    st.integers(1, 30),
    st.booleans(),
)
rules_drawn = st.builds(
    Governor,
    max_value_at_risk=st.floats(0.001, 0.2),
    max_delta=st.floats(0.0005, 0.05),
    max_gamma=st.floats(0.0005, 0.05),
    max_vega=st.floats(0.0005, 0.05),
    max_sector=st.floats(0.01, 1.0),
    max_notional=st.floats(0.5, 50.0),
    blackouts=st.just({}),
    max_correlation=st.just(1.0),
)


@settings(max_examples=60)
@given(st.lists(wishes, min_size=1, max_size=6, unique_by=lambda one: one.structure), rules_drawn)
def test_no_order_passes_that_leaves_a_limit_broken_which_it_did_not_lessen(
    wanted: list[Position], rules: Governor
) -> None:
    portfolio, gate = account(), control(rules)
    for wish in wanted:
        before = _numbers(portfolio, gate)
        if not isinstance(verdict(wish, portfolio, gate=gate), Approved):
            continue
        portfolio = account(*portfolio.positions, wish)
        after = _numbers(portfolio, gate)
        equity = portfolio.equity_exit_cents / 100
        for name, limit in (
            ("var", rules.max_value_at_risk),
            ("delta", rules.max_delta),
            ("gamma", rules.max_gamma),
            ("vega", rules.max_vega),
        ):
            assert after[name] <= limit * equity + 0.01 or after[name] < before[name]
        assert max(sector_cents(portfolio.positions, {}).values()) <= 100 * rules.max_sector * equity
        largest = wish.quantity * 100 * 500.0
        assert largest <= rules.max_notional * equity


def _numbers(portfolio: Portfolio, gate: GateControl) -> dict[str, float]:
    book = gate.risk.book(portfolio.positions)
    found = gate.risk.value_at_risk_of(book)
    assert not isinstance(book, Unpriced)
    assert not isinstance(found, Unpriced)
    greeks = book.greeks()
    return {
        "var": found.cents / 100,
        "delta": abs(greeks.delta),
        "gamma": abs(greeks.gamma),
        "vega": abs(greeks.vega),
    }


@pytest.mark.parametrize(
    ("rules", "code", "number"),
    [
        (replace(LOOSE, max_value_at_risk=0.001), DenialCode.RISK_VAR, "value_at_risk="),
        (replace(LOOSE, max_delta=0.0001), DenialCode.RISK_DELTA, "delta_1pct="),
        (replace(LOOSE, max_gamma=0.0001), DenialCode.RISK_GAMMA, "gamma_5pct="),
        (replace(LOOSE, max_vega=0.0001), DenialCode.RISK_VEGA, "vega_5points="),
        (replace(LOOSE, max_sector=0.01), DenialCode.RISK_SECTOR, "at_stake="),
        (replace(LOOSE, max_notional=1.0), DenialCode.RISK_NOTIONAL, "notional="),
    ],
    ids=lambda one: one.value if isinstance(one, DenialCode) else "",
)
def test_each_limit_denies_by_its_own_name_with_its_numbers(
    rules: Governor, code: DenialCode, number: str
) -> None:
    detail = denied(verdict(spread(many=5), rules=rules), code)
    assert detail.startswith(number)
    assert " limit=" in detail


def test_a_hedge_passes_though_the_account_is_beyond_its_limit_of_delta() -> None:
    heavy = account(held({Stock("SPY"): 400}, max_loss=20_000_00, margin=100_000))
    rules = replace(LOOSE, max_delta=0.005)
    hedge = held({put(500, EXPIRY): 1}, name="h", quantity=3, cost=300_000, max_loss=300_000, margin=0)
    assert isinstance(verdict(hedge, heavy, rules), Approved)
    more = held({call(500, EXPIRY): 1}, name="m", cost=100_000, max_loss=100_000, margin=0)
    assert " before=2000.00" in denied(verdict(more, heavy, rules), DenialCode.RISK_DELTA)


def test_underlyings_that_move_together_are_not_held_together() -> None:
    ours = account(spread())
    rules = replace(LOOSE, max_correlation=0.70)
    detail = denied(
        verdict(spread(380, underlying="QQQ", name="q"), ours, rules), DenialCode.RISK_CORRELATION
    )
    assert detail.startswith("with=SPY correlation=0.9")
    assert isinstance(verdict(spread(90, underlying="TLT", width=5, name="t"), ours, rules), Approved)
    assert isinstance(verdict(spread(475, name="s"), ours, rules), Approved), "one underlying is no pair"


def test_a_correlation_that_is_not_known_is_denied() -> None:
    view = view_of({"SPY": 500.0, "AAA": 95.0}, bars=past({"SPY": 500.0}))
    rules = replace(LOOSE, max_correlation=0.70)
    answer = verdict(spread(90, underlying="AAA", width=5), account(spread(name="s")), rules, view=view)
    detail = denied(answer, DenialCode.RISK_UNKNOWN)
    assert detail == "limit=correlation underlying=AAA bars=none"


# --- what may be sent -------------------------------------------------------------------------------------


def closing(position: Position, reason: str = "STOP_LOSS") -> Order:
    legs = {leg.instrument: -leg.ratio for leg in position.structure.legs}
    made = order(
        legs, quantity=position.quantity, purpose=Purpose.CLOSE, position_id=position.position_id, at=NOW
    )
    return replace(made, reason=reason)


@given(
    wishes,
    rules_drawn,
    st.sampled_from(["STOP_LOSS", "PROFIT_TARGET", "FLATTEN", "TIME_EXIT"]),
    st.booleans(),
)
def test_while_risk_is_reduced_every_closing_order_passes_and_no_new_risk_does(
    position: Position, rules: Governor, reason: str, fast: bool
) -> None:
    patient = replace(rules, min_hold_hours=1000.0 if fast else 0.0)
    gate = control(patient, state=TradingState.REDUCING, frozen={"SPY": "split"})
    assert isinstance(judge_closing(closing(position, reason), position, VIEW, gate), ApprovedClosing)
    denied(verdict(position, gate=gate), DenialCode.STATE_REDUCING)


@given(wishes, st.sampled_from(["STOP_LOSS", "MARGIN_CALL", "FLATTEN"]))
def test_while_trading_is_halted_nothing_passes_at_all(position: Position, reason: str) -> None:
    gate = control(state=TradingState.HALTED)
    denied(verdict(position, gate=gate), DenialCode.STATE_HALTED)
    leaving = closing(position, reason)
    denied(judge_closing(leaving, position, VIEW, gate), DenialCode.STATE_HALTED)
    adjusting = replace(leaving, purpose=Purpose.ADJUST)
    held_now = account(position)
    answer = judge_adjusting(adjusting, position, held_now, WIDE, VIEW, working="", control=gate)
    denied(answer, DenialCode.STATE_HALTED)


def test_while_risk_is_reduced_an_adjustment_passes_only_where_it_takes_risk_away() -> None:
    gate = control(state=TradingState.REDUCING)
    position = spread(many=2, name="p")
    back = replace(order({put(480, EXPIRY): 1}, purpose=Purpose.ADJUST, position_id="p", at=NOW))
    assert isinstance(
        judge_adjusting(back, position, account(position), WIDE, VIEW, working="", control=gate),
        ApprovedAdjusting,
    )
    adds = order(
        {call(520, EXPIRY): -1, call(530, EXPIRY): 1}, purpose=Purpose.ADJUST, position_id="p", at=NOW
    )
    denied(
        judge_adjusting(adds, position, account(position), WIDE, VIEW, working="", control=gate),
        DenialCode.STATE_REDUCING,
    )
    assert isinstance(
        judge_adjusting(adds, position, account(position), WIDE, VIEW, working="", control=control()),
        ApprovedAdjusting,
    )


def test_an_adjustment_may_not_break_a_limit_of_the_account_either() -> None:
    position = spread(name="p")
    adds = order({put(495, EXPIRY): -2, put(460, EXPIRY): 2}, purpose=Purpose.ADJUST, position_id="p", at=NOW)
    gate = control(replace(LOOSE, max_vega=0.0001))
    denied(
        judge_adjusting(adds, position, account(position), WIDE, VIEW, working="", control=gate),
        DenialCode.RISK_VEGA,
    )


def test_a_frozen_underlying_takes_no_entry_and_lets_out() -> None:
    gate = control(frozen={"SPY": "a split nobody announced"})
    assert "a split nobody announced" in denied(verdict(spread(), gate=gate), DenialCode.STATE_FROZEN)
    position = spread()
    assert isinstance(judge_closing(closing(position), position, VIEW, gate), ApprovedClosing)
    assert isinstance(verdict(spread(90, underlying="TLT", width=5), gate=gate), Approved)


def test_what_the_broker_takes_not_as_one_order_is_denied_before_it_is_refused_again_and_again() -> None:
    covered = held({Stock("SPY"): 100, call(510, EXPIRY): -1}, quantity=1, max_loss=100, margin=100)
    apart = control(broker=Capabilities("alpaca", max_legs=4, mixes_shares=False))
    assert "mixed=shares" in denied(verdict(covered, gate=apart), DenialCode.PORTFOLIO_BROKER)
    assert isinstance(verdict(spread(), gate=apart), Approved)
    single = control(broker=Capabilities("plain", max_legs=1))
    assert "legs=2 limit=1" in denied(verdict(spread(), gate=single), DenialCode.PORTFOLIO_BROKER)
    assert isinstance(judge_closing(closing(spread()), spread(), VIEW, single), ApprovedClosing)


def test_what_is_nobodys_is_not_closed() -> None:
    external = spread(strategy=EXTERNAL)
    denied(judge_closing(closing(external), external, VIEW, control()), DenialCode.PORTFOLIO_EXTERNAL)


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("underlying=SPY direction=bullish", DenialCode.BREAKER_COOL_DOWN),
        ("structure=SPY +470P -480P", DenialCode.BREAKER_STRIKES),
        ("strategy=s", DenialCode.BREAKER_STRATEGY),
    ],
)
def test_a_breaker_denies_by_its_scope_until_its_time(scope: str, code: DenialCode) -> None:
    for until in (None, NOW + timedelta(hours=1)):
        gate = control(breakers=(TrippedBreaker("BREAKER_X", scope, until, "losses=2", NOW),))
        assert "losses=2" in denied(verdict(spread(), gate=gate), code)
    over = control(breakers=(TrippedBreaker("BREAKER_X", scope, NOW, "losses=2", NOW),))
    assert isinstance(verdict(spread(), gate=over), Approved)


def test_the_control_of_a_view_knows_what_holds_at_it() -> None:
    state = ControlState(
        breakers=(
            TrippedBreaker("B", "strategy=s", NOW - timedelta(hours=1), "d=1", NOW - timedelta(hours=2)),
        ),
        frozen={"SPY": "x"},
    )
    made = GateControl.of(state, LOOSE, VIEW, least_scores={"s": 50.0})
    assert (made.breakers, dict(made.frozen), made.governor) == ((), {"SPY": "x"}, LOOSE)
    assert GateControl.of(state, LOOSE, VIEW, state=TradingState.HALTED).state is TradingState.HALTED


# --- the regime --------------------------------------------------------------------------------------------


def rising(bars: DailyBars) -> list[DailyBars]:
    """Return a steady rise with a calm volatility index."""
    close = 500.0 * 1.001 ** (bars.days - bars.days[-1]).astype(float)
    up = DailyBars("SPY", bars.days, close, close, close, close, bars.volume, bars.known_at)
    level = 17.0 + 0.001 * (bars.days % 7)
    return [up, DailyBars("VIX", bars.days, level, level, level, level, bars.volume, bars.known_at)]


def test_a_sure_regime_costs_a_contrary_signal_fifteen_points() -> None:
    view = view_of({"SPY": 500.0}, bars=rising(closes("SPY", 500.0)))
    assert view.regime() is Regime.BULL
    confidence = regime_confidence(view)
    assert confidence is not None
    assert confidence > 0.95
    bearish = held({call(520, EXPIRY): -1, call(530, EXPIRY): 1}, max_loss=90_000, margin=100_000)
    gate = control(view=view, least_scores={"s": 60.0})
    detail = denied(verdict(bearish, score=74.9, gate=gate, view=view), DenialCode.BREAKER_REGIME)
    assert "regime=bull direction=bearish" in detail
    assert "score=74.9 penalty=15 least=60" in detail
    assert isinstance(verdict(bearish, score=75.0, gate=gate, view=view), Approved)
    assert isinstance(verdict(spread(), score=60.0, gate=gate, view=view), Approved), (
        "the regime speaks for it"
    )
    unsure = control(replace(LOOSE, regime_confidence=0.999), view=view, least_scores={"s": 60.0})
    assert isinstance(verdict(bearish, score=60.0, gate=unsure, view=view), Approved)
