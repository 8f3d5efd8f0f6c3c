"""Measure the chain store on an underlying of nine million rows: open, slice, walk, memory; beside others.

Run ``python benchmarks/store.py``. The store is that of ``benchmarks/backtest.py``, made there once from real
closes. Opening and walking are measured in processes of their own, for their memory; the slices of Polars,
DuckDB and PyArrow (the two where installed) are of the same archive files, the day's bids and asks.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from backtest import SHARED, STORE, in_process, memory

SLICES = 2_000
PEER_SLICES = 20
GOALS = {"slice": 50.0, "memory": 300.0}


def opening(underlying: str) -> dict[str, Any]:
    """Open the store and take one chain, in a fresh process."""
    from strikewise.adapters.store.market_store import StoreSource

    began = time.perf_counter()
    source = StoreSource.open(STORE)
    instants = source.snapshots(underlying)
    index = time.perf_counter()
    chain = source.chain(underlying, datetime.fromtimestamp(int(instants[-1]), UTC))
    done = time.perf_counter()
    assert chain is not None
    return {"index": index - began, "chain": done - began}


def walk(underlying: str) -> dict[str, Any]:
    """Touch every value of every day, oldest day first."""
    from strikewise.adapters.store.market_store import StoreSource

    source = StoreSource.open(STORE)
    instants = [datetime.fromtimestamp(int(one), UTC) for one in source.snapshots(underlying)]
    before = memory()
    rows, total = 0, 0.0
    began = time.perf_counter()
    for instant in instants:
        chain = source.chain(underlying, instant)
        assert chain is not None
        rows += len(chain)
        for name in ("key", "bid", "ask", "volume", "open_interest", "flaws"):
            total += int(getattr(chain, name).sum())
        for name in ("iv", "delta", "gamma", "theta", "vega"):
            total += float(getattr(chain, name).max())
    return {
        "seconds": time.perf_counter() - began,
        "rows": rows,
        "days": len(instants),
        "before": before,
        "memory": memory(),
    }


def slices(underlying: str) -> dict[str, Any]:
    """Take days in an order that is not theirs: the chain, and bids and asks of a window of it."""
    from strikewise.adapters.store.market_store import StoreSource

    source = StoreSource.open(STORE)
    instants = [datetime.fromtimestamp(int(one), UTC) for one in source.snapshots(underlying)[-250:]]
    order = [instants[number * 97 % len(instants)] for number in range(SLICES)]
    whole, window = [], []
    for instant in order:
        began = time.perf_counter()
        chain = source.chain(underlying, instant)
        whole.append(time.perf_counter() - began)
        assert chain is not None
        part = chain.window(20, 50)
        _ = part.bid, part.ask
        window.append(time.perf_counter() - began)
    return {"chain": statistics.median(whole), "window": statistics.median(window)}


def peers(underlying: str) -> dict[str, float]:
    """Take the bids and asks of days out of the archive with other tools, in this process."""
    import polars as pl

    files = sorted((STORE / "chains" / underlying).glob("*.parquet"))
    last = str(files[-1])
    days = pl.scan_parquet(last).select(pl.col("as_of").unique()).collect()["as_of"].sort().to_list()
    order = [days[number * 97 % len(days)] for number in range(PEER_SLICES)]
    found = {
        "Polars, lazy filter of one year's file": _median(
            lambda day: pl.scan_parquet(last).filter(pl.col("as_of") == day).select("bid", "ask").collect(),
            order,
        )
    }
    every = [str(one) for one in files]
    found["Polars, lazy filter of all years"] = _median(
        lambda day: pl.scan_parquet(every).filter(pl.col("as_of") == day).select("bid", "ask").collect(),
        order,
    )
    duckdb, dataset = _optional("duckdb"), _optional("pyarrow.dataset")
    if duckdb is not None:
        query = f"SELECT bid, ask FROM read_parquet('{last}') WHERE as_of = ?"
        found["DuckDB, one year's file"] = _median(
            lambda day: duckdb.execute(query, [day]).fetchnumpy(), order
        )
    if dataset is not None:
        table = dataset.dataset(last)
        found["PyArrow, one year's file"] = _median(
            lambda day: table.to_table(columns=["bid", "ask"], filter=dataset.field("as_of") == day), order
        )
    return found


def _median(work: Callable[[datetime], object], days: list[datetime]) -> float:
    work(days[0])
    times = []
    for day in days:
        began = time.perf_counter()
        work(day)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _optional(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        print(f"{name} is not installed: left out")
        return None


def fresh(what: str, underlying: str) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__)), what, underlying]
    told: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    )
    return told


def main() -> None:
    underlying = "SPY" if SHARED.is_dir() else "SPX"
    if not (STORE / "chains" / underlying).is_dir():
        in_process("--build", underlying)
    shutil.rmtree(STORE / "cache", ignore_errors=True)
    cold = fresh("opening", underlying)
    warm = min((fresh("opening", underlying) for _ in range(5)), key=lambda one: one["chain"])
    walked = min((fresh("walk", underlying) for _ in range(3)), key=lambda one: one["seconds"])
    cut = min((fresh("slices", underlying) for _ in range(3)), key=lambda one: one["chain"])
    archive = sum(path.stat().st_size for path in (STORE / "chains").rglob("*.parquet"))
    cache = sum(path.stat().st_size for path in (STORE / "cache").rglob("*") if path.is_file())
    held, before = walked["memory"], walked["before"]
    print(f"\n{underlying}: {walked['rows']:,} rows, {walked['days']:,} days")
    print(f"  archive {archive / 1e6:.0f} MB, cache {cache / 1e6:.0f} MB, built in {cold['index']:.1f} s")
    lines = [
        ("open, cache there: every year's index", f"{warm['index'] * 1e3:.2f} ms"),
        ("open and take the first chain", f"{warm['chain'] * 1e3:.2f} ms"),
        ("a day's chain", f"{cut['chain'] * 1e6:.1f} µs (goal {GOALS['slice']:.0f})"),
        ("a day's chain, 20 to 50 days of it, bids and asks", f"{cut['window'] * 1e6:.1f} µs"),
        ("a walk over every value", f"{walked['seconds']:.2f} s"),
    ]
    if held:
        lines.append(
            (
                "resident memory: peak of the walk",
                f"{held['VmHWM']:.0f} MB (goal {GOALS['memory']:.0f}); before it {before['VmRSS']:.0f}, "
                f"mapped files at the end {held['RssFile']:.0f}",
            )
        )
    lines += [(name, f"{seconds * 1e3:.2f} ms") for name, seconds in peers(underlying).items()]
    for name, figure in lines:
        print(f"  {name:<52} {figure}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["opening", name]:
            print(json.dumps(opening(name)))
        case ["walk", name]:
            print(json.dumps(walk(name)))
        case ["slices", name]:
            print(json.dumps(slices(name)))
        case _:
            main()
