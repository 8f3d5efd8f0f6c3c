from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from execution.tapes import CALENDAR, bars, call, close_of, market, put, tape
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import SettlementReport
from strikewise.domain.portfolio import Holding
from strikewise.execution.account import Account
from strikewise.execution.exercise import ExerciseRule, PinRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.settlement import (
    EARLIER_PRICE,
    LATEST_PRICE,
    SESSION_PRICE,
    SettlementPrice,
    settle,
    settle_due,
    settlement_price,
)
from strikewise.market.view import Market

EXPIRY = date(2024, 3, 15)
FEES = FeeSchedule(pass_through=False)


def settled(contract: OptionContract, quantity: int, cents: int) -> SettlementReport:
    exercised, _ = ExerciseRule(pin=PinRule.EXCEPTION).exercised(contract, quantity, cents, None)
    return settle(
        contract,
        quantity,
        SettlementPrice(cents),
        exercised=exercised,
        position_id="p",
        fees=FEES,
        at=close_of(EXPIRY),
    )


def test_a_cent_in_the_money_is_exercised_and_at_the_money_is_not() -> None:
    assert settled(put(480), -1, 48_000).outcome == "expired"
    assert settled(put(480), -1, 47_999).outcome == "assigned"
    assert settled(call(480), 1, 48_000).outcome == "expired"
    assert settled(call(480), 1, 48_001).outcome == "exercised"


def test_what_expires_moves_neither_cash_nor_shares_nor_fees() -> None:
    report = settled(put(480), -3, 49_000)
    assert (report.cash_cents, report.shares, report.fees_cents) == (0, 0, 0)


@pytest.mark.parametrize(
    ("contract", "quantity", "cash", "shares"),
    [
        (put(480), -2, 9_600_000, 200),  # assigned: pays the strike for shares
        (put(480), 2, -9_600_000, -200),  # exercised: delivers shares for the strike
        (call(460), -2, -9_200_000, -200),
        (call(460), 2, 9_200_000, 200),
    ],
)
def test_shares_change_hands_at_the_strike(
    contract: OptionContract, quantity: int, cash: int, shares: int
) -> None:
    report = settled(contract, quantity, 47_000)
    assert (report.cash_cents, report.shares, report.fees_cents) == (cash, shares, 500)


def test_cash_roots_pay_the_intrinsic_value_and_no_shares() -> None:
    report = settled(put(4800, underlying="SPX", root_code=1), -2, 475_050)
    assert (report.cash_cents, report.shares) == (2 * 100 * 4_950, 0)
    assert settled(call(4700, underlying="SPX", root_code=1), 1, 475_050).cash_cents == -100 * 5_050


def test_both_legs_of_a_spread_in_the_money_settle_by_the_same_rule_and_leave_no_shares() -> None:
    short, long = settled(put(480), -1, 46_000), settled(put(475), 1, 46_000)
    assert short.shares + long.shares == 0
    assert short.cash_cents + long.cash_cents == 500 * 100  # the width, paid


def test_a_pm_contract_settles_on_the_close_of_its_session() -> None:
    source = market(tape({close_of(EXPIRY): (478.0, [])}), bars=[bars("SPY", {EXPIRY: (481.0, 479.37)})])
    assert settlement_price(put(480), source.view(close_of(EXPIRY))) == (47_937, "")


def test_an_am_contract_settles_on_the_open_and_its_pm_sister_on_the_close() -> None:
    made = market(
        tape({close_of(EXPIRY): (5117.0, [])}, underlying="SPX"),
        bars=[bars("SPX", {EXPIRY: (5123.31, 5117.09)})],
    )
    view = made.view(close_of(EXPIRY))
    assert settlement_price(put(5100, underlying="SPX", root_code=0), view) == (512_331, "")
    assert settlement_price(put(5100, underlying="SPX", root_code=1), view) == (511_709, "")


def test_without_a_bar_the_spot_of_that_sessions_chain_settles_even_if_seen_later() -> None:
    later = close_of(date(2024, 3, 18))
    made = market(tape({close_of(EXPIRY): (478.0, []), later: (470.0, [])}))
    assert settlement_price(put(480), made.view(close_of(EXPIRY))) == (47_800, "")


def test_a_later_price_of_its_session_stands_in_for_an_opening_that_nobody_recorded() -> None:
    view = market(tape({close_of(EXPIRY): (5117.0, [])}, underlying="SPX")).view(close_of(EXPIRY))
    assert settlement_price(put(5100, underlying="SPX", root_code=0), view) == (511_700, SESSION_PRICE)
    assert settlement_price(put(5100, underlying="SPX", root_code=1), view) == (511_700, "")


def test_a_report_says_by_which_policy_it_was_priced() -> None:
    price, at = SettlementPrice(47_000, LATEST_PRICE), close_of(EXPIRY)
    report = settle(put(480), -1, price, exercised=True, position_id="p", fees=FEES, at=at)
    assert (report.settlement_cents, report.policy) == (47_000, LATEST_PRICE)


def test_an_expiration_on_a_holiday_settles_the_session_before() -> None:
    good_friday, thursday = date(2024, 3, 29), date(2024, 3, 28)
    made = market(tape({close_of(thursday): (520.0, [])}), bars=[bars("SPY", {thursday: (521.0, 523.07)})])
    view = made.view(close_of(thursday))
    assert settlement_price(put(520, expiration=good_friday), view) == (52_307, "")


def test_a_price_that_is_old_is_better_than_none_and_none_is_none() -> None:
    made = market(tape({close_of(EXPIRY - timedelta(days=21)): (470.0, [])}))
    view = made.view(close_of(EXPIRY))
    assert settlement_price(put(480), view) == (47_000, LATEST_PRICE)
    assert settlement_price(put(480, underlying="QQQ"), view) is None


def test_a_chain_of_its_session_from_before_the_close_is_an_earlier_price_and_says_so() -> None:
    noon = close_of(EXPIRY) - timedelta(hours=4)
    made = market(tape({noon: (478.0, [])}))
    assert settlement_price(put(480), made.view(close_of(EXPIRY))) == (47_800, EARLIER_PRICE)
    made = market(tape({noon: (478.0, []), close_of(EXPIRY): (481.0, [])}))
    assert settlement_price(put(480), made.view(close_of(EXPIRY))) == (48_100, "")


def test_what_has_an_earlier_price_only_waits_for_a_close_until_the_next_session_opens() -> None:
    monday, evening = date(2024, 3, 18), close_of(EXPIRY) + timedelta(hours=2)
    noon, opening = close_of(EXPIRY) - timedelta(hours=4), CALENDAR.session_open(monday)
    made = market(tape({noon: (460.0, []), opening: (450.0, [])}))
    told = market(tape({noon: (460.0, []), evening: (465.0, []), opening: (450.0, [])}))

    def found(source: Market, *looks: datetime) -> list[SettlementPrice]:
        account = Account(0, {"p": [Holding(put(480), -1)]})
        account.look_ahead(CALENDAR)
        reports = [settle_due(account, source.view(at), at, ExerciseRule(), FEES) for at in looks]
        return [SettlementPrice(one.settlement_cents, one.policy) for some in reports for one in some]

    assert found(made, close_of(EXPIRY) + timedelta(minutes=1), evening) == []
    assert found(made, close_of(EXPIRY), evening, opening) == [(46_000, EARLIER_PRICE)]
    assert found(told, close_of(EXPIRY), evening) == [(46_500, "")]
