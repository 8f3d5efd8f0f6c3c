"""A complete picture of a broker's side, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from strikewise.domain.brokerage import AccountReport, Activity, HeldReport, OrderReport, Page
from strikewise.domain.orders import Execution, Unknown
from strikewise.execution.broker import Broker

__all__ = ["Snapshot", "take_snapshot"]

READS = 3
"""How often the account is read until it stands still."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a broker shows, read so that nothing moved meanwhile.

    Attributes
    ----------
    account : AccountReport
        Cash and restrictions.
    positions : tuple of HeldReport
        What is held, netted by instrument.
    orders : tuple of OrderReport
        Working orders, and all since an instant, each once, oldest first.
    sought : mapping of str to (OrderReport or None)
        Orders of ours that were in neither list, looked up by id; None where the broker has none.
    fills, activities : Page
        What came after the cursors it was asked with.
    taken_at : datetime
        When the reading began.
    """

    account: AccountReport
    positions: tuple[HeldReport, ...]
    orders: tuple[OrderReport, ...]
    sought: dict[str, OrderReport | None]
    fills: Page[Execution]
    activities: Page[Activity]
    taken_at: datetime


def take_snapshot(
    broker: Broker,
    *,
    since: datetime,
    open_ids: Collection[str],
    fills_cursor: str,
    activities_cursor: str,
    now: datetime,
) -> Snapshot | Unknown:
    """Read everything a broker shows; one read that fails, or is not whole, makes all of it unknown.

    Positions and cash are read first and last: where they differ, something was filled in between, and all is
    read again.

    Parameters
    ----------
    broker : Broker
        Whom to ask.
    since : datetime
        From when on ended orders are wanted.
    open_ids : collection of str
        Orders of ours that have not ended: each is looked for by itself where no list has it.
    fills_cursor, activities_cursor : str
        How far fills and activities are booked.
    now : datetime
        The present instant.

    Returns
    -------
    Snapshot or Unknown
        Never an empty account on an error.
    """
    for _ in range(READS):
        before = _standing(broker)
        if isinstance(before, Unknown):
            return before
        read = _moved(broker, since, open_ids, fills_cursor, activities_cursor)
        if isinstance(read, Unknown):
            return read
        after = _standing(broker)
        if isinstance(after, Unknown):
            return after
        if _same(before, after):
            orders, sought, fills, activities = read
            return Snapshot(*after, orders, sought, fills, activities, now)
    return Unknown(f"The account moved while it was read, {READS} times: ask again in a moment.")


Standing = tuple[AccountReport, tuple[HeldReport, ...]]
Moved = tuple[tuple[OrderReport, ...], dict[str, OrderReport | None], Page[Execution], Page[Activity]]


def _same(one: Standing, other: Standing) -> bool:
    def held(standing: Standing) -> list[tuple[str, int]]:
        return sorted((str(each.instrument), each.quantity) for each in standing[1])

    return one[0].cash_cents == other[0].cash_cents and held(one) == held(other)


def _standing(broker: Broker) -> Standing | Unknown:
    account = broker.account()
    if isinstance(account, Unknown):
        return Unknown(f"account: {account.reason}")
    positions = broker.positions()
    if isinstance(positions, Unknown):
        return Unknown(f"positions: {positions.reason}")
    if not (account.complete and positions.complete):
        return Unknown("positions: the broker's answer was not whole")
    return account.value, positions.value


def _moved(
    broker: Broker, since: datetime, open_ids: Collection[str], fills_cursor: str, activities_cursor: str
) -> Moved | Unknown:
    working, ended = broker.open_orders(), broker.orders_since(since)
    fills, activities = broker.fills_since(fills_cursor), broker.activities_since(activities_cursor)
    # One by one, so that each keeps its type.
    if isinstance(working, Unknown):
        return Unknown(f"open orders: {working.reason}")
    if isinstance(ended, Unknown):
        return Unknown(f"orders: {ended.reason}")
    if isinstance(fills, Unknown):
        return Unknown(f"fills: {fills.reason}")
    if isinstance(activities, Unknown):
        return Unknown(f"activities: {activities.reason}")
    if not (working.complete and ended.complete and fills.complete and activities.complete):
        return Unknown("orders, fills or activities: the broker's answer was not whole")
    # An order that ended between the two lists is told by the second.
    by_id = {one.broker_order_id: one for one in (*working.value, *ended.value)}
    orders = tuple(sorted(by_id.values(), key=lambda one: (one.submitted_at, one.broker_order_id)))
    listed = {one.order_id for one in orders}
    sought: dict[str, OrderReport | None] = {}
    for order_id in sorted(set(open_ids) - listed):
        found = broker.order(order_id)
        if isinstance(found, Unknown):
            return Unknown(f"order {order_id}: {found.reason}")
        sought[order_id] = found.value
    return orders, sought, fills.value, activities.value
