"""The account is a fold: cut, read or repeated, the facts give the same state, and money adds up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from portfolio.event_strategies import SPREAD, START, closing, lives, opening, signal
from portfolio.troubled_lives import troubled_lives
from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    CashFlowed,
    Event,
    OptionSettled,
    OrderFilled,
    OrderPlaced,
    SignalDenied,
    SignalGenerated,
)
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.portfolio.growing_map import GrowingMap
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.portfolio.projection import AccountState

any_lives = lives() | troubled_lives()


def ledger_of(life: list[Entry]) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.append(life, recorded_at=START)
    return ledger


def state_of(life: list[Entry]) -> AccountState:
    return AccountState.fold(ledger_of(life).records())


@given(any_lives, st.data())
def test_a_fold_may_be_cut_anywhere(life: list[Entry], data: st.DataObject) -> None:
    ledger = ledger_of(life)
    cut = data.draw(st.integers(0, len(life)))
    before = AccountState.fold(fact for fact in ledger.facts() if fact.seq <= cut)
    assert before.follow(ledger.facts(after=cut)) == AccountState.fold(ledger.facts())


@given(any_lives)
def test_facts_and_the_events_they_were_made_of_fold_to_the_same(life: list[Entry]) -> None:
    ledger = ledger_of(life)
    assert AccountState.fold(ledger.facts()) == AccountState.fold(ledger.records())


@given(any_lives)
def test_no_state_changes_once_it_is_made(life: list[Entry]) -> None:
    states, said = [AccountState()], [repr(AccountState())]
    for record in ledger_of(life).records():
        states.append(states[-1].apply(record.seq, record.event, record.known_at))
        said.append(repr(states[-1]))
    assert [repr(state) for state in states] == said


@given(lives(), lives())
def test_two_futures_of_one_state_do_not_meet(life: list[Entry], other: list[Entry]) -> None:
    start = state_of(life)
    seen = repr(start)
    seq, ids = start.seq, "other"
    for entry in other:
        if isinstance(entry.event, SignalGenerated):
            seq += 1
            name = ids + entry.event.signal.signal_id
            start.apply(seq, SignalGenerated(replace(entry.event.signal, signal_id=name)), entry.known_at)
    assert repr(start) == seen


@given(lives())
def test_cash_is_what_was_paid_in_less_what_all_positions_cost(life: list[Entry]) -> None:
    state = state_of(life)
    spent = sum(p.cash_cents + p.fees_cents for p in (*state.positions.values(), *state.closed.values()))
    assert state.cash_cents == state.deposited_cents - spent
    assert state.realised_cents == -sum(p.cash_cents + p.fees_cents for p in state.closed.values())


@given(lives())
def test_what_is_held_and_paid_is_the_plain_sum_of_what_was_told_once(life: list[Entry]) -> None:
    held: dict[Instrument, int] = defaultdict(int)
    cash, told = 0, set()
    for entry in life:
        match entry.event:
            case AccountOpened(cash_cents=deposit):
                cash += deposit
            case OrderFilled(execution=e) if e.execution_id not in told:
                told.add(e.execution_id)
                cash -= e.fees_cents
                for leg in e.legs:
                    held[leg.instrument] += leg.quantity
                    cash -= leg.quantity * leg.price_cents * 100
            case OptionSettled(report=r) if r.settlement_id not in told:
                told.add(r.settlement_id)
                held[r.contract] -= r.quantity
                held[Stock("SPY")] += r.shares
                cash -= r.cash_cents + r.fees_cents
    state = state_of(life)
    folded: dict[Instrument, int] = defaultdict(int)
    for position in state.positions.values():
        for holding in position.holdings:
            folded[holding.instrument] += holding.quantity
    assert {k: v for k, v in folded.items() if v} == {k: v for k, v in held.items() if v}
    assert state.cash_cents == cash


@given(any_lives)
def test_open_positions_hold_something_and_closed_ones_nothing(life: list[Entry]) -> None:
    state = state_of(life)
    assert all(position.holdings for position in state.positions.values())
    assert not any(position.holdings for position in state.closed.values())
    assert not set(state.positions) & set(state.closed)
    assert not set(state.open_orders) & set(state.ended_orders)


def names_of(event: Event) -> set[str]:
    """Return the names under which what a broker told is noted where it cannot be booked."""
    match event:
        case OrderFilled(execution=execution):
            return {execution.execution_id}
        case OptionSettled(report=report):
            return {report.settlement_id}
        case ExecutionReversed(execution_id=name):
            return {name}
        case _:
            return set()


@given(any_lives, st.data())
def test_telling_the_same_thing_twice_changes_nothing(life: list[Entry], data: st.DataObject) -> None:
    once = OrderFilled | OptionSettled | OrderPlaced | CashFlowed | ExecutionReversed
    state = state_of(life)
    # What could not be booked when it came may well be booked now: its order is known since.
    late = state.corrections.unbooked
    told = [e for e in life if isinstance(e.event, once) and not late.keys() & names_of(e.event)]
    if told:
        again = data.draw(st.sampled_from(told))
        seq = state.seq + 1
        assert state.apply(seq, again.event, life[-1].known_at) == replace(state, seq=seq)


@given(any_lives)
def test_every_order_and_position_knows_the_fact_that_made_it(life: list[Entry]) -> None:
    state = state_of(life)
    for number, entry in enumerate(life, 1):
        if isinstance(entry.event, OrderPlaced):
            made = state.fact_of(entry.event.order.order_id)
            assert made is not None
            assert made <= number
            assert life[made - 1].event == entry.event
    assert all(state.fact_of(name) for name in (*state.positions, *state.closed))


@given(lives())
def test_a_defined_risk_never_loses_more_than_was_promised(life: list[Entry]) -> None:
    """A spread that only ever was opened can lose its width less its credit, at whatever price it filled."""
    state = state_of(life)
    for position in state.positions.values():
        sold = {leg.instrument: leg.ratio * position.quantity for leg in SPREAD.legs}
        if {h.instrument: h.quantity for h in position.holdings} == sold:
            assert position.max_loss_cents == max(0, 50_000 * position.quantity + position.cash_cents)


@given(st.lists(st.tuples(st.text(max_size=2), st.integers()), max_size=200))
def test_a_growing_map_is_a_dictionary(pairs: list[tuple[str, int]]) -> None:
    grown: GrowingMap[int] = GrowingMap()
    plain: dict[str, int] = {}
    for key, value in pairs:
        before, seen = grown, dict(plain)
        grown = grown.put(key, value)
        plain[key] = value
        assert dict(before) == seen
    assert dict(grown) == plain
    assert grown == plain
    assert len(grown) == len(plain)
    assert all(key in grown for key in plain)
    for key in list(plain)[:3]:
        del plain[key]
        grown = grown.without(key)
    assert grown == plain


def test_a_growing_map_shares_what_it_has_between_its_versions() -> None:
    grown: GrowingMap[int] = GrowingMap({str(i): i for i in range(10_000)})
    later = grown
    for number in range(90):
        later = later.put(f"x{number}", number)
    assert later._base is grown._base
    for number in range(90, 110):
        later = later.put(f"x{number}", number)
    assert later._base is not grown._base


def test_signals_nobody_decided_upon_are_forgotten_and_do_not_pile_up() -> None:
    state, seq = AccountState(), 0
    valued = AccountValued(1, 2, 3, 4, 5, 6, 7, 0.5, 0.1, -3.25, 9.0)
    for day in range(30):
        now = START + timedelta(days=day)
        seq += 2
        state = state.apply(seq - 1, SignalGenerated(signal(f"s{day}", now)), now).apply(seq, valued, now)
        assert len(state.signals) <= 6
    assert state.signals


def test_a_denied_signal_is_forgotten_and_an_ordered_one_moves_to_its_order() -> None:
    state = AccountState().apply(1, SignalGenerated(signal("a")), START)
    state = state.apply(2, SignalGenerated(signal("b")), START)
    state = state.apply(3, SignalDenied("a", "credit_spread", "SPY", "RISK_MAX_LOSS", ""), START)
    state = state.apply(4, OrderPlaced(opening("o", "b")), START)
    assert not state.signals
    assert state.open_orders["o"].signal == signal("b")
    assert closing("c", "o").position_id == "o"
