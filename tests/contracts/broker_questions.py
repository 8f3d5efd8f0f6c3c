"""What the questions to brokers share: orders on the small market, and what was answered and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from contracts.broker_stages import (
    FIRST,
    Stage,
    in_session,
)
from execution.tapes import Row, call, put
from execution.tapes import order as made_order
from strikewise.domain.brokerage import Activity, OrderReport
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import (
    BrokerEvent,
    Execution,
    Known,
    Order,
    Purpose,
    Rejected,
    Unknown,
)

T = TypeVar("T")

SPREAD = {put(480): -1, put(475): 1}
BACK = {put(480): 1, put(475): -1}
CONDOR = {put(475): 1, put(480): -1, call(490): -1, call(495): 1}
TOO_DEAR = -5_000
"""Least to receive for the spread, which is quoted at a credit of 1,000 cents: nobody pays that."""
BETTER: tuple[Row, ...] = ((put(475), 30, 35), (put(480), 95, 99))
"""Quotes at which even that is paid."""


def order(
    legs: dict[Instrument, int],
    *,
    order_id: str = "o-1",
    quantity: int = 1,
    limit_cents: int | None = None,
    purpose: Purpose = Purpose.OPEN,
    position_id: str = "",
) -> Order:
    return made_order(
        legs,
        order_id=order_id,
        quantity=quantity,
        limit_cents=limit_cents,
        purpose=purpose,
        position_id=position_id,
        at=in_session(FIRST),
    )


def closing(
    order_id: str = "c-1", *, quantity: int = 1, of: str = "o-1", limit_cents: int | None = None
) -> Order:
    return order(
        BACK, order_id=order_id, quantity=quantity, purpose=Purpose.CLOSE, position_id=of,
        limit_cents=limit_cents,
    )  # fmt: skip


def known(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    assert answer.complete
    return answer.value


def cash(stage: Stage) -> int:
    return known(stage.broker.account()).cash_cents


def held(stage: Stage) -> dict[Instrument, int]:
    return {one.instrument: one.quantity for one in known(stage.broker.positions())}


def report(stage: Stage, order_id: str = "o-1") -> OrderReport:
    found = known(stage.broker.order(order_id))
    assert found is not None
    return found


def fills(events: Sequence[BrokerEvent]) -> list[Execution]:
    return [event for event in events if isinstance(event, Execution)]


def traded(executions: Sequence[Execution], order_id: str = "o-1") -> dict[Instrument, int]:
    """What was traded for an order, whether legs were told together or one by one."""
    found: Counter[Instrument] = Counter()
    for one in executions:
        for leg in one.legs if one.order_id == order_id else ():
            found[leg.instrument] += leg.quantity
    return dict(found)


def refused_with(answer: object) -> str:
    assert isinstance(answer, Rejected)
    assert answer.text, "a refusal says why"
    return answer.code


def all_fills(stage: Stage, cursor: str = "") -> list[Execution]:
    return list(known(stage.broker.fills_since(cursor)).items)


def all_activities(stage: Stage, cursor: str = "") -> list[Activity]:
    return list(known(stage.broker.activities_since(cursor)).items)
