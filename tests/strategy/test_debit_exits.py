"""What was paid or set aside is the measure by which a position is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.domain.portfolio import Holding, Mark, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Adjust, Close, Roll, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.strategy.debit_exits import stake_exit
from strikewise.strategy.delta_hedging import delta_hedge
from strikewise.strategy.exits import ExitCode, assigned, credit_exit
from strikewise.strategy.registry import STRATEGIES
from strikewise.strategy.rolling import rolled

OPENED = datetime(2025, 6, 10, 20, tzinfo=UTC)
LAST = date(2025, 7, 18)
CALL, PUT = (OptionContract("SPY", LAST, right, 600_000) for right in (Right.CALL, Right.PUT))
BOUGHT = STRATEGIES["long_option"].space.make()
SOLD = STRATEGIES["short_straddle"].space.make({"hedge_band": 0.1})


def held(
    exit_cents: int | None, *, units: int = 2, delta: float = 0.0, shares: int = 0, side: int = 1,
    estimated: int = 0, symbol: str = "SPY",
) -> Position:  # fmt: skip
    call, put = replace(CALL, underlying=symbol), replace(PUT, underlying=symbol)
    mark = None
    if exit_cents is not None:
        mark = Mark(exit_cents, exit_cents, 60_000, estimated, Greeks(delta), OPENED)
    holdings = [Holding(call, side * units), Holding(put, side * units)]
    if shares:
        holdings.append(Holding(Stock(symbol), shares))
    cash = side * 100_000 * units
    return Position(
        position_id="p", strategy="s", underlying=symbol, signal_id="i",
        structure=Structure.of([Leg(call, side), Leg(put, side)]), quantity=units,
        holdings=tuple(holdings), opened_at=OPENED, entry_cents=cash, cash_cents=cash, fees_cents=0,
        max_loss_cents=None, margin_cents=0, because={"at_stake": 1000.0}, grade=Grade.QUOTES, mark=mark,
    )  # fmt: skip


def reason(position: Position, days: int = 1) -> str | None:
    action = stake_exit(position, OPENED.date() + timedelta(days), BOUGHT)
    return None if action is None else action.reason


@pytest.mark.parametrize(
    ("exit_cents", "expected"),
    [
        (200_000, None),
        (399_999, None),
        (400_000, ExitCode.PROFIT_TARGET),
        (100_001, None),
        (100_000, ExitCode.STOP_LOSS),
        (0, ExitCode.STOP_LOSS),
    ],
)
def test_double_the_debit_is_taken_and_half_of_it_is_the_most_to_lose(
    exit_cents: int, expected: str | None
) -> None:
    assert reason(held(exit_cents)) == expected


def test_a_target_is_not_met_on_an_estimate_but_a_stop_is() -> None:
    assert reason(held(500_000, estimated=1)) is None
    assert reason(held(0, estimated=1)) == ExitCode.STOP_LOSS
    assert reason(held(None)) is None
    assert reason(held(None), days=(LAST - OPENED.date()).days - 21) == ExitCode.DTE_EXIT


def test_rules_set_to_zero_are_off() -> None:
    off = STRATEGIES["long_option"].space.make({"profit_target": 0.0, "stop_loss": 0.0})
    for exit_cents in (0, 10_000_000):
        assert stake_exit(held(exit_cents), OPENED.date(), off) is None


@given(first=st.integers(0, 600_000), second=st.integers(0, 600_000))
def test_a_worse_price_never_turns_a_stop_into_a_hold(first: int, second: int) -> None:
    worse, better = sorted((first, second))
    if reason(held(better)) == ExitCode.STOP_LOSS:
        assert reason(held(worse)) == ExitCode.STOP_LOSS


def test_hedging_shares_beside_all_options_are_no_assignment_and_without_one_of_them_are() -> None:
    hedged = held(-200_000, shares=-37, side=-1)
    assert not assigned(hedged)
    assert credit_exit(hedged, OPENED.date(), SOLD) is None
    without = replace(hedged, holdings=tuple(one for one in hedged.holdings if one.instrument != CALL))
    partly = replace(
        hedged,
        holdings=tuple(
            replace(one, quantity=-1) if one.instrument == CALL else one for one in hedged.holdings
        ),
    )
    for one in (without, partly):
        assert assigned(one)
        assert credit_exit(one, OPENED.date(), SOLD) == Close(ExitCode.ASSIGNED_SHARES)


@given(delta=st.floats(-500.0, 500.0), units=st.integers(1, 9))
def test_shares_bring_delta_back_to_zero_and_only_from_outside_the_band(delta: float, units: int) -> None:
    action = delta_hedge(held(0, delta=delta, units=units, side=-1), SOLD)
    if abs(delta) <= 0.1 * units * 100:
        assert action is None
        return
    assert isinstance(action, Adjust)
    ((stock, sign),) = [(leg.instrument, leg.ratio) for leg in action.legs.legs]
    assert stock == Stock("SPY")
    assert abs(delta + sign * action.quantity) <= 0.5


def test_nothing_is_hedged_on_a_guess_nor_where_there_are_no_shares_nor_unasked() -> None:
    assert delta_hedge(held(0, delta=500.0, estimated=1), SOLD) is None
    assert delta_hedge(held(None), SOLD) is None
    assert delta_hedge(held(0, delta=500.0, symbol="SPX"), SOLD) is None
    assert delta_hedge(held(0, delta=500.0), STRATEGIES["short_straddle"].space.make()) is None


def offered(*days: int) -> list[Signal]:
    made = []
    for later in days:
        contract = replace(CALL, expiration=LAST + timedelta(later))
        made.append(
            Signal(
                signal_id=f"s{later}",
                strategy="s",
                underlying="SPY",
                as_of=OPENED,
                structure=Structure.of([Leg(contract, 1)]),
                price_cents=1,
                mid_cents=1,
                max_loss_cents=1,
                max_profit_cents=None,
                margin_cents=1,
                breakevens=(),
                probability_of_profit=0.5,
                edge_cents=0,
                score=1.0,
                score_parts={},
                because={},
                grade=Grade.QUOTES,
            )
        )
    return made


def test_only_what_leaves_by_its_days_is_rolled_and_only_to_later() -> None:
    due, stopped = Close(ExitCode.DTE_EXIT, "dte=21"), Close(ExitCode.STOP_LOSS)
    position = held(0)
    found = rolled(position, due, lambda: offered(0, 28, 56))
    assert isinstance(found, Roll)
    assert (found.signal.signal_id, found.reason, found.detail) == ("s28", "DTE_EXIT", "dte=21")
    assert rolled(position, due, lambda: offered(0, -7)) == due
    assert rolled(position, stopped, lambda: pytest.fail("nobody needs to look")) == stopped
