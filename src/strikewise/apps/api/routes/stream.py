"""``/stream``: server-sent events."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from strikewise.apps.api.door import At, Bearer, Cookie
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.stream import Hub
from strikewise.service.errors import StrikewiseError
from strikewise.service.views.facts import kinds_named

__all__ = ["router"]

router = APIRouter(tags=["stream"])

LATER = {"Retry-After": "2"}

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
    kinds: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=60)]],
        Query(
            description="Only facts of these kinds, as a feed for other programs: a kind, or what kinds "
            "begin with, such as `signal`. `state` is left out then.",
            examples=[["signal"]],
            max_length=20,
        ),
    ] = [],  # noqa: B006  # FastAPI copies it
    last: Annotated[
        str | None, Header(alias="Last-Event-ID", description="The id of the last event that was received.")
    ] = None,
) -> StreamingResponse:
    """Stream what happens: first a snapshot, and the facts behind ``Last-Event-ID``, then what is new.

    With ``kinds=signal`` it is a feed of signals for other programs: whenever one is seen, denied, taken or
    runs out, it is told within a second; `GET /signals` has each whole, with its later outcome.
    """
    try:
        wanted = kinds_named(kinds)
    except StrikewiseError as error:
        raise ProblemError(422, str(error)) from None
    if hub.full:
        raise ProblemError(429, "Too many streams are open: close some that nobody reads.")
    if not await hub.ready():
        raise ProblemError(503, "The ledger is being read: ask again in a moment.", headers=LATER)
    number = int(last) if last and last.isascii() and last.isdigit() and len(last) < 16 else None

    def allowed() -> bool:
        shown = None if bearer is None else bearer.credentials
        return door.caller(cookie, shown, uses=False) is not None

    events = hub.stream(number, allowed, wanted)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
