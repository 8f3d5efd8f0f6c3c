"""A full account looks for nothing; what is traded stays the same."""

from __future__ import annotations

import pytest

from engine.runs import reconstructed, spec, through_history
from strikewise.domain.events import OrderFilled, SignalGenerated
from strikewise.engine import decide
from strikewise.portfolio.ledger import Fact

LIMITS = {"max_positions": 2, "max_per_underlying": 2}


def fills(facts: list[Fact]) -> list[str]:
    return [fact.payload for fact in facts if fact.kind == OrderFilled.__name__]


def test_a_full_account_looks_for_nothing_and_trades_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = spec(limits=LIMITS)
    frugal = through_history(chosen, reconstructed())
    monkeypatch.setattr(decide, "has_seat", lambda *_: True)
    eager = through_history(chosen, reconstructed())
    assert fills(frugal) == fills(eager)
    assert fills(frugal)
    looked, looked_anyway = (
        sum(fact.kind == SignalGenerated.__name__ for fact in facts) for facts in (frugal, eager)
    )
    assert looked < looked_anyway / 2
