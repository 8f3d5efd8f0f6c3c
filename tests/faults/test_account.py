"""What can be wrong with an account and what it shows: faults 28 to 40 of the list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from execution.tapes import put
from faults.days import CASH, CONDOR, LOWER, PATIENT, SPREAD, Day, Timed, at, first, known
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind
from strikewise.domain.control import (
    AlertRaised,
    ClaimRequested,
    FaultNoted,
    ReleaseRequested,
    ResumeRequested,
    SymbolFrozen,
    SymbolReleased,
    TradingState,
)
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import (
    AccountValued,
    CashFlowed,
    OrderClosed,
    OrderPlaced,
    OrderRejected,
    SignalDenied,
)
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Known, LegFill, Order, Purpose, Unknown
from strikewise.domain.reconciled import (
    EXTERNAL,
    CashAdjusted,
    DifferenceFound,
    HoldingAdjusted,
    PositionAdopted,
    PositionWrittenOff,
    ReconciliationFailed,
)
from strikewise.engine.held_back import EXIT_HELD
from strikewise.engine.schedule import Cadence
from strikewise.engine.tenure import Tenure
from strikewise.execution.refusals import Refusal
from strikewise.execution.world import OrderCancelledOutside, TradedOutside, Transferred

ONCE = Timed({}, at_minutes={15: [SPREAD]})


def test_28_what_nobody_here_opened_is_adopted_counted_and_not_traded_until_it_is_claimed() -> None:
    day = Day([], (Timed({}, leaves_after=5),))
    bought = TradedOutside("by hand", (LegFill(put(480), 2, 110, -1, -1),))
    day.clock.plan(at(10), lambda: day.truth.happened(bought))
    day.clock.plan(at(40), lambda: day.ask(ClaimRequested(day.told(PositionAdopted)[0].position_id, "told")))
    day.run(39)
    assert day.edge.heard == []
    (held,) = day.loop.state.positions.values()
    assert held.strategy == EXTERNAL
    day.run(60)
    day.check()
    assert [one.purpose for one in day.edge.heard] == [Purpose.CLOSE]
    assert not day.loop.state.positions


def test_29_what_the_broker_does_not_have_is_closed_here_after_two_looks_and_without_an_order() -> None:
    day = Day([], (ONCE,), poll=1.0)
    for contract, quantity in ((put(480), 1), (put(475), -1)):
        day.clock.plan(at(20), lambda c=contract, n=quantity: day.truth.happened(Transferred(c, n)))
    day.run(60)
    assert len(day.told(PositionWrittenOff)) == 1
    looked, *_, gone = (
        one.known_at
        for one in day.ledger.records()
        if isinstance(one.event, DifferenceFound) and one.event.kind == "holding"
    )
    assert timedelta(seconds=10) <= gone - looked <= timedelta(minutes=1)
    assert "PHANTOM_POSITION" in [one.code for one in day.told(AlertRaised)]
    assert len(day.edge.heard) == 1
    day.check()
    assert not day.loop.state.positions


@pytest.mark.parametrize("seed", range(4))
def test_30_another_number_freezes_the_symbol_and_is_set_right_with_a_reason(seed: int) -> None:
    wishes = Timed({}, at_minutes={15: [SPREAD], 45: [LOWER]}, units=2)
    day = Day([first(FaultKind.QUANTITY_CHANGED)], (wishes,), seed=seed)
    day.run(70)
    assert [one.symbol for one in day.told(SymbolFrozen)] == ["SPY"]
    assert [one.code for one in day.told(SignalDenied)] == ["STATE_FROZEN"]
    day.check()
    corrected = [*day.told(HoldingAdjusted), *day.told(PositionAdopted)]
    assert corrected
    assert all(one.reason for one in corrected)


def test_31_a_correction_that_would_turn_a_position_round_stops_trading_until_a_person_has_looked() -> None:
    wishes = Timed({}, at_minutes={15: [SPREAD], 45: [LOWER]})
    day = Day([first(FaultKind.SIGN_CHANGED)], (wishes,))
    day.run(70)
    assert day.loop.supervisor is not None
    assert day.loop.supervisor.state() is TradingState.HALTED
    assert "RECONCILIATION_HALT" in [one.code for one in day.told(AlertRaised)]
    assert len(day.edge.heard) == 1
    day.check()


def test_31_a_process_that_starts_with_a_contrary_position_hears_the_person_who_has_looked() -> None:
    day = Day([], (ONCE,), poll=1.0)
    day.die_once(20, back=22)
    day.clock.plan(at(21), lambda: day.truth.happened(Transferred(put(480), 2)))
    day.clock.plan(at(24), lambda: day.ask(ReleaseRequested("SPY", "seen")))
    day.clock.plan(at(24), lambda: day.ask(ResumeRequested("seen")))
    day.run(30)
    assert day.starts == 2
    (met,) = [one.known_at for one in day.ledger.records() if isinstance(one.event, SymbolReleased)]
    assert met - at(24) <= timedelta(seconds=5)
    assert day.loop.supervisor is not None
    assert day.loop.supervisor.state() is TradingState.ACTIVE
    assert day.held()[put(480)] == 1, "the broker's number"
    day.check()


def test_a_start_waits_two_minutes_at_most_for_shares_that_are_on_their_way() -> None:
    cadence = Cadence(scan=60, manage=60, reconcile=120)
    day = Day([first(FaultKind.ASSIGNMENT_BEFORE_SHARES, lasts=100_000)], (ONCE,), cadence=cadence)
    day.die_once(20, back=27)
    day.run(45)
    assert day.starts == 2
    assert any(one.reason.startswith("shares of an assignment") for one in day.told(DifferenceFound))
    looked = [one.known_at for one in day.ledger.records() if isinstance(one.event, AccountValued)]
    assert min(one for one in looked if one >= at(27)) <= at(30), "exits wait meanwhile"


@pytest.mark.parametrize("kind", [FaultKind.UNKNOWN_READ, FaultKind.INCOMPLETE_READ])
def test_32_a_read_that_failed_or_was_cut_off_is_never_an_empty_account(kind: FaultKind) -> None:
    day = Day([first(kind, nth=30, times=40)], (ONCE,))
    day.run(60)
    assert day.happened() == {kind}
    assert day.told(ReconciliationFailed)
    assert day.told(PositionWrittenOff) == []
    assert len(day.ours_alone()) == 1
    day.check()
    assert len(day.ours_alone()) == 1


@pytest.mark.parametrize("complete", [None, False], ids=["an error", "cut off"])
def test_32_what_is_held_is_not_gone_because_nobody_could_say_it(complete: bool | None) -> None:
    """All else is answered, and for half an hour no question about positions is."""
    day = Day([], (ONCE,), poll=5.0)
    answers = day.edge.positions

    def fail() -> None:
        told = Unknown("500") if complete is None else Known((), at(20), complete=complete)
        day.edge.positions = lambda: told  # type: ignore[method-assign]

    def mend() -> None:
        day.edge.positions = answers  # type: ignore[method-assign]

    day.clock.plan(at(20), fail)
    day.clock.plan(at(50), mend)
    day.run(60)
    assert day.told(ReconciliationFailed)
    assert not day.told(PositionWrittenOff)
    assert not day.told(HoldingAdjusted)
    day.check()
    assert len(day.ours_alone()) == 1


def sent(day: Day) -> list[tuple[Purpose, int]]:
    """Return what was ordered, and at which minute after the open."""
    placed = [one for one in day.ledger.records() if isinstance(one.event, OrderPlaced)]
    return [
        (one.event.order.purpose, int((one.known_at - at(0)).total_seconds() // 60))
        for one in placed
        if isinstance(one.event, OrderPlaced)
    ]


def test_while_the_brokers_side_cannot_be_seen_nothing_is_opened_not_even_at_a_start() -> None:
    blind = Fault(FaultKind.UNKNOWN_READ, probability=1.0, times=100_000)
    day = Day([blind], (Timed({}, at_minutes={15: [SPREAD], 45: [LOWER]}),))
    day.clock.plan(at(32), day.edge.calm_down)
    day.run(60)
    assert sent(day) == [(Purpose.OPEN, 45)]
    day.check()


def test_while_the_brokers_side_cannot_be_seen_exits_go_on() -> None:
    blind = first(FaultKind.UNKNOWN_READ, nth=80, lasts=100_000)
    day = Day([blind], (Timed({}, at_minutes={15: [SPREAD], 40: [LOWER]}, leaves_after=10),))
    day.run(60)
    failed = [one.known_at for one in day.ledger.records() if isinstance(one.event, ReconciliationFailed)]
    assert at(15) < failed[0] < at(25), "the view is lost between the entry and the exit"
    assert sent(day) == [(Purpose.OPEN, 15), (Purpose.CLOSE, 25)]
    day.check()


@pytest.mark.parametrize("seed", range(3))
def test_33_a_person_who_closes_what_we_hold_is_followed(seed: int) -> None:
    day = Day([first(FaultKind.PERSON_CLOSES)], (ONCE,), seed=seed)
    day.run(60)
    day.check()
    assert len(day.edge.heard) == 1, "nothing is closed a second time"


@pytest.mark.parametrize("kind", [FaultKind.PERSON_CANCELS, FaultKind.PERSON_EDITS])
def test_33_a_person_who_cancels_or_edits_our_order_has_the_last_word(kind: FaultKind) -> None:
    day = Day([first(kind)], (ONCE,), ladder=PATIENT)
    day.run(60)
    assert day.happened() == {kind}
    assert [one.ended.outcome for one in day.told(OrderClosed)] == ["cancelled"]
    assert len(day.edge.heard) == 1, "what a person took away is not sent again"
    day.check()


def test_34_an_exit_that_somebody_took_away_is_decided_anew_while_its_reason_stands() -> None:
    """No stop rests at the broker: what protects a position is decided at every look and never missing."""
    leaves = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=10)
    day = Day([], (leaves,), ladder=PATIENT)

    def cancel() -> None:
        (order,) = known(day.truth.open_orders())
        assert day.truth.happened(OrderCancelledOutside(order.order_id)) == ""

    day.clock.plan(at(32), cancel)
    day.run(90)
    exits = [one.order for one in day.told(OrderPlaced) if one.order.purpose is Purpose.CLOSE]
    assert len({one.order_id.rpartition("-")[0] for one in exits}) == 2, "another intent, for the same reason"
    day.check()
    assert not day.loop.state.positions


def test_34_an_order_that_works_for_a_position_that_is_gone_is_not_left_behind() -> None:
    leaves = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=30)
    day = Day([], (leaves,), ladder=PATIENT)
    for contract, quantity in ((put(480), 1), (put(475), -1)):
        day.clock.plan(at(47), lambda c=contract, n=quantity: day.truth.happened(Transferred(c, n)))
    day.run(115)
    day.check()
    assert day.held() == {}


def test_36_a_recent_order_that_is_not_found_yet_is_no_order_that_never_was() -> None:
    """Two spaced reads that miss an exit give nothing up, and no other one is sent."""
    leaves = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=10)
    day = Day([first(FaultKind.TIMEOUT_AFTER_ACCEPTANCE, nth=4)], (leaves,), ladder=PATIENT, poll=1.0)
    edge, found = day.edge, (day.edge.open_orders, day.edge.orders_since, day.edge.order)

    def hide(order: Order) -> None:
        if order.purpose is Purpose.CLOSE:
            edge.open_orders = lambda: Known((), day.clock.now())  # type: ignore[method-assign]
            edge.orders_since = lambda since: Known((), day.clock.now())  # type: ignore[method-assign]
            edge.order = lambda name: Known(None, day.clock.now())  # type: ignore[method-assign]
            edge.slow = lambda _order: None
            day.clock.plan(day.clock.now() + timedelta(seconds=8), show)

    def show() -> None:
        edge.open_orders, edge.orders_since, edge.order = found  # type: ignore[method-assign]

    edge.slow = hide
    day.run(60)
    looks = [one.reason for one in day.told(DifferenceFound) if one.kind == "order"]
    assert looks == ["read 1 of 3", "found by its id"]
    assert "never_sent" not in [one.ended.outcome for one in day.told(OrderClosed)]
    day.check()
    assert not day.loop.state.positions


def test_36_an_order_that_is_not_found_when_it_is_to_be_taken_back_is_asked_for_again() -> None:
    day = Day([first(FaultKind.ORDER_NOT_FOUND)], (ONCE,), ladder=PATIENT)
    day.run(60)
    assert [one.code for one in day.told(FaultNoted)] == ["CANCEL_REFUSED"]
    day.check()
    assert len(day.edge.heard) > 1, "it went on to its next limit"
    assert len(day.ours_alone()) == 1


def test_37_at_a_start_an_order_at_work_and_what_it_filled_are_counted_once() -> None:
    wishes = Timed({}, at_minutes={15: [SPREAD]}, units=40)
    day = Day([], (wishes,), volume=100)
    day.die_once(17, back=19)
    counted: list[tuple[int, int]] = []

    def count() -> None:
        (position,), state = day.ours_alone(), day.loop.state
        (working,) = state.open_orders.values()
        assert working.filled == position.quantity
        counted.append((position.quantity, sum(one.quantity for one in state.pending)))

    day.clock.plan(at(22), count)
    day.run(25)
    assert day.starts == 2
    ((filled, waiting),) = counted
    assert 0 < filled < 40
    assert filled + waiting == 40, "a unit works or is held"
    day.check()


@pytest.mark.parametrize(
    ("kind", "fact"), [(FaultKind.DEPOSIT, CashFlowed), (FaultKind.SILENT_DEPOSIT, CashAdjusted)]
)
def test_38_money_that_comes_or_goes_is_neither_profit_nor_loss(kind: FaultKind, fact: type) -> None:
    for seed in range(4):
        day = Day([first(kind)], (Timed({}),), seed=seed)
        day.run(60)
        assert len(day.told(fact)) == 1
        day.check()
        state = day.loop.state
        assert state.realised_cents == 0 or abs(state.realised_cents) <= 2_500, "at most taken for a fee"
        assert state.deposited_cents + state.realised_cents == state.cash_cents != CASH


def test_40_a_second_process_names_the_one_that_trades_and_leaves() -> None:
    day = Day([], (ONCE,))
    day.start()
    second = Tenure(day.leases, day.spec.account, "there:2:2", day.clock)
    with pytest.raises(SettingsError, match="process 1 on here"):
        second.take()


def test_40_a_process_that_lost_its_lease_writes_and_sends_nothing_more() -> None:
    day = Day([], (Timed({}, at_minutes={15: [SPREAD], 45: [CONDOR]}),))
    usurper = Tenure(day.leases, day.spec.account, "there:2:2", day.clock)
    day.clock.plan(at(30), lambda: usurper.take(instead_of="here:1:1"))
    ended = day.run(60)
    assert ended.code == 3
    assert not ended.writes
    assert len(day.edge.heard) == 1
    assert max(one.known_at for one in day.ledger.records()) <= at(31)


# --- exits that another order holds back ------------------------------------------------------------------


def test_35_an_exit_refused_because_another_order_holds_it_goes_out_once_that_is_gone() -> None:
    leaves = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=10)
    day = Day([first(FaultKind.QUANTITY_HELD)], (leaves,))

    def give_up() -> None:
        (theirs,) = known(day.truth.open_orders())
        assert theirs.order_id.startswith("person")
        day.truth.cancel(theirs.order_id)

    day.clock.plan(at(60), give_up)
    day.run(110)
    (refused,) = day.told(OrderRejected)
    assert refused.code == Refusal.HELD_BY_ORDER
    assert [one.code for one in day.told(AlertRaised)] == [EXIT_HELD]
    exits = [one for one in day.edge.heard if one.purpose is Purpose.CLOSE]
    assert [one.created_at for one in exits] == [at(25), at(60)], "refused once, and sent once it was free"
    day.check()
    assert not day.loop.state.positions
    assert Stock("SPY") not in day.held()
