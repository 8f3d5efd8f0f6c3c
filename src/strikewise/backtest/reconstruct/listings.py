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
    "listed_between",
    "stock_listings",
]


CALM_INDEX = 0.25
MOVED = timedelta(days=7)
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
    since, until : date
        The first day on which they were listed so early, and the first on which they no longer were.
    morning : bool
        Whether they settle on the opening.
    """

    kind: ExpiryKind
    max_days: int
    since: date = date(1990, 1, 1)
    until: date = date(2100, 1, 1)
    morning: bool = False


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
    dearer : tuple of (float, int)
        Prices from which strikes lie further apart, ascending, and how far. What the underlying costs when an
        expiration's band begins decides for all of its strikes.
    """

    step_milli: int
    max_days: int
    below: float
    above: float
    dearer: tuple[tuple[float, int], ...] = ()

    def step_at(self, spot: float) -> int:
        """Return thousandths of a dollar between the strikes of a band that begins at a price."""
        return next((step for least, step in reversed(self.dearer) if spot >= least), self.step_milli)


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


def index_listings(density: Density = Density.FULL, *, morning: bool = False) -> ListingRules:
    """Return the listings of S&P 500 index options settled at the close (SPXW).

    Parameters
    ----------
    density : Density
        How many expirations.
    morning : bool
        Whether to list the third Fridays that settle on the opening (SPX) too. They need true openings.

    Notes
    -----
    Dates of introduction: Cboe circular RG14-010 (six Fridays, 2014-01) and Cboe's announcements (month ends
    2014-07-07, Wednesdays 2016-02-23, Mondays 2016-08-15, Tuesdays 2022-04-18, Thursdays 2022-05-11). How
    early each was listed is read off the number of expirations within 63 days on each day of 2018, 2020, 2022
    and 2024: fewer weeks from the crash of 2020 to September 2022.
    """
    opening = (ExpirationRule(ExpiryKind.THIRD_FRIDAY, 366, morning=True),) if morning else ()
    return ListingRules(
        (
            *opening,
            ExpirationRule(ExpiryKind.THIRD_FRIDAY, 366),
            ExpirationRule(ExpiryKind.FRIDAY, 14, date(2005, 10, 28)),
            ExpirationRule(ExpiryKind.FRIDAY, 42, date(2014, 1, 15)),
            ExpirationRule(ExpiryKind.FRIDAY, 63, date(2017, 1, 1)),
            ExpirationRule(ExpiryKind.MONTH_END, 91, date(2014, 7, 7)),
            ExpirationRule(ExpiryKind.WEDNESDAY, 15, date(2016, 2, 23)),
            ExpirationRule(ExpiryKind.MONDAY, 15, date(2016, 8, 15)),
            *_index_weeklies(),
        ),
        (
            StrikeRule(5_000, 60, 0.14, 0.06),
            StrikeRule(25_000, 366, 0.35, 0.15),
            StrikeRule(100_000, 366, 0.60, 0.30),
        ),
    ).at(density)


def _index_weeklies() -> Iterator[ExpirationRule]:
    crash, wider = date(2020, 3, 19), date(2022, 9, 15)
    for kind in (ExpiryKind.MONDAY, ExpiryKind.WEDNESDAY):
        yield ExpirationRule(kind, 35, date(2018, 1, 1), crash)
        yield ExpirationRule(kind, 27, crash, wider)
        yield ExpirationRule(kind, 35, wider)
    introduced = ((ExpiryKind.TUESDAY, date(2022, 4, 18)), (ExpiryKind.THURSDAY, date(2022, 5, 11)))
    for kind, since in introduced:
        yield ExpirationRule(kind, 14, since)
        yield ExpirationRule(kind, 28, wider)
        yield ExpirationRule(kind, 42, date(2023, 1, 1))


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


def stock_listings(density: Density = Density.FULL) -> ListingRules:
    """Return the listings of options on a stock: Fridays within six weeks, third Fridays within a year."""
    fine = ((25.0, 1_000), (100.0, 2_500), (300.0, 5_000))
    coarse = tuple((price, 2 * step) for price, step in fine)
    return ListingRules(
        (
            ExpirationRule(ExpiryKind.THIRD_FRIDAY, 366),
            ExpirationRule(ExpiryKind.FRIDAY, 14, date(2010, 7, 1)),
            ExpirationRule(ExpiryKind.FRIDAY, 42, date(2012, 11, 15)),
        ),
        (StrikeRule(500, 60, 0.20, 0.20, fine), StrikeRule(1_000, 366, 0.50, 0.50, coarse)),
    ).at(density)


class ListedContracts(NamedTuple):
    """The strikes listed on a day, by expiration: each strike as a call and as a put.

    ``sizes[i]`` strikes belong to ``expirations[i]`` (days since 1970-01-01, ascending; those settled on the
    opening first); ``strike_milli`` runs through them, ascending within each.
    """

    expirations: NDArray[np.int64]
    morning: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    strike_milli: NDArray[np.int64]


class _Expiry(NamedTuple):
    """An expiration; ``closing`` where it settles at the close, so that the opening's sorts first.

    ``last`` is the last day on whose close there is a quote: the session before, for the opening's.
    """

    day: int
    closing: bool
    last: int


class _Band(NamedTuple):
    """The strikes of one rule at an expiration: multiples ``low`` to ``high`` of a step."""

    step_milli: int
    low: int
    high: int


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
        self._coming = sorted((first, which) for which, first in listed.items())
        self._open: dict[_Expiry, list[_Band | None]] = {}
        self._strikes: dict[_Expiry, NDArray[np.int64]] = {}
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
        for expired in [which for which in self._open if which.last < day]:
            del self._open[expired]
            self._strikes.pop(expired, None)
        while self._next < len(self._coming) and self._coming[self._next][0] <= day:
            which = self._coming[self._next][1]
            if which.last >= day:
                self._open[which] = [None] * len(self._strike_rules)
            self._next += 1
        for which, bands in self._open.items():
            if self._widen(bands, which.day - day, spot, reach):
                self._strikes.pop(which, None)

    def _widen(self, bands: list[_Band | None], days_left: int, spot: float, reach: float) -> bool:
        changed = False
        for number, rule in enumerate(self._strike_rules):
            if days_left > rule.max_days:
                continue
            held = bands[number]
            step = rule.step_at(spot) if held is None else held.step_milli
            units = spot * 1000 / step
            low = max(1, round(units * (1 - min(rule.below * reach, LOWEST))))
            high = round(units * (1 + rule.above * reach))
            wider = _Band(step, low, high)
            if held is not None:
                wider = _Band(step, min(low, held.low), max(high, held.high))
            if wider != held:
                bands[number] = wider
                changed = True
        return changed

    def contracts(self) -> ListedContracts:
        """Return what is listed at the session last advanced to."""
        listed = sorted(self._open)
        for which in listed:
            if which not in self._strikes:
                self._strikes[which] = self._grid(self._open[which])
        strikes = [self._strikes[which] for which in listed]
        return ListedContracts(
            np.array([which.day for which in listed], dtype=np.int64),
            np.array([not which.closing for which in listed], dtype=np.bool_),
            np.array([len(column) for column in strikes], dtype=np.int64),
            np.concatenate(strikes) if strikes else np.zeros(0, dtype=np.int64),
        )

    def _grid(self, bands: list[_Band | None]) -> NDArray[np.int64]:
        grids = [
            np.arange(band.low, band.high + 1, dtype=np.int64) * band.step_milli
            for band in bands
            if band is not None
        ]
        return np.unique(np.concatenate(grids)) if grids else np.zeros(0, dtype=np.int64)


def listed_between(rules: ListingRules, calendar: SessionCalendar, start: date, end: date) -> dict[int, int]:
    """Return for each expiration settled at the close the day from which it is listed.

    Parameters
    ----------
    rules : ListingRules
        How options are listed.
    calendar : SessionCalendar
        The sessions.
    start, end : date
        Expirations that are listed on some day between these.

    Returns
    -------
    dict
        Both as days since 1970-01-01.
    """
    found = _listing_days(rules, calendar, start, end)
    return {which.day: first for which, first in found.items() if which.closing}


def _listing_days(
    rules: ListingRules, calendar: SessionCalendar, start: date, end: date
) -> dict[_Expiry, int]:
    """Return for each expiration the day from which it is listed, days since 1970-01-01."""
    first_listed: dict[_Expiry, int] = {}
    for rule in rules.expirations:
        # A holiday moves an expiration into the period, or so near that it is listed in it.
        around = start - MOVED, end + timedelta(days=rule.max_days) + MOVED
        for expiration in _expirations(rule, calendar, *around):
            listed = max(days_of(expiration) - rule.max_days, days_of(rule.since))
            if listed >= days_of(rule.until) or listed > days_of(end) or expiration < start:
                continue
            last = calendar.previous_session(expiration) if rule.morning else expiration
            which = _Expiry(days_of(expiration), not rule.morning, days_of(last))
            first_listed[which] = min(first_listed.get(which, listed), listed)
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
