"""What trading costs beside the spread: dated tables of clearing, regulatory and exchange fees.

Tables hold (first day, amount). A day before a table's first pays the first amount: earlier fees are not
known here, and a run that begins before `KNOWN_SINCE` says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import INDEX_ROOTS, OptionContract
from strikewise.domain.orders import LegFill

__all__ = ["KNOWN_SINCE", "FeeSchedule", "Rates"]

Table = tuple[tuple[date, int], ...]

MICROS_PER_CENT = 10_000
"""Amounts below are in millionths of a dollar, so that sums are exact."""

OCC_CLEARING: Table = (
    # The Options Clearing Corporation, per contract and side, for trades small enough to miss the cap per
    # trade.
    (date(2016, 3, 1), 50_000),  # SR-OCC-2016-001, 81 FR 6917
    (date(2018, 12, 1), 55_000),  # Schedule of Fees of January 2020
    (date(2020, 9, 1), 45_000),  # SR-OCC-2020-009, 85 FR 50858
    (date(2021, 6, 1), 20_000),  # 86 FR 27916
    (date(2021, 11, 1), 0),  # fee holiday to the end of the year, 86 FR 55039
    (date(2022, 1, 1), 20_000),
    (date(2025, 2, 14), 25_000),  # 90 FR 10544
)

OPTIONS_REGULATORY: Table = (
    # All exchanges together, as passed on to customers, per contract and side (Interactive Brokers' and
    # TraderStatus' lists). Exchanges change theirs twice a year: between two entries the true sum drifted by
    # a few tenths of a cent.
    (date(2011, 5, 2), 22_500),
    (date(2013, 1, 2), 37_700),
    (date(2014, 2, 3), 39_600),
    (date(2015, 8, 3), 42_700),
    (date(2018, 2, 1), 37_800),
    (date(2019, 2, 1), 37_900),
    (date(2025, 3, 3), 28_150),
)

SECTION_31: Table = (
    # Securities and Exchange Commission, on sales, millionths of the proceeds × 100 (2,060 is $20.60 a
    # million); broad-based index options are exempt. Fee rate advisories of the SEC, FINRA's information
    # notices of 3/3/14, 3/15/16, 5/7/18.
    (date(2012, 4, 1), 2_240),
    (date(2013, 5, 25), 1_740),
    (date(2014, 3, 18), 2_210),
    (date(2015, 2, 14), 1_840),
    (date(2016, 2, 16), 2_180),
    (date(2017, 7, 4), 2_310),
    (date(2018, 5, 22), 1_300),
    (date(2019, 4, 16), 2_070),
    (date(2020, 2, 18), 2_210),
    (date(2021, 2, 25), 510),
    (date(2022, 5, 14), 2_290),
    (date(2023, 2, 27), 800),
    (date(2024, 5, 22), 2_780),
    (date(2025, 5, 14), 0),  # 90 FR 15492
    (date(2026, 4, 4), 2_060),  # 91 FR 10643
)

TAF_OPTIONS: Table = (
    # FINRA's trading activity fee, per contract sold: By-Laws, Schedule A, § 1; 2022–24 SR-FINRA-2020-032,
    # 2026 SR-FINRA-2024-019.
    (date(2012, 7, 1), 2_000),
    (date(2022, 1, 1), 2_180),
    (date(2023, 1, 1), 2_440),
    (date(2024, 1, 1), 2_790),
    (date(2026, 1, 1), 3_290),
)

TAF_SHARES: Table = (
    # The same per share sold; its cap per trade (some 50,000 shares) is left out.
    (date(2012, 7, 1), 119),
    (date(2022, 1, 1), 130),
    (date(2023, 1, 1), 145),
    (date(2024, 1, 1), 166),
    (date(2026, 1, 1), 195),
)

PROPRIETARY: dict[str, int] = {
    # What Cboe and Nasdaq charge customers for options listed nowhere else, per contract and side, as
    # brokers pass it on: the higher of tastytrade's list of single-listed index options and Fidelity's of
    # May 2026.
    "SPX": 650_000,
    "VIX": 650_000,
    "NDX": 450_000,
    "RUT": 180_000,
    "XSP": 70_000,
}

KNOWN_SINCE = max(
    table[0][0] for table in (OCC_CLEARING, OPTIONS_REGULATORY, SECTION_31, TAF_OPTIONS, TAF_SHARES)
)
"""From here on every table has its own entry."""


class Rates(NamedTuple):
    """The fees of one day in millionths of a dollar; ``section_31`` in hundredths of a dollar a million."""

    occ: int
    orf: int
    section_31: int
    taf_option: int
    taf_share: int


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Commissions of a broker and the fees it passes on.

    Attributes
    ----------
    commission_cents : float
        Per option contract and side; $0.65 at most brokers.
    stock_commission_cents : float
        Per share and side.
    assignment_cents : int
        For each exercise or assignment of one contract line, whatever its quantity: $5 at tastytrade,
        nothing at others.
    pass_through : bool
        Whether clearing, regulatory and exchange fees are charged on top.
    """

    commission_cents: float = 65.0
    stock_commission_cents: float = 0.0
    assignment_cents: int = 500
    pass_through: bool = True
    _rates: dict[date, Rates] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        amounts = (self.commission_cents, self.stock_commission_cents, self.assignment_cents)
        if any(amount < 0 for amount in amounts):
            raise SettingsError(f"Commissions and fees must not be negative; were {amounts} cents.")

    def rates_on(self, day: date) -> Rates:
        """Return the passed-on fees of a day; those of a table's first entry before it."""
        known = self._rates.get(day)
        if known is None:
            tables = (OCC_CLEARING, OPTIONS_REGULATORY, SECTION_31, TAF_OPTIONS, TAF_SHARES)
            known = self._rates[day] = Rates(*(_on(table, day) for table in tables))
        return known

    def order_cents(self, legs: Sequence[LegFill], day: date) -> int:
        """Return commissions and fees of one fill of an order, in cents rounded up once for the whole."""
        rates = self.rates_on(day) if self.pass_through else Rates(0, 0, 0, 0, 0)
        micros = 0
        for leg in legs:
            count = abs(leg.quantity)
            sold = max(0, -leg.quantity)
            proceeds = sold * leg.price_cents * leg.instrument.multiplier
            if isinstance(leg.instrument, OptionContract):
                micros += count * (rates.occ + rates.orf) + sold * rates.taf_option
                micros += count * round(self.commission_cents * MICROS_PER_CENT)
                if leg.instrument.underlying in INDEX_ROOTS:
                    micros += count * PROPRIETARY[leg.instrument.underlying] if self.pass_through else 0
                    continue  # exempt from section 31
            else:
                micros += sold * rates.taf_share
                micros += count * round(self.stock_commission_cents * MICROS_PER_CENT)
            micros += _up(proceeds * rates.section_31)
        return _up(micros)

    def delivery_cents(self, shares: int, cash_cents: int, day: date) -> int:
        """Return what an exercise or assignment costs.

        Its fee, and section 31 where it sells shares, by the exercise price (17 CFR 240.31).

        Parameters
        ----------
        shares : int
            Shares that it brings, negative where they are sold; 0 where it is settled in cash.
        cash_cents : int
            What is paid for them, negative where it is received.
        day : date
            Of the exercise.
        """
        if shares >= 0 or not self.pass_through:
            return self.assignment_cents
        return self.assignment_cents + _up(_up(-cash_cents * self.rates_on(day).section_31))


def _up(amount: int) -> int:
    """Return an amount over `MICROS_PER_CENT`, rounded up."""
    return -(-amount // MICROS_PER_CENT)


def _on(table: Table, day: date) -> int:
    position = bisect_right(table, (day, 1 << 62)) - 1
    return table[max(0, position)][1]
