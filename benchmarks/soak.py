"""Trade a year of quarter-hours in minutes: what grows, and how fast the process that trades goes.

Run ``python benchmarks/soak.py [MONTHS] [MINUTES]``. The process is the one `strikewise run --replay --every`
starts, with the paper broker and an SQLite ledger, over the store of ``benchmarks/backtest.py`` (made there
once from real closes), each day's chain shown at every quarter of an hour. After each simulated month it
prints its own memory (without mapped files), what Python holds, open descriptors and threads, the size of
the ledger, and looks a second; at the end, whether memory stayed flat and nothing leaked.
"""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from backtest import STORE, in_process, memory
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.bootstrap.daemon import RunPlan, trading_process
from strikewise.bootstrap.spec_file import make_spec

YEAR = 2023
LOOKS = 26
"""A session: quarters of an hour."""
WARM = 3
"""Months until whatever is kept is there."""
FLAT = 1.10
"""Memory at the end, of that after warming up, at most."""
SPEC = {
    "name": "Soak",
    "underlyings": ["SPY"],
    "capital": 250_000,
    "strategies": [
        {"label": "put_spreads", "strategy": "credit_spread", "parameters": {"side": "put"}},
        {"label": "condors", "strategy": "iron_condor"},
    ],
}


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Watched:
    """Takes what the process says, and measures it after each month."""

    def __init__(self, ledger: Path) -> None:
        self.ledger, self.month = ledger, ""
        self.began = time.perf_counter()
        self.at_month = self.began
        self.days = 0
        self.rows: list[dict[str, float]] = []

    def say(self, level: str, event: str, pairs: Mapping[str, object]) -> None:
        """Take what is said: a day's report ends a day."""
        if event != "day":
            return
        month = str(pairs["report"])[:7]
        if self.month and month != self.month:
            self.measure()
        self.month = month
        self.days += 1

    def measure(self) -> None:
        """Print the figures of the month that ended."""
        gc.collect()
        now = time.perf_counter()
        row = {
            "megabytes": memory()["RssAnon"],
            "objects": len(gc.get_objects()),
            "descriptors": descriptors(),
            "threads": threading.active_count(),
            "ledger": self.ledger.stat().st_size / 1e6,
            "a second": self.days * LOOKS / (now - self.at_month),
        }
        self.rows.append(row)
        print(
            f"{self.month}  {row['megabytes']:7.1f} MB  {row['objects']:8,} objects  "
            f"{row['descriptors']:3.0f} descriptors  {row['threads']:2.0f} threads  "
            f"ledger {row['ledger']:6.2f} MB  {row['a second']:6.1f} looks a second",
            flush=True,
        )
        self.days, self.at_month = 0, time.perf_counter()


def trade(end: date, minutes: int) -> tuple[Watched, int, str]:
    """Trade from the year's beginning to a day, and let go of everything."""
    spec = make_spec(SPEC | {"start": date(YEAR, 1, 3), "end": end})
    place = Path(tempfile.mkdtemp(prefix="strikewise-soak-"))
    plan = RunPlan(replay=(date(YEAR, 1, 3), end), spec=spec, into=place, every=minutes)
    try:
        watched = Watched(place / "ledger.db")
        with trading_process(STORE, plan, watched.say) as process:
            ended = process.daemon.run(until=process.until)
            watched.measure()
        with SqlLedger(f"sqlite:///{watched.ledger}") as ledger:
            return watched, ledger.head.seq, ended.reason
    finally:
        shutil.rmtree(place)


def open_now() -> tuple[int, int]:
    """Return open descriptors and threads once nobody holds what is not used."""
    gc.collect()
    return descriptors(), threading.active_count()


def soak(months: int, minutes: int) -> int:
    """Run it, and return 0 where nothing grew that should not."""
    trade(date(YEAR, 1, 6), minutes)  # what libraries open once stays open
    before = open_now()
    watched, facts, reason = trade(date(YEAR, months, 28 if months < 12 else 29), minutes)
    after = open_now()
    seconds = time.perf_counter() - watched.began
    warm, last = watched.rows[min(WARM, len(watched.rows)) - 1], watched.rows[-1]
    grown = last["megabytes"] / warm["megabytes"]
    print(f"{reason} {facts:,} facts in {seconds:,.0f} s.")
    print(f"Memory at the end: {grown:.3f} of that after {WARM} months; goal: at most {FLAT}.")
    print(f"Descriptors and threads before and after: {before} and {after}; goal: the same.")
    return int(grown > FLAT or after > before)


if __name__ == "__main__":
    if not STORE.exists():
        in_process("--build", "SPY")
    asked = [int(word) for word in sys.argv[1:]]
    raise SystemExit(soak(*[*asked, *(12, 15)[len(asked) :]]))
