"""Elementary functions that the compiler can turn into vector instructions.

Exponential, logarithm and Mills ratio are polynomials of our own, because a call to the C library would
stop the vectoriser. No branch stands inside them: both sides are computed and one is chosen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from strikewise.pricing.compiler import bits_of, fma, inlined, number_of

__all__ = [
    "BLOCK",
    "FAR",
    "LEAST_TOTAL",
    "SMALL_T",
    "exp",
    "exp_within",
    "factor",
    "log_ratio",
    "mills",
    "normalised",
    "part",
    "repeated",
    "root_and_total",
    "series",
]

FAR = 37.6
SMALL_T = 0.03
LEAST_TOTAL = 1e-150  # stands for a total volatility of zero where one must divide by it
BLOCK = 128
"""Rows a kernel works on at a time."""

_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits
_ROUND_BITS = 0x4338000000000000
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
_INVERSE_ROOT_TWO_PI = 0.3989422804014327


@inlined
def exp_within(x: float) -> float:
    """Return e to the x to 1 ulp, for x from -708 to 709 or NaN."""
    shifted = fma(x, _LOG2_E, _ROUND)
    n = shifted - _ROUND
    r = fma(-n, _LN2_LOW, fma(-n, _LN2_HIGH, x))
    y = fma(2.5100472505694996e-08, r, 2.7620201591031547e-07)
    y = fma(fma(y, r, 2.7557268276905696e-06), r, 2.4801521057868204e-05)
    y = fma(fma(y, r, 0.00019841269863171557), r, 0.0013888888917367081)
    y = fma(fma(y, r, 0.008333333333330039), r, 0.041666666666623824)
    y = fma(fma(y, r, 0.16666666666666669), r, 0.5000000000000001)
    y = fma(fma(y, r, 1.0), r, 1.0)
    return y * number_of((bits_of(shifted) + 1023) << 52)


@inlined
def exp(x: float) -> float:
    """Return e to the x to 1 ulp; beyond the range of float64 its smallest and largest numbers."""
    return exp_within(min(max(x, -708.0), 709.0))


@inlined
def log_ratio(a: float, b: float) -> float:
    """Return ln(a/b) of positive numbers at most 1e300 apart, precise where they are near too."""
    e = (bits_of(a) - bits_of(b) + 0x0008000000000000) >> 52
    scaled = a * number_of((1023 - e) << 52)
    exponent = number_of(e + _ROUND_BITS) - _ROUND
    g = (scaled - b) / (scaled + b)
    y = g * g
    s = fma(fma(0.137300490066644, y, 0.13193475586569775), y, 0.15389718263641888)
    s = fma(fma(s, y, 0.1818171568257997), y, 0.22222223336620348)
    s = fma(fma(s, y, 0.28571428565490653), y, 0.40000000000012037)
    s = fma(s, y, 0.6666666666666666)
    rest = fma(g * y, s, exponent * _LN2_LOW)
    return fma(exponent, _LN2_HIGH, fma(2.0, g, rest))


@inlined
def mills(z: float) -> float:
    """Return N(-z)/n(z) for z from -0.6 to 80, to 4e-17 before rounding (minimax rational)."""
    a = fma(4.4355972152376798487e-7, z, 0.000014459051249984960672)
    a = fma(fma(a, z, 0.00022893289186084133983), z, 0.0022992514975074416776)
    a = fma(fma(a, z, 0.016140397102160464521), z, 0.082536479335572165249)
    a = fma(fma(a, z, 0.31124556081870346898), z, 0.85635539446308433739)
    a = fma(fma(a, z, 1.6536699615432058649), z, 2.0441923560126017314)
    a = fma(a, z, 1.2533141373155002155)
    b = fma(4.4355972152372752271e-7, z, 0.000014459051249997916855)
    b = fma(fma(b, z, 0.00022937645158056598239), z, 0.0023137105489020072244)
    b = fma(fma(b, z, 0.01636844286698401309), z, 0.084806813010454877657)
    b = fma(fma(b, z, 0.32693252013755541475), z, 0.93443811878217022926)
    b = fma(fma(b, z, 1.9348886710007075442), z, 2.7574307757066629356)
    b = fma(fma(b, z, 2.4289140809765544548), z, 1.0)
    return a / b


@inlined
def series(p: float, t: float, m0: float) -> tuple[float, float]:
    """Return even and odd parts in t of M(p - t) for t below `SMALL_T`, from ``m0 = M(p)``."""
    m1 = fma(-p, m0, 1.0)
    m2 = fma(-p, m1, m0)
    m3 = fma(-p, m2, 2.0 * m1)
    m4 = fma(-p, m3, 3.0 * m2)
    m5 = fma(-p, m4, 4.0 * m3)
    m6 = fma(-p, m5, 5.0 * m4)
    m7 = fma(-p, m6, 6.0 * m5)
    u = t * t
    even = fma(u * 0.5, fma(u * (1.0 / 12.0), fma(u * (1.0 / 30.0), m6, m4), m2), m0)
    odd = fma(u * (1.0 / 6.0), fma(u * (1.0 / 20.0), fma(u * (1.0 / 42.0), m7, m5), m3), m1)
    return even, t * odd


@inlined
def normalised(forward: float, strike: float, total: float) -> tuple[float, float, float, float]:
    """Return out-of-the-money price, density, near and far probability, as `array_kernels.normalised`."""
    valid = (min(forward, strike) > 0.0) and (forward * strike < math.inf) and (total >= 0.0)
    f = forward if valid else 1.0
    k = strike if valid else 1.0
    lo = min(f, k)
    x = abs(log_ratio(f, k))
    s = max(total, LEAST_TOTAL)
    p = min(x * (1.0 / s), FAR)
    t = min(0.5 * s, FAR)
    z = p - t
    small = t < SMALL_T
    bell = exp_within(-0.5 * z * z) * _INVERSE_ROOT_TWO_PI
    bell = (0.0 if p == FAR else bell) if valid else math.nan
    m = mills(p if small else abs(z))
    even, odd = series(p, t, m)
    beyond = even - odd if small else mills(p + t)
    tail = bell * m
    near = bell * (even + odd) if small else (tail if z >= 0.0 else 1.0 - tail)
    value = 2.0 * bell * odd if small else max(near - bell * beyond, 0.0)
    density = 0.0 if valid and total == 0.0 else lo * bell
    return lo * value, density, near, bell * beyond * (lo / max(f, k))


@inlined
def root_and_total(volatility: float, years: float) -> tuple[float, float]:
    """Return sqrt(T) and sigma * sqrt(T), the latter NaN where one is negative or missing."""
    root = math.sqrt(years)
    return root, volatility * root if volatility >= 0.0 else math.nan


@inlined
def factor(discount: float) -> float:
    """Return a discount, NaN where it is none: not greater than zero, or infinite."""
    return discount if 0.0 < discount < math.inf else math.nan


@inlined
def repeated(column: Any, n: int) -> Any:
    """Return a column of n numbers as it is, and a single number as one block that serves every part."""
    if column.size == n:
        return column
    block = np.empty(min(BLOCK, n), column.dtype)
    for i in range(block.size):
        block[i] = column[0]
    return block


@inlined
def part(column: Any, start: int, n: int) -> Any:
    """Return the rows of one block of a column that `repeated` has prepared."""
    first = start if column.size == n else 0
    return column[first : first + BLOCK]
