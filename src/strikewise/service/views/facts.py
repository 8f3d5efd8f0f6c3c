"""The ledger for people: facts by kind and actor, and what a fact goes back to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strikewise.domain.errors import MissingDataError
from strikewise.domain.events import EVENT_TYPES
from strikewise.portfolio.ledger import Fact, Ledger, Wanted

__all__ = ["FactView", "fact_at", "fact_lineage", "fact_view", "facts_after", "kinds_named"]

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
    ledger: Ledger,
    after: int,
    *,
    limit: int = 100,
    kinds: Iterable[str] = (),
    actor: str = "",
    before: int | None = None,
    newest: bool = False,
) -> tuple[FactView, ...]:
    """Return facts numbered above ``after``, in order; with ``newest`` the last of them, newest first.

    Parameters
    ----------
    ledger : Ledger
        Where they are.
    after : int
        The last that is known already; negative counts from the end: -100 begins a hundred before it.
    limit : int
        Most of them.
    kinds : iterable of str
        Only those; empty for all. Names that are no kind find nothing.
    actor : str
        Only his; empty for all.
    before : int, optional
        Only those numbered below.
    newest : bool
        Whether the last are wanted.
    """
    start = after if after >= 0 else max(0, ledger.head.seq + after)
    wanted = Wanted(kinds=tuple(dict.fromkeys(kinds)), actor=actor, after=start, before=before)
    return tuple(map(fact_view, ledger.find(wanted, limit, newest=newest)))


def kinds_named(words: Iterable[str]) -> frozenset[str]:
    """Return the kinds of facts that words name: a kind itself, or what several begin with.

    ``signal`` names all that is told of signals, ``order`` of orders, ``OrderFilled`` fills alone; upper and
    lower case are alike.

    Raises
    ------
    MissingDataError
        If a word names none.
    """
    found: set[str] = set()
    for word in words:
        named = {kind for kind in EVENT_TYPES if kind.lower().startswith(word.lower())} if word else set()
        if not named:
            raise MissingDataError(
                f"No fact is called {word!r}: ask for signal, order, position, or a kind such as OrderFilled."
            )
        found |= {word} if word in EVENT_TYPES else named
    return frozenset(found)


def fact_at(ledger: Ledger, seq: int) -> Fact:
    """Return the fact of a number.

    Raises
    ------
    MissingDataError
        If there is none.
    """
    found = ledger.find(Wanted(after=seq - 1, before=seq + 1), 1)
    if not found:
        raise MissingDataError(f"There is no fact {seq}; the ledger has {ledger.head.seq}.")
    return found[0]


def fact_lineage(ledger: Ledger, seq: int) -> tuple[FactView, ...]:
    """Return a fact and everything it goes back to, and what it brought about at once; in order.

    At most `MOST` facts that it brought about are told.

    Raises
    ------
    MissingDataError
        If there is no such fact.
    """
    fact = fact_at(ledger, seq)
    chosen = {one.seq: one for one in (fact, *ledger.find(Wanted(cause=seq), MOST))}
    while fact.cause is not None:  # a cause is an earlier fact: the way ends
        fact = fact_at(ledger, fact.cause)
        chosen[fact.seq] = fact
    return tuple(fact_view(chosen[each]) for each in sorted(chosen))
