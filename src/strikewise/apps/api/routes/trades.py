"""``/orders`` and ``/trades``: what was sent, what became of it, and why."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from strikewise.apps.api.answers import After, Limit, Listed, json_lines, listed, number_of, wants_lines
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reading
from strikewise.service.views.trades import (
    OrderRow,
    TradeRow,
    TradeStory,
    orders_before,
    trade_story,
    trade_view,
    trades_before,
)

__all__ = ["router"]

router = APIRouter(tags=["trades"])

Name = Annotated[str, Path(max_length=200)]


@router.get("/orders", summary="Orders, newest first", response_model=Listed[OrderRow])
def orders(
    reader: Reading,
    request: Request,
    limit: Limit = 50,
    cursor: After = None,
    status: Annotated[str, Query(max_length=20, description="A status, or `open`.")] = "",
    position: Annotated[str, Query(max_length=200)] = "",
) -> Response | Listed[OrderRow]:
    """Return orders with what became of them; ``open`` are those at work."""
    with reader.desk() as desk:
        found = orders_before(
            desk, before=number_of(cursor), limit=limit + 1, status=status, position=position
        )
    page = listed(found, limit, lambda one: str(one.seq))
    return json_lines(page, OrderRow) if wants_lines(request) else page


@router.get("/orders/{order_id}", summary="An order")
def order(reader: Reading, order_id: Name) -> OrderRow:
    """Return one order."""
    with reader.desk() as desk:
        found = desk.keeper.orders.get(order_id)
    if found is None:
        raise ProblemError(404, f"There is no order {order_id!r}.")
    return found


@router.get("/trades", summary="Trades, newest first", response_model=Listed[TradeRow])
def trades(
    reader: Reading,
    request: Request,
    limit: Limit = 50,
    cursor: After = None,
    strategy: Annotated[str, Query(max_length=100)] = "",
    underlying: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[Literal["", "open", "closed"], Query()] = "",
) -> Response | Listed[TradeRow]:
    """Return positions from their first fill on, open or closed, with what they came to."""
    with reader.desk() as desk:
        found = trades_before(
            desk,
            before=number_of(cursor),
            limit=limit + 1,
            strategy=strategy,
            underlying=underlying,
            state=state,
        )
    page = listed(found, limit, lambda one: str(one.opened_seq))
    return json_lines(page, TradeRow) if wants_lines(request) else page


@router.get("/trades/{trade_id}", summary="A trade")
def trade(reader: Reading, trade_id: Name) -> TradeRow:
    """Return one trade."""
    with reader.desk() as desk:
        found = trade_view(desk, trade_id)
    if found is None:
        raise ProblemError(404, f"There is no trade {trade_id!r}.")
    return found


@router.get("/trades/{trade_id}/explain", summary="Why a trade was made")
def explain(reader: Reading, trade_id: Name) -> TradeStory:
    """Return why a trade was made and how it ended, fact by fact and in words."""
    with reader.ledger() as ledger:
        return trade_story(ledger, trade_id)
