"""Whatever a broker tells and reconciliation writes, in whatever order: the money adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from portfolio.event_strategies import START, lives
from portfolio.troubled_lives import lives_of_fills, troubled_lives
from strikewise.domain.events import AccountOpened, CashFlowed, Event, OptionSettled, OrderFilled
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Execution, FlowKind, Purpose
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import (
    CashAdjusted,
    ExecutionReversed,
    HoldingAdjusted,
    PositionAdopted,
    PositionWrittenOff,
)
from strikewise.portfolio.fees_owed import FEES
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.portfolio.projection import AccountState

any_lives = lives() | troubled_lives()


def ledger_of(life: list[Entry]) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.append(life, recorded_at=START)
    return ledger


def state_of(life: list[Entry]) -> AccountState:
    return AccountState.fold(ledger_of(life).records())


def steps_of(life: list[Entry]) -> Iterator[tuple[AccountState, Event, AccountState]]:
    state = AccountState()
    for record in ledger_of(life).records():
        before, state = state, state.apply(record.seq, record.event, record.known_at)
        yield before, record.event, state


def net(positions: Iterable[Position]) -> Counter[Instrument]:
    sums: Counter[Instrument] = Counter()
    for position in positions:
        for holding in position.holdings:
            sums[holding.instrument] += holding.quantity
    return sums


def moved(before: AccountState, after: AccountState) -> dict[Instrument, int]:
    old, new = net(before.positions.values()), net(after.positions.values())
    return {one: new[one] - old[one] for one in {*old, *new} if new[one] != old[one]}


def traded(execution: Execution, sign: int = 1) -> dict[Instrument, int]:
    sums: Counter[Instrument] = Counter()
    for leg in execution.legs:
        sums[leg.instrument] += sign * leg.quantity
    return {one: quantity for one, quantity in sums.items() if quantity}


def paid(execution: Execution) -> int:
    return sum(leg.quantity * leg.price_cents * 100 for leg in execution.legs) + execution.fees_cents


@given(any_lives)
def test_deposits_and_profits_are_cash_and_marks(life: list[Entry]) -> None:
    """Marks stand on both sides and cancel out."""
    for _, _, state in steps_of(life):
        unrealised = -sum(p.cash_cents + p.fees_cents for p in state.positions.values())
        assert state.deposited_cents + state.realised_cents + unrealised == state.cash_cents


@given(any_lives)
def test_what_is_realised_is_what_closed_positions_and_the_accounts_own_flows_came_to(
    life: list[Entry],
) -> None:
    own = 0
    for before, event, after in steps_of(life):
        if isinstance(event, CashFlowed) and event.flow.kind is not FlowKind.TRANSFER:
            flow = event.flow
            late_fee = flow.kind in FEES and flow.position_id in before.closed
            if flow.flow_id not in before.settlements and flow.position_id not in before.positions:
                own += 0 if late_fee else before.cash_cents - after.cash_cents
        closed = sum(p.cash_cents + p.fees_cents for p in after.closed.values())
        assert after.realised_cents == -own - closed


@given(any_lives)
def test_the_brokers_cash_moves_by_what_it_tells_and_by_no_fee_that_is_only_expected(
    life: list[Entry],
) -> None:
    for before, event, after in steps_of(life):
        if not isinstance(event, CashFlowed) or event.flow.flow_id in before.settlements:
            continue
        flow = event.flow
        there = [state.cash_cents + state.fees_owed.due_cents for state in (before, after)]
        if flow.kind is FlowKind.FEE_DUE:
            assert there[0] == there[1]
        else:
            assert there[0] - there[1] == flow.cash_cents


@given(any_lives)
def test_only_what_comes_or_goes_without_a_trade_is_paid_in_or_out(life: list[Entry]) -> None:
    for before, event, after in steps_of(life):
        change = after.deposited_cents - before.deposited_cents
        match event:
            case AccountOpened(cash_cents=cents) | CashAdjusted(cash_cents=cents):
                assert change == cents
            case CashFlowed(flow=flow) if flow.kind is FlowKind.TRANSFER:
                assert change in {0, -flow.cash_cents}
            case PositionAdopted(cost_cents=cost):
                assert change in {0, cost}
            case HoldingAdjusted(cost_cents=cost):
                assert change == cost
            case PositionWrittenOff(position_id=name):
                held = before.positions.get(name)
                assert change == (0 if held is None else -held.cash_cents)
            case _:
                assert change == 0


@given(any_lives)
def test_a_fill_is_booked_once_from_any_state_and_one_that_fits_nothing_is_noted(life: list[Entry]) -> None:
    for before, event, after in steps_of(life):
        if not isinstance(event, OrderFilled):
            continue
        done, found = event.execution, before.order(event.execution.order_id)
        first = found is not None and done.execution_id not in found.executions
        if found is None or not (
            found.order.purpose is Purpose.OPEN or before.position(found.order.position_id)
        ):
            assert done.execution_id in after.corrections.unbooked
            first = False
        assert before.cash_cents - after.cash_cents == (paid(done) if first else 0)
        assert moved(before, after) == (traded(done) if first else {})


@given(any_lives)
def test_a_fill_taken_back_moves_back_what_it_moved_and_only_once(life: list[Entry]) -> None:
    for before, event, after in steps_of(life):
        if isinstance(event, ExecutionReversed):
            found = before.order(event.order_id)
            booked = () if found is None else found.booked
            undone = [one for one in booked if one.execution_id == event.execution_id]
            assert after.cash_cents - before.cash_cents == sum(map(paid, undone))
            assert moved(before, after) == (traded(undone[0], -1) if undone else {})
            again = after.apply(after.seq + 1, event, START)
            assert replace(again, seq=after.seq) == after


@given(any_lives)
def test_what_is_held_changes_by_what_was_told_and_by_nothing_else(life: list[Entry]) -> None:
    for before, event, after in steps_of(life):
        change = moved(before, after)
        match event:
            case OrderFilled() | ExecutionReversed():
                pass  # laws of their own
            case OptionSettled(report=report):
                ended = change.pop(report.contract, 0)
                assert 0 <= -ended * (1 if report.quantity > 0 else -1) <= abs(report.quantity)
                assert all(not hasattr(one, "strike_milli") for one in change)
            case PositionAdopted(holdings=holdings):
                assert change in ({}, {one.instrument: one.quantity for one in holdings})
            case HoldingAdjusted(instrument=instrument, quantity=quantity):
                assert change == {instrument: quantity}
            case PositionWrittenOff(position_id=name):
                gone = [before.positions[name]] if name in before.positions else []
                assert change == {one: -quantity for one, quantity in net(gone).items()}
            case _:
                assert change == {}


@given(any_lives)
def test_an_order_has_one_place_and_its_fills_are_those_that_stand(life: list[Entry]) -> None:
    state = state_of(life)
    for found in (*state.open_orders.values(), *state.ended_orders.values()):
        whole = sum(one.quantity for one in found.booked)
        assert whole <= found.filled <= found.begun
        assert {one.execution_id for one in found.booked} <= set(found.executions)
        assert len(found.executions) == len(set(found.executions))
        if found.order.order_id in state.open_orders:
            assert found.remaining > 0


@given(lives_of_fills(), st.data())
def test_a_fill_taken_back_at_the_end_leaves_the_money_as_if_it_had_never_been(
    life: list[Entry], data: st.DataObject
) -> None:
    told = [entry for entry in life if isinstance(entry.event, OrderFilled)]
    assume(told)
    entry = data.draw(st.sampled_from(told))
    assert isinstance(entry.event, OrderFilled)
    done = entry.event.execution
    after = state_of([*life, Entry(ExecutionReversed(done.execution_id, done.order_id, "bust"), START, "b")])
    never = state_of([one for one in life if one is not entry])
    # Without it the position may never have been, and fills that were to close it fit nothing.
    assume(after.corrections.unbooked == never.corrections.unbooked)
    assert money(after) == money(never)


def money(state: AccountState) -> object:
    def of(position: Position) -> object:
        values = (position.quantity, position.entry_cents, position.cash_cents, position.fees_cents)
        return (*values, position.stake_cents, frozenset(position.holdings))

    return (
        (state.cash_cents, state.deposited_cents, state.realised_cents),
        {name: of(position) for name, position in state.positions.items()},
        {name: of(position) for name, position in state.closed.items()},
        {
            name: (one.trades, one.won, one.profit_cents)
            for name, one in state.outcomes.records.items()
            if one.trades
        },
        {name: cents for name, cents in state.outcomes.campaigns.items() if cents},
        {one.order.order_id: one.filled for one in state.open_orders.values() if one.filled}
        | {one.order.order_id: one.filled for one in state.ended_orders.values() if one.filled},
    )


@given(any_lives)
def test_the_journal_shows_every_position_and_what_each_came_to(life: list[Entry]) -> None:
    ledger = ledger_of(life)
    told, state = journal_of(ledger.records()), AccountState.fold(ledger.records())
    assert {row.trade_id for row in told.trades} == {*state.positions, *state.closed}
    assert {row.position_id for row in told.positions} == set(state.positions)
    profits = {row.trade_id: row.profit_cents for row in told.trades if row.closed_at is not None}
    assert profits == {name: -(one.cash_cents + one.fees_cents) for name, one in state.closed.items()}
    assert {row.order_id: row.filled for row in told.orders} == {
        one.order.order_id: one.filled for one in (*state.open_orders.values(), *state.ended_orders.values())
    }
    for row in told.orders:
        found = state.order(row.order_id)
        assert found is not None
        assert row.filled_cents + row.fees_cents == sum(map(paid, found.booked))
    for name in state.corrections.adopted:
        row = next(one for one in told.trades if one.trade_id == name)
        assert row.note
