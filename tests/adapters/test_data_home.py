"""The digest of a run's data changes with everything that the run reads, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from adapters.made_chains import small_tape
from strikewise.adapters.data_home import DataHome
from strikewise.domain.chain import ChainTape
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.calendar import SessionCalendar

CALENDAR = SessionCalendar()
TAPE = small_tape([date(2025, 3, 3), date(2026, 1, 5), date(2026, 1, 6)])
START, END = date(2026, 1, 5), date(2026, 1, 6)


def bars_of(symbol: str, price: float = 100.0) -> DailyBars:
    days = np.array([days_of(day) for day in CALENDAR.sessions(date(2025, 12, 1), END)], dtype=np.int32)
    prices = np.full(len(days), price)
    return DailyBars(symbol, days, prices, prices, prices, prices, prices, CALENDAR.close_seconds(days))


def series_of(name: str, *, late: int = 0) -> Series:
    bars = bars_of(name)
    return Series(name, bars.days, bars.close, bars.known_at + late)


def digest(
    folder: Path,
    *,
    tape: ChainTape = TAPE,
    bars: tuple[DailyBars, ...] = (bars_of("SPY"), bars_of("SPX")),
    series: tuple[Series, ...] = (series_of("VIX"), series_of("rate_3m")),
) -> str:
    home = DataHome(folder, CALENDAR)
    home.write(iter([tape]), bars=bars, series=series)
    return home.digest("SPY", START, END)


def earlier_chain_changed(tape: ChainTape) -> ChainTape:
    return replace(tape, spot_cents=tape.spot_cents + np.array([1, 0, 0]))


CHANGES: dict[str, Callable[[Path], str]] = {
    "a chain that volatility is ranked among": lambda at: digest(at, tape=earlier_chain_changed(TAPE)),
    "the index of the regime": lambda at: digest(at, bars=(bars_of("SPY"), bars_of("SPX", 101.0))),
    "when the volatility index was known": lambda at: digest(
        at, series=(series_of("VIX", late=900), series_of("rate_3m"))
    ),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_what_a_run_reads_is_in_its_digest(changed: Callable[[Path], str], tmp_path: Path) -> None:
    assert digest(tmp_path / "one") == digest(tmp_path / "same")
    assert changed(tmp_path / "other") != digest(tmp_path / "one")


def test_what_lies_after_a_run_is_not_in_its_digest(tmp_path: Path) -> None:
    later = small_tape([*(date_of(at // 86_400) for at in TAPE.as_of.tolist()), END + timedelta(1)])
    assert digest(tmp_path / "more", tape=later) == digest(tmp_path / "less")
