"""``strikewise halt``: stop trading now, until a person resumes."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.flag import hoist_flag
from strikewise.bootstrap.settings import user_name

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def halt(
    context: typer.Context,
    reason: Annotated[str, typer.Argument(help="Why, in your words.")] = "asked for",
    exits: Annotated[
        bool, typer.Option("--exits", help="Stop new risk only: what closes or reduces is still sent.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Stop trading now, until a person resumes.

    A flag in the data home goes up first: it is read before every order, so that this works while the process
    is stuck, and when the ledger fails. What was at work to open is taken back; what is held stays held.

    Example:

        strikewise halt "quotes look wrong" --exits
    """
    session = Session.of(context)
    who = user_name()
    hoist_flag(home_of(session), who, reason, exits=exits)
    # Everything else is loaded now that nothing new is sent any more.
    request = importlib.import_module("strikewise.apps.cli.halt_request")
    request.write_request(session, who, reason, exits=exits, as_json=as_json)
