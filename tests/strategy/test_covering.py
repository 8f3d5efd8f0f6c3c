"""Short options that are put off: of all that would pay, the one that the rule names, and none that costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy.held import option, position
from strategy.markets import TODAY, World, view_of
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.signals import Adjust
from strikewise.strategy.covering import rolled_out
from strikewise.strategy.registry import STRATEGIES
from strikewise.strategy.two_expirations import rolled_front

VIEW = view_of(World(dtes=(10, 24, 31, 38, 45, 66)))
quiet = settings(max_examples=60, deadline=None)
FEES = st.sampled_from([0.0, 0.65, 20.0, 50.0])


def traded(action: Adjust | None) -> OptionContract | None:
    """What is sold instead."""
    if action is None:
        return None
    (sold,) = [contract for contract, ratio in action.legs.options if ratio < 0]
    assert isinstance(sold, OptionContract)
    return sold


def offered(short: OptionContract, fee: float) -> list[tuple[OptionContract, int]]:
    """Later contracts of the right, 25 to 45 days away, that bring more than buying back and both fees."""
    chain = VIEW.chain("SPY")
    assert chain is not None
    ask = chain.quote(short).ask
    every = [(chain.contract(row), int(chain.bid[row])) for row in range(len(chain))]
    return [
        (one, bid)
        for one, bid in every
        if one.right is short.right
        and TODAY + timedelta(25) <= one.expiration <= TODAY + timedelta(45)
        and one.expiration > short.expiration
        and (bid - ask) * 100 > 2 * round(100 * fee)
    ]


@quiet
@given(st.sampled_from([Right.PUT, Right.CALL]), st.integers(485, 515), FEES)
def test_an_option_is_put_off_to_the_furthest_strike_that_pays_and_the_soonest_of_those(
    right: Right, strike: int, fee: float
) -> None:
    short = option(right, float(strike), TODAY + timedelta(10))
    params = STRATEGIES["cash_secured_put"].space.make({"fee_per_contract": fee, "max_spread": 2.0})
    away = -1 if right is Right.PUT else 1
    further = [one for one, _ in offered(short, fee) if away * (one.strike - short.strike) > 0]
    best = min(further, key=lambda one: (-away * one.strike, one.expiration), default=None)
    assert traded(rolled_out(VIEW, short, 1, params)) == best


@quiet
@given(st.integers(490, 510), FEES, st.booleans())
def test_a_near_leg_is_sold_again_where_it_brings_most_a_day(strike: int, fee: float, same: bool) -> None:
    near, far = (option(Right.CALL, float(strike), TODAY + timedelta(days)) for days in (10, 66))
    params = STRATEGIES["diagonal"].space.make(
        {"fee_per_contract": fee, "max_spread": 2.0, "min_dte": 25, "max_dte": 45}
    )
    chain = VIEW.chain("SPY")
    assert chain is not None
    fits = [
        (one, bid)
        for one, bid in offered(near, fee)
        if (one.strike == near.strike if same else 0.2 <= float(chain.delta[chain.find(one) or 0]) <= 0.35)
    ]
    held = position([(near, -1), (far, 1)])
    sold = traded(rolled_front(held, VIEW, params, 0.2, 0.35, same_strike=same))
    if sold is None:
        assert fits == []
        return
    assert sold in dict(fits)
    worth = {one: bid / (one.expiration - TODAY).days for one, bid in fits}
    assert worth[sold] == pytest.approx(max(worth.values()))
