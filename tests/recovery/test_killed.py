"""Processes that are killed outright, in the middle of whatever they did, and the ledger they leave behind.

The kill comes from inside, at a chosen call, so that it is the same every time; it is a real one: nothing is
flushed, closed or given back.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recovery.dying import Mortal
from recovery.small_world import END, World, mortal, ours
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.events import OrderFilled, OrderPlaced
from strikewise.engine.reconciliation import Trigger
from strikewise.portfolio.ledger import verify

KILLS = int(os.environ.get("STRIKEWISE_KILLS", "200"))
"""Processes that are killed in a run of these tests, at the least; more on request."""
A_LIFE = 12
"""Deaths of one account before it is left to live."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")


class Killed(Mortal):
    """End the process as the kernel would."""

    def die(self) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()


@contextmanager
def opened(path: Path) -> Iterator[World]:
    with SqlLedger(f"sqlite:///{path}") as ledger:
        world = mortal(ledger=ledger, survives=False)
        last = max((one.known_at for one in ledger.records()), default=world.clock.now())
        world.clock.wait(last, 0.0)
        yield world


def life(path: Path, point: int, *, after: bool) -> int:
    """Run a process of its own until it is killed at a call, or to the end; return its status."""
    child = os.fork()
    if child == 0:
        try:
            with opened(path) as world:
                world.process(wrap=Killed(point, after=after).wrap).run(until=END)
            os._exit(0)
        finally:
            os._exit(70)
    return os.waitpid(child, 0)[1]


def test_a_ledger_whose_processes_were_killed_again_and_again_ends_as_if_none_had_been(
    tmp_path: Path,
) -> None:
    whole = mortal(survives=False)
    counted = Mortal()
    whole.process(wrap=counted.wrap).run(until=END)
    random, killed, number = np.random.default_rng(9), 0, 0
    while killed < KILLS:
        number += 1
        path = tmp_path / f"{number}.db"
        # Every third account dies anywhere in its life, the others often, soon after each start.
        most = counted.calls if number % 3 == 0 else counted.calls // 4
        for _ in range(A_LIFE):
            point, after = int(random.integers(1, most)), bool(random.integers(2))
            status = life(path, point, after=after)
            assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
            killed += os.WIFSIGNALED(status)
            if not os.WIFSIGNALED(status):
                break
        with opened(path) as world:
            daemon = world.process()
            assert daemon.run(until=END).code == 0
            assert ours(daemon) == world.truth() == whole.truth()
            verify(world.ledger.facts())
            assert sum(one.execution.quantity for one in world.told(OrderFilled)) == 2
            ids = [one.order.order_id for one in world.told(OrderPlaced)]
            assert len(ids) == len(set(ids))
            assert daemon._duties.reconcile(Trigger.CADENCE, END).agreed
