"""``strikewise dev``: what helps to build on strikewise and to rehearse with it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import heading, soft
from strikewise.bootstrap.rehearsal import AlpacaRehearsal, RehearsalPlan, fault_plan

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)

DAYS = ["%Y-%m-%d"]


@app.callback()
def dev() -> None:
    """Rehearse against a broker on this computer."""


@app.command("alpaca-server")
def alpaca_server(
    context: typer.Context,
    start: Annotated[datetime, typer.Option("--from", formats=DAYS, help="First day of stored chains.")],
    end: Annotated[datetime, typer.Option("--to", formats=DAYS, help="Last day.")],
    underlyings: Annotated[
        str, typer.Option(help="Whose options are traded, with commas between; all that are stored.")
    ] = "",
    speed: Annotated[
        float,
        typer.Option(help="Seconds of the past in a second; 0 stands still until it is moved.", min=0.0),
    ] = 0.0,
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0, max=65535)] = 0,
    cash: Annotated[
        float, typer.Option(help="Dollars in the account at the beginning.", min=0.0)
    ] = 100_000.0,
    level: Annotated[int, typer.Option(help="Approval level for options.", min=0, max=3)] = 3,
    limit: Annotated[
        int, typer.Option(help="Requests a minute, as Alpaca bounds them; 0 sets no limit.", min=0)
    ] = 200,
    faults: Annotated[Path | None, typer.Option(help="A plan of faults, as JSON.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of the plan's chances; without a plan, one is drawn from it.", min=0),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Serve Alpaca's protocol on this computer, over stored chains, with a simulated account.

    Orders, positions, activities, option chains and the trade stream are as with Alpaca; nothing of it
    leaves this computer. It runs until it is interrupted. Where time stands still, POST
    {"now": "2026-07-22T20:00:00Z"} to /_rehearsal/time moves it.

    For example:

        strikewise dev alpaca-server --from 2026-07-22 --to 2026-08-21 --underlyings SPY,QQQ --port 8765
        strikewise dev alpaca-server --from 2026-07-22 --to 2026-08-21 --speed 600 --seed 7
    """
    session = Session.of(context)
    plan = RehearsalPlan(
        underlyings=tuple(word.strip().upper() for word in underlyings.split(",") if word.strip()),
        start=start.date(),
        end=end.date(),
        speed=speed,
        cash=cash,
        level=level,
        port=port,
        limit=limit or None,
        faults=fault_plan(faults, seed),
    )
    with AlpacaRehearsal(home_of(session), plan) as rehearsal:
        _tell(session, rehearsal, as_json=as_json)
        try:
            rehearsal.wait()
        except KeyboardInterrupt:
            session.note("Stopped.")
    for kind in rehearsal.happened():
        session.note(f"happened: {kind}")


def _tell(session: Session, rehearsal: AlpacaRehearsal, *, as_json: bool) -> None:
    found = rehearsal.addresses()
    if as_json:
        session.json(found)
        return
    session.show(heading("A local Alpaca", soft("reachable from this computer alone")), "")
    for name, value in found.items():
        session.out.print(Text.assemble((f'{name} = "', "dim"), value, ('"', "dim")), soft_wrap=True)
    session.next(try_="strikewise run", why="in another terminal, with these addresses in its settings.")
