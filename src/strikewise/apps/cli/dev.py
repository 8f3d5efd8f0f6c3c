"""``strikewise dev``: what helps to build on strikewise and to rehearse with it."""

from __future__ import annotations

import signal
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

Start = Annotated[datetime, typer.Option("--from", formats=DAYS, help="First day of stored chains.")]
End = Annotated[datetime, typer.Option("--to", formats=DAYS, help="Last day.")]
Underlyings = Annotated[
    str, typer.Option(help="Whose options are traded, with commas between; all that are stored.")
]
Speed = Annotated[
    float, typer.Option(help="Seconds of the past in a second; 0 stands still until it is moved.", min=0.0)
]
Port = Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0, max=65535)]
Cash = Annotated[float, typer.Option(help="Dollars in the account at the beginning.", min=0.0)]
Level = Annotated[int, typer.Option(help="Approval level for options.", min=0, max=3)]
Limit = Annotated[int, typer.Option(help="Requests a minute, as Alpaca bounds them; 0 sets no limit.", min=0)]
Faults = Annotated[Path | None, typer.Option(help="A plan of faults, as JSON.")]
Seed = Annotated[
    int | None,
    typer.Option(help="Seed of the plan's chances; without a plan, one is drawn from it.", min=0),
]


@app.callback()
def dev() -> None:
    """Rehearse against a broker on this computer."""


@app.command("alpaca-server")
def alpaca_server(
    context: typer.Context,
    start: Start,
    end: End,
    underlyings: Underlyings = "",
    speed: Speed = 0.0,
    port: Port = 0,
    cash: Cash = 100_000.0,
    level: Level = 3,
    limit: Limit = 200,
    faults: Faults = None,
    seed: Seed = None,
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
    with AlpacaRehearsal.of(home_of(session), plan) as rehearsal:
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.default_int_handler)
        _tell(session, rehearsal, as_json=as_json)
        try:
            rehearsal.wait()
        except KeyboardInterrupt:
            session.note("Stopped.")
    for fault in rehearsal.happened():
        session.note(f"happened: {fault}")


def _tell(session: Session, rehearsal: AlpacaRehearsal, *, as_json: bool) -> None:
    found = rehearsal.addresses()
    if as_json:
        session.json(found)
        return
    session.show(heading("A local Alpaca", soft("reachable from this computer alone")), "")
    lines = ["[broker]", 'name = "alpaca"']
    lines += [f'{name} = "{found[name]}"' for name in ("account_id", "url", "stream_url", "data_url")]
    for line in lines:
        session.out.print(Text(line), soft_wrap=True)
    session.show("")
    for name, value in (("APCA_API_KEY_ID", found["key"]), ("APCA_API_SECRET_KEY", found["secret"])):
        session.out.print(Text(f"export {name}={value}", "dim"), soft_wrap=True)
    session.next(
        try_=f"curl {found['url']}/_rehearsal/time", why="says what time it is there; interrupt to stop."
    )
