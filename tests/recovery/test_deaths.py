"""Wherever a process dies between two calls that leave it, the next one ends where no death would have.

Deaths here are exceptions that nothing catches: whatever was only in memory is gone. Those of real processes
are beside, in `test_killed`.
"""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from recovery.dying import DeathError, Mortal
from recovery.small_world import END, World, mortal, ours
from strikewise.domain.events import OrderFilled, OrderPlaced
from strikewise.domain.orders import Purpose
from strikewise.engine.reconciliation import Trigger
from strikewise.portfolio.ledger import verify

POINTS = int(os.environ.get("STRIKEWISE_DEATHS", "210"))
"""Deaths in a run of these tests; more on request."""
A_LIFE = 3
"""Deaths of one account before it is left to live."""


def lived() -> tuple[World, int]:
    """Return an account whose process never died, and how many calls left it."""
    world, counted = mortal(), Mortal()
    world.process(wrap=counted.wrap).run(until=END)
    return world, counted.calls


def died(world: World, random: np.random.Generator, calls: int) -> list[int]:
    """Let processes die one after the other, each at a call drawn anew; return the calls they died at.

    One that has less left to do than was drawn lives to the end.
    """
    points = []
    for _ in range(A_LIFE):
        point = int(random.integers(1, calls))
        doomed = Mortal(point, after=bool(random.integers(2)))
        try:
            world.process(wrap=doomed.wrap).run(until=END)
        except DeathError:
            points.append(point)
        else:
            break
    return points


@pytest.mark.parametrize("survives", [True, False], ids=["a broker elsewhere", "a broker of the process"])
def test_whenever_it_dies_the_next_process_ends_where_none_would_have_died(survives: bool) -> None:
    whole, calls = lived()
    assert calls > 30
    random = np.random.default_rng([20260722, survives])
    seen: Counter[int] = Counter()
    while sum(seen.values()) < POINTS // 2:
        world = mortal(survives=survives)
        seen.update(died(world, random, calls))
        daemon = world.process()
        assert daemon.run(until=END).code == 0
        told = f"after deaths at {list(seen)[-A_LIFE:]}"
        assert ours(daemon) == world.truth() == whole.truth(), told
        verify(world.ledger.facts())
        fills = [one.execution.execution_id for one in world.told(OrderFilled)]
        assert len(fills) == len(set(fills)), told
        assert sum(one.execution.quantity for one in world.told(OrderFilled)) == 2, told
        ids = [one.order.order_id for one in world.told(OrderPlaced)]
        assert len(ids) == len(set(ids)), told
        head = world.ledger.head.seq
        assert daemon._duties.reconcile(Trigger.CADENCE, END).agreed, told
        assert world.ledger.head.seq == head, told
    assert len(seen) > calls // 2


def test_every_single_point_is_survived_once() -> None:
    whole, calls = lived()
    for point in range(1, calls + 1):
        world = mortal()
        doomed = Mortal(point, after=point % 2 == 0)
        with pytest.raises(DeathError):
            world.process(wrap=doomed.wrap).run(until=END)
        daemon = world.process()
        daemon.run(until=END)
        assert ours(daemon) == world.truth() == whole.truth(), f"after a death at call {point}"
        assert len(world.told(OrderFilled)) == 2, f"after a death at call {point}"
        assert {one.order.purpose for one in world.told(OrderPlaced)} == {Purpose.OPEN, Purpose.CLOSE}
