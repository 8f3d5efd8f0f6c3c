"""``import strikewise`` offers a sorted, documented list of names, and no more."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator

import pytest

from house.source import Source, must_keep, package_sources, snippet


def constants_then_classes_then_functions(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


def untidy_exports(source: Source) -> Iterator[str]:
    """Check that `__all__` of a module, where it has one, is sorted and without repetition."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
            names = ast.literal_eval(node.value)
            if list(names) != sorted(set(names), key=constants_then_classes_then_functions):
                yield f"{node.lineno}: __all__ is not sorted"


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, those only a type checker reads too: they name what a lazy face brings later."""
    for node in body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            yield from node.body
        else:
            yield node


def unlisted_exports(source: Source) -> Iterator[str]:
    """Check that a face exports what it imports or defines by a public name, all of it and nothing else."""
    offered: set[str] = set()
    listed: set[str] = set()
    for node in _statements(source.tree.body):
        match node:
            case ast.ImportFrom(module=module, names=names) if module not in {"__future__", "typing"}:
                offered.update(alias.asname or alias.name for alias in names)
            case ast.Import(names=names):
                offered.update(alias.asname or alias.name.partition(".")[0] for alias in names)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                offered.add(name)
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                listed.update(ast.literal_eval(value))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                offered.add(name)
    dunder = {name for name in listed if name.startswith("__")}
    public = {name for name in offered if not name.startswith("_")} | dunder
    if public != listed:
        yield f"1: __all__ and what is imported differ in {', '.join(sorted(public ^ listed))}"


def test_the_rule_sees_exports_out_of_order() -> None:
    assert list(untidy_exports(snippet("__all__ = ['b', 'a']")))
    assert list(untidy_exports(snippet("__all__ = ['a', 'a']")))


def test_the_rule_sees_a_name_that_is_not_listed() -> None:
    assert list(unlisted_exports(snippet("from a import b, c\n__all__ = ['b']")))
    assert list(unlisted_exports(snippet("from a import b\n__all__ = ['b', 'c']")))
    assert not list(unlisted_exports(snippet("from a import b, _c\n__all__ = ['b']")))
    lazy = "if TYPE_CHECKING:\n    from a import b, c\n"
    assert not list(unlisted_exports(snippet(f"{lazy}__all__ = ['b', 'c']")))
    assert list(unlisted_exports(snippet(f"{lazy}__all__ = ['b']")))


def test_all_lists_of_exports_are_sorted() -> None:
    must_keep(untidy_exports, package_sources())


def test_the_face_lists_all_it_offers() -> None:
    face = [source for source in package_sources() if str(source.place) == "__init__.py"]
    assert len(face) == 1
    must_keep(unlisted_exports, face)


def test_every_name_of_the_face_is_there_and_says_what_it_is() -> None:
    face = importlib.import_module("strikewise")
    for name in getattr(face, "__all__", ()):
        offered = getattr(face, name)
        if callable(offered) or inspect.ismodule(offered):
            assert inspect.getdoc(offered), f"strikewise.{name} has no docstring"


@pytest.mark.parametrize("room", sorted({source.room for source in package_sources()} - {""}))
def test_every_room_says_what_it_is_for(room: str) -> None:
    module = importlib.import_module(f"strikewise.{room}")
    assert inspect.getdoc(module), f"strikewise/{room}/__init__.py has no docstring"
