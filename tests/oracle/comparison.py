"""Hold the facts of a run against those that the plain backtester expects, one by one."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from oracle.plain_backtester import PlainFact

RELATIVE = 1e-9
"""Floats are sums and logarithms of the same numbers in another order."""
LEAST = 1e-12
ROUNDED = {"delta": 1.01e-4, "gamma": 1.01e-4, "theta": 1.01e-4, "vega": 1.01e-4}
"""The account's Greeks are rounded to four decimals, so that a hair's breadth may be a unit of the last."""


class Written(Protocol):
    """What is read of a fact in the ledger."""

    @property
    def kind(self) -> str: ...
    @property
    def known_at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def cause(self) -> int | None: ...
    @property
    def payload(self) -> str: ...


@dataclass(frozen=True)
class Difference:
    """The first fact on which both disagree, and where in it."""

    number: int
    where: str
    engine: object
    oracle: object
    before: str
    """The last facts on which they agreed."""

    def __str__(self) -> str:
        return (
            f"fact {self.number}, {self.where}:\n  the engine wrote  {_short(self.engine)}\n"
            f"  the oracle expects {_short(self.oracle)}\nbefore that both said:\n{self.before}"
        )


@dataclass(frozen=True)
class Comparison:
    """How many facts agreed, by kind, and the first that did not."""

    agreed: Counter[str]
    difference: Difference | None


def compare(engine: Sequence[Written], oracle: Sequence[PlainFact]) -> Comparison:
    """Compare two ledgers from the first fact on, until they differ."""
    agreed: Counter[str] = Counter()
    for number in range(1, max(len(engine), len(oracle)) + 1):
        one = _row(engine[number - 1]) if number <= len(engine) else None
        other = _expected(oracle[number - 1]) if number <= len(oracle) else None
        found = _first_difference(one, other, "fact")
        if found is not None:
            before = "\n".join(f"  {_short(_row(fact))}" for fact in engine[max(0, number - 4) : number - 1])
            return Comparison(agreed, Difference(number, *found, before))
        assert one is not None
        agreed[one["kind"]] += 1
    return Comparison(agreed, None)


def _row(fact: Written) -> dict[str, Any]:
    return {
        "kind": fact.kind,
        "known_at": fact.known_at.isoformat(),
        "actor": fact.actor,
        "cause": fact.cause,
        "payload": json.loads(fact.payload),
    }


def _expected(fact: PlainFact) -> dict[str, Any]:
    return {
        "kind": fact.kind,
        "known_at": fact.known_at.isoformat(),
        "actor": fact.actor,
        "cause": fact.cause,
        "payload": fact.payload,
    }


def _first_difference(one: Any, other: Any, where: str) -> tuple[str, object, object] | None:
    if isinstance(one, dict) and isinstance(other, dict):
        if one.get("kind") != other.get("kind") and where == "fact":
            return where, one, other
        for name in sorted({*one, *other}):
            if name not in one or name not in other:
                return f"{where}.{name}", one.get(name, "nothing"), other.get(name, "nothing")
            found = _first_difference(one[name], other[name], f"{where}.{name}")
            if found is not None:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list | tuple) and len(one) == len(other):
        for place, (each, its) in enumerate(zip(one, other, strict=True)):
            found = _first_difference(each, its, f"{where}[{place}]")
            if found is not None:
                return found
        return None
    return None if _equal(one, other, where) else (where, one, other)


def _equal(one: Any, other: Any, where: str) -> bool:
    if isinstance(one, float) and isinstance(other, float | int) and not isinstance(other, bool):
        name = where.rsplit(".", maxsplit=1)[-1]
        least = ROUNDED.get(name, LEAST) if where == f"fact.payload.{name}" else LEAST
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=least)
    return type(one) is type(other) and bool(one == other)


def _short(value: object) -> str:
    text = json.dumps(value, default=str) if isinstance(value, dict | list) else repr(value)
    return text if len(text) <= 1500 else f"{text[:1500]}…"
