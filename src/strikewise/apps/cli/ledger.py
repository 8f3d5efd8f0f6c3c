"""``strikewise ledger``: check the account's ledger, copy it, and put a copy back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session, without_secrets
from strikewise.apps.cli.tables import heading, soft
from strikewise.bootstrap.ledgers import build_keeper
from strikewise.service.ledger import back_up_ledger, ledger_info, restore_ledger, verify_ledger_or_copy

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """Check the account's ledger, copy it, and put a copy back."""


@app.command()
def info(
    context: typer.Context,
    held: Annotated[
        bool, typer.Option("--held", help="End with exit code 1 where no process trades on it now.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Say where the ledger is, where it ends, and which process trades on it.

    Example:

        strikewise ledger info
    """
    session = Session.of(context)
    found = ledger_info(build_keeper(home_of(session)))
    if as_json:
        session.json({**found, "where": without_secrets(found["where"])})
    else:
        _show(session, found)
    if held and not any(lease["held"] for lease in found["leases"]):
        raise typer.Exit(1)


def _show(session: Session, found: dict[str, Any]) -> None:
    rows = [
        ("where", without_secrets(found["where"])),
        ("facts", f"{found['facts']:,}"),
        ("end", f"{found['facts']}:{found['hash']}"),
        ("first", _instant(found["first_at"])),
        ("last", _instant(found["last_at"])),
        ("size", f"{found['bytes'] / 1e6:,.1f} MB"),
        ("tables", f"revision {found['revision']}"),
        ("backups", found["backups"]),
    ]
    for name, value in rows:
        session.out.print(Text.assemble((f"{name:<8} ", "dim"), value), soft_wrap=True)
    for lease in found["leases"]:
        state = "trades" if lease["held"] else "traded"
        since = f"since {_instant(lease['since'])}, its lease ends {_instant(lease['until'])}"
        session.show(heading(f"{lease['holder']} {state} {lease['account']}", soft(since)))
    session.next(try_="strikewise ledger verify", why="checks every hash.")


@app.command()
def verify(
    context: typer.Context,
    backup: Annotated[Path | None, typer.Argument(help="A backup to check instead of the ledger.")] = None,
    noted: Annotated[
        str, typer.Option(help="NUMBER:HASH of an end that was printed before: it must still be there.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Check the whole ledger or a backup: every fact, every hash, nothing missing.

    For example:

        strikewise ledger verify
        strikewise ledger verify ledger.jsonl
    """
    session = Session.of(context)
    found = verify_ledger_or_copy(build_keeper(home_of(session)), backup, noted)
    if as_json:
        session.json(found)
        return
    session.show(f"{found['facts']:,} facts, and every hash holds.", f"End  {_end(found)}")
    if backup is None:
        session.next(try_="strikewise ledger backup", why="makes a copy of it.")
    else:
        session.next(try_=f"strikewise ledger restore {backup}", why="brings the ledger to where it ends.")


@app.command()
def backup(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(
            help="The file: .db is a SQLite database, .jsonl lines of JSON; else a new one in the home."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Copy the ledger while it is in use; the copy is read again before it gets its name.

    For example:

        strikewise ledger backup
        strikewise ledger backup ledger.jsonl
    """
    session = Session.of(context)
    made = back_up_ledger(build_keeper(home_of(session)), path)
    if as_json:
        session.json(made)
        return
    session.show(
        f"{made['facts']:,} facts are in {made['path']}, and every hash holds.", f"End  {_end(made)}"
    )
    session.next(try_=f"strikewise ledger restore {made['path']}", why="brings them back one day.")


@app.command()
def restore(
    context: typer.Context,
    backup: Annotated[Path, typer.Argument(help="What `strikewise ledger backup` wrote.")],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Take the place of a ledger with more or other facts; that one is set aside."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Bring the ledger to where a backup ends; a ledger that is ahead of it is left alone.

    The backup may come from another kind of database: that moves a ledger from one to the other.

    Example:

        strikewise ledger restore ledger.jsonl
    """
    session = Session.of(context)
    done = restore_ledger(build_keeper(home_of(session)), backup, replace=replace)
    if as_json:
        session.json(done)
        return
    session.show(
        f"The ledger has {done['facts']:,} facts, {done['added']:,} of them new.", f"End  {_end(done)}"
    )
    if done["aside"]:
        session.show(f"What was there before is in {done['aside']}.")
    session.next(try_="strikewise doctor", why="checks everything else.")


def _instant(text: str | None) -> str:
    return "-" if text is None else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def _end(found: dict[str, Any]) -> str:
    return f"{found['facts']}:{found['hash']}"
