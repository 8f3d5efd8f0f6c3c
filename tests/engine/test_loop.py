"""The loop and its decisions: what is written, in which order, and what stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import pytest

from engine.hand_made import FREE, Told, hand_spec, played
from execution.tapes import CALENDAR, Row, close_of, put, tape
from strikewise.backtest.runner import replay
from strikewise.domain.errors import LedgerConflictError, SettingsError
from strikewise.domain.events import AccountValued, OrderPlaced, RunStarted
from strikewise.domain.orders import Order, Rejected, SubmitAnswer, Unresolved
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Action, Close, Roll
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.loop import Loop
from strikewise.engine.spec import RunSpec
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.clock import SimulatedClock
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import MemoryLedger
from strikewise.portfolio.order_state import OrderStatus
from strikewise.risk.limits import Limits
from strikewise.strategy.api import Screened

MONDAY, TUESDAY, WEDNESDAY = (date(2024, 2, day) for day in (5, 6, 7))
DAYS = (MONDAY, TUESDAY, WEDNESDAY)
EXPIRY = date(2024, 3, 15)
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
LOWER = Structure.of([Leg(put(470), -1), Leg(put(465), 1)])
ROWS = [(put(480), 100, 110), (put(475), 40, 50), (put(470), 90, 100), (put(465), 30, 40)]


def quiet(rows: Sequence[Row] = ROWS, spot: float = 490.0) -> dict[datetime, tuple[float, Sequence[Row]]]:
    return {close_of(day): (spot, rows) for day in DAYS}


def spec(*strategies: object, **changes: object) -> object:
    return hand_spec(*strategies, start=MONDAY, end=WEDNESDAY, **changes)


def kinds(ledger: MemoryLedger) -> list[str]:
    return [type(one.event).__name__ for one in ledger.records()]


def test_the_first_facts_are_the_account_and_the_run_and_each_tick_ends_with_the_account_valued() -> None:
    _, ledger = played(spec(Told({})), quiet())
    assert kinds(ledger) == ["AccountOpened", "RunStarted"] + ["AccountValued"] * 3


def test_an_order_is_written_before_the_broker_hears_of_it_and_its_lineage_has_no_gap() -> None:
    _, ledger = played(spec(Told({MONDAY: [SPREAD]}, frozenset({TUESDAY}))), quiet())
    told = [(one.seq, type(one.event).__name__, one.actor, one.cause) for one in ledger.records()]
    assert told == [
        (1, "AccountOpened", "engine", None),
        (2, "RunStarted", "engine", None),
        (3, "SignalGenerated", "told", 2),
        (4, "OrderPlaced", "told", 3),
        (5, "OrderAccepted", "broker", 4),
        (6, "OrderFilled", "broker", 4),
        (7, "AccountValued", "engine", None),
        (8, "OrderPlaced", "told", 4),
        (9, "OrderAccepted", "broker", 8),
        (10, "OrderFilled", "broker", 8),
        (11, "AccountValued", "engine", None),
        (12, "AccountValued", "engine", None),
    ]


def test_what_is_held_is_managed_before_anything_is_opened() -> None:
    both = Told({MONDAY: [SPREAD], TUESDAY: [LOWER]}, frozenset({TUESDAY}))
    _, ledger = played(spec(both), quiet())
    orders = [one.event.order for one in ledger.records() if isinstance(one.event, OrderPlaced)]
    assert [(order.purpose.value, order.created_at.date()) for order in orders] == [
        ("open", MONDAY),
        ("close", TUESDAY),
        ("open", TUESDAY),
    ]


def test_nothing_is_sought_on_other_weekdays_but_what_is_held_is_managed() -> None:
    told = Told({MONDAY: [SPREAD], TUESDAY: [LOWER]}, frozenset({TUESDAY}))
    chosen = spec(told)
    chosen = replace(chosen, run=replace(chosen.run, entry_weekdays=("MON",)))
    journal, _ = played(chosen, quiet())
    assert [signal.as_of.date() for signal in journal.signals] == [MONDAY]
    assert [trade.exit_reason for trade in journal.trades] == ["TOLD"]


def test_signals_on_what_may_not_be_traded_are_not_heard() -> None:
    elsewhere = Structure.of([Leg(put(480, underlying="QQQ"), -1), Leg(put(475, underlying="QQQ"), 1)])
    journal, _ = played(spec(Told({MONDAY: [elsewhere]})), quiet())
    assert journal.signals == ()


def test_two_strategies_cannot_open_the_same_structure_and_the_first_named_has_it() -> None:
    first, second = Told({MONDAY: [SPREAD]}), replace(Told({MONDAY: [SPREAD]}), name="second")
    journal, _ = played(spec(first, second), quiet())
    assert [(row.strategy, row.outcome) for row in journal.signals] == [
        ("told", "ORDERED"),
        ("second", "PORTFOLIO_DUPLICATE"),
    ]


def test_two_strategies_cannot_spend_the_same_dollar() -> None:
    limits = Limits(max_loss_per_trade=0.06, max_at_risk=0.06, max_margin_per_trade=0.1, max_margin=0.8)
    first = Told({MONDAY: [SPREAD]}, units=10)
    second = replace(first, opens={MONDAY: [LOWER]}, name="second")
    journal, _ = played(spec(first, second, limits=limits), quiet())
    assert [row.outcome for row in journal.signals] == ["ORDERED", "RISK_AT_RISK"]
    assert journal.signals[1].detail == "at_risk=10000.00 limit=6000.00"


@dataclass(frozen=True)
class Rolling(Told):
    """Rolls what it holds into another structure on a day."""

    into: Structure = LOWER
    rolls: date = TUESDAY

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        if market_data.day == self.rolls and position.structure == SPREAD:
            return Roll(self._signal(self.into, market_data), "ROLLED")
        return super().manage_position(position, market_data, params)


def test_a_roll_closes_and_opens_and_keeps_the_campaign() -> None:
    journal, ledger = played(spec(Rolling({MONDAY: [SPREAD]})), quiet())
    old, new = journal.trades
    assert (old.exit_reason, old.closed_at) == ("ROLLED", close_of(TUESDAY))
    assert (new.closed_at, new.campaign_id) == (None, old.trade_id)
    assert old.campaign_id == old.trade_id
    orders = [one.event.order for one in ledger.records() if isinstance(one.event, OrderPlaced)]
    assert [order.purpose.value for order in orders] == ["open", "close", "open"]


def test_a_roll_whose_new_leg_is_refused_still_closes() -> None:
    missing = Structure.of([Leg(put(460), -1), Leg(put(455), 1)])
    journal, _ = played(spec(Rolling({MONDAY: [SPREAD]}, into=missing)), quiet())
    (trade,) = journal.trades
    assert trade.exit_reason == "ROLLED"
    assert journal.signals[-1].outcome == "QUOTE_MISSING"


def test_a_margin_call_closes_the_worst_first() -> None:
    naked = Structure.of([Leg(put(480), -1)])
    told = Told({MONDAY: [naked]}, units=9, max_loss_cents=None, margin_cents=900_000)
    crash = {close_of(MONDAY): (490.0, ROWS)}
    deep = [(put(480), 9_000, 9_100), (put(475), 8_500, 8_600)]
    crash |= {close_of(TUESDAY): (390.0, deep), close_of(WEDNESDAY): (390.0, deep)}
    journal, _ = played(spec(told), crash)
    (trade,) = journal.trades
    assert trade.exit_reason == "MARGIN_CALL"
    assert trade.closed_at == close_of(TUESDAY)


def test_a_closing_that_the_market_does_not_allow_is_a_fact_and_is_tried_again() -> None:
    saturday = datetime(2024, 2, 10, 21, 0, tzinfo=close_of(MONDAY).tzinfo)
    friday, monday = date(2024, 2, 9), date(2024, 2, 12)
    market = {close_of(friday): (490.0, ROWS), saturday: (490.0, ROWS), close_of(monday): (490.0, ROWS)}
    told = Told({friday: [SPREAD]}, frozenset({saturday.date(), monday}))
    chosen = hand_spec(told, start=friday, end=monday)
    journal, ledger = played(chosen, market)
    assert kinds(ledger).count("OrderDenied") == 1
    assert journal.trades[0].closed_at == close_of(monday)


class Answers:
    """A broker that answers as it is told, and otherwise does what another does."""

    def __init__(self, broker: SimulatedBroker, answer: SubmitAnswer) -> None:
        self._broker, self._answer = broker, answer
        self.asked: list[Order] = []

    def submit(self, order: Order) -> SubmitAnswer:
        self.asked.append(order)
        return self._answer

    def __getattr__(self, name: str) -> object:
        return getattr(self._broker, name)


def driven(run: RunSpec, ledger: MemoryLedger, answer: SubmitAnswer) -> tuple[Loop, Answers]:
    source = MemorySource([tape(quiet())])
    market, clock = Market(source, CALENDAR), SimulatedClock(close_of(MONDAY))
    broker = Answers(SimulatedBroker(run.capital_cents, fees=FREE), answer)
    loop = Loop(run, market=market, broker=broker, ledger=ledger, clock=clock)  # type: ignore[arg-type]
    for day in DAYS:
        clock.advance_to(close_of(day))
        loop.tick()
    return loop, broker


def test_a_refusal_of_the_broker_frees_what_was_reserved() -> None:
    told = Told({MONDAY: [SPREAD], TUESDAY: [SPREAD]})
    loop, broker = driven(spec(told).run, MemoryLedger(), Rejected("NO_FUNDS", "Not enough buying power."))
    assert [order.created_at.date() for order in broker.asked] == [MONDAY, TUESDAY]
    assert loop.state.open_orders == {}
    assert {one.status for one in loop.state.ended_orders.values()} == {OrderStatus.REJECTED}
    assert loop.state.cash_cents == 10_000_000


def test_an_order_nobody_knows_of_keeps_what_it_reserved_and_is_not_sent_again() -> None:
    told = Told({MONDAY: [SPREAD], TUESDAY: [SPREAD]})
    ledger = MemoryLedger()
    loop, broker = driven(spec(told).run, ledger, Unresolved("timeout"))
    assert [order.created_at.date() for order in broker.asked] == [MONDAY]
    (order,) = loop.state.unresolved
    assert order.remaining == 1
    assert kinds(ledger).count("OrderUnresolved") == 1
    assert "PORTFOLIO_DUPLICATE" in [getattr(one.event, "code", "") for one in ledger.records()]


def test_a_second_writer_stops_the_loop() -> None:
    run = spec(Told({})).run
    ledger = MemoryLedger()
    market, clock = Market(MemorySource([tape(quiet())]), CALENDAR), SimulatedClock(close_of(MONDAY))
    loops = [
        Loop(run, market=market, broker=SimulatedBroker(1), ledger=ledger, clock=clock) for _ in range(2)
    ]
    loops[1].tick()
    with pytest.raises(LedgerConflictError):
        loops[0].tick()


def test_one_strategy_may_run_twice_under_two_labels() -> None:
    chosen = spec(Told({MONDAY: [SPREAD]}))
    (one,) = chosen.run.strategies
    other = replace(one, label="again", strategy=Told({MONDAY: [LOWER]}))
    chosen = replace(chosen, run=replace(chosen.run, strategies=(one, other)))
    journal, _ = played(chosen, quiet())
    assert [(trade.strategy, trade.structure) for trade in journal.trades] == [
        ("told", "put_credit_spread"),
        ("again", "put_credit_spread"),
    ]
    assert len({row.signal_id for row in journal.signals}) == 2


def test_the_ledger_of_another_account_is_refused() -> None:
    run, ledger = spec(Told({})).run, MemoryLedger()
    driven(run, ledger, Unresolved(""))
    with pytest.raises(SettingsError, match="'hand' and cannot be that of 'other'"):
        driven(replace(run, account="other"), ledger, Unresolved(""))


def test_a_run_may_go_on_with_another_capital_in_its_specification() -> None:
    """What was paid in is what the ledger says, not what a later specification says."""
    run, ledger = spec(Told({})).run, MemoryLedger()
    market, clock = Market(MemorySource([tape(quiet())]), CALENDAR), SimulatedClock(close_of(MONDAY))
    for capital in (10_000_000, 20_000_000):
        broker = SimulatedBroker(10_000_000)
        changed = replace(run, capital_cents=capital)
        Loop(changed, market=market, broker=broker, ledger=ledger, clock=clock).tick()
    valued = [one.event for one in ledger.records() if isinstance(one.event, AccountValued)]
    assert [event.cash_cents for event in valued] == [10_000_000, 10_000_000]
    assert sum(isinstance(one.event, RunStarted) for one in ledger.records()) == 2


def test_what_is_closed_is_not_opened_further_by_the_rest_of_its_order() -> None:
    hours = [close_of(MONDAY).replace(hour=hour) for hour in (15, 17, 19)]
    source = MemorySource([tape(dict.fromkeys(hours, (490.0, ROWS)), volume=50, open_interest=50)])

    @dataclass(frozen=True)
    class Once(Told):
        def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
            return super().screen(market_data, params) if market_data.as_of == hours[0] else Screened((), {})

        def manage_position(
            self, position: Position, market_data: MarketView, params: ParameterSet
        ) -> Action:
            return Close("TOLD")

    ledger = MemoryLedger()
    chosen = spec(Once({MONDAY: [SPREAD]}, units=100))
    replay(replace(chosen, end=MONDAY), source, CALENDAR, ledger)
    journal = journal_of(ledger.records())
    opening, closing = journal.orders
    assert (opening.status, opening.filled, opening.note) == ("cancelled", 5, "asked for")
    assert (closing.filled, journal.positions) == (5, ())
    assert journal.trades[0].closed_at == hours[1]
