"""``strikewise init``: make a data home."""

from __future__ import annotations

import typer

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.bootstrap.configuration import SETTINGS_TEMPLATE
from strikewise.bootstrap.settings import settings_path

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def init(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Make a data home with a settings file; nothing that is there is touched.

    Example:

        strikewise --home ~/strikewise init
    """
    session = Session.of(context)
    home = home_of(session)
    home.mkdir(parents=True, exist_ok=True)
    path = settings_path(home)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(SETTINGS_TEMPLATE)
    except FileExistsError:
        made = False
    else:
        made = True
    if as_json:
        session.json({"home": str(home), "settings": str(path), "made": made})
        return
    session.show(f"{'Made' if made else 'Left as it was:'} {path}")
    session.next(
        try_="strikewise data import PATH", why="brings market data in; `strikewise demo` needs none."
    )
