"""Tabulate put credit spreads with optopsy; run by ``benchmarks/peer_spreads.py`` in optopsy's environment.

Prints one line of JSON: seconds, peak memory, rows, and the trades that were asked for, in cents a share.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import optopsy
import pandas as pd

DAY = np.timedelta64(1, "D")


def main(quotes: Path, asked: Path) -> None:
    columns = np.load(quotes)
    epoch = np.datetime64("1970-01-01")
    frame = pd.DataFrame(
        {
            "underlying_symbol": "SPY",
            "underlying_price": columns["spot"],
            "option_type": "p",
            "expiration": (epoch + columns["expiration"] * DAY).astype("datetime64[ns]"),
            "quote_date": (epoch + columns["day"] * DAY).astype("datetime64[ns]"),
            "strike": columns["strike"],
            "bid": columns["bid"],
            "ask": columns["ask"],
            "delta": columns["delta"],
        }
    )
    wanted = json.loads(asked.read_text())
    began, processor = time.perf_counter(), time.process_time()
    table = optopsy.short_put_spread(
        frame,
        raw=True,
        slippage="spread",
        max_entry_dte=wanted["max_dte"],
        exit_dte=wanted["exit_dte"],
        delta_min=-wanted["delta_max"],
        delta_max=-wanted["delta_min"],
        max_otm_pct=0.9,
        min_bid_ask=0.001,
    )
    spent = (time.process_time() - processor, time.perf_counter() - began)
    days = (table["expiration"].to_numpy().astype("datetime64[D]") - epoch).astype(int)
    keys = zip(
        days.tolist(),
        table["dte_entry"].astype(int).tolist(),
        table["strike_leg1"].tolist(),
        table["strike_leg2"].tolist(),
        strict=True,
    )
    prices = zip(table["total_entry_cost"].tolist(), table["total_exit_proceeds"].tolist(), strict=True)
    found = {key: price for key, price in zip(keys, prices, strict=True) if key in _keys(wanted["trades"])}
    print(
        json.dumps(
            {
                "version": optopsy.__version__,
                "processor": spent[0],
                "wall": spent[1],
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 * 1.024,
                "quotes": len(frame),
                "sessions": len(np.unique(columns["day"])),
                "spreads": len(table),
                "trades": [[*key, *(round(100 * one) for one in price)] for key, price in found.items()],
            }
        )
    )


_KEYS: set[tuple[float, ...]] = set()


def _keys(trades: list[list[float]]) -> set[tuple[float, ...]]:
    if not _KEYS:
        _KEYS.update(tuple(one) for one in trades)
    return _KEYS


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
