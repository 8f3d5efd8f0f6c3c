"""``strikewise run``: trade around the clock, on paper unless told otherwise."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.cli.beside import Beside, Say, alerts_beside, ended_with
from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.saying import aloud
from strikewise.apps.cli.session import Session
from strikewise.bootstrap.daemon import Process, RunPlan, trading_process
from strikewise.bootstrap.operation import BrokerName
from strikewise.bootstrap.parts import faults_of
from strikewise.bootstrap.rehearsal import fault_plan
from strikewise.bootstrap.spec_file import load_spec
from strikewise.service.errors import SettingsError

__all__ = ["app"]

app = typer.Typer(add_completion=False)

AT_ONCE = 130
"""What the program exits with when it is told to stop a second time."""

Spec = Annotated[
    Path | None,
    typer.Option(help="Trade the strategies of this specification instead of the settings'.", exists=True),
]
Live = Annotated[
    bool, typer.Option("--live", help='Trade real money; the settings must say `mode = "live"`.')
]
Replay = Annotated[
    str | None, typer.Option(help="Rehearse over the stored past: FIRST..LAST, two days.", metavar="DAYS")
]
Speed = Annotated[
    float, typer.Option(help="Seconds of the past in a second; 0 is as fast as it goes.", min=0)
]
Into = Annotated[
    Path | None, typer.Option(help="The folder of the rehearsal, resumed where there is one; else a new one.")
]
Faults = Annotated[
    int | None, typer.Option(help="Rehearse with faults at the broker's edge, drawn from this seed.", min=0)
]
Plan = Annotated[
    Path | None, typer.Option("--fault-plan", help="Rehearse with the faults of this file.", exists=True)
]
LedgerAt = Annotated[
    str, typer.Option("--ledger", help="Keep a rehearsal's facts in this database, as postgresql://….")
]
Via = Annotated[
    BrokerName,
    typer.Option("--through", help="Lead a rehearsal's orders through this broker's protocol, served here."),
]
Every = Annotated[
    int,
    typer.Option(
        help="Show a replayed day's chain all through its session, so many minutes apart, to rehearse its "
        "work; what is earned so says nothing. 0 shows it once, when it was taken.",
        min=0,
    ),
]
Once = Annotated[bool, typer.Option("--once", help="Look once, now, and stop.")]
Alerts = Annotated[
    bool,
    typer.Option("--alerts", help="Tell people what happens, as `strikewise alerts run` does."),
]
Until = Annotated[str | None, typer.Option(help="Stop at this instant, such as 2026-07-22T16:00-04:00.")]


@app.command()
def run(
    context: typer.Context,
    spec: Spec = None,
    live: Live = False,
    replay: Replay = None,
    speed: Speed = 0.0,
    into: Into = None,
    faults: Faults = None,
    plan_file: Plan = None,
    through: Via = BrokerName.SIMULATED,
    ledger: LedgerAt = "",
    every: Every = 0,
    once: Once = False,
    until: Until = None,
    alerts: Alerts = False,
    beside: Beside = 0,
) -> None:
    """Trade around the clock, on paper unless told otherwise.

    A first Ctrl-C (or SIGTERM) stops it when what it does is done, a second one at once. Whatever stops it,
    it goes on where it was when it is started again.

    Example:

        strikewise run --replay 2026-07-22..2026-08-21 --speed 1000
    """
    session = Session.of(context)
    drawn = fault_plan if through is BrokerName.ALPACA else faults_of
    plan = RunPlan(
        live=live,
        replay=None if replay is None else _days(replay),
        speed=speed,
        spec=None if spec is None else load_spec(spec),
        into=into,
        faults=drawn(plan_file, faults),
        through=through,
        ledger=ledger,
        every=every,
    )
    last = None if until is None else _instant(until)

    home, say = home_of(session), aloud(session)
    telling = _told(home, say, plan, alerts=alerts)
    with trading_process(home, plan, say) as process, telling:
        _introduce(session, process)
        with _stopped_by_signals(process), ended_with(beside, process.daemon.stop):
            ended = process.daemon.run(until=_earlier(process.until, last), once=once)
    session.note(ended.reason)
    if ended.code:
        raise typer.Exit(ended.code)


def _told(home: Path, say: Say, plan: RunPlan, *, alerts: bool) -> AbstractContextManager[None]:
    """Return what tells people meanwhile, where that was asked for."""
    if alerts and plan.replay is not None:
        raise SettingsError("People are told of the account, not of a rehearsal: leave out --alerts.")
    return alerts_beside(home, say) if alerts else nullcontext()


def _introduce(session: Session, process: Process) -> None:
    who = process.identity
    whose = {"paper": "nobody's money", "live": "REAL MONEY", "replay": "the stored past"}[who.mode]
    what = ", ".join(chosen.label for chosen in process.spec.strategies)
    session.err.print(
        Text.assemble(
            (f"Trading {whose}", "bold red" if who.mode == "live" else "bold"),
            f": account {who.account}, {what} on {', '.join(process.spec.underlyings)}, "
            f"through {who.broker}, by {who.feed}.",
        ),
        soft_wrap=True,
    )
    session.note(f"Ledger, halt flag and heartbeat are in {process.place}.")


@contextmanager
def _stopped_by_signals(process: Process) -> Iterator[None]:
    asked: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise SystemExit(AT_ONCE)
        process.daemon.stop(f"It was told to stop ({signal.Signals(number).name}).")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _days(text: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    try:
        return date.fromisoformat(first), date.fromisoformat(last if dots else first)
    except ValueError:
        raise SettingsError(
            f"A replay is named by its first and last day, as 2026-07-22..2026-08-21; was {text!r}."
        ) from None


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"An instant is written as 2026-07-22T16:00-04:00; was {text!r}.") from None
    if at.tzinfo is None:
        raise SettingsError(f"An instant needs its zone, as 2026-07-22T16:00-04:00; was {text!r}.")
    return at.astimezone(UTC)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
