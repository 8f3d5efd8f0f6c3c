"""An adjustment goes through the gate, is told with its reason, and is one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from engine.hand_made import Told, hand_spec, played
from execution.tapes import CALENDAR, Row, close_of, put, tape
from strikewise.backtest.runner import replay
from strikewise.domain.events import OrderClosed, OrderDenied, OrderPlaced
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Action, Adjust, Close, Hold
from strikewise.domain.structures import Leg, Structure
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import MarketView
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import MemoryLedger
from strikewise.portfolio.projection import AccountState
from strikewise.risk.limits import Limits
from strikewise.strategy.api import Screened

MONDAY, TUESDAY, WEDNESDAY = (date(2024, 2, day) for day in (5, 6, 7))
WEDNESDAY_BEFORE = date(2024, 3, 13)
"""Two days before the options expire."""
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
LOWER = Structure.of([Leg(put(470), -1), Leg(put(465), 1)])
HEDGE, MORE = Structure.of([Leg(put(460), 1)]), Structure.of([Leg(put(460), -1)])
ROWS: list[Row] = [
    *((put(480), 100, 110), (put(475), 40, 50), (put(470), 90, 100)),
    *((put(465), 30, 40), (put(460), 20, 22)),
]
EVERYTHING = Limits(max_loss_per_trade=1.0, max_at_risk=1.0, max_margin_per_trade=1.0, max_margin=1.0)


@dataclass(frozen=True)
class Adjusting(Told):
    """Does with what it holds what it is told for an instant, and otherwise holds."""

    acts: Mapping[datetime, Action] = field(default_factory=dict)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        return self.acts.get(market_data.as_of, Hold())


def of_tuesday(
    action: Adjust, *opened: Structure, limits: Limits = EVERYTHING
) -> tuple[list[Order], list[OrderDenied], MemoryLedger]:
    """Return the adjusting orders and the refusals of a run that adjusts all it holds on Tuesday."""
    told = Adjusting({MONDAY: opened or [SPREAD]}, acts={close_of(TUESDAY): action})
    days = {close_of(day): (490.0, ROWS) for day in (MONDAY, TUESDAY, WEDNESDAY)}
    _, ledger = played(hand_spec(told, start=MONDAY, end=WEDNESDAY, limits=limits), days)
    events = [one.event for one in ledger.records()]
    orders = [one.order for one in events if isinstance(one, OrderPlaced)]
    adjusting = [one for one in orders if one.purpose is Purpose.ADJUST]
    return adjusting, [one for one in events if isinstance(one, OrderDenied)], ledger


def test_an_adjustment_that_passes_is_traded_into_the_position_with_its_reason() -> None:
    (order,), denied, ledger = of_tuesday(Adjust(HEDGE, 2, "HEDGE", "delta=-0.40"))
    assert (order.reason, order.detail, denied) == ("HEDGE", "delta=-0.40", [])
    (position,) = AccountState.fold(ledger.records()).positions.values()
    assert {one.instrument: one.quantity for one in position.holdings} == {
        put(480): -1,
        put(475): 1,
        put(460): 2,
    }


def test_an_adjustment_that_the_gate_refuses_is_a_fact_and_no_order() -> None:
    orders, denied, _ = of_tuesday(Adjust(MORE, 101, "DOUBLE"))
    assert orders == []
    assert [(one.code, one.detail) for one in denied] == [("RISK_ORDER_SIZE", "contracts=101 limit=100")]


def test_two_adjustments_of_a_tick_cannot_spend_the_same_dollar() -> None:
    tight = replace(EVERYTHING, max_margin=0.1, max_margin_per_trade=0.1)
    orders, denied, _ = of_tuesday(Adjust(MORE, 1, "DOUBLE"), SPREAD, LOWER, limits=tight)
    assert (len(orders), [one.code for one in denied]) == (1, ["RISK_MARGIN"])
    orders, denied, _ = of_tuesday(Adjust(MORE, 1, "DOUBLE"), SPREAD, LOWER)
    assert (len(orders), denied) == (2, [])


def test_an_adjustment_that_rests_is_not_asked_for_twice_and_ends_when_its_position_is_closed() -> None:
    hours = [close_of(MONDAY).replace(hour=hour) for hour in (15, 17, 18, 19)]
    source = MemorySource([tape(dict.fromkeys(hours, (490.0, ROWS)), volume=200, open_interest=200)])

    @dataclass(frozen=True)
    class Once(Adjusting):
        def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
            return super().screen(market_data, params) if market_data.as_of == hours[0] else Screened((), {})

    hedge = Adjust(HEDGE, 100, "HEDGE")
    acts: Sequence[Action] = (Hold(), hedge, hedge, Close("TOLD"))
    told = Once({MONDAY: [SPREAD]}, acts=dict(zip(hours, acts, strict=True)))
    ledger = MemoryLedger()
    replay(hand_spec(told, start=MONDAY, end=MONDAY), source, CALENDAR, ledger)
    journal = journal_of(ledger.records())
    denied = [one.event for one in ledger.records() if isinstance(one.event, OrderDenied)]
    _, adjusting, closing = journal.orders
    assert [one.code for one in denied] == ["PORTFOLIO_CONFLICT"]
    assert (adjusting.status, adjusting.note) == ("cancelled", "asked for")
    assert 0 < adjusting.filled < 100
    assert (closing.status, journal.positions) == ("filled", ())


def test_a_hedge_that_waits_goes_with_what_it_was_to_hedge() -> None:
    thursday, friday, monday = (date(2024, 3, day) for day in (14, 15, 18))
    short, later = Structure.of([Leg(put(480), -1)]), (put(480, date(2024, 4, 19)), 300, 310)
    hedge = Adjust(Structure.of([Leg(Stock("SPY"), -40)]), 1, "HEDGE")
    told = Adjusting({WEDNESDAY_BEFORE: [short]}, acts={close_of(thursday): hedge}, max_loss_cents=None)
    days = {
        close_of(day): (490.0, [later] if day == monday else [(put(480), 100, 105), later])
        for day in (WEDNESDAY_BEFORE, thursday, friday, monday)
    }
    _, ledger = played(hand_spec(told, start=WEDNESDAY_BEFORE, end=monday, lag=1), days)
    # It would have been sold on Friday's close, when the put had just expired.
    ended = [one.event.ended for one in ledger.records() if isinstance(one.event, OrderClosed)]
    assert [(one.outcome, one.reason) for one in ended] == [("cancelled", f"{put(480)} settled")]
    assert AccountState.fold(ledger.records()).positions == {}
