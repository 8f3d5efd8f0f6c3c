"""What Alpaca's answers say, read with tolerance: unknown words pass, what is missing stays empty.

The vendor's own models refuse a whole answer over one word they do not know. These keep every text as it
came; what it means is decided where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

__all__ = [
    "AccountAnswer",
    "ActivityAnswer",
    "ClockAnswer",
    "LegExecution",
    "OrderAnswer",
    "PositionAnswer",
    "Update",
    "instant",
    "read_list",
    "read_one",
]

T = TypeVar("T", bound=BaseModel)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _rows(value: Any) -> Any:
    return () if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
Flag = Annotated[bool, BeforeValidator(bool)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AccountAnswer(_Answer):
    """An account."""

    id: Text
    account_number: Text = ""
    status: Text = ""
    cash: Text = ""
    equity: Text = ""
    options_buying_power: Text = ""
    options_trading_level: Text = ""
    options_approved_level: Text = ""
    trading_blocked: Flag = False
    account_blocked: Flag = False
    trade_suspended_by_user: Flag = False


class PositionAnswer(_Answer):
    """One instrument that is held."""

    symbol: Text
    qty: Text
    side: Text = ""
    asset_class: Text = ""
    qty_available: Text = ""
    cost_basis: Text = ""
    avg_entry_price: Text = ""


class OrderAnswer(_Answer):
    """An order, or a leg of one."""

    id: Text
    client_order_id: Text = ""
    status: Text = ""
    order_class: Text = ""
    asset_class: Text = ""
    symbol: Text = ""
    side: Text = ""
    position_intent: Text = ""
    type: Text = ""
    qty: Text = ""
    ratio_qty: Text = ""
    filled_qty: Text = ""
    limit_price: Text = ""
    submitted_at: Text = ""
    created_at: Text = ""
    canceled_at: Text = ""
    failed_at: Text = ""
    replaced_by: Text = ""
    replaces: Text = ""
    reject_reason: Text = ""
    legs: Annotated[tuple[OrderAnswer, ...], BeforeValidator(_rows)] = ()


class LegExecution(_Answer):
    """A fill of one leg, as the stream tells it beside its order."""

    execution_id: Text = ""
    order_id: Text = ""
    symbol: Text = ""
    qty: Text = ""
    price: Text = ""
    timestamp: Text = ""


class Update(_Answer):
    """One event of the trade stream."""

    event: Text
    order: OrderAnswer
    event_id: Text = ""
    execution_id: Text = ""
    previous_execution_id: Text = ""
    qty: Text = ""
    price: Text = ""
    timestamp: Text = ""
    reason: Text = ""
    legs: Annotated[tuple[LegExecution, ...], BeforeValidator(_rows)] = ()


class ActivityAnswer(_Answer):
    """A line of the account's activities: a fill, or what happened without an order."""

    id: Text
    activity_type: Text
    activity_sub_type: Text = ""
    description: Text = ""
    status: Text = ""
    date: Text = ""
    created_at: Text = ""
    transaction_time: Text = ""
    symbol: Text = ""
    qty: Text = ""
    price: Text = ""
    net_amount: Text = ""
    side: Text = ""
    order_id: Text = ""
    cum_qty: Text = ""
    group_id: Text = ""


class ClockAnswer(_Answer):
    """The vendor's clock."""

    timestamp: Text


def read_one(kind: type[T], said: Any) -> T | None:
    """Return an answer as a model; None where it is not of that form."""
    try:
        return kind.model_validate(said)
    except ValidationError:
        return None


def read_list(kind: type[T], said: Any) -> tuple[T, ...] | None:
    """Return a list of answers as models; None where it is no list, or an element is not of that form."""
    if not isinstance(said, Sequence) or isinstance(said, str):
        return None
    read = [read_one(kind, one) for one in said]
    kept = tuple(one for one in read if one is not None)
    return kept if len(kept) == len(read) else None


def instant(text: str) -> datetime | None:
    """Return a time in UTC, to the microsecond; None where the text is none. Without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (read.replace(tzinfo=UTC) if read.tzinfo is None else read).astimezone(UTC)
