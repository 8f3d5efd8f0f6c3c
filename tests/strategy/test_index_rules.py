"""Published indices on an account: one position of each, within its share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strategy.test_sizing import account, signal
from strikewise.strategy.index_rules import sized
from strikewise.strategy.sizing import position_of


def test_an_index_invests_its_share_of_the_account_and_no_more() -> None:
    assert sized(signal(), account(), 1_000_00.0).quantity == 99
    assert sized(signal(), account(shares={"s": 0.4}), 1_000_00.0).quantity == 39
    assert sized(signal(), account(shares={"other": 0.4}), 1_000_00.0).quantity == 99


@pytest.mark.parametrize(("holder", "quantity"), [("s", 0), ("another", 99)])
def test_an_index_that_is_held_already_is_not_bought_twice(holder: str, quantity: int) -> None:
    held = replace(position_of(signal(strategy=holder), account(), 1), position_id="p")
    assert sized(signal(), account(positions=(held,)), 1_000_00.0).quantity == quantity
