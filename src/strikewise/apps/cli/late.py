"""A group of commands whose modules are imported when they are called: the list of them costs nothing."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["LateCommand", "LateGroup"]


@dataclass(frozen=True, slots=True)
class LateCommand:
    """A command that is not imported yet.

    Attributes
    ----------
    name : str
        What a person types.
    module : str
        The module whose ``app`` is the command or the group of commands.
    summary : str
        Its line in the list: the first sentence of its own help.
    panel : str
        Under which heading it is listed.
    """

    name: str
    module: str
    summary: str
    panel: str

    def load(self) -> Any:
        """Import and return the command."""
        command = typer.main.get_command(importlib.import_module(self.module).app)
        command.name = self.name
        if not gc.isenabled():
            # The program switched it off for its start. What is imported stays, and is never looked through.
            gc.freeze()
            gc.enable()
        return command


class _Commands(Mapping[str, Any]):
    """The commands by name, each imported when it is looked up."""

    def __init__(self, listed: tuple[LateCommand, ...]) -> None:
        self._listed = {late.name: late for late in listed}
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._listed[name].load()
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


class LateGroup(TyperGroup):
    """A group that lists its commands from a table and imports only the one that is called."""

    listed: ClassVar[tuple[LateCommand, ...]] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands(self.listed)  # type: ignore[assignment]  # only ever read

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        """Return the names, in the order of the table."""
        return list(self.commands)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help from the table alone."""
        lines: dict[str, Any] = {
            late.name: TyperCommand(late.name, help=late.summary, rich_help_panel=late.panel)
            for late in self.listed
        }
        listing = TyperGroup(
            name=self.name,
            commands=lines,
            params=self.params,
            help=self.help,
            epilog=self.epilog,
            rich_markup_mode=self.rich_markup_mode,
        )
        listing.format_help(ctx, formatter)
