"""Run the same put credit spreads beside three peers: do trades agree, how long, how much memory.

Run ``python benchmarks/peer_spreads.py optopsy=PYTHON nautilus_trader=PYTHON lumibot=PYTHON``, each with the
interpreter of an environment that has it; a peer that is not named is left out. The store is that of
``backtest.py``, and must have been made by it.

The task: one put spread a day, short delta 0.10 to 0.15, 5 dollars wide, 20 to 42 days out, sold and
bought back at the touch, left at 7 days, never before. strikewise finds and trades them on an account.

* optopsy tabulates every pair of puts whose entry deltas lie between 0.005 and 0.15, held from each day to
  that with 7 days left; it knows no account.
* nautilus_trader is handed every quote of the first sessions, and for each spread what to trade and when.
* lumibot likewise, with the quotes of the contracts that are traded alone.

Where a trade of strikewise left with exactly 7 days, all must have the same prices, to the cent.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from backtest import PERIODS, STORE, memory
from strikewise.adapters.data_home import DataHome
from strikewise.backtest.runner import replay
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.events import OrderFilled, OrderPlaced
from strikewise.domain.instruments import EXPIRATION_SHIFT, STRIKE_BITS, STRIKE_MASK, OptionContract, days_of
from strikewise.domain.orders import Execution, Purpose
from strikewise.market.calendar import SessionCalendar
from strikewise.portfolio.ledger import MemoryLedger

EXIT, MAX_DTE = 7, 42
PEERS = {
    "optopsy": ("optopsy_puts.py", None),
    "nautilus_trader": ("nautilus_puts.py", 42),
    "lumibot": ("lumibot_puts.py", 42),
}
"""What runs in the environment of each, and over how many sessions: all where none is told."""
PARAMETERS = {
    "side": "put",
    "trend": "off",
    "min_dte": 20,
    "max_dte": MAX_DTE,
    "dte_exit": EXIT,
    "profit_target": 2.0,
    "stop_loss": 0.0,
    "width": 5.0,
    "width_tolerance": 0.0,
    "min_credit_to_width": 0.0,
    "sizing": "fixed",
    "units": 1,
}
LIMITS = {
    "max_positions": 60,
    "max_new_per_day": 1,
    "max_per_underlying": 60,
    "max_per_strategy": 60,
    "max_at_risk": 1.0,
    "max_margin": 1.0,
}
Trade = tuple[int, int, float, float, int, int]
"""Expiration, days to it at entry, strikes of long and short leg, cost and proceeds in cents a share."""


def ours(source: Any, calendar: SessionCalendar, underlying: str) -> tuple[list[Trade], float, float]:
    start, end = PERIODS[underlying]
    spec = make_spec(
        {
            "underlyings": [underlying],
            "start": start,
            "end": end,
            "capital": 1_000_000,
            "fills": {"f": 1.0},
            "limits": LIMITS,
            "strategies": [{"strategy": "credit_spread", "parameters": PARAMETERS}],
        }
    )
    source.snapshots(underlying)
    calendar.is_session(start)
    ledger = MemoryLedger()
    wall, processor = time.perf_counter(), time.process_time()
    replay(spec, source, calendar, ledger)
    spent = time.process_time() - processor, time.perf_counter() - wall
    orders = {
        r.event.order.order_id: r.event.order for r in ledger.records() if isinstance(r.event, OrderPlaced)
    }
    opened: dict[str, Execution] = {}
    trades: list[Trade] = []
    for record in ledger.records():
        if not isinstance(record.event, OrderFilled):
            continue
        execution = record.event.execution
        order = orders[execution.order_id]
        if order.purpose is Purpose.OPEN:
            opened[order.position_id] = execution
            continue
        entry = opened[order.position_id]
        strikes = [
            leg.instrument.strike for leg in execution.legs if isinstance(leg.instrument, OptionContract)
        ]
        if len(strikes) < len(entry.legs):
            continue  # shares that were assigned
        left, expiration = days_left(execution)
        if left == EXIT:
            low, high = sorted(strikes)
            costs = [sum(leg.quantity * leg.price_cents for leg in one.legs) for one in (entry, execution)]
            trades.append((expiration, days_left(entry)[0], low, high, costs[0], -costs[1]))
    print(
        f"strikewise  {spent[0]:.2f} s of processor ({spent[1]:.2f} s on the wall), peak "
        f"{memory().get('VmHWM', 0):.0f} MB, {len(opened):,} trades on one account, "
        f"{len(trades):,} of them left with exactly {EXIT} days"
    )
    return trades, spent[0], memory().get("VmHWM", 0.0)


def days_left(execution: Execution) -> tuple[int, int]:
    contract = execution.legs[0].instrument
    assert isinstance(contract, OptionContract)
    expiration = days_of(contract.expiration)
    return expiration - days_of(execution.at.date()), expiration


def quotes_for_peer(source: Any, underlying: str, path: Path) -> None:
    """Write the puts of the wanted days: what optopsy would otherwise throw away is not handed to it."""
    parts = []
    for year in source.chains.years(underlying):
        tape = source.chains.tape(underlying, year)
        for number in range(len(tape)):
            chain = tape.chain(number).window(EXIT, MAX_DTE)
            key = chain.key
            puts = ((key >> STRIKE_BITS) & 1).astype(bool) & (chain.ask > 0)
            day, count = days_of(chain.day), int(puts.sum())
            parts.append(
                (
                    np.full(count, day, np.int32),
                    (key[puts] >> EXPIRATION_SHIFT).astype(np.int32),
                    (key[puts] & STRIKE_MASK) / 1000,
                    chain.bid[puts] / 100,
                    chain.ask[puts] / 100,
                    chain.delta[puts].astype(np.float64),
                    np.full(count, chain.spot),
                )
            )
    names = ("day", "expiration", "strike", "bid", "ask", "delta", "spot")
    np.savez(
        path,
        **{name: np.concatenate(each) for name, each in zip(names, zip(*parts, strict=True), strict=True)},
    )


def compare(trades: list[Trade], found: dict[str, Any], sessions: int | None) -> None:
    theirs = {tuple(one[:4]): tuple(one[4:]) for one in found["trades"]}
    wanted = trades if sessions is None else [one for one in trades if one[:4] in theirs]
    agreed = [one for one in wanted if theirs.get(one[:4]) == one[4:]]
    differ = [one for one in wanted if one[:4] in theirs and theirs[one[:4]] != one[4:]]
    print(
        f"  agreement: {len(agreed):,} of {len(wanted):,} trades have the same entry and exit to the cent, "
        f"{len(differ):,} other prices, {len(wanted) - len(agreed) - len(differ):,} are not in its table"
    )
    for one in differ[:5]:
        print(f"    differs: {one} against {theirs[one[:4]]}")


def beside(
    name: str, python: str, trades: list[Trade], quotes: Path, a_session: float, megabytes: float
) -> None:
    """Run a peer over the same quotes and print what it took and where it agrees."""
    script, sessions = PEERS[name]
    asked = quotes.with_name("asked.json")
    wanted = {
        "max_dte": MAX_DTE,
        "exit_dte": EXIT,
        "delta_min": 0.005,
        "delta_max": 0.15,
        "sessions": sessions,
        "trades": [one[:4] for one in trades],
    }
    asked.write_text(json.dumps(wanted))
    command = [python, str(Path(__file__).parent / "peers" / script), str(quotes), str(asked)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=quotes.parent)
    if done.returncode:
        print(f"{name} could not be run by {python}: {done.stderr.strip().splitlines()[-1:]}")
        return
    found = json.loads(done.stdout.splitlines()[-1])
    count = found["sessions"]
    made = f"{found['spreads']:,} spreads tabulated" if "spreads" in found else f"{count} sessions traded"
    print(
        f"{name} {found['version']}: {found['processor']:.2f} s of processor ({found['wall']:.2f} s on the "
        f"wall), peak {found['megabytes']:.0f} MB, {made} of {found['quotes']:,} quotes"
    )
    compare(trades, found, sessions)
    print(
        f"  a session: {found['processor'] / count / a_session:.1f} times the processor, and "
        f"{found['megabytes'] / megabytes:.1f} times the memory, of strikewise"
    )


def main(peers: dict[str, str]) -> None:
    underlying = "SPY" if (STORE / "chains" / "SPY").is_dir() else "SPX"
    calendar = SessionCalendar()
    source = DataHome(STORE, calendar).source()
    trades, seconds, megabytes = ours(source, calendar, underlying)
    sessions = sum(len(source.chains.tape(underlying, year)) for year in source.chains.years(underlying))
    with tempfile.TemporaryDirectory() as folder:
        quotes = Path(folder) / "quotes.npz"
        quotes_for_peer(source, underlying, quotes)
        for name, python in peers.items():
            beside(name, python, trades, quotes, seconds / sessions, megabytes)


if __name__ == "__main__":
    named = dict(each.split("=", 1) for each in sys.argv[1:])
    if unknown := named.keys() - PEERS.keys():
        sys.exit(f"no peer is called {', '.join(sorted(unknown))}: there are {', '.join(PEERS)}")
    main(named)
