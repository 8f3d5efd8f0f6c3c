"""How one unit of a structure moves: its Greeks, and the standard deviation of its value over a session."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, sqrt

from strikewise.domain.chain import OptionChain
from strikewise.domain.greeks import Greeks

__all__ = ["VOLATILITY_OF_VOLATILITY", "daily_sd_cents", "unit_greeks"]

SESSIONS_A_YEAR = 252
VOLATILITY_OF_VOLATILITY = 0.9
"""Of 30-day implied volatility, a year: about the long mean of Cboe's VVIX index."""


def unit_greeks(
    chain: OptionChain, legs: Iterable[tuple[int, int]], *, multiplier: int = 100, shares: int = 0
) -> Greeks | None:
    """Return the Greeks of one unit in dollars; rho is left at zero. None where a leg has none.

    Parameters
    ----------
    chain : OptionChain
        The quotes.
    legs : iterable of (int, int)
        Row of each option in the chain, and its ratio.
    multiplier : int
        Shares per contract.
    shares : int
        Shares of the underlying in the unit, long positive.
    """
    deltas, gammas, thetas, vegas = chain.delta, chain.gamma, chain.theta, chain.vega
    delta, gamma, theta, vega = float(shares), 0.0, 0.0, 0.0
    for row, ratio in legs:
        contracts = float(ratio * multiplier)
        delta += contracts * float(deltas[row])
        gamma += contracts * float(gammas[row])
        theta += contracts * float(thetas[row])
        vega += contracts * float(vegas[row])
    if not isfinite(delta + gamma + theta + vega):
        return None
    return Greeks(delta, gamma, theta, vega)


def daily_sd_cents(greeks: Greeks | None, spot: float, volatility: float) -> int | None:
    """Return the standard deviation of a unit's value over one session, at least a cent.

    Parameters
    ----------
    greeks : Greeks or None
        Of the unit.
    spot : float
        Price of the underlying, dollars.
    volatility : float
        Of the underlying, a fraction a year.

    Returns
    -------
    Cents; None where Greeks or volatility are not known.

    Notes
    -----
    The quadratic model's variance ``(Δσ)² + ½(Γσ²)²`` with ``σ = spot · volatility / √252`` (Hull, Options,
    Futures, and Other Derivatives, value at risk: ``E(ΔP²) = Δ²σ² + ¾Γ²σ⁴``, ``E(ΔP) = ½Γσ²``). To ``|Δ|σ``
    the move of implied volatility is added, vega times ``volatility · VOLATILITY_OF_VOLATILITY / √252``, as
    if both always came together: the largest that the sum can be, whatever their correlation.
    """
    if greeks is None or not (isfinite(volatility) and volatility > 0.0 and spot > 0.0):
        return None
    move = spot * volatility / sqrt(SESSIONS_A_YEAR)
    points = 100.0 * volatility * VOLATILITY_OF_VOLATILITY / sqrt(SESSIONS_A_YEAR)
    first = abs(greeks.delta) * move + abs(greeks.vega) * points
    dollars = sqrt(first**2 + 0.5 * (greeks.gamma * move**2) ** 2)
    return max(1, round(100.0 * dollars))
