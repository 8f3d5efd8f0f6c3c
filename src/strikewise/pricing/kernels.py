"""What is computed a million times, whoever computes it, and columns to compute it on."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.pricing.collocation import Collocation

__all__ = ["DEFAULT", "AmericanKernels", "Kernels", "columns"]

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


class PairKernel(Protocol):
    """Write lower breakeven, upper breakeven and greatest profit of pairs, ``(3, n)``: `array_pairs`."""

    def __call__(
        self,
        out: Array,
        side: Array,
        near_strike: Array,
        far_strike: Array,
        forward: Array,
        near_total: Array,
        growth: Array,
        discount: Array,
        far_total: Array,
        cost: Array,
        grid: Array,
        american: bool,
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
    pair_profits: PairKernel


class _Chosen:
    """The kernels that `strikewise.pricing.backend` chooses.

    It is imported when they are first asked for: a program that prices nothing waits for no compiler.
    """

    def __getattr__(self, name: str) -> Any:
        kernel = getattr(import_module("strikewise.pricing.backend").DEFAULT, name)
        setattr(self, name, kernel)
        return kernel


DEFAULT = cast("Kernels", _Chosen())
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
