"""What the book as it stands would have lost in the sessions of the past: value at risk, two ways.

*Historical*: every leg revalued in full under the joint moves of prices and volatilities of each past
session, at once, without the passage of time. *Delta-gamma-vega*: the same moves on the book's sensitivities,
to second order in the price and first in the volatility. Far from the strikes the two agree; where they do
not, the book bends in a way that its Greeks do not show, and the greater one counts.

A volatility moves by the relative change of its index (`strikewise.market.features.VOLATILITY_INDEXES`, else
VIX), every expiration and strike by the same: too much for what expires late, too little for the last days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import floor

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import date_of
from strikewise.risk.past_moves import JointMoves
from strikewise.risk.revaluation import RiskBook

__all__ = ["NOTHING_HELD", "ValueAtRisk", "delta_gamma_vega", "quantile_loss", "value_at_risk"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ValueAtRisk:
    """The loss of one session that is exceeded in no more than the rest of the confidence.

    Attributes
    ----------
    historical_cents, sensitivity_cents : int
        Losses, positive or zero: by full revaluation, and by delta, gamma and vega.
    worst_cents : int
        The greatest loss among the sessions, by full revaluation.
    worst_day : date or None
        When that was; None for an account that holds nothing.
    sessions : int
        Moves that were taken; 0 for an account that holds nothing.
    confidence : float
        Share of sessions that lost no more.
    """

    historical_cents: int
    sensitivity_cents: int
    worst_cents: int
    worst_day: date | None
    sessions: int
    confidence: float

    @property
    def cents(self) -> int:
        """The greater of the two."""
        return max(self.historical_cents, self.sensitivity_cents)


NOTHING_HELD = ValueAtRisk(0, 0, 0, None, 0, 1.0)
"""Of an account that holds nothing."""


def value_at_risk(book: RiskBook, moves: JointMoves, confidence: float) -> ValueAtRisk:
    """Return what a book has at risk under the joint moves of its underlyings.

    Parameters
    ----------
    book : RiskBook
        What is held; its underlyings in the order of those of ``moves``.
    moves : JointMoves
        What happened.
    confidence : float
        Share of sessions that must not lose more, such as 0.95.
    """
    full = book.profit(moves.spots, moves.volatilities)
    worst = int(np.argmin(full))
    return ValueAtRisk(
        historical_cents=_cents(quantile_loss(full, confidence)),
        sensitivity_cents=_cents(quantile_loss(delta_gamma_vega(book, moves), confidence)),
        worst_cents=_cents(max(0.0, -float(full[worst]))),
        worst_day=date_of(int(moves.days[worst])),
        sessions=len(moves),
        confidence=confidence,
    )


def delta_gamma_vega(book: RiskBook, moves: JointMoves) -> Floats:
    """Return the profit of each past move by the sensitivities of a book, dollars, ``(n,)``."""
    delta, gamma, vega = book.sensitivities()
    step = moves.spots * book.spots
    return np.asarray(step @ delta + 0.5 * step**2 @ gamma + moves.volatilities @ vega)


def quantile_loss(profits: Floats, confidence: float) -> float:
    """Return the loss that at most ``1 - confidence`` of profits exceed: an observed one, never less than 0.

    Of 500 profits at 0.95 it is the 26th greatest loss.
    """
    losses = np.sort(-profits)[::-1]
    # A product such as 0.05 times 500 may fall short of 25 by its last digit.
    return max(0.0, float(losses[min(len(losses) - 1, floor((1.0 - confidence) * len(losses) + 1e-9))]))


def _cents(dollars: float) -> int:
    return round(100.0 * dollars)
