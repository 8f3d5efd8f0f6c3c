"""Money and fills of which the broker has less, or more, than was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.events import CashFlowed
from strikewise.domain.orders import (
    CashFlow,
    FlowKind,
)
from strikewise.domain.reconciled import (
    EXTERNAL,
    CashAdjusted,
    DifferenceFound,
    ExecutionReversed,
)
from strikewise.execution.reconcile import Findings


def test_a_fill_that_the_broker_has_no_more_is_taken_back_at_the_second_look() -> None:
    done, kept = execution("e-2", 1), execution("e-1", 1)
    mine = ours(
        position("sw-1", {P480: -2, P475: 2}),
        orders=(replace(our_order(ended=True, filled=2), booked=(kept, done)),),
        executions=frozenset({"e-1", "e-2"}),
        confirmed=frozenset({"e-1", "e-2"}),
    )
    less = (report(BrokerStatus.CANCELLED, filled=1),)
    first = theirs({P480: -1, P475: 1}, orders=less)
    assert [one.action for one in found(mine, first).waiting] == ["looked at again", "waits", "waits"]
    assert not found(mine, first).facts, "nothing is frozen, adopted or set right meanwhile"
    whole = theirs({P480: -2, P475: 2}, orders=(report(BrokerStatus.FILLED, filled=2),))
    assert not found(mine, replace(first, taken_at=LATER), whole).facts, "the first picture had it still"
    back = found(mine, theirs({P480: -1, P475: 1}, orders=less, at=LATER), first)
    (reversed_,) = of_kind(back, ExecutionReversed)
    assert isinstance(reversed_, ExecutionReversed)
    assert reversed_.execution_id == "e-2"


def test_a_fill_that_the_broker_never_had_is_not_taken_back_by_answers_that_are_old() -> None:
    mine = ours(
        position("sw-1", {P480: -2, P475: 2}),
        orders=(replace(our_order(ended=True, filled=2), booked=(execution(),)),),
        executions=frozenset({"e-1"}),
    )
    old = theirs({}, orders=(report(BrokerStatus.WORKING, filled=0),))
    assert not of_kind(found(mine, replace(old, taken_at=LATER), old), ExecutionReversed)


def test_a_report_that_lags_behind_its_fills_takes_nothing_back() -> None:
    mine = ours(
        position("sw-1", {P480: -2, P475: 2}),
        orders=(replace(our_order(ended=True, filled=2), booked=(execution(),)),),
        executions=frozenset({"e-1"}),
    )
    lagging = (report(BrokerStatus.WORKING, filled=0),)
    held = {P480: -2, P475: 2}
    again = found(mine, theirs(held, orders=lagging, at=LATER), theirs(held, orders=lagging))
    assert not of_kind(again, ExecutionReversed)


def test_cash_is_set_right_last_at_a_second_look_as_a_transfer_or_a_fee() -> None:
    mine = ours(cash=1_000_000)
    assert found(mine, theirs(cash=1_500_000)).waiting[0].kind == "cash"
    (deposit,) = of_kind(found(mine, theirs(cash=1_500_000, at=LATER), theirs(cash=1_500_000)), CashAdjusted)
    assert isinstance(deposit, CashAdjusted)
    assert deposit.cash_cents == 500_000
    (fee,) = of_kind(found(mine, theirs(cash=999_960, at=LATER), theirs(cash=999_960)), CashFlowed)
    assert isinstance(fee, CashFlowed)
    assert (fee.flow.kind, fee.flow.cash_cents) == (FlowKind.FEE_UNTOLD, 40)


def test_cash_that_was_paid_for_what_was_adopted_is_taken_over_at_once_and_alarms_nobody() -> None:
    bought = replace(position("x", {SPY: 100}, strategy=EXTERNAL), cash_cents=50_000, opened_at=NOW)
    facts = found(ours(bought, cash=1_000_000), theirs({SPY: 100}, cash=950_000)).facts
    assert [type(fact) for fact in facts] == [DifferenceFound, CashAdjusted]
    old = replace(bought, opened_at=NOW - timedelta(days=2))
    assert found(ours(old, cash=1_000_000), theirs({SPY: 100}, cash=950_000)).waiting
    claimed = replace(bought, strategy="wheel")
    assert found(ours(claimed, cash=1_000_000), theirs({SPY: 100}, cash=950_000)).waiting


def test_a_fee_that_was_read_from_the_cash_and_told_since_is_taken_back_and_is_no_transfer() -> None:
    mine = ours(cash=999_920, fees_untold_cents=40)
    (back,) = of_kind(found(mine, theirs(cash=999_960, at=LATER), theirs(cash=999_960)), CashFlowed)
    assert isinstance(back, CashFlowed)
    assert (back.flow.kind, back.flow.cash_cents) == (FlowKind.FEE_UNTOLD, -40)
    more = found(mine, theirs(cash=999_961, at=LATER), theirs(cash=999_961))
    assert of_kind(more, CashAdjusted), "more than that was somebody's money"


def test_fees_that_the_broker_has_still_to_charge_are_no_difference() -> None:
    owing = ours(cash=999_870, fees_due=((NOW.date(), 130),))
    assert found(owing, theirs(cash=1_000_000)) == Findings()
    assert found(owing, theirs(cash=999_870)).waiting[0].kind == "cash"


def test_a_fee_that_two_sessions_did_not_bring_is_taken_back() -> None:
    owing = ours(cash=999_870, fees_due=((NOW.date(), 130),))
    before, after = datetime(2024, 3, 14, 19, 59, tzinfo=UTC), datetime(2024, 3, 14, 20, tzinfo=UTC)
    assert found(owing, theirs(at=before)) == Findings()
    (back,) = of_kind(found(owing, theirs(at=after)), CashFlowed)
    assert isinstance(back, CashFlowed)
    assert (back.flow.kind, back.flow.cash_cents, back.flow.at.date()) == (FlowKind.FEE_DUE, -130, NOW.date())


def test_cash_moves_that_the_broker_tells_are_booked_as_what_they_are() -> None:
    paid = CashFlow("DIV-1", FlowKind.DIVIDEND, "", "SPY", -17_000, NOW)
    findings = found(ours(), theirs(cash=1_017_000, activities=(paid,)))
    assert of_kind(findings, CashFlowed) == [CashFlowed(paid)]
    assert (
        found(
            ours(cash=1_017_000, activities=frozenset({"DIV-1"})), theirs(cash=1_017_000, activities=(paid,))
        )
        == Findings()
    )


def test_a_little_less_is_a_fee_and_a_cent_more_than_that_is_taken_out_of_the_account() -> None:
    (fee,) = of_kind(found(ours(), theirs(cash=997_500, at=LATER), theirs(cash=997_500)), CashFlowed)
    assert isinstance(fee, CashFlowed)
    assert (fee.flow.kind, fee.flow.cash_cents) == (FlowKind.FEE_UNTOLD, 2_500)
    (taken,) = of_kind(found(ours(), theirs(cash=997_499, at=LATER), theirs(cash=997_499)), CashAdjusted)
    assert isinstance(taken, CashAdjusted)
    assert taken.cash_cents == -2_501
