"""What is pinned has a licence that is known, and one under which it may be passed on with ours."""

from __future__ import annotations

import json
import re
from importlib.metadata import Distribution, distribution

import pytest
from packaging.requirements import Requirement

from shared_data import REPOSITORY

PERMISSIVE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LLVM-exception"),
    *("MIT", "MIT-0", "NCSA", "PSF-2.0", "Python-2.0", "Zlib"),
}
# Their own files stay under their own licence; what merely uses them does not come under it.
BY_FILE = {"MPL-2.0"}
BY_LIBRARY = {"LGPL-3.0-only"}

OLDER_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache Software License v2": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Simplified BSD": "BSD-2-Clause",
}
READ_BY_HAND = {"pgserver": "Apache-2.0"}
"""What says its licence in a file alone."""


def pinned(lock: str) -> list[str]:
    """Return the packages of a lock that this Python installs."""
    lines = (REPOSITORY / "requirements" / lock).read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    entries = [Requirement(line.partition("--hash=")[0]) for line in lines if line[:1] not in ("", "#", " ")]
    return [entry.name for entry in entries if entry.marker is None or entry.marker.evaluate()]


def licences(package: Distribution) -> set[str]:
    """Return the licences that a package says it has, by their SPDX names where it tells them."""
    told = package.metadata
    classified = [line.split(" :: ")[-1] for line in told.get_all("Classifier", []) if "License ::" in line]
    said = told["License-Expression"] or ""
    names = re.findall(r"[\w.-]+", said) if said else classified or [told["License"] or ""]
    return {OLDER_NAMES.get(name, name) for name in names} - {"AND", "OR", "WITH"}


def strangers(lock: str, known: set[str]) -> dict[str, set[str]]:
    found = {name: licences(distribution(name)) for name in pinned(lock) if name not in READ_BY_HAND}
    return {name: names for name, names in found.items() if not names <= known}


@pytest.mark.parametrize("lock", ["base.lock", "demo.lock", "tools.lock"])
def test_what_every_user_installs_asks_nothing_of_who_passes_it_on(lock: str) -> None:
    assert strangers(lock, PERMISSIVE | BY_FILE) == {}


def test_what_is_optional_or_for_development_asks_no_more_than_a_library_may() -> None:
    assert strangers("dev.lock", PERMISSIVE | BY_FILE | BY_LIBRARY) == {}


def test_the_check_sees_a_licence_that_is_not_known() -> None:
    assert set(strangers("dev.lock", PERMISSIVE | BY_FILE)) >= {"psycopg", "python-telegram-bot"}
    assert "certifi" in strangers("base.lock", PERMISSIVE)


def test_the_page_is_made_of_what_may_be_passed_on_and_names_a_digest_for_each_part() -> None:
    lock = json.loads((REPOSITORY / "dashboard" / "package-lock.json").read_text(encoding="utf-8"))
    parts = {place: part for place, part in lock["packages"].items() if place}
    assert parts
    for place, part in parts.items():
        names = set(re.findall(r"[\w.-]+", part["license"])) - {"AND", "OR", "WITH"}
        assert names <= (PERMISSIVE | BY_FILE if part.get("dev") else PERMISSIVE), place
        assert part["integrity"].startswith("sha512-"), place
