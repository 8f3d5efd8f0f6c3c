from __future__ import annotations

from datetime import date, datetime

import pytest

from execution.tapes import bars, call, close_of, market, one_view, order, put, tape
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import (
    Accepted,
    Execution,
    Known,
    OrderEnded,
    Purpose,
    Rejected,
    SettlementReport,
    SplitReport,
    Unknown,
)
from strikewise.domain.portfolio import Holding
from strikewise.execution.account import Account
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule, MissingQuotePolicy
from strikewise.execution.financing import Financing
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.view import Market

FREE = FeeSchedule(commission_cents=0, assignment_cents=0, pass_through=False)
CASH = 1_000_000
THURSDAY, FRIDAY, MONDAY = date(2024, 3, 14), date(2024, 3, 15), date(2024, 3, 18)
SPREAD = {put(480): -1, put(475): 1}
BACK = {put(480): 1, put(475): -1}
QUOTES = [(put(480), 45, 50), (put(475), 30, 35)]


def cash_of(broker: SimulatedBroker) -> int:
    known = broker.account()
    assert isinstance(known, Known)
    return known.value.cash_cents


def held_by(broker: SimulatedBroker) -> tuple[Holding, ...]:
    known = broker.positions()
    assert isinstance(known, Known)
    return tuple(Holding(one.instrument, one.quantity) for one in known.value)


def at(made: Market, day: date, broker: SimulatedBroker) -> None:
    broker.advance(made.view(close_of(day)))


def close_order(order_id: str = "c-1", *, quantity: int = 1):  # type: ignore[no-untyped-def]
    return order(BACK, quantity=quantity, purpose=Purpose.CLOSE, order_id=order_id, position_id="o-1")


def three_days(friday_spot: float, monday_spot: float = 470.0) -> Market:
    """SPY with the spread quoted on Thursday, expiring on Friday, and nothing left to quote on Monday."""
    other = [(put(470, expiration=date(2024, 4, 19)), 100, 110)]
    return market(
        tape(
            {
                close_of(THURSDAY): (485.0, [*QUOTES, *other]),
                close_of(FRIDAY): (friday_spot, other),
                close_of(MONDAY): (monday_spot, other),
            }
        )
    )


def test_before_the_first_view_reads_are_unknown_and_orders_are_refused() -> None:
    broker = SimulatedBroker(CASH)
    assert isinstance(broker.account(), Unknown)
    assert isinstance(broker.positions(), Unknown)
    assert isinstance(broker.open_orders(), Unknown)
    assert isinstance(broker.submit(order(SPREAD)), Rejected)


def test_an_order_fills_at_once_against_the_snapshot_it_was_decided_on() -> None:
    broker = SimulatedBroker(CASH, fees=FREE)
    broker.advance(one_view(QUOTES))
    broker.submit(order(SPREAD, quantity=2, limit_cents=-1000))
    (execution,) = broker.events()
    assert isinstance(execution, Execution)
    assert [(leg.quantity, leg.price_cents) for leg in execution.legs] == [(2, 35), (-2, 45)]
    assert cash_of(broker) == CASH + 2 * 1000
    assert execution.policy == ""


def test_a_limit_that_the_market_does_not_meet_rests_and_expires_with_its_session() -> None:
    better = [(put(480), 55, 60), (put(475), 30, 35)]
    days = (date(2024, 3, 12), date(2024, 3, 13))
    made = market(tape({close_of(days[0]): (485.0, QUOTES), close_of(days[1]): (484.0, better)}))
    broker = SimulatedBroker(CASH)
    at(made, days[0], broker)
    broker.submit(order(SPREAD, limit_cents=-1001))
    assert broker.events() == []
    at(made, days[1], broker)
    (ended,) = broker.events()
    assert isinstance(ended, OrderEnded)
    assert (ended.outcome, held_by(broker)) == ("expired", ())
    assert "limit" in ended.reason


def test_a_resting_order_fills_later_in_its_session_when_the_market_meets_it() -> None:
    morning, evening = datetime.fromisoformat("2024-03-12T15:00:00+00:00"), close_of(date(2024, 3, 12))
    better = [(put(480), 55, 60), (put(475), 30, 35)]
    made = market(tape({morning: (485.0, QUOTES), evening: (484.0, better)}))
    broker = SimulatedBroker(CASH, fees=FREE)
    broker.advance(made.view(morning))
    broker.submit(order(SPREAD, limit_cents=-1500))
    broker.advance(made.view(evening))
    assert cash_of(broker) == CASH + 2000


def test_only_a_share_of_the_size_fills_and_the_rest_ends_with_the_session() -> None:
    first, second = date(2024, 3, 12), date(2024, 3, 13)
    made = market(tape({close_of(first): (485.0, QUOTES), close_of(second): (485.0, QUOTES)}, volume=30))
    broker = SimulatedBroker(CASH)
    at(made, first, broker)
    broker.submit(order(SPREAD, quantity=5))
    at(made, second, broker)
    fill, ended = broker.events()
    assert isinstance(fill, Execution)
    assert isinstance(ended, OrderEnded)
    assert (fill.quantity, ended.outcome) == (3, "expired")


def test_two_orders_share_the_size_of_one_snapshot() -> None:
    broker = SimulatedBroker(CASH)
    broker.advance(one_view(QUOTES, volume=30))
    for name in ("a", "b"):
        broker.submit(order(SPREAD, quantity=2, order_id=name))
    filled = [event.quantity for event in broker.events() if isinstance(event, Execution)]
    assert filled == [2, 1]


def test_what_closes_beyond_the_size_fills_whole_and_pays_a_further_half_spread() -> None:
    rule = FillRule(volume_share=0.1)
    broker = SimulatedBroker(CASH, rule=rule, fees=FREE, holdings={"o-1": [Holding(put(480), -2)]})
    broker.advance(one_view([(put(480), 40, 50)], volume=10))
    broker.submit(order({put(480): 1}, quantity=2, purpose=Purpose.CLOSE, position_id="o-1", order_id="c"))
    assert cash_of(broker) == CASH - 2 * 5500


@pytest.mark.parametrize(
    "quotes", [[(put(480), 0, 5), (put(475), 1, 2)], [(put(480), 45, 45), (put(475), 1, 2)], []]
)
def test_nothing_is_opened_on_quotes_that_cannot_be_traded(quotes: list[tuple[object, int, int]]) -> None:
    broker = SimulatedBroker(CASH)
    broker.advance(one_view(quotes))  # type: ignore[arg-type]
    broker.submit(order(SPREAD))
    assert (broker.events(), held_by(broker)) == ([], ())


def test_the_same_order_twice_is_one_order() -> None:
    broker = SimulatedBroker(CASH)
    broker.advance(one_view(QUOTES))
    assert broker.submit(order(SPREAD)) == broker.submit(order(SPREAD)) == Accepted("o-1")
    assert len(broker.events()) == 1


def test_an_order_that_closes_more_than_is_held_is_refused() -> None:
    broker = SimulatedBroker(CASH)
    broker.advance(one_view(QUOTES))
    broker.submit(order(SPREAD))
    answer = broker.submit(close_order(quantity=2))
    assert isinstance(answer, Rejected)
    assert answer.code == "NOT_HELD"


def test_a_lag_of_one_fills_on_the_next_snapshot_and_not_on_the_one_decided_on() -> None:
    worse = [(put(480), 40, 45), (put(475), 30, 36)]
    first, second = date(2024, 3, 12), date(2024, 3, 13)
    made = market(tape({close_of(first): (485.0, QUOTES), close_of(second): (484.0, worse)}))
    broker = SimulatedBroker(CASH, lag=1, fees=FREE)
    at(made, first, broker)
    broker.submit(order(SPREAD))
    assert broker.events() == []
    at(made, second, broker)
    assert cash_of(broker) == CASH + 400


def test_an_order_can_be_cancelled_while_it_rests_and_not_afterwards() -> None:
    broker = SimulatedBroker(CASH)
    broker.advance(one_view(QUOTES))
    broker.submit(order(SPREAD, limit_cents=-5000))
    assert isinstance(broker.cancel("o-1"), Accepted)
    (ended,) = broker.events()
    assert isinstance(ended, OrderEnded)
    assert ended.outcome == "cancelled"
    assert isinstance(broker.cancel("o-1"), Rejected)
    assert isinstance(broker.cancel("never"), Rejected)


def test_what_expires_worthless_ends_and_the_credit_stays() -> None:
    made, broker = three_days(friday_spot=485.0), SimulatedBroker(CASH, fees=FREE)
    at(made, THURSDAY, broker)
    broker.submit(order(SPREAD))
    at(made, FRIDAY, broker)
    reports = [event for event in broker.events() if isinstance(event, SettlementReport)]
    assert [report.outcome for report in reports] == ["expired", "expired"]
    assert (cash_of(broker), held_by(broker)) == (CASH + 1000, ())


def test_a_spread_wholly_in_the_money_costs_its_width_and_leaves_no_shares() -> None:
    made, broker = three_days(friday_spot=470.0), SimulatedBroker(CASH, fees=FREE)
    at(made, THURSDAY, broker)
    broker.submit(order(SPREAD))
    at(made, FRIDAY, broker)
    assert (cash_of(broker), held_by(broker)) == (CASH + 1000 - 50_000, ())


def test_a_pinned_spread_leaves_shares_that_are_sold_next_session_with_the_weekend_between() -> None:
    made = three_days(friday_spot=477.0, monday_spot=460.0)
    broker = SimulatedBroker(CASH, fees=FREE, financing=Financing(debit_spread=0.0))
    at(made, THURSDAY, broker)
    broker.submit(order(SPREAD))
    at(made, FRIDAY, broker)
    assert held_by(broker) == (Holding(Stock("SPY"), 100),)
    broker.events()
    sale = order({Stock("SPY"): -1}, quantity=100, purpose=Purpose.CLOSE, order_id="c", position_id="o-1")
    broker.submit(sale)
    assert broker.events() == []  # assignment is told after the close
    at(made, MONDAY, broker)
    # Credit 10.00 × 100, shares bought at 480 and sold at 460 less a hundredth of a percent.
    assert cash_of(broker) == CASH + 1000 - 4_800_000 + 100 * (46_000 - 5)
    assert held_by(broker) == ()


def test_settlement_uses_the_close_of_the_expiration_even_if_the_next_view_comes_later() -> None:
    quotes = {close_of(THURSDAY): (485.0, QUOTES), close_of(MONDAY): (440.0, [])}
    made = market(tape(quotes), bars=[bars("SPY", {FRIDAY: (485.0, 479.0), MONDAY: (445.0, 440.0)})])
    broker = SimulatedBroker(CASH, fees=FREE)
    at(made, THURSDAY, broker)
    broker.submit(order(SPREAD))
    at(made, MONDAY, broker)
    reports = [event for event in broker.events() if isinstance(event, SettlementReport)]
    assert {(report.settlement_cents, report.outcome) for report in reports} == {
        (47_900, "assigned"),
        (47_900, "expired"),
    }
    assert all(report.at == close_of(FRIDAY) for report in reports)


def test_a_closing_order_that_rests_is_cancelled_when_its_legs_settle() -> None:
    policy = FillRule(missing_quote=MissingQuotePolicy.CARRY)
    morning = datetime.fromisoformat("2024-03-15T15:00:00+00:00")
    quotes = {close_of(THURSDAY): (485.0, QUOTES), morning: (485.0, []), close_of(FRIDAY): (485.0, [])}
    made = market(tape(quotes))
    broker = SimulatedBroker(CASH, rule=policy, fees=FREE)
    at(made, THURSDAY, broker)
    broker.submit(order(SPREAD))
    broker.advance(made.view(morning))
    broker.submit(close_order())
    at(made, FRIDAY, broker)
    ended = [event for event in broker.events() if isinstance(event, OrderEnded)]
    assert [(one.order_id, one.outcome) for one in ended] == [("c-1", "cancelled")]
    assert "settled" in ended[0].reason


def missing_day(rule: FillRule) -> SimulatedBroker:
    """Hold the spread, then come to a day on which only other strikes are quoted, and ask to close."""
    first, second = date(2024, 3, 12), date(2024, 3, 13)
    others = [(put(490), 400, 420), (put(470), 25, 29), (call(500), 80, 84)]
    made = market(tape({close_of(first): (485.0, QUOTES), close_of(second): (478.0, others)}))
    broker = SimulatedBroker(CASH, rule=rule, fees=FREE)
    at(made, first, broker)
    broker.submit(order(SPREAD))
    at(made, second, broker)
    broker.events()
    broker.submit(close_order())
    return broker


def test_carry_leaves_a_position_open_where_it_has_no_quote() -> None:
    broker = missing_day(FillRule(missing_quote=MissingQuotePolicy.CARRY))
    assert broker.events() == []
    assert len(held_by(broker)) == 2


def test_the_model_closes_on_the_chains_own_smile_with_a_penalty_on_both_legs() -> None:
    (execution,) = missing_day(FillRule(missing_quote=MissingQuotePolicy.MODEL)).events()
    assert isinstance(execution, Execution)
    assert execution.policy == "model"
    long, short = execution.legs
    assert short.instrument == put(480)
    # Bought above intrinsic (2.00) with at least the penalty; sold below what was paid for the nearer strike.
    assert short.price_cents >= 205
    assert 0 <= long.price_cents < short.price_cents
    assert (short.bid_cents, short.ask_cents) == (-1, -1)


def test_the_worst_of_last_quote_and_intrinsic_closes_never_better_than_either() -> None:
    (execution,) = missing_day(FillRule(missing_quote=MissingQuotePolicy.WORST)).events()
    assert isinstance(execution, Execution)
    assert execution.policy == "worst"
    long, short = execution.legs
    assert short.price_cents == 200  # intrinsic 2.00 is worse than the last ask of 0.50
    assert long.price_cents == 0  # exercising it brings nothing, whatever the last bid was


def test_nobody_pays_more_for_a_spread_than_its_width_to_be_rid_of_it() -> None:
    # At the touch the way out costs 12.50 - 6.50 = 6.00 on a width of 5: the exit waits.
    wild = [(put(480), 1100, 1250), (put(475), 650, 800)]
    first, second = date(2024, 3, 12), date(2024, 3, 13)
    made = market(tape({close_of(first): (485.0, QUOTES), close_of(second): (469.0, wild)}))
    broker = SimulatedBroker(CASH, fees=FREE)
    at(made, first, broker)
    broker.submit(order(SPREAD))
    at(made, second, broker)
    broker.events()
    broker.submit(close_order())
    assert broker.events() == []
    assert len(held_by(broker)) == 2


def test_a_naked_option_has_no_such_bound_and_is_bought_back_at_any_price() -> None:
    broker = SimulatedBroker(CASH, fees=FREE, holdings={"o-1": [Holding(call(500), -1)]})
    broker.advance(one_view([(call(500), 5000, 5600)], spot=550.0))
    broker.submit(order({call(500): 1}, purpose=Purpose.CLOSE, order_id="c", position_id="o-1"))
    assert cash_of(broker) == CASH - 560_000


def test_an_account_resumes_from_its_holdings_and_settles_what_fell_due_meanwhile() -> None:
    made = three_days(friday_spot=470.0)
    held = {"o-1": [Holding(put(480), -1), Holding(put(475), 1)]}
    broker = SimulatedBroker(CASH, fees=FREE, holdings=held)
    at(made, FRIDAY, broker)
    assert (cash_of(broker), held_by(broker)) == (CASH - 50_000, ())


def test_an_account_resumes_with_the_orders_that_rested() -> None:
    broker = SimulatedBroker(CASH, fees=FREE, open_orders=[order(SPREAD)])
    broker.advance(one_view(QUOTES))
    assert cash_of(broker) == CASH + 1000
    assert broker.submit(order(SPREAD)) == Accepted("o-1")
    assert len(held_by(broker)) == 2


def test_assignment_costs_its_fee_once_a_contract_line() -> None:
    made = three_days(friday_spot=470.0)
    charged = SimulatedBroker(
        CASH, fees=FeeSchedule(commission_cents=0, assignment_cents=500, pass_through=False)
    )
    at(made, THURSDAY, charged)
    charged.submit(order(SPREAD, quantity=3))
    at(made, FRIDAY, charged)
    assert cash_of(charged) == CASH + 3 * (1000 - 50_000) - 2 * 500


def test_the_same_history_gives_the_same_events() -> None:
    def run() -> list[object]:
        made, broker = three_days(friday_spot=477.0), SimulatedBroker(CASH)
        at(made, THURSDAY, broker)
        broker.submit(order(SPREAD, quantity=2))
        at(made, FRIDAY, broker)
        at(made, MONDAY, broker)
        return list(broker.events())

    assert run() == run()


@pytest.mark.parametrize(("held", "left"), [(55, 82), (-55, -82)])
def test_a_fraction_of_a_share_is_dropped_from_what_is_held(held: int, left: int) -> None:
    spy = Stock("SPY")
    account = Account(0, {"p": [Holding(spy, held)]})
    account.split(SplitReport("s", "p", "SPY", 3, 2, 0, close_of(date(2024, 3, 6))))
    assert account.net() == (Holding(spy, left),)
