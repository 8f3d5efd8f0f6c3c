"""Every specification in `examples/` can be run as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared_data import REPOSITORY
from strikewise.bootstrap.spec_file import load_spec

EXAMPLES = sorted((REPOSITORY / "examples").glob("*.toml"))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_sound(path: Path) -> None:
    assert load_spec(path).run.strategies
