"""The shape of lists, entity tags, and lists as JSON Lines for programs that take them whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, TypeAdapter

from strikewise.apps.api.problems import ProblemError

__all__ = [
    "After",
    "Limit",
    "Listed",
    "json_lines",
    "listed",
    "number_of",
    "paged",
    "wants_lines",
    "zoned",
]

T = TypeVar("T")

LINES = "application/x-ndjson"

Limit = Annotated[int, Query(ge=1, le=1_000, description="Most items of one answer.")]
After = Annotated[str | None, Query(description="The cursor `next` of the answer before.")]


class Listed(BaseModel, Generic[T]):
    """Some items of a list, and how to ask for more.

    Attributes
    ----------
    items : list
        In the list's order.
    next : str or None
        What to give as ``cursor`` for those that follow; None at the end.
    """

    items: list[T]
    next: str | None = Field(default=None, examples=["120"])


def listed(items: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> Listed[T]:
    """Return a page; one item more than asked for tells that there is another page."""
    more = len(items) > limit
    shown = list(items[:limit])
    return Listed(items=shown, next=cursor_of(shown[-1]) if more and shown else None)


def wants_lines(request: Request) -> bool:
    """Return whether a program asked for JSON Lines."""
    return LINES in request.headers.get("accept", "")


def json_lines(page: Listed[T], kind: type[T]) -> StreamingResponse:
    """Answer with one JSON value a line, and what comes next in the header ``X-Next-Cursor``."""
    adapter = TypeAdapter(kind)
    lines = (adapter.dump_json(item) + b"\n" for item in page.items)
    headers = {} if page.next is None else {"X-Next-Cursor": page.next}
    return StreamingResponse(lines, media_type=LINES, headers=headers)


def paged(items: Sequence[T], limit: int, cursor: str | None) -> Listed[T]:
    """Return a page of a list that is known whole.

    Raises
    ------
    ProblemError
        If the cursor is none.
    """
    first = number_of(cursor) or 0
    after = first + limit
    return Listed(items=list(items[first:after]), next=str(after) if after < len(items) else None)


def number_of(cursor: str | None) -> int | None:
    """Return the number that a cursor is.

    Raises
    ------
    ProblemError
        If it is none.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):
        raise ProblemError(422, f"A cursor is what `next` said; was {cursor[:40]!r}.")
    return int(cursor)


def zoned(instant: datetime | None) -> datetime | None:
    """Return an instant that has a zone, by UTC.

    Raises
    ------
    ProblemError
        If it has none, or lies where UTC has no year.
    """
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ProblemError(422, "An instant needs a time zone, such as 2026-08-21T20:00:00Z.")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ProblemError(422, f"{instant.isoformat()} is outside of the years 1 to 9999 of UTC.") from None
