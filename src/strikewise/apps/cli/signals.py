"""``strikewise signals``: what strategies saw, what was decided, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.signal_tables import signal_as_dict, signals_table
from strikewise.apps.cli.tables import heading, soft
from strikewise.service.answers import latest_signals

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def signals(
    context: typer.Context,
    top: Annotated[int, typer.Option(help="Show so many, the latest.", min=1)] = 20,
    strategy: Annotated[str, typer.Option(help="Only those of this strategy.")] = "",
    underlying: Annotated[str, typer.Option(help="Only those on this underlying.")] = "",
    answerable: Annotated[
        bool, typer.Option("--answerable", help="Only those that may be taken now.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the latest signals, and what became of each.

    Where the settings ask a person first (`ask_first` under [run]), what the limits let through waits here to
    be taken; what they refused may be taken too while it is fresh, and is judged anew.

    Example:

        strikewise signals --top 20
    """
    session = Session.of(context)
    found = latest_signals(
        system_of(session), limit=top, strategy=strategy, underlying=underlying.upper(), answerable=answerable
    )
    if as_json:
        session.json({"signals": [signal_as_dict(one) for one in found]})
        return
    if not found:
        session.show("No signal may be taken now." if answerable else "No signal was seen yet.")
        session.next(try_="strikewise status", why="says whether anybody trades.")
        return
    waiting = [one for one in found if one.answerable]
    told = f"{len(found)} shown, {len(waiting)} may be taken"
    session.show(heading("Signals", soft(told)), "")
    session.show(signals_table(found, session.out.width))
    if waiting:
        session.next(try_=f"strikewise take {waiting[0].signal_id}", why="has it ordered, judged anew.")
