"""``strikewise compare``: a published strategy index, replayed and put beside its levels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.chain_figures import limits_words
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import LEFT, RIGHT, badge, coloured_percent, heading, pairs, soft, table
from strikewise.apps.figures import percent
from strikewise.apps.reports.compare_report import render_compare
from strikewise.bootstrap.index_spec import INDEXES, index_spec, read_levels
from strikewise.service.compare import IndexComparison, IndexReplay, replay_index

__all__ = ["app"]

app = typer.Typer(add_completion=False)

YEARS = (("Year", LEFT), ("Replay", RIGHT), ("Index", RIGHT), ("Difference", RIGHT))
DAYS = ["%Y-%m-%d"]
FIRST, LAST = datetime(2018, 1, 2, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)


@app.command()
def compare(
    context: typer.Context,
    index: Annotated[str, typer.Argument(help=f"One of {', '.join(INDEXES)}.")],
    levels: Annotated[
        Path | None,
        typer.Option(help="The published levels: a CSV of dates and levels, daily or month-ends."),
    ] = None,
    underlying: Annotated[str, typer.Option(help="What is traded: its chains must be stored.")] = "SPX",
    start: Annotated[datetime, typer.Option("--from", formats=DAYS, help="First day.")] = FIRST,
    end: Annotated[datetime, typer.Option("--to", formats=DAYS, help="Last day.")] = LAST,
    out: Annotated[Path | None, typer.Option(help="Write a page with the plot to this file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Replay a published strategy index and put it beside its levels.

    The rule is the publisher's; fills are at mid and cost nothing, cash earns the bill rate.

    For example:

        strikewise compare BXM --levels BXM_History.csv --out bxm.html
        strikewise compare PUT --from 2020-01-02
    """
    session = Session.of(context)
    spec = index_spec(index, underlying, start.date(), end.date())
    published = None if levels is None else read_levels(levels)
    system = system_of(session)
    with session.progress() as tell:
        found = replay_index(system, spec, levels=published, progress=tell)
    told = found.as_dict()
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(render_compare(told), encoding="utf-8")
    if as_json:
        session.json(told)
        return
    _show(session, found)
    if words := limits_words([one.as_dict() for one in found.chains]):
        session.show("", soft(words))
    if out is not None:
        session.show("", f"The page is in {out}.")


def _show(session: Session, found: IndexReplay) -> None:
    first, last = found.curve[0], found.curve[-1]
    session.show(heading(f"{found.name} on {found.underlying}", badge(found.grade.value)))
    session.show(soft(f"{first[0]} to {last[0]}, fills at mid, no costs, bills on cash"), "")
    beside = found.comparison
    if beside is None:
        session.show(
            f"Worth {last[1] / first[1]:.4f} of its start. Without --levels there is nothing beside it."
        )
        return
    session.show(pairs(_figures(beside), columns=1), "")
    rows: list[list[str | Text]] = [
        [
            f"{year.year}" + ("" if year.months == 12 else f" ({year.months} months)"),
            coloured_percent(year.replay, 2),
            coloured_percent(year.index, 2),
            Text(f"{100 * year.difference:+.2f} points"),
        ]
        for year in beside.years
    ]
    session.show(table(YEARS, rows))


def _figures(beside: IndexComparison) -> list[tuple[str, str | Text]]:
    correlation = "–" if beside.correlation is None else f"{beside.correlation:.4f}"
    return [
        ("Months", f"{len(beside.months) - 1}"),
        ("Correlation of monthly returns", correlation),
        ("Tracking error a year", percent(beside.tracking_error, 2)),
        ("Return a year", f"{percent(beside.replay_cagr, 2)} against {percent(beside.index_cagr, 2)}"),
        (
            "Worst drawdown",
            f"{percent(beside.replay_drawdown, 1)} against {percent(beside.index_drawdown, 1)}",
        ),
    ]
