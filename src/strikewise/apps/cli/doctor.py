"""``strikewise doctor``: check everything that strikewise stands on."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import typer
from rich.text import Text

from strikewise.apps.cli.checks import examine, examine_home
from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session, without_secrets
from strikewise.apps.cli.tables import LEFT, table
from strikewise.bootstrap.build import build_system
from strikewise.service.health import Condition, Level

__all__ = ["app"]

app = typer.Typer(add_completion=False)

MARKS = {
    Level.OK: ("ok", "green"),
    Level.WARN: ("warn", "bold black on yellow"),
    Level.FAIL: ("FAIL", "bold white on red"),
}


@app.command()
def doctor(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Check everything that strikewise stands on; ends with exit code 1 where something fails.

    Example:

        strikewise doctor --json
    """
    session = Session.of(context)
    home = home_of(session)
    with session.progress() as tell:
        tell("look", 0, 0)
        found = list(examine_home(home))
        if all(one.level is not Level.FAIL for one in found):
            found += examine(build_system(home))
    failed = any(one.level is Level.FAIL for one in found)
    if as_json:
        session.json({"sound": not failed, "checks": [asdict(one) for one in found]})
    else:
        _show(session, found)
    if failed:
        raise typer.Exit(1)


def _show(session: Session, found: list[Condition]) -> None:
    rows = []
    for one in found:
        text, style = MARKS[one.level]
        rows.append((Text(text, style), one.check, without_secrets(one.found), Text(one.advice, "cyan")))
    session.show(table((("", LEFT), ("Check", LEFT), ("Found*", LEFT), ("What to do*", LEFT)), rows))
    levels = Counter(one.level for one in found)
    if levels[Level.FAIL]:
        session.next(try_="strikewise doctor", why="again, once what failed is mended.")
    else:
        session.next(try_="strikewise scan", why="looks for what is worth opening.")
