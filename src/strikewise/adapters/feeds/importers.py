"""Import files and folders of any known format into a data home, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from strikewise.adapters.feeds import (
    calendars,
    cboe,
    daily_bars,
    dolthub,
    optionsdx,
    philippdubach,
    series,
    strikewise_parquet,
)
from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.report import ImportReport
from strikewise.adapters.feeds.tables import Sample, sample_of
from strikewise.adapters.store.market_store import StoreSource
from strikewise.adapters.store.staging import Staging
from strikewise.domain.errors import ImportRefusedError
from strikewise.market.calendar import SessionCalendar

__all__ = ["FORMATS", "ImportReport", "detect", "import_path"]

FORMATS: tuple[Format, ...] = (
    series.RATES,
    series.CBOE_HISTORY,
    calendars.DIVIDENDS_CSV,
    calendars.SPLITS_CSV,
    calendars.EARNINGS_CSV,
    calendars.EVENTS_CSV,
    daily_bars.FORMAT,
    strikewise_parquet.FORMAT,
    optionsdx.FORMAT,
    philippdubach.FORMAT,
    dolthub.CSV,
    dolthub.JSON,
    cboe.FORMAT,
)
"""Every known format, in the order in which they are tried."""

Progress = Callable[[Path, int, int], None]


def detect(path: Path) -> Format | None:
    """Return the format of a file by its contents, or None where it is of no known one."""
    return _first(sample_of(path))


def import_path(
    path: Path,
    store: StoreSource,
    *,
    underlying: str | None = None,
    format: str | None = None,  # noqa: A002  (what the user calls it)
    calendar: SessionCalendar | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file, or everything known below a folder; on an error nothing is imported.

    Importing the same again changes nothing.

    Parameters
    ----------
    path : Path
        File or folder. Files of a folder that are of no known format are listed as ignored.
    store : StoreSource
        Where to; it is refreshed afterwards.
    underlying : str, optional
        Whose options these are, for formats that do not say.
    format : str, optional
        Name of the format of every file, instead of recognising it.
    calendar : SessionCalendar, optional
        The sessions.
    progress : callable, optional
        Told each file before it is read, its number from 0, and how many there are.

    Raises
    ------
    ImportRefusedError
        If a file is of a known format but not as it must be; it names file, row and column. If there is
        nothing to import.
    """
    ignored: dict[str, str] = {}
    work = _work(path, format, ignored)
    with Staging(store.chains.home) as staging:
        context = ImportContext(store.chains, staging, calendar or SessionCalendar(), underlying)
        for number, (file, one) in enumerate(work):
            if progress is not None:
                progress(file, number, len(work))
            one.load(file, context)
        staging.commit()
    store.refresh()
    files = {str(file): one.name for file, one in work}
    return ImportReport.of(files, ignored, context.tally)


def _work(path: Path, name: str | None, ignored: dict[str, str]) -> list[tuple[Path, Format]]:
    """Return the files to import with their formats, in the order of import."""
    if not path.exists():
        raise ImportRefusedError(path, "there is no such file or folder.")
    forced = None if name is None else _named(path, name)
    if path.is_file():
        sample = sample_of(path)
        found = forced or _first(sample)
        if found is None:
            raise ImportRefusedError(path, sample.unknown)
        return [(path, found)]
    if not path.is_dir():
        raise ImportRefusedError(path, "it is neither a file nor a folder.")
    work = []
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        sample = Sample(file, "other") if hidden else sample_of(file)
        found = forced if forced and sample.form != "other" else _first(sample)
        if found is None:
            ignored[str(file)] = sample.unknown
        else:
            work.append((file, found))
    if not work:
        raise ImportRefusedError(path, _nothing(ignored))
    return sorted(work, key=lambda one: (one[1].rank, one[0]))


def _nothing(ignored: Mapping[str, str]) -> str:
    """Say why there is nothing to import: for the one file that comes nearest to data."""
    if not ignored:
        return "there is no file in it."
    file, why = min(ignored.items(), key=lambda one: (one[1].startswith("not a data file"), one[0]))
    return f"nothing in it can be imported, as in {file}: {why}"


def _first(sample: Sample) -> Format | None:
    return next((one for one in FORMATS if one.recognises(sample)), None)


def _named(path: Path, name: str) -> Format:
    for one in FORMATS:
        if one.name == name:
            return one
    known = ", ".join(sorted(one.name for one in FORMATS))
    raise ImportRefusedError(path, f"there is no format {name!r}; there are {known}.")
