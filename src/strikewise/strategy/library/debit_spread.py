"""Buy a vertical spread in the direction of the trend: calls on a rise, puts on a fall.

Earns when the price moves its way before expiration, in full once it is beyond the short strike at the end;
the sold leg pays for a part of the bought one, so that time and falling volatility cost less than for an
option alone. Loses the debit, and never more, when the price stays or turns. Worth it where a move is
expected and options are not cheap.
"""

from __future__ import annotations

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.legs import Legs, band_parameters, pairs, priced, rows_in_band
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import FALLING, RISING, payoff_parameters, structured_signals
from strikewise.strategy.trend import TREND_RULES, allowed_sides

__all__ = ["DebitSpread"]


class DebitSpread:
    """Bull call and bear put spreads, both legs by delta."""

    __slots__ = ()

    name = "debit_spread"
    summary = "Buys call spreads in a rising market and put spreads in a falling one; takes half the debit."
    space = ParameterSpace(
        (
            Parameter(
                "side",
                "auto",
                "Whether calls or puts are bought, or whichever the trend allows.",
                choices=("auto", "call", "put"),
            ),
            *band_parameters("long", low=0.50, high=0.65, what="the option that is bought"),
            *band_parameters("short", low=0.25, high=0.40, what="the option that is sold"),
            Parameter(
                "max_debit",
                0.55,
                "Most debit at the touch, as a share of the distance of the strikes.",
                "of the width",
                0.01,
                0.99,
            ),
            *entry_parameters(min_dte=25, max_dte=50, trend="with", trends=TREND_RULES),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.10),
            *candidate_parameters(),
            *stake_exit_parameters(profit_target=0.5, stop_loss=0.5, dte_exit=10),
            *sizing_parameters(risk_fraction=0.02),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("long_delta_min", "long_delta_max"),
            ("short_delta_min", "short_delta_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best spreads of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best spreads of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as may lose the share of equity that is risked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the target, the stop, the days left, or an assignment; hold otherwise."""
        return stake_exit(position, market_data.day, params) or Hold()


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    side = params.text("side")
    # A bought call leans as a sold put does.
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=side != "put", calls=side != "call")
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    calls, puts = sides
    found = priced(prospect, _legs(prospect, params, rejected, puts=puts, calls=calls), params, rejected)
    if found is None:
        return []
    key, (long, short) = prospect.chain.key, found.legs.rows
    width = np.abs(key[long] - key[short])
    dear = (10.0 * found.cost > params.number("max_debit") * width) | (found.cost <= 0)
    rejected[DenialCode.DEBIT_TOO_LARGE] += int(np.count_nonzero(dear))
    if bool(dear.all()):
        return []
    found, width, long, short = found.take(~dear), width[~dear], long[~dear], short[~dear]
    is_put = (key[long] >> STRIKE_BITS) & 1
    fits = np.array([RISING.get(prospect.regime, 0.0), FALLING.get(prospect.regime, 0.0)])
    delta = prospect.chain.delta
    return structured_signals(
        DebitSpread.name,
        prospect,
        found,
        params,
        rejected,
        fit=fits[is_put],
        because={
            "long_delta": delta[long].astype(np.float64),
            "short_delta": delta[short].astype(np.float64),
            "width": width / 1000.0,
            "debit_to_width": 10.0 * found.cost / width,
            "target_pct": np.abs((key[short] & STRIKE_MASK) / 1000.0 / prospect.spot - 1.0),
        },
    )


def _legs(prospect: Prospect, params: ParameterSet, rejected: Rejections, *, puts: bool, calls: bool) -> Legs:
    long = rows_in_band(prospect, "long", params, rejected, puts=puts, calls=calls)
    short = rows_in_band(prospect, "short", params, rejected, puts=puts, calls=calls)
    if len(long) == 0 or len(short) == 0:
        return Legs((long[:0], short[:0]), (1, -1))
    long, short = pairs(prospect, long, short)
    key = prospect.chain.key
    away = 1 - 2 * ((key[long] >> STRIKE_BITS) & 1)
    same = key[long] >> STRIKE_BITS == key[short] >> STRIKE_BITS
    kept = same & (away * (key[short] - key[long]) > 0)
    if not bool(kept.any()):
        rejected[DenialCode.STRUCTURE_NO_OTHER_SIDE] += 1
    return Legs((long, short), (1, -1)).take(kept)
