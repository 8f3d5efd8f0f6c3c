"""Choose between the compiled (Numba) and the array (NumPy/SciPy) kernels, which give equal results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.pricing import array_kernels

try:
    from strikewise.pricing import compiled_kernels
except ImportError:  # a platform without Numba still prices, more slowly
    numba_available = False
else:
    numba_available = True

__all__ = ["ARRAY", "COMPILED", "DEFAULT", "Kernels", "columns", "numba_available", "warm_up"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Scalar = TypeVar("Scalar", np.float64, np.bool_)


class SixColumnKernel(Protocol):
    """One number a row from a flag and five columns of one length: prices, or implied volatilities."""

    def __call__(self, is_call: Flags, a: Array, b: Array, c: Array, d: Array, e: Array, /) -> Array: ...


class SevenColumnKernel(Protocol):
    """Price, delta, gamma, theta, vega, rho, shape ``(6, n)``, from a flag and six columns of one length."""

    def __call__(
        self, is_call: Flags, a: Array, b: Array, c: Array, d: Array, e: Array, f: Array, /
    ) -> Array: ...


@dataclass(frozen=True, slots=True)
class Kernels:
    """One implementation of everything that is computed a million times."""

    name: str
    price: SixColumnKernel
    greeks: SevenColumnKernel
    forward_greeks: SevenColumnKernel
    implied_volatility: SixColumnKernel


ARRAY = Kernels(
    "numpy",
    array_kernels.price,
    array_kernels.greeks,
    array_kernels.forward_greeks,
    array_kernels.implied_volatility,
)
"""NumPy and SciPy."""

COMPILED: Kernels | None = (
    Kernels(
        "numba",
        compiled_kernels.price,
        compiled_kernels.greeks,
        compiled_kernels.forward_greeks,
        compiled_kernels.implied_volatility,
    )
    if numba_available
    else None
)
"""Numba; ``None`` where Numba cannot be imported."""

DEFAULT: Kernels = ARRAY if COMPILED is None else COMPILED
"""What the pricing functions use unless told otherwise."""


def columns(is_call: ArrayLike, *numbers: ArrayLike) -> tuple[tuple[int, ...], Flags, list[Array]]:
    """Broadcast scalars and arrays to flat contiguous columns of one length.

    Parameters
    ----------
    is_call
        True for a call, False for a put.
    *numbers
        Anything that broadcasts with it.

    Returns
    -------
    The common shape, the flags and the float64 columns.
    """
    arrays = [np.asarray(number, dtype=np.float64) for number in numbers]
    flags = np.asarray(is_call, dtype=np.bool_)
    shape = np.broadcast_shapes(flags.shape, *(array.shape for array in arrays))
    flat = [_column(array, shape) for array in arrays]
    return shape, _column(flags, shape), flat


def _column(array: NDArray[Scalar], shape: tuple[int, ...]) -> NDArray[Scalar]:
    # Always contiguous, aligned and read-only: to Numba each mixture is another type.
    column = np.require(np.broadcast_to(array, shape), requirements=("C", "A")).reshape(-1)
    column.flags.writeable = False
    return column


def warm_up() -> None:
    """Compile the default kernels, or load them from disk, for a fast first answer."""
    _, call, (one, tenth) = columns(True, 1.0, 0.1)
    DEFAULT.price(call, one, one, one, one, one)
    DEFAULT.greeks(call, one, one, one, one, one, one)
    DEFAULT.forward_greeks(call, one, one, one, one, one, one)
    DEFAULT.implied_volatility(call, tenth, one, one, one, one)
