"""Signals on a terminal and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.control_tables import fitted
from strikewise.apps.cli.tables import LEFT, RIGHT
from strikewise.apps.figures import money
from strikewise.service.views.signals import SignalView

__all__ = ["signal_as_dict", "signals_table"]

STYLES = {
    "offered": "bold yellow",
    "ordered": "green",
    "taken": "green",
    "denied": "red",
    "dismissed": "dim",
    "expired": "dim",
    "pending": "",
}


def signal_as_dict(one: SignalView) -> dict[str, Any]:
    """Return a signal in its JSON form: dollars, and instants as text."""
    return {
        "signal_id": one.signal_id,
        "at": one.at.isoformat(),
        "strategy": one.strategy,
        "underlying": one.underlying,
        "structure": one.describe,
        "price": one.price_cents / 100,
        "max_loss": None if one.max_loss_cents is None else one.max_loss_cents / 100,
        "probability": one.probability,
        "expected": one.expected_cents / 100,
        "score": one.score,
        "grade": one.grade,
        "because": dict(one.because),
        "decision": one.decision,
        "code": one.code or None,
        "detail": one.detail or None,
        "answerable": one.answerable,
        "until": None if one.until is None else one.until.isoformat(),
        "quantity": one.quantity,
        "exit": one.exit or None,
        "answered_by": one.answered_by or None,
        "taken_as": one.taken_as or None,
        "taken_from": one.taken_from or None,
        "outcome": _outcome_as_dict(one),
    }


def _outcome_as_dict(one: SignalView) -> dict[str, Any] | None:
    outcome = one.outcome
    if outcome is None:
        return None
    profit = outcome.profit_cents
    return {
        "trade_id": outcome.trade_id,
        "profit": None if profit is None else profit / 100,
        "closed_at": None if outcome.closed_at is None else outcome.closed_at.isoformat(),
        "exit_reason": outcome.exit_reason or None,
    }


def signals_table(found: Sequence[SignalView], width: int) -> Table:
    """Return signals, newest first, with as many columns as a terminal has room for."""
    columns = (
        ("Signal", LEFT),
        ("Seen", LEFT),
        ("Strategy", LEFT),
        ("Structure", LEFT),
        ("Price", RIGHT),
        ("Can lose", RIGHT),
        ("Odds", RIGHT),
        ("Decision", LEFT),
        ("Came to", RIGHT),
    )
    rows = [
        (
            one.signal_id,
            f"{one.at:%m-%d %H:%M}",
            one.strategy,
            one.describe,
            money(one.price_cents / 100, 2),
            "unbounded" if one.max_loss_cents is None else money(one.max_loss_cents / 100, 2),
            f"{one.probability:.0%}",
            _decision(one),
            _outcome(one),
        )
        for one in found
    ]
    return fitted(width, columns, rows, drops=(2, 1, 6))


def _decision(one: SignalView) -> Text:
    said = one.decision if one.decision != "denied" else one.code
    if one.answerable and one.until is not None:
        said += f", until {one.until:%m-%d %H:%M} UTC"
    elif one.answered_by:
        said += f" by {one.answered_by.removeprefix('person:')}"
    return Text(said, style=STYLES.get(one.decision, ""))


def _outcome(one: SignalView) -> str | Text:
    if one.outcome is None:
        return ""
    profit = one.outcome.profit_cents
    if profit is None:
        return "open"
    return Text(money(profit / 100, 2), style="green" if profit >= 0 else "red")
