"""Fees at the trade that causes them, where a broker charges them the day after.

What is expected is written behind each fill, so that profits, exits and limits see it at once; the broker's
charge settles it later (`strikewise.portfolio.fees_owed`). It is a function of the fills that stand, so that
legs which are told one by one come to what their order does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from strikewise.domain.events import CashFlowed, OptionSettled, OrderFilled
from strikewise.domain.orders import CashFlow, Execution, FlowKind, LegFill, SettlementReport
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.execution.fees import FeeSchedule
from strikewise.market.calendar import new_york_day
from strikewise.portfolio import booking
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.projection import AccountState

__all__ = ["with_fees_due"]


def with_fees_due(entries: Iterable[Entry], state: AccountState, fees: FeeSchedule) -> Iterator[Entry]:
    """Yield facts, each fill and each delivery followed by the fee that is expected for it.

    Parameters
    ----------
    entries : iterable of Entry
        What is to be written.
    state : AccountState
        The account before it.
    fees : FeeSchedule
        What the broker charges later.
    """
    told: dict[str, tuple[Execution, ...]] = {}
    for entry in entries:
        yield entry
        match entry.event:
            case OrderFilled(execution=execution):
                flow = _of_fill(execution, state, told, fees)
            case ExecutionReversed(execution_id=name, order_id=order_id):
                flow = _of_reversal(name, order_id, state, told, fees)
            case OptionSettled(report=report):
                flow = _of_delivery(report, state, fees)
            case _:
                flow = None
        if flow is not None and flow.cash_cents:
            yield replace(entry, event=CashFlowed(flow))


def _of_fill(
    execution: Execution, state: AccountState, told: dict[str, tuple[Execution, ...]], fees: FeeSchedule
) -> CashFlow | None:
    known = state.order(execution.order_id)
    if known is None or execution.execution_id in known.executions:
        return None
    before = told.get(execution.order_id, known.booked)
    if any(one.execution_id == execution.execution_id for one in before):
        return None
    after = told[execution.order_id] = (*before, execution)
    cents = _expected(after, fees) - _expected(before, fees)
    name = f"fee-due/{execution.execution_id}"
    return CashFlow(name, FlowKind.FEE_DUE, known.order.position_id, "", cents, execution.at)


def _of_reversal(
    name: str, order_id: str, state: AccountState, told: dict[str, tuple[Execution, ...]], fees: FeeSchedule
) -> CashFlow | None:
    known = state.order(order_id)
    if known is None:
        return None
    before = told.get(order_id, known.booked)
    undone = next((one for one in before if one.execution_id == name), None)
    if undone is None:
        return None
    after = told[order_id] = tuple(one for one in before if one is not undone)
    cents = _expected(after, fees) - _expected(before, fees)
    flow_id = f"fee-due/{name}/reversed"
    return CashFlow(flow_id, FlowKind.FEE_DUE, known.order.position_id, "", cents, undone.at)


def _of_delivery(report: SettlementReport, state: AccountState, fees: FeeSchedule) -> CashFlow | None:
    if report.outcome not in {"exercised", "assigned"} or report.fees_cents:
        return None
    if report.settlement_id in state.settlements:
        return None
    parts = booking.share_out(report, state.positions)
    if not parts:
        return None
    name = f"fee-due/{report.settlement_id}"
    day = new_york_day(report.at)
    cents = fees.delivery_cents(report.shares, report.cash_cents, day)
    return CashFlow(name, FlowKind.FEE_DUE, parts[0].position_id, "", cents, report.at)


def _expected(fills: Iterable[Execution], fees: FeeSchedule) -> int:
    """Return what fills of an order cost that did not say it: those of one instant are charged as one."""
    together: dict[datetime, list[LegFill]] = defaultdict(list)
    for one in fills:
        if not one.fees_cents:
            together[one.at].extend(one.legs)
    return sum(fees.order_cents(legs, new_york_day(at)) for at, legs in together.items())
