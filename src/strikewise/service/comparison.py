"""Ours beside the broker's, line by line, as a reconciliation left them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import Instrument, instrument_symbol, parse_instrument
from strikewise.domain.money import format_cents
from strikewise.domain.reconciled import DifferenceFound, ReconciliationFailed, ReconciliationFinished
from strikewise.execution.differing_holdings import LEFT_TO_A_PERSON
from strikewise.execution.planner import BOT
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.projection import AccountState

__all__ = ["Comparison", "comparison_of"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours beside the broker's, line by line.

    Attributes
    ----------
    lines : tuple of dict
        ``what`` (and its ``name`` in words), ``ours``, ``theirs``, ``action`` and ``reason`` of each holding,
        of each order at work, and of cash.
    agreed : bool
        Whether both sides agree now.
    problem : str
        Why the broker's side could not be seen; empty where it could.
    written : bool
        Whether what differed was put right in the ledger.
    """

    lines: tuple[dict[str, str], ...]
    agreed: bool
    problem: str
    written: bool

    @property
    def for_a_person(self) -> tuple[str, ...]:
        """The underlyings on which nothing is set right before a person has looked."""
        left = (one["what"] for one in self.lines if one["action"] == LEFT_TO_A_PERSON)
        return tuple(sorted({what.partition(":")[0] for what in left}))

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "agreed": self.agreed,
            "written": self.written,
            "problem": self.problem or None,
            "lines": list(self.lines),
        }


def comparison_of(state: AccountState, records: Iterable[Record] | None, *, written: bool) -> Comparison:
    """Return both sides as a reconciliation left them.

    Parameters
    ----------
    state : AccountState
        Ours, after it.
    records : iterable of Record or None
        What it wrote; None where the broker has nothing that could differ.
    written : bool
        Whether it did so in the ledger.
    """
    found: list[DifferenceFound] = []
    problem, open_ = "" if records is None else "the broker was not asked", 0
    for record in records or ():
        match record.event:
            case DifferenceFound() as one:
                found.append(one)
            case ReconciliationFailed(reason=reason):
                problem = reason
            case ReconciliationFinished(open=left):
                problem, open_ = "", left
            case _:
                pass
    lines = [_line(one) for one in _latest(found)]
    named = {one["what"] for one in lines}
    if not problem:
        lines += [_same(what, both) for what, both in _both_have(state) if what not in named]
    agreed = not problem and not open_ and (written or not found)
    return Comparison(tuple(lines), agreed, problem, written)


def _both_have(state: AccountState) -> Iterator[tuple[str, str]]:
    """Yield what both sides have where nothing else is said: holdings, orders at work, and cash."""
    held: dict[Instrument, int] = {}
    for position in state.positions.values():
        for holding in position.holdings:
            held[holding.instrument] = held.get(holding.instrument, 0) + holding.quantity
    yield from ((instrument_symbol(one), f"{count:+d}") for one, count in held.items() if count)
    yield from ((name, "working") for name in state.open_orders)
    yield "account", format_cents(state.cash_cents + state.fees_owed.due_cents)


def _latest(found: Sequence[DifferenceFound]) -> list[DifferenceFound]:
    """Return differences without those that a later word about the same thing replaces."""
    return list({(one.kind, one.what): one for one in found}.values())


def _same(what: str, both: str) -> dict[str, str]:
    line = {"ours": both, "theirs": both, "action": "", "reason": ""}
    return {"what": what, "name": _in_words(what), **line}


def _in_words(what: str) -> str:
    """Return what a line is about as people call it: a contract, shares, an order, cash."""
    if what == "account":
        return "cash"
    if what.startswith(f"{BOT}-"):
        return f"order {what}"
    try:
        return str(parse_instrument(what)) if ":" in what or what.isupper() else what
    except InstrumentError:
        return what


def _line(one: DifferenceFound) -> dict[str, str]:
    return {
        "what": one.what,
        "name": _in_words(one.what),
        "ours": one.ours,
        "theirs": one.theirs,
        "action": one.action,
        "reason": one.reason,
    }
