"""``strikewise dismiss``: put a signal aside for the day."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import show_answer
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.settings import user_name
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.control import ask_to_dismiss

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def dismiss(
    context: typer.Context,
    signal: Annotated[str, typer.Argument(help="A signal, as `signals` names it; the beginning is enough.")],
    reason: Annotated[str, typer.Option(help="Why, in your words.")] = "asked for",
    as_json: JsonFlag = False,
) -> None:
    """Put a signal aside for the day.

    Its structure is not proposed again until the next session.

    Example:

        strikewise dismiss k3qzr4 --reason "earnings tomorrow"
    """
    session = Session.of(context)
    answer = ask_to_dismiss(system_of(session), wall_clock(), user_name(), signal, reason)
    show_answer(session, answer, as_json=as_json)
