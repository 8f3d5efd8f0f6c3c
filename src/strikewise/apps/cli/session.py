"""One call of the command line: where it reads and writes, and how it speaks to people and to programs."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

__all__ = ["JsonFlag", "Session", "called", "without_secrets"]

WIDE = 160
"""Columns of output that goes to a file or another program."""
ROOMS = (80, 100, 130, WIDE)
"""Columns to print a table in that has no room: then the terminal breaks its lines, and no figure is cut."""
CUT = "…"
PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]


def without_secrets(text: str) -> str:
    """Return a text without the passwords of any address in it."""
    return PASSWORD.sub(r"\1:***@", text)


def called() -> str:
    """Return what to type for this program: its name where the shell would find it, else its path."""
    path = Path(sys.argv[0])
    return "strikewise" if path.name != "strikewise" or shutil.which("strikewise") else str(path)


@dataclass(frozen=True, slots=True)
class Session:
    """What every command is given.

    Attributes
    ----------
    home : Path or None
        The data home that was asked for.
    out, err : Console
        Results, and all else.
    """

    home: Path | None
    out: Console
    err: Console

    @classmethod
    def begin(cls, home: Path | None) -> Session:
        """Begin a session on the standard streams."""
        width = shutil.get_terminal_size((WIDE, 40)).columns
        out = Console(width=width, highlight=False, soft_wrap=False)
        return cls(home, out, Console(stderr=True, highlight=False))

    @staticmethod
    def of(context: typer.Context) -> Session:
        """Return the session a command was called in."""
        session = context.find_root().obj
        if not isinstance(session, Session):
            raise TypeError("A command needs the session that the main command begins.")
        return session

    def show(self, *things: RenderableType) -> None:
        """Print results for people; a table that the terminal would cut is printed wider than it."""
        for thing in things:
            width = self.out.width
            if isinstance(thing, Table | Columns):
                self.out.width = next((room for room in self._rooms() if not self._cuts(thing, room)), width)
            self.out.print(thing)
            self.out.width = width

    def _rooms(self) -> list[int]:
        return sorted({self.out.width, *(room for room in ROOMS if room > self.out.width)})

    def _cuts(self, table: Table | Columns, room: int) -> bool:
        self.out.width = room
        with self.out.capture() as caught:
            self.out.print(table)
        return CUT in caught.get()

    def next(self, *, try_: str, why: str) -> None:
        """End with what to do next."""
        command = try_.replace("strikewise", called(), 1) if try_.startswith("strikewise ") else try_
        self.out.print()
        self.out.print(Text.assemble(("Next: ", "bold"), (command, "cyan"), f"  {why}"), soft_wrap=True)

    def json(self, value: Any) -> None:
        """Print a result for programs: standard JSON, null where a number is unknown."""
        escaped = not self.out.encoding.startswith("utf")
        typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=escaped, allow_nan=False))

    def note(self, text: str) -> None:
        """Tell people something that is not the result."""
        self.err.print(Text(text, style="dim"), soft_wrap=True)

    def refuse(self, text: str) -> None:
        """Tell an error in one sentence."""
        self.err.print(Text(without_secrets(text), style="red"), soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, int, int], None]]:
        """Show how far a piece of work is, on a terminal; elsewhere nothing."""
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.err,
            transient=True,
            disable=not self.err.is_terminal,
        )
        with bar:
            tasks: dict[int, TaskID] = {}

            def tell(what: str, done: int, whole: int) -> None:
                if whole not in tasks:  # a task once begun cannot lose its total
                    for finished in tasks.values():
                        bar.remove_task(finished)
                    tasks.clear()
                    tasks[whole] = bar.add_task(what, total=whole or None)
                bar.update(tasks[whole], description=what, completed=done)

            yield tell


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
