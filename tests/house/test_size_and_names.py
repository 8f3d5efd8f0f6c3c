"""Modules, functions and classes stay small, have telling names, and say what they are for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from house.source import Source, must_keep, other_sources, package_sources, snippet

MODULE_LINES, FUNCTION_LINES, CLASS_LINES = 400, 50, 200
SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "misc"}
MIGRATIONS = "adapters/store/migrations/"


def long_modules(source: Source) -> Iterator[str]:
    lines = len(source.text.splitlines())
    if lines > MODULE_LINES:
        yield f"1: {lines} lines, {MODULE_LINES} are the wall"


def long_definitions(source: Source) -> Iterator[str]:
    for node in source.definitions():
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        wall = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
        if lines > wall:
            yield f"{node.lineno}: {node.name} has {lines} lines, {wall} are the wall"


def empty_names(source: Source) -> Iterator[str]:
    said = SAYS_NOTHING.intersection(part.removesuffix(".py") for part in source.place.parts)
    if said:
        yield f"1: the name {', '.join(said)} says nothing"


def missing_docstrings(source: Source) -> Iterator[str]:
    if str(source.place).startswith(MIGRATIONS):
        return
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield "1: the module has no docstring"
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            public = not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                yield f"{node.lineno}: {node.name} has no docstring"


def test_the_rules_see_what_is_too_long() -> None:
    line = "x = 1\n"
    assert list(long_modules(snippet(line * 401)))
    assert not list(long_modules(snippet(line * 400)))
    assert list(long_definitions(snippet("def f():\n" + "    x = 1\n" * 50)))
    assert not list(long_definitions(snippet("def f():\n" + "    x = 1\n" * 49)))
    assert list(long_definitions(snippet("class C:\n" + "    x = 1\n" * 200)))


@pytest.mark.parametrize("place", ["market/utils.py", "helpers/parse.py", "market/common/parse.py"])
def test_the_rule_sees_a_name_that_says_nothing(place: str) -> None:
    assert list(empty_names(snippet("", place)))


@pytest.mark.parametrize("text", ["x = 1", "'''A.'''\ndef f(): pass", "'''A.'''\nclass C: pass"])
def test_the_rule_sees_a_missing_docstring(text: str) -> None:
    assert list(missing_docstrings(snippet(text)))


def test_private_functions_may_speak_for_themselves() -> None:
    assert not list(missing_docstrings(snippet("'''A module.'''\ndef _f(): pass")))


def test_no_module_is_longer_than_the_wall() -> None:
    must_keep(long_modules, [*package_sources(), *other_sources()])


def test_no_function_or_class_is_longer_than_its_wall() -> None:
    must_keep(long_definitions, package_sources())


def test_every_module_has_a_name_that_says_something() -> None:
    must_keep(empty_names, [*package_sources(), *other_sources()])


def test_everything_public_has_a_docstring() -> None:
    must_keep(missing_docstrings, package_sources())
