"""While risk is being reduced, adjustments that take risk away go on to their fill, and no others."""

from __future__ import annotations

from engine.hand_made import Told
from engine.test_adjusting import Adjusting
from engine.watched import DAY, LOWER, SPREAD, Account, at
from execution.tapes import put
from strikewise.domain.control import FaultNoted, HaltRequested, OrderCancelAsked
from strikewise.domain.events import OrderClosed, OrderDenied, OrderFilled, OrderPlaced
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.signals import Adjust
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.order_work import NEXT_STEP, Prices
from strikewise.execution.fills import FillRule
from strikewise.execution.halt_flag import Raised
from strikewise.execution.ladder import Ladder
from strikewise.risk.adjustment import goes_on

LADDER = Prices(Ladder(steps=3, seconds=120, urgent_steps=1), FillRule())
BACK, MORE = Structure.of([Leg(put(480), 1)]), Structure.of([Leg(put(470), -1), Leg(put(465), 1)])


def adjusting(legs: Structure) -> Account:
    """Return an account with a spread, and a strategy that wants it adjusted from the tenth minute on."""
    acts = {at(minute): Adjust(legs, 1, "ADJUSTED") for minute in range(10, 25)}
    account = Account((Adjusting({DAY: [SPREAD]}, acts=acts),), prices=LADDER)
    for minute in range(1, 9):
        account.tick(minute, seeks=minute == 1)
    assert account.loop.state.positions
    assert not account.loop.state.open_orders
    return account


def adjustments(account: Account) -> list[Order]:
    return [one.order for one in account.told(OrderPlaced) if one.order.purpose is Purpose.ADJUST]


def filled(account: Account) -> set[str]:
    return {one.execution.order_id for one in account.told(OrderFilled)}


def test_what_only_takes_risk_away_climbs_to_its_fill_while_risk_is_reduced() -> None:
    account = adjusting(BACK)
    account.ask(HaltRequested("careful", exits=True))
    for minute in range(9, 20):
        account.tick(minute, seeks=False)
        account.work(minute, 30)
        supervisor = account.loop.supervisor
        assert supervisor is not None
        supervisor.poll(account.clock.now())
    first, *following = adjustments(account)
    assert [one.replaces for one in following] == [first.order_id, following[0].order_id]
    assert following[-1].order_id in filled(account)
    assert {one.reason for one in account.told(OrderCancelAsked)} == {NEXT_STEP}
    assert account.told(FaultNoted) == []


def test_what_rests_and_would_add_risk_is_taken_back() -> None:
    account = adjusting(MORE)
    account.tick(10, seeks=False)
    (rests,) = adjustments(account)
    account.ask(HaltRequested("careful", exits=True))
    account.tick(11, seeks=False)
    asked = [one for one in account.told(OrderCancelAsked) if one.reason == "trading is reducing"]
    assert [one.order_id for one in asked] == [rests.order_id]
    for minute in range(12, 20):
        account.tick(minute, seeks=False)
    assert len(adjustments(account)) == 1
    assert rests.order_id not in filled(account)
    denied = [one.code.value for one in account.told(OrderDenied)]
    assert denied == ["STATE_REDUCING"], "the same refusal is told once an hour"


def test_of_orders_at_work_those_that_close_reduce_or_hedge_go_on() -> None:
    account = Account((Told({DAY: [SPREAD]}),))
    account.tick(1)
    (held,) = account.loop.state.positions.values()
    opened = account.told(OrderPlaced)[0].order

    def order(purpose: Purpose, *legs: Leg) -> Order:
        return Order("o", held.position_id, "told", "SPY", purpose, Structure.of(legs), 1, None, at(1))

    assert not goes_on(opened, held)
    assert goes_on(order(Purpose.CLOSE, Leg(put(480), 1), Leg(put(475), -1)), held)
    assert goes_on(order(Purpose.ADJUST, Leg(put(480), 1)), held)
    assert not goes_on(order(Purpose.ADJUST, Leg(put(475), -1)), held), "it leaves a put naked"
    assert goes_on(order(Purpose.ADJUST, Leg(Stock("SPY"), -10)), held)
    assert not goes_on(order(Purpose.ADJUST, Leg(put(480), 1)), None), "nobody knows what it would do"


def test_a_flag_that_lets_exits_go_holds_back_the_entry_that_was_decided_before_it_was_up() -> None:
    account = Account((Told({DAY: [SPREAD, LOWER]}),))

    def raised(_: Order) -> None:
        account.flag.hoist(Raised("anna", at(1), "enough", exits=True))

    account.broker.before = raised
    account.tick(1)
    first, second = (one.order.order_id for one in account.told(OrderPlaced))
    assert [one.order_id for one in account.broker.heard] == [first]
    (ended,) = (one.ended for one in account.told(OrderClosed))
    assert (ended.order_id, ended.outcome, ended.reason) == (second, "cancelled", "REDUCING: anna: enough")
