"""Write docs/reference from the code itself, or say with --check which pages no longer match it."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from reference_text import attribute_docs, fence_examples, first_sentence, table
from strikewise.domain import errors, events
from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSpace

BY_HAND = ("index.md", "json.md")
"""Pages that no code writes."""
REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"


def module_of(name: str) -> ModuleType | None:
    """Return the module, or None where this version of the house has none of that name."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        if find_spec(".".join(parts[:length])) is None:
            return None
    return importlib.import_module(name)


def modules_in(package: str) -> Iterator[ModuleType]:
    """Yield the modules of a package, itself first, in order of name."""
    root = module_of(package)
    if root is None:
        return
    yield root
    for found in sorted(pkgutil.walk_packages(root.__path__, f"{package}."), key=lambda m: m.name):
        yield importlib.import_module(found.name)


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


def strategies_page() -> str | None:
    """Describe the strategies of the library and all their parameters."""
    strategies: dict[str, Any] = {}
    for module in modules_in("strikewise.strategy.library"):
        for cls in own_classes(module):
            if isinstance(inspect.getattr_static(cls, "space", None), property):
                strategy = cls()
                strategies[strategy.name] = strategy
    if not strategies:
        return None
    parts = [
        "# Strategies and their parameters",
        "What a run specification may set. A value outside its bounds is refused before anything runs.",
    ]
    for name, strategy in sorted(strategies.items()):
        space: ParameterSpace = strategy.space
        parts += [
            f"## {name}",
            strategy.summary,
            table(("parameter", "default", "may be", "what it does"), _rows(space)),
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


def settings_page() -> str | None:
    """Describe every setting, with its default and the environment variable that sets it."""
    module = module_of("strikewise.bootstrap.settings")
    if module is None:
        return None
    rows = list(_setting_rows(module.Settings))
    return "\n\n".join(
        [
            "# Settings",
            "An unknown setting is an error that names the nearest known one.",
            table(("setting", "default", "what it is"), rows),
        ]
    )


def _setting_rows(model: type, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    docs = attribute_docs(model)
    for name, kind, default, text in _declared(model):
        if inspect.isclass(kind) and (issubclass(kind, BaseModel) or is_dataclass(kind)):
            yield from _setting_rows(kind, f"{prefix}{name}.")
        else:
            shown = "" if default is PydanticUndefined else f"`{_plain(default)}`"
            yield f"`{prefix}{name}`", shown, text or docs.get(name, "")


def _declared(model: type) -> Iterator[tuple[str, Any, Any, str]]:
    if issubclass(model, BaseModel):
        for name, setting in model.model_fields.items():
            yield name, setting.annotation, setting.default, setting.description or ""
    elif is_dataclass(model):
        hints = inspect.get_annotations(model, eval_str=True)
        for field in fields(model):
            yield field.name, hints[field.name], field.default, ""


def _plain(value: object) -> str:
    return _written(value.value if isinstance(value, Enum) else value)


def commands_page() -> str | None:
    """Describe every command as its own --help does."""
    module = module_of("strikewise.apps.cli.main")
    if module is None:
        return None
    parts = ["# Commands", "What `strikewise COMMAND --help` says."]
    for path, command in _commands(typer.main.get_command(module.app), ("strikewise",)):
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


PAGES: dict[str, Callable[[], str | None]] = {
    "commands.md": commands_page,
    "denial-codes.md": denial_codes_page,
    "errors.md": errors_page,
    "facts.md": facts_page,
    "settings.md": settings_page,
    "strategies.md": strategies_page,
}


def written_pages() -> dict[str, str]:
    """Return the text of each page there is something to write on."""
    made = {name: page() for name, page in PAGES.items()}
    note = "<!-- Written by `make docs` from the code; edit the code. -->\n\n"
    return {name: f"{note}{text}\n" for name, text in made.items() if text is not None}


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
