"""``strikewise resume``: let trading go on."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import show_answer
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.settings import user_name
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.control import ask_to_release, ask_to_resume

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def resume(
    context: typer.Context,
    reason: Annotated[str, typer.Argument(help="Why, in your words.")] = "looked at",
    symbol: Annotated[
        str | None, typer.Option(help="Only let this frozen underlying be traded again; the rest stays.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Let trading go on after a halt, or on an underlying that was frozen.

    The halt flag comes down, what only a person may take back is taken back, and breakers without an end are
    reset. Breakers that end by themselves hold on.

    Example:

        strikewise resume "the feed is back"
    """
    session, clock = Session.of(context), wall_clock()
    system = system_of(session)
    if symbol is not None:
        answer = ask_to_release(system, clock, user_name(), symbol.upper(), reason)
        show_answer(session, answer, as_json=as_json)
        return
    answer = ask_to_resume(system, clock, user_name(), reason)
    show_answer(session, answer, as_json=as_json, done="Trading may go on.")
