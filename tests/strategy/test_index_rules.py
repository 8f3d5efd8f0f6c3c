"""Published indices on an account: one position of each, within its share."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from strategy.held import later_view, option, position
from strategy.markets import World
from strategy.test_sizing import account, signal
from strikewise.domain.instruments import Right, Stock
from strikewise.domain.structures import Leg
from strikewise.strategy.index_rules import rebalanced, sized
from strikewise.strategy.sizing import position_of

ROLL_DAY = date(2025, 6, 20)
"""A third Friday."""


def test_an_index_invests_its_share_of_the_account_and_no_more() -> None:
    assert sized(signal(), account(), 1_000_00.0).quantity == 99
    assert sized(signal(), account(shares={"s": 0.4}), 1_000_00.0).quantity == 39
    assert sized(signal(), account(shares={"other": 0.4}), 1_000_00.0).quantity == 99


@pytest.mark.parametrize(("holder", "quantity"), [("s", 0), ("another", 99)])
def test_an_index_that_is_held_already_is_not_bought_twice(holder: str, quantity: int) -> None:
    held = replace(position_of(signal(strategy=holder), account(), 1), position_id="p")
    assert sized(signal(), account(positions=(held,)), 1_000_00.0).quantity == quantity


def test_what_fees_took_is_not_put_to_work_again() -> None:
    view = later_view(World(), ROLL_DAY, dtes=(28,))
    chain = view.chain("SPY")
    assert chain is not None
    call = option(Right.CALL, 501.0, ROLL_DAY + timedelta(28))
    lot = chain.spot_cents * 100
    held = position([(Stock("SPY"), 100), (call, -1)], [(Stock("SPY"), 10_000)], cash_cents=100 * lot)
    units = []
    for fees in (0, 2 * lot):
        action = rebalanced(replace(held, fees_cents=fees), view, chain, Leg(call, -1))
        assert action is not None
        units.append(-dict(action.legs.options)[call])
    # A call's premium buys a little more than the lots that the fees have cost.
    assert units[0] - units[1] == 2
