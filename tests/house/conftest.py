"""What the project declares about itself, read once."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import Any

import pytest

from shared_data import REPOSITORY


@pytest.fixture(scope="session")
def project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def base_packages(project: dict[str, Any]) -> frozenset[str]:
    """Everything that is always there: our own package, the standard library, the base dependencies."""
    named = (re.split(r"[\s\[<>=!~;]", entry)[0] for entry in project["project"]["dependencies"])
    return frozenset({"strikewise", *sys.stdlib_module_names, *(name.replace("-", "_") for name in named)})
