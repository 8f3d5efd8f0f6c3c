"""How much a strategy of the library proposes, and that it leaves what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.seekers import (
    SEEKERS,
    WILD,
    WITH_EVENTS,
    every_strategy,
    found,
    generous,
    portfolio,
    sized_by_risk,
)
from strategy.markets import CALENDAR, view_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.signals import Close, Hold
from strikewise.strategy.api import Strategy


@every_strategy
def test_without_capital_nothing_is_traded(strategy: Strategy) -> None:
    signal = found(strategy, view_of(WILD))[0]
    params = generous(strategy, risk_fraction=1.0)
    for account in (portfolio(0), portfolio(10**9, margin_cents=10**9), portfolio(-(10**6))):
        none = strategy.size_position(signal, account, params)
        assert (none.quantity, none.holdings, none.entry_cents, none.margin_cents) == (0, (), 0, 0)


@sized_by_risk
@given(
    equity=st.integers(0, 10**9),
    used=st.floats(0.0, 1.2),
    fraction=st.floats(0.0001, 1.0),
    fee=st.floats(0.0, 5.0),
    fixed=st.booleans(),
)
def test_a_size_never_exceeds_risk_or_free_capital(
    strategy: Strategy, equity: int, used: float, fraction: float, fee: float, fixed: bool
) -> None:
    signal = SIGNALS[strategy.name]
    params = generous(
        strategy,
        risk_fraction=fraction,
        fee_per_contract=fee,
        sizing="fixed" if fixed else "fraction",
        units=7,
        max_units=10_000,
    )
    account = portfolio(equity, margin_cents=int(used * equity))
    proposal = strategy.size_position(signal, account, params)
    assert proposal.margin_cents == signal.margin_cents * proposal.quantity <= max(account.free_cents, 0)
    assert proposal.entry_cents == signal.price_cents * proposal.quantity
    assert [(h.instrument, h.quantity) for h in proposal.holdings] == [
        (leg.instrument, leg.ratio * proposal.quantity) for leg in signal.structure.legs if proposal.quantity
    ]
    if fixed:
        assert proposal.quantity <= 7
    else:
        fees = round(fee * 100) * sum(abs(ratio) for _, ratio in signal.structure.options)
        assert (signal.margin_cents + fees) * proposal.quantity <= fraction * equity + 1
        affordable = max(account.free_cents, 0) // (signal.margin_cents + fees)
        more = (signal.margin_cents + fees) * (proposal.quantity + 1)
        assert more > fraction * equity - 1 or proposal.quantity in {affordable, 10_000}


SIGNALS = {name: found(strategy, view_of(WILD))[0] for name, strategy in SEEKERS.items()}


@every_strategy
def test_a_fresh_position_is_held_and_one_that_reached_its_target_is_closed(strategy: Strategy) -> None:
    signal = SIGNALS[strategy.name]
    params = generous(strategy)
    proposal = strategy.size_position(signal, portfolio(10**9), params)
    view = view_of(WILD)
    assert strategy.manage_position(proposal, view, params) == Hold()
    if not params.integer("dte_exit") and strategy not in WITH_EVENTS:
        return  # it may hold to the end
    end = CALENDAR.session_at_or_before(min(signal.structure.expirations))
    action = strategy.manage_position(proposal, view_of(WILD, at=CALENDAR.session_close(end)), params)
    assert isinstance(action, Close)
    assert action.reason in {"DTE_EXIT", "EVENT_PAST"}


@pytest.mark.parametrize("strategy", WITH_EVENTS, ids=lambda strategy: strategy.name)
def test_without_a_calendar_of_events_that_is_the_reason(strategy: Strategy) -> None:
    for events, code in (((), DenialCode.DATA_NO_EVENTS), ((("CPI", 90),), DenialCode.ENTRY_NO_EVENT)):
        screened = strategy.screen(view_of(replace(WILD, events=events)), generous(strategy))
        assert screened.signals == ()
        assert screened.rejected == {code: 1}
