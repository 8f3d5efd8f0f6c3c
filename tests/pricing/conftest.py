"""Compile the kernels once, before the first law meets them."""

from __future__ import annotations

import pytest

from strikewise.pricing.backend import warm_up


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    warm_up()
