"""What Alpaca's words for the states of an order, and for what happened to it, mean here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from strikewise.adapters.brokers.alpaca_answers import OrderAnswer
from strikewise.adapters.brokers.alpaca_money import count_of
from strikewise.domain.brokerage import BrokerStatus

__all__ = ["EVENTS", "OUTCOMES", "STATUSES", "Told", "reason_of", "status_of"]

STATUSES: Mapping[str, BrokerStatus] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("new", "accepted", "pending_new", "accepted_for_bidding", "held", "partially_filled"),
                *("pending_cancel", "pending_replace", "done_for_day", "stopped", "suspended", "calculated"),
            ),
            BrokerStatus.WORKING,
        ),
        "filled": BrokerStatus.FILLED,
        "canceled": BrokerStatus.CANCELLED,
        "replaced": BrokerStatus.CANCELLED,
        "expired": BrokerStatus.EXPIRED,
        "rejected": BrokerStatus.REJECTED,
        "inactive": BrokerStatus.REJECTED,
    }
)
"""Every state the vendor documents, and one that others use. An unknown one may still fill: it is working."""


class Told(StrEnum):
    """What an event of the stream is about."""

    FILL = "fill"
    END = "end"
    BUST = "bust"
    CORRECTION = "correction"
    NOTHING = "nothing"
    """Nothing that changes what is held or may fill."""


EVENTS: Mapping[str, Told] = MappingProxyType(
    {
        "fill": Told.FILL,
        "partial_fill": Told.FILL,
        **dict.fromkeys(("canceled", "expired", "rejected", "replaced"), Told.END),
        "trade_bust": Told.BUST,
        "trade_correct": Told.CORRECTION,
        **dict.fromkeys(
            (
                *("new", "accepted", "pending_new", "pending_cancel", "pending_replace", "done_for_day"),
                *("stopped", "suspended", "calculated", "held", "restated"),
                *("order_cancel_rejected", "order_replace_rejected"),
            ),
            Told.NOTHING,
        ),
    }
)
"""Every event the vendor documents. Of an unknown one nobody knows what it changed: the broker is asked."""

OUTCOMES: Mapping[BrokerStatus, str] = MappingProxyType(
    {
        BrokerStatus.CANCELLED: "cancelled",
        BrokerStatus.EXPIRED: "expired",
        BrokerStatus.REJECTED: "rejected",
    }
)
"""How the end of an order without (further) fills is told."""


def status_of(order: OrderAnswer) -> BrokerStatus:
    """Return where an order stands; a refusal told as a cancel or an expiry is a refusal."""
    status = STATUSES.get(order.status, BrokerStatus.WORKING)
    wanted, filled = count_of(order.qty), count_of(order.filled_qty)
    if status is BrokerStatus.WORKING and wanted and filled is not None and filled >= wanted:
        return BrokerStatus.FILLED
    if status in {BrokerStatus.CANCELLED, BrokerStatus.EXPIRED} and order.status != "replaced":
        refused = order.reject_reason or (order.failed_at and not order.canceled_at)
        return BrokerStatus.REJECTED if refused else status
    return status


def reason_of(order: OrderAnswer) -> str:
    """Return the vendor's word for where an order stands."""
    if order.status not in STATUSES:
        return f"unknown status {order.status!r}"
    if order.reject_reason:
        return order.reject_reason
    if order.replaced_by:
        return f"replaced by {order.replaced_by}"
    return "" if STATUSES[order.status] in {BrokerStatus.WORKING, BrokerStatus.FILLED} else order.status
