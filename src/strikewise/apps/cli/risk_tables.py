"""The risk of an account as tables: limits with bars, breakers, stress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.tables import LEFT, RIGHT, coloured_money, coloured_percent, fitting, heading, table
from strikewise.apps.figures import EXCHANGE, UNKNOWN, count, money, percent, plain

__all__ = [
    "at_risk_line",
    "bar",
    "breakers_table",
    "grid_table",
    "limits_table",
    "positions_table",
    "risk_heading",
    "shocks_table",
    "warning_line",
]

BAR = 12
NEAR = 0.75
"""Use from which a limit is near."""
STATES = {"active": "bold green", "reducing": "bold black on yellow", "halted": "bold white on red"}

NAMES = {
    "limits.max_positions": "Positions",
    "limits.max_new_per_day": "Opened today",
    "limits.max_per_underlying": "On one underlying",
    "limits.max_per_strategy": "Of one strategy",
    "limits.max_loss_per_trade": "Loss of one trade",
    "limits.max_margin_per_trade": "Margin of a naked trade",
    "limits.max_at_risk": "Capital at risk",
    "limits.max_margin": "Margin",
    "governor.daily_loss": "Loss today",
    "governor.day_drawdown": "Fall from today's high",
    "governor.position_loss": "Loss of one position",
    "governor.position_loss_premiums": "Loss against its premium",
    "governor.max_sector": "One sector",
    "governor.max_correlation": "Correlation of two",
    "governor.max_notional": "Notional of one position",
    "governor.loss_streak": "Losses of one strategy in a row",
    "governor.strategy_drawdown": "Fall of one strategy",
    "governor.errors": "Errors of broker and data",
    "governor.rejections": "Rejections in a row",
    "governor.max_value_at_risk": "Value at risk",
    "governor.max_delta": "Delta",
    "governor.max_gamma": "Gamma",
    "governor.max_vega": "Vega",
}


def risk_heading(result: Mapping[str, Any]) -> Text:
    """Return whose risk it is, when, and what may be sent."""
    state = result["state"]
    word = state["state"]
    tag = Text(word.upper() if word == "active" else f" {word.upper()} ", style=STATES[word])
    line = heading(
        result["account"],
        _when(result["as_of"]),
        f"equity {money(result['equity'])}",
        tag,
    )
    if word != "active" or state["reason"]:
        why = " ".join(part for part in (state["reason"], state["detail"]) if part)
        line.append(f"  {why}", style="dim")
    if state["flatten"]:
        line.append("  closing everything", style="bold yellow")
    if state["by_person"]:
        line.append("  until a person resumes", style="dim")
    return line


def limits_table(rows: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return every limit, what is used of it, and a bar."""
    columns = (("Limit", LEFT), ("Used", RIGHT), ("Of", RIGHT), ("", RIGHT), ("", LEFT), ("Most of it", LEFT))
    cells = [
        (
            _name(row),
            _amount(row["used"], row["unit"]),
            _amount(row["limit"], row["unit"]),
            Text(percent(row["share"], 0), style=_tone(row["share"])),
            bar(row["share"]),
            Text(row["of"], style="red" if row["used"] is None else "dim"),
        )
        for row in rows
    ]
    return fitting(
        width, table(columns, cells), table((*columns[:5], ("Most of it*", LEFT)), cells, tight=True)
    )


def bar(share: float | None) -> Text:
    """Return a use as a bar: full at the limit, red beyond it, a question where it is not known."""
    if share is None:
        return Text("?" * BAR, style="red")
    filled = min(BAR, max(0, round(BAR * share)))
    if share > 0 and not filled:
        filled = 1
    made = Text("█" * filled, style=_tone(share))
    made.append("·" * (BAR - filled), style="dim")
    return made


def _name(row: Mapping[str, Any]) -> str:
    name = str(row["name"])
    return NAMES.get(name, name) + (" by Greeks" if row["of"] == "delta, gamma, vega" else "")


def _tone(share: float | None) -> str:
    if share is None or share > 1.0:
        return "red"
    return "yellow" if share >= NEAR else "green"


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return UNKNOWN
    return {"dollars": money, "count": count}.get(unit, plain)(value)


def at_risk_line(found: Mapping[str, Any]) -> Text:
    """Return what value at risk says, in a line."""
    if not found["known"]:
        return Text.assemble(
            ("Value at risk is not known, and nothing is opened: ", "red"), (found["unknown"], "red")
        )
    if not found["sessions"]:
        return Text("Nothing is held, so nothing is at risk.", style="dim")
    return Text.assemble(
        f"In {percent(found['confidence'], 0)} of the last {found['sessions']} sessions ",
        "all of this would have lost at most ",
        (money(found["historical"]), "bold"),
        " (by delta, gamma and vega ",
        (money(found["delta_gamma_vega"]), "bold"),
        f"); the worst, {found['worst_day']}, {money(found['worst'])}.",
    )


def positions_table(rows: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return what is held, what it loses now, and at which loss it would be closed."""
    columns = (
        ("Position*", LEFT),
        ("Strategy", LEFT),
        ("Units", RIGHT),
        ("Profit", RIGHT),
        ("Closed at", RIGHT),
        ("At risk", RIGHT),
        ("Sector", LEFT),
    )
    cells = [
        (
            row["structure"],
            row["strategy"],
            count(row["quantity"]),
            Text("ordered", style="dim") if row["pending"] else coloured_money(row["profit"], 0),
            UNKNOWN if row["closed_at_loss"] is None else money(-row["closed_at_loss"]),
            money(row["value_at_risk"]),
            row["sector"],
        )
        for row in rows
    ]
    return fitting(width, table(columns, cells), table(columns[:-1], [row[:-1] for row in cells], tight=True))


def breakers_table(rows: Sequence[Mapping[str, Any]], frozen: Mapping[str, str]) -> Table:
    """Return what is stopped, until when and why."""
    columns = (("Stopped", LEFT), ("By", LEFT), ("Until", LEFT), ("Why*", LEFT))
    cells: list[tuple[str | Text, ...]] = [
        (
            row["scope"],
            row["breaker"],
            Text("a person resumes", style="yellow") if row["until"] is None else _when(row["until"]),
            row["detail"],
        )
        for row in rows
    ]
    cells += [
        (f"underlying={symbol}", "frozen", Text("a person releases it", style="yellow"), why)
        for symbol, why in frozen.items()
    ]
    return table(columns, cells)


def grid_table(grid: Mapping[str, Any], days: int) -> Table:
    """Return profit over moves of price and volatility, some days later."""
    later = "Now" if days == 0 else f"{days} day{'s' if days > 1 else ''} later"
    columns = ((f"{later}: volatility", LEFT), *((_move(spot), RIGHT) for spot in grid["spots"]))
    rows = grid["profit"][grid["days"].index(days)]
    cells: list[Sequence[str | Text]] = [
        (_move(volatility), *(coloured_money(profit, 0) for profit in row))
        for volatility, row in zip(grid["volatilities"], rows, strict=True)
    ]
    return table(columns, cells, tight=True)


def shocks_table(rows: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return what days that happened would do to the book."""
    columns = (("Shock", LEFT), ("Profit", RIGHT), ("Of equity", RIGHT), ("Moves", LEFT), ("", LEFT))
    cells: list[tuple[str | Text, ...]] = [
        (
            row["name"],
            coloured_money(row["profit"], 0),
            coloured_percent(row["of_equity"]),
            _moves(row),
            Text(row["title"].partition(":")[0], style="dim"),
        )
        for row in rows
    ]
    narrow = (*columns[:3], ("Moves*", LEFT))
    return fitting(width, table(columns, cells), table(narrow, [row[:-1] for row in cells], tight=True))


def warning_line(row: Mapping[str, Any]) -> Text:
    """Return a warning."""
    return Text.assemble(("! ", "bold yellow"), row["text"])


def _moves(row: Mapping[str, Any]) -> str:
    named = [
        f"{symbol}{'*' if symbol in row['assumed'] else ''} {percent(move)}"
        for symbol, move in row["moves"].items()
    ]
    return ", ".join([*named, f"volatility {_move(row['volatility'])}"])


def _move(share: float) -> str:
    return f"{100 * share:+.0f}%" if share else "0%"


def _when(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(EXCHANGE):%Y-%m-%d %H:%M} New York"
