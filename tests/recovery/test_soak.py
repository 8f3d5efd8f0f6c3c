"""Two simulated weeks of quarter-hours: what is opened is closed, and what is kept hardly grows."""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from apps.market_home import SPEC, fill
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.bootstrap.daemon import RunPlan, trading_process
from strikewise.bootstrap.spec_file import load_spec
from strikewise.domain.events import AccountValued, OrderFilled

FIRST, LAST = date(2018, 3, 5), date(2018, 3, 16)
LOOKS = 26
GROWS = 0.004
"""In a week at most: a handful of objects for each order and each day, none for a look at nothing new."""
DESCRIPTORS = Path("/proc/self/fd")
pytestmark = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="the system does not list descriptors")


def open_now() -> tuple[int, int]:
    gc.collect()
    return sum(1 for _ in DESCRIPTORS.iterdir()), threading.active_count()


@dataclass
class Measured:
    """How much Python holds after each day."""

    objects: list[int] = field(default_factory=list)

    def say(self, level: str, event: str, pairs: Mapping[str, object]) -> None:
        if event == "day":
            gc.collect()
            self.objects.append(len(gc.get_objects()))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("soak") / "home"
    fill(place)
    (place / "spec.toml").write_text(SPEC, encoding="utf-8")
    return place


def trade(home: Path, into: Path, last: date = LAST) -> Measured:
    measured = Measured()
    plan = RunPlan(replay=(FIRST, last), spec=load_spec(home / "spec.toml"), into=into, every=15)
    with trading_process(home, plan, measured.say) as process:
        ended = process.daemon.run(until=process.until)
    assert ended.code == 0, ended.reason
    return measured


def test_two_weeks_of_quarter_hours_leave_nothing_open_and_keep_little(home: Path, tmp_path: Path) -> None:
    trade(home, tmp_path / "first", FIRST)  # what libraries open once stays open
    before = open_now()
    measured = trade(home, tmp_path / "second")
    after = open_now()
    with SqlLedger(f"sqlite:///{tmp_path / 'second' / 'ledger.db'}") as ledger:
        events = [record.event for record in ledger.records()]
    looks = sum(isinstance(event, AccountValued) for event in events)
    assert looks >= LOOKS * len(measured.objects), "each quarter of an hour must be looked at"
    assert any(isinstance(event, OrderFilled) for event in events)
    assert after <= before
    middle, end = measured.objects[len(measured.objects) // 2], measured.objects[-1]
    assert end - middle < GROWS * middle, f"what is kept grows with each look: {measured.objects}"
