"""Conviction has a sign and a size, and is not known of a short history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy.markets import World, view_of
from strikewise.strategy.conviction import CONVICTION_PARTS, conviction, conviction_parts
from strikewise.strategy.trend import trend_of

SMALL = World(dtes=(38,), strike_step=25.0)


def parts(world: World) -> dict[str, float] | None:
    features = view_of(world).features("SPY")
    return conviction_parts(trend_of(world.spot, features), features)


@settings(max_examples=25, deadline=None)
@given(drift=st.floats(-0.01, 0.01))
def test_no_part_exceeds_its_points_and_their_sum_is_the_conviction(drift: float) -> None:
    world = replace(SMALL, drift=drift)
    found = parts(world)
    assert found is not None
    assert set(found) == set(CONVICTION_PARTS)
    assert all(abs(points) <= CONVICTION_PARTS[name] for name, points in found.items())
    features = view_of(world).features("SPY")
    assert conviction(trend_of(world.spot, features), features) == pytest.approx(sum(found.values()))


def test_it_points_where_the_price_goes() -> None:
    up, down = (parts(replace(SMALL, drift=drift)) for drift in (0.004, -0.004))
    assert up is not None
    assert down is not None
    assert sum(CONVICTION_PARTS.values()) == 100.0
    assert sum(up.values()) > 60.0
    assert sum(down.values()) < -60.0
    assert (up["trend"], down["trend"]) == (35.0, -35.0)


@pytest.mark.parametrize("history", [0, 10, 45])
def test_a_short_history_gives_none(history: int) -> None:
    assert parts(replace(SMALL, history=history)) is None
