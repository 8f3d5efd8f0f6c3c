"""Choose between the compiled (Numba) and the array (NumPy/SciPy) kernels, which give equal results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.pricing import array_american, array_grid, array_kernels
from strikewise.pricing.collocation import FAST, Collocation

try:
    from strikewise.pricing import (
        compiled_american,
        compiled_grid,
        compiled_kernels,
        compiled_volatility,
    )
except ImportError:  # a platform without Numba still prices, more slowly
    numba_available = False
else:
    numba_available = True

__all__ = [
    "ARRAY",
    "COMPILED",
    "DEFAULT",
    "AmericanKernels",
    "Kernels",
    "columns",
    "numba_available",
    "warm_up",
]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Scalar = TypeVar("Scalar", np.float64, np.bool_)


class SixColumnKernel(Protocol):
    """Write one number a row, ``(n,)``, from a flag and five columns: prices, or implied volatilities."""

    def __call__(
        self, out: Array, is_call: Flags, a: Array, b: Array, c: Array, d: Array, e: Array, /
    ) -> None: ...


class SevenColumnKernel(Protocol):
    """Write price, delta, gamma, theta, vega, rho, ``(6, n)``, from a flag and six columns."""

    def __call__(
        self, out: Array, is_call: Flags, a: Array, b: Array, c: Array, d: Array, e: Array, f: Array, /
    ) -> None: ...


class AmericanKernel(Protocol):
    """Write American prices, ``(n,)``, or price and Greeks, ``(6, n)``, from a flag and six columns."""

    def __call__(
        self,
        out: Array,
        is_call: Flags,
        a: Array,
        b: Array,
        c: Array,
        d: Array,
        e: Array,
        f: Array,
        scheme: Collocation,
        together: bool,
        /,
    ) -> None: ...


class AmericanSolver(Protocol):
    """Write implied volatilities, ``(n,)``, from a flag, six columns and the European volatilities."""

    def __call__(
        self,
        out: Array,
        is_call: Flags,
        a: Array,
        b: Array,
        c: Array,
        d: Array,
        e: Array,
        f: Array,
        start: Array,
        scheme: Collocation,
        together: bool,
        /,
    ) -> None: ...


class GridKernel(Protocol):
    """Write premiums of early exercise and two derivatives, ``(3, n)``, with dividends by ex-date."""

    def __call__(
        self,
        out: Array,
        is_call: Flags,
        a: Array,
        b: Array,
        c: Array,
        d: Array,
        e: Array,
        f: Array,
        amounts: Array,
        due: Array,
        half: int,
        steps: int,
        /,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class AmericanKernels:
    """What is computed of options that may be exercised early."""

    price: AmericanKernel
    greeks: AmericanKernel
    implied_volatility: AmericanSolver


@dataclass(frozen=True, slots=True)
class Kernels:
    """One implementation of everything that is computed a million times."""

    name: str
    price: SixColumnKernel
    greeks: SevenColumnKernel
    forward_greeks: SevenColumnKernel
    implied_volatility: SixColumnKernel
    american: AmericanKernels
    grid: GridKernel


ARRAY = Kernels(
    "numpy",
    array_kernels.price,
    array_kernels.greeks,
    array_kernels.forward_greeks,
    array_kernels.implied_volatility,
    AmericanKernels(array_american.price, array_american.greeks, array_american.implied_volatility),
    array_grid.early_exercise,
)
"""NumPy and SciPy."""

COMPILED: Kernels | None = (
    Kernels(
        "numba",
        compiled_kernels.price,
        compiled_kernels.greeks,
        compiled_kernels.forward_greeks,
        compiled_volatility.implied_volatility,
        AmericanKernels(
            compiled_american.price, compiled_american.greeks, compiled_american.implied_volatility
        ),
        compiled_grid.early_exercise,
    )
    if numba_available
    else None
)
"""Numba; ``None`` where Numba cannot be imported."""

DEFAULT: Kernels = ARRAY if COMPILED is None else COMPILED
"""What the pricing functions use unless told otherwise."""


def columns(is_call: ArrayLike, *numbers: ArrayLike) -> tuple[tuple[int, ...], Flags, list[Array]]:
    """Broadcast scalars and arrays to flat contiguous columns for the kernels.

    Parameters
    ----------
    is_call
        True for a call, False for a put.
    *numbers
        Anything that broadcasts with it.

    Returns
    -------
    The common shape, the flags and the float64 columns. A column has a row for each element of the shape,
    or one for all.
    """
    arrays = [np.asarray(number, dtype=np.float64) for number in numbers]
    flags = np.asarray(is_call, dtype=np.bool_)
    shape = np.broadcast(flags, *arrays).shape
    return shape, _column(flags, shape), [_column(array, shape) for array in arrays]


def _column(array: NDArray[Scalar], shape: tuple[int, ...]) -> NDArray[Scalar]:
    # Always contiguous, aligned and read-only: to Numba each mixture is another type.
    if array.size == 1:
        column = array.reshape(1)
    else:
        whole = array if array.shape == shape else np.broadcast_to(array, shape)
        column = np.ascontiguousarray(whole).reshape(-1)
    if not column.flags.aligned:
        column = column.copy()
    column.flags.writeable = False
    return column


def warm_up() -> None:
    """Compile the default kernels, or load them from disk, for a fast first answer."""
    _, call, (one, tenth) = columns(True, 1.0, 0.1)
    single, six, none = np.empty(1), np.empty((6, 1)), np.empty(0)
    DEFAULT.price(single, call, one, one, one, one, one)
    DEFAULT.greeks(six, call, one, one, one, one, one, one)
    DEFAULT.forward_greeks(six, call, one, one, one, one, one, one)
    DEFAULT.implied_volatility(single, call, tenth, one, one, one, one)
    DEFAULT.american.price(single, call, one, one, one, one, tenth, tenth, FAST, False)
    DEFAULT.american.greeks(six, call, one, one, one, one, tenth, tenth, FAST, False)
    DEFAULT.american.implied_volatility(single, call, tenth, one, one, one, tenth, tenth, one, FAST, False)
    whole = np.ones(1)
    DEFAULT.grid(six[:3], np.ones(1, np.bool_), whole, whole, whole, whole, whole, whole, none, none, 4, 2)
