"""Money that does not add up stops the loop, whichever way it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from execution.tapes import one_view, put
from strikewise.domain.errors import InvariantError
from strikewise.domain.greeks import Greeks
from strikewise.domain.portfolio import Holding, Mark, Portfolio, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.invariants import check_account
from strikewise.portfolio.projection import AccountState

AT = datetime(2024, 2, 1, 21, tzinfo=UTC)
VIEW = one_view([(put(480), 100, 110)], at=AT)
STATE = AccountState(seq=9, account="main", deposited_cents=1_000_000, cash_cents=1_009_900, realised_cents=0)
"""One put sold at 1.00 for a fee of a dollar; it is worth 1.05 at mid and 1.10 at the ask."""
HELD = Position(
    position_id="o-1",
    strategy="hand",
    underlying="SPY",
    signal_id="s-1",
    structure=Structure.of([Leg(put(480), -1)]),
    quantity=1,
    holdings=(Holding(put(480), -1),),
    opened_at=AT,
    entry_cents=-10_000,
    cash_cents=-10_000,
    fees_cents=100,
    max_loss_cents=None,
    margin_cents=0,
    because={},
    grade=Grade.QUOTES,
    mark=Mark(-10_500, -11_000, 49_000, 0, Greeks(), AT),
)
PORTFOLIO = Portfolio(AT, 1_009_900, 999_400, 998_900, 0, (HELD,))


def test_an_account_that_adds_up_passes() -> None:
    check_account(STATE, PORTFOLIO, VIEW)


@pytest.mark.parametrize(
    ("state", "portfolio", "said"),
    [
        ({"cash_cents": 1_009_901}, {}, "is not equity 999400, 998900"),
        ({}, {"equity_mid_cents": 999_401}, "is not equity 999401"),
        ({}, {"equity_exit_cents": 998_901}, "is not equity 999400, 998901"),
        ({"realised_cents": 1}, {}, r"realised 1 \+ unrealised -600 is not equity"),
        ({"deposited_cents": 999_999}, {}, "deposits 999999"),
    ],
)
def test_a_cent_too_much_or_too_little_is_an_error(
    state: dict[str, int], portfolio: dict[str, int], said: str
) -> None:
    with pytest.raises(InvariantError, match=said):
        check_account(replace(STATE, **state), replace(PORTFOLIO, **portfolio), VIEW)


def test_an_account_worth_more_at_exit_than_at_mid_is_an_error() -> None:
    marked = replace(HELD, mark=replace(HELD.mark, exit_cents=-10_400))
    portfolio = replace(PORTFOLIO, positions=(marked,), equity_exit_cents=999_500)
    with pytest.raises(InvariantError, match=r"more at exit prices \(-10400\) than at mid \(-10500\)"):
        check_account(STATE, portfolio, VIEW)


def test_an_option_past_its_day_is_an_error() -> None:
    old = put(480, date(2024, 1, 31))
    portfolio = replace(PORTFOLIO, positions=(replace(HELD, holdings=(Holding(old, -1),)),))
    with pytest.raises(InvariantError, match="still held on 2024-02-01, past its expiration"):
        check_account(STATE, portfolio, VIEW)
