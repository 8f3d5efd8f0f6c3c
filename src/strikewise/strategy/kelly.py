"""Kelly's share of capital on estimates that do not believe themselves: shrunk towards no edge at all.

For small stakes the share that lets capital grow fastest is ``mean / mean square`` of the return on what is
at stake (Thorp, The Kelly criterion in blackjack, sports betting, and the stock market, 2006, §7: the maximum
of ``f·mean − f²·(mean square)/2``). Neither number is known. Three opinions are averaged, weighted by trades:
what the strategy's own closed trades came to, what its signal says, and that there is no edge. With no trades
the signal's edge counts half; with thirty trades and a prior of thirty, each opinion counts a third.
"""

from __future__ import annotations

from typing import NamedTuple

from strikewise.domain.track_record import TrackRecord

__all__ = ["Moments", "kelly_fraction", "prior_moments"]

MOST_CERTAIN = 0.99
"""No signal is believed to win more often."""


class Moments(NamedTuple):
    """Mean and mean square of the return on the capital that a trade holds, as fractions."""

    mean: float
    mean_square: float


def prior_moments(edge: float, probability: float) -> Moments:
    """Return the moments that a signal's own numbers imply, where each loss takes the whole stake.

    Parameters
    ----------
    edge : float
        Expected return on the stake after costs.
    probability : float
        Of a profit.

    Notes
    -----
    Of two outcomes with a given mean, −1 for a loss leaves ``(edge + 1 − p) / p`` for a win. Losses that end
    earlier vary less, so this prior errs towards trading little.
    """
    wins = min(probability, MOST_CERTAIN)
    if wins <= 0.0:
        return Moments(min(edge, 0.0), 1.0)
    gain = (edge + 1.0 - wins) / wins
    return Moments(edge, wins * gain**2 + 1.0 - wins)


def kelly_fraction(record: TrackRecord, prior: Moments, prior_trades: int) -> float:
    """Return the share of capital to hold in one trade by full Kelly; 0 where no edge is left.

    Parameters
    ----------
    record : TrackRecord
        The strategy's closed trades.
    prior : Moments
        What the signal says.
    prior_trades : int
        Trades that the signal's opinion weighs, and as many that weigh no edge at the signal's spread.
    """
    weight = record.measured + 2 * prior_trades
    mean = (record.returns + prior_trades * prior.mean) / weight
    square = (record.squares + 2 * prior_trades * prior.mean_square) / weight
    return max(0.0, mean / square) if square > 0.0 else 0.0
