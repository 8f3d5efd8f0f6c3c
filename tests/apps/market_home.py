"""A small market for the faces: four months of reconstructed SPX chains, and a file of recorded ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from strikewise.backtest.demo_data import DEMO_UNDERLYING, demo_bars, demo_series
from strikewise.backtest.reconstruct.listings import Density
from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.bootstrap.build import build_system

START, END = date(2018, 1, 2), date(2018, 4, 30)

SPEC = f"""\
name = "Condors"
underlyings = ["{DEMO_UNDERLYING}"]
start = {START.isoformat()}
end = {END.isoformat()}
capital = 250_000

[[strategies]]
strategy = "iron_condor"
parameters = {{ width = 50.0 }}
"""


SETTINGS = """\
[account]
capital = 1_000_000

[strategies.credit_spread]
width = 100.0
min_credit_to_width = 0.02

[strategies.iron_condor]
width = 100.0
min_credit_to_width = 0.05
"""


def fill(home: Path, end: date = END) -> None:
    """Store the chains, bars and series of the four months or fewer, and settings for an index."""
    home.mkdir(parents=True)
    (home / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    system = build_system(home)
    calendar = system.calendar
    bars, (vix, rate) = demo_bars(calendar), demo_series(calendar)
    tapes = reconstruct(
        Observed(bars, vix, rate),
        recipe_for(DEMO_UNDERLYING, Density.FRIDAYS),
        calendar,
        start=START,
        end=end,
    )
    system.data.write(tapes, bars=[bars], series=[vix, rate])


def write_chain_file(folder: Path, quotes: int = 6) -> Path:
    """Write two sessions of XYZ in the interchange form, as ``XYZ/2024.parquet``; return the file."""
    rows = [
        {
            "quote_date": day,
            "expiration": date(2024, 4, 19),
            "strike": 90.0 + 5.0 * number,
            "right": right,
            "bid": max(0.05, (10.0 - 5.0 * number if right == "C" else 5.0 * number - 10.0) + 2.0),
            "ask": max(0.10, (10.0 - 5.0 * number if right == "C" else 5.0 * number - 10.0) + 2.2),
            "underlying_price": 100.0,
        }
        for day in (date(2024, 3, 4), date(2024, 3, 5))
        for number in range(quotes)
        for right in ("C", "P")
    ]
    path = folder / "XYZ" / "2024.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(path)
    return path
