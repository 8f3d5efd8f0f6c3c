"""``strikewise status``: whether it trades, what may be sent, and what is wrong."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import as_plain, show_status
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.service.daemon import current_status

__all__ = ["app"]

app = typer.Typer(add_completion=False)

NOT_WELL = 1


@app.command()
def status(
    context: typer.Context,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="End with exit code 1 where no process trades, or not everything is well."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show whether it trades, what may be sent, and what is wrong.

    Example:

        strikewise status --check
    """
    session = Session.of(context)
    found = current_status(system_of(session))
    if as_json:
        session.json(as_plain(found))
    else:
        show_status(session, found)
    well = found.running and found.state == "active" and found.connected and not found.reconciliation_open
    if check and not well:
        raise typer.Exit(NOT_WELL)
