"""``strikewise data``: import market data, and judge what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strikewise.apps.cli.data_tables import audit_table, flaws_table, import_table, stored_table
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import heading, soft
from strikewise.apps.reports.audit_report import render_audit
from strikewise.service.commands import import_data
from strikewise.service.queries import audit as audit_of
from strikewise.service.queries import stored

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def data() -> None:
    """Import market data, and judge what is stored."""


@app.command("import")
def import_(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file, or a folder with all in it.")],
    underlying: Annotated[
        str | None, typer.Option(help="The symbol, for files that do not say whose options they hold.")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="Read files as this format instead of recognising it.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Import chains, bars, rates and calendars: all of a file or folder, or nothing.

    For example:

        strikewise data import ~/chains
        strikewise data import spy_eod_2023.txt --underlying SPY
    """
    session = Session.of(context)
    system = system_of(session)
    symbol = None if underlying is None else underlying.upper()
    with session.progress() as tell:
        report = import_data(system, path, underlying=symbol, file_format=file_format, progress=tell)
    result = report.as_dict()
    if as_json:
        session.json(result)
        return
    session.show(import_table(result))
    for example in result["examples"]:
        session.show(soft(f"e.g. {example}"))
    session.next(try_="strikewise data audit", why="says how far these data can be believed.")


@app.command()
def audit(
    context: typer.Context,
    underlyings: Annotated[
        list[str] | None, typer.Argument(help="Whose chains; all that are stored if not given.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a picture of the coverage into this file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how complete and how sound the stored chains are.

    For example:

        strikewise data audit
        strikewise data audit SPY QQQ --html audit.html
    """
    session = Session.of(context)
    system = system_of(session)
    with session.progress() as tell:
        tell("read every row", 0, 0)
        found = [one.as_dict() for one in audit_of(system, [name.upper() for name in underlyings or ()])]
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_audit(found), encoding="utf-8")
    if as_json:
        session.json({"underlyings": found})
        return
    if not found:
        session.show("There are no chains yet.")
        session.next(try_="strikewise data import PATH", why="brings some in.")
        return
    session.show(audit_table(found, session.out.width), "")
    session.show(heading("Flaws", soft("share of all rows; a row can have several")), flaws_table(found))
    if html is None:
        session.next(try_="strikewise data audit --html audit.html", why="draws which days are there.")
    else:
        session.next(try_=str(html), why="is the picture of the coverage; open it in a browser.")


@app.command()
def status(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List what is stored.

    Example:

        strikewise data status
    """
    session = Session.of(context)
    system = system_of(session)
    held = [one.as_dict() for one in stored(system)]
    if as_json:
        session.json({"home": str(system.home), "chains": held})
        return
    session.show(heading("Data home", str(system.home)), "")
    if not held:
        session.show("There are no chains yet.")
        session.next(try_="strikewise data import PATH", why="brings some in.")
        return
    session.show(stored_table(held))
    session.next(try_="strikewise scan", why="looks at the latest of them.")
