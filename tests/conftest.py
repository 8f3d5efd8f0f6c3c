"""Skip what needs the shared market data where it is not there; elsewhere it must run.

Laws are tried on other examples each time, except in CI: what lands must not depend on luck, and a seed that
found something is written down as an example of its own.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from shared_data import DATA

settings.register_profile("every time anew", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile("repeatable" if os.environ.get("CI") else "every time anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if DATA.is_dir():
        return
    absent = pytest.mark.skip(reason="the shared market data are not beside this checkout")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(absent)
