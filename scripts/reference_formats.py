"""The file formats that can be imported, each with the columns it is recognised by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from strikewise.adapters.feeds import (
    calendars,
    daily_bars,
    dolthub,
    optionsdx,
    philippdubach,
    series,
    strikewise_parquet,
)
from strikewise.adapters.feeds.importers import FORMATS
from strikewise.adapters.feeds.tables import Layout

__all__ = ["format_sections"]

LAYOUTS: Mapping[str, Layout] = {
    "rates": series.RATES_LAYOUT,
    "dividends": calendars.DIVIDENDS_LAYOUT,
    "splits": calendars.SPLITS_LAYOUT,
    "earnings": calendars.EARNINGS_LAYOUT,
    "events": calendars.EVENTS_LAYOUT,
    "daily-bars": daily_bars.LAYOUT,
    "strikewise-parquet": strikewise_parquet.LAYOUT,
    "optionsdx": optionsdx.LAYOUT,
    "philippdubach": philippdubach.LAYOUT,
    "dolthub-csv": dolthub.LAYOUT,
    "dolthub-json": dolthub.LAYOUT,
}

SAID: Mapping[str, str] = {
    "rates": (
        "A table of interest rates in percent, Parquet or CSV: a date, and at least one of the other columns."
    ),
    "cboe-history": (
        "Cboe's history of an index, `NAME_History.csv`: `DATE` (MM/DD/YYYY) with `OPEN, HIGH, LOW, "
        "CLOSE`, or with one column of values. The file's name says which index."
    ),
    "dividends": "Cash dividends a share, CSV.",
    "splits": "Splits, CSV; the ratio is new shares for one old.",
    "earnings": "Days of earnings reports, CSV.",
    "events": (
        "Scheduled events, CSV: `event` is `fomc_decision`, `cpi`, `nfp` and the like. A row whose "
        "source begins with UNVERIFIED is rejected."
    ),
    "daily-bars": "Daily bars of one or many symbols, Parquet or CSV.",
    "strikewise-parquet": (
        "Option chains in this project's own form, Parquet: one snapshot a session, taken at its "
        "close. `right` is `C` or `P`. The underlying is the folder's name where the file is called by "
        "its year (`SPY/2026.parquet`), else `--underlying` says it."
    ),
    "optionsdx": (
        "End-of-day text of OptionsDX, one row a strike. Files with several snapshots a day are "
        "refused. The underlying is read from the vendor's file name (`spy_eod_202301.txt`), else "
        "`--underlying` says it."
    ),
    "philippdubach": (
        "Parquet files of Philipp Dubach's historic options dataset. Keep its file of underlying "
        "prices in the same folder: it is read first, as daily bars."
    ),
    "dolthub-csv": (
        "Rows of DoltHub's `post-no-preference/options` as a CSV export. There is no price of the "
        "underlying in them: parity implies it."
    ),
    "dolthub-json": (
        "The same as an answer of DoltHub's SQL API, recognised by `query_execution_status`, `schema` "
        "and `rows`. An answer that was cut off is refused."
    ),
    "cboe": (
        "A saved answer of Cboe's delayed quotes, recognised by `data` with `options`. Its time is the "
        "last trade of the underlying, not the file's stamp."
    ),
}


def format_sections() -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Yield name, words and columns of each format, in the order in which they are tried."""
    for one in FORMATS:
        layout = LAYOUTS.get(one.name)
        yield one.name, SAID[one.name], [] if layout is None else list(_columns(layout))


def _columns(layout: Layout) -> Iterator[tuple[str, str]]:
    for title, columns in (("must be there", layout.required), ("may be there", layout.optional)):
        if columns:
            yield title, ", ".join(f"`{name}` ({kind})" for name, kind in columns.items())
    if layout.ignored:
        yield "not read", ", ".join(f"`{name}`" for name in sorted(layout.ignored))
