"""The repository's Python files as syntax trees, and what every house rule asks of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from shared_data import REPOSITORY

PACKAGE = REPOSITORY / "src" / "strikewise"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Rule = Callable[["Source"], Iterator[str]]


@dataclass(frozen=True)
class Source:
    """One Python file: ``place`` is its path, for the package counted from ``src/strikewise``."""

    place: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.place))

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: ``np`` → ``numpy``, ``now`` → ``time.time``."""
        bound: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    head = alias.name.partition(".")[0]
                    bound[alias.asname or head] = alias.name if alias.asname else head
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                bound.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
        return bound

    @property
    def room(self) -> str:
        return self.place.parts[0] if len(self.place.parts) > 1 else ""

    def qualified(self, node: ast.expr) -> str | None:
        """Return the dotted name an expression stands for, by the imports of this file."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(value=value, attr=attr):
                owner = self.qualified(value)
                return f"{owner}.{attr}" if owner else None
        return None

    def definitions(self) -> Iterator[Definition]:
        for node in ast.walk(self.tree):
            if isinstance(node, Definition):
                yield node


def snippet(text: str, place: str = "market/snippet.py") -> Source:
    return Source(PurePosixPath(place), text)


@cache
def package_sources() -> tuple[Source, ...]:
    return tuple(_read(PACKAGE, PACKAGE))


@cache
def other_sources() -> tuple[Source, ...]:
    folders = (REPOSITORY / name for name in ("tests", "scripts", "benchmarks"))
    return tuple(source for folder in folders for source in _read(folder, REPOSITORY))


def _read(folder: Path, root: Path) -> Iterator[Source]:
    for path in sorted(folder.rglob("*.py")):
        yield Source(PurePosixPath(path.relative_to(root)), path.read_text(encoding="utf-8"))


def must_keep(rule: Rule, sources: Iterable[Source]) -> None:
    """Fail with every place where `rule` finds something."""
    found = [f"{source.place}:{offence}" for source in sources for offence in rule(source)]
    if found:
        raise AssertionError("\n".join(["", *found]))


def docstrings(tree: ast.Module) -> set[ast.Constant]:
    """The constants of a tree that stand alone as statements: docstrings, of attributes too."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
