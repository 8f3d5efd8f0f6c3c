"""Choose between the compiled (Numba) and the array (NumPy/SciPy) kernels, which give equal results."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from strikewise.pricing import array_american, array_grid, array_kernels, array_pairs
from strikewise.pricing.collocation import FAST
from strikewise.pricing.kernels import AmericanKernels, Kernels, columns

try:
    from strikewise.pricing import (
        compiled_american,
        compiled_grid,
        compiled_kernels,
        compiled_pairs,
        compiled_volatility,
    )
except ImportError:  # a platform without Numba still prices, more slowly
    numba_available = False
else:
    numba_available = True

__all__ = ["ARRAY", "COMPILED", "DEFAULT", "numba_available", "warm_up"]

ARRAY = Kernels(
    "numpy",
    array_kernels.price,
    array_kernels.greeks,
    array_kernels.forward_greeks,
    array_kernels.implied_volatility,
    AmericanKernels(array_american.price, array_american.greeks, array_american.implied_volatility),
    array_grid.early_exercise,
    array_pairs.pair_profits,
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
        compiled_pairs.pair_profits,
    )
    if numba_available
    else None
)
"""Numba; ``None`` where Numba cannot be imported."""

DEFAULT: Kernels = ARRAY if COMPILED is None else COMPILED
"""What the pricing functions use unless told otherwise."""


def warm_up() -> tuple[Callable[..., object], ...]:
    """Compile the default kernels, or load them from disk, for a fast first answer; return them."""
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
    pair = (whole, whole, whole, whole, whole, whole, whole, whole, whole)
    DEFAULT.pair_profits(np.empty((3, 1)), *pair, np.zeros(1), True)
    american = DEFAULT.american
    return (
        DEFAULT.price,
        DEFAULT.greeks,
        DEFAULT.forward_greeks,
        DEFAULT.implied_volatility,
        american.price,
        american.greeks,
        american.implied_volatility,
        DEFAULT.grid,
        DEFAULT.pair_profits,
    )
