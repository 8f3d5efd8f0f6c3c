from __future__ import annotations

from datetime import date

import pytest

from execution.tapes import call, put
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import LegFill
from strikewise.execution.fees import KNOWN_SINCE, FeeSchedule


def fill(instrument: Instrument, quantity: int, price: int) -> LegFill:
    return LegFill(instrument, quantity, price, price, price)


def test_a_bought_contract_pays_commission_clearing_and_the_options_regulatory_fee() -> None:
    # June 2020: 0.65 + 0.055 (OCC) + 0.0379 (ORF) = 0.7429, rounded up.
    assert FeeSchedule().order_cents([fill(put(400), 1, 100)], date(2020, 6, 1)) == 75
    # Who buys pays no activity fee: of a hundred it would be another 0.20.
    assert FeeSchedule().order_cents([fill(put(400), 100, 100)], date(2020, 6, 1)) == 7_429


def test_a_sold_contract_also_pays_section_31_and_the_trading_activity_fee() -> None:
    # 10 contracts sold at 5.00 = $5,000 in June 2020: 7.429 + 10 × 0.002 + 5,000 × 22.10 / 1,000,000 =
    # 7.5595.
    assert FeeSchedule().order_cents([fill(put(400), -10, 500)], date(2020, 6, 1)) == 756


def test_rounding_up_happens_once_an_order_not_once_a_leg() -> None:
    legs = [fill(put(400), 1, 100), fill(put(395), 1, 100)]
    together = FeeSchedule().order_cents(legs, date(2020, 6, 1))
    apart = sum(FeeSchedule().order_cents([leg], date(2020, 6, 1)) for leg in legs)
    assert (together, apart) == (149, 150)  # 2 × 0.7429


def test_index_options_pay_the_exchange_and_are_exempt_from_section_31() -> None:
    # June 2020, one SPX put sold at 10.00: 0.65 + 0.055 + 0.0379 + 0.002 (TAF) + 0.65 = 1.3949; section 31
    # would add 0.0221.
    assert FeeSchedule().order_cents([fill(put(3000, underlying="SPX"), -1, 1000)], date(2020, 6, 1)) == 140


def test_shares_sold_pay_regulators_only_where_the_broker_asks_nothing() -> None:
    # 100 shares at 500.00 in 2023 after February: 50,000 × 8 / 1,000,000 = 0.40 and 100 × 0.000145 = 0.0145.
    assert FeeSchedule().order_cents([fill(Stock("SPY"), -100, 50_000)], date(2023, 6, 1)) == 42
    assert FeeSchedule().order_cents([fill(Stock("SPY"), 100, 50_000)], date(2023, 6, 1)) == 0


@pytest.mark.parametrize(
    ("day", "per_million"),
    [
        (date(2014, 3, 17), 1740),
        (date(2014, 3, 18), 2210),  # FINRA Information Notice 3/3/14
        (date(2018, 5, 21), 2310),
        (date(2018, 5, 22), 1300),  # FINRA Information Notice 5/7/18
        (date(2021, 2, 24), 2210),
        (date(2021, 2, 25), 510),  # SEC, 15 January 2021
        (date(2025, 5, 13), 2780),
        (date(2025, 5, 14), 0),  # SEC, 8 April 2025
    ],
)
def test_section_31_changes_on_the_day_it_was_announced_for(day: date, per_million: int) -> None:
    assert FeeSchedule().rates_on(day).section_31 == per_million


@pytest.mark.parametrize(
    ("day", "micros"),
    [
        (date(2020, 1, 15), 55_000),
        (date(2020, 9, 1), 45_000),
        (date(2022, 1, 3), 20_000),
        (date(2025, 2, 14), 25_000),
    ],
)
def test_clearing_follows_the_published_schedules(day: date, micros: int) -> None:
    assert FeeSchedule().rates_on(day).occ == micros


def test_a_day_before_the_tables_pays_their_first_entries() -> None:
    assert FeeSchedule().rates_on(date(1995, 1, 3)) == FeeSchedule().rates_on(date(2011, 5, 2))
    assert date(1995, 1, 3) < KNOWN_SINCE


def test_without_pass_through_only_commissions_remain() -> None:
    plain = FeeSchedule(commission_cents=50, pass_through=False)
    assert plain.order_cents([fill(call(3000, underlying="SPX"), -3, 1000)], date(2020, 6, 1)) == 150


def test_negative_fees_are_refused() -> None:
    with pytest.raises(SettingsError, match="negative"):
        FeeSchedule(commission_cents=-1)
