"""The option that writes the golden file anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-golden",
        action="store_true",
        help="Write tests/golden/golden.json anew from what the runs come to now.",
    )
