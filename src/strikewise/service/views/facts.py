"""The ledger for people: facts by kind and actor, and what a fact goes back to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strikewise.domain.errors import MissingDataError
from strikewise.portfolio.ledger import Fact, Ledger

__all__ = ["FactView", "fact_lineage", "fact_view", "facts_after"]

MOST = 1_000


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact with its payload as plain values; columns as in `strikewise.portfolio.ledger.Fact`."""

    seq: int
    kind: str
    known_at: datetime
    recorded_at: datetime
    actor: str
    cause: int | None
    payload: dict[str, Any]
    hash: str


def fact_view(fact: Fact) -> FactView:
    """Return a fact for people."""
    payload = json.loads(fact.payload)
    return FactView(
        fact.seq, fact.kind, fact.known_at, fact.recorded_at, fact.actor, fact.cause, payload, fact.hash
    )


def facts_after(
    ledger: Ledger, after: int, *, limit: int = 100, kinds: Iterable[str] = (), actor: str = ""
) -> tuple[FactView, ...]:
    """Return facts numbered above ``after``, in order.

    Parameters
    ----------
    ledger : Ledger
        Where they are.
    after : int
        The last that is known already; negative counts from the end: -100 begins a hundred before it.
    limit : int
        Most of them, at most `MOST`.
    kinds : iterable of str
        Only those; empty for all.
    actor : str
        Only his; empty for all.
    """
    wanted, start = frozenset(kinds), after if after >= 0 else max(0, ledger.head.seq + after)
    found: list[FactView] = []
    for fact in ledger.facts(after=start):
        if (not wanted or fact.kind in wanted) and (not actor or fact.actor == actor):
            found.append(fact_view(fact))
            if len(found) >= min(limit, MOST):
                break
    return tuple(found)


def fact_lineage(ledger: Ledger, seq: int) -> tuple[FactView, ...]:
    """Return a fact and everything it goes back to, and what it brought about at once; in order.

    Raises
    ------
    MissingDataError
        If there is no such fact.
    """
    facts = {fact.seq: fact for fact in ledger.facts()}
    if seq not in facts:
        raise MissingDataError(f"There is no fact {seq}; the ledger has {len(facts)}.")
    chosen = {seq, *(fact.seq for fact in facts.values() if fact.cause == seq)}
    cause = facts[seq].cause
    while cause is not None and cause not in chosen:
        chosen.add(cause)
        cause = facts[cause].cause
    return tuple(fact_view(facts[each]) for each in sorted(chosen))
