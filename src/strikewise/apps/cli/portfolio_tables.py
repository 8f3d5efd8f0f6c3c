"""A run as a portfolio, as tables: strategies, months, regimes and campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.tables import LEFT, RIGHT, coloured_money, soft, table
from strikewise.apps.figures import count, money, percent, plain, session_day

__all__ = ["campaigns_table", "correlation_table", "months_table", "regimes_table", "strategies_table"]


def strategies_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return what each strategy came to."""
    columns = (
        ("Strategy", LEFT),
        ("Profit", RIGHT),
        ("Drawdown", RIGHT),
        ("Sharpe", RIGHT),
        ("Trades", RIGHT),
        ("Won", RIGHT),
        ("On margin", RIGHT),
        ("Fees", RIGHT),
        ("Signals", RIGHT),
        ("Refused", RIGHT),
    )
    cells = [
        (
            row["strategy"],
            coloured_money(row["pnl"], 0),
            money(row["max_drawdown"], 0),
            plain(row["sharpe"]),
            count(row["trades"]),
            percent(row["win_rate"], 0),
            percent(row["return_on_stake"]),
            money(row["fees"], 0),
            count(row["signals"]),
            count(sum(row["refused"].values())),
        )
        for row in rows
    ]
    return table(columns, cells)


def months_table(rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> Table:
    """Return the profit of each month, by strategy and together."""
    columns = (("Month", LEFT), *((label, RIGHT) for label in labels), ("Together", RIGHT))
    cells: list[tuple[str | Text, ...]] = [
        (
            f"{row['year']}-{row['month']:02d}",
            *(coloured_money(row["strategies"].get(label, 0.0), 0) for label in labels),
            coloured_money(row["pnl"], 0),
        )
        for row in rows
    ]
    return table(columns, cells)


def correlation_table(found: Mapping[str, Any]) -> Table:
    """Return how far the strategies' daily profits move together."""
    labels = found["strategies"]
    columns = (("", LEFT), *((label, RIGHT) for label in labels))
    cells: list[tuple[str | Text, ...]] = [
        (label, *(plain(value) for value in row)) for label, row in zip(labels, found["matrix"], strict=True)
    ]
    return table(columns, cells)


def regimes_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return days and trades by the market's regime; samples too small to conclude from are said to be."""
    columns = (
        ("Regime", LEFT),
        ("Days", RIGHT),
        ("Stretches", RIGHT),
        ("Profit", RIGHT),
        ("Sharpe", RIGHT),
        ("Trades", RIGHT),
        ("Won", RIGHT),
        ("Their profit", RIGHT),
        ("", LEFT),
    )
    cells: list[tuple[str | Text, ...]] = [
        (
            row["regime"].replace("_", " "),
            count(row["days"]),
            count(row["episodes"]),
            coloured_money(row["pnl"], 0),
            plain(row["sharpe"]),
            count(row["trades"]),
            percent(row["win_rate"], 0),
            coloured_money(row["trade_pnl"], 0),
            soft("small sample") if row["few"] else "",
        )
        for row in rows
    ]
    return table(columns, cells)


def campaigns_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return chains of rolls, each with its profit in all."""
    columns = (
        ("Campaign", LEFT),
        ("Strategy", LEFT),
        ("Underlying", LEFT),
        ("Opened", LEFT),
        ("Rolls", RIGHT),
        ("Days", RIGHT),
        ("Profit", RIGHT),
        ("Fees", RIGHT),
    )
    cells = [
        (
            row["campaign_id"],
            row["strategy"],
            row["underlying"],
            session_day(row["opened_at"]),
            count(row["rolls"]),
            count(row["days"]),
            coloured_money(row["pnl"], 0),
            money(row["fees"], 2),
        )
        for row in rows
    ]
    return table(columns, cells)
