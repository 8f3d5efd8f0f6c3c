"""A market to try strikewise on, offline: real S&P 500 and VIX closes of 2014 to 2018, and chains of them.

The closes come with the package `arch`, whose files are read as text: importing it would load what is not
needed. The chains are reconstructed, and say so. All contracts are made as SPXW: settled in cash at the
close, European. The monthly contracts that really settled on the opening are left out, for the bundled
openings are mostly the closes before.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.listings import Density
from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
from strikewise.backtest.reconstruct.tape import Progress, reconstruct
from strikewise.domain.chain import ChainTape
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.calendar import SessionCalendar

__all__ = ["DEMO_END", "DEMO_START", "DEMO_UNDERLYING", "demo_bars", "demo_series", "demo_tapes"]

DEMO_UNDERLYING = "SPX"
DEMO_START = date(2014, 1, 3)
"""The first day of the bundled VIX."""
DEMO_END = date(2018, 12, 31)

BILLS = {
    date(2014, 1, 2): 0.07,
    date(2014, 4, 1): 0.04,
    date(2014, 7, 1): 0.02,
    date(2014, 10, 1): 0.02,
    date(2015, 1, 2): 0.02,
    date(2015, 4, 1): 0.03,
    date(2015, 7, 1): 0.01,
    date(2015, 10, 1): -0.02,
    date(2016, 1, 4): 0.22,
    date(2016, 4, 1): 0.23,
    date(2016, 7, 1): 0.27,
    date(2016, 10, 3): 0.32,
    date(2017, 1, 3): 0.53,
    date(2017, 4, 3): 0.78,
    date(2017, 7, 3): 1.04,
    date(2017, 10, 2): 1.00,
    date(2018, 1, 2): 1.42,
    date(2018, 4, 2): 1.74,
    date(2018, 7, 2): 1.95,
    date(2018, 10, 1): 2.19,
}
"""Three-month Treasury bill, percent at a discount, on each quarter's first session (FRED, series DTB3)."""


def demo_bars(calendar: SessionCalendar) -> DailyBars:
    """Return the daily bars of the S&P 500 index, 1999 to 2018, from the package `arch`.

    Raises
    ------
    MissingDataError
        If the package is not installed or does not hold its file.
    """
    rows = _bundled("sp500")
    days = _days(row["Date"] for row in rows)
    opening, high, low, close, volume = (
        np.array([float(row[name]) for row in rows]) for name in ("Open", "High", "Low", "Close", "Volume")
    )
    known_at = calendar.close_seconds(days)
    return DailyBars(DEMO_UNDERLYING, days, opening, high, low, close, volume, known_at)


def demo_series(calendar: SessionCalendar) -> tuple[Series, Series]:
    """Return VIX from the package `arch` and a three-month rate (``rate_3m``, percent), both 2014 to 2018.

    The rate is that of the first session of each quarter, held through the quarter. Both count as known at
    the close of their session.

    Raises
    ------
    MissingDataError
        If the package is not installed or does not hold its file.
    """
    rows = [row for row in _bundled("vix") if row["vix"] not in ("", ".")]
    days = _days(row["Date"] for row in rows)
    values = np.array([float(row["vix"]) for row in rows])
    inside = days <= days_of(DEMO_END)
    days, values = days[inside], values[inside]
    vix = Series("VIX", days, values, calendar.close_seconds(days))

    quarters = np.array([days_of(day) for day in BILLS])
    sessions = np.array([days_of(day) for day in calendar.sessions(min(BILLS), DEMO_END)], dtype=np.int32)
    bills = np.array(list(BILLS.values()))[np.searchsorted(quarters, sessions, side="right") - 1]
    return vix, Series("rate_3m", sessions, bills, calendar.close_seconds(sessions))


def demo_tapes(calendar: SessionCalendar, progress: Progress | None = None) -> Iterator[ChainTape]:
    """Make the demonstration's chains, a tape a year: SPXW on weekly and third Fridays, graded reconstructed.

    Parameters
    ----------
    calendar : SessionCalendar
        The sessions.
    progress : callable, optional
        Told the sessions done and the sessions in all, after each.

    Raises
    ------
    MissingDataError
        If the package `arch` is not installed or does not hold its files.
    """
    vix, rate = demo_series(calendar)
    yield from reconstruct(
        Observed(demo_bars(calendar), vix, rate),
        recipe_for(DEMO_UNDERLYING, Density.FRIDAYS),
        calendar,
        start=DEMO_START,
        end=DEMO_END,
        progress=progress,
    )


def _bundled(name: str) -> list[dict[str, str]]:
    package = find_spec("arch")
    places = [] if package is None else list(package.submodule_search_locations or ())
    path = Path(places[0], "data", name, f"{name}.csv.gz") if places else None
    if path is None or not path.is_file():
        raise MissingDataError(
            f"The demonstration reads {name}.csv.gz from the package arch, and it is not there: "
            "install arch 7.2 or later."
        )
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _days(written: Iterator[str]) -> NDArray[np.int32]:
    """Read dates written as month/day/year."""
    split = ((int(part) for part in text.split("/")) for text in written)
    return np.array([days_of(date(year, month, day)) for month, day, year in split], dtype=np.int32)
