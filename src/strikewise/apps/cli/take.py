"""``strikewise take``: have a signal ordered."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import show_answer
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.settings import user_name
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.control import ask_to_take

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def take(
    context: typer.Context,
    signal: Annotated[str, typer.Argument(help="A signal, as `signals` names it; the beginning is enough.")],
    reason: Annotated[str, typer.Option(help="Why, in your words.")] = "asked for",
    as_json: JsonFlag = False,
) -> None:
    """Have a signal ordered that was offered, or that the limits refused before.

    The process that trades prices it anew, sizes it anew, and judges it by every limit, as it does its own
    signals: what a limit refuses is told with its numbers. A signal is taken once.

    Example:

        strikewise take k3qzr4 --reason "I like the strikes"
    """
    session = Session.of(context)
    answer = ask_to_take(system_of(session), wall_clock(), user_name(), signal, reason)
    show_answer(session, answer, as_json=as_json)
