"""Volatilities, Greeks and flaws of a snapshot, against the smile it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import made_chains
from adapters.made_chains import World, close_of, recomputed, settles_at
from shared_data import CHAINS
from strategy.recorded_market import recomputed_tape
from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK, days_of, pack_keys
from strikewise.domain.quotes import Grade
from strikewise.market.quality import Flaw, spot_doubted
from strikewise.market.recompute import RawSnapshot, recompute
from strikewise.pricing import american
from strikewise.pricing.black_scholes import forward_greeks

DAY = date(2026, 1, 5)
NEAR, FAR = date(2026, 2, 20), date(2026, 12, 18)
STRIKES = tuple(np.arange(340.0, 461.0, 5.0))


def strikes_of(key: np.ndarray) -> np.ndarray:
    return (key & STRIKE_MASK) / 1000


def is_put(key: np.ndarray) -> np.ndarray:
    return (key >> STRIKE_BITS & 1).astype(bool)


def raw_snapshot(*what: Any, **how: Any) -> RawSnapshot:
    """Make quotes of European options, where nothing else is asked for."""
    return made_chains.raw_snapshot(*what, **{"underlying": "SPX", **how})


@settings(max_examples=40, deadline=None)
@given(
    spot=st.floats(300, 500),
    rate=st.floats(0.0, 0.07),
    dividend_yield=st.floats(0.0, 0.04),
    level=st.floats(0.12, 0.6),
)
def test_the_smile_comes_back_whatever_the_world(
    spot: float, rate: float, dividend_yield: float, level: float
) -> None:
    world = World(round(spot, 2), rate, dividend_yield, level)
    raw = raw_snapshot(DAY, [NEAR, FAR], STRIKES, world)
    found = recomputed(raw, world)
    columns = found.columns
    for expiration, forward in zip((NEAR, FAR), found.forwards, strict=True):
        years = (settles_at(days_of(expiration), 0) - raw.as_of) / (365 * 86_400)
        assert forward.years == pytest.approx(years)
        assert forward.forward == pytest.approx(world.forward(years), abs=0.01)
        rows = (columns.key >> 32) == days_of(expiration)
        strike = strikes_of(columns.key[rows])
        vega = columns.vega[rows].astype(float)
        # A price rounded to a cent and a forward found to a cent move it by a cent and a half over vega.
        sharp = vega > 0.05
        off = np.abs(columns.iv[rows] - world.volatility(strike, years))[sharp]
        assert np.all(off <= 0.015 / vega[sharp] * 0.01 + 1e-6)


def test_call_and_put_of_a_strike_share_one_volatility_and_keep_delta_parity() -> None:
    raw = raw_snapshot(DAY, [NEAR], STRIKES)
    found = recomputed(raw)
    put = is_put(raw.key)
    iv, delta = found.columns.iv, found.columns.delta
    np.testing.assert_array_equal(iv[~put], iv[put])
    (forward,) = found.forwards
    np.testing.assert_allclose(
        delta[~put] - delta[put], forward.discount * forward.forward / 400.0, atol=1e-6
    )


def test_greeks_are_those_of_the_volatility_found() -> None:
    raw = raw_snapshot(DAY, [FAR], STRIKES)
    found = recomputed(raw)
    (forward,) = found.forwards
    expected = forward_greeks(
        ~is_put(raw.key),
        400.0,
        forward.forward,
        strikes_of(raw.key),
        forward.years,
        found.columns.iv.astype(float),
        forward.discount,
    )
    for name in ("delta", "gamma", "theta", "vega"):
        np.testing.assert_allclose(
            getattr(found.columns, name), getattr(expected, name), rtol=2e-6, atol=1e-7
        )


def test_the_side_in_the_money_is_asked_only_where_the_other_is_not_quoted() -> None:
    raw = raw_snapshot(DAY, [NEAR], STRIKES)
    clean = recomputed(raw).columns
    out_call = np.flatnonzero(~is_put(raw.key) & (strikes_of(raw.key) == 420.0))[0]
    in_put = np.flatnonzero(is_put(raw.key) & (strikes_of(raw.key) == 420.0))[0]
    moved = raw.bid.copy(), raw.ask.copy()
    moved[0][in_put] += 40
    moved[1][in_put] += 40
    dear_put = recomputed(replace(raw, bid=moved[0], ask=moved[1])).columns
    assert dear_put.iv[in_put] == dear_put.iv[out_call] == pytest.approx(clean.iv[out_call], abs=1e-4)
    gone = raw.bid.copy(), raw.ask.copy()
    gone[0][out_call] = gone[1][out_call] = -1
    one_side = recomputed(replace(raw, bid=gone[0], ask=gone[1])).columns
    assert one_side.iv[out_call] == one_side.iv[in_put]
    assert one_side.iv[in_put] == pytest.approx(clean.iv[in_put], abs=2e-3)
    assert Flaw.NO_QUOTE in Flaw(int(one_side.flaws[out_call]))


def test_without_a_usable_side_there_is_no_volatility_and_no_greek() -> None:
    raw = raw_snapshot(DAY, [NEAR], STRIKES)
    at = strikes_of(raw.key) == 420.0
    crossed = replace(raw, bid=np.where(at, raw.ask + 1, raw.bid).astype(np.int32))
    columns = recomputed(crossed).columns
    for name in ("iv", "delta", "gamma", "theta", "vega"):
        assert np.isnan(getattr(columns, name)[at]).all()
        assert np.isfinite(getattr(columns, name)[~at]).all()
    wanted = Flaw.CROSSED.bit | Flaw.NO_VOLATILITY.bit
    assert np.all(columns.flaws[at] & wanted == wanted)


def test_a_contract_that_has_settled_has_no_volatility() -> None:
    raw = raw_snapshot(DAY, [NEAR, FAR], STRIKES)
    late = replace(raw, as_of=close_of(NEAR))
    columns = recomputed(late).columns
    expired = (columns.key >> 32) == days_of(NEAR)
    assert np.isnan(columns.iv[expired]).all()
    assert np.isfinite(columns.iv[~expired]).mean() > 0.5


def test_an_expiration_without_pairs_takes_its_forward_from_the_others_and_says_so() -> None:
    raw = raw_snapshot(DAY, [NEAR, FAR], STRIKES)
    keep = ((raw.key >> 32) == days_of(NEAR)) | is_put(raw.key)
    cut = {name: getattr(raw, name)[keep] for name in ("key", "bid", "ask", "volume", "open_interest")}
    stale_spot = replace(raw, spot_cents=39_500, **cut)
    found = recomputed(stale_spot)
    near, far = found.forwards
    assert (near.pairs > 0, far.pairs) == (True, 0)
    assert far.forward == pytest.approx(World().forward(far.years), abs=0.02)
    says = (found.columns.flaws & Flaw.NO_FORWARD.bit) != 0
    np.testing.assert_array_equal(says, (found.columns.key >> 32) == days_of(FAR))


def test_a_missing_spot_is_implied_by_parity() -> None:
    found = recomputed(raw_snapshot(DAY, [NEAR, FAR], STRIKES, spot_known=False))
    assert found.spot == pytest.approx(400.0, abs=0.01)
    assert np.isfinite(found.columns.delta).all()


def american_quotes(world: World, expirations: Sequence[date], half_spread_cents: int = 1) -> RawSnapshot:
    """Quote options that may be exercised early."""
    raw = made_chains.raw_snapshot(DAY, expirations, STRIKES, world)
    strike = strikes_of(raw.key)
    years = np.array([settles_at(int(day), 0) - raw.as_of for day in raw.key >> 32]) / (365 * 86_400)
    smile = np.array([world.volatility(np.array([k]), t)[0] for k, t in zip(strike, years, strict=True)])
    value = american.price(
        ~is_put(raw.key), world.spot, strike, years, smile, world.rate, world.dividend_yield
    )
    mid = np.round(value * 100)
    bid, ask = np.maximum(mid - half_spread_cents, 0), mid + half_spread_cents
    return replace(raw, bid=bid.astype(np.int32), ask=ask.astype(np.int32))


@settings(max_examples=25, deadline=None)
@given(
    spot=st.floats(350, 450),
    rate=st.floats(0.0, 0.06),
    dividend_yield=st.floats(0.0, 0.05),
    level=st.floats(0.15, 0.6),
)
def test_the_smile_and_the_forward_come_back_from_quotes_of_early_exercise(
    spot: float, rate: float, dividend_yield: float, level: float
) -> None:
    world = World(round(spot, 2), rate, dividend_yield, level)
    raw = american_quotes(world, [NEAR, FAR])
    found = recomputed(raw, world)
    columns = found.columns
    for expiration, forward in zip((NEAR, FAR), found.forwards, strict=True):
        assert forward.forward == pytest.approx(world.forward(forward.years), rel=5e-4)
        rows = (columns.key >> 32) == days_of(expiration)
        strike = strikes_of(columns.key[rows])
        off = np.abs(columns.iv[rows] - world.volatility(strike, forward.years))
        sharp = columns.vega[rows] > 0.1
        assert np.all(off[sharp] <= 2e-3)


def test_to_read_american_quotes_as_european_takes_the_premium_for_volatility() -> None:
    world = World()
    raw = american_quotes(world, [FAR])
    told = {"rate": world.rate, "dividend_yield": world.dividend_yield, "settles_at": settles_at}
    read = recompute(raw, **told).columns
    misread = recompute(raw, **told, early_exercise=False).columns
    smile = world.volatility(strikes_of(raw.key), (days_of(FAR) - days_of(DAY)) / 365)
    near = np.abs(strikes_of(raw.key) - 400.0) < 21.0
    assert np.max(np.abs(read.iv - smile)[near]) < 5e-4
    assert np.median(np.abs(misread.iv - smile)[near]) > 2e-3


def test_without_a_known_rate_american_quotes_are_read_as_european() -> None:
    raw = american_quotes(World(), [FAR])
    told = {"rate": None, "dividend_yield": 0.013, "settles_at": settles_at}
    read = recompute(raw, **told).columns
    misread = recompute(raw, **told, early_exercise=False).columns
    np.testing.assert_array_equal(read.iv, misread.iv)


def test_contracts_of_before_a_split_do_not_move_the_forward() -> None:
    raw = raw_snapshot(DAY, [NEAR], STRIKES)
    ghosts = np.arange(3_900_000, 4_100_000, 10_000)
    days = np.full(2 * len(ghosts), days_of(NEAR))
    put = np.repeat([False, True], len(ghosts))
    key = np.concatenate([raw.key, pack_keys(days, put, np.tile(ghosts, 2))])
    order = np.argsort(key)
    extra = {"bid": 9_000, "ask": 9_010, "volume": 0, "open_interest": 5}
    columns = {
        name: np.concatenate([getattr(raw, name), np.full(len(days), value, np.int32)])[order]
        for name, value in extra.items()
    }
    found = recomputed(RawSnapshot("SPX", raw.as_of, raw.spot_cents, key[order], **columns))
    assert found.forwards[0].forward == pytest.approx(World().forward(found.forwards[0].years), abs=0.01)
    ghost = strikes_of(found.columns.key) > 1000
    assert np.all(found.columns.flaws[ghost] & Flaw.PARITY.bit)
    assert not np.any(found.columns.flaws[~ghost] & Flaw.PARITY.bit)


def test_quotes_that_did_not_move_since_the_session_before_are_stale() -> None:
    raw = raw_snapshot(DAY, [NEAR], STRIKES)
    old = recomputed(raw)
    chain = OptionChain.of(
        old.columns,
        underlying="SPY",
        as_of=datetime.fromtimestamp(raw.as_of, UTC),
        spot_cents=raw.spot_cents,
        grade=Grade.QUOTES,
        source="made",
    )
    idle = raw.volume.copy()
    idle[3] = 0
    later = replace(raw, as_of=raw.as_of + 86_400, volume=idle, bid=raw.bid + 1, ask=raw.ask + 1)
    still = later.bid.copy(), later.ask.copy()
    still[0][3], still[1][3] = raw.bid[3], raw.ask[3]
    later = replace(later, bid=still[0], ask=still[1])
    found = recompute(later, rate=0.04, dividend_yield=0.0, settles_at=settles_at, before=chain)
    assert np.flatnonzero(found.columns.flaws & Flaw.STALE.bit).tolist() == [3]


def doubted(raw: RawSnapshot, *, dividend_yield: float = 0.013, rate: float | None = 0.04) -> bool:
    """Whether the spot of a snapshot is flagged, which it must be on all rows or none."""
    found = recompute(raw, rate=rate, dividend_yield=dividend_yield, settles_at=settles_at)
    says = (found.columns.flaws & Flaw.SPOT.bit) != 0
    assert says.all() or not says.any()
    return bool(says[0])


@settings(max_examples=40, deadline=None)
@given(spot=st.floats(380, 420), off=st.floats(-0.03, 0.03), dividend_yield=st.floats(0.0, 0.04))
def test_a_spot_is_doubted_where_no_dividend_explains_how_far_the_quotes_are_from_it(
    spot: float, off: float, dividend_yield: float
) -> None:
    raw = raw_snapshot(DAY, [NEAR], STRIKES, World(round(spot, 2), dividend_yield=dividend_yield))
    moved = replace(raw, spot_cents=round(raw.spot_cents / (1 + off)))
    says = doubted(moved, dividend_yield=dividend_yield)
    if abs(off) < 0.005:
        assert not says
    if abs(off) > 0.007 + dividend_yield / 4:  # 46 days of a rate off by a point are 0.13 %
        assert says


def test_a_dividend_that_the_quotes_know_of_puts_no_spot_in_doubt() -> None:
    cheaper = raw_snapshot(DAY, [NEAR], STRIKES, World(spot=396.8, dividend_yield=0.0))
    raw = replace(cheaper, spot_cents=400_00)
    assert doubted(raw, dividend_yield=0.0)
    assert not doubted(raw, dividend_yield=0.02)


def test_what_wide_quotes_or_an_unknown_rate_explain_puts_no_spot_in_doubt() -> None:
    stale = 404_00
    assert doubted(replace(raw_snapshot(DAY, [NEAR], STRIKES), spot_cents=stale))
    wide = raw_snapshot(DAY, [NEAR], STRIKES, half_spread_cents=300)
    assert not doubted(replace(wide, spot_cents=stale))
    assert not doubted(replace(raw_snapshot(DAY, [FAR], STRIKES), spot_cents=stale), rate=None)


def test_a_spot_of_before_a_split_is_doubted_and_an_unknown_one_is_not() -> None:
    raw = raw_snapshot(DAY, [NEAR, FAR], STRIKES)
    assert doubted(replace(raw, spot_cents=4_000_00))
    assert not doubted(replace(raw, spot_cents=-1))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("underlying", "year", "stale"),
    [
        ("IWM", 2026, [date(2026, 8, 18), date(2026, 8, 19)]),
        ("QQQ", 2026, [date(2026, 8, 12)]),
        ("NFLX", 2025, [date(2025, 11, 24)]),
        ("NVDA", 2025, [date(2025, 11, 25)]),
        ("SPY", 2026, []),
    ],
)
def test_recorded_spots_of_another_moment_than_their_quotes_are_found(
    underlying: str, year: int, stale: list[date]
) -> None:
    tape = recomputed_tape(underlying, year)
    assert [chain.day for chain in map(tape.chain, range(len(tape))) if spot_doubted(chain.flaws)] == stale


@pytest.mark.shared
def test_volatilities_of_a_recorded_chain_agree_with_the_vendor_where_they_are_well_determined() -> None:
    day = date(2026, 8, 21)
    frame = pl.read_parquet(CHAINS / "SPY" / "2026.parquet").filter(pl.col("quote_date") == day)
    key = pack_keys(
        frame["expiration"].to_physical().to_numpy(),
        (frame["right"] == "P").to_numpy(),
        np.round(frame["strike"].cast(pl.Float64).to_numpy() * 1000).astype(np.int64),
    )
    frame = frame.with_columns(pl.Series("key", key)).sort("key")
    cents = [
        (frame[name].cast(pl.Float64) * 100).round().fill_null(-1).cast(pl.Int32).to_numpy()
        for name in ("bid", "ask")
    ]
    count = frame["volume"].to_numpy()
    spot = round(float(frame["underlying_price"][0]) * 100)
    as_of = close_of(day) - 3600
    raw = RawSnapshot("SPY", as_of, spot, frame["key"].to_numpy(), *cents, count, count)
    found = recompute(raw, rate=0.037, dividend_yield=0.01, settles_at=lambda e, _: e * 86_400 + 20 * 3600)
    delta = np.abs(found.columns.delta)
    later = (raw.key >> 32) > days_of(day) + 3
    core = later & (delta > 0.05) & (delta < 0.95)
    off = np.abs(found.columns.iv - frame["iv"].to_numpy())[core]
    assert core.sum() > 5_000
    assert np.quantile(off, 0.5) < 0.003
    assert np.quantile(off, 0.9) < 0.015
