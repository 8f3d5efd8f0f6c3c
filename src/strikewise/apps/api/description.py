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
sent; where nobody knows whether it was done, it is refused (409, `unknown-outcome`) rather than done again.
For signals as they come, listen to `/stream?kinds=signal`.
"""

LINKS = {
    "orders": ("items/0/order_id", "order_id", ("orders/{order_id}",)),
    "positions": (
        "items/0/position_id",
        "position_id",
        ("positions/{position_id}", "positions/{position_id}/payoff"),
    ),
    "trades": ("items/0/trade_id", "trade_id", ("trades/{trade_id}", "trades/{trade_id}/explain")),
    "signals": ("items/0/signal_id", "signal_id", ("signals/{signal_id}",)),
    "facts": ("items/0/seq", "seq", ("facts/{seq}", "facts/{seq}/lineage")),
    "backtests": (
        "items/0/fingerprint",
        "fingerprint",
        ("backtests/{fingerprint}", "backtests/{fingerprint}/report"),
    ),
}
"""What a list's first item is asked further for: where its name stands, its parameter, the addresses."""

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


def _link(paths: dict[str, Any], prefix: str) -> None:
    """Say where answers lead: from a list to its items, from a command to what became of it."""
    for name, (pointer, parameter, targets) in LINKS.items():
        for target in targets:
            _add_link(paths, (f"{prefix}/{name}", "get"), f"{prefix}/{target}", parameter, pointer)
    for path, operations in paths.items():
        answers = operations.get("post", {}).get("responses", {}).get("202")
        if answers is not None:
            shown = answers["content"][JSON]["schema"].get("$ref", "")
            if shown.endswith("/Told"):
                request = f"{prefix}/control/requests/{{request}}"
                _add_link(paths, (path, "post"), request, "request", "request")
            elif shown.endswith("/JobTold"):
                _add_link(paths, (path, "post"), f"{prefix}/jobs/{{job_id}}", "job_id", "job_id")


def _add_link(
    paths: dict[str, Any], source: tuple[str, str], target: str, parameter: str, pointer: str
) -> None:
    path, verb = source
    answers = paths[path][verb]["responses"]
    links = answers.get("202", answers.get("200")).setdefault("links", {})
    aim = paths[target]["get"]
    links[aim["operationId"]] = {
        "operationId": aim["operationId"],
        "parameters": {parameter: f"$response.body#/{pointer}"},
        "description": aim["summary"],
    }


def describe(app: FastAPI, prefix: str) -> dict[str, Any]:
    """Return an application's OpenAPI document.

    Parameters
    ----------
    app : FastAPI
        The application.
    prefix : str
        What stands before the addresses of its API.
    """
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
    _link(document["paths"], prefix)
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
