"""``strikewise alerts``: tell people what happens, by Telegram and everything that Apprise knows."""

from __future__ import annotations

import os
import signal
from threading import Event
from types import FrameType
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.beside import Beside
from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.saying import STYLES, aloud
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.alerts import RulesInForce, alert_process, rules_in_force, tell_on, try_channels

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def alerts() -> None:
    """Tell people what happens, and hear them by Telegram."""


@app.command()
def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Tell what is due now, and stop.")] = False,
    beside: Beside = 0,
) -> None:
    """Read the ledger on and tell people, until it is stopped.

    What was not told when it stopped is told when it runs again. The Telegram bot hears commands meanwhile.
    Settings that change are taken up without a restart. `strikewise run --alerts` does the same beside it.

    Example:

        strikewise alerts run
    """
    session, stop = Session.of(context), Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    home, say = home_of(session), aloud(session)
    if once:
        with alert_process(home, say, commands=False) as process:
            process.once()
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        tell_on(home, say, stop, alone=(lambda: os.getppid() != beside) if beside else None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    session.note("Stopped; what waits is told when it runs again.")


@app.command("test")
def try_them(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Send a message through every channel, and say what became of it.

    Example:

        strikewise alerts test
    """
    session = Session.of(context)
    found = try_channels(home_of(session), aloud(session))
    if as_json:
        session.json(
            [{"channel": one.channel, "sent": one.sent, "problem": one.problem or None} for one in found]
        )
    else:
        for one in found:
            said = Text("sent", "green") if one.sent else Text(f"not sent: {one.problem}", "red")
            session.out.print(Text.assemble((f"{one.channel}  ", "bold"), said), soft_wrap=True)
        session.next(try_="strikewise alerts run", why="tells people what happens, until it is stopped.")
    if not all(one.sent for one in found):
        raise typer.Exit(1)


@app.command()
def rules(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Show what is told, as how important, through what, and what waits.

    Example:

        strikewise alerts rules
    """
    session = Session.of(context)
    found = rules_in_force(home_of(session))
    if as_json:
        session.json(found.as_dict())
    else:
        _show(session, found)


def _show(session: Session, found: RulesInForce) -> None:
    table = Table("code", "level", "what it is", box=None, pad_edge=False)
    for code, level, told, meaning in found.codes:
        table.add_row(code, Text(level if told else "off", STYLES[level] if told else "dim"), meaning)
    session.show(table, "")
    channels = ", ".join(f"{name} from {level} on" for name, level in found.channels.items())
    quiet = f"{found.quiet} {found.zone}" if found.quiet else "none"
    lines = [
        ("channels", channels or "none: nobody is told"),
        ("quiet hours", quiet),
        ("at most", f"{found.rate} messages a minute through each"),
        ("the same trouble", f"is counted for {found.repeat_minutes} minutes instead of told anew"),
    ]
    for name, states in found.waiting.items():
        lines.append((f"outbox of {name}", ", ".join(f"{count} {state}" for state, count in states.items())))
    for name, value in lines:
        session.out.print(Text.assemble((f"{name:<17} ", "dim"), value), soft_wrap=True)
    session.next(try_="strikewise alerts test", why="sends a message through every channel.")
