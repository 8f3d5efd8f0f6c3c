"""Choose between the compiled (Numba) and the array (NumPy/SciPy) kernels, which give equal results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.pricing import array_kernels

__all__ = ["ARRAY", "COMPILED", "DEFAULT", "Kernels", "columns", "numba_available", "warm_up"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
SixArrays = tuple[Array, Array, Array, Array, Array, Array]


class PriceKernel(Protocol):
    """Black-76 prices of flat arrays of one length."""

    def __call__(
        self,
        is_call: Flags,
        forward: Array,
        strike: Array,
        years: Array,
        volatility: Array,
        discount: Array,
        /,
    ) -> Array: ...


class GreeksKernel(Protocol):
    """Price, delta, gamma, theta, vega, rho of flat arrays of one length."""

    def __call__(
        self,
        is_call: Flags,
        spot: Array,
        forward: Array,
        strike: Array,
        years: Array,
        volatility: Array,
        discount: Array,
        rate: Array,
        dividend_yield: Array,
        /,
    ) -> SixArrays: ...


@dataclass(frozen=True, slots=True)
class Kernels:
    """One implementation of everything that is computed a million times."""

    name: str
    price: PriceKernel
    greeks: GreeksKernel
    implied_volatility: PriceKernel


ARRAY = Kernels("numpy", array_kernels.price, array_kernels.greeks, array_kernels.implied_volatility)
"""NumPy and SciPy."""

COMPILED: Kernels | None = None
"""Numba; ``None`` where Numba is not installed."""

numba_available: bool = COMPILED is not None

DEFAULT: Kernels = COMPILED if COMPILED is not None else ARRAY
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
    flat = [np.ascontiguousarray(np.broadcast_to(array, shape)).reshape(-1) for array in arrays]
    return shape, np.ascontiguousarray(np.broadcast_to(flags, shape)).reshape(-1), flat


def warm_up() -> None:
    """Compile the default kernels, or load them from the compiler's cache, so that the first question is answered fast."""
    one = np.ones(1)
    call = np.ones(1, dtype=np.bool_)
    DEFAULT.price(call, one, one, one, one, one)
    DEFAULT.greeks(call, one, one, one, one, one, one, one, one)
    DEFAULT.implied_volatility(call, 0.1 * one, one, one, one, one)
