"""What holds of the account behind the local server whatever is asked of it, and of how it writes."""

from __future__ import annotations

from collections import Counter as Multiset
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.brokers.alpaca_stage import (
    C490,
    C495,
    CASH,
    FRIDAY,
    LATE_CALL,
    LATE_PUT,
    MONDAY,
    P475,
    P480,
    SPOTS,
    close,
    morning,
    small_venue,
)
from execution.tapes import call, put
from strikewise.adapters.brokers.alpaca_server.book import Book, held_for_options, uncovered
from strikewise.adapters.brokers.alpaca_server.counter import Counter
from strikewise.adapters.brokers.alpaca_server.mishaps import assign
from strikewise.adapters.brokers.alpaca_server.refusals import RefusedError
from strikewise.adapters.brokers.alpaca_server.venue import CancelFate, OrderFate, Venue
from strikewise.adapters.brokers.alpaca_server.wire import (
    cents_of,
    dollars,
    instant_of,
    instrument_of,
    price,
    stamp,
    symbol_of,
)
from strikewise.adapters.brokers.alpaca_server.wishes import Wish, WishLeg
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import CashFlow, FlowKind, Known
from strikewise.domain.structures import Leg, Structure

CONTRACTS = (P480, P475, C490, C495, LATE_PUT, LATE_CALL)
SHARES = Stock("SPY")

ratios = st.integers(-2, 2).filter(bool)
wishes = st.builds(
    lambda legs, quantity, limit: (legs, quantity, limit),
    st.dictionaries(st.sampled_from([*CONTRACTS, SHARES]), ratios, min_size=1, max_size=3),
    st.integers(1, 4),
    st.one_of(st.none(), st.integers(-200, 200)),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("order"), wishes, st.sampled_from(OrderFate)),
        st.tuples(st.just("cancel"), st.integers(0, 5), st.sampled_from(CancelFate)),
        st.tuples(st.just("close"), st.integers(0, 5), st.none()),
        st.tuples(st.just("assign"), st.integers(0, 5), st.none()),
        st.tuples(st.just("pay"), st.integers(-500, 500), st.none()),
        st.tuples(st.just("move"), st.integers(1, 30), st.none()),
    ),
    max_size=25,
)


def wish(asked: Any) -> Wish:
    legs, quantity, limit = asked
    made = tuple(WishLeg(one, ratio, "") for one, ratio in legs.items())
    several = len(made) > 1
    cents = None if limit is None else (limit if several else abs(limit) or 1)
    return Wish("", made, several, quantity, "market" if cents is None else "limit", cents, "day")


def act(venue: Venue, counter: Counter, step: Any, number: int) -> None:
    kind, what, how = step
    working = venue.working()
    lots = list(venue.book.lots.items())
    if kind == "order":
        counter.submit(wish(what), how)
    elif kind == "cancel" and working:
        counter.cancel(working[what % len(working)].order_id, how)
    elif kind == "close" and lots:
        one, lot = lots[what % len(lots)]
        counter.submit(wish(({one: -1 if lot.quantity > 0 else 1}, abs(lot.quantity), None)))
    elif kind == "assign":
        short = [(one, lot) for one, lot in lots if isinstance(one, OptionContract) and lot.quantity < 0]
        if short:
            assign(venue, short[what % len(short)][0], -1)
    elif kind == "pay":
        venue.befall(CashFlow(f"p{number}", FlowKind.TRANSFER, "", "", what * 100, venue.now))
    elif kind == "move":
        venue.advance(venue.now + timedelta(hours=what))


@given(steps)
@settings(max_examples=60)
def test_the_account_follows_the_brokers_and_the_diary_explains_it_to_the_cent(
    taken: list[Any],
) -> None:
    venue = small_venue(volume=60, commission_cents=65.0)
    counter = Counter(venue)
    for number, step in enumerate(taken):
        with suppress(RefusedError, SettingsError):
            act(venue, counter, step, number)
    venue.advance(close(MONDAY))
    venue.advance(close(MONDAY) + timedelta(hours=12))

    account, held = venue.broker.account(), venue.broker.positions()
    assert isinstance(account, Known)
    assert isinstance(held, Known)
    assert venue.book.cash_cents == account.value.cash_cents
    assert venue.book.holdings() == {one.instrument: one.quantity for one in held.value}

    cash, moved = 0, Multiset[Any]()
    for line in venue.diary.page(size=100, ascending=True) + following(venue):
        instrument = instrument_of(line["symbol"]) if line.get("symbol") else None
        if line["activity_type"] == "FILL":
            signed = int(line["qty"]) * (1 if line["side"] == "buy" else -1)
            cash -= signed * round(Decimal(line["price"]) * 100) * instrument.multiplier
            moved[instrument] += signed
        else:
            cash += round(Decimal(line["net_amount"]) * 100)
            if instrument is not None and "qty" in line:
                moved[instrument] += int(line["qty"])
    assert CASH + cash == venue.book.cash_cents
    assert {one: count for one, count in moved.items() if count} == venue.book.holdings()


def following(venue: Venue) -> list[Any]:
    """Return the activities after the first page."""
    found: list[Any] = []
    token = next(iter(venue.diary.page(size=100, ascending=True)[99:100]), {}).get("id", "")
    while token and (page := venue.diary.page(size=100, ascending=True, token=token)):
        found += page
        token = page[-1]["id"]
    return found


@given(steps)
@settings(max_examples=40)
def test_no_order_that_is_taken_leaves_a_call_bare_or_fills_beyond_its_size(
    taken: list[Any],
) -> None:
    venue = small_venue(volume=60)
    counter = Counter(venue)
    for number, step in enumerate(taken):
        if step[0] == "assign" or (step[0] == "order" and step[2] is not OrderFate.PLAIN):
            continue
        if step[0] == "cancel":
            step = (*step[:2], CancelFate.PLAIN)
        with suppress(RefusedError, SettingsError):
            act(venue, counter, step, number)
        calls, _ = uncovered(venue.book.holdings())
        assert calls == 0
        for ticket in venue.tickets.values():
            for leg in ticket.legs:
                assert 0 <= leg.filled <= ticket.quantity * abs(leg.ratio)


strikes = st.integers(90, 110)
options = st.builds(
    lambda strike, is_call: (call if is_call else put)(strike, FRIDAY), strikes, st.booleans()
)
positions = st.dictionaries(options, st.integers(-3, 3).filter(bool), min_size=1, max_size=5)


@given(positions)
def test_options_hold_their_greatest_loss(held: dict[OptionContract, int]) -> None:
    structure = Structure(tuple(Leg(one, count) for one, count in held.items()))
    bare = sum(count for one, count in held.items() if one.right.value == "C") < 0
    worst = min(structure.payoff_cents([0, *range(8_000, 12_001, 50)]).tolist())
    if not bare:
        assert held_for_options(held) == max(0, round(-worst))
    else:
        assert held_for_options(held) >= 0


@given(positions, options)
def test_one_more_long_option_never_uncovers_another(
    held: dict[OptionContract, int], more: OptionContract
) -> None:
    after = {**held, more: held.get(more, 0) + 1}
    assert all(now <= before for now, before in zip(uncovered(after), uncovered(held), strict=True))


@given(positions)
def test_what_is_held_long_leaves_nothing_bare_and_holds_nothing(
    held: dict[OptionContract, int],
) -> None:
    long = {one: abs(count) for one, count in held.items()}
    assert uncovered(long) == (0, 0)
    assert held_for_options(long) == 0


def test_shares_cover_calls_by_the_hundred() -> None:
    sold = {call(100, FRIDAY): -2}
    assert uncovered({**sold, SHARES: 100}) == (1, 0)
    assert uncovered({**sold, SHARES: 200}) == (0, 0)
    assert uncovered({put(100, FRIDAY): -2, SHARES: 200}) == (0, 2)


def test_an_option_that_ends_before_covers_nothing() -> None:
    later = FRIDAY + timedelta(days=7)
    assert uncovered({put(100, later): -1, put(95, FRIDAY): 1}) == (0, 1)
    assert uncovered({put(100, FRIDAY): -1, put(95, later): 1}) == (0, 0)


@given(st.lists(st.tuples(st.integers(-5, 5).filter(bool), st.integers(1, 500)), max_size=12))
def test_profit_and_cost_of_a_lot_add_up_to_its_cash(trades: list[tuple[int, int]]) -> None:
    book = Book(0)
    realised = 0
    for quantity, cents in trades:
        before = book.lots.get(C490)
        cost = 0 if before is None else before.cost_cents
        cash = book.cash_cents
        book.trade(C490, quantity, cents)
        after = book.lots.get(C490)
        realised += (book.cash_cents - cash) + ((0 if after is None else after.cost_cents) - cost)
    left = book.lots.get(C490)
    assert book.cash_cents == realised - (0 if left is None else left.cost_cents)
    assert book.quantity(C490) == sum(quantity for quantity, _ in trades)


@given(st.integers(-(10**9), 10**9))
def test_cents_are_written_as_dollars_and_read_back(cents: int) -> None:
    text = dollars(cents)
    assert cents_of(Decimal(text)) == cents
    assert "E" not in text


@given(st.integers(-(10**7), 10**7), st.integers(1, 500))
def test_a_mean_price_is_within_a_hundredth_of_a_cent(cents: int, quantity: int) -> None:
    assert abs(Decimal(price(cents, quantity)) * 100 * quantity - cents) <= Decimal("0.006") * quantity


@given(options, st.dates(date(2012, 1, 1), date(2040, 1, 1)))
def test_symbols_are_read_back(option: OptionContract, day: date) -> None:
    dated = OptionContract(option.underlying, day, option.right, option.strike_milli)
    assert instrument_of(symbol_of(dated)) == dated
    index = OptionContract("SPX", day, option.right, option.strike_milli, 1)
    assert instrument_of(symbol_of(index)) == index
    assert instrument_of("BRK.B") == Stock("BRK.B")


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_read_back(at: datetime) -> None:
    text = stamp(at)
    assert text is not None
    assert instant_of(text) == at


@pytest.mark.parametrize("day", SPOTS)
def test_a_venue_is_at_most_where_it_was_moved(day: date) -> None:
    venue = small_venue()
    venue.advance(morning(day))
    venue.advance(morning(FRIDAY - timedelta(days=10)))
    assert venue.now == morning(day)
