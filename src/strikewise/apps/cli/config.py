"""``strikewise config``: show and check the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import JsonFlag, Session, without_secrets
from strikewise.apps.cli.specification import read_document
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.settings import settings_path
from strikewise.bootstrap.spec_file import make_spec

__all__ = ["app", "settings_text"]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def config() -> None:
    """Show and check the settings."""


@app.command()
def show(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Print every setting that is in force, defaults filled in, passwords left out.

    Example:

        strikewise config show
    """
    session = Session.of(context)
    home = home_of(session)
    path = settings_path(home)
    document = load_settings(home).model_dump(mode="json")
    document["ledger"]["url"] = without_secrets(document["ledger"]["url"])
    if as_json:
        session.json({"home": str(home), "file": str(path) if path.exists() else None, "settings": document})
        return
    origin = f"{path} and defaults" if path.exists() else f"defaults; there is no {path}"
    session.out.print(Text(f"# {origin}", style="dim"), soft_wrap=True)
    session.out.print(Text("\n".join(settings_text(document))), soft_wrap=True)
    if path.exists():
        session.next(try_="strikewise config check", why="after a change.")
    else:
        session.next(try_="strikewise init", why="makes the file.")


@app.command()
def check(
    context: typer.Context,
    specs: Annotated[
        list[Path] | None, typer.Argument(help="Specifications of runs to check as well.")
    ] = None,
) -> None:
    """Check the settings, and specifications of runs: every key and value.

    For example:

        strikewise config check
        strikewise config check spy-puts.toml
    """
    session = Session.of(context)
    home = home_of(session)
    build_system(home)
    path = settings_path(home)
    session.show(f"{path}: sound." if path.exists() else f"There is no {path}: the defaults are in force.")
    for spec in specs or ():
        make_spec(read_document(spec), where=str(spec), name=spec.stem)
        session.show(f"{spec}: sound.")
    if specs:
        session.next(try_=f"strikewise backtest {specs[0]}", why="runs it.")
    else:
        session.next(try_="strikewise config show", why="prints what is in force.")


def settings_text(document: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Yield settings as lines of TOML; a key that is not set is a comment."""
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    plain = {key: value for key, value in document.items() if key not in tables}
    if name and (plain or not tables):
        yield f"\n[{name}]"
    for key, value in plain.items():
        yield f"# {key} is not set" if value is None else f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, inner in tables.items():
        yield from settings_text(inner, f"{name}.{key}" if name else key)
