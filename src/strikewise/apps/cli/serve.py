"""``strikewise serve``: the web page and the API."""

from __future__ import annotations

import importlib
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from strikewise.apps.cli.beside import alerts_beside
from strikewise.apps.cli.demo_account import SPEED, DemoAccount, Replay, demo_account
from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.saying import aloud
from strikewise.apps.cli.session import JsonFlag, Session, called
from strikewise.bootstrap.serve import ServePlan, serve_parts
from strikewise.service.errors import SettingsError

__all__ = ["app"]

app = typer.Typer(add_completion=False)

Host = Annotated[str, typer.Option(help="The address to listen on; others than this computer's need TLS.")]
Port = Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0, max=65535)]
Name = Annotated[
    list[str] | None, typer.Option("--name", help="A further name that browsers know it by; can be repeated.")
]
Proxy = Annotated[
    bool,
    typer.Option("--behind-proxy", help="A proxy that ends TLS stands before it; its word is believed."),
]
Certificate = Annotated[Path | None, typer.Option(help="A certificate for TLS, as PEM.", exists=True)]
Key = Annotated[Path | None, typer.Option(help="The certificate's key, as PEM.", exists=True)]
Again = Annotated[
    bool, typer.Option("--new-login", help="Print a one-time address even where there is a login already.")
]

Rehearsal = Annotated[
    Path | None, typer.Option(help="Show the account of this rehearsal's folder instead of the home's.")
]
Demo = Annotated[
    bool, typer.Option("--demo", help="Show an account that trades the replayed past of a market of its own.")
]
Speed = Annotated[
    float | None,
    typer.Option(help=f"With --demo: seconds of the past in a second; {SPEED:,.0f} if not said.", min=1),
]
Alerts = Annotated[
    bool,
    typer.Option("--alerts", help="Tell people what happens, as `strikewise alerts run` does."),
]


@app.command()
def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8300,
    name: Name = None,
    behind_proxy: Proxy = False,
    certificate: Certificate = None,
    key: Key = None,
    new_login: Again = False,
    rehearsal: Rehearsal = None,
    demo: Demo = False,
    speed: Speed = None,
    alerts: Alerts = False,
    as_json: JsonFlag = False,
) -> None:
    """Serve the web page and the API, to this computer alone unless told otherwise.

    The first start prints a one-time address that makes the administrator. It runs until it is interrupted.
    With --demo it needs no settings, data or network: it makes a market as `strikewise demo` does, and
    replays a year of it, a session in about three seconds.

    For example:

        strikewise serve --demo
        strikewise serve --port 8300
        strikewise serve --host 192.0.2.7 --certificate cert.pem --key key.pem --name trading.example.org
    """
    session = Session.of(context)
    plan = ServePlan(host, port, tuple(name or ()), behind_proxy, certificate, key)
    running = _running()
    if speed is not None and not demo:
        raise SettingsError("The speed is the demonstration's: add --demo, or leave out --speed.")
    if alerts and (demo or rehearsal is not None):
        raise SettingsError("People are told of the account, not of a rehearsal: leave out --alerts.")
    account = _demonstration(session, plan, rehearsal) if demo else None
    home, place = (home_of(session), rehearsal) if account is None else (account.home, account.place)
    with serve_parts(home, place) as parts, ExitStack() as stack:
        if alerts:
            stack.enter_context(alerts_beside(home, aloud(session)))
        server = running.RunningServer(running.server_of(parts, plan), plan)
        code = parts.access.setup_code(again=new_login or demo)
        setup = None if code is None else f"{server.url}/setup#{code}"
        if as_json:
            session.json({"url": server.url, "setup": setup})
        else:
            _introduce(session, server.url, setup, account)
        with nullcontext() if account is None else Replay(session, account, speed or SPEED):
            server.run()


def _demonstration(session: Session, plan: ServePlan, rehearsal: Path | None) -> DemoAccount:
    """Return the demonstration's account, where nothing contradicts it."""
    if rehearsal is not None:
        raise SettingsError("The demonstration is a rehearsal of its own: leave out --rehearsal or --demo.")
    if not plan.is_local:
        raise SettingsError("The demonstration is for this computer alone: leave out --host.")
    return demo_account(session)


def _running() -> Any:
    """Return the module that runs a server, where its extra is installed."""
    try:
        return importlib.import_module("strikewise.apps.api.running")
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"The package {error.name!r} is not installed: `pip install 'strikewise[api]'` brings it."
        ) from None


def _introduce(session: Session, url: str, setup: str | None, demo: DemoAccount | None) -> None:
    session.out.print(Text.assemble(("strikewise is at ", "bold"), (url, "cyan")), soft_wrap=True)
    if demo is not None:
        session.out.print(
            f"It shows a demonstration: nobody's money, trading {demo.first} to {demo.last} over option "
            "chains reconstructed from real closes.",
            soft_wrap=True,
        )
    if setup is not None:
        session.out.print(
            Text.assemble(
                "Open this once, within an hour, and choose a name and a password:\n  ", (setup, "cyan")
            ),
            soft_wrap=True,
        )
    if demo is None:
        session.note("Interrupt to stop it; trading goes on without it.")
    else:
        session.note(
            f"Interrupt to stop both; the next start goes on from there. The same account in the terminal: "
            f"{called()} --home {demo.place} status"
        )
