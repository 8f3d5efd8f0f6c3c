"""One server for tests that only look, and one for each that changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from apps.api.serving import Served, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that nobody changes."""
    with serving(tmp_path_factory.mktemp("shown")) as found:
        yield found


@pytest.fixture(scope="module")
def get(shown: Served) -> Iterator[httpx.Client]:
    """A program that may look at everything."""
    with shown.program() as client:
        yield client
