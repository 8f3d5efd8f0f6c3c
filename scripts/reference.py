"""Write docs/reference from the code itself, or say with --check which pages no longer match it."""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import typer

from reference_api import api_page
from reference_formats import format_sections
from reference_metrics import metrics_page
from reference_settings import rows_of
from reference_text import attribute_docs, fence_examples, first_sentence, table
from strikewise.apps.cli.main import app
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.spec_file import SpecDocument
from strikewise.domain import errors, events
from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSpace
from strikewise.market.bar_features import BAR_FEATURES
from strikewise.market.features import CHAIN_FEATURES
from strikewise.strategy.registry import STRATEGIES

BY_HAND = ("index.md", "json.md")
"""Pages that no code writes."""
ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "strikewise"


def own_classes(module: ModuleType) -> Iterator[type]:
    """Yield the public classes a module defines, as they stand in it."""
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield value


def facts_page() -> str:
    """Describe every kind of fact the ledger may hold."""
    parts = [
        "# Facts",
        "The ledger is a sequence of these and nothing else is true. Each is written once and never changed.",
    ]
    for kind, cls in sorted(events.EVENT_TYPES.items()):
        docs = attribute_docs(cls)
        rows = [
            (f"`{field.name}`", f"`{field.type}`", docs.get(field.name) or _meaning(str(field.type)))
            for field in fields(cls)
        ]
        version = events.SCHEMA_VERSIONS[kind]
        parts += [f"## {kind}", f"{first_sentence(cls)} Schema version {version}."]
        parts.append(table(("field", "type", "what it is"), rows))
    return "\n\n".join(parts)


def _meaning(type_name: str) -> str:
    """Return what a class of the domain is, for a field that says no more than its type."""
    cls = vars(events).get(type_name)
    return first_sentence(cls) if inspect.isclass(cls) else ""


def errors_page() -> str:
    """Describe every error the package raises on purpose."""
    tree = inspect.getdoc(errors) or ""
    drawn = tree.partition("::")[2].partition("\n\nEach message")[0]
    rows = [(f"`{cls.__name__}`", first_sentence(cls)) for cls in own_classes(errors)]
    return "\n\n".join(
        [
            "# Errors",
            "Whoever catches `StrikewiseError` catches all that strikewise raises on purpose. A message says "
            "what was asked, what was found and what to do.",
            f"```text\n{inspect.cleandoc(drawn)}\n```",
            table(("error", "when"), rows),
        ]
    )


def denial_codes_page() -> str:
    """Describe why the gate may refuse a wish."""
    rows = [(f"`{code.value}`", code.meaning) for code in DenialCode]
    return "\n\n".join(
        [
            "# Denial codes",
            "Why a signal or an order was refused. Each refusal is a fact with its code and the numbers "
            "behind it, as `key=value`; `scan` and `backtest` count them.",
            table(("code", "when"), sorted(rows)),
        ]
    )


def strategies_page() -> str:
    """Describe the strategies and all their parameters."""
    parts = [
        "# Strategies and their parameters",
        "What a run specification may set under `parameters`. A value outside its bounds is refused before "
        "anything runs.",
    ]
    for name, strategy in STRATEGIES.items():
        parts += [
            f"## {name}",
            strategy.summary,
            table(("parameter", "default", "may be", "what it does"), _rows(strategy.space)),
        ]
    return "\n\n".join(parts)


def _rows(space: ParameterSpace) -> Iterator[tuple[str, ...]]:
    for parameter in space.parameters:
        yield f"`{parameter.name}`", f"`{_written(parameter.default)}`", _range(parameter), parameter.help


def _range(parameter: Parameter) -> str:
    if isinstance(parameter.default, bool):
        return "true, false"
    return ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.bounds


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings_page() -> str:
    """Describe every setting with its default."""
    return "\n\n".join(
        [
            "# Settings",
            "Keys of `settings.toml` in the data home; all are optional. An unknown key is an error that "
            "names the nearest known one. How to use them: [settings](../how-to/change-settings.md).",
            table(("setting", "default", "what it is"), rows_of(Settings)),
        ]
    )


def specification_page() -> str:
    """Describe every key of a run's specification with its default."""
    return "\n\n".join(
        [
            "# Specification of a run",
            "Keys of the TOML file that `strikewise backtest` takes. `underlyings`, `start`, `end` and one "
            "`[[strategies]]` table must be there. How to write one: "
            "[write a specification](../how-to/write-a-specification.md).",
            table(("key", "default", "what it is"), rows_of(SpecDocument)),
        ]
    )


def features_page() -> str:
    """Describe every feature that a strategy may read."""
    heads = ("feature", "unit", "what it is")
    bars = [(f"`{name}`", one.unit, one.meaning) for name, one in BAR_FEATURES.items()]
    chains = [(f"`{name}`", unit, meaning) for name, (unit, meaning) in CHAIN_FEATURES.items()]
    return "\n\n".join(
        [
            "# Features",
            'Numbers that a strategy reads by name, `market_data.features("SPY")["rsi14"]`, as they were '
            "known at the view's instant. What cannot be known is NaN and never a guess. [What they rest "
            "on](../explanation/features.md).",
            "## Of daily bars",
            table(heads, bars),
            "## Of option chains",
            table(heads, chains),
        ]
    )


def formats_page() -> str:
    """Describe the files that can be imported."""
    parts = [
        "# File formats",
        "What `strikewise data import` reads, in the order in which it tries them. A file is of the "
        "first format whose needed columns it has all; a column that the format does not know is then"
        " an error. [How to import](../how-to/import-your-data.md).",
    ]
    for name, said, columns in format_sections():
        parts += [f"## {name}", said]
        if columns:
            parts.append(table(("", "columns"), columns))
    return "\n\n".join(parts)


def commands_page() -> str:
    """Describe every command as its own --help does."""
    parts = ["# Commands", "What `strikewise COMMAND --help` says."]
    for path, command in _commands(typer.main.get_command(app), ("strikewise",)):
        said = "\n\n".join(inspect.cleandoc(text) for text in (command.help, command.epilog) if text)
        parts += [f"## {' '.join(path)}", fence_examples(said.replace("\b\n", ""))]
        parameters = [p for p in command.params if not getattr(p, "hidden", False)]
        if parameters:
            parts.append(table(("argument or option", "what it does"), map(_parameter_row, parameters)))
    return "\n\n".join(parts)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield path, command
        return
    for name, subcommand in sorted(subcommands.items()):
        if not subcommand.hidden:
            yield from _commands(subcommand, (*path, name))


def _parameter_row(parameter: Any) -> tuple[str, str]:
    if parameter.param_type_name == "argument":
        name = (parameter.name or "").upper()
        return f"`{name}`" if parameter.required else f"`[{name}]`", getattr(parameter, "help", None) or ""
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    return names, getattr(parameter, "help", None) or ""


FLOORS = (
    *("apps", "bootstrap", "service", "discovery", "learning", "backtest", "engine", "adapters", "risk"),
    *("strategy", "execution", "portfolio", "market", "pricing", "domain"),
)
"""The rooms of the house from the top floor down."""


def modules_page() -> str:
    """Describe every module of the package in one sentence, floor by floor."""
    parts = [
        "# Modules",
        "The package from the top floor down; a room imports only from lower floors. "
        "[Why the tree is as it is](../decisions/the-tree-as-built.md).",
    ]
    for floor in FLOORS:
        rows = list(_module_rows(SOURCE / floor))
        if rows:
            parts += [f"## {floor}", table(("module", "what it is"), rows)]
    return "\n\n".join(parts)


def _module_rows(room: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(room.rglob("*.py")):
        name = path.relative_to(room).with_suffix("").as_posix()
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if path.stem != "__init__":
            yield f"`{name}`", " ".join(said.partition("\n\n")[0].split()).replace("``", "`")


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api_page,
    "commands.md": commands_page,
    "denial-codes.md": denial_codes_page,
    "errors.md": errors_page,
    "facts.md": facts_page,
    "features.md": features_page,
    "formats.md": formats_page,
    "metrics.md": metrics_page,
    "modules.md": modules_page,
    "settings.md": settings_page,
    "specification.md": specification_page,
    "strategies.md": strategies_page,
}


def written_pages() -> dict[str, str]:
    """Return the text of each page."""
    note = "<!-- Written by `make docs` from the code; edit the code. -->\n\n"
    return {name: f"{note}{page()}\n" for name, page in PAGES.items()}


def stale(pages: dict[str, str]) -> Iterable[str]:
    """Return the names of pages that differ from the code, are missing, or have nothing behind them."""
    there = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}
    for name in BY_HAND:
        there.pop(name, None)
    return sorted(name for name in pages.keys() | there.keys() if pages.get(name) != there.get(name))


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a page is stale")
    check = parser.parse_args().check
    pages = written_pages()
    differing = stale(pages)
    if check:
        if differing:
            print(f"docs/reference is stale: {', '.join(differing)}. Run make docs and commit the pages.")
        return 1 if differing else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in differing:
        if name in pages:
            (REFERENCE / name).write_text(pages[name], encoding="utf-8")
        else:
            (REFERENCE / name).unlink()
    print(f"{len(pages)} pages, {len(list(differing))} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
