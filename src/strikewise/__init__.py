"""strikewise: an options-trading system that does not fool itself.

`desk` opens an installation; its verbs are those of the command line. See the README for a first run.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strikewise.apps.python.desk import Desk, Run, desk
    from strikewise.domain.errors import StrikewiseError

__version__ = _version("strikewise")

__all__ = ["Desk", "Run", "StrikewiseError", "__version__", "desk"]

_HOMES = {
    "Desk": "strikewise.apps.python.desk",
    "Run": "strikewise.apps.python.desk",
    "StrikewiseError": "strikewise.domain.errors",
    "desk": "strikewise.apps.python.desk",
}


def __getattr__(name: str) -> object:
    """Bring a public name when it is first used: a program that needs one floor does not load the house."""
    if name not in _HOMES:
        raise AttributeError(f"module 'strikewise' has no attribute {name!r}")
    return getattr(_import_module(_HOMES[name]), name)
