"""A home with some recorded days, and the program's own processes trading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from shared_data import CHAINS, DATA
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.daemon import RunPlan, trading_process
from strikewise.domain.control import ProcessStarted, ProcessStopped
from strikewise.domain.events import AccountValued, CashFlowed, Event, OrderClosed, OrderFilled, OrderPlaced
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import FlowKind
from strikewise.domain.reconciled import ReconciliationFinished
from strikewise.engine.recovery import History
from strikewise.portfolio.ledger import Fact, Record, fingerprint

FIRST, LAST = date(2026, 7, 30), date(2026, 8, 5)
MORNING_AFTER = datetime(2026, 8, 6, 14, tzinfo=UTC)
"""Once fees of the last day are charged, and compared before the open."""
OF_PROCESSES = frozenset({ProcessStarted.__name__, ProcessStopped.__name__})
SETTINGS = """\
[run]
underlyings = ["SPY", "QQQ"]
strategies = ["credit_spread", "iron_condor"]

[strategies.credit_spread]
side = "put"

[fees]
commission = 0.65
assignment = 5.0
"""


def fill(home: Path) -> Path:
    """Store the recorded days of SPY and QQQ, their bars and the rates, and settings of what to trade."""
    home.mkdir(parents=True)
    (home / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    data, days = build_system(home).data, home.parent / "days"
    for symbol in ("SPY", "QQQ"):
        chains = pl.scan_parquet(CHAINS / symbol / "2026.parquet")
        path = days / symbol / "2026.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        chains.filter(pl.col("quote_date").is_between(FIRST, LAST)).sink_parquet(path)
    bars = pl.read_parquet(DATA / "daily_etf_index.parquet")
    wanted = bars.filter(pl.col("symbol").is_in(["SPY", "QQQ", "VIX"]) & (pl.col("date") >= date(2024, 1, 1)))
    wanted.write_parquet(days / "daily_etf_index.parquet")
    for path in (days / "SPY", days / "QQQ", days / "daily_etf_index.parquet", DATA / "rates.parquet"):
        data.import_path(path)
    return home


@dataclass(frozen=True)
class Rehearsed:
    """What a replay left."""

    facts: tuple[Fact, ...]
    records: tuple[Record, ...]

    def of(self, *kinds: type[Event]) -> list[Any]:
        return [record.event for record in self.records if isinstance(record.event, kinds)]

    def without(self, *kinds: type[Event]) -> list[tuple[datetime, str]]:
        """Return what happened when, but for some kinds; numbers after fees would differ within a day."""
        left_out = OF_PROCESSES | {kind.__name__ for kind in kinds}
        return [(fact.known_at, fact.kind) for fact in self.facts if fact.kind not in left_out]

    def fingerprint(self) -> str:
        """Return the fingerprint of all but what a process says of itself."""
        return fingerprint(fact for fact in self.facts if fact.kind not in OF_PROCESSES)

    def orders(self) -> list[tuple[object, ...]]:
        """Return what was ordered, with the instant."""
        return [
            (record.known_at, record.event.order)
            for record in self.records
            if isinstance(record.event, OrderPlaced)
        ]

    def ends(self) -> dict[str, str]:
        """Return how orders ended that did not fill; a broker tells it with the close, or after it."""
        return {event.ended.order_id: event.ended.outcome for event in self.of(OrderClosed)}

    def bought(self) -> Mapping[tuple[str, Instrument], tuple[int, int]]:
        """Return quantity and cents paid by order and instrument, each execution counted once."""
        found: dict[tuple[str, Instrument], tuple[int, int]] = {}
        seen: set[str] = set()
        for event in self.of(OrderFilled):
            execution = event.execution
            if execution.execution_id in seen:
                continue
            seen.add(execution.execution_id)
            for leg in execution.legs:
                quantity, cents = found.get((execution.order_id, leg.instrument), (0, 0))
                paid = leg.quantity * leg.price_cents * leg.instrument.multiplier
                found[execution.order_id, leg.instrument] = quantity + leg.quantity, cents + paid
        return found

    def fees_cents(self) -> int:
        """Return what the broker charged for trading, with the trade or later."""
        flows = [event.flow for event in self.of(CashFlowed)]
        later = sum(flow.cash_cents for flow in flows if flow.kind is FlowKind.FEE)
        return later + sum(event.execution.fees_cents for event in self.of(OrderFilled))

    def worth(self) -> dict[date, AccountValued]:
        """Return what the account was worth at the end of each day."""
        looks = [(one.known_at, one.event) for one in self.records if isinstance(one.event, AccountValued)]
        return {at.date(): event for at, event in looks if isinstance(event, AccountValued)}

    def end(self) -> tuple[object, ...]:
        """Return what the account holds at the end, and its cash."""
        state = History.read(iter(self.records), watched=True).state
        held = {
            name: tuple((one.instrument, one.quantity) for one in position.holdings)
            for name, position in state.positions.items()
        }
        return held, state.cash_cents

    def agreed(self) -> bool:
        """Return whether the last comparison with the broker left nothing open."""
        last = self.of(ReconciliationFinished)[-1]
        return last.open == 0


def rehearse(home: Path, name: str, *, ledger: str = "", **how: Any) -> Rehearsed:
    """Replay the days through the process that `strikewise run --replay` starts."""
    into = home / "rehearsals" / name
    plan = RunPlan(replay=(FIRST, LAST), into=into, ledger=ledger, **how)
    with trading_process(home, plan, lambda *_: None) as process:
        ended = process.daemon.run(until=MORNING_AFTER)
    assert ended.code == 0, ended.reason
    return read(ledger or f"sqlite:///{into / 'ledger.db'}")


def read(url: str) -> Rehearsed:
    """Read what a ledger has."""
    with SqlLedger(url) as kept:
        return Rehearsed(tuple(kept.facts()), tuple(kept.records()))
