"""What no line of the package may do, wherever it stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from house.source import Source, must_keep, package_sources, snippet

RUNS_WHAT_IT_READS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
UNSAFE_YAML = {"yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"}
PROMOTION = "learning/promotion.py"
UNFINISHED = re.compile(r"#\s*(TODO|FIXME|XXX|HACK)\b")


def runs_data_as_code(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                modules = {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module)):
                modules = {module.partition(".")[0]}
            case _:
                modules = set()
        for module in sorted(modules & RUNS_WHAT_IT_READS):
            yield f"{node.lineno}: imports {module}"
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
                yield f"{node.lineno}: {node.func.id}"
            if (name := source.qualified(node.func)) in UNSAFE_YAML:
                yield f"{node.lineno}: {name}"
            if any(keyword.arg == "allow_pickle" and _is_true(keyword.value) for keyword in node.keywords):
                yield f"{node.lineno}: allow_pickle"


def _is_true(node: ast.expr) -> bool:
    return not (isinstance(node, ast.Constant) and node.value is False)


def promotes(source: Source) -> Iterator[str]:
    if str(source.place) == PROMOTION:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "ParametersPromoted":
                yield f"{node.lineno}: makes a ParametersPromoted"


def imports_late(source: Source, base: frozenset[str]) -> Iterator[str]:
    """Find imports inside functions; in adapters the optional extras, not in `base`, may be."""
    for function in source.definitions():
        if isinstance(function, ast.ClassDef):
            continue
        for node in ast.walk(function):
            match node:
                case ast.Import(names=names):
                    packages = {alias.name.partition(".")[0] for alias in names}
                case ast.ImportFrom(module=module):
                    packages = {(module or "strikewise").partition(".")[0]}
                case _:
                    continue
            if source.room != "adapters" or packages & base:
                yield f"{node.lineno}: {function.name} imports {', '.join(sorted(packages))}"


def unfinished(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"{number}: {line.strip()}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield f"{node.lineno}: {node.id}"


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "import yaml\nyaml.load(x)",
        "import numpy as np\nnp.load(x, allow_pickle=True)",
    ],
)
def test_the_rule_sees_data_run_as_code(text: str) -> None:
    assert list(runs_data_as_code(snippet(text)))


def test_the_rule_sees_a_promotion_made_elsewhere() -> None:
    text = "from strikewise.domain import events\nevents.ParametersPromoted(version=2)"
    assert list(promotes(snippet(text, "learning/experiments.py")))
    assert not list(promotes(snippet(text, PROMOTION)))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("def f():\n    import alpaca", "market/quality.py"),
        ("def f():\n    import httpx", "adapters/feeds/cboe.py"),
        ("class C:\n    def f(self):\n        from strikewise.domain import money", "adapters/feeds/cboe.py"),
    ],
)
def test_the_rule_sees_an_import_inside_a_function(text: str, place: str) -> None:
    assert list(imports_late(snippet(text, place), frozenset({"httpx", "strikewise"})))


def test_an_optional_extra_of_an_adapter_may_be_imported_late() -> None:
    text = "def connect():\n    from alpaca.trading import client"
    assert not list(imports_late(snippet(text, "adapters/brokers/alpaca.py"), frozenset({"httpx"})))


@pytest.mark.parametrize("text", ["# TO" + "DO: later", "raise NotImplemented" + "Error"])
def test_the_rule_sees_what_is_unfinished(text: str) -> None:
    assert list(unfinished(snippet(text)))


def test_nothing_runs_data_as_code() -> None:
    must_keep(runs_data_as_code, package_sources())


def test_only_the_promotion_gate_promotes_parameters() -> None:
    must_keep(promotes, package_sources())


def test_no_function_imports(base_packages: frozenset[str]) -> None:
    must_keep(lambda source: imports_late(source, base_packages), package_sources())


def test_nothing_is_left_unfinished() -> None:
    must_keep(unfinished, package_sources())
