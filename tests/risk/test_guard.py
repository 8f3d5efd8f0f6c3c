"""The guard halts, closes and lets go for what was set, in numbers, and never loosens what a person holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import put
from risk.risk_facts import Diary
from risk.risk_markets import EXPIRY, NOW, account, held, view_of
from strikewise.domain.control import (
    FaultNoted,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import OrderFilled, OrderUnresolved
from strikewise.domain.greeks import Greeks
from strikewise.domain.portfolio import Mark, Portfolio, Position
from strikewise.domain.reconciled import EXTERNAL, CashAdjusted
from strikewise.portfolio.controls import ControlState, is_person, stricter
from strikewise.risk.governor import Governor
from strikewise.risk.guard import ChangeState, ClosePosition, Trip, Warn, guard
from strikewise.risk.track import Track

SPREAD = {put(480, EXPIRY): -1, put(470, EXPIRY): 1}
VIEW = view_of({"SPY": 500.0})
MORNING, YESTERDAY = NOW - timedelta(hours=6), NOW - timedelta(days=1)
EQUITY = 10_000_000
RULES = Governor()


def at_mark(position: Position, loss: int, *, estimated: int = 0) -> Position:
    """Return a position that closing now would lose so many cents on."""
    worth = position.cash_cents + position.fees_cents - loss
    return replace(position, mark=Mark(worth, worth, 50_000, estimated, Greeks(), NOW))


def worth(equity: int, mid: int | None = None, *positions: Position) -> Portfolio:
    made = account(*positions)
    return replace(made, equity_exit_cents=equity, equity_mid_cents=equity if mid is None else mid)


def diary(*equities: int) -> Diary:
    """Return a ledger with a valuation of yesterday, and further ones of this day."""
    made = Diary(at=YESTERDAY)
    for number, equity in enumerate(equities):
        made.valued(YESTERDAY if not number else MORNING + timedelta(minutes=number), equity)
    return made


def state_change(
    portfolio: Portfolio, history: Diary, control: ControlState | None = None, rules: Governor = RULES
) -> ChangeState | None:
    changes = state_changes(portfolio, history, control, rules)
    assert len(changes) <= 1
    return changes[0] if changes else None


def state_changes(
    portfolio: Portfolio, history: Diary, control: ControlState | None = None, rules: Governor = RULES
) -> list[ChangeState]:
    found = guard(VIEW, portfolio, control or history.control, history.track, rules)
    return [one for one in found if isinstance(one, ChangeState)]


def after(control: ControlState, *changes: ChangeState) -> ControlState:
    for one in changes:
        fact = TradingStateChanged(one.state, one.reason, one.detail, one.flatten, one.by_person)
        control = control.apply(control.seq + 1, fact, NOW, "engine")
    return control


def test_a_quiet_account_is_left_alone() -> None:
    assert state_change(worth(EQUITY), diary(EQUITY)) is None


def test_two_percent_down_since_yesterday_ends_new_risk_and_only_that() -> None:
    history = diary(EQUITY)
    assert state_change(worth(9_800_001), history) is None
    found = state_change(worth(9_800_000), history)
    assert found == ChangeState(
        TradingState.REDUCING, "LIMIT_DAILY_LOSS", "loss=2000.00 limit=2000.00 start=100000.00"
    )


def test_a_daily_loss_is_forgotten_the_next_day_and_not_before() -> None:
    history = diary(EQUITY)
    found = state_change(worth(9_700_000), history)
    assert found is not None
    reducing = after(ControlState(), found)
    assert state_change(worth(9_700_000), history, reducing) is None
    next_day = Diary(at=YESTERDAY - timedelta(days=1))
    next_day.valued(YESTERDAY, 9_700_000)
    back = state_change(worth(9_700_000), next_day, reducing)
    assert back is not None
    assert back.state is TradingState.ACTIVE
    assert after(reducing, back).state is TradingState.ACTIVE


def test_five_percent_below_the_high_of_the_day_closes_everything_until_a_person_resumes() -> None:
    history = diary(EQUITY, 10_200_000)
    assert _flattens(state_change(worth(9_690_001), history)) is False
    found = state_change(worth(9_690_000), history)
    assert found is not None
    assert (found.state, found.reason, found.flatten, found.by_person) == (
        TradingState.REDUCING, "LIMIT_DAY_DRAWDOWN", True, True,
    )  # fmt: skip
    assert found.detail == "drawdown=5100.00 limit=5100.00 high=102000.00"
    flattened = after(ControlState(), found)
    assert flattened.flatten
    assert state_change(worth(EQUITY), history, flattened) is None, "a recovery is no person"


def _flattens(change: ChangeState | None) -> bool:
    return change is not None and change.flatten


@pytest.mark.parametrize(
    ("policy", "state", "flatten"),
    [("flatten", "reducing", True), ("reduce", "reducing", False), ("halt", "halted", False)],
)
def test_what_a_drawdown_does_is_a_policy(policy: str, state: str, *, flatten: bool) -> None:
    rules = Governor(on_drawdown=type(RULES.on_drawdown)(policy))
    found = state_change(worth(9_000_000), diary(EQUITY), rules=rules)
    assert found is not None
    assert (found.state.value, found.flatten, found.by_person) == (state, flatten, True)


def test_nothing_is_closed_on_prices_that_nobody_quoted() -> None:
    position = at_mark(held(SPREAD), 20_000, estimated=1)
    found = state_change(worth(9_000_000, None, position), diary(EQUITY))
    assert found is not None
    assert (found.state, found.flatten, found.by_person) == (TradingState.REDUCING, False, False)


def test_wide_quotes_end_new_risk_but_close_nothing() -> None:
    found = state_change(worth(9_000_000, EQUITY), diary(EQUITY))
    assert found is not None
    assert (found.reason, found.flatten) == ("LIMIT_DAILY_LOSS", False)


def test_what_is_taken_out_or_paid_in_is_neither_loss_nor_gain() -> None:
    history = diary(EQUITY)
    history.write(CashAdjusted(-5_000_000, "withdrawn"), MORNING, "broker")
    assert state_change(worth(5_000_000), history) is None
    history.write(CashAdjusted(5_000_000, "paid in"), MORNING, "broker")
    assert state_change(worth(9_800_000), history) is not None


def _errors(count: int, *, source: str = "broker", apart: float = 5.0) -> Diary:
    made = diary(EQUITY)
    for number in range(count):
        made.write(FaultNoted(source, "TIMEOUT", "", ""), NOW - timedelta(minutes=apart * number + 1))
    return made


@pytest.mark.parametrize("source", ["broker", "data"])
def test_five_errors_of_broker_or_data_in_an_hour_halt_and_an_hour_without_lets_go(source: str) -> None:
    assert state_change(worth(EQUITY), _errors(4, source=source)) is None
    history = _errors(5, source=source)
    found = state_change(worth(EQUITY), history)
    assert found is not None
    assert (found.state, found.reason, found.by_person) == (TradingState.HALTED, "BREAKER_ERRORS", False)
    halted = after(history.control, found)
    assert state_change(worth(EQUITY), history, halted) is None
    assert state_change(worth(EQUITY), _errors(5, apart=20.0)) is None, "too far apart"
    calm = replace(halted, faults=())
    back = state_change(worth(EQUITY), history, calm)
    assert back is not None
    assert back.state is TradingState.ACTIVE


def test_five_orders_that_nobody_answered_in_an_hour_halt() -> None:
    asked = Diary()
    for number in range(5):
        assert state_change(worth(EQUITY), diary(EQUITY), asked.control) is None
        asked.write(OrderUnresolved(f"o-{number}", "timed out"), NOW - timedelta(minutes=40 - number))
    found = state_change(worth(EQUITY), diary(EQUITY), asked.control)
    assert found is not None
    assert (found.state, found.detail) == (TradingState.HALTED, "errors=5 limit=5 minutes=60")


def test_one_outage_is_one_error_however_many_symbols_it_is_told_of() -> None:
    assert state_change(worth(EQUITY), _errors(20, source="data", apart=0.0)) is None


def test_errors_of_a_strategy_are_none_of_broker_or_data() -> None:
    assert state_change(worth(EQUITY), _errors(9, source="strategy")) is None


def test_rejections_in_a_row_halt_until_a_person_resumes() -> None:
    rejected = replace(Track(), refused=tuple(f"o-{n}" for n in range(5)))
    found = next(
        one
        for one in guard(VIEW, worth(EQUITY), ControlState(), rejected, RULES)
        if isinstance(one, ChangeState)
    )
    assert (found.state, found.reason, found.by_person) == (TradingState.HALTED, "BREAKER_REJECTIONS", True)
    fewer = replace(rejected, refused=rejected.refused[:4])
    assert not any(
        isinstance(one, ChangeState) for one in guard(VIEW, worth(EQUITY), ControlState(), fewer, RULES)
    )


def test_what_a_person_stopped_no_recovery_lets_go() -> None:
    halted = ControlState().apply(
        1, TradingStateChanged(TradingState.HALTED, "mine", by_person=True), NOW, "person:a"
    )
    assert state_change(worth(EQUITY), diary(EQUITY), halted) is None
    assert state_change(worth(9_700_000), diary(EQUITY), halted) is None


def test_what_somebody_else_made_stricter_stays_so() -> None:
    other = ControlState().apply(1, TradingStateChanged(TradingState.HALTED, "RECONCILIATION"), NOW, "engine")
    assert state_change(worth(EQUITY), diary(EQUITY), other) is None
    assert state_change(worth(9_700_000), diary(EQUITY), other) is None
    flattened = after(other, *state_changes(worth(9_000_000), diary(EQUITY), other))
    assert (flattened.state, flattened.reason) == (TradingState.HALTED, "RECONCILIATION")
    let_go = flattened.apply(9, TradingStateChanged(TradingState.ACTIVE, "RECONCILIATION"), NOW, "engine")
    assert (let_go.state, let_go.flatten) == (TradingState.REDUCING, True), "what fell is still closed out"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("policy", ["flatten", "reduce"])
def test_an_outage_during_a_drawdown_is_over_when_the_errors_are(policy: str, *, together: bool) -> None:
    rules, control = Governor(on_drawdown=type(RULES.on_drawdown)(policy)), ControlState()
    if not together:
        control = after(control, *state_changes(worth(9_000_000), diary(EQUITY), control, rules))
    failing = replace(control, faults=_errors(5).control.faults)
    halted = after(failing, *state_changes(worth(9_000_000), diary(EQUITY), failing, rules))
    assert (halted.state, halted.reason) == (TradingState.HALTED, "BREAKER_ERRORS")
    calm = replace(halted, faults=())
    back = after(calm, *state_changes(worth(9_000_000), diary(EQUITY), calm, rules))
    assert (back.state, back.flatten) == (TradingState.REDUCING, policy == "flatten")
    assert (back.by_person, back.reason) == (True, "LIMIT_DAY_DRAWDOWN")


def test_after_a_person_resumed_the_same_fall_does_not_stop_it_again() -> None:
    history = diary(EQUITY, 9_400_000)
    found = state_change(worth(9_400_000), history)
    assert _flattens(found)
    history.write(TradingStateChanged(TradingState.ACTIVE, "looked"), NOW, "person:ann")
    assert is_person("person:ann")
    assert state_change(worth(9_400_000), history) is None
    assert state_change(worth(9_200_000), history) is not None, "a further fall of two percent does"


STATES = st.sampled_from([None, "active", "reducing", "halted"])


@given(STATES, st.booleans(), st.integers(8_500_000, 10_000_000), st.integers(0, 7))
def test_a_change_is_never_less_strict_than_what_others_hold_and_settles_at_once(
    state: str | None,
    by_person: bool,
    equity: int,
    errors: int,
) -> None:
    history, control = _errors(errors), ControlState()
    if state is not None:
        fact = TradingStateChanged(TradingState(state), "theirs", by_person=by_person)
        control = control.apply(1, fact, NOW - timedelta(hours=2), "person:a" if by_person else "engine")
    control = replace(control, faults=history.control.faults)
    control_after = after(control, *state_changes(worth(equity), history, control))
    assert stricter(control_after.state, control.state) is control_after.state
    assert state_changes(worth(equity), history, control_after) == [], "asked again, nothing is due"


@pytest.mark.parametrize(
    ("cost", "loss", "limit", "by"),
    [
        (-10_000, 19_999, None, ""),
        (-10_000, 20_000, "200.00", "premiums"),
        (-30_000, 50_000, "500.00", "dollars"),
    ],
)
def test_a_position_is_closed_at_500_dollars_or_twice_its_premium(
    cost: int, loss: int, limit: str | None, by: str
) -> None:
    position = at_mark(held(SPREAD, cost=cost, max_loss=90_000), loss)
    found = [
        one
        for one in guard(VIEW, account(position), ControlState(), Track(), RULES)
        if isinstance(one, ClosePosition)
    ]
    if limit is None:
        assert found == []
    else:
        assert found == [ClosePosition("p", "POSITION_LOSS", f"loss={loss / 100:.2f} limit={limit} by={by}")]


def test_what_was_bought_has_no_premium_to_lose_twice() -> None:
    bought = at_mark(held({put(480, EXPIRY): 1}, cost=10_000, max_loss=10_000), 9_999)
    assert not any(
        isinstance(one, ClosePosition) for one in guard(VIEW, account(bought), ControlState(), Track(), RULES)
    )


def test_a_loss_beyond_what_can_be_lost_is_a_bad_quote_and_counts_no_more() -> None:
    for fees, closes in ((4_999, False), (5_000, True)):
        absurd = replace(at_mark(held(SPREAD, cost=-30_000, max_loss=45_000), 300_000), fees_cents=fees)
        found = guard(VIEW, account(absurd), ControlState(), Track(), RULES)
        assert any(isinstance(one, ClosePosition) for one in found) is closes, "fees come on top"


@pytest.mark.parametrize("changed", [{"closing_order_id": "c"}, {"strategy": EXTERNAL}, {"mark": None}])
def test_what_is_on_its_way_out_or_nobodys_or_without_a_price_is_not_closed(changed: dict) -> None:  # type: ignore[type-arg]
    position = replace(at_mark(held(SPREAD, max_loss=90_000), 60_000), **changed)
    found = guard(VIEW, account(position), ControlState(), Track(), RULES)
    assert not any(isinstance(one, ClosePosition) for one in found)


def test_an_external_position_and_an_estimated_price_are_told_instead() -> None:
    lost = at_mark(held(SPREAD, max_loss=90_000), 60_000)
    external = replace(lost, strategy=EXTERNAL)
    guessed = at_mark(held(SPREAD, max_loss=90_000, name="g"), 60_000, estimated=1)
    found = guard(VIEW, account(external, guessed), ControlState(), Track(), RULES)
    told = [one.text for one in found if isinstance(one, Warn) and one.code == "POSITION_LOSS"]
    assert len(told) == 2
    assert "external" in told[0]
    assert "estimated" in told[1]


def test_a_breaker_is_tripped_as_a_fact() -> None:
    history = Diary(at=YESTERDAY)
    history.lose(SPREAD, NOW - timedelta(minutes=30), NOW - timedelta(minutes=20))
    found = [
        one
        for one in guard(VIEW, worth(EQUITY), history.control, history.track, RULES)
        if isinstance(one, Trip)
    ]
    assert [one.fact.breaker for one in found] == ["BREAKER_STOPPED_STRIKES"]
    assert any(isinstance(one.event, OrderFilled) for one in history.records)


def test_unknown_risk_and_missing_calendars_are_told() -> None:
    blind = view_of({"SPY": 500.0}, bars=[])
    codes = {
        one.code
        for one in guard(blind, account(held(SPREAD)), ControlState(), Track(), RULES)
        if isinstance(one, Warn)
    }
    assert codes == {"RISK_UNKNOWN", "EVENTS_UNKNOWN"}
