"""Buy an option deep in the money, far out, and sell nearer ones out of the money against it.

With calls it stands for a covered call at a fraction of the capital: the long option moves almost as the
shares do, and the short ones bring premium, cycle after cycle. It earns when the price rises slowly to the
near strike or stands still; with puts, when it falls slowly. The debit is the most that it can lose, on a
move the other way; a move that is too fast its own way wins less than the long option alone would have. The
debit must be smaller than the distance of the strikes, or a large move the right way would lose as well.

The trend decides between calls and puts. When the near leg's days are up it is bought back and the next is
sold, as long as that brings a credit and the long option lives longer; else the pair is closed, as it is on
target, stop or assignment. Probability and profit are those at the first near expiration: what later cycles
bring is not in them.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import EXPIRATION_SHIFT, STRIKE_BITS, STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.exits import ExitCode
from strikewise.strategy.legs import Legs, band_parameters, priced, rows_in_band
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import FALLING, RISING, payoff_parameters, structured_signals
from strikewise.strategy.trend import TREND_RULES, allowed_sides
from strikewise.strategy.two_expirations import (
    front_and_back,
    front_gone,
    pair_odds,
    reaching,
    rolled_front,
    worth_entering,
)

__all__ = ["Diagonal"]


class Diagonal:
    """Long options in the money with nearer ones sold against them, as the trend goes."""

    __slots__ = ()

    name = "diagonal"
    summary = (
        "Buys a far option in the money with the trend and sells near ones against it, cycle after cycle."
    )
    space = ParameterSpace(
        (
            Parameter(
                "side",
                "auto",
                "Whether calls or puts are traded, or whichever the trend allows.",
                choices=("auto", "call", "put"),
            ),
            *band_parameters("long", low=0.70, high=0.85, what="the later option that is bought"),
            *band_parameters("short", low=0.20, high=0.35, what="the near option that is sold"),
            Parameter("gap_min", 30, "Fewest calendar days between the expirations.", "days", 1, 730),
            Parameter("back_max_dte", 130, "Most calendar days to the later expiration.", "days", 2, 1000),
            Parameter(
                "max_debit",
                0.9,
                "Most debit at the touch, as a share of the distance of the strikes.",
                "of the width",
                0.01,
                1.0,
            ),
            *entry_parameters(min_dte=20, max_dte=45, trend="with", trends=TREND_RULES),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.10),
            *candidate_parameters(),
            Parameter("roll_front", True, "Whether the near leg is sold again when its days are up."),
            *stake_exit_parameters(profit_target=0.3, stop_loss=0.5, dte_exit=5),
            *sizing_parameters(risk_fraction=0.02, of="debit"),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("long_delta_min", "long_delta_max"),
            ("short_delta_min", "short_delta_max"),
            ("short_delta_max", "long_delta_min"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best diagonals of every underlying, and what each reason turned away."""
        return screen(market_data, params, partial(_signals, market_data))

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best diagonals of every underlying, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as may lose the share of equity that is risked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on target, stop, assignment or time; sell the near leg again where that brings a credit."""
        found = stake_exit(position, market_data.day, params)
        if found is None:
            return Close(ExitCode.DTE_EXIT, "front=gone") if front_gone(position) else Hold()
        if found.reason == ExitCode.DTE_EXIT and params.flag("roll_front"):
            band = params.number("short_delta_min"), params.number("short_delta_max")
            return rolled_front(position, market_data, params, *band, same_strike=False) or found
        return found


def _signals(
    view: MarketView, prospect: Prospect, params: ParameterSet, rejected: Rejections
) -> list[Signal]:
    side = params.text("side")
    # A bought call leans as a sold put does.
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=side != "put", calls=side != "call")
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    far = reaching(prospect, view, params.integer("back_max_dte"))
    found = priced(
        far, _legs(prospect, far, params, rejected, calls=sides[0], puts=sides[1]), params, rejected
    )
    if found is None:
        return []
    key, (front, back) = far.chain.key, found.legs.rows
    width = np.abs((key[front] & STRIKE_MASK) - (key[back] & STRIKE_MASK))
    dear = (10.0 * found.cost > params.number("max_debit") * width) | (found.cost <= 0)
    rejected[DenialCode.DEBIT_TOO_LARGE] += int(np.count_nonzero(dear))
    if bool(dear.all()):
        return []
    found = worth_entering(far, found.take(~dear), params, rejected)
    if found is None:
        return []
    front, back = found.legs.rows
    width = np.abs((key[front] & STRIKE_MASK) - (key[back] & STRIKE_MASK))
    fits = np.array([RISING.get(prospect.regime, 0.0), FALLING.get(prospect.regime, 0.0)])
    delta = far.chain.delta
    return structured_signals(
        Diagonal.name,
        far,
        found,
        params,
        rejected,
        fit=fits[(key[front] >> STRIKE_BITS) & 1],
        because={
            "gap_days": ((key[back] >> EXPIRATION_SHIFT) - (key[front] >> EXPIRATION_SHIFT)).astype(
                np.float64
            ),
            "short_delta": delta[front].astype(np.float64),
            "long_delta": delta[back].astype(np.float64),
            "width": width / 1000.0,
            "debit_to_width": 10.0 * found.cost / width,
        },
        odds_of=pair_odds,
    )


def _legs(
    prospect: Prospect, far: Prospect, params: ParameterSet, rejected: Rejections, *, calls: bool, puts: bool
) -> Legs:
    front = rows_in_band(prospect, "short", params, rejected, puts=puts, calls=calls)
    back = rows_in_band(far, "long", params, rejected, puts=puts, calls=calls)
    # Of each later expiration and right the strike in the middle of the band: all of them differ little.
    middle = 0.5 * (params.number("long_delta_min") + params.number("long_delta_max"))
    side = far.chain.key[back] >> STRIKE_BITS
    order = np.lexsort((np.abs(np.abs(far.chain.delta[back]) - middle), side))
    _, first = np.unique(side[order], return_index=True)
    legs = front_and_back(far, front, back[order][first], params.integer("gap_min"))
    if len(front) and len(back) and len(legs) == 0:
        rejected[DenialCode.STRUCTURE_NO_LATER] += 1
    return legs
