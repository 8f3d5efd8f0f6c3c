"""Flaws of quotes: each is found where it is, and nowhere else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.market.quality import (
    UNUSABLE,
    WIDE_CENTS,
    WIDE_SHARE,
    Flaw,
    count_flaws,
    intrinsic_flaws,
    parity_flaws,
    quote_flaws,
    stale_flaws,
)
from strikewise.pricing.black_scholes import price

cents = st.integers(min_value=-1, max_value=200_000)


def judged(bid: int, ask: int) -> Flaw:
    return Flaw(int(quote_flaws(np.array([bid], np.int32), np.array([ask], np.int32))[0]))


def american_put(spot: float, strike: float, years: float, rate: float, volatility: float) -> float:
    """Cox, Ross and Rubinstein's tree (1979), the plain way."""
    steps = 200
    up = np.exp(volatility * np.sqrt(years / steps))
    grow, discount = np.exp(rate * years / steps), np.exp(-rate * years / steps)
    chance = (grow - 1 / up) / (up - 1 / up)
    spots = spot * up ** np.arange(-steps, steps + 1, 2.0)
    value = np.maximum(strike - spots, 0.0)
    for step in range(steps - 1, -1, -1):
        spots = spot * up ** np.arange(-step, step + 1, 2.0)
        value = np.maximum(discount * (chance * value[1:] + (1 - chance) * value[:-1]), strike - spots)
    return float(value[0])


@given(bid=cents, ask=cents)
def test_a_quote_without_flaw_is_two_sided_and_narrow(bid: int, ask: int) -> None:
    sound = 0 < bid < ask and (ask - bid <= WIDE_CENTS or ask - bid <= WIDE_SHARE * (ask + bid) / 2)
    assert (judged(bid, ask) == Flaw(0)) == sound


@given(bid=cents, ask=cents)
def test_a_quote_has_at_most_one_reason_to_be_unusable(bid: int, ask: int) -> None:
    assert (judged(bid, ask) & UNUSABLE).bit_count() <= 1


@given(bid=st.integers(0, 1000), ask=st.integers(1, 1000), more=st.integers(1, 500))
def test_a_wider_quote_never_becomes_narrow(bid: int, ask: int, more: int) -> None:
    if ask >= bid and Flaw.WIDE in judged(bid, ask):
        assert Flaw.WIDE in judged(max(0, bid - more), ask + more)


@pytest.mark.parametrize(
    ("bid", "ask", "flaw"),
    [
        (-1, -1, Flaw.NO_QUOTE),
        (0, 0, Flaw.NO_QUOTE),
        (-1, 0, Flaw.NO_QUOTE),
        (-1, 5, Flaw.ONE_SIDED),
        (120, 0, Flaw.ONE_SIDED),
        (120, -1, Flaw.ONE_SIDED),
        (0, 5, Flaw.ZERO_BID),
        (0, 15, Flaw.ZERO_BID | Flaw.WIDE),
        (101, 100, Flaw.CROSSED),
        (100, 100, Flaw.LOCKED),
        (100, 110, Flaw(0)),
        (20, 31, Flaw.WIDE),
        (1000, 1250, Flaw(0)),
        (1000, 1300, Flaw.WIDE),
    ],
)
def test_quotes_are_judged_by_name(bid: int, ask: int, flaw: Flaw) -> None:
    assert judged(bid, ask) == flaw


@settings(deadline=None)
@given(
    strike=st.floats(50, 200),
    years=st.floats(0.01, 2.0),
    volatility=st.floats(0.05, 1.0),
    rate=st.floats(0.0, 0.08),
    dividend_yield=st.floats(0.0, 0.05),
    is_put=st.booleans(),
)
def test_no_model_price_lies_below_intrinsic(
    strike: float, years: float, volatility: float, rate: float, dividend_yield: float, is_put: bool
) -> None:
    forward, discount = 100 * np.exp((rate - dividend_yield) * years), np.exp(-rate * years)
    value = price(not is_put, forward, strike, years, volatility, discount)
    row = [np.array([float(x)]) for x in (value, strike, 100.0, forward, discount)]
    assert intrinsic_flaws(np.array([is_put]), *row)[0] == 0


def test_a_mid_two_cents_below_both_intrinsic_values_is_found() -> None:
    spot, strike, forward, discount = 100.0, 80.0, 101.0, 0.99
    bound = min(spot - strike, discount * (forward - strike))
    for mid, expected in ((bound - 0.02, Flaw.BELOW_INTRINSIC), (bound - 0.005, Flaw(0)), (np.nan, Flaw(0))):
        row = [np.array([x]) for x in (mid, strike, spot, forward, discount)]
        assert Flaw(int(intrinsic_flaws(np.array([False]), *row)[0])) == expected


def pair_is_odd(call: float, put: float, *, strike: float, rate: float, years: float, european: bool) -> bool:
    row = (call, call, put, put, strike, 100.0, 100.0 * np.exp(rate * years), np.exp(-rate * years), years)
    return bool(parity_flaws(*(np.array([float(x)]) for x in row), european=european)[0])


@settings(deadline=None)
@given(
    strike=st.floats(60, 160),
    years=st.floats(0.02, 1.5),
    volatility=st.floats(0.08, 0.8),
    rate=st.floats(0, 0.08),
)
def test_european_model_prices_keep_parity_and_a_dearer_call_breaks_it(
    strike: float, years: float, volatility: float, rate: float
) -> None:
    forward, discount = 100 * np.exp(rate * years), np.exp(-rate * years)
    call, put = (float(price(side, forward, strike, years, volatility, discount)) for side in (True, False))
    assert not pair_is_odd(call, put, strike=strike, rate=rate, years=years, european=True)
    forgiven = 0.02 + 0.01 * years * discount * abs(forward - strike)
    assert pair_is_odd(call + forgiven + 0.01, put, strike=strike, rate=rate, years=years, european=True)


@pytest.mark.parametrize("strike", [80.0, 95.0, 100.0, 110.0, 130.0])
@pytest.mark.parametrize("years", [0.1, 0.75])
def test_american_prices_keep_american_parity_where_european_parity_fails(
    strike: float, years: float
) -> None:
    rate, volatility = 0.06, 0.25
    call = float(price(True, 100 * np.exp(rate * years), strike, years, volatility, np.exp(-rate * years)))
    put = american_put(100.0, strike, years, rate, volatility)
    assert not pair_is_odd(call, put, strike=strike, rate=rate, years=years, european=False)


def test_a_deep_american_put_would_break_european_parity() -> None:
    call = float(price(True, 100 * np.exp(0.045), 130.0, 0.75, 0.2, np.exp(-0.045)))
    put = american_put(100.0, 130.0, 0.75, 0.06, 0.2)
    assert pair_is_odd(call, put, strike=130.0, rate=0.06, years=0.75, european=True)


def snapshot(*rows: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    key, bid, ask, volume = np.array(rows).T
    return key.astype(np.int64), bid.astype(np.int32), ask.astype(np.int32), volume.astype(np.int32)


def test_only_what_neither_moved_nor_traded_is_stale() -> None:
    before = snapshot((1, 10, 12, 5), (2, 10, 12, 5), (3, 10, 12, 5), (5, 10, 12, 5))
    now = snapshot((1, 10, 12, 0), (2, 11, 12, 0), (3, 10, 12, 9), (4, 10, 12, 0), (5, 10, 12, -1))
    assert stale_flaws(*now, before).tolist() == [Flaw.STALE, 0, 0, 0, 0]


def test_a_copy_of_the_session_before_is_stale_throughout() -> None:
    before = snapshot(*((key, 10 + key, 12 + key, key) for key in range(1, 41)))
    assert set(stale_flaws(*before, before).tolist()) == {int(Flaw.STALE)}


def test_counts_name_every_kind() -> None:
    flags = np.array([Flaw.WIDE | Flaw.STALE, Flaw.WIDE, 0], dtype=np.uint16)
    counts = count_flaws(flags)
    assert (counts["WIDE"], counts["STALE"], counts["CROSSED"]) == (2, 1, 0)
    assert list(counts) == [flaw.name for flaw in Flaw]


def test_flaws_are_distinct_bits_of_the_column() -> None:
    values = [flaw.value for flaw in Flaw]
    assert all(b == 2 * a for a, b in pairwise(values))
    assert values[-1] <= np.iinfo(np.uint16).max
