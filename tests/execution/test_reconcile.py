"""Comparing ours with a broker's: what each difference leads to, and that nothing is done twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from execution.sides import (
    LATER,
    NOW,
    P475,
    P480,
    SPY,
    execution,
    found,
    of_kind,
    our_order,
    ours,
    position,
    report,
    theirs,
)
from execution.tapes import CALENDAR, EXPIRY, call, put
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.control import AlertRaised, SymbolFrozen
from strikewise.domain.events import Event, OptionSettled, OrderAccepted, OrderClosed, OrderFilled
from strikewise.domain.instruments import Instrument, instrument_symbol
from strikewise.domain.orders import (
    SettlementReport,
)
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import (
    EXTERNAL,
    DifferenceFound,
    HoldingAdjusted,
    PositionAdopted,
    PositionWrittenOff,
)
from strikewise.execution.reconcile import Findings


def test_two_sides_that_agree_leave_nothing_to_do() -> None:
    mine = ours(position("p", {P480: -1, P475: 1}))
    assert found(mine, theirs({P480: -1, P475: 1})) == Findings()


def test_a_fill_that_was_missed_is_booked_before_holdings_are_looked_at() -> None:
    mine = ours(orders=(our_order(),))
    findings = found(
        mine,
        theirs({P480: -2, P475: 2}, fills=(execution(),), orders=(report(BrokerStatus.FILLED, filled=2),)),
    )
    assert of_kind(findings, OrderFilled) == [OrderFilled(execution())]
    assert not of_kind(findings, PositionAdopted)


def test_a_fill_that_is_booked_is_not_booked_again() -> None:
    mine = ours(
        position("sw-1", {P480: -2, P475: 2}),
        orders=(our_order(ended=True, filled=2),),
        executions=frozenset({"e-1"}),
    )
    assert found(mine, theirs({P480: -2, P475: 2}, fills=(execution(),))) == Findings()


def test_a_fill_after_the_end_of_its_order_counts_and_is_told() -> None:
    mine = ours(orders=(our_order(ended=True),))
    findings = found(mine, theirs(fills=(execution(quantity=1),)))
    assert of_kind(findings, OrderFilled)
    assert [alert.code for alert in of_kind(findings, AlertRaised)] == ["FILL_AFTER_END"]  # type: ignore[union-attr]


def test_more_filled_than_ordered_is_held_and_freezes_the_symbol() -> None:
    mine = ours(orders=(our_order(ended=True, filled=2),), executions=frozenset({"e-1"}))
    findings = found(mine, theirs(fills=(execution("e-2", 1),)))
    assert of_kind(findings, OrderFilled)
    assert [frozen.symbol for frozen in of_kind(findings, SymbolFrozen)] == ["SPY"]  # type: ignore[union-attr]


def test_more_of_one_leg_than_was_ordered_is_noticed_where_fills_are_told_leg_by_leg() -> None:
    mine = ours(orders=(our_order(ended=True, filled=2),), executions=frozenset({"e-1"}))
    (sold, _), whole = execution("e-2", 1).legs, execution("e-2", 1)
    findings = found(mine, theirs(fills=(replace(whole, quantity=0, legs=(sold,)),)))
    assert [frozen.symbol for frozen in of_kind(findings, SymbolFrozen)] == ["SPY"]  # type: ignore[union-attr]
    (alert,) = of_kind(findings, AlertRaised)
    assert alert.code == "OVERFILL"  # type: ignore[union-attr]


def test_an_unresolved_order_that_works_is_taken_on_and_not_sent_again() -> None:
    mine = ours(orders=(our_order(answered=False),))
    findings = found(mine, theirs(orders=(report(BrokerStatus.WORKING),)))
    assert of_kind(findings, OrderAccepted) == [OrderAccepted("sw-1", "b-1")]


def test_an_order_that_is_not_there_counts_as_never_sent_at_the_third_spaced_read() -> None:
    for missed in (0, 1):
        findings = found(
            ours(orders=(our_order(answered=False, missed=missed),)), theirs(sought={"sw-1": None})
        )
        assert findings.facts == ()
        assert findings.waiting[0].what == "sw-1"
    findings = found(ours(orders=(our_order(answered=False, missed=2),)), theirs(sought={"sw-1": None}))
    (closed,) = of_kind(findings, OrderClosed)
    assert isinstance(closed, OrderClosed)
    assert closed.ended.outcome == "never_sent"


def test_the_end_of_an_order_waits_for_the_fills_it_speaks_of() -> None:
    mine = ours(orders=(our_order(),))
    findings = found(mine, theirs({P480: -1, P475: 1}, orders=(report(BrokerStatus.CANCELLED, filled=1),)))
    assert findings.facts == ()
    assert {one.what for one in findings.waiting} >= {"sw-1"}


def test_a_rejection_that_was_missed_ends_the_order_with_its_reason() -> None:
    mine = ours(orders=(our_order(answered=False),))
    findings = found(mine, theirs(orders=(report(BrokerStatus.REJECTED, reason="buying power"),)))
    (closed,) = of_kind(findings, OrderClosed)
    assert isinstance(closed, OrderClosed)
    assert (closed.ended.outcome, closed.ended.reason) == ("rejected", "buying power")


def test_an_order_of_ours_that_works_there_and_ended_here_is_to_be_cancelled() -> None:
    mine = ours(orders=(our_order(ended=True),))
    assert found(mine, theirs(orders=(report(BrokerStatus.WORKING),))).cancel == ("sw-1",)
    assert found(ours(), theirs(orders=(report(BrokerStatus.WORKING),))).cancel == ("sw-1",)


def test_an_order_of_a_person_is_left_alone() -> None:
    assert found(ours(), theirs(orders=(report(BrokerStatus.WORKING, name="web-7"),))) == Findings()


def test_what_nobody_here_opened_is_adopted_as_one_position_of_its_underlying() -> None:
    findings = found(ours(), theirs({P480: -3, P475: 3}))
    (adopted,) = of_kind(findings, PositionAdopted)
    assert isinstance(adopted, PositionAdopted)
    assert adopted.strategy == EXTERNAL
    assert {one.instrument: one.quantity for one in adopted.holdings} == {P480: -3, P475: 3}


def test_a_phantom_is_believed_at_the_second_look_and_written_off_whole() -> None:
    mine = ours(position("p", {P480: -1, P475: 1}))
    first = found(mine, theirs())
    assert first.facts == ()
    assert len(first.waiting) == 2
    too_soon = found(mine, theirs(at=NOW + timedelta(seconds=9)), theirs())
    assert too_soon.facts == ()
    second = found(mine, theirs(at=LATER), theirs())
    assert [fact.position_id for fact in of_kind(second, PositionWrittenOff)] == ["p"]  # type: ignore[union-attr]


def test_of_a_position_only_what_two_looks_did_not_show_is_given_up() -> None:
    mine = ours(position("p", {P480: -1, P475: 1}))
    (adjusted,) = of_kind(found(mine, theirs({P475: 1}, at=LATER), theirs({P475: 1})), HoldingAdjusted)
    assert isinstance(adjusted, HoldingAdjusted)
    assert (adjusted.instrument, adjusted.quantity) == (P480, 1)
    one_late = found(mine, theirs(at=LATER), theirs({P475: 1}))
    assert not of_kind(one_late, PositionWrittenOff), "of the other leg it is the first look"
    assert [one.what for one in one_late.waiting] == [instrument_symbol(P475)]


def test_forty_eight_phantoms_are_gone_after_two_looks_and_no_order_is_sent() -> None:
    phantoms = [position(f"p{n}", {put(400 + n): -1, put(395 + n): 1}) for n in range(0, 480, 10)]
    mine = ours(*phantoms)
    findings = found(mine, theirs(at=LATER), theirs())
    assert len(of_kind(findings, PositionWrittenOff)) == 48
    assert findings.cancel == ()


def test_another_number_freezes_the_symbol_and_is_set_right_at_the_second_look() -> None:
    mine = ours(position("p", {P480: -3}))
    first = found(mine, theirs({P480: -2}))
    assert [frozen.symbol for frozen in of_kind(first, SymbolFrozen)] == ["SPY"]  # type: ignore[union-attr]
    frozen = replace(mine, frozen=frozenset({"SPY"}))
    second = found(frozen, theirs({P480: -2}, at=LATER), theirs({P480: -2}))
    (adjusted,) = of_kind(second, HoldingAdjusted)
    assert isinstance(adjusted, HoldingAdjusted)
    assert (adjusted.position_id, adjusted.quantity) == ("p", 1)


def test_what_would_turn_a_holding_round_stops_trading_and_is_left_to_a_person() -> None:
    mine = ours(position("p", {P480: -3}), frozen=frozenset({"SPY"}))
    findings = found(mine, theirs({P480: 2}, at=LATER), theirs({P480: 2}))
    assert findings.facts == ()
    assert findings.halt.startswith("CONTRARY_POSITION")
    looked = replace(mine, looked_at=frozenset({"SPY"}))
    (adjusted,) = of_kind(found(looked, theirs({P480: 2}, at=LATER), theirs({P480: 2})), HoldingAdjusted)
    assert isinstance(adjusted, HoldingAdjusted)
    assert adjusted.quantity == 5


def test_an_owner_who_trades_an_external_position_is_followed_without_a_second_look() -> None:
    external = position("x", {P480: -3}, strategy=EXTERNAL)
    (gone,) = of_kind(found(ours(external), theirs()), PositionWrittenOff)
    assert isinstance(gone, PositionWrittenOff)
    (fewer,) = of_kind(found(ours(external), theirs({P480: -1})), HoldingAdjusted)
    assert isinstance(fewer, HoldingAdjusted)
    assert fewer.quantity == 2


def test_an_owner_whose_trade_reaches_into_what_we_opened_is_not_followed_at_once() -> None:
    external, opened = position("x", {P480: -2}, strategy=EXTERNAL), position("p", {P480: -2})
    first = found(ours(external, opened), theirs({P480: -1}))
    assert not of_kind(first, HoldingAdjusted)
    assert [one.symbol for one in of_kind(first, SymbolFrozen)] == ["SPY"]  # type: ignore[union-attr]


def test_an_early_assignment_nobody_told_yet_is_read_from_what_it_left() -> None:
    mine = ours(position("p", {P480: -1, P475: 1}))
    findings = found(mine, theirs({P475: 1, SPY: 100}, cash=1_000_000 - 4_800_000 + 0))
    (settled,) = of_kind(findings, OptionSettled)
    assert isinstance(settled, OptionSettled)
    assert (settled.report.outcome, settled.report.quantity, settled.report.shares) == ("assigned", -1, 100)
    assert settled.report.cash_cents == 4_800_000


def test_the_brokers_word_for_it_the_day_after_is_no_second_assignment() -> None:
    mine = ours(position("p", {P475: 1, SPY: 100}), inferred=frozenset({P480.symbol}))
    told = SettlementReport("OPASN-1", "", P480, -1, "assigned", 47_000, 4_800_000, 100, 0, NOW)
    assert found(mine, theirs({P475: 1, SPY: 100}, activities=(told,))) == Findings()


def test_the_brokers_late_word_assigns_no_other_position_in_the_same_contract() -> None:
    mine = ours(position("p", {SPY: 100}), position("q", {P480: -1}), inferred=frozenset({P480.symbol}))
    told = SettlementReport("OPASN-1", "", P480, -1, "assigned", 47_000, 4_800_000, 100, 0, NOW)
    assert found(mine, theirs({P480: -1, SPY: 100}, activities=(told,))) == Findings()


def test_an_assignment_that_is_told_before_its_shares_show_waits_for_them() -> None:
    mine = ours(position("p", {P475: 1, SPY: 100}), settling=frozenset({"SPY"}))
    findings = found(mine, theirs({P475: 1}, at=LATER), theirs({P475: 1}))
    assert findings.facts == ()
    assert findings.waiting[0].what == "SPY"


def test_expired_worthless_and_expired_in_the_money_are_told_apart_by_cash() -> None:
    after = CALENDAR.session_close(EXPIRY) + timedelta(hours=4)
    mine = ours(position("p", {P480: -1, P475: 1}))
    worthless = of_kind(found(mine, theirs(at=after)), OptionSettled)
    assert {fact.report.outcome for fact in worthless} == {"expired"}  # type: ignore[union-attr]
    through = of_kind(found(mine, theirs(at=after, cash=1_000_000 - 50_000)), OptionSettled)
    assert {fact.report.outcome for fact in through} == {"assigned", "exercised"}  # type: ignore[union-attr]


def test_an_option_that_is_gone_before_its_end_without_shares_is_a_phantom_and_no_assignment() -> None:
    mine = ours(position("p", {P480: -1}))
    assert not of_kind(found(mine, theirs()), OptionSettled)


# --- a law over random holdings -----------------------------------------------------------------------------

CONTRACTS: list[Instrument] = [SPY, P480, P475, call(500), put(470, date(2024, 6, 21))]
quantities, contracts = st.integers(-3, 3).filter(bool), st.sampled_from(CONTRACTS)


@dataclass
class Account:
    """Our side as numbers: what the facts of reconciliation do to holdings, and nothing else."""

    positions: dict[str, Position] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)

    def apply(self, fact: Event) -> None:
        match fact:
            case PositionAdopted():
                held: dict[Instrument, int] = {one.instrument: one.quantity for one in fact.holdings}
                self.positions[fact.position_id] = position(fact.position_id, held, strategy=EXTERNAL)
            case PositionWrittenOff():
                del self.positions[fact.position_id]
            case HoldingAdjusted():
                self._move(fact.position_id, fact.instrument, fact.quantity)
            case OptionSettled():
                left = fact.report.quantity
                for name, one in list(self.positions.items()):
                    has = {h.instrument: h.quantity for h in one.holdings}.get(fact.report.contract, 0)
                    if left and has * left > 0:
                        part = min(has, left, key=abs)
                        self._move(name, fact.report.contract, -part)
                        self._move(name, SPY, fact.report.shares * part // fact.report.quantity)
                        left -= part
            case SymbolFrozen():
                self.frozen.add(fact.symbol)
            case _:
                pass

    def _move(self, name: str, instrument: Instrument, quantity: int) -> None:
        held = {one.instrument: one.quantity for one in self.positions[name].holdings}
        held[instrument] = held.get(instrument, 0) + quantity
        left = {one: many for one, many in held.items() if many}
        if left:
            self.positions[name] = position(name, left, strategy=self.positions[name].strategy)
        else:
            del self.positions[name]

    def net(self) -> dict[Instrument, int]:
        net: dict[Instrument, int] = {}
        for one in self.positions.values():
            for holding in one.holdings:
                net[holding.instrument] = net.get(holding.instrument, 0) + holding.quantity
        return {one: many for one, many in net.items() if many}


@given(
    mine=st.lists(
        st.tuples(st.dictionaries(contracts, quantities, min_size=1, max_size=3), st.booleans()),
        max_size=4,
    ),
    broker=st.dictionaries(contracts, quantities),
)
@settings(max_examples=300, deadline=None)
def test_after_two_looks_both_sides_agree_or_trading_stops_and_a_second_time_finds_nothing(
    mine: list[tuple[dict[Instrument, int], bool]], broker: dict[Instrument, int]
) -> None:
    account = Account()
    for number, (held, external) in enumerate(mine):
        strategy = EXTERNAL if external else "credit_spread"
        account.positions[f"p{number}"] = position(f"p{number}", held, strategy=strategy)
    snapshot, first, halted = theirs(broker, at=LATER), theirs(broker), False
    for _ in range(30):
        state = ours(*account.positions.values(), frozen=frozenset(account.frozen))
        findings = found(state, snapshot, first)
        halted = halted or bool(findings.halt)
        if not findings.facts:
            break
        for fact in findings.facts:
            account.apply(fact)
    else:
        raise AssertionError("comparing does not come to an end")
    assert not any(isinstance(fact, DifferenceFound) for fact in findings.facts)
    if not halted:
        assert account.net() == broker
        assert findings.waiting == ()
