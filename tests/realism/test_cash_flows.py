"""Dividends on shares, interest on cash and debit, the cost of borrowed shares: to the cent, as facts."""

from __future__ import annotations

from datetime import date

import pytest

from execution.tapes import call
from realism.nights import MONDAY, TUESDAY, WEDNESDAY, bills, dividend, flows, of, week
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import FlowKind
from strikewise.execution.financing import CashInterest, Financing

ROWS = [(call(520, date(2024, 4, 19)), 100, 110)]
SHARES = Stock("SPY")


@pytest.mark.parametrize(("held", "cash"), [(7, -1_039), (-7, 1_040)])
def test_a_dividend_is_received_on_long_shares_and_paid_on_short_ones_rounded_against_us(
    held: int, cash: int
) -> None:
    journal, ledger = week(of((SHARES, held)), ROWS, dividends=[dividend(1.485), dividend(9.0, MONDAY)])
    (flow,) = flows(ledger)  # bought on Monday's close: Monday's dividend went to whoever sold them
    assert (flow.kind, flow.cash_cents, flow.at.date()) == (FlowKind.DIVIDEND, cash, WEDNESDAY)
    before, after = journal.equity[1].equity_mid_cents, journal.equity[2].equity_mid_cents
    assert after - before == -cash


def test_cash_earns_nothing_unless_it_is_told_to() -> None:
    _, ledger = week(of((SHARES, 7)), ROWS, series=[bills(5.0)], changes={"financing": Financing()})
    assert flows(ledger) == []


def test_cash_earns_the_bill_rate_less_a_spread_by_calendar_night() -> None:
    financing = Financing(cash=CashInterest.BILLS, cash_spread=0.01)
    journal, ledger = week(of((SHARES, 7)), ROWS, series=[bills(5.0)], changes={"financing": financing})
    earned = [-flow.cash_cents for flow in flows(ledger)]
    # 5 % of discount is 5.103 % compounded continuously; 96,500 dollars earn 4.103 % of it for a night.
    assert earned[0] == pytest.approx(9_650_000 * 0.04103 / 365, abs=2)
    assert len(earned) == 4
    gain = journal.equity[-1].equity_mid_cents - journal.equity[0].equity_mid_cents
    assert gain == sum(earned)


def test_a_debit_balance_costs_the_bill_rate_and_a_spread_and_borrowed_shares_their_rate() -> None:
    financing = Financing(debit_spread=0.02, borrow_rate=0.03)
    _, ledger = week(of((SHARES, 300)), ROWS, changes={"financing": financing})
    first, *_ = flows(ledger)
    assert (first.kind, first.position_id) == (FlowKind.INTEREST, "")
    assert first.cash_cents == pytest.approx((300 * 50_005 - 10_000_000) * 0.02 / 365, abs=2)
    _, ledger = week(of((SHARES, -10)), ROWS, changes={"financing": financing})
    first, *_ = flows(ledger)
    assert (first.kind, first.cash_cents) == (FlowKind.BORROW, 42)  # 500,000 × 3 % / 365 = 41.1 cents
    assert first.at.date() == TUESDAY


def test_the_proceeds_of_a_short_sale_earn_nothing() -> None:
    financing = Financing(cash=CashInterest.BILLS, borrow_rate=0.0)
    (short, *_), (none, *_) = (
        flows(week(of((SHARES, held)), ROWS, series=[bills(5.0)], changes={"financing": financing})[1])
        for held in (-100, 1)
    )
    assert short.cash_cents == pytest.approx(none.cash_cents, rel=0.01)


@pytest.mark.parametrize("name", ["cash_spread", "debit_spread", "borrow_rate"])
def test_a_rate_that_is_no_fraction_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"must lie in \[0, 1\]"):
        Financing(**{name: -0.01})
