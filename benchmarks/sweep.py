"""Measure what a second process brings to ``strikewise sweep``: 18 six-year runs of credit_spread.

Run ``python benchmarks/sweep.py [ROUNDS]`` (default 2) after ``python benchmarks/backtest.py``, which makes
the store. Times are on the wall, so that the machine must have two processors to spare: the load before each
sweep is printed, and above a half nothing can be concluded. Both take turns, and the best of each counts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STORE = Path(tempfile.gettempdir()) / "strikewise-benchmark"
GRID = ("profit_target=0.4,0.5,0.75", "stop_loss=1.5,2.0,3.0", "width=5,10")
WORKERS = (1, 2)
GOAL = 1.8
SPEC = """
name = "Sweep"
underlyings = ["SPY"]
start = 2018-01-01
end = 2023-12-31
capital = 100_000

[[strategies]]
strategy = "credit_spread"
"""


def home_in(folder: Path) -> Path:
    """Make a data home that shares the store and keeps its own count of trials."""
    home = folder / "home"
    home.mkdir()
    for name in ("bars", "cache", "chains", "series"):
        (home / name).symlink_to(STORE / name, target_is_directory=True)
    return home


def seconds(workers: int) -> float:
    """Return how long a sweep takes in a fresh data home."""
    folder = Path(tempfile.mkdtemp())
    try:
        spec = folder / "sweep.toml"
        spec.write_text(SPEC, encoding="utf-8")
        grid = [word for axis in GRID for word in ("--grid", axis)]
        program = Path(sys.executable).with_name("strikewise")
        command = [str(program), "--home", str(home_in(folder)), "sweep", str(spec), *grid]
        began = time.perf_counter()
        subprocess.run([*command, "--workers", str(workers), "--json"], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began
    finally:
        shutil.rmtree(folder)


def main(rounds: int) -> None:
    best = dict.fromkeys(WORKERS, float("inf"))
    for _ in range(rounds):
        for workers in WORKERS:
            load, taken = os.getloadavg()[0], seconds(workers)
            best[workers] = min(best[workers], taken)
            print(f"{workers} workers: {taken:.1f} s, load before {load:.1f}")
    ratio = best[1] / best[2]
    said = "met" if ratio >= GOAL else "MISSED"
    print(f"two workers are {ratio:.2f} times as fast as one, goal {GOAL}: {said}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 2)
