"""Measure the whole engine over years of end-of-day chains: seconds, microseconds a session, memory.

Run ``python benchmarks/backtest.py [RUNS]`` (default 5 warm runs). The store is SPY of 2018 to 2023, about
nine million rows reconstructed from real closes and VIX of the shared data folder (``STRIKEWISE_SHARED``,
or ``../shared`` beside the repository); without it, SPX of 2014 to 2018 from the closes that the package
`arch` brings. It is made once, in the temporary folder.

A yardstick is measured first, a piece of plain Python that does what the engine does most: it makes small
objects and reads them. Interpreters differ by a third in it, machines by more.

Measured are one strategy, three and the seven of ``examples/studies`` on one account, what a session costs in
runs of one year to all, and what it costs with more and more positions open.

Each measure is a process of its own. Its first run is the one that counts: nothing is computed beforehand but
the session calendar, and the store has been opened. Libraries are loaded before and told as import, SciPy's
too, which is otherwise brought in when it is first needed. Times are of the processor, so that neighbours do
not count; the clock on the wall is beside them.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("STRIKEWISE_SHARED", REPOSITORY.parent / "shared")) / "data"
STORE = Path(tempfile.gettempdir()) / "strikewise-benchmark"
GOALS = {"seconds": 0.5, "megabytes": 300.0, "seven": 3.0}
SEVEN = REPOSITORY / "examples" / "studies" / "spy_seven_strategies.toml"
POSITIONS = (5, 10, 20, 40)
STRATEGIES = ("credit_spread", "iron_condor", "naked_put")
PERIODS = {"SPY": (date(2018, 1, 1), date(2023, 12, 31)), "SPX": (date(2014, 1, 3), date(2018, 12, 31))}


# ---- the store ----


def build(underlying: str) -> None:
    """Make the store; in a process of its own, for its memory is not the engine's."""
    from strikewise.adapters.data_home import DataHome
    from strikewise.backtest.demo_data import demo_bars, demo_series
    from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
    from strikewise.backtest.reconstruct.tape import reconstruct
    from strikewise.market.calendar import SessionCalendar

    calendar = SessionCalendar()
    if underlying == "SPY":
        bars, vix, rate = _shared_closes(calendar)
    else:
        bars, (vix, rate) = demo_bars(calendar), demo_series(calendar)
    start, end = PERIODS[underlying]
    tapes = reconstruct(
        Observed(bars, vix, rate), recipe_for(underlying), calendar, start=start, end=end, progress=_tell
    )
    shutil.rmtree(STORE, ignore_errors=True)
    aside = STORE.with_suffix(".building")
    shutil.rmtree(aside, ignore_errors=True)
    DataHome(aside, calendar).write(tapes, bars=[bars], series=[vix, rate])
    aside.rename(STORE)
    print(file=sys.stderr)


def _shared_closes(calendar: Any) -> tuple[Any, Any, Any]:
    import numpy as np
    import polars as pl

    from strikewise.domain.quotes import DailyBars, Series

    daily = pl.read_parquet(SHARED / "daily_etf_index.parquet").sort("date")
    rates = pl.read_parquet(SHARED / "rates.parquet").sort("date").drop_nulls("rate_3m")

    def known(frame: Any) -> Any:
        days = frame["date"].to_physical().to_numpy()
        return days, calendar.close_seconds(days)

    spy, vix = (daily.filter(pl.col("symbol") == name).drop_nulls("close") for name in ("SPY", "VIX"))
    prices = {
        name: spy[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close", "volume")
    }
    days, known_at = known(spy)
    bars = DailyBars("SPY", days=days, known_at=known_at, **prices)
    series = []
    for name, column, frame in (("VIX", "close", vix), ("rate_3m", "rate_3m", rates)):
        days, known_at = known(frame)
        series.append(Series(name, days, frame[column].to_numpy(), known_at))
    return bars, series[0], series[1]


def _tell(done: int, whole: int) -> None:
    if done % 100 == 0 or done == whole:
        print(f"\rmake the store: session {done} of {whole}", end="", file=sys.stderr)


# ---- one measure ----


def measure(underlying: str, run: Mapping[str, Any], again: int) -> dict[str, Any]:
    """Open the store and run, in this process."""
    began = time.perf_counter()
    import scipy.optimize
    import scipy.special

    from strikewise.adapters.data_home import DataHome
    from strikewise.backtest.runner import replay
    from strikewise.bootstrap.spec_file import make_spec
    from strikewise.domain.events import AccountValued
    from strikewise.market.calendar import SessionCalendar
    from strikewise.portfolio.ledger import MemoryLedger, fingerprint

    scipy.special.ndtr(0.0)
    scipy.optimize.linear_sum_assignment([[0.0]])

    imported = time.perf_counter() - began
    at_start = memory()
    start, end = PERIODS[underlying]
    if run.get("last_year"):
        end = date(run["last_year"], 12, 31)
    spec = make_spec(document(underlying, run) | {"start": start, "end": end})
    opening = time.perf_counter()
    calendar = SessionCalendar()
    source = DataHome(STORE, calendar).source()
    source.snapshots(underlying)
    calendar.is_session(start)
    opened = time.perf_counter() - opening
    runs, ledger = [], MemoryLedger()
    for _ in range(1 + again):
        ledger = MemoryLedger()
        runs.append(_timed(lambda ledger=ledger: replay(spec, source, calendar, ledger)))
        after = memory()
    sealed: list[Any] = []
    sealing = _timed(lambda: sealed.extend(ledger.facts()))
    valued = [fact.event for fact in sealed if isinstance(fact.event, AccountValued)]
    ticks, held = len(valued), sum(event.open_positions for event in valued)
    return {
        "import": imported,
        "open": opened,
        "runs": runs,
        "seal": sealing,
        "sessions": ticks,
        "open_positions": held / max(ticks, 1),
        "facts": len(sealed),
        "fingerprint": fingerprint(sealed),
        "rows": sum(
            len(source.chains.tape(underlying, year).columns.key) for year in source.chains.years(underlying)
        ),
        "start": at_start,
        "memory": after,
    }


def document(underlying: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the specification of a run: strategies and, where told, how many positions may be open."""
    if run["strategies"] != "seven":
        chosen = [{"strategy": name} for name in run["strategies"]]
        return {"underlyings": [underlying], "capital": 100_000, "strategies": chosen}
    found = tomllib.loads(SEVEN.read_text(encoding="utf-8"))
    if most := run.get("positions"):
        found["limits"] |= {"max_positions": most, "max_per_underlying": most}
    return found


class _Pair:
    __slots__ = ("count", "total")

    def __init__(self, count: int, total: int) -> None:
        self.count, self.total = count, total

    def plus(self, other: _Pair) -> _Pair:
        return _Pair(self.count + other.count, self.total + other.total)


def yardstick() -> None:
    """Make 400,000 small objects and read them: what a second is worth here."""
    pair, seen = _Pair(0, 0), {}
    for number in range(200_000):
        pair = pair.plus(_Pair(1, number))
        seen[number & 255] = pair.total


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def memory() -> dict[str, float]:
    """Return what the process holds, in megabytes; empty where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    told = dict(line.split(":", 1) for line in lines)
    return {
        name: int(told[name].split()[0]) / 1000 * 1.024 for name in ("VmHWM", "VmRSS", "RssAnon", "RssFile")
    }


# ---- report ----


def in_process(*arguments: str) -> str:
    """Run this file in a fresh process."""
    command = [sys.executable, str(Path(__file__)), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def measured(underlying: str, strategies: Sequence[str] | str, again: int = 0, **run: int) -> dict[str, Any]:
    told = json.dumps({"strategies": strategies, **run})
    return json.loads(in_process("--measure", underlying, told, str(again)))


def a_session(found: Mapping[str, Any]) -> float:
    """Return what a session cost, microseconds of the processor."""
    return found["runs"][0][0] / found["sessions"] * 1e6


def report(title: str, found: Mapping[str, Any], best: Sequence[float]) -> None:
    processor, wall = best
    held = found["memory"]
    print(f"\n{title}")
    print(
        f"  {processor:.3f} s of processor ({wall:.3f} s on the wall), "
        f"{processor / found['sessions'] * 1e6:.0f} µs a session, {found['facts']:,} facts; "
        f"their bytes and hashes {found['seal'][0]:.3f} s more"
    )
    print(f"  before it: import {found['import']:.2f} s, open {found['open']:.3f} s")
    if held:
        print(
            f"  memory: peak {held['VmHWM']:.0f} MB, at the end {held['VmRSS']:.0f} MB "
            f"({held['RssAnon']:.0f} own, {held['RssFile']:.0f} mapped files); "
            f"imports alone {found['start']['VmRSS']:.0f} MB"
        )
    print(f"  fingerprint {found['fingerprint'][:16]}")


def judged(name: str, value: float, goal: float, unit: str) -> None:
    said = "met" if value <= goal else f"MISSED by {value / goal:.2f} times"
    print(f"  {name}: {value:.3g} {unit}, goal {goal:g} {unit}: {said}")


def growth(underlying: str) -> None:
    """Print what a session costs in longer runs, and with more positions open."""
    start, end = PERIODS[underlying]
    print("\na session of credit_spread in runs of n years, µs of the processor")
    for last in range(start.year, end.year + 1):
        found = measured(underlying, STRATEGIES[:1], last_year=last)
        print(f"  {last - start.year + 1}: {a_session(found):.0f}")
    if underlying == "SPY":
        print("a session of the seven by the positions open on average, one year, µs of the processor")
        for most in POSITIONS:
            found = measured(underlying, "seven", last_year=start.year, positions=most)
            print(f"  {found['open_positions']:.1f}: {a_session(found):.0f}")


def main(runs: int) -> None:
    underlying = "SPY" if SHARED.is_dir() else "SPX"
    if underlying == "SPX":
        print(f"{SHARED} is not there: SPX of five years instead; the goals are stated for six years of SPY.")
    if not (STORE / "chains" / underlying).is_dir():
        in_process("--build", underlying)
    shutil.rmtree(STORE / "cache", ignore_errors=True)
    one = STRATEGIES[:1]
    cold = measured(underlying, one)
    quick = min(_timed(yardstick)[0] for _ in range(9))
    print(f"Python {platform.python_version()}, yardstick {quick * 1e3:.0f} ms")
    print(f"{underlying}, {cold['sessions']:,} sessions, {cold['rows']:,} rows")
    report("credit_spread, cold: the cache is built when the store is opened", cold, cold["runs"][0])
    warm = [measured(underlying, one) for _ in range(runs)]
    best = min(warm, key=lambda found: found["runs"][0][0])
    report(f"credit_spread, warm: the best of {runs} fresh processes", best, best["runs"][0])
    again = measured(underlying, one, again=3)
    report("credit_spread again in the same process, features kept", again, min(again["runs"][1:]))
    all_three = [measured(underlying, STRATEGIES) for _ in range(2)]
    three = min(all_three, key=lambda found: found["runs"][0][0])
    report("three strategies on one account", three, three["runs"][0])
    seven = measured(underlying, "seven") if underlying == "SPY" else None
    if seven:
        report("seven strategies on one account", seven, seven["runs"][0])
    growth(underlying)
    print("\ngoals, of the warm run")
    judged("time", best["runs"][0][0], GOALS["seconds"], "s")
    if seven:
        judged("seven strategies", seven["runs"][0][0], GOALS["seven"], "s")
    if best["memory"]:
        judged("resident memory", best["memory"]["VmHWM"], GOALS["megabytes"], "MB")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--build", name]:
            build(name)
        case ["--measure", name, chosen, count]:
            print(json.dumps(measure(name, json.loads(chosen), int(count))))
        case rest:
            main(int(rest[0]) if rest else 5)
