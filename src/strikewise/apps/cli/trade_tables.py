"""Trades as a table: a line each where the terminal is wide enough, else two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.tables import LEFT, RIGHT, coloured_money, coloured_percent, fitting, table
from strikewise.apps.figures import UNKNOWN, count, money, session_day, short_legs

__all__ = ["trades_table"]

SHORT = 14

NARROW = (
    ("Trade", LEFT),
    ("Opened", LEFT),
    ("Legs*", LEFT),
    ("Units", RIGHT),
    ("Entry", RIGHT),
    ("Profit", RIGHT),
    ("Ended by", LEFT),
)
WIDE = (
    ("Trade", LEFT),
    ("Opened", LEFT),
    ("Closed", LEFT),
    ("Days", RIGHT),
    ("Strategy", LEFT),
    ("Legs*", LEFT),
    ("Units", RIGHT),
    ("Entry", RIGHT),
    ("Exit", RIGHT),
    ("Fees", RIGHT),
    ("Profit", RIGHT),
    ("On risk", RIGHT),
    ("Ended by", LEFT),
)


def trades_table(trades: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return trades in the order given."""
    short = _short_ids([trade["trade_id"] for trade in trades])
    return fitting(
        width,
        table(WIDE, [_one_line(trade, short) for trade in trades]),
        table(NARROW, [_two_lines(trade, short) for trade in trades]),
    )


def _short_ids(ids: Sequence[str]) -> int:
    """Return how many characters tell the ids apart, with the date and some at least."""
    for length in range(SHORT, max((len(name) for name in ids), default=SHORT)):
        if len({name[:length] for name in ids}) == len(set(ids)):
            return length
    return max((len(name) for name in ids), default=SHORT)


def _one_line(trade: Mapping[str, Any], short: int) -> list[str | Text]:
    return [
        trade["trade_id"][:short],
        session_day(trade["opened_at"]),
        _closed(trade),
        count(trade["days_held"]),
        trade["strategy"],
        short_legs(trade["legs"]),
        count(trade["quantity"]),
        cash_text(trade["entry"]),
        cash_text(trade["exit"]),
        money(trade["fees"], 2),
        coloured_money(trade["pnl"]),
        coloured_percent(trade["return_on_risk"]),
        trade["exit_reason"] or "",
    ]


def _two_lines(trade: Mapping[str, Any], short: int) -> list[str | Text]:
    def under(first: str, second: str) -> Text:
        return Text.assemble(first, "\n", (second, "dim"))

    return [
        trade["trade_id"][:short],
        under(session_day(trade["opened_at"]), _closed(trade)),
        under(short_legs(trade["legs"]), trade["strategy"]),
        count(trade["quantity"]),
        under(cash_text(trade["entry"]), cash_text(trade["exit"])),
        Text.assemble(coloured_money(trade["pnl"]), "\n", coloured_percent(trade["return_on_risk"])),
        under(trade["exit_reason"] or "", "" if trade["days_held"] is None else f"{trade['days_held']} days"),
    ]


def cash_text(paid: float | None) -> str:
    """Write cash as traders do: ``45.00 cr`` received, ``20.00 db`` paid."""
    if paid is None:
        return UNKNOWN
    return f"{abs(paid):,.2f} {'cr' if paid < 0 else 'db'}"


def _closed(trade: Mapping[str, Any]) -> str:
    closed: str | None = trade["closed_at"]
    return session_day(closed) if closed else "open"
