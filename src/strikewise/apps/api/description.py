"""The OpenAPI document: what FastAPI finds, with our errors as they are sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from strikewise.apps.api.problems import MEDIA_TYPE, Problem

__all__ = ["describe"]

JSON = "application/json"
ABOUT = """\
Everything that the web page uses. Money is in cents; instants are ISO 8601 with their zone. Lists take
`limit` and `cursor` and tell what comes `next`; those of facts, trades, orders and signals come as JSON Lines
for `Accept: application/x-ndjson`, and tell it in the header `X-Next-Cursor`. Whoever sends an answer's
`ETag` back in `If-None-Match` gets 304 where nothing changed. Errors are `application/problem+json`.
Programs show a token in the header `Authorization: Bearer …`; pages have a session's cookie, and prove each
change by the header `X-CSRF-Token`. A command with an `Idempotency-Key` is done once, however often it is
sent. For signals as they come, listen to `/stream?kinds=signal`.
"""

STREAM_STATE: dict[str, Any] = {
    "title": "StreamState",
    "description": "What the events `snapshot` and `state` of a stream carry; a `delta` carries a FactView.",
    "type": "object",
    "required": ["seq", "status", "account", "positions"],
    "properties": {
        "seq": {"type": "integer"},
        "status": {"$ref": "#/components/schemas/StatusView"},
        "account": {"$ref": "#/components/schemas/AccountView"},
        "positions": {"type": "array", "items": {"$ref": "#/components/schemas/PositionPicture"}},
    },
}


def _tag(operation: dict[str, Any]) -> None:
    """Say that an answer has a tag, and what whoever knows it already is told."""
    tag = {"ETag": {"description": "Of this answer.", "schema": {"type": "string"}}}
    operation["responses"]["200"]["headers"] = tag
    operation["responses"]["304"] = {
        "description": "As it was: `If-None-Match` named its tag.",
        "headers": tag,
    }
    asked = {"type": "string", "examples": ['W/"0123456789abcdef"']}
    header = {"name": "If-None-Match", "in": "header", "required": False, "schema": asked}
    operation.setdefault("parameters", []).append(header)


def describe(app: FastAPI) -> dict[str, Any]:
    """Return an application's OpenAPI document."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=ABOUT, routes=app.routes
    )
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    schemas["StreamState"] = STREAM_STATE
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        if JSON in path.get("get", {}).get("responses", {}).get("200", {}).get("content", {}):
            _tag(path["get"])
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    answer["content"] = problem
    app.openapi_schema = document
    return document
