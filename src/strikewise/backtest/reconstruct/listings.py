"""Which contracts were listed on a day: expirations as they were introduced, strikes on absolute grids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import date_of, days_of
from strikewise.market.calendar import SessionCalendar

__all__ = [
    "Density",
    "ExpirationRule",
    "ExpiryKind",
    "ListedContracts",
    "ListingBook",
    "ListingRules",
    "StrikeRule",
    "etf_listings",
    "index_listings",
]


CALM_INDEX = 0.25
LOWEST = 0.85
"""No band reaches further under the spot than this fraction of it."""


class ExpiryKind(StrEnum):
    """On which days a rule makes options expire."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    THIRD_FRIDAY = "third friday"
    MONTH_END = "month end"
    QUARTER_END = "quarter end"


class Density(StrEnum):
    """How many of the expirations that were listed are made."""

    FULL = "full"
    """All kinds."""
    FRIDAYS = "fridays"
    """Weekly and third Fridays only: half the rows where expirations fell on three days a week."""


@dataclass(frozen=True, slots=True)
class ExpirationRule:
    """Expirations of one kind, from their introduction on.

    Attributes
    ----------
    kind : ExpiryKind
        On which days they fall. A holiday moves them to the session before; a Monday's to the session after.
    max_days : int
        They are listed this many calendar days before they expire.
    since : date
        The first day on which they were listed.
    """

    kind: ExpiryKind
    max_days: int
    since: date = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class StrikeRule:
    """Strikes at the multiples of one step, in a band about the spot.

    Attributes
    ----------
    step_milli : int
        Thousandths of a dollar between strikes.
    max_days : int
        They are listed once the expiration is no further away than this.
    below, above : float
        How far the band reaches under and over the spot, as fractions of it.
    """

    step_milli: int
    max_days: int
    below: float
    above: float


@dataclass(frozen=True, slots=True)
class ListingRules:
    """How an exchange lists one underlying's options."""

    expirations: tuple[ExpirationRule, ...]
    strikes: tuple[StrikeRule, ...]

    @property
    def horizon(self) -> int:
        """Calendar days from the first listing of the longest expiration to its end."""
        return max(rule.max_days for rule in self.expirations)

    def at(self, density: Density) -> ListingRules:
        """Return these rules with the expirations of a density."""
        if density is Density.FULL:
            return self
        fridays = (ExpiryKind.FRIDAY, ExpiryKind.THIRD_FRIDAY)
        return replace(self, expirations=tuple(rule for rule in self.expirations if rule.kind in fridays))


def index_listings(density: Density = Density.FULL) -> ListingRules:
    """Return the listings of S&P 500 index options settled at the close (SPXW).

    Third Fridays are made as PM-settled contracts too: the AM contracts of that day would need an opening
    quotation.

    Notes
    -----
    Dates of introduction: Cboe circular RG14-010 (six Fridays, 2014-01) and Cboe's announcements (month ends
    2014-07-07, Wednesdays 2016-02-23, Mondays 2016-08-15, Tuesdays 2022-04-18, Thursdays 2022-05-11).
    """
    return ListingRules(
        (
            ExpirationRule(ExpiryKind.THIRD_FRIDAY, 366),
            ExpirationRule(ExpiryKind.FRIDAY, 14, date(2005, 10, 28)),
            ExpirationRule(ExpiryKind.FRIDAY, 42, date(2014, 1, 15)),
            ExpirationRule(ExpiryKind.FRIDAY, 63, date(2017, 1, 1)),
            ExpirationRule(ExpiryKind.MONTH_END, 91, date(2014, 7, 7)),
            ExpirationRule(ExpiryKind.WEDNESDAY, 15, date(2016, 2, 23)),
            ExpirationRule(ExpiryKind.WEDNESDAY, 35, date(2018, 1, 1)),
            ExpirationRule(ExpiryKind.MONDAY, 15, date(2016, 8, 15)),
            ExpirationRule(ExpiryKind.MONDAY, 35, date(2018, 1, 1)),
            ExpirationRule(ExpiryKind.TUESDAY, 35, date(2022, 4, 18)),
            ExpirationRule(ExpiryKind.THURSDAY, 35, date(2022, 5, 11)),
        ),
        (
            StrikeRule(5_000, 60, 0.14, 0.06),
            StrikeRule(25_000, 366, 0.35, 0.15),
            StrikeRule(100_000, 366, 0.60, 0.30),
        ),
    ).at(density)


def etf_listings(density: Density = Density.FULL) -> ListingRules:
    """Return the listings of options on SPY, taken for other broad and liquid funds too.

    Notes
    -----
    Dates of introduction: Cboe and C2 circulars IC12-093 and IC12-015 (five consecutive weeklies, 2012-11),
    MIAX listing alert of 2016-09-06 (Wednesdays), Cboe's announcement of Mondays from 2018-02-16; Tuesdays
    and Thursdays 2022-11-14.
    """
    return ListingRules(
        (
            ExpirationRule(ExpiryKind.THIRD_FRIDAY, 366),
            ExpirationRule(ExpiryKind.QUARTER_END, 274),
            ExpirationRule(ExpiryKind.FRIDAY, 14, date(2010, 7, 1)),
            ExpirationRule(ExpiryKind.FRIDAY, 42, date(2012, 11, 15)),
            ExpirationRule(ExpiryKind.FRIDAY, 56, date(2018, 1, 1)),
            ExpirationRule(ExpiryKind.WEDNESDAY, 35, date(2016, 8, 30)),
            ExpirationRule(ExpiryKind.MONDAY, 35, date(2018, 2, 16)),
            ExpirationRule(ExpiryKind.TUESDAY, 14, date(2022, 11, 14)),
            ExpirationRule(ExpiryKind.THURSDAY, 14, date(2022, 11, 14)),
        ),
        (StrikeRule(1_000, 60, 0.11, 0.05), StrikeRule(5_000, 366, 0.40, 0.20)),
    ).at(density)


class ListedContracts(NamedTuple):
    """The strikes listed on a day, by expiration: each strike as a call and as a put.

    ``sizes[i]`` strikes belong to ``expirations[i]`` (days since 1970-01-01, ascending); ``strike_milli``
    runs through them, ascending within each.
    """

    expirations: NDArray[np.int64]
    sizes: NDArray[np.int64]
    strike_milli: NDArray[np.int64]


class ListingBook:
    """The contracts listed so far, carried from session to session: none leaves before it expires.

    An exchange adds strikes as the underlying moves and takes none away while they may be held; so does this
    book.

    Parameters
    ----------
    rules : ListingRules
        How the underlying's options are listed.
    calendar : SessionCalendar
        The sessions.
    start, end : date
        The sessions it will be asked to `advance` over lie between these.
    """

    def __init__(self, rules: ListingRules, calendar: SessionCalendar, start: date, end: date) -> None:
        self._strike_rules = rules.strikes
        listed = _listing_days(rules, calendar, start, end)
        self._coming = sorted((first, expiration) for expiration, first in listed.items())
        self._open: dict[int, list[tuple[int, int] | None]] = {}
        self._strikes: dict[int, NDArray[np.int64]] = {}
        self._next = 0

    def advance(self, day: int, spot: float, volatility_index: float) -> None:
        """Move to a later session: drop what has expired, list what is new, widen bands to hold the spot.

        Parameters
        ----------
        day : int
            The session, days since 1970-01-01; later than the one before.
        spot : float
            Its closing price, dollars.
        volatility_index : float
            As a fraction. Above `CALM_INDEX` the bands reach further in proportion, as exchanges add strikes
            in a fall.
        """
        reach = max(1.0, volatility_index / CALM_INDEX)
        for expired in [expiration for expiration in self._open if expiration < day]:
            del self._open[expired]
            self._strikes.pop(expired, None)
        while self._next < len(self._coming) and self._coming[self._next][0] <= day:
            expiration = self._coming[self._next][1]
            if expiration >= day:
                self._open[expiration] = [None] * len(self._strike_rules)
            self._next += 1
        for expiration, bands in self._open.items():
            if self._widen(bands, expiration - day, spot, reach):
                self._strikes.pop(expiration, None)

    def _widen(self, bands: list[tuple[int, int] | None], days_left: int, spot: float, reach: float) -> bool:
        changed = False
        for number, rule in enumerate(self._strike_rules):
            if days_left > rule.max_days:
                continue
            units = spot * 1000 / rule.step_milli
            low = max(1, round(units * (1 - min(rule.below * reach, LOWEST))))
            high = round(units * (1 + rule.above * reach))
            held = bands[number]
            wider = (low, high) if held is None else (min(low, held[0]), max(high, held[1]))
            if wider != held:
                bands[number] = wider
                changed = True
        return changed

    def contracts(self) -> ListedContracts:
        """Return what is listed at the session last advanced to."""
        expirations = sorted(self._open)
        for expiration in expirations:
            if expiration not in self._strikes:
                self._strikes[expiration] = self._grid(self._open[expiration])
        strikes = [self._strikes[expiration] for expiration in expirations]
        return ListedContracts(
            np.array(expirations, dtype=np.int64),
            np.array([len(column) for column in strikes], dtype=np.int64),
            np.concatenate(strikes) if strikes else np.zeros(0, dtype=np.int64),
        )

    def _grid(self, bands: list[tuple[int, int] | None]) -> NDArray[np.int64]:
        grids = [
            np.arange(band[0], band[1] + 1, dtype=np.int64) * rule.step_milli
            for rule, band in zip(self._strike_rules, bands, strict=True)
            if band is not None
        ]
        return np.unique(np.concatenate(grids)) if grids else np.zeros(0, dtype=np.int64)


def _listing_days(rules: ListingRules, calendar: SessionCalendar, start: date, end: date) -> dict[int, int]:
    """Return for each expiration the day from which it is listed, both as days since 1970-01-01."""
    first_listed: dict[int, int] = {}
    for rule in rules.expirations:
        for expiration in _expirations(rule, calendar, start, end + timedelta(days=rule.max_days)):
            listed = max(days_of(expiration) - rule.max_days, days_of(rule.since))
            known = first_listed.get(days_of(expiration), listed)
            first_listed[days_of(expiration)] = min(known, listed)
    return first_listed


def _expirations(rule: ExpirationRule, calendar: SessionCalendar, start: date, end: date) -> Iterator[date]:
    if rule.kind in (ExpiryKind.MONTH_END, ExpiryKind.QUARTER_END):
        every = 3 if rule.kind is ExpiryKind.QUARTER_END else 1
        for day in map(date_of, range(days_of(start), days_of(end) + 1)):
            if (day + timedelta(days=1)).day == 1 and day.month % every == 0:
                yield calendar.session_at_or_before(day)
        return
    weekday = 4 if rule.kind is ExpiryKind.THIRD_FRIDAY else [*ExpiryKind].index(rule.kind)
    for day in map(date_of, range(days_of(start), days_of(end) + 1)):
        if day.weekday() != weekday or (rule.kind is ExpiryKind.THIRD_FRIDAY and not 15 <= day.day <= 21):
            continue
        if rule.kind is ExpiryKind.MONDAY and not calendar.is_session(day):
            yield calendar.next_session(day)
        else:
            yield calendar.session_at_or_before(day)
