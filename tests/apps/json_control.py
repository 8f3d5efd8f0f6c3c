"""What commands that speak with a trading process say of themselves in the JSON that programs rely on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from apps.json_portfolio import Part
from apps.json_signals import SignalsTold

Count = Annotated[int, Field(ge=0)]


class Told(Part):
    request: int | None
    state: Literal["waiting", "met", "refused", "flagged"]
    outcome: str | None
    seconds: Annotated[float, Field(ge=0)]
    running: bool
    halt_flag: bool


class FlagTold(Part):
    by: str
    at: AwareDatetime
    reason: str
    exits: bool


class BreakerTold(Part):
    breaker: str
    scope: str
    since: AwareDatetime
    until: AwareDatetime | None
    detail: str


class StatusTold(Part):
    mode: str
    state: Literal["active", "reducing", "halted"]
    reason: str
    by_person: bool
    running: bool
    phase: str
    holder: str
    broker: str
    feed: str
    version: str
    started_at: AwareDatetime | None
    heartbeat_at: AwareDatetime | None
    ticked_at: AwareDatetime | None
    due_at: AwareDatetime | None
    connected: bool
    now: AwareDatetime
    market_at: AwareDatetime
    data_as_of: AwareDatetime | None
    data_age_seconds: float | None
    data_grade: str
    reconciled_at: AwareDatetime | None
    reconciliation_open: Count
    unresolved_orders: Count
    positions: Count
    orders: Count
    requests: Count
    ledger_seq: Count
    account: str
    flag: FlagTold | None
    frozen: dict[str, str]
    breakers: list[BreakerTold]


class HoldingTold(Part):
    instrument: str
    quantity: int


class PositionTold(Part):
    position_id: str
    strategy: str
    underlying: str
    structure: str
    quantity: int
    holdings: list[HoldingTold]
    opened_at: AwareDatetime
    entry: float
    max_loss: float | None
    margin: float
    state: Literal["open", "opening", "closing"]
    closing_order: str | None


class PositionsTold(Part):
    positions: list[PositionTold]


class OrderTold(Part):
    order_id: str
    position_id: str
    strategy: str
    purpose: Literal["open", "close", "adjust"]
    structure: str
    quantity: Count
    filled: int
    limit: float | None
    working: bool
    status: str
    created_at: AwareDatetime
    reason: str
    replaces: str | None
    broker_order_id: str | None


class OrdersTold(Part):
    orders: list[OrderTold]


class LineTold(Part):
    what: str
    name: str
    ours: str
    theirs: str
    action: str
    reason: str


class ComparisonTold(Part):
    agreed: bool
    written: bool
    problem: str | None
    lines: list[LineTold]


CONTROL: dict[str, type[Part]] = {
    "status": StatusTold,
    "positions": PositionsTold,
    "orders": OrdersTold,
    "reconcile": ComparisonTold,
    "halt": Told,
    "resume": Told,
    "flatten": Told,
    "claim": Told,
    "signals": SignalsTold,
    "take": Told,
    "dismiss": Told,
}
