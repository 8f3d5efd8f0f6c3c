"""Buy shares two standard deviations below their mean, and sell them when they are back at it.

The band is Bollinger's: the mean of 20 closes and their standard deviation. A close as far below as asked
for is bought, by default only above the 200-session average, where falls are more often pauses than
beginnings. The position is left when the close is back at the mean, at a stop, at a target, or after some
sessions. Turned around, the same rule sells shares short above the band.

It wins often and little, and loses seldom and much: what falls two deviations is now and then right to do
so. The stop bounds a fall that comes in steps, not one that comes in a gap. As everywhere here the expected
profit of a signal claims nothing beyond its costs.
"""

from __future__ import annotations

from math import isnan

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.features import Features
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.exits import ExitCode
from strikewise.strategy.share_entries import (
    Idea,
    ShareProspect,
    screen_shares,
    share_parameters,
    share_sizing_parameters,
)
from strikewise.strategy.share_exits import share_exit, share_exit_parameters
from strikewise.strategy.sizing import proposed_position

__all__ = ["MeanReversion"]

DEPTH_POINTS, STRENGTH_POINTS, QUIET_POINTS = 60.0, 25.0, 15.0
FULL_DEPTH = 1.5
"""Deviations beyond the one asked for that earn all points."""


class MeanReversion:
    """Shares outside their band, held until they are back at its middle."""

    __slots__ = ()

    name = "mean_reversion"
    summary = (
        "Buys shares two deviations below their 20-session mean and sells them when they are back at it."
    )
    space = ParameterSpace(
        (
            *share_parameters(),
            Parameter(
                "deviations",
                2.0,
                "Standard deviations from the mean of 20 closes at which shares are traded.",
                "sd",
                0.5,
                6.0,
            ),
            Parameter(
                "exit_deviations",
                0.0,
                "Deviations from the mean, on the side of the entry, at which they are left.",
                "sd",
                -2.0,
                6.0,
            ),
            Parameter(
                "with_trend",
                True,
                "Whether shares are bought above their 200-session average only, and sold short below it.",
            ),
            *share_exit_parameters(profit_target=0.0, stop_loss=0.06, max_sessions=10),
            *share_sizing_parameters(risk_fraction=0.02),
        ),
        ordered=(("exit_deviations", "deviations"),),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the shares furthest outside their band, and what each reason turned away."""
        return screen_shares(self.name, market_data, params, _look)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the shares furthest outside their band, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many shares as a share of equity pays for."""
        return proposed_position(signal, portfolio, params, at_stake_cents=abs(signal.price_cents))

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the stop, at the mean, on a target, or when the sessions are up."""
        found = share_exit(position, market_data, params)
        if found is not None and found.reason == ExitCode.STOP_LOSS:
            return found
        away = _deviations(market_data.features(position.underlying))
        side = 1 if position.structure.shares > 0 else -1
        if not isnan(away) and -side * away <= params.number("exit_deviations"):
            return Close(ExitCode.REVERTED, f"deviations={away:.2f}")
        return found or Hold()


def _deviations(features: Features) -> float:
    """Return how many standard deviations the last close lies above the mean of 20."""
    return 4.0 * features["boll_pct"] - 2.0


def _look(prospect: ShareProspect, params: ParameterSet) -> Idea | DenialCode:
    known = prospect.known("boll_pct", "rsi14", "rv20")
    if known is None or known["rv20"] <= 0.0:
        return DenialCode.DATA_NO_HISTORY
    away, least = _deviations(prospect.features), params.number("deviations")
    side = 1 if away < 0.0 else -1
    if abs(away) < least or params.text("side") not in {"both", "long" if side > 0 else "short"}:
        return DenialCode.ENTRY_INSIDE
    if params.flag("with_trend"):
        slow = prospect.features["sma200"]
        if isnan(slow):
            return DenialCode.ENTRY_TREND_UNKNOWN
        if side * (prospect.spot - slow) <= 0.0:
            return DenialCode.ENTRY_TREND
    surge = prospect.features["volume_surge"]
    raw = {
        "depth": (DEPTH_POINTS, (abs(away) - least) / FULL_DEPTH),
        "strength": (STRENGTH_POINTS, side * (50.0 - known["rsi14"]) / 40.0),
        "quiet": (QUIET_POINTS, 0.0 if isnan(surge) else 2.0 - surge),
    }
    parts = {name: points * min(1.0, max(0.0, share)) for name, (points, share) in raw.items()}
    return Idea(side, parts, {"deviations": away, "rsi14": known["rsi14"]})
