"""A denial code that nothing gives is a promise that nobody keeps."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from house.source import Source, package_sources, snippet
from strikewise.domain.denials import DenialCode

HOME = "domain/denials.py"
NAME = "strikewise.domain.denials.DenialCode"


def given(sources: Iterable[Source]) -> Iterator[str]:
    """The codes that are named anywhere but where they are defined."""
    for source in sources:
        if str(source.place) == HOME:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and source.qualified(node.value) == NAME:
                yield node.attr


def test_every_denial_code_is_given_by_something() -> None:
    never = {code.name for code in DenialCode}.difference(given(package_sources()))
    assert not never, f"Defined and never given, so remove: {sorted(never)}."


def test_naming_a_code_where_it_is_defined_or_in_words_is_not_giving_it() -> None:
    line = "from strikewise.domain.denials import DenialCode\n"
    assert list(given([snippet(line + "x = DenialCode.A")])) == ["A"]
    assert not list(given([snippet(line + "x = DenialCode.A", HOME)]))
    assert not list(given([snippet(line + "x = 'DenialCode.A'")]))
