"""A run's specification as the command line takes it: a TOML or JSON file, and changes to single keys."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from strikewise.bootstrap.documents import read_toml
from strikewise.service.errors import SettingsError

__all__ = ["changed", "grid_axes", "read_document"]


def read_document(path: Path) -> dict[str, Any]:
    """Return a specification as written: TOML, or the JSON that a run keeps beside its facts.

    Raises
    ------
    SettingsError
        If it is not there or cannot be read.
    """
    if path.suffix != ".json":
        return read_toml(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"There is no file {path}: give the path of a TOML or JSON file.") from None
    except ValueError as error:
        raise SettingsError(f"{path} is not valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise SettingsError(f"{path} must hold an object with the keys of a specification.")
    return document


def changed(document: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Return a specification with single keys set anew.

    Parameters
    ----------
    document : mapping
        The specification.
    changes : sequence of str
        ``key=value`` each: keys of inner tables after a dot, strategies by label, name or number; values as
        TOML writes them, text also without quotes.

    Raises
    ------
    SettingsError
        If a change has no ``=`` or no place in the document.
    """
    made = deepcopy(dict(document))
    for change in changes:
        key, sign, text = change.partition("=")
        if not sign or not key.strip():
            raise SettingsError(f"A change is written key=value, such as capital=50000; was {change!r}.")
        path = key.strip().split(".")
        here: Any = made
        for part in path[:-1]:
            here = _inside(here, part, change)
        if not isinstance(here, dict):
            raise SettingsError(f"{change!r} names no key: write the key after a dot.")
        here[path[-1]] = _value(text.strip())
    return made


def grid_axes(written: Sequence[str]) -> dict[str, list[Any]]:
    """Return the axes of a grid: ``label.parameter=1,2,3`` each, values as TOML writes them.

    Raises
    ------
    SettingsError
        If one has no ``=``, or no value.
    """
    axes = {}
    for one in written:
        name, _, text = one.partition("=")
        values = [_value(part.strip()) for part in text.split(",") if part.strip()]
        if not name.strip() or not values:
            raise SettingsError(
                f"An axis of a grid is written parameter=value,value, such as stop_loss=1.5,2,3; was {one!r}."
            )
        axes[name.strip()] = values
    return axes


def _inside(here: Any, part: str, change: str) -> Any:
    if isinstance(here, dict):
        return here.setdefault(part, {})
    if isinstance(here, list):
        for number, one in enumerate(here):
            if isinstance(one, dict) and part in {str(number), one.get("label"), one.get("strategy")}:
                return one
    raise SettingsError(f"{change!r} has no place in the specification: there is no {part!r}.")


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
