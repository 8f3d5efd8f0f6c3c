"""Lay out the API's own description, `dashboard/openapi.json`, as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reference_text import table

__all__ = ["api_page"]

DOCUMENT = Path(__file__).resolve().parent.parent / "dashboard" / "openapi.json"
FIELD = re.compile(r"^(?P<names>[a-z]\w*(?:, [a-z]\w*)*) : ", re.MULTILINE)
LISTED = re.compile(r"Listed_(\w+)_$")
PREFIX = "/api/v1"

Node = Mapping[str, Any]


def api_page() -> str:
    """Describe every operation and every value of the API."""
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    parts = [
        "# API",
        "Everything below is under `/api/v1`, save what begins with another slash. "
        "[How to use it](../how-to/use-the-api.md); the same for programs is at `/api/v1/openapi.json`.",
        document["info"]["description"].strip(),
    ]
    groups: dict[str, list[tuple[str, str, Node]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    for tag, operations in groups.items():
        parts.append(f"## {tag.capitalize()} routes")
        for method, path, operation in operations:
            parts += _operation(method, path, operation)
    parts.append("## Values")
    for name, schema in sorted(document["components"]["schemas"].items()):
        if not LISTED.match(name):
            parts += _schema(name, schema)
    return "\n\n".join(parts)


def _operation(method: str, path: str, operation: Node) -> Iterator[str]:
    yield f"### {method} {path.removeprefix(PREFIX)}"
    yield _told(operation.get("description") or operation["summary"])
    rows = [
        (f"`{one['name']}`", one["in"], _type(one["schema"]), _told(one.get("description", "")))
        for one in operation.get("parameters", ())
    ]
    if rows:
        yield table(("parameter", "in", "type", "what it is"), rows)
    said = []
    if body := operation.get("requestBody"):
        said.append(f"Takes {_content(body)}.")
    for code, answer in operation["responses"].items():
        if code.startswith("2"):
            said.append(f"Answers {code} with {_content(answer)}.")
    yield " ".join(said)


def _content(node: Node) -> str:
    kinds = node.get("content", {})
    told = [
        _type(kind["schema"]) if name == "application/json" else f"`{name}`" for name, kind in kinds.items()
    ]
    return " or ".join(told) or "nothing"


def _schema(name: str, schema: Node) -> Iterator[str]:
    yield f"### {name}"
    text = schema.get("description", "")
    if first := _told(text.partition("\n\n")[0]):
        yield first
    if "enum" in schema:
        yield f"One of {', '.join(f'`{one}`' for one in schema['enum'])}."
    meant = _meanings(text)
    rows = [
        (f"`{field}`", _type(one), _told(one.get("description", "")) or meant.get(field, ""))
        for field, one in schema.get("properties", {}).items()
    ]
    if rows:
        yield table(("field", "type", "what it is"), rows)


def _meanings(text: str) -> dict[str, str]:
    """Return what the ``Attributes`` of a numpy docstring say of each field."""
    found: dict[str, str] = {}
    section = re.split(r"^(?:Attributes|Parameters)\n-+\n", text, flags=re.MULTILINE)
    for body in section[1:]:
        heads = list(FIELD.finditer(body))
        ends = [*(head.start() for head in heads[1:]), len(body)]
        for head, end in zip(heads, ends, strict=True):
            said = body[head.end() : end].partition("\n")[2].split("\n\n")[0]
            for field in head["names"].split(", "):
                found[field] = _told(said)
    return found


def _told(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _type(schema: Node) -> str:
    if reference := schema.get("$ref"):
        name = str(reference).rpartition("/")[2]
        inner = LISTED.match(name)
        return f"a list of {_named(inner[1])}" if inner else _named(name)
    if several := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in several))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"map of {_type(schema['additionalProperties'])}"
    if "const" in schema:
        return f"`{schema['const']}`"
    return str(schema.get("format") or kind or "anything")


def _named(name: str) -> str:
    return f"[{name}](#{name.lower()})"
