"""``strikewise orders``: what is at work at the broker, and what became of the last ones."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.control_tables import orders_table, show_answer
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import heading, soft
from strikewise.bootstrap.settings import user_name
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.control import ask_to_cancel
from strikewise.service.daemon import orders_of

__all__ = ["app"]

app = typer.Typer(add_completion=False)

SHOWN = 10


@app.command()
def orders(
    context: typer.Context,
    ended: Annotated[int, typer.Option(help="Show so many of those that ended, the latest.", min=0)] = SHOWN,
    cancel: Annotated[str | None, typer.Option(help="Take this order back instead.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is taken back, in your words.")] = "asked for",
    as_json: JsonFlag = False,
) -> None:
    """Show what is at work at the broker and what ended, or take one back.

    Example:

        strikewise orders --ended 20
    """
    session = Session.of(context)
    system = system_of(session)
    if cancel is not None:
        answer = ask_to_cancel(system, wall_clock(), user_name(), cancel, reason)
        show_answer(session, answer, as_json=as_json)
        return
    found = orders_of(system, ended=ended)
    if as_json:
        session.json({"orders": found})
        return
    if not found:
        session.show("No order was ever placed.")
        session.next(try_="strikewise status", why="says whether anybody trades.")
        return
    working = sum(one["working"] for one in found)
    session.show(heading("Orders", soft(f"{working} at work, {len(found) - working} ended")), "")
    session.show(orders_table(found, session.out.width))
