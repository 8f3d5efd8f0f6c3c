"""``strikewise flatten``: close what is held."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import show_answer
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.settings import user_name
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.control import ask_to_close, ask_to_flatten, stands_still
from strikewise.service.errors import SettingsError

__all__ = ["app"]

app = typer.Typer(add_completion=False)

STANDS_STILL = (
    "Trading is halted, and nothing is closed before `strikewise halt --exits` or `strikewise resume`."
)


@app.command()
def flatten(
    context: typer.Context,
    underlying: Annotated[
        str | None, typer.Argument(help="Close only what is held on it; everything if not given.")
    ] = None,
    position: Annotated[str | None, typer.Option(help="Close only this position.")] = None,
    reason: Annotated[str, typer.Option(help="Why, in your words.")] = "asked for",
    force: Annotated[
        bool, typer.Option("--force", help="Close what has no fresh quotes too, at whatever the market pays.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Close everything, all on one underlying, or one position.

    Closing everything also stops new risk, until a person resumes; after a halt it lets exits go again.
    Orders are sent by the process that trades, in the session; external positions are left alone. What has no
    fresh quotes is kept until it has, for nobody knows what closing it would cost; with --force it is
    offered at the last known quotes, then worse and worse, and at last at the market (a spread for no more
    than it can be worth).

    Example:

        strikewise flatten SPY --reason "too much of it"
    """
    session, clock, who = Session.of(context), wall_clock(), user_name()
    system = system_of(session)
    if position is not None:
        if underlying is not None:
            raise SettingsError("Name an underlying or a position to close, not both.")
        answer = ask_to_close(system, clock, who, position, reason, force=force)
    else:
        answer = ask_to_flatten(system, clock, who, reason, (underlying or "").upper(), force=force)
    show_answer(session, answer, as_json=as_json, done=STANDS_STILL if stands_still(system) else "")
