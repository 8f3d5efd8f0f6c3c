"""``strikewise report``: the page of a kept run, or of several side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import Session
from strikewise.apps.reports.backtest_report import render_backtest
from strikewise.apps.reports.runs_report import render_runs
from strikewise.service.queries import kept_run

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def report(
    context: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(help="Kept runs, each by the beginning of its fingerprint; see `strikewise runs`."),
    ],
    out: Annotated[Path, typer.Option(help="Write the page to this file.")] = Path("report.html"),
) -> None:
    """Write the page of a kept run, or one that puts several runs side by side.

    For example:

        strikewise report 1f3a
        strikewise report 1f3a 77c0 90be --out three.html
    """
    session = Session.of(context)
    system = system_of(session)
    kept = [kept_run(system, name) for name in dict.fromkeys(runs)]
    page = render_backtest(kept[0]) if len(kept) == 1 else render_runs(kept)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    session.show(f"The page is in {out}.")
