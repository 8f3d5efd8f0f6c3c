"""Skip what needs the shared market data where it is not there; elsewhere it must run."""

from __future__ import annotations

import pytest

from shared_data import DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if DATA.is_dir():
        return
    absent = pytest.mark.skip(reason="the shared market data are not beside this checkout")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(absent)
