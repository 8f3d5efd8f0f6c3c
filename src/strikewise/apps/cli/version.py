"""``strikewise version``."""

from __future__ import annotations

import platform
from importlib import metadata

import typer

from strikewise.apps.cli.session import JsonFlag, Session

__all__ = ["app", "version_line"]

app = typer.Typer(add_completion=False)


def version_line() -> str:
    """Return the version in one line."""
    return f"strikewise {metadata.version('strikewise')}"


@app.command()
def version(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Print the version.

    Example:

        strikewise version --json
    """
    session = Session.of(context)
    about = {
        "strikewise": metadata.version("strikewise"),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    if as_json:
        session.json(about)
        return
    session.show(f"{version_line()} · Python {about['python']} · {about['platform']}")
    session.next(try_="strikewise doctor", why="checks the installation.")
