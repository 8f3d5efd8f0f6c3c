"""Compile the kernels once; a law that meets them first, or a busy machine, is not a slow law."""

from __future__ import annotations

import pytest
from hypothesis import settings

from strikewise.pricing.backend import warm_up

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    warm_up()
