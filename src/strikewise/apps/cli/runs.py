"""``strikewise runs``: the runs over the past that were kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import LEFT, RIGHT, badge, coloured_percent, table
from strikewise.apps.figures import count, percent, plain
from strikewise.service.queries import kept_runs

__all__ = ["app"]

app = typer.Typer(add_completion=False)

SHOWN = 20
COLUMNS = (
    ("Run", LEFT),
    ("Name*", LEFT),
    ("Data", LEFT),
    ("From", LEFT),
    ("To", LEFT),
    ("Return", RIGHT),
    ("Drawdown", RIGHT),
    ("Sharpe", RIGHT),
    ("Trades", RIGHT),
)


@app.command()
def runs(
    context: typer.Context,
    top: Annotated[int, typer.Option(help="Show so many, the latest first.", min=1)] = SHOWN,
    as_json: JsonFlag = False,
) -> None:
    """List the runs that were kept.

    Example:

        strikewise runs --top 5
    """
    session = Session.of(context)
    kept = kept_runs(system_of(session))
    if as_json:
        whole = ("fingerprint", "title", "grade", "spec", "data", "summary")
        session.json({"runs": [{name: run[name] for name in whole} for run in kept[:top]]})
        return
    if not kept:
        session.show("No run was kept yet.")
        session.next(try_="strikewise backtest SPEC.toml", why="makes the first.")
        return
    session.show(table(COLUMNS, [_row(run) for run in kept[:top]]))
    session.next(
        try_=f"strikewise trades --run {str(kept[0]['fingerprint'])[:8]}",
        why="lists the trades of the latest.",
    )


def _row(run: Mapping[str, Any]) -> list[str | Text]:
    summary, spec = run["summary"], run["spec"]
    return [
        str(run["fingerprint"])[:8],
        spec["name"],
        badge(run["grade"]),
        spec["start"],
        spec["end"],
        coloured_percent(summary["total_return"]),
        percent(summary["max_drawdown"]),
        plain(summary["sharpe"]),
        count(summary["trades"]),
    ]
