"""``/stream``: server-sent events."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from strikewise.apps.api.door import At, Bearer, Cookie
from strikewise.apps.api.stream import Hub

__all__ = ["router"]

router = APIRouter(tags=["stream"])

EXAMPLE = (
    'event: snapshot\nid: 812\ndata: {"seq": 812, "status": {}, "account": {}, "positions": []}\n\n'
    'event: delta\nid: 813\ndata: {"seq": 813, "kind": "OrderFilled", "payload": {}}\n\n'
    'event: state\nid: 813\ndata: {"seq": 813, "status": {}, "account": {}, "positions": []}\n\n'
)


async def _hub_of(request: Request) -> Hub:
    return cast("Hub", request.state.hub)


@router.get(
    "/stream",
    summary="Everything that happens",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events: `snapshot` first; `delta` for every fact, with its number as id; `state` "
            "whenever status, account or positions changed. A comment comes every 15 seconds.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        }
    },
)
async def stream(
    hub: Annotated[Hub, Depends(_hub_of)],
    door: At,
    cookie: Cookie = None,
    bearer: Bearer = None,
    last: Annotated[
        str | None, Header(alias="Last-Event-ID", description="The id of the last event that was received.")
    ] = None,
) -> StreamingResponse:
    """Stream what happens: first a snapshot, and the facts behind ``Last-Event-ID``, then what is new."""
    number = int(last) if last and last.isascii() and last.isdigit() and len(last) < 16 else None

    def allowed() -> bool:
        shown = None if bearer is None else bearer.credentials
        return door.caller(cookie, shown, uses=False) is not None

    events = hub.stream(number, allowed)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
