"""strikewise: an options-trading system that does not fool itself.

>>> import strikewise
>>> desk = strikewise.desk("~/my-strikewise")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strikewise.apps.python.desk import Desk, Run, desk
    from strikewise.domain.errors import StrikewiseError

__version__ = version("strikewise")

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
    return getattr(import_module(_HOMES[name]), name)
