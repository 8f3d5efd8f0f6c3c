"""Legs are chosen by band and width, and every candidate turned away is counted once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategy.markets import TODAY, Change, World, view_of, with_rows
from strikewise.domain.chain import ChainColumns
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK, Right
from strikewise.domain.parameters import ParameterSet
from strikewise.market.quality import Flaw
from strikewise.strategy.library.credit_spread import CreditSpread
from strikewise.strategy.prospects import Prospect, Rejections, prospects
from strikewise.strategy.selection import Verticals, gate_quotes, short_legs, vertical_spreads

SPACE = CreditSpread.space


def prospect_of(params: ParameterSet, world: World | None = None, change: Change | None = None) -> Prospect:
    (found,) = prospects(view_of(world, change), params, Rejections())
    return found


def spreads_of(
    params: ParameterSet, world: World | None = None, change: Change | None = None
) -> tuple[Verticals | None, Rejections]:
    rejected = Rejections()
    prospect = prospect_of(params, world, change)
    shorts = short_legs(prospect, True, True, params, rejected)
    assert shorts is not None
    return vertical_spreads(prospect, shorts, params, rejected), rejected


def strikes(spreads: Verticals, prospect: Prospect) -> list[tuple[str, float, float]]:
    names = np.where(spreads.shorts.is_put, "put", "call")
    short = (spreads.shorts.key & STRIKE_MASK) / 1000
    wing = (prospect.chain.key[spreads.wing] & STRIKE_MASK) / 1000
    return list(zip(names.tolist(), short.tolist(), wing.tolist(), strict=True))


def test_wings_lie_one_width_further_from_the_money() -> None:
    params = SPACE.make({"width": 5.0})
    spreads, rejected = spreads_of(params)
    assert spreads is not None
    assert sum(rejected.values()) == 0
    found = strikes(spreads, prospect_of(params))
    assert {kind for kind, _, _ in found} == {"put", "call"}
    assert all(wing == (short - 5 if kind == "put" else short + 5) for kind, short, wing in found)
    assert set(spreads.width.tolist()) == {5000}


def test_where_the_width_is_not_listed_the_next_strike_beyond_it_serves_within_the_tolerance() -> None:
    world = World(strike_step=4.0)
    for tolerance, widths in ((0.5, {8000}), (1.0, {8000})):
        spreads, _ = spreads_of(SPACE.make({"width": 6.0, "width_tolerance": tolerance}), world)
        assert spreads is not None
        assert set(spreads.width.tolist()) == widths
    spreads, rejected = spreads_of(SPACE.make({"width": 6.0, "width_tolerance": 0.3}), world)
    assert spreads is None
    assert set(+rejected) == {DenialCode.STRUCTURE_NO_WING}


@given(width=st.floats(0.5, 400.0), tolerance=st.floats(0.0, 4.0))
def test_a_wing_never_leaves_its_own_expiration_and_right(width: float, tolerance: float) -> None:
    params = SPACE.make({"width": width, "width_tolerance": tolerance})
    spreads, _ = spreads_of(params)
    if spreads is not None:
        wings = prospect_of(params).chain.key[spreads.wing]
        assert np.array_equal(wings >> STRIKE_BITS, spreads.shorts.key >> STRIKE_BITS)


def test_the_short_strike_lies_in_the_band_of_distance_on_its_own_side() -> None:
    params = SPACE.make({"short_by": "otm", "otm_min": 0.05, "otm_max": 0.07})
    prospect = prospect_of(params)
    for puts, calls in ((True, True), (True, False), (False, True)):
        shorts = short_legs(prospect, puts, calls, params, Rejections())
        assert shorts is not None
        strike = (shorts.key & STRIKE_MASK) / 1000 / prospect.spot
        assert np.all(np.where(shorts.is_put, 1 - strike, strike - 1) >= 0.05 - 1e-12)
        assert np.all(np.where(shorts.is_put, 1 - strike, strike - 1) <= 0.07 + 1e-12)
        assert set(shorts.is_put.tolist()) == {
            side for side, wanted in ((True, puts), (False, calls)) if wanted
        }


def test_the_band_is_every_listed_contract_in_it_and_no_other() -> None:
    params = SPACE.make({"short_delta_min": 0.1, "short_delta_max": 0.2})
    prospect = prospect_of(params)
    shorts = short_legs(prospect, True, False, params, Rejections())
    assert shorts is not None
    by_hand = [
        row
        for row in range(len(prospect.chain))
        if prospect.chain.contract(row).right is Right.PUT and 0.1 <= -prospect.chain.delta[row] <= 0.2
    ]
    assert shorts.rows.tolist() == by_hand


def test_a_band_without_a_strike_is_counted() -> None:
    params = SPACE.make({"short_by": "otm", "otm_min": 0.8, "otm_max": 0.9})
    rejected = Rejections()
    assert short_legs(prospect_of(params), True, True, params, rejected) is None
    assert rejected == {DenialCode.STRUCTURE_NO_SHORT: 1}


CASES = {
    DenialCode.QUOTE_MISSING: Flaw.NO_QUOTE,
    DenialCode.QUOTE_CROSSED: Flaw.CROSSED,
    DenialCode.QUOTE_ZERO_BID: Flaw.ZERO_BID,
    DenialCode.QUOTE_WIDE: Flaw.WIDE,
    DenialCode.QUOTE_STALE: Flaw.STALE,
    DenialCode.QUOTE_FLAWED: Flaw.PARITY,
    DenialCode.DATA_NO_VOLATILITY: Flaw.NO_VOLATILITY,
}


@pytest.mark.parametrize(("code", "flaw"), CASES.items(), ids=[str(code) for code in CASES])
def test_each_flaw_of_a_sold_leg_is_counted_under_its_own_code(code: DenialCode, flaw: Flaw) -> None:
    def damage(columns: ChainColumns) -> ChainColumns:
        return with_rows(columns, flaws=np.full(len(columns.key), flaw.value))

    spreads, rejected = spreads_of(SPACE.make(), change=damage)
    assert spreads is None
    assert set(+rejected) == {code}
    assert rejected[code] > 10


def test_a_leg_that_is_bought_may_have_no_bid() -> None:
    params = SPACE.make()
    prospect = prospect_of(params)
    shorts = short_legs(prospect, True, False, params, Rejections())
    assert shorts is not None
    wings = prospect.chain.key[shorts.rows] - 5000

    def no_bid_below(columns: ChainColumns) -> ChainColumns:
        hit = np.isin(columns.key, wings) & ~np.isin(columns.key, shorts.key)
        assert hit.any()
        bid = np.where(hit, 0, columns.bid)
        ask = np.where(hit, np.minimum(columns.ask, 10), columns.ask)
        return with_rows(columns, bid=bid, ask=ask, flaws=columns.flaws | np.where(hit, Flaw.ZERO_BID, 0))

    spreads, _ = spreads_of(params, change=no_bid_below)
    assert spreads is not None
    view = prospect_of(params, change=no_bid_below)
    assert (view.chain.bid[spreads.wing] == 0).any()
    assert (view.chain.bid[spreads.shorts.rows] > 0).all()


def test_the_spread_limit_is_of_the_mid_and_spares_two_cents() -> None:
    params = SPACE.make({"max_spread": 0.10})

    def quotes(columns: ChainColumns) -> ChainColumns:
        bid = np.resize([5, 4, 95, 94, 950, 940], len(columns.key))
        ask = np.resize([7, 7, 105, 106, 1050, 1060], len(columns.key))
        return with_rows(columns, bid=bid, ask=ask, flaws=np.zeros(len(columns.key)))

    prospect = prospect_of(params, change=quotes)
    rejected = Rejections()
    keep = gate_quotes(prospect, np.arange(6), None, params, rejected)
    assert keep.tolist() == [True, False, True, False, True, False]
    assert rejected == {DenialCode.QUOTE_WIDE: 3}


def test_a_limit_above_the_usual_lets_wider_quotes_of_sold_legs_pass() -> None:
    def wide(columns: ChainColumns) -> ChainColumns:
        rows = len(columns.key)
        bid, ask = np.full(rows, 80), np.full(rows, 120)
        return with_rows(columns, bid=bid, ask=ask, flaws=np.full(rows, Flaw.WIDE.value))

    for limit, passes in ((0.25, False), (0.39, False), (0.40, True), (2.0, True)):
        params = SPACE.make({"max_spread": limit})
        rows, rejected = np.arange(3), Rejections()
        keep = gate_quotes(prospect_of(params, change=wide), rows, None, params, rejected)
        assert keep.tolist() == [passes] * 3
        assert +rejected == ({} if passes else {DenialCode.QUOTE_WIDE: 3})


def test_thin_contracts_are_refused_and_so_are_those_of_unknown_interest() -> None:
    params = SPACE.make({"min_open_interest": 50})

    def thin(columns: ChainColumns) -> ChainColumns:
        return with_rows(columns, open_interest=np.resize([49, 50, -1, 51], len(columns.key)))

    rejected = Rejections()
    keep = gate_quotes(prospect_of(params, change=thin), np.arange(4), None, params, rejected)
    assert keep.tolist() == [False, True, False, True]
    assert rejected == {DenialCode.QUOTE_ILLIQUID: 2}


def test_a_spread_without_credit_or_with_one_of_its_width_is_refused() -> None:
    def priced(bid: int, ask: int) -> Change:
        def change(columns: ChainColumns) -> ChainColumns:
            ones = np.ones(len(columns.key))
            return with_rows(columns, bid=bid * ones, ask=ask * ones, flaws=0 * ones)

        return change

    params = SPACE.make({"max_spread": 2.0})
    spreads, rejected = spreads_of(params, change=priced(100, 101))
    assert spreads is None
    assert set(+rejected) == {DenialCode.CREDIT_TOO_SMALL}

    def upside_down(columns: ChainColumns) -> ChainColumns:
        strike = (columns.key & STRIKE_MASK) // 10
        put = ((columns.key >> STRIKE_BITS) & 1).astype(bool)
        bid = np.where(put, strike * 2, 200_000 - strike * 2)
        return with_rows(columns, bid=bid, ask=bid + 1, flaws=np.zeros(len(bid)))

    spreads, rejected = spreads_of(params, change=upside_down)
    assert spreads is None
    assert set(+rejected) == {DenialCode.CREDIT_TOO_LARGE}


@given(seed=st.integers(0, 2**32 - 1))
def test_every_short_leg_becomes_a_spread_or_a_count(seed: int) -> None:
    def damage(columns: ChainColumns) -> ChainColumns:
        chance = np.random.default_rng(seed)
        count = len(columns.key)
        flaw = chance.choice([0, 0, 0, *(f.value for f in Flaw if f is not Flaw.SPOT)], count)
        bid = np.where(chance.random(count) < 0.1, 0, columns.bid)
        return with_rows(columns, flaws=columns.flaws | flaw.astype(np.uint16), bid=bid)

    params = SPACE.make({"width": 3.0, "width_tolerance": 0.0})
    prospect = prospect_of(params, WORLD, damage)
    rejected = Rejections()
    shorts = short_legs(prospect, True, True, params, rejected)
    assert shorts is not None
    spreads = vertical_spreads(prospect, shorts, params, rejected)
    assert len(shorts.rows) == (0 if spreads is None else len(spreads)) + sum(rejected.values())


WORLD = World(dtes=(31, 38), strike_step=1.5)


def test_what_would_be_left_on_its_first_day_is_not_entered() -> None:
    params = SPACE.make({"min_dte": 20, "max_dte": 45, "dte_exit": 31})
    days = prospect_of(params).chain.dte
    assert int(days.min()) == 38
    assert prospect_of(params).chain.contract(0).expiration == TODAY + timedelta(38)


def test_counts_add_up_over_underlyings() -> None:
    rejected = Rejections()
    assert list(prospects(view_of(replace(World(), rate=False)), SPACE.make(), rejected)) == []
    assert rejected == Counter({DenialCode.DATA_NO_RATE: 1})


def test_an_underlying_whose_price_contradicts_its_quotes_is_counted_once() -> None:
    def doubted(columns: ChainColumns) -> ChainColumns:
        return with_rows(columns, flaws=columns.flaws | Flaw.SPOT.bit)

    rejected = Rejections()
    assert list(prospects(view_of(change=doubted), SPACE.make(), rejected)) == []
    assert rejected == Counter({DenialCode.DATA_SPOT: 1})
