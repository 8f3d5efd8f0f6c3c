"""Optional extras of the package: which there are for users, and what they lack here."""

from __future__ import annotations

import re
from importlib import metadata

__all__ = ["missing_extras"]

FOR_BUILDERS = frozenset({"all", "benchmarks", "dev", "docs"})
"""Extras that no user of the commands needs."""
WANTED = re.compile(r"""^(?P<package>[\w.-]+).*;.*extra\s*==\s*['"](?P<extra>[\w-]+)['"]""")


def missing_extras() -> dict[str, list[str]]:
    """Return the packages that each extra for users lacks; an empty list where it is installed."""
    found: dict[str, list[str]] = {}
    for line in metadata.requires("strikewise") or ():
        wanted = WANTED.match(line)
        if wanted is None or wanted["extra"] in FOR_BUILDERS:
            continue
        lacking = found.setdefault(wanted["extra"], [])
        try:
            metadata.version(wanted["package"])
        except metadata.PackageNotFoundError:
            lacking.append(wanted["package"])
    return found
