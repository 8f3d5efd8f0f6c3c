"""Parts of an installation that are imported when they are first used: a command waits for no others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pkgutil import resolve_name
from typing import Any

__all__ = ["late", "late_call"]


def late_call(place: str, *given: object) -> Callable[..., Any]:
    """Return a function that imports another when it is called, and hands on what it is given.

    Parameters
    ----------
    place : str
        Where the other stands, as ``package.module:name``; a class will do.
    *given
        What it is given first.
    """

    def call(*arguments: Any, **named: Any) -> Any:
        return resolve_name(place)(*given, *arguments, **named)

    return call


def late(place: str, *given: object) -> Any:
    """Return what stands for an object until something is asked of it, and hands on whatever is asked.

    Parameters
    ----------
    place : str
        Where the function or class stands that makes the object, as ``package.module:name``.
    *given
        What it is given.
    """
    return _Late(late_call(place, *given))


class _Late:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._made, name)
