"""Buy shares that rise, and sell them at a gain of 8, a loss of 3 percent, or after five sessions.

A score of 100 points says how well shares rise: the order of price and averages, the return of 20 sessions in
standard deviations, relative strength, the distance from the year's high, and volume. The best of all symbols
above a score are bought, and left soon: what does not go on at once is given back. Turned around, the same
rule sells falling shares short.

It earns in markets where what rises goes on rising for days, and pays for it in many small losses and costs
where nothing does. A stop is met at the price of the close after it was passed, so that a gap costs more than
the stop. Nothing here claims that shares drift: the expected profit of a signal is minus its costs, and
whether the rule has an edge is for its record to say. The limits of the account must allow for the value of a
position in shares, which counts as a whole as what it can lose.
"""

from __future__ import annotations

from math import isnan, sqrt

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.share_entries import (
    Idea,
    ShareProspect,
    screen_shares,
    share_parameters,
    share_sizing_parameters,
)
from strikewise.strategy.share_exits import share_exit, share_exit_parameters
from strikewise.strategy.sizing import proposed_position

__all__ = ["Momentum"]

FULL_DEVIATIONS, FULL_STRENGTH, FULL_DISTANCE, FULL_SURGE = 2.0, 25.0, 0.15, 1.0
"""What earns all points: return of 20 sessions in its deviations, relative strength beyond 50, distance from
the year's high that earns none, and volume beyond the usual."""
POINTS = {"trend": 25.0, "momentum": 30.0, "strength": 15.0, "high": 15.0, "volume": 15.0}


class Momentum:
    """Shares that rise (or fall) most, held for days."""

    __slots__ = ()

    name = "momentum"
    summary = (
        "Buys the shares that rise most by a score, and sells them at +8%, at -3% or after five sessions."
    )
    space = ParameterSpace(
        (
            *share_parameters(min_score=70.0),
            Parameter(
                "max_strength",
                80.0,
                "Most relative strength index to buy at (least, mirrored, to sell at): beyond is overdone.",
                "points",
                50.0,
                100.0,
            ),
            *share_exit_parameters(profit_target=0.08, stop_loss=0.03, max_sessions=5),
            *share_sizing_parameters(risk_fraction=0.02),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the shares with the best scores, and what each reason turned away."""
        return screen_shares(self.name, market_data, params, _look)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the shares with the best scores, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many shares as a share of equity pays for."""
        return proposed_position(signal, portfolio, params, at_stake_cents=abs(signal.price_cents))

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the stop, the target, or the sessions that are up."""
        return share_exit(position, market_data, params) or Hold()


def _look(prospect: ShareProspect, params: ParameterSet) -> Idea | DenialCode:
    known = prospect.known("sma20", "sma50", "return20", "rv20", "rsi14")
    if known is None or known["rv20"] <= 0.0:
        return DenialCode.DATA_NO_HISTORY
    side = params.text("side")
    rising = known["return20"] > 0.0
    if side != "both" and rising != (side == "long"):
        return DenialCode.ENTRY_TREND
    if 50.0 + abs(known["rsi14"] - 50.0) > params.number("max_strength"):
        return DenialCode.ENTRY_OVERDONE
    points = _points(prospect, known, 1 if rising else -1)
    return Idea(1 if rising else -1, points, {"return20": known["return20"], "rsi14": known["rsi14"]})


def _points(prospect: ShareProspect, known: dict[str, float], side: int) -> dict[str, float]:
    spot, features = prospect.spot, prospect.features
    steps = [spot - known["sma20"], known["sma20"] - known["sma50"]]
    slow = features["sma200"]
    if not isnan(slow):
        steps.append(known["sma50"] - slow)
    deviation = known["rv20"] * sqrt(20.0 / 252.0)
    # Of shares that fall, nearness to the low of 20 sessions stands for nearness to the year's high.
    distance = -features["high252_distance"] if side > 0 else spot / features["support20"] - 1.0
    surge = features["volume_surge"]
    raw = {
        "trend": sum(side * step > 0.0 for step in steps) / len(steps),
        "momentum": side * known["return20"] / (FULL_DEVIATIONS * deviation),
        "strength": side * (known["rsi14"] - 50.0) / FULL_STRENGTH,
        "high": 0.0 if isnan(distance) else 1.0 - distance / FULL_DISTANCE,
        "volume": 0.0 if isnan(surge) else (surge - 1.0) / FULL_SURGE,
    }
    return {name: POINTS[name] * min(1.0, max(0.0, value)) for name, value in raw.items()}
