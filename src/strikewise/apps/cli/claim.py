"""``strikewise claim``: let a strategy manage a position that nobody here opened."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import show_answer
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.settings import user_name
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.control import ask_to_claim

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def claim(
    context: typer.Context,
    position: Annotated[str, typer.Argument(help="An external position, as `positions` names it.")],
    strategy: Annotated[str, typer.Argument(help="The strategy of the run that is to manage it.")],
    as_json: JsonFlag = False,
) -> None:
    """Let a strategy manage a position that nobody here opened.

    What the broker holds and strikewise did not open is counted for every limit, and not traded. From a claim
    on it is managed, and closed, as if the strategy had opened it.

    Example:

        strikewise claim ext-260722-abcdefgh credit_spread
    """
    session = Session.of(context)
    answer = ask_to_claim(system_of(session), wall_clock(), user_name(), position, strategy)
    show_answer(session, answer, as_json=as_json)
