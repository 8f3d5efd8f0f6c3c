"""A verdict as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.columns import Columns
from rich.table import Table
from rich.text import Text

from strikewise.apps.chain_figures import limits_words
from strikewise.apps.cli.session import Session
from strikewise.apps.cli.tables import (
    LEFT,
    RIGHT,
    badge,
    coloured_percent,
    heading,
    pairs,
    soft,
    table,
)
from strikewise.apps.figures import count, percent, plain
from strikewise.apps.verdict_figures import (
    GATE_PARTS,
    asked,
    found,
    luck_rows,
    overfitting_words,
    regime_name,
    settings_words,
    short_by,
    superiority_words,
    walk_words,
)

__all__ = ["show_verdict"]

GOOD, BAD = "bold green", "bold red"


def show_verdict(session: Session, page: Mapping[str, Any]) -> None:
    """Print a verdict for people."""
    verdict = page["verdict"]
    period = f"{page['first']} to {page['last']}"
    session.show(
        heading(page["title"], period, badge(page["grade"]), soft(f"{page['sessions']:,} sessions")), ""
    )
    style = GOOD if verdict["passed"] else BAD
    for number, words in enumerate(verdict["words"]):
        session.show(Text(words, style=style if number == 0 else ""))
    session.show("", heading("Hard checks"), _checks(verdict), "")
    score, gate = verdict["score"], verdict["gate"]
    session.show(heading("Overfit score", _held(score)), _parts(score), "")
    session.show(heading("Deflated gate", _held(gate)), _gate(gate), "")
    session.show(heading("Luck"), pairs(luck_rows(page), columns=1), "")
    session.show(soft(overfitting_words(page)), soft(superiority_words(page)), soft(walk_words(page)), "")
    session.show(Columns([_growth(page), _regimes(page)], padding=(0, 6)), "")
    session.show(Columns([_lives(page), _disasters(page)], padding=(0, 6)), "")
    session.show(soft(settings_words(page)))
    if words := limits_words(page["chains"]):
        session.show(soft(words))


def _held(one: Mapping[str, Any]) -> Text:
    return Text(f"{plain(one['value'])} of {plain(one['bar'])}", style=GOOD if one["passed"] else BAD)


def _checks(verdict: Mapping[str, Any]) -> Table:
    rows = [
        (
            Text("✓", style=GOOD) if check["passed"] else Text("✗", style=BAD),
            check["name"],
            found(check),
            asked(check),
            Text(short_by(check), style="red"),
            soft(check["question"]),
        )
        for check in verdict["checks"]
    ]
    columns = (
        ("", LEFT),
        ("Check", LEFT),
        ("Found", RIGHT),
        ("Asked", RIGHT),
        ("Short by", RIGHT),
        ("Question*", LEFT),
    )
    return table(columns, rows)


def _parts(score: Mapping[str, Any]) -> Table:
    rows = [
        (part["name"], plain(part["value"]), plain(part["weight"]), soft(part["because"]))
        for part in score["parts"]
    ]
    return table((("Part", LEFT), ("Value", RIGHT), ("Weight", RIGHT), ("Because*", LEFT)), rows)


def _gate(gate: Mapping[str, Any]) -> Table:
    rows = [(name, plain(gate[key])) for key, name in GATE_PARTS.items()]
    return table((("Luck of", LEFT), ("Left", RIGHT)), rows)


def _growth(page: Mapping[str, Any]) -> Table:
    listed = [("this run", page["summary"]), *((one["name"], one) for one in page["baselines"])]
    rows = [
        (
            name,
            coloured_percent(one["annual_return"]),
            plain(one["sharpe"]),
            percent(one["max_drawdown"]),
        )
        for name, one in listed
    ]
    return table((("Beside", LEFT), ("A year", RIGHT), ("Sharpe", RIGHT), ("Drawdown", RIGHT)), rows)


def _regimes(page: Mapping[str, Any]) -> Table:
    rows = [
        (
            regime_name(row["regime"]),
            count(row["sessions"]),
            coloured_percent(row["return"]),
            plain(row["sharpe"]),
        )
        for row in page["regimes"]
    ]
    return table((("Market", LEFT), ("Sessions", RIGHT), ("Return", RIGHT), ("Sharpe", RIGHT)), rows)


def _lives(page: Mapping[str, Any]) -> Table:
    rows = []
    for key in ("days", "trades", "order"):
        one = page["lives"][key]
        if one is not None:
            grown, fallen = one["total_return"], one["max_drawdown"]
            rows.append(
                (
                    key,
                    f"{percent(grown['p05'])} to {percent(grown['p95'])}",
                    f"{percent(fallen['p05'])} to {percent(fallen['p95'])}",
                    percent(one["loss"]),
                )
            )
    columns = (("Drawn anew", LEFT), ("Return", RIGHT), ("Drawdown", RIGHT), ("Below start", RIGHT))
    return table(columns, rows)


def _disasters(page: Mapping[str, Any]) -> Table:
    rows = [
        (row["name"], percent(row["at_once"]), percent(row["worst"]), percent(row["against_calm"]))
        for row in page["disasters"]
    ]
    columns = (("Disaster", LEFT), ("That day", RIGHT), ("Worst", RIGHT), ("Beside calm", RIGHT))
    return table(columns, rows)
