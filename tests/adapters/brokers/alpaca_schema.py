"""Hold every exchange with the local server to the vendor's own schemas.

Where these contradict what the vendor's kit sends and reads, or what its documentation shows, `EXCEPTIONS`
says so, one line each, as narrow as can be. An exception that is not needed any more is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from jsonschema.exceptions import best_match
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from shared_data import SHARED
from strikewise.adapters.brokers.alpaca_server.edge import OWN_PATH, Exchange

CONTRACTS = SHARED / "contracts" / "alpaca"
TRADING, DATA = "trading-api", "market-data-api"
METHODS = {"get", "post", "patch", "put", "delete"}


@dataclass(frozen=True)
class Exemption:
    """A place in a vendor's schema, what it becomes, and why.

    ``where`` is a JSON pointer; ``becomes`` replaces what is there, or adds it.
    """

    document: str
    where: str
    becomes: Any
    why: str


NUMBER = {"anyOf": [{"type": "string"}, {"type": "number"}]}
BODY = "requestBody/content/application~1json/schema/properties"


def _sent_as_number(*places: str) -> Iterator[Exemption]:
    for place in places:
        yield Exemption(
            TRADING, place, NUMBER, "the vendor's kit sends numbers where the schema asks for texts"
        )


EXCEPTIONS: tuple[Exemption, ...] = (
    Exemption(
        TRADING,
        "/components/schemas/Order/properties/asset_id",
        {"type": "string"},
        "a multi-leg parent has no asset: the vendor's example shows '', which is no UUID",
    ),
    Exemption(
        TRADING,
        "/components/schemas/Order/properties/symbol",
        {"type": "string"},
        "a multi-leg parent has no symbol: the vendor's example shows '', shorter than minLength",
    ),
    Exemption(
        TRADING,
        "/components/schemas/Order/properties/asset_class",
        {"type": "string", "enum": ["us_equity", "us_option", "crypto", "ipo", ""]},
        "a multi-leg parent has no class: the vendor's example shows ''",
    ),
    Exemption(
        TRADING,
        "/components/schemas/Order/properties/side",
        {"type": "string", "enum": ["buy", "sell", ""]},
        "a multi-leg parent has no side: the vendor's example shows ''",
    ),
    Exemption(
        TRADING,
        "/components/schemas/Order/properties/position_intent",
        {"type": "string", "enum": ["buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close", ""]},
        "a multi-leg parent has no intent: the kit turns '' into None because the vendor sends it",
    ),
    Exemption(
        TRADING,
        "/components/schemas/OrderLeg/properties/type",
        {"type": "string", "enum": ["market", "limit", ""]},
        "legs of a multi-leg order have no type of their own: the vendor's example shows ''",
    ),
    Exemption(
        TRADING,
        "/paths/~1v2~1account~1activities~1{activity_type}/get/responses/200/content/application~1json"
        "/schema/items",
        {
            "anyOf": [
                {"$ref": "#/components/schemas/TradingActivities"},
                {"$ref": "#/components/schemas/NonTradeActivities"},
            ]
        },
        "exactly one of two schemas without required members: every activity is valid under both",
    ),
    *(
        Exemption(
            TRADING,
            f"/components/parameters/{bound}/schema",
            {"type": "string", "format": "date"},
            "the vendor's kit asks for sessions between days, not instants",
        )
        for bound in ("legacy_start", "legacy_end")
    ),
    *_sent_as_number(
        f"/paths/~1v2~1orders/post/{BODY}/qty",
        f"/paths/~1v2~1orders/post/{BODY}/limit_price",
        "/components/schemas/MLegOrderLeg/properties/ratio_qty",
        "/components/schemas/PatchOrderRequest/properties/qty",
        "/components/schemas/PatchOrderRequest/properties/limit_price",
    ),
    Exemption(
        TRADING,
        "/components/schemas/NonTradeActivities/properties/date",
        {"type": "string", "format": "date"},
        "the vendor's examples date activities by days, not by instants",
    ),
)


class SchemaBreachError(AssertionError):
    """Something that the vendor's schema does not allow."""


class AlpacaSchema:
    """The vendor's interfaces, with the exemptions applied."""

    def __init__(self, exemptions: Sequence[Exemption] = EXCEPTIONS) -> None:
        self._documents = {name: _document(name, tuple(exemptions)) for name in (TRADING, DATA)}
        self._registry: Registry[Any] = Registry().with_resources(
            [(f"urn:{name}", Resource(contents, DRAFT4)) for name, contents in self._documents.items()]
        )

    def check_all(self, exchanges: Iterable[Exchange]) -> int:
        """Check exchanges that were not spoiled on purpose; return how many."""
        checked = [one for one in exchanges if not one.spoiled and not one.path.startswith(OWN_PATH)]
        for one in checked:
            self.check(one)
        return len(checked)

    def check(self, exchange: Exchange) -> None:
        """Check a request and its answer."""
        name, template, operation, parameters = self._operation(exchange)
        where = f"{exchange.method} {template}"
        refused = exchange.status >= 400
        if not refused:
            self._check_query(name, where, parameters, exchange)
            self._check_body(name, where, operation, exchange)
        self._check_answer(name, where, operation, exchange)

    def check_order(self, order: Any) -> None:
        """Check an order as the trade stream tells it: as the interface answers it."""
        self._fits(TRADING, {"$ref": f"urn:{TRADING}#/components/schemas/Order"}, order, "an update's order")

    def _operation(self, exchange: Exchange) -> tuple[str, str, Mapping[str, Any], list[Mapping[str, Any]]]:
        found = []
        for name, document in self._documents.items():
            for template, item in document["paths"].items():
                pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
                if exchange.method.lower() in METHODS & item.keys() and re.fullmatch(pattern, exchange.path):
                    found.append((template.count("{"), name, template, item))
        if not found:
            raise SchemaBreachError(f"{exchange.method} {exchange.path} is no request that the vendor knows")
        _, name, template, item = min(found, key=lambda one: one[0])
        operation = item[exchange.method.lower()]
        listed = [*item.get("parameters", ()), *operation.get("parameters", ())]
        return name, template, operation, [self._resolved(name, one) for one in listed]

    def _resolved(self, name: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            found: Any = self._documents[name]
            for key in part["$ref"].removeprefix(f"urn:{name}").removeprefix("#/").split("/"):
                found = found[key]
            part = found
        return part

    def _check_query(
        self, name: str, where: str, parameters: list[Mapping[str, Any]], exchange: Exchange
    ) -> None:
        known = {one["name"]: one for one in parameters if one["in"] == "query"}
        sent = dict(parse_qsl(exchange.query, keep_blank_values=True))
        if strange := sorted(sent.keys() - known.keys()):
            raise SchemaBreachError(f"{where}: the vendor knows no parameter {', '.join(strange)}")
        for key, one in known.items():
            if key in sent:
                schema = one["schema"]
                self._fits(name, schema, _typed(self._resolved(name, schema), sent[key]), f"{where}: {key}")
            elif one.get("required"):
                raise SchemaBreachError(f"{where}: the parameter {key} is required")

    def _check_body(self, name: str, where: str, operation: Mapping[str, Any], exchange: Exchange) -> None:
        asked = operation.get("requestBody")
        if asked is None:
            return
        schema = asked["content"]["application/json"]["schema"]
        self._fits(name, schema, json.loads(exchange.sent), f"{where}: what was sent")

    def _check_answer(self, name: str, where: str, operation: Mapping[str, Any], exchange: Exchange) -> None:
        what = f"{where}: the answer {exchange.status}"
        listed = operation["responses"].get(str(exchange.status))
        if listed is None and exchange.status < 400:
            raise SchemaBreachError(f"{what} is none that the vendor knows")
        content = {} if listed is None else self._resolved(name, listed).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None and exchange.status >= 400:
            name, schema = TRADING, {"$ref": "#/components/schemas/Error"}
        if schema is not None:
            self._fits(name, schema, json.loads(exchange.answer), what)
            if "/account/activities" in exchange.path and exchange.status < 400:
                self._check_activities(json.loads(exchange.answer), what)
        elif exchange.answer:
            raise SchemaBreachError(f"{what} has a body, and should have none: {exchange.answer!r}")

    def _check_activities(self, lines: list[Any], what: str) -> None:
        """Hold each activity to the schema of its kind: the list allows either, and each allows anything."""
        for line in lines:
            kind = "TradingActivities" if line["activity_type"] == "FILL" else "NonTradeActivities"
            self._fits(TRADING, {"$ref": f"#/components/schemas/{kind}"}, line, what)

    def _fits(self, name: str, schema: Any, value: Any, what: str) -> None:
        whole = _absolute(schema, name)
        validator = OAS30Validator(whole, registry=self._registry, format_checker=oas30_format_checker)
        if (problem := best_match(validator.iter_errors(value))) is not None:
            raise SchemaBreachError(f"{what}: {problem.json_path}: {problem.message}")


def _document(name: str, exemptions: Sequence[Exemption]) -> dict[str, Any]:
    document = json.loads(_text(name))
    for one in exemptions:
        if one.document == name:
            *path, last = (key.replace("~1", "/") for key in one.where.removeprefix("/").split("/"))
            place = document
            for key in path:
                place = place[key]
            place[last] = one.becomes
    return _absolute(document, name)


@cache
def _text(name: str) -> str:
    return (CONTRACTS / f"{name}.json").read_text(encoding="utf-8")


def _absolute(part: Any, name: str) -> Any:
    """Let references name their document."""
    if isinstance(part, dict):
        return {
            key: f"urn:{name}{value}"
            if key == "$ref" and str(value).startswith("#")
            else _absolute(value, name)
            for key, value in part.items()
        }
    return [_absolute(one, name) for one in part] if isinstance(part, list) else part


def _typed(schema: Mapping[str, Any], text: str) -> Any:
    """Read a parameter as its type; what cannot be read stays text, and then does not fit."""
    match schema.get("type"):
        case "integer":
            return int(text) if re.fullmatch(r"-?\d+", text) else text
        case "number":
            return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
        case "boolean":
            return {"true": True, "false": False}.get(text.lower(), text)
        case "array":
            return text.split(",")
    return text
