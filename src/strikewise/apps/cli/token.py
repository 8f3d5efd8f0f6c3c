"""``strikewise token``: what programs show instead of a password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import LEFT, table
from strikewise.bootstrap.serve import open_access
from strikewise.bootstrap.settings import user_name
from strikewise.service.access import ApiToken, Scope
from strikewise.service.errors import MissingDataError

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)

COLUMNS = (
    ("Token", LEFT),
    ("For*", LEFT),
    ("Scope", LEFT),
    ("Made", LEFT),
    ("By", LEFT),
    ("Ends", LEFT),
    ("Last used", LEFT),
)


@app.callback()
def token() -> None:
    """Make, list and take back tokens for programs."""


@app.command()
def create(
    context: typer.Context,
    label: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        Scope, typer.Option(help="What it allows; each scope has those before it.")
    ] = Scope.READ,
    days: Annotated[int, typer.Option(help="For how many days; 0 for ever.", min=0, max=3_650)] = 90,
    as_json: JsonFlag = False,
) -> None:
    """Make a token for a program; it is shown once and never again.

    Example:

        strikewise token create "my spreadsheet" --scope read --days 30
    """
    session = Session.of(context)
    with open_access(home_of(session)) as access:
        lasts = timedelta(days=days) if days else None
        text, made = access.tokens.make(label, scope, user_name(), lasts=lasts)
    if as_json:
        session.json({"text": text, **_as_dict(made)})
        return
    session.out.print(Text(text, style="bold"), soft_wrap=True)
    session.note("This is the only time it is shown. Programs send it as: Authorization: Bearer TOKEN")
    session.next(try_=f"strikewise token revoke {made.token_id}", why="takes it back.")


@app.command("list")
def list_(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List tokens, those that ended too.

    Example:

        strikewise token list
    """
    session = Session.of(context)
    with open_access(home_of(session)) as access:
        tokens = access.tokens.all()
    if as_json:
        session.json({"tokens": [_as_dict(one) for one in tokens]})
    elif tokens:
        session.show(table(COLUMNS, [_row(one) for one in tokens]))
        session.next(try_=f"strikewise token revoke {tokens[-1].token_id}", why="takes the last one back.")
    else:
        session.show("There is no token.")
        session.next(try_='strikewise token create "my program"', why="makes one.")


@app.command()
def revoke(
    context: typer.Context,
    token_id: Annotated[str, typer.Argument(help="As `strikewise token list` shows it.")],
    as_json: JsonFlag = False,
) -> None:
    """Take a token back: it is good for nothing from now on.

    Example:

        strikewise token revoke 1f3a77c0
    """
    session = Session.of(context)
    with open_access(home_of(session)) as access:
        revoked = access.tokens.revoke(token_id, user_name())
    if not revoked:
        raise MissingDataError(
            f"There is no token {token_id!r} that could be taken back: see `strikewise token list`."
        )
    if as_json:
        session.json({"revoked": token_id})
    else:
        session.show(f"{token_id} is good for nothing from now on.")


def _as_dict(made: ApiToken) -> dict[str, object]:
    return {
        "token_id": made.token_id,
        "label": made.label,
        "scope": made.scope.value,
        "made_by": made.made_by,
        "made_at": made.made_at.isoformat(),
        "expires_at": _iso(made.expires_at),
        "revoked_at": _iso(made.revoked_at),
        "used_at": _iso(made.used_at),
    }


def _row(made: ApiToken) -> list[str | Text]:
    ends = f"revoked {made.revoked_at:%Y-%m-%d}" if made.revoked_at else _day(made.expires_at, "never")
    return [
        made.token_id,
        made.label,
        made.scope.value,
        _day(made.made_at, ""),
        made.made_by,
        ends,
        _day(made.used_at, "never"),
    ]


def _day(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else f"{at:%Y-%m-%d}"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
