"""Greeks of a position or contract, in the units every part of strikewise uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Greeks:
    """First-order sensitivities, and gamma.

    Attributes
    ----------
    delta : float
        Dollars per $1 of the underlying.
    gamma : float
        Change of delta per $1 of the underlying (per $1²).
    theta : float
        Dollars per calendar day.
    vega : float
        Dollars per volatility point (0.01 of annual volatility).
    rho : float
        Dollars per percentage point of the interest rate.
    """

    delta: float = 0.0
    gamma: float = 0.0
    theta: float = 0.0
    vega: float = 0.0
    rho: float = 0.0

    def __add__(self, other: Greeks) -> Greeks:
        return Greeks(
            self.delta + other.delta,
            self.gamma + other.gamma,
            self.theta + other.theta,
            self.vega + other.vega,
            self.rho + other.rho,
        )

    def scaled(self, quantity: float) -> Greeks:
        """Return the Greeks of ``quantity`` times this holding."""
        return Greeks(
            self.delta * quantity,
            self.gamma * quantity,
            self.theta * quantity,
            self.vega * quantity,
            self.rho * quantity,
        )
