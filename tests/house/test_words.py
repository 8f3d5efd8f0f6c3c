"""The loop does not know whether it runs in the past, on paper or with money: the words are not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from house.source import Source, docstrings, must_keep, package_sources, snippet

WORDS = {"paper", "live", "backtest"}
MAY_KNOW = {"bootstrap", "apps"}
NAMED_SO = {"adapters/brokers/paper.py"}
"""What people call this broker; nothing below bootstrap may import it."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MODULE_PATH = re.compile(r"\bstrikewise\.backtest(\.\w+)*")


def words_of_the_mode(source: Source) -> Iterator[str]:
    if source.room in MAY_KNOW or str(source.place) in NAMED_SO:
        return
    prose = docstrings(source.tree)
    for node in ast.walk(source.tree):
        if node in prose:
            continue
        for text in _texts(node):
            said = WORDS.intersection(word.lower() for word in WORD.findall(MODULE_PATH.sub("", text)))
            if said:
                yield f"{getattr(node, 'lineno', '?')}: {text!r} says {', '.join(sorted(said))}"


def _texts(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.ImportFrom(module=module, names=names):
            return [a.asname or "" if module == "strikewise" else a.asname or a.name for a in names]
        case ast.Import(names=names):
            return [alias.asname or "" for alias in names]
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return names
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
    return []


@pytest.mark.parametrize(
    "text",
    [
        "is_live = True",
        "def run(paper=False): pass",
        "class LiveBroker: pass",
        "mode = 'backtest'",
        "print(f'{x} is a paper trade')",
        "run(live=True)",
        "from strikewise.engine import backtest",
        "x.paper_account",
        "try: pass\nexcept ValueError as live: pass",
    ],
)
def test_the_rule_sees_a_word_of_the_mode(text: str) -> None:
    assert list(words_of_the_mode(snippet(text)))


@pytest.mark.parametrize(
    "text",
    [
        '"""The backtest and the live run are one loop."""',
        "deliver = alive = newspaper = 1",
        "from strikewise.backtest.runner import run",
        "x: int = 1\n'''what a paper account has'''",
        "NAME = 'strikewise.backtest.runner'",
    ],
)
def test_the_rule_lets_prose_paths_and_other_words_pass(text: str) -> None:
    assert not list(words_of_the_mode(snippet(text)))


def test_the_rule_lets_the_rooms_that_choose_the_mode_name_it() -> None:
    assert not list(words_of_the_mode(snippet("live = True", "bootstrap/build.py")))


def test_no_room_below_bootstrap_knows_the_mode() -> None:
    must_keep(words_of_the_mode, package_sources())
