"""What people ask of a loop is met at its next tick, and what stops it stops it before the next order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from engine.hand_made import Told
from engine.watched import ANNA, DAY, LOWER, NEXT, SPREAD, Account, at, by_the_minute
from execution.tapes import put
from strikewise.domain.control import (
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    FlattenRequested,
    HaltRequested,
    OrderCancelAsked,
    ReconcileRequested,
    ReleaseRequested,
    RequestMet,
    ResumeRequested,
    SymbolFrozen,
    SymbolReleased,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.errors import LedgerConflictError
from strikewise.domain.events import AccountValued, OrderClosed, OrderPlaced, SignalGenerated
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose, SubmitAnswer
from strikewise.domain.portfolio import Holding
from strikewise.domain.reconciled import PositionAdopted
from strikewise.engine.order_work import Prices
from strikewise.execution.fills import FillRule
from strikewise.execution.halt_flag import Raised
from strikewise.execution.ladder import Ladder
from strikewise.portfolio.ledger import Entry, Record

HALT, EXITS_ONLY = HaltRequested("enough"), HaltRequested("enough", exits=True)


def purposes(account: Account) -> list[Purpose]:
    return [order.purpose for order in account.broker.heard]


@pytest.mark.parametrize("request_", [HALT, EXITS_ONLY, FlattenRequested("out")])
def test_after_a_request_to_stop_nothing_is_opened_until_a_person_resumes(request_: Any) -> None:
    account = Account()
    number = account.ask(request_)
    account.tick(1)
    assert account.told(SignalGenerated) == []
    assert account.told(RequestMet)[0].request == number
    account.tick(2)
    account.ask(ResumeRequested("looked"), actor="agent:analyst")
    account.tick(3)
    assert account.broker.heard == []
    account.ask(ResumeRequested("looked"))
    account.tick(4)
    assert purposes(account) == [Purpose.OPEN]


def test_a_halt_outlives_the_process() -> None:
    account = Account()
    account.ask(HALT)
    account.tick(1)
    account.start()
    account.tick(2)
    assert account.broker.heard == []
    changed = account.told(TradingStateChanged)
    assert [(one.state, one.by_person) for one in changed] == [(TradingState.HALTED, True)]


def test_what_is_asked_for_while_nobody_runs_is_met_at_the_first_tick() -> None:
    account = Account()
    account.ask(HALT)
    account.ask(ResumeRequested("never mind"))
    account.start()
    account.tick(1)
    assert [one.done for one in account.told(RequestMet)] == [True, True]
    assert purposes(account) == [Purpose.OPEN]


def test_a_raised_flag_stops_everything_and_is_written_down_once() -> None:
    account = Account()
    account.flag.hoist(Raised("bob", at(0), "smoke"))
    account.tick(1)
    account.tick(2)
    assert account.broker.heard == []
    (record,) = [one for one in account.ledger.records() if isinstance(one.event, TradingStateChanged)]
    assert (record.event.state, record.event.reason, record.actor) == (
        TradingState.HALTED,
        "smoke",
        "person:bob",
    )


def test_taking_the_flag_down_is_not_enough_and_resuming_under_it_is_refused() -> None:
    account = Account()
    account.flag.hoist(Raised("bob", at(0), "smoke"))
    account.ask(ResumeRequested("go on"))
    account.tick(1)
    assert [one.done for one in account.told(RequestMet)] == [False]
    account.flag.clear()
    account.tick(2)
    assert account.broker.heard == []
    account.ask(ResumeRequested("go on"))
    account.tick(3)
    assert purposes(account) == [Purpose.OPEN]


def test_a_flag_raised_between_two_orders_of_one_tick_stops_the_second() -> None:
    def smoke(order: Order) -> SubmitAnswer | None:
        account.flag.hoist(Raised("bob", at(1), "smoke"))

    account = Account([Told({DAY: [SPREAD, LOWER]})], answer=smoke)
    account.tick(1)
    assert len(account.broker.heard) == 1
    assert len(account.told(OrderPlaced)) == 2
    (closed,) = account.told(OrderClosed)
    assert (closed.ended.outcome, closed.ended.reason) == ("cancelled", "HALTED: bob: smoke")
    assert not account.loop.state.open_orders


@pytest.mark.parametrize(
    "stop",
    [
        lambda account: account.flag.hoist(Raised("bob", at(1), "smoke", exits=True)),
        lambda account: account.ask(EXITS_ONLY),
        lambda account: account.ask(FlattenRequested("out")),
    ],
)
def test_what_stops_new_risk_between_two_orders_stops_one_that_opens(stop: Callable[[Any], Any]) -> None:
    def smoke(order: Order) -> SubmitAnswer | None:
        stop(account)

    account = Account([Told({DAY: [SPREAD, LOWER]})], answer=smoke)
    account.tick(1)
    assert len(account.broker.heard) == 1
    assert account.told(OrderClosed)[0].ended.reason.startswith("REDUCING")


def test_a_request_that_arrives_while_the_loop_writes_is_taken_in_and_stops_the_order() -> None:
    account = Account()
    account.tick(1, seeks=False)
    append, spoken = account.ledger.append, []

    def interrupted(entries: Any, **options: Any) -> Any:
        if not spoken and any(isinstance(one.event, OrderPlaced) for one in entries):
            spoken.append(1)
            append([Entry(HALT, at(2), ANNA)], recorded_at=at(2))
        return append(entries, **options)

    account.ledger.append = interrupted  # type: ignore[method-assign]
    account.tick(2)
    assert account.broker.heard == []
    placed = [one for one in account.ledger.records() if isinstance(one.event, OrderPlaced)]
    caused: dict[int, Record] = {one.seq: one for one in account.ledger.records()}
    assert isinstance(caused[placed[0].cause or 0].event, SignalGenerated)  # lineage moved with the facts
    assert account.told(OrderClosed)[0].ended.reason.startswith("HALTED")


def test_decisions_of_another_writer_still_stop_the_loop() -> None:
    account = Account()
    account.tick(1)
    valued = account.told(AccountValued)[0]
    account.ledger.append([Entry(valued, at(1), "engine")], recorded_at=at(1))
    with pytest.raises(LedgerConflictError):
        account.tick(2)


def test_a_halt_leaves_what_is_held_alone_and_halting_but_for_exits_does_not() -> None:
    closing = Told({DAY: [SPREAD]}, closes=frozenset({NEXT}))
    quotes = {**by_the_minute(), **by_the_minute(day=NEXT)}
    account = Account([closing], quotes)
    account.tick(1)
    account.ask(HALT)
    account.tick(1, day=NEXT)
    assert purposes(account) == [Purpose.OPEN]
    account.ask(EXITS_ONLY)
    account.tick(2, day=NEXT)
    assert purposes(account) == [Purpose.OPEN, Purpose.CLOSE]
    assert not account.loop.state.positions


def test_stopping_takes_back_what_still_waits_to_open_and_writes_that_down_first() -> None:
    account = Account([replace(Told({DAY: [SPREAD]}), units=90)], volume=100)
    account.tick(1)
    assert len(account.loop.state.open_orders) == 1
    (waiting,) = account.loop.state.open_orders
    account.ask(EXITS_ONLY)
    account.tick(2)
    assert account.broker.cancelled == [waiting]
    kinds = [type(one.event) for one in account.ledger.records()]
    assert kinds.index(OrderCancelAsked) < kinds.index(OrderClosed)
    assert not account.loop.state.open_orders


def test_flattening_closes_everything_that_is_ours() -> None:
    account = Account([Told({DAY: [SPREAD, LOWER]})])
    account.tick(1)
    adopted = PositionAdopted("theirs", "SPY", (Holding(Stock("SPY"), 10),), 490_000, "found")
    account.loop.writer.write([Entry(adopted, at(1), "engine")])
    account.ask(FlattenRequested("out"))
    account.tick(2)
    assert list(account.loop.state.positions) == ["theirs"]
    reasons = [order.reason for order in account.broker.heard if order.purpose is Purpose.CLOSE]
    assert reasons == ["FLATTEN", "FLATTEN"]
    account.tick(3)
    assert len(account.broker.heard) == 4


def test_flattening_under_a_flag_that_stops_exits_says_so_and_closes_nothing() -> None:
    account = Account()
    account.tick(1)
    account.flag.hoist(Raised("bob", at(2), "smoke"))
    account.ask(FlattenRequested("out"))
    account.tick(2)
    met = account.told(RequestMet)[-1]
    assert not met.done
    assert "bob: smoke" in met.outcome
    account.flag.hoist(Raised("anna", at(3), "out", exits=True))
    account.ask(FlattenRequested("out"))
    account.tick(3)
    assert purposes(account) == [Purpose.OPEN, Purpose.CLOSE]


# --- without fresh quotes -----------------------------------------------------------------------------------


def unquoted(**changes: Any) -> Account:
    """Return an account whose chains stop after five minutes of the session."""
    return Account(quotes=by_the_minute(minutes=5), **changes)


@pytest.mark.parametrize(
    "wish",
    [
        lambda _, force: FlattenRequested("out", force=force),
        lambda _, force: FlattenRequested("out", "SPY", force),
        lambda name, force: CloseRequested(name, "out", force),
    ],
)
def test_what_has_no_fresh_quotes_is_kept_until_a_person_forces_it(wish: Any) -> None:
    account = unquoted()
    account.tick(1)
    (held,) = account.loop.state.positions
    account.ask(wish(held, False))
    account.tick(40)
    account.tick(41)
    assert purposes(account) == [Purpose.OPEN], "nobody knows what closing would cost"
    account.ask(wish(held, True))
    account.tick(42)
    account.tick(43)
    (_, closing) = account.broker.heard
    assert (closing.purpose, closing.reason) == (Purpose.CLOSE, "FORCED")
    assert (closing.detail, account.told(OrderPlaced)[-1].order) == ("out", closing)


def test_a_forced_exit_is_offered_at_the_last_quotes_known_and_at_last_at_any_price_it_can_be_worth() -> None:
    ladder = Ladder(steps=2, seconds=60, urgent_steps=1, through=0.5)
    account = unquoted(prices=Prices(ladder, FillRule()))
    account.tick(1)
    account.tick(3)
    assert len(account.loop.state.positions) == 1
    account.ask(FlattenRequested("out", force=True))
    for minute in range(40, 46):
        account.tick(minute)
    limits = [one.limit_cents for one in account.broker.heard if one.purpose is Purpose.CLOSE]
    # Bought back at 0.60 at mid and 0.70 at the touch, then beyond it; a spread of 5 is never worth more.
    assert limits == [6_000, 7_000, 7_500, 50_000]


def test_force_is_no_way_around_a_halt() -> None:
    account = unquoted()
    account.tick(1)
    account.ask(FlattenRequested("out", force=True))
    account.ask(HALT)
    account.tick(40)
    assert purposes(account) == [Purpose.OPEN]


def test_flattening_one_underlying_waits_until_it_is_done_and_opens_nothing_on_it_meanwhile() -> None:
    account = Account([Told({DAY: [SPREAD]})])
    account.tick(1)
    number = account.ask(FlattenRequested("out", underlying="SPY"))
    account.tick(2)
    assert not account.loop.state.positions
    assert account.told(RequestMet) == []
    account.tick(3, seeks=False)
    (met,) = account.told(RequestMet)
    assert (met.request, met.done) == (number, True)
    assert account.told(TradingStateChanged) == []


def test_closing_one_position_leaves_the_others_and_is_met_when_it_is_closed() -> None:
    account = Account([Told({DAY: [SPREAD, LOWER]})])
    account.tick(1)
    first, second = account.loop.state.positions
    number = account.ask(CloseRequested(first, "tired of it"))
    account.tick(2, seeks=False)
    account.tick(3, seeks=False)
    assert list(account.loop.state.positions) == [second]
    (order,) = [one for one in account.broker.heard if one.purpose is Purpose.CLOSE]
    assert (order.reason, order.detail) == ("ASKED_FOR", "tired of it")
    (met,) = account.told(RequestMet)
    assert (met.request, met.done) == (number, True)


def test_cancelling_asks_the_broker_once() -> None:
    account = Account([replace(Told({DAY: [SPREAD]}), units=90)], volume=100)
    account.tick(1)
    (waiting,) = account.loop.state.open_orders
    account.ask(CancelRequested(waiting, "too many"))
    account.ask(CancelRequested("unheard-of", "what"))
    account.tick(2, seeks=False)
    assert account.broker.cancelled == [waiting]
    assert [one.done for one in account.told(RequestMet)] == [False, True]


def test_an_external_position_is_not_managed_until_somebody_claims_it() -> None:
    closing = Told({}, closes=frozenset({DAY}))
    account = Account([closing])
    account.tick(1)
    held = (Holding(put(480), -1), Holding(put(475), 1))
    account.loop.writer.write(
        [Entry(PositionAdopted("theirs", "SPY", held, -6_000, "found"), at(1), "engine")]
    )
    account.broker._floor.account.held["theirs"] = {one.instrument: one.quantity for one in held}
    account.tick(2)
    account.ask(CloseRequested("theirs", "whose is it"))
    account.ask(ClaimRequested("theirs", "nobody"))
    account.tick(3)
    assert account.broker.heard == []
    assert [one.done for one in account.told(RequestMet)] == [False, False]
    account.ask(ClaimRequested("theirs", "told"))
    account.tick(4)
    account.tick(5)
    assert purposes(account) == [Purpose.CLOSE]
    assert not account.loop.state.positions


def test_on_a_frozen_symbol_nothing_is_opened_until_it_is_released() -> None:
    account = Account()
    account.loop.writer.write([Entry(SymbolFrozen("SPY", "odd"), at(1), "engine")])
    account.tick(1)
    assert account.broker.heard == []
    account.ask(ReleaseRequested("SPY", "looked"))
    account.ask(ReleaseRequested("QQQ", "looked"))
    account.tick(2)
    assert purposes(account) == [Purpose.OPEN]
    assert account.told(SymbolReleased) == [SymbolReleased("SPY", "looked")]
    assert [one.done for one in account.told(RequestMet)] == [True, False]


def test_a_wish_to_reconcile_waits_for_a_reconciliation() -> None:
    account = Account()
    number = account.ask(ReconcileRequested("curious"))
    account.tick(1)
    assert account.loop.supervisor is not None
    assert account.loop.supervisor.reconcile == (number,)
    assert account.told(RequestMet) == []


def test_a_quiet_look_writes_nothing() -> None:
    account = Account([Told({})])
    account.tick(1)
    before = account.ledger.head.seq
    account.tick(2, seeks=False, records=False)
    assert account.ledger.head.seq == before


@dataclass(frozen=True)
class Breaking(Told):
    """Fails whenever it is asked for something to open."""

    def generate_signals(self, market_data: Any, params: Any) -> Any:
        raise ZeroDivisionError("division by zero")


def test_a_strategy_that_fails_is_noted_and_left_out_while_the_others_and_all_exits_go_on() -> None:
    sound = replace(Told({DAY: [SPREAD]}), name="sound")
    account = Account([replace(Breaking({}), name="broken"), sound])
    for minute in range(1, 6):
        account.tick(minute, seeks=True)
    faults = [one for one in account.ledger.records() if type(one.event).__name__ == "FaultNoted"]
    assert [one.actor for one in faults] == ["broken"] * 3
    assert "ZeroDivisionError" in faults[0].event.detail
    (tripped,) = [
        one.event for one in account.ledger.records() if type(one.event).__name__ == "BreakerTripped"
    ]
    assert (tripped.scope, tripped.until) == ("strategy=broken", None)
    assert [order.strategy for order in account.broker.heard][:1] == ["sound"]
    account.ask(ResumeRequested("mended"))
    account.tick(6)
    account.tick(7)
    assert len([one for one in account.ledger.records() if type(one.event).__name__ == "FaultNoted"]) == 5
