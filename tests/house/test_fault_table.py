"""Fifty faults are named with what is done about each, and the tests that are said to show it exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/explanation/faults.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> dict[int, str]:
    """Return the rows of the page's tables by their number."""
    found: dict[int, str] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].isdecimal():
            assert int(cells[0]) not in found, f"fault {cells[0]} stands there twice"
            assert all(cells), f"fault {cells[0]} has an empty cell"
            found[int(cells[0])] = line
    return found


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_the_fifty_faults_are_all_there() -> None:
    assert sorted(rows()) == list(range(1, 51))


def test_each_fault_names_a_test_and_each_named_test_exists() -> None:
    for number, line in rows().items():
        named = NAMED.findall(line)
        assert named, f"fault {number} names no test"
        for path, name in named:
            assert (ROOT / path).is_file(), f"fault {number}: there is no {path}"
            assert name in names_in(path), f"fault {number}: {path} has no {name}"


def test_a_test_that_carries_a_number_is_named_in_the_row_of_that_number() -> None:
    table = rows()
    for file in sorted((ROOT / "tests/faults").glob("test_*.py")):
        for name in names_in(str(file.relative_to(ROOT))):
            match = re.match(r"test_(\d+)_", name)
            if match is not None and file.name != "test_old_disasters.py":
                row = table[int(match[1])]
                assert f"{file.name}::{name}`" in row, f"fault {match[1]} does not name {name}"
