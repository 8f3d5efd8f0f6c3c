"""``strikewise serve``: the web page and the API."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session
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
    as_json: JsonFlag = False,
) -> None:
    """Serve the web page and the API, to this computer alone unless told otherwise.

    The first start prints a one-time address that makes the administrator. It runs until it is interrupted.

    For example:

        strikewise serve --port 8300
        strikewise serve --host 192.0.2.7 --certificate cert.pem --key key.pem --name trading.example.org
    """
    session = Session.of(context)
    plan = ServePlan(host, port, tuple(name or ()), behind_proxy, certificate, key)
    running = _running()
    with serve_parts(home_of(session), rehearsal) as parts:
        server = running.RunningServer(running.server_of(parts, plan), plan)
        code = parts.access.setup_code(again=new_login)
        setup = None if code is None else f"{server.url}/setup#{code}"
        if as_json:
            session.json({"url": server.url, "setup": setup})
        else:
            _introduce(session, server.url, setup)
        server.run()


def _running() -> Any:
    """Return the module that runs a server, where its extra is installed."""
    try:
        return importlib.import_module("strikewise.apps.api.running")
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"The package {error.name!r} is not installed: `pip install 'strikewise[api]'` brings it."
        ) from None


def _introduce(session: Session, url: str, setup: str | None) -> None:
    session.out.print(Text.assemble(("strikewise is at ", "bold"), (url, "cyan")), soft_wrap=True)
    if setup is not None:
        session.out.print(
            Text.assemble("Nobody can log in yet. Open this once, within an hour:\n  ", (setup, "cyan")),
            soft_wrap=True,
        )
    session.note("Interrupt to stop it; trading goes on without it.")
