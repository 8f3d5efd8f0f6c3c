"""``strikewise explain``: why a trade was made, and how it ended."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.service.queries import explain as explain_trade

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    context: typer.Context,
    trade: Annotated[str, typer.Argument(help="The trade's id, or a unique beginning of it.")],
    run: Annotated[
        str | None,
        typer.Option(
            help="A kept run, by the beginning of its fingerprint; else the account, else the latest."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell why a trade was made, and how it ended.

    Example:

        strikewise explain k3v7q2 --run 5c0e77aa
    """
    session = Session.of(context)
    story = explain_trade(system_of(session), trade, run)
    if as_json:
        session.json(story.as_dict())
        return
    session.show(Text(story.text))
    session.next(try_="strikewise trades" + ("" if run is None else f" --run {run}"), why="lists the others.")
