"""How likely shares that do not drift are sold at a profit: by a target, a stop, or after some sessions.

No drift is claimed for any share: what a rule of entry is worth is for its record to say, and no formula
knows it. Without drift a target and a stop move probability about and add nothing to the expectation, which
is minus the costs.
"""

from __future__ import annotations

from math import erf, exp, log1p, pi, sqrt

__all__ = ["chance_of_profit"]

SESSIONS_A_YEAR = 252
FAR = 9.0
"""Standard deviations beyond which an image adds nothing."""
MOST = 1.0 - 1e-9
"""Share of a price that counts as all of it, so that its logarithm is one."""
NARROW = 0.5
"""Standard deviations between two barriers within which nothing survives: less than one path in 10^8."""
NOWHERE = 12.0
"""Standard deviations at which a barrier that is not there stands."""


def chance_of_profit(
    target: float, stop: float, sessions: int, volatility: float, *, cost: float = 0.0, short: bool = False
) -> float:
    """Return the probability that a position in shares ends with a profit.

    Parameters
    ----------
    target, stop : float
        Gain and loss at which it ends, fractions of the price; 0 for none.
    sessions : int
        Sessions after which it ends in any case; 0 for never.
    volatility : float
        Of the shares, a fraction a year.
    cost : float
        What a way in and out costs, as a fraction of the price.
    short : bool
        Whether the shares are sold first.

    Returns
    -------
    The probability; one half where the position neither ends by a level nor by time.

    Notes
    -----
    Driftless Brownian motion of the logarithm between two absorbing levels. What survives has the density of
    the method of images (Karatzas and Shreve, Brownian Motion and Stochastic Calculus, section 2.8.A); the
    share that reached the upper level follows from the mean of the stopped motion, which is zero. Levels are
    watched continuously: daily closes reach them less often.
    """
    gain, loss = _distances(target, stop, short=short)
    if sessions == 0:
        return loss / (gain + loss) if target > 0 and stop > 0 else 0.5
    deviation = volatility * sqrt(sessions / SESSIONS_A_YEAR)
    up = gain / deviation if target > 0 else NOWHERE
    down = loss / deviation if stop > 0 else NOWHERE
    if up + down < NARROW:
        return loss / (gain + loss)
    even = min(up, max(-down, cost / deviation))
    alive, mean = _survivors(-down, up, up, down)
    reached = (down * (1.0 - alive) - mean) / (up + down)
    above, _ = _survivors(even, up, up, down)
    return min(1.0, max(0.0, reached + above))


def _distances(target: float, stop: float, *, short: bool) -> tuple[float, float]:
    """Return the logarithmic distances of gain and loss."""
    if short:
        return -log1p(-min(target, MOST)), log1p(stop)
    return log1p(target), -log1p(-min(stop, MOST))


def _survivors(low: float, high: float, up: float, down: float) -> tuple[float, float]:
    """Return mass and first moment, between two levels, of what has reached neither barrier at time one."""
    mass = moment = 0.0
    span = 2.0 * (up + down)
    images = 2 + int(FAR / span)
    for image in range(-images, images + 1):
        for centre, sign in ((image * span, 1.0), (2.0 * up - image * span, -1.0)):
            part = _normal(high - centre) - _normal(low - centre)
            mass += sign * part
            moment += sign * (centre * part - _density(high - centre) + _density(low - centre))
    return mass, moment


def _normal(value: float) -> float:
    return 0.5 * (1.0 + erf(value / sqrt(2.0)))


def _density(value: float) -> float:
    return exp(-0.5 * value * value) / sqrt(2.0 * pi)
