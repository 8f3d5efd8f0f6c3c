"""What a run over the past came to, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from strikewise.apps.chain_figures import ORIGIN_COLUMNS, origin_rows
from strikewise.apps.cli.tables import (
    LEFT,
    RIGHT,
    badge,
    coloured_money,
    coloured_percent,
    heading,
    pairs,
    soft,
    table,
)
from strikewise.apps.figures import count, fill_name, money, percent, plain, session_day

__all__ = [
    "exits_table",
    "fills_table",
    "missing_quotes_table",
    "origins_table",
    "run_heading",
    "summary_table",
    "years_table",
]

SIDE_BY_SIDE = 140
"""Columns of a terminal from which three figures stand side by side."""

FIGURES: tuple[tuple[str, str, str], ...] = (
    ("net_profit", "Net profit", "gain"),
    ("total_return", "Return", "return"),
    ("cagr", "Return a year", "return"),
    ("volatility", "Volatility a year", "percent"),
    ("sharpe", "Sharpe ratio", "plain"),
    ("sortino", "Sortino ratio", "plain"),
    ("max_drawdown", "Worst drawdown", "percent"),
    ("max_drawdown_days", "Its length, days", "count"),
    ("end_equity", "Equity at the end", "money"),
    ("exposure", "Sessions with a position", "percent"),
    ("turnover", "Turnover a year", "plain"),
    ("trades", "Trades closed", "count"),
    ("win_rate", "Won", "percent"),
    ("profit_factor", "Profit factor", "plain"),
    ("expectancy", "Average a trade", "cents"),
    ("average_win", "Average gain", "cents"),
    ("average_loss", "Average loss", "cents"),
    ("average_days_held", "Average days held", "plain"),
    ("costs", "Commissions and fees", "money"),
)
FORMS: Mapping[str, Callable[[float | None], str | Text]] = {
    "gain": lambda value: coloured_money(value, 0),
    "return": coloured_percent,
    "percent": percent,
    "plain": plain,
    "count": count,
    "money": money,
    "cents": lambda value: money(value, 2),
}


def run_heading(result: Mapping[str, Any]) -> Text:
    """Return the name of a run, its period, and how far its data can be believed."""
    equity = result["equity"]
    period = f"{session_day(equity[0]['at'])} to {session_day(equity[-1]['at'])}" if equity else "no session"
    sessions = soft(f"{len(equity):,} sessions")
    return heading(result["title"], period, badge(result["grade"]), sessions)


def summary_table(summary: Mapping[str, Any], width: int) -> Table:
    """Return the figures of a run, several side by side."""
    shown: list[tuple[str, str | Text]] = [
        (name, FORMS[form](summary[key])) for key, name, form in FIGURES if key in summary
    ]
    return pairs(shown, columns=3 if width >= SIDE_BY_SIDE else 2)


def years_table(years: Sequence[Mapping[str, Any]]) -> Table:
    """Return each year's return, profit and deepest fall."""
    rows = [
        (
            str(row["year"]),
            coloured_percent(row["return"]),
            coloured_money(row["pnl"], 0),
            percent(row["max_drawdown"]),
        )
        for row in years
    ]
    return table((("Year", LEFT), ("Return", RIGHT), ("Profit", RIGHT), ("Drawdown", RIGHT)), rows)


def exits_table(exits: Sequence[Mapping[str, Any]]) -> Table:
    """Return how trades ended, and what each way brought."""
    rows = [
        (
            row["reason"],
            count(row["trades"]),
            percent(row["win_rate"], 0),
            coloured_money(row["pnl"], 0),
            money(row["pnl"] / row["trades"] if row["trades"] else None, 2),
        )
        for row in exits
    ]
    columns = (("Ended by", LEFT), ("Trades", RIGHT), ("Won", RIGHT), ("Profit", RIGHT), ("Average", RIGHT))
    return table(columns, rows)


def fills_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the same run at each share of the half-spread."""
    columns = (
        ("Fills pay", LEFT),
        ("Profit", RIGHT),
        ("Return", RIGHT),
        ("Drawdown", RIGHT),
        ("Sharpe", RIGHT),
        ("Trades", RIGHT),
        ("Won", RIGHT),
    )
    return table(
        columns,
        [
            (
                fill_name(row["f"]),
                coloured_money(row["net_profit"], 0),
                coloured_percent(row["total_return"]),
                percent(row["max_drawdown"]),
                plain(row["sharpe"]),
                count(row["trades"]),
                percent(row["win_rate"], 0),
            )
            for row in rows
        ],
    )


def origins_table(origins: Sequence[Mapping[str, Any]]) -> Table:
    """Return where the chains of a run came from."""
    columns = [(name, LEFT if text else RIGHT) for name, text in ORIGIN_COLUMNS]
    return table(columns, origin_rows(origins))


def missing_quotes_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the held contracts that had no usable quote for a while, and how each was marked."""
    columns = (
        ("Contract", LEFT),
        ("Policy", LEFT),
        ("Marks", RIGHT),
        ("First", LEFT),
        ("Last", LEFT),
        ("Last price", RIGHT),
    )
    cells = [
        (
            row["instrument"],
            row["policy"],
            count(row["marks"]),
            row["first"],
            row["last"],
            plain(row["last_price"]),
        )
        for row in rows
    ]
    return table(columns, cells)
