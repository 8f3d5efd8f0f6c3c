"""Time, environment and chance come in by one door each."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from house.source import Source, must_keep, package_sources, snippet

CLOCK = "market/clock.py"
SETTINGS = "bootstrap/settings.py"

_MOMENTS = ("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today")
ASKS_THE_TIME = {
    *_MOMENTS,
    "datetime.date.today",
    *(f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "sleep")),
    *(f"time.{name}" for name in ("perf_counter", "perf_counter_ns", "localtime", "gmtime")),
    "asyncio.sleep",
    "pandas.Timestamp.now",
    "pandas.Timestamp.today",
}
READS_THE_ENVIRONMENT = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb", "putenv")}
SEEDED = {"Generator", "SeedSequence", "BitGenerator", "PCG64", "PCG64DXSM", "Philox", "SFC64", "MT19937"}
OF_CHANCE = {"uuid.uuid1", "uuid.uuid4", "os.urandom"}


def asks_the_time(source: Source) -> Iterator[str]:
    if str(source.place) == CLOCK:
        return
    yield from _uses(source, ASKS_THE_TIME)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and source.qualified(node.func) == "numpy.datetime64":
            said = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if "now" in said or "today" in said:
                yield f"{node.lineno}: numpy.datetime64 of {said[0]!r}"


def reads_the_environment(source: Source) -> Iterator[str]:
    if str(source.place) != SETTINGS:
        yield from _uses(source, READS_THE_ENVIRONMENT)


def draws_without_a_seed(source: Source) -> Iterator[str]:
    yield from _uses(source, OF_CHANCE)
    seeded_calls = {
        node.func
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and (node.args or node.keywords)
    }
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        name = source.qualified(node) or ""
        module, _, what = name.rpartition(".")
        wants_seed = name in {"numpy.random.default_rng", "random.Random"}
        if wants_seed and node not in seeded_calls:
            yield f"{node.lineno}: {name} without a seed"
        elif module in {"numpy.random", "random"} and not wants_seed and what not in SEEDED:
            yield f"{node.lineno}: {name}"


def _uses(source: Source, banned: set[str]) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and (name := source.qualified(node)) in banned:
            yield f"{node.lineno}: {name}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in banned:
                    yield f"{node.lineno}: {node.module}.{alias.name}"


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "import datetime as dt\nx = dt.date.today()",
        "import time\ntime.sleep(1)",
        "from time import monotonic as m\nm()",
        "import numpy as np\nx = np.datetime64('now')",
    ],
)
def test_the_rule_sees_who_asks_the_time(text: str) -> None:
    assert list(asks_the_time(snippet(text)))
    assert not list(asks_the_time(snippet(text, CLOCK)))


def test_asking_a_clock_that_was_passed_in_is_no_offence() -> None:
    assert not list(asks_the_time(snippet("def f(clock): return clock.now()")))


@pytest.mark.parametrize(
    "text",
    ["import os\nx = os.environ['A']", "from os import getenv\ngetenv('A')", "import os as o\no.getenv('A')"],
)
def test_the_rule_sees_who_reads_the_environment(text: str) -> None:
    assert list(reads_the_environment(snippet(text)))
    assert not list(reads_the_environment(snippet(text, SETTINGS)))


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nnp.random.seed(1)",
        "import numpy as np\nx = np.random.normal()",
        "import numpy as np\nx = np.random.default_rng()",
        "from numpy.random import default_rng\nfield(default_factory=default_rng)",
        "import random\nrandom.shuffle(x)",
        "from random import choice\nchoice(x)",
        "import random\nr = random.Random()",
        "import uuid\nuuid.uuid4()",
    ],
)
def test_the_rule_sees_chance_without_a_seed(text: str) -> None:
    assert list(draws_without_a_seed(snippet(text)))


def test_a_seeded_generator_is_no_offence() -> None:
    text = "import numpy as np\ndef f(g: np.random.Generator, seed): return np.random.default_rng(seed)"
    assert not list(draws_without_a_seed(snippet(text)))


def test_only_the_clock_asks_the_time() -> None:
    must_keep(asks_the_time, package_sources())


def test_only_the_settings_read_the_environment() -> None:
    must_keep(reads_the_environment, package_sources())


def test_all_chance_is_a_seeded_generator() -> None:
    must_keep(draws_without_a_seed, package_sources())
