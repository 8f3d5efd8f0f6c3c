"""Compile numeric functions with Numba, with three machine operations that Python has no word for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

__all__ = ["bits_of", "called", "compiled", "fma", "inlined", "number_of"]

Function = TypeVar("Function", bound=Callable[..., Any])


def inlined(function: Function) -> Function:
    """Compile a small scalar function so that it dissolves in the loop that calls it."""
    return cast("Function", njit(error_model="numpy", forceinline=True)(function))


def called(function: Function) -> Function:
    """Compile a function of loops that kernels call."""
    return cast("Function", njit(error_model="numpy")(function))


def compiled(function: Function) -> Function:
    """Compile a loop over arrays, and keep the machine code on disk where one can write.

    Numba looks beside the module, then in the user's cache folder. Where neither is writable it
    refuses to cache; the function is then compiled again by each process.
    """
    # Numba notices a change of the function's own file only; the name brings in all that it may build on.
    folder = Path(function.__code__.co_filename).parent
    function.__qualname__ = f"{function.__qualname__}_{_digest(folder)}"
    try:
        return cast("Function", njit(error_model="numpy", nogil=True, cache=True)(function))
    except RuntimeError:
        return cast("Function", njit(error_model="numpy", nogil=True)(function))


@cache
def _digest(folder: Path) -> str:
    """Return a digest of this file and of all modules in a folder: kernels take their types from others."""
    modules = [Path(__file__), *sorted(folder.glob("*.py"))]
    return blake2b(b"".join(each.read_bytes() for each in modules), digest_size=6).hexdigest()


@intrinsic
def _fma(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic
def _bits_of(_context: Any, _number: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


@intrinsic
def _number_of(_context: Any, _bits: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


# One rounding for a * b + c. Said in so many words, and never left to the compiler's liking, it gives the
# same bits on every machine, in every lane of a vector and for every length of array.
fma = cast("Callable[[float, float, float], float]", _fma)
bits_of = cast("Callable[[float], np.int64]", _bits_of)
number_of = cast("Callable[[np.int64], float]", _number_of)
