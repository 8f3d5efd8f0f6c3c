"""``strikewise halt``: stop trading now, until a person resumes."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import show_answer
from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.controls import hoist_flag, wall_clock
from strikewise.bootstrap.settings import user_name
from strikewise.service.control import ask_to_halt

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
    answer = ask_to_halt(system_of(session), wall_clock(), who, reason, exits=exits)
    left = "Only what closes or reduces is sent" if exits else "Nothing but cancels is sent"
    show_answer(session, answer, as_json=as_json, done=f"{left}, until `strikewise resume`.")
