"""The OpenAPI document: what FastAPI finds, with our errors as they are sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from strikewise.apps.api.problems import MEDIA_TYPE, Problem

__all__ = ["describe"]

ABOUT = """\
Everything that the web page uses. Money is in cents; instants are ISO 8601 with their zone. Lists take
`limit` and `cursor` and tell what comes `next`; those of facts, trades, orders and signals come as JSON Lines
for `Accept: application/x-ndjson`. Errors are `application/problem+json` (RFC 9457). Programs show a token in
the header `Authorization: Bearer …`; pages have a session's cookie, and prove each change by the header
`X-CSRF-Token`. A command with an `Idempotency-Key` is done once, however often it is sent.
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
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    answer["content"] = problem
    app.openapi_schema = document
    return document
