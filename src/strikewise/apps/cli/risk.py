"""``strikewise risk``: limits and their use, breakers, value at risk and stress on the account's book."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.instants import instant_of
from strikewise.apps.cli.risk_tables import (
    at_risk_line,
    breakers_table,
    grid_table,
    limits_table,
    positions_table,
    risk_heading,
    shocks_table,
    warning_line,
)
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import soft
from strikewise.service.risk import GRID_DAYS, account_risk

__all__ = ["app"]

app = typer.Typer(add_completion=False)

AsOf = Annotated[
    str | None,
    typer.Option(
        help="A day (its close) or an instant with zone; the ledger's last, or a later chain's, if not given."
    ),
]
Feed = Annotated[str | None, typer.Option(help="Ask this feed instead of the store: alpaca or cboe.")]
Days = Annotated[int, typer.Option(help="How many days later the stress grid looks: 0, 1, 5 or 21.")]


@app.command()
def risk(
    context: typer.Context,
    as_of: AsOf = None,
    feed: Feed = None,
    days: Days = 0,
    as_json: JsonFlag = False,
) -> None:
    """Show limits and their use, breakers, value at risk and stress.

    All on the account's book as it stands, at the latest prices.

    For example:

        strikewise risk
        strikewise risk --days 5
        strikewise risk --json
    """
    session = Session.of(context)
    if days not in GRID_DAYS:
        known = ", ".join(str(one) for one in GRID_DAYS)
        raise typer.BadParameter(f"The grid has no {days}: it has {known}.", param_hint="--days")
    system = system_of(session)
    with session.progress() as tell:
        tell("revalue the book", 0, 0)
        result = account_risk(system, as_of=None if as_of is None else instant_of(as_of), feed=feed).as_dict()
    if as_json:
        session.json(result)
        return
    session.show(risk_heading(result), "", limits_table(result["limits"], session.out.width))
    session.show("", at_risk_line(result["value_at_risk"]))
    if result["positions"]:
        session.show("", positions_table(result["positions"], session.out.width))
    if result["breakers"] or result["frozen"]:
        session.show("", breakers_table(result["breakers"], result["frozen"]))
    if result["stress"] is not None:
        session.show(
            "", grid_table(result["stress"], days), "", shocks_table(result["shocks"], session.out.width)
        )
        session.show(
            soft("All at once, nothing traded meanwhile. An asterisk: beta not known, taken as one.")
        )
    for one in result["warnings"]:
        session.show(warning_line(one))
    session.next(try_="strikewise halt", why="stops new orders.")
