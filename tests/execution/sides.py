"""Both sides of a comparison, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from execution.tapes import CALENDAR, order, put
from strikewise.domain.brokerage import AccountReport, BrokerStatus, HeldReport, OrderReport, Page
from strikewise.domain.events import Event
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import (
    CashFlow,
    Execution,
    LegFill,
    SettlementReport,
    SplitReport,
)
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.reconcile import Findings, OurOrder, Ours, compare
from strikewise.execution.snapshot import Snapshot

NOW = datetime(2024, 3, 12, 15, tzinfo=UTC)
LATER = NOW + timedelta(seconds=15)
SPY = Stock("SPY")
P480, P475 = put(480), put(475)


def position(name: str, held: dict[Instrument, int], *, strategy: str = "credit_spread") -> Position:
    legs = tuple(Leg(instrument, 1 if quantity > 0 else -1) for instrument, quantity in held.items())
    return Position(
        position_id=name,
        strategy=strategy,
        underlying="SPY",
        signal_id="",
        structure=Structure(legs),
        quantity=1,
        holdings=tuple(Holding(one, quantity) for one, quantity in held.items()),
        opened_at=NOW - timedelta(days=1),
        entry_cents=0,
        cash_cents=-4_500,
        fees_cents=0,
        max_loss_cents=None,
        margin_cents=0,
        because={},
        grade=Grade.QUOTES,
    )


def ours(
    *positions: Position, cash: int = 1_000_000, orders: tuple[OurOrder, ...] = (), **more: object
) -> Ours:
    return Ours(
        cash,
        {one.position_id: one for one in positions},
        {one.order.order_id: one for one in orders},
        more.pop("executions", frozenset()),  # type: ignore[arg-type]
        more.pop("activities", frozenset()),  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


def theirs(
    held: dict[Instrument, int] | None = None,
    *,
    cash: int = 1_000_000,
    orders: tuple[OrderReport, ...] = (),
    sought: dict[str, OrderReport | None] | None = None,
    fills: tuple[Execution, ...] = (),
    activities: tuple[SettlementReport | CashFlow | SplitReport, ...] = (),
    at: datetime = NOW,
) -> Snapshot:
    reports = tuple(HeldReport(one, quantity) for one, quantity in (held or {}).items())
    return Snapshot(
        AccountReport("A1", cash), reports, orders, sought or {}, Page(fills, "1"), Page(activities, "1"), at
    )


def found(mine: Ours, snapshot: Snapshot, before: Snapshot | None = None) -> Findings:
    return compare(mine, snapshot, before, account="main", calendar=CALENDAR, own_prefix="sw-")


def of_kind(findings: Findings, kind: type[Event]) -> list[Event]:
    return [fact for fact in findings.facts if isinstance(fact, kind)]


def our_order(
    name: str = "sw-1", *, answered: bool = True, ended: bool = False, filled: int = 0, missed: int = 0
) -> OurOrder:
    booked = (execution("e-1", filled, name),) if filled else ()
    ordered = order({P480: -1, P475: 1}, quantity=2, order_id=name)
    return OurOrder(ordered, ended, answered, filled, missed, booked)


def report(status: BrokerStatus, *, filled: int = 0, name: str = "sw-1", reason: str = "") -> OrderReport:
    return OrderReport(name, "b-1", status, None, 2, filled, -1_000, NOW, reason)


def execution(name: str = "e-1", quantity: int = 2, order_id: str = "sw-1") -> Execution:
    legs = (LegFill(P480, -quantity, 45, 45, 50), LegFill(P475, quantity, 35, 30, 35))
    return Execution(name, order_id, quantity, legs, 130, NOW, Grade.QUOTES)
