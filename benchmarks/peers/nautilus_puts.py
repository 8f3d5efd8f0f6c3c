"""Trade put credit spreads with nautilus_trader; run by ``benchmarks/peer_spreads.py`` in its environment.

It is handed the quotes of the first sessions and, of each spread, the legs and both days: nothing has to be
chosen. Prints one line of JSON: seconds, peak memory, and the trades, in cents a share.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import nautilus_trader
import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, AssetClass, OmsType, OptionKind, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import OptionContract
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy
from planned import Leg, Trade, plan

DAY_NS = 86_400 * 10**9
CLOSE_NS = 21 * 3_600 * 10**9
VENUE = Venue("XCBO")


def contract(leg: Leg) -> OptionContract:
    expiration, strike = leg
    name = f"SPY{expiration}P{strike:g}"
    return OptionContract(
        instrument_id=InstrumentId(Symbol(name), VENUE),
        raw_symbol=Symbol(name),
        asset_class=AssetClass.EQUITY,
        currency=USD,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        multiplier=Quantity.from_int(100),
        lot_size=Quantity.from_int(1),
        underlying="SPY",
        option_kind=OptionKind.PUT,
        strike_price=Price(strike, 2),
        activation_ns=0,
        expiration_ns=expiration * DAY_NS + CLOSE_NS,
        ts_event=0,
        ts_init=0,
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
    )


class PutSpreads(Strategy):
    """Sends the orders of each day after its last quote."""

    def __init__(
        self, orders: dict[int, list[tuple[Trade, Leg, bool, bool]]], contracts: dict[Leg, Any]
    ) -> None:
        super().__init__()
        self.planned, self.contracts = orders, contracts
        self.fills: dict[str, tuple[Trade, bool]] = {}
        self.costs: dict[Trade, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def on_start(self) -> None:
        for one in self.contracts.values():
            self.subscribe_quote_ticks(one.id)
        for day in self.planned:
            at = pd.Timestamp(day * DAY_NS + CLOSE_NS + 10**9, tz="UTC")
            self.clock.set_time_alert(str(day), at, self.on_close)

    def on_close(self, event: Any) -> None:
        for trade, leg, buys, opens in self.planned[int(event.name)]:
            side = OrderSide.BUY if buys else OrderSide.SELL
            order = self.order_factory.market(
                self.contracts[leg].id, side, Quantity.from_int(1), time_in_force=TimeInForce.IOC
            )
            self.fills[order.client_order_id.value] = trade, opens
            self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        trade, opens = self.fills[event.client_order_id.value]
        paid = event.last_px.as_double() if event.order_side == OrderSide.BUY else -event.last_px.as_double()
        self.costs[trade][0 if opens else 1] += paid if opens else -paid


def main(quotes: Path, asked: Path) -> None:
    columns, wanted = np.load(quotes), json.loads(asked.read_text())
    days = np.unique(columns["day"])[: wanted["sessions"]]
    chosen = columns["day"] <= days[-1]
    taken = {name: columns[name][chosen].tolist() for name in ("day", "expiration", "strike", "bid", "ask")}
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USD)], base_currency=USD)
    contracts = {leg: contract(leg) for leg in set(zip(taken["expiration"], taken["strike"], strict=True))}
    for one in contracts.values():
        engine.add_instrument(one)
    size, ticks = Quantity.from_int(1000), []
    for day, expiration, strike, bid, ask in zip(*taken.values(), strict=True):
        at = day * DAY_NS + CLOSE_NS
        name = contracts[expiration, strike].id
        ticks.append(QuoteTick(name, Price(bid, 2), Price(ask, 2), size, size, at, at))
    engine.add_data(ticks, sort=False)
    strategy = PutSpreads(plan(wanted["trades"], wanted["exit_dte"], int(days[-1])), contracts)
    engine.add_strategy(strategy)
    began, processor = time.perf_counter(), time.process_time()
    engine.run()
    print(
        json.dumps(
            {
                "version": nautilus_trader.__version__,
                "processor": time.process_time() - processor,
                "wall": time.perf_counter() - began,
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 * 1.024,
                "quotes": len(ticks),
                "sessions": len(days),
                "trades": [
                    [*trade, *(round(100 * one) for one in price)] for trade, price in strategy.costs.items()
                ],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
