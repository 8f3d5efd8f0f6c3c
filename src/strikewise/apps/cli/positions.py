"""``strikewise positions``: what is held, and what is on its way."""

from __future__ import annotations

import typer

from strikewise.apps.cli.control_tables import positions_table
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import heading, soft
from strikewise.service.daemon import positions_of

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def positions(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Show what is held and what is on its way, as the ledger has it.

    Example:

        strikewise positions
    """
    session = Session.of(context)
    found = positions_of(system_of(session))
    if as_json:
        session.json({"positions": found})
        return
    if not found:
        session.show("Nothing is held, and nothing is on its way.")
        session.next(try_="strikewise status", why="says whether anybody trades.")
        return
    session.show(heading("Positions", soft(f"{len(found)} held or on their way")), "")
    session.show(positions_table(found, session.out.width))
    session.next(try_="strikewise risk", why="values them, and says what they risk.")
