"""``/logs``: what the programs of this home wrote down for people who look for a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from strikewise.apps.api.answers import Limit, Listed, zoned

__all__ = ["router"]

router = APIRouter(tags=["logs"])

LEVELS = {"debug": 0, "info": 1, "warning": 2, "error": 3, "critical": 4}


class LogLine(BaseModel):
    """A line: when, how grave, what, and its pairs."""

    at: datetime
    level: str
    event: str
    pairs: dict[str, Any] = Field(default_factory=dict)


@router.get("/logs", summary="Logs, newest first")
def logs(
    request: Request,
    limit: Limit = 200,
    after: Annotated[datetime | None, Query(description="Only later ones.")] = None,
    level: Annotated[Literal["debug", "info", "warning", "error"], Query(description="The least.")] = "info",
) -> Listed[LogLine]:
    """Return lines of the logs, without secrets."""
    since = zoned(after)
    latest = cast("Callable[[], Iterator[dict[str, Any]]]", request.state.logs)
    lines = (line for one in latest() if (line := _line(one)) is not None)
    found = (
        line
        for line in lines
        if LEVELS.get(line.level, 4) >= LEVELS[level] and (since is None or line.at > since)
    )
    return Listed(items=sorted(islice(found, limit), key=lambda line: line.at, reverse=True))


def _line(told: dict[str, Any]) -> LogLine | None:
    pairs = {name: value for name, value in told.items() if name not in {"at", "level", "event"}}
    try:
        at = datetime.fromisoformat(str(told["at"]))
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return LogLine(
        at=at, level=str(told.get("level", "error")), event=str(told.get("event", "")), pairs=pairs
    )
