"""Laws of filling: no free money in a round trip, and nothing gets better for being harder to trade."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import call, close_of, one_view, order, put
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Execution, Known, Purpose
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule, fill_price_cents
from strikewise.execution.simulated import SimulatedBroker

CONTRACTS = (put(470), put(475), put(480), call(520), call(525), call(530))
prices = st.integers(1, 5_000)
spreads = st.integers(1, 400)
shares = st.integers(0, 1000)
quotes = st.lists(st.tuples(prices, spreads), min_size=len(CONTRACTS), max_size=len(CONTRACTS))
ratios = st.lists(
    st.sampled_from([-2, -1, 0, 1, 2]), min_size=len(CONTRACTS), max_size=len(CONTRACTS)
).filter(lambda ratio: sum(ratio[3:]) < 0)
"""More calls sold than bought, so that what closes them may cost anything; no exit waits for a better
price."""


@given(prices, spreads, shares, st.booleans())
def test_a_fill_lies_inside_the_quote(bid: int, spread: int, f: int, sale: bool) -> None:
    assert bid <= fill_price_cents(bid, bid + spread, f, sale=sale) <= bid + spread


@given(prices, spreads, shares, shares)
def test_paying_more_of_the_spread_never_fills_better(bid: int, spread: int, f: int, g: int) -> None:
    low, high = sorted((f, g))
    ask = bid + spread
    assert fill_price_cents(bid, ask, low, sale=False) <= fill_price_cents(bid, ask, high, sale=False)
    assert fill_price_cents(bid, ask, low, sale=True) >= fill_price_cents(bid, ask, high, sale=True)


@given(prices, spreads, st.integers(0, 200), shares)
def test_a_wider_market_around_the_same_mid_never_fills_better(
    bid: int, spread: int, wider: int, f: int
) -> None:
    ask, far_bid = bid + spread, max(0, bid - wider)
    far_ask = ask + (bid - far_bid)
    assert fill_price_cents(far_bid, far_ask, f, sale=False) >= fill_price_cents(bid, ask, f, sale=False)
    assert fill_price_cents(far_bid, far_ask, f, sale=True) <= fill_price_cents(bid, ask, f, sale=True)


@given(st.integers(-1, 10_000), st.integers(-1, 10_000), st.integers(0, 5_000), st.integers(0, 5_000))
def test_less_volume_or_open_interest_never_fills_more(
    volume: int, interest: int, less: int, fewer: int
) -> None:
    rule = FillRule()
    thinner = (
        volume if volume < 0 else max(0, volume - less),
        interest if interest < 0 else max(0, interest - fewer),
    )
    assert rule.contracts(*thinner) <= rule.contracts(volume, interest)


def _round_trip(
    quoted: list[tuple[int, int]],
    legs: dict[OptionContract, int],
    units: int,
    rule: FillRule,
    fees: FeeSchedule,
) -> tuple[int, int]:
    """Open and close at one snapshot; return what it cost and the fees in it."""
    rows = [(one, bid, bid + spread) for one, (bid, spread) in zip(CONTRACTS, quoted, strict=True)]
    broker = SimulatedBroker(0, rule=rule, fees=fees)
    broker.advance(one_view(rows, at=close_of(date(2024, 2, 1)), volume=10_000, open_interest=10_000))
    broker.submit(order(legs, quantity=units))  # type: ignore[arg-type]
    back = {one: -ratio for one, ratio in legs.items()}
    broker.submit(order(back, quantity=units, purpose=Purpose.CLOSE, order_id="c", position_id="o-1"))  # type: ignore[arg-type]
    cash, held = broker.account(), broker.positions()
    assert isinstance(cash, Known)
    assert isinstance(held, Known)
    assert held.value == ()
    executions = [event for event in broker.events() if isinstance(event, Execution)]
    assert len(executions) == 2
    return -cash.value.cash_cents, sum(one.fees_cents for one in executions)


@settings(max_examples=60)
@given(quotes, ratios, st.integers(1, 5))
def test_a_round_trip_at_the_touch_costs_exactly_the_spread_and_the_fees(
    quoted: list[tuple[int, int]], ratio: list[int], units: int
) -> None:
    legs = {one: r for one, r in zip(CONTRACTS, ratio, strict=True) if r}
    cost, fees = _round_trip(quoted, legs, units, FillRule(), FeeSchedule())
    spread = sum(abs(r) * s for r, (_, s) in zip(ratio, quoted, strict=True)) * 100 * units
    assert cost == spread + fees
    assert fees > 0


@settings(max_examples=40)
@given(quotes, ratios, st.floats(0.0, 1.0))
def test_no_round_trip_earns_money_however_well_it_fills(
    quoted: list[tuple[int, int]], ratio: list[int], f: float
) -> None:
    legs = {one: r for one, r in zip(CONTRACTS, ratio, strict=True) if r}
    free = FeeSchedule(commission_cents=0, assignment_cents=0, pass_through=False)
    cost, _ = _round_trip(quoted, legs, 1, FillRule(f_by_legs=(f,)), free)
    assert cost >= 0
