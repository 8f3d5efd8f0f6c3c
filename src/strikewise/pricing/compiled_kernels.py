"""The Numba kernels: the formulas of `array_kernels` in loops that become vector instructions.

No branch stands inside a loop: both sides are computed and one is chosen. Exponential, logarithm and Mills
ratio are polynomials of our own, because a call to the C library would stop the vectoriser. All that the
cached loops call stands in this file, or the compiler's cache would not notice a change. The implied
volatility starts from a fitted guess so near that two free steps reach the last digit; what they do not reach
(none on the stated domain) is solved again inside a bracket.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.compiler import bits_of, compiled, fma, inlined, number_of

__all__ = ["exp", "forward_greeks", "greeks", "implied_volatility", "log_ratio", "mills", "price"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FAR = 40.0
SMALL_T = 0.03
LEAST = 2.3e-308  # the smallest normal number: below it the exponent cannot be read from the bits
UNSOLVED = -1.0
BLOCK = 128

_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits
_ROUND_BITS = 0x4338000000000000
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
_ROOT_TWO_PI = 2.5066282746310002
_INVERSE_ROOT_TWO_PI = 0.3989422804014327


@inlined
def exp(x: float) -> float:
    """Return e to the x: 1 ulp, zero below -708, infinite above 709."""
    shifted = fma(x, _LOG2_E, _ROUND)
    n = shifted - _ROUND
    r = fma(-n, _LN2_LOW, fma(-n, _LN2_HIGH, x))
    y = 2.5105312729622103e-08
    y = fma(fma(2.09147553258932e-09, r, y), r, 2.755727347871858e-07)
    y = fma(fma(y, r, 2.755725517000089e-06), r, 2.480158732567746e-05)
    y = fma(fma(y, r, 0.0001984126987500228), r, 0.0013888888888883711)
    y = fma(fma(y, r, 0.008333333333326084), r, 0.04166666666666667)
    y = fma(fma(y, r, 0.1666666666666667), r, 0.5)
    y = fma(fma(y, r, 1.0), r, 1.0)
    scaled = y * number_of((bits_of(shifted) + 1023) << 52)
    return 0.0 if x < -708.0 else (math.inf if x > 709.0 else scaled)


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
    valid = (forward > 0.0) and (strike > 0.0) and (total >= 0.0)
    valid = valid and (forward < math.inf) and (strike < math.inf)
    f = forward if valid else 1.0
    k = strike if valid else 1.0
    lo = min(f, k)
    x = abs(log_ratio(f, k))
    s = max(total, 1e-150)
    p = min(x / s, FAR)
    t = min(0.5 * s, FAR)
    z = p - t
    small = t < SMALL_T
    bell = exp(-0.5 * z * z) * _INVERSE_ROOT_TWO_PI
    m = mills(p if small else abs(z))
    even, odd = series(p, t, m)
    beyond = even - odd if small else mills(p + t)
    tail = bell * m
    near = bell * (even + odd) if small else (tail if z >= 0.0 else 1.0 - tail)
    value = 2.0 * bell * odd if small else max(near - bell * beyond, 0.0)
    blank = 0.0 if valid else math.nan
    density = lo * bell if total > 0.0 else 0.0
    return lo * value + blank, density + blank, near + blank, bell * beyond * (lo / max(f, k)) + blank


@inlined
def total_volatility(volatility: float, years: float) -> float:
    """Return sigma * sqrt(T), NaN where one is negative or missing."""
    valid = (volatility >= 0.0) and (years >= 0.0)
    root = math.sqrt(years if valid else 0.0)
    return volatility * root if valid else math.nan


@compiled
def price(
    is_call: Flags, forward: Array, strike: Array, years: Array, volatility: Array, discount: Array
) -> Array:
    """Return Black-76 prices."""
    out = np.empty(forward.size)
    for i in range(forward.size):
        otm, _, _, _ = normalised(forward[i], strike[i], total_volatility(volatility[i], years[i]))
        gap = forward[i] - strike[i]
        gap = gap if is_call[i] else -gap
        out[i] = discount[i] * (otm + max(gap, 0.0))
    return out


@inlined
def _sensitivities(
    is_call: bool,
    spot: float,
    forward: float,
    strike: float,
    years: float,
    volatility: float,
    discount: float,
    rate: float,
    dividend_yield: float,
) -> tuple[float, float, float, float, float, float]:
    """Return price and Greeks in the house's units, as `array_kernels.greeks`."""
    total = total_volatility(volatility, years)
    otm, dense, near, far = normalised(forward, strike, total)
    below = forward <= strike
    n1 = near if below else far
    n2 = far if below else near
    flip = is_call != below
    n1 = 1.0 - n1 if flip else n1
    n2 = 1.0 - n2 if flip else n2
    sign = 1.0 if is_call else -1.0
    gap = sign * (forward - strike)
    density = discount * dense
    carried = sign * discount * forward * n1
    owed = sign * discount * strike * n2
    moving = total > 0.0
    root = math.sqrt(years if moving else 1.0)
    decay = -0.5 * density * volatility / root
    return (
        discount * (otm + max(gap, 0.0)),
        carried / spot,
        density / (spot * spot * (total if moving else 1.0)),
        (decay + dividend_yield * carried - rate * owed) * (1.0 / 365.0),
        density * root * 0.01,
        owed * years * 0.01,
    )


@inlined
def _keep(scratch: Array, i: int, six: tuple[float, float, float, float, float, float]) -> None:
    # The vectoriser proves only a few arrays disjoint: one scratch block takes all six results, row after
    # row.
    scratch[i] = six[0]
    scratch[BLOCK + i] = six[1]
    scratch[2 * BLOCK + i] = six[2]
    scratch[3 * BLOCK + i] = six[3]
    scratch[4 * BLOCK + i] = six[4]
    scratch[5 * BLOCK + i] = six[5]


@inlined
def _spread(scratch: Array, results: Array) -> None:
    for row in range(6):
        for i in range(results.shape[1]):
            results[row, i] = scratch[row * BLOCK + i]


@compiled
def greeks(
    is_call: Flags,
    spot: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    rate: Array,
    dividend_yield: Array,
) -> Array:
    """Return price, delta, gamma, theta, vega, rho as rows, from a rate and a dividend yield."""
    results = np.empty((6, spot.size))
    scratch = np.empty(6 * BLOCK)
    for start in range(0, spot.size, BLOCK):
        part = slice(start, start + BLOCK)
        C, S, K, Ts = is_call[part], spot[part], strike[part], years[part]
        sigma, rs, qs = volatility[part], rate[part], dividend_yield[part]
        for i in range(S.size):
            T, r, q = Ts[i], rs[i], qs[i]
            F, D = S[i] * exp((r - q) * T), exp(-r * T)
            six = _sensitivities(C[i], S[i], F, K[i], T, sigma[i], D, r, q)
            _keep(scratch, i, six)
        _spread(scratch, results[:, part])
    return results


@compiled
def forward_greeks(
    is_call: Flags,
    spot: Array,
    forward: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    discount: Array,
) -> Array:
    """Return price, delta, gamma, theta, vega, rho as rows, from a forward and a discount."""
    results = np.empty((6, spot.size))
    scratch = np.empty(6 * BLOCK)
    for start in range(0, spot.size, BLOCK):
        part = slice(start, start + BLOCK)
        C, S, F, K = is_call[part], spot[part], forward[part], strike[part]
        Ts, sigma, D = years[part], volatility[part], discount[part]
        for i in range(S.size):
            T = Ts[i]
            span = T if T > 0.0 else math.inf
            r = -log_ratio(D[i], 1.0) / span
            q = r - log_ratio(F[i], S[i]) / span
            six = _sensitivities(C[i], S[i], F[i], K[i], T, sigma[i], D[i], r, q)
            _keep(scratch, i, six)
        _spread(scratch, results[:, part])
    return results


@inlined
def _first_guess(x: float, kappa: float, ratio: float, upper: bool) -> float:
    """Return total volatility within 1.2 % (12 % where `upper`) of the true one.

    Fitted over 7 standard deviations and total volatilities up to 7.
    """
    b = kappa * math.sqrt(ratio)
    x1 = fma(1e-9, b, x)
    u = 1.0 - kappa
    v = log_ratio(u if upper else b + x1, 1.0 if upper else b)
    # Normal (Bachelier) standard deviations of the strike from its price, then the lognormal correction.
    p = v * fma(
        fma(fma(2.8919287263418912e-05, v, 0.0056479238317577235), v, 0.038397765862064955), v, 0.3989369919
    )
    p = p / fma(fma(fma(0.00046532301016447616, v, 0.017961346616653356), v, 0.0961211656800664), v, 1.0)
    s = x1 / p
    w = s * s
    top = fma(w, fma(-0.0005585514201269065, w, fma(0.0014849433326060554, p, 0.03905125459306268)), 0.0)
    base = fma(p, fma(p, 0.33914300533716324, 0.2607181309755683), 1.0)
    base = fma(w, fma(0.00012668257968229392, w, fma(-0.024224136916750044, p, -0.13058223450154283)), base)
    lower_guess = s * (1.0 + top / base)
    # Near the upper bound: the tail 1 - kappa is shared by two normal tails; Abramowitz and Stegun 26.2.22
    # inverts it.
    g = math.sqrt(max(-2.0 * v, 0.0))
    y = max(g - 0.75, 0.1)
    a = fma(0.77, y, 0.8)
    h = a / (a + fma(0.77, math.sqrt(fma(y, y, 2.0 * x)), 0.8))
    g = math.sqrt(fma(g, g, 2.0 * h * fma(h, fma(0.4, h, 0.5), 1.0)))
    y = g - fma(0.27061, g, 2.30753) / fma(g, fma(g, 0.04481, 0.99229), 1.0)
    return y + math.sqrt(fma(y, y, 2.0 * x)) if upper else lower_guess


@inlined
def _residual(x: float, s: float, target: float, upper: bool) -> tuple[float, float, float, float]:
    """Return the logarithmic misfit at ``s``, its inverse slope, and p and t."""
    p = min(x / s, FAR)
    t = min(0.5 * s, FAR)
    z = p - t
    small = (t < SMALL_T) and not upper
    m = mills(p if small else max(-z if upper else z, -0.6))
    _, odd = series(p, t, m)
    reach = 2.0 * odd if small else (-m if upper else m) - mills(p + t)
    return fma(-0.5 * z, z, log_ratio(abs(reach), target)), reach, p, t


@inlined
def _step(s: float, f: float, reach: float, p: float, t: float) -> float:
    """Return the Householder step of fourth order."""
    slope = 1.0 / reach
    newton = -f * reach
    each = 1.0 / s
    curve = (p - t) * (p + t) * each
    h2 = curve - slope
    h3 = curve * curve - fma(3.0 * p, p, t * t) * each * each + slope * (2.0 * slope - 3.0 * curve)
    return newton * fma(0.5 * h2, newton, 1.0) / fma(newton, fma(h3 * newton, 1.0 / 6.0, h2), 1.0)


@inlined
def _is_upper(x: float, kappa: float) -> bool:
    """Say whether the price is nearer its upper bound: where ``t - p`` is above about one third."""
    return kappa > 0.637 - 0.375 / fma(0.75, math.sqrt(fma(2.0, x, 0.1225)), 0.8)


@inlined
def _solve_one(x: float, kappa: float) -> float:
    """Solve for total volatility with the steps held in a bracket, for what two free steps do not reach."""
    upper = bool(_is_upper(x, kappa))
    target = (1.0 - kappa if upper else kappa) * _ROOT_TWO_PI
    s = _first_guess(x, kappa, exp(-x), upper)
    below, above = 0.0, 2.0 * FAR
    if not 1e-12 < s < above:
        s = 0.5
    for _ in range(100):
        f, reach, p, t = _residual(x, s, target, upper)
        if (f < 0.0) if upper else (f > 0.0):
            above = s
        else:
            below = s
        following = s + _step(s, f, reach, p, t)
        if abs(following - s) <= 1e-6 * s:
            return following
        if not below < following < above:
            following = math.sqrt(max(below, 1e-6 * above) * above)
        s = following
    return s


@compiled
def implied_volatility(
    is_call: Flags, price: Array, forward: Array, strike: Array, years: Array, discount: Array
) -> Array:
    """Return implied volatilities, NaN where there is none."""
    out = np.empty(price.size)
    for i in range(price.size):
        F, K, T, D = forward[i], strike[i], years[i], discount[i]
        lo, hi = min(F, K), max(F, K)
        gap = F - K if is_call[i] else K - F
        value = price[i] / D - max(gap, 0.0)
        kappa = value / lo
        fine = (kappa >= LEAST) and (kappa < 1.0) and (lo > 0.0) and (hi < math.inf) and (D > 0.0)
        fine = fine and (0.0 < T < math.inf)
        kappa = kappa if fine else 0.5
        x = abs(log_ratio(F if fine else 1.0, K if fine else 1.0))
        upper = _is_upper(x, kappa)
        target = (1.0 - kappa if upper else kappa) * _ROOT_TWO_PI
        s = _first_guess(x, kappa, lo / hi, upper)
        f, reach, p, t = _residual(x, s, target, upper)
        s += _step(s, f, reach, p, t)
        f, reach, p, t = _residual(x, s, target, upper)
        last = _step(s, f, reach, p, t)
        s += last
        root = math.sqrt(T if fine else 1.0)
        out[i] = (s / root if abs(last) < 1e-4 * s else UNSOLVED) if fine else math.nan
    for i in range(price.size):
        if out[i] == UNSOLVED:
            F, K, D = forward[i], strike[i], discount[i]
            gap = F - K if is_call[i] else K - F
            kappa = (price[i] / D - max(gap, 0.0)) / min(F, K)
            out[i] = _solve_one(abs(log_ratio(F, K)), kappa) / math.sqrt(years[i])
    return out
