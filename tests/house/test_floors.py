"""The import contracts in pyproject.toml speak of the house as it stands, and the lower floors stay bare.

`lint-imports` judges who imports whom inside the package. It knows no list of *allowed* third parties, so
that list is held here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from house.source import PACKAGE, Source, must_keep, package_sources, snippet

MAY_USE = {
    "domain": {"numpy"},
    "pricing": {"numpy", "numba", "scipy"},
}


def strangers(source: Source) -> Iterator[str]:
    """Find imports of third parties that a room of `MAY_USE` may not have."""
    allowed = MAY_USE.get(source.room)
    if allowed is None:
        return
    known = allowed | sys.stdlib_module_names | {"strikewise"}
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                packages = {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module), level=0):
                packages = {module.partition(".")[0]}
            case _:
                continue
        for package in sorted(packages - known):
            yield f"{node.lineno}: {source.room} imports {package}"


def rooms_of(contract: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return the rooms a layers contract requires, and those it only allows for (in parentheses)."""
    entries = [room.strip() for layer in contract["layers"] for room in layer.split("|")]
    optional = {entry.strip("()") for entry in entries if entry.startswith("(")}
    return set(entries) - {f"({room})" for room in optional}, optional


def test_the_rule_sees_a_stranger_on_a_low_floor() -> None:
    assert list(strangers(snippet("import polars", "domain/chain.py")))
    assert list(strangers(snippet("from sqlalchemy.orm import Session", "pricing/carry.py")))
    assert not list(strangers(snippet("import numpy as np\nimport re", "domain/chain.py")))
    assert not list(strangers(snippet("import polars", "adapters/store/chains.py")))


def test_rooms_in_parentheses_are_read_as_optional() -> None:
    assert rooms_of({"layers": ["apps", "(learning) | risk"]}) == ({"apps", "risk"}, {"learning"})


def test_the_low_floors_use_only_the_third_parties_they_may() -> None:
    must_keep(strangers, package_sources())


def test_the_floors_require_each_room_that_stands(project: dict[str, Any]) -> None:
    (floors,) = [c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    required, optional = rooms_of(floors)
    standing = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert floors["exhaustive"] is True
    assert standing & optional == set(), "take these rooms out of their parentheses in pyproject.toml"
    assert required - standing == set(), "the floors name rooms that are not there"


@pytest.mark.parametrize("room", sorted(MAY_USE))
def test_the_rooms_with_a_list_are_there(room: str) -> None:
    assert (PACKAGE / room / "__init__.py").is_file()
