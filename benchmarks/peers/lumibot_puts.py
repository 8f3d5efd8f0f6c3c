"""Trade put credit spreads with lumibot; run by ``benchmarks/peer_spreads.py`` in lumibot's environment.

It is handed the quotes of the contracts that are traded in the first sessions, and of each spread the legs
and both days: nothing has to be chosen. Prints one line of JSON: seconds, peak memory, and the trades, in
cents a share.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import resource
import sys
import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("IS_BACKTESTING", "True")
os.environ.setdefault("BACKTESTING_QUIET_LOGS", "true")

import numpy as np
import pandas as pd
from lumibot.backtesting import PandasDataBacktesting
from lumibot.entities import Asset, Data
from lumibot.strategies import Strategy
from planned import Leg, Trade, plan

EPOCH = date(1970, 1, 1)


def asset(leg: Leg) -> Asset:
    expiration, strike = leg
    return Asset("SPY", Asset.AssetType.OPTION, EPOCH + timedelta(expiration), strike, Asset.OptionRight.PUT)


class PutSpreads(Strategy):
    """Sends the orders of each day in its session."""

    def initialize(self) -> None:
        self.sleeptime = "1D"
        self.costs: dict[Trade, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.sent: dict[str, tuple[Trade, bool]] = {}

    def on_trading_iteration(self) -> None:
        day = (self.get_datetime().date() - EPOCH).days
        for trade, leg, buys, opens in self.parameters["planned"].get(day, []):
            side = f"{'buy' if buys else 'sell'}_to_{'open' if opens else 'close'}"
            order = self.create_order(asset(leg), 1, side)
            self.sent[order.identifier] = trade, opens
            self.submit_order(order)

    def on_filled_order(
        self, position: Any, order: Any, price: float, quantity: float, multiplier: float
    ) -> None:
        trade, opens = self.sent[order.identifier]
        paid = price if "buy" in str(order.side) else -price
        self.costs[trade][0 if opens else 1] += paid if opens else -paid


def series(columns: Any, days: Any, legs: set[Leg]) -> dict[Leg, Any]:
    """Return the quotes of each contract as daily bars at mid, with bid and ask beside them."""
    rows: dict[Leg, list[tuple[datetime, float, float]]] = defaultdict(list)
    names = ("day", "expiration", "strike", "bid", "ask")
    for day, expiration, strike, bid, ask in zip(*(columns[name].tolist() for name in names), strict=True):
        if (expiration, strike) in legs and day <= days[-1]:
            at = datetime.combine(EPOCH + timedelta(day), datetime.min.time(), UTC)
            rows[expiration, strike].append((at.replace(tzinfo=None), bid, ask))
    found = {}
    for leg, quotes in rows.items():
        frame = pd.DataFrame(quotes, columns=["datetime", "bid", "ask"]).set_index("datetime")
        mid = (frame["bid"] + frame["ask"]) / 2
        frame = frame.assign(open=mid, high=mid, low=mid, close=mid, volume=1000.0)
        found[leg] = frame.tz_localize("America/New_York")
    return found


def main(quotes: Path, asked: Path) -> None:
    columns, wanted = np.load(quotes), json.loads(asked.read_text())
    days = np.unique(columns["day"])[: wanted["sessions"]].tolist()
    planned = plan(wanted["trades"], wanted["exit_dte"], days[-1])
    legs = {leg for orders in planned.values() for _, leg, *_ in orders}
    data = {
        asset(leg): Data(asset(leg), frame, timestep="day")
        for leg, frame in series(columns, days, legs).items()
    }
    spots = dict(zip(columns["day"].tolist(), columns["spot"].tolist(), strict=True))
    fund = Asset("SPY", Asset.AssetType.STOCK)
    index = pd.DatetimeIndex([EPOCH + timedelta(day) for day in days]).tz_localize("America/New_York")
    price = [spots[day] for day in days]
    bars = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), price), index=index)
    data[fund] = Data(fund, bars.assign(volume=1e6), timestep="day")
    logging.disable(logging.CRITICAL)
    began, processor = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        _, strategy = PutSpreads.run_backtest(
            PandasDataBacktesting,
            datetime.combine(EPOCH + timedelta(days[0] - 1), datetime.min.time()),
            datetime.combine(EPOCH + timedelta(days[-1]), datetime.min.time()),
            pandas_data=data,
            budget=1_000_000,
            benchmark_asset=None,
            show_plot=False,
            show_tearsheet=False,
            save_tearsheet=False,
            show_indicators=False,
            show_progress_bar=False,
            quiet_logs=True,
            analyze_backtest=False,
            parameters={"planned": planned},
        )
    print(
        json.dumps(
            {
                "version": version("lumibot"),
                "processor": time.process_time() - processor,
                "wall": time.perf_counter() - began,
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 * 1.024,
                "quotes": sum(len(one.df) for one in data.values()),
                "sessions": len(days),
                "trades": [
                    [*trade, *(round(100 * one) for one in price)] for trade, price in strategy.costs.items()
                ],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
