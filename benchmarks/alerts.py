"""How long it takes from a signal in the ledger until a channel has its alert, and what waiting costs.

Run it with ``python benchmarks/alerts.py [seconds]``. The ledger and the outbox are SQLite files; the channel
takes a message at once, so that what is measured is ours: seeing the fact, making the alert, writing it to
disk, and handing it over.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event, Thread

import numpy as np

from strikewise.adapters.alerts.channels import Outcome, Sent
from strikewise.adapters.alerts.dispatcher import Dispatcher, Route
from strikewise.adapters.alerts.outbox import Outbox
from strikewise.adapters.alerts.policy import Message, Policy
from strikewise.adapters.alerts.rules import Rules, Signals, Watcher
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.events import AccountOpened, SignalDenied, SignalGenerated
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.clock import SystemClock
from strikewise.portfolio.ledger import Entry

EXPIRY = date(2026, 12, 18)
SPREAD = Structure.of(
    [
        Leg(OptionContract("SPY", EXPIRY, Right.PUT, 480_000), -1),
        Leg(OptionContract("SPY", EXPIRY, Right.PUT, 475_000), 1),
    ]
)
SIGNAL = Signal(
    signal_id="",
    strategy="credit_spread",
    underlying="SPY",
    as_of=datetime(2026, 11, 2, 15, tzinfo=UTC),
    structure=SPREAD,
    price_cents=-4_500,
    mid_cents=-4_700,
    max_loss_cents=45_500,
    max_profit_cents=4_500,
    margin_cents=45_500,
    breakevens=(479.55,),
    probability_of_profit=0.8,
    edge_cents=300,
    score=60.0,
    score_parts={},
    because={"iv_rank": 0.4, "spot": 490.0},
    grade=Grade.QUOTES,
)


class Taking:
    """A channel that takes every message at once, and notes when."""

    name = "taking"

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def send(self, message: Message) -> Outcome:
        now = time.perf_counter()
        for one in message.waiting:
            self.at[one.alert.buttons[0].words[1]] = now
        return Sent()

    def close(self) -> None:
        pass


def main(seconds: float) -> None:
    clock, channel, stop = SystemClock(), Taking(), Event()
    written: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with (
            SqlLedger(f"sqlite:///{place / 'ledger.db'}") as ledger,
            SqlLedger(f"sqlite:///{place / 'ledger.db'}") as read,
            Outbox(place / "alerts.db", "main") as outbox,
        ):
            ledger.append(
                [Entry(AccountOpened("main", 10_000_000), clock.now(), "engine")], recorded_at=clock.now()
            )
            route = Route(channel, policy=Policy(rate=100_000))
            rules = Rules(signals=Signals.ALL)
            teller = Dispatcher(read, Watcher(rules), outbox, [route], clock, lambda *_: None)
            teller.look()
            thread = Thread(target=teller.run, args=(stop,))
            thread.start()
            idle = cpu()
            time.sleep(5.0)
            idle = (cpu() - idle) / 5.0
            number, ends = 0, time.perf_counter() + seconds
            while time.perf_counter() < ends:
                number += 1
                name = f"signal-{number}"
                signal = replace(SIGNAL, signal_id=name)
                now = clock.now()
                facts = [
                    Entry(SignalGenerated(signal), now, "credit_spread"),
                    Entry(SignalDenied(name, "credit_spread", "SPY", "SIZE_ZERO", ""), now, "credit_spread"),
                ]
                ledger.append(facts, recorded_at=now)
                written[name] = time.perf_counter()
                time.sleep(0.037 + 0.001 * (number % 29))
            time.sleep(1.0)
            stop.set()
            thread.join()
    took = np.array([1e3 * (channel.at[name] - at) for name, at in written.items()])
    print(f"{len(took)} signals, from committed to handed over, milliseconds:")
    for share in (50, 90, 99, 100):
        print(f"  p{share:<3} {np.percentile(took, share):7.1f}")
    print(f"looking while nothing happens takes {idle:.1%} of a processor")


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
