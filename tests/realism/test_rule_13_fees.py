"""Rule 13: commissions, exchange and regulatory fees by dated tables; assignments cost too."""

from __future__ import annotations

from datetime import date

import pytest

from execution.tapes import call, put
from realism.nights import MONDAY, dividend, of, settled, week
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import LegFill
from strikewise.execution.fees import KNOWN_SINCE, FeeSchedule

SPY, SPX = put(480), put(4_800, underlying="SPX", root_code=1)


def sold(contract: object, price: int, day: date, **schedule: object) -> int:
    leg = LegFill(contract, -10, price, price, price + 5)  # type: ignore[arg-type]
    return FeeSchedule(**schedule).order_cents([leg], day)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "cents"),
    [
        # Ten sold at 2.00: 10 × 0.65; clearing, regulatory and activity fees of the day; section 31 on 2,000.
        (date(2019, 7, 1), 650 + 55 + 37.9 + 2 + 4.14),
        (date(2023, 7, 3), 650 + 20 + 37.9 + 2.44 + 1.6),
        (date(2025, 7, 1), 650 + 25 + 28.15 + 2.79 + 0),
    ],
)
def test_the_fees_of_a_day_are_those_of_its_tables(day: date, cents: float) -> None:
    assert sold(SPY, 200, day) == pytest.approx(cents, abs=1)
    assert sold(SPY, 200, day, pass_through=False) == 650


def test_an_index_option_pays_its_exchange_and_no_section_31() -> None:
    day = date(2023, 7, 3)
    assert sold(SPX, 200, day) == pytest.approx(650 + 20 + 37.9 + 2.44 + 650, abs=1)


def test_before_the_first_tables_the_first_known_fees_stand_and_the_day_is_told() -> None:
    assert date(2010, 1, 1) < KNOWN_SINCE < date(2018, 1, 1)
    assert sold(SPY, 200, date(2010, 1, 4)) == sold(SPY, 200, date(2011, 5, 2))


def test_an_assignment_costs_its_fee_and_an_expiry_none() -> None:
    short = put(520, date(2024, 3, 8))
    charged = {"changes": {"fees": FeeSchedule(commission_cents=0, pass_through=False)}}
    _, ledger = week(of((short, -3)), [(short, 2_000, 2_010)], **charged)
    assert [(one.outcome, one.fees_cents) for one in settled(ledger)] == [("assigned", 500)]
    out = put(480, date(2024, 3, 8))
    _, ledger = week(of((out, -3)), [(out, 20, 22)], **charged)
    assert [(one.outcome, one.fees_cents) for one in settled(ledger)] == [("expired", 0)]


@pytest.mark.parametrize(
    ("delivered", "quantity", "cents"),
    [
        # Section 31 of March 2024 is $8.00 a million, on the strike of what is sold: 3 × 48,000 dollars.
        (call(480, date(2024, 3, 8)), -3, 500 + 116),
        (put(520, date(2024, 3, 8)), 3, 500 + 125),
        (put(520, date(2024, 3, 8)), -3, 500),
        (call(480, date(2024, 3, 8)), 3, 500),
    ],
)
def test_who_sells_shares_by_an_exercise_pays_section_31_on_the_strike(
    delivered: OptionContract, quantity: int, cents: int
) -> None:
    charged = {"changes": {"fees": FeeSchedule(commission_cents=0)}}
    side = 1 if quantity > 0 else -1
    _, ledger = week(of((delivered, side)), [(delivered, 2_000, 2_010)], told={"units": 3}, **charged)
    assert [(one.quantity, one.fees_cents) for one in settled(ledger)] == [(quantity, cents)]


def test_a_dividend_and_shares_cost_no_commission_unless_told() -> None:
    journal, _ = week(of((Stock("SPY"), 10)), [(SPY, 20, 22)], dividends=[dividend(1.0)])
    assert [position.fees_cents for position in journal.positions] == [0]
    assert journal.equity[0].at.date() == MONDAY
