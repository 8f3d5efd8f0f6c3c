"""What the account risks at an instant: value at risk and correlations, each computed when asked for."""

from __future__ import annotations

from collections.abc import Iterable

from strikewise.domain.portfolio import Position
from strikewise.market.estimate import Estimator
from strikewise.market.view import MarketView
from strikewise.risk.concentration import correlation
from strikewise.risk.governor import Governor
from strikewise.risk.past_moves import JointMoves, Unpriced, joint_moves
from strikewise.risk.revaluation import RiskBook, book_of
from strikewise.risk.value_at_risk import NOTHING_HELD, ValueAtRisk, value_at_risk

__all__ = ["AccountRisk"]


class AccountRisk:
    """The market as limits of the whole account look at it; good for one view.

    Answers are kept: several wishes of a tick look at one past.

    Parameters
    ----------
    view : MarketView
        What is known.
    governor : Governor
        How far back to look, and how sure to be.
    """

    def __init__(self, view: MarketView, governor: Governor) -> None:
        self.view, self.governor = view, governor
        self._estimator = Estimator()
        self._moves: dict[tuple[str, ...], JointMoves | Unpriced] = {}
        self._correlations: dict[tuple[str, str], float | Unpriced] = {}

    def book(self, positions: Iterable[Position]) -> RiskBook | Unpriced:
        """Return positions laid out for revaluation, or what is not known of them."""
        return book_of(positions, self.view, self._estimator)

    def moves(self, underlyings: tuple[str, ...]) -> JointMoves | Unpriced:
        """Return the past joint moves of underlyings, or what is not known of them."""
        if underlyings not in self._moves:
            rules = self.governor
            self._moves[underlyings] = joint_moves(
                self.view, underlyings, sessions=rules.var_sessions, least=rules.var_least_sessions
            )
        return self._moves[underlyings]

    def value_at_risk(self, positions: Iterable[Position]) -> ValueAtRisk | Unpriced:
        """Return what positions have at risk; zero where they hold nothing, unknown where anything is."""
        return self.value_at_risk_of(self.book(positions))

    def value_at_risk_of(self, book: RiskBook | Unpriced) -> ValueAtRisk | Unpriced:
        """Return what a book has at risk, as `value_at_risk`."""
        if isinstance(book, Unpriced):
            return book
        if not book.underlyings:
            return NOTHING_HELD
        moves = self.moves(book.underlyings)
        if isinstance(moves, Unpriced):
            return moves
        return value_at_risk(book, moves, self.governor.var_confidence)

    def correlation(self, one: str, other: str) -> float | Unpriced:
        """Return the correlation of two underlyings' returns, or what is not known of it."""
        pair = (min(one, other), max(one, other))
        if pair not in self._correlations:
            self._correlations[pair] = correlation(self.view, *pair, self.governor.correlation_sessions)
        return self._correlations[pair]
