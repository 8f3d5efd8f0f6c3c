"""Buy shares that close above their highest high of 20 or 55 sessions on a surge of volume.

A level that held for weeks is broken; the volume says that many traded it. The shares are held as long as
they stay above the level that was broken, until a target, a stop, a trailing low or a limit of time ends it.
Turned around, the same rule sells short what breaks its lowest low.

Most breakouts fail and cost little, for the level itself is the stop; those that do not can run for weeks and
must pay for the rest. As everywhere here the expected profit of a signal claims nothing beyond its costs.
"""

from __future__ import annotations

from math import isfinite

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.covering import shares_of
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

__all__ = ["Breakout"]

SURGE_POINTS, BREAK_POINTS, TREND_POINTS = 40.0, 30.0, 30.0
FULL_SURGE = 2.0
"""Volume beyond the least one, in usual volumes, that earns all points."""
FULL_BREAK = 0.03
"""How far beyond the level earns all points."""


class Breakout:
    """Shares that leave the range of weeks on volume."""

    __slots__ = ()

    name = "breakout"
    summary = "Buys shares that close above their high of weeks on a surge of volume; the level is the stop."
    space = ParameterSpace(
        (
            *share_parameters(),
            Parameter(
                "level",
                "20",
                "Sessions whose highest high (lowest low) must be broken.",
                choices=("20", "55"),
            ),
            Parameter(
                "min_break", 0.0, "Least distance of the close beyond the level.", "of the level", 0.0, 0.5
            ),
            Parameter(
                "max_break", 0.10, "Most distance of the close beyond the level.", "of the level", 0.001, 2.0
            ),
            Parameter(
                "min_surge",
                1.5,
                "Least volume over the mean of 20 sessions; 0 asks for none.",
                "usual volumes",
                0.0,
                20.0,
            ),
            Parameter("slack", 0.01, "How far back behind the level is a failure.", "of the level", 0.0, 0.5),
            Parameter(
                "trail",
                "10",
                "Sell below the lowest low of so many sessions before (buy back above the highest high).",
                choices=("off", "10", "20", "55"),
            ),
            *share_exit_parameters(profit_target=0.15, stop_loss=0.05, max_sessions=30),
            *share_sizing_parameters(risk_fraction=0.02),
        ),
        ordered=(("min_break", "max_break"),),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best breakouts, and what each reason turned away."""
        return screen_shares(self.name, market_data, params, _look)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best breakouts, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many shares as a share of equity pays for."""
        return proposed_position(signal, portfolio, params, at_stake_cents=abs(signal.price_cents))

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on stop or target, behind the level, behind the trail, or when the sessions are up."""
        return (
            share_exit(position, market_data, params)
            or _failed(position, market_data, params)
            or _trailed(position, market_data, params)
            or Hold()
        )


def _look(prospect: ShareProspect, params: ParameterSet) -> Idea | DenialCode:
    window = params.text("level")
    known = prospect.known(f"breakout{window}", f"breakdown{window}", "rv20")
    if known is None or known["rv20"] <= 0.0:
        return DenialCode.DATA_NO_HISTORY
    beyond = known[f"breakout{window}"], -known[f"breakdown{window}"]
    side = 1 if beyond[0] > 0.0 else -1
    distance = beyond[0] if side > 0 else beyond[1]
    inside = distance <= params.number("min_break") or distance > params.number("max_break")
    if inside or params.text("side") not in {"both", "long" if side > 0 else "short"}:
        return DenialCode.ENTRY_INSIDE
    surge, least = prospect.features["volume_surge"], params.number("min_surge")
    if least > 0 and not surge >= least:
        return DenialCode.ENTRY_VOLUME
    trend = {"up": 1, "down": -1}.get(prospect.trend.value, 0)
    raw = {
        "volume": (SURGE_POINTS, (surge - least) / FULL_SURGE if isfinite(surge) else 0.0),
        "break": (BREAK_POINTS, distance / FULL_BREAK),
        "trend": (TREND_POINTS, 1.0 if trend == side else 0.0),
    }
    parts = {name: points * min(1.0, max(0.0, share)) for name, (points, share) in raw.items()}
    level = prospect.spot / (1.0 + side * distance)
    return Idea(side, parts, {"level": level, "break_pct": distance, "volume_surge": surge})


def _failed(position: Position, view: MarketView, params: ParameterSet) -> Close | None:
    level, spot = position.because.get("level"), view.spot(position.underlying)
    side, shares = 1 if position.structure.shares > 0 else -1, abs(shares_of(position))
    if spot is None or not isinstance(level, float) or shares == 0:
        return None
    level *= position.quantity / shares  # a split since then moved it
    if side * (spot - level * (1.0 - side * params.number("slack"))) >= 0.0:
        return None
    return Close(ExitCode.LEVEL_LOST, f"spot={spot:.2f} level={level:.2f}")


def _trailed(position: Position, view: MarketView, params: ParameterSet) -> Close | None:
    window = params.text("trail")
    if window == "off":
        return None
    long = position.structure.shares > 0
    beyond = view.features(position.underlying)[f"{'breakdown' if long else 'breakout'}{window}"]
    lost = beyond < 0.0 if long else beyond > 0.0
    return Close(ExitCode.LEVEL_LOST, f"beyond={beyond:.4f} sessions={window}") if lost else None
