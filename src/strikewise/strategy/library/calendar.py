"""Sell a near option and buy a later one of the same strike: time that runs faster is sold for slower time.

The pair is bought for a debit, which is the most it can lose. It earns when the price is near the strike as
the near option ends, because that one has lost all its time value and the later one only a part; and when
implied volatility rises, most of all the later one's. It loses when the price runs away in either direction,
for far from the strike both options are worth the same, and when volatility falls.

Strikes lie next to the market. Entries can ask that the near volatility stands at least so far above, or at
most so far below, the later one. Profit and breakevens are those at the near expiration under today's
volatilities: a model's. A pair is left on a quarter of the debit earned, half of it lost, or some days
before the near option ends; instead of that its near leg may be sold again a cycle later, as long as there
is one before the later option.
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
from strikewise.strategy.legs import Legs, priced
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.scoring import NEUTRAL
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import payoff_parameters, structured_signals
from strikewise.strategy.trend import Trend
from strikewise.strategy.two_expirations import (
    front_gone,
    pair_odds,
    reaching,
    rolled_front,
    same_strikes_later,
    worth_entering,
)

__all__ = ["Calendar"]


class Calendar:
    """Long calendars near the market, of puts or calls."""

    __slots__ = ()

    name = "calendar"
    summary = "Sells a near option and buys a later one of the same strike next to spot; takes a quarter."
    space = ParameterSpace(
        (
            Parameter(
                "side",
                "auto",
                "Whether puts or calls are traded; auto takes puts below spot and calls above it.",
                choices=("auto", "put", "call"),
            ),
            Parameter(
                "offset_min", -0.02, "Least distance of the strike from spot, upward.", "of spot", -0.5, 0.5
            ),
            Parameter(
                "offset_max", 0.02, "Most distance of the strike from spot, upward.", "of spot", -0.5, 0.5
            ),
            Parameter("gap_min", 21, "Fewest calendar days between the expirations.", "days", 1, 730),
            Parameter("gap_max", 45, "Most calendar days between the expirations.", "days", 1, 730),
            Parameter(
                "min_iv_lead",
                -0.03,
                "Least that the near implied volatility lies above the later one; negative: most below it.",
                "fraction a year",
                -2.0,
                2.0,
            ),
            *entry_parameters(min_dte=20, max_dte=35, trend="off", trends=("off", "flat")),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.10),
            *candidate_parameters(),
            Parameter(
                "roll_front",
                False,
                "Whether the near leg is sold again, at the same strike a cycle later, when its days are up.",
            ),
            *stake_exit_parameters(profit_target=0.25, stop_loss=0.5, dte_exit=5),
            *sizing_parameters(risk_fraction=0.02, of="debit"),
        ),
        ordered=(
            ("offset_min", "offset_max"),
            ("gap_min", "gap_max"),
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best calendars of every underlying, and what each reason turned away."""
        return screen(market_data, params, partial(_signals, market_data))

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best calendars of every underlying, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as may lose the share of equity that is risked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on target, stop, time, assignment or a near leg that is gone; roll that leg if asked to."""
        found = stake_exit(position, market_data.day, params)
        if found is None:
            return Close(ExitCode.DTE_EXIT, "front=gone") if front_gone(position) else Hold()
        if found.reason == ExitCode.DTE_EXIT and params.flag("roll_front"):
            return rolled_front(position, market_data, params, 0.0, 1.0, same_strike=True) or found
        return found


def _signals(
    view: MarketView, prospect: Prospect, params: ParameterSet, rejected: Rejections
) -> list[Signal]:
    if params.text("trend") == "flat" and prospect.trend is not Trend.FLAT:
        unknown = prospect.trend is Trend.UNKNOWN
        rejected[DenialCode.ENTRY_TREND_UNKNOWN if unknown else DenialCode.ENTRY_TREND] += 1
        return []
    far = reaching(prospect, view, params.integer("max_dte") + params.integer("gap_max"))
    legs = _legs(prospect, far, params, rejected)
    found = priced(far, legs, params, rejected)
    if found is None:
        return []
    iv, key = far.chain.iv, far.chain.key
    lead = (iv[found.legs.rows[0]] - iv[found.legs.rows[1]]).astype(np.float64)
    flat = ~(lead >= params.number("min_iv_lead"))
    rejected[DenialCode.ENTRY_TERM] += int(np.count_nonzero(flat & (found.cost > 0)))
    rejected[DenialCode.QUOTE_FLAWED] += int(np.count_nonzero(found.cost <= 0))
    keep = ~flat & (found.cost > 0)
    if not bool(keep.any()):
        return []
    found = worth_entering(far, found.take(keep), params, rejected)
    if found is None:
        return []
    front, back = found.legs.rows
    return structured_signals(
        Calendar.name,
        far,
        found,
        params,
        rejected,
        fit=NEUTRAL.get(prospect.regime, 0.0),
        because={
            "gap_days": ((key[back] >> EXPIRATION_SHIFT) - (key[front] >> EXPIRATION_SHIFT)).astype(
                np.float64
            ),
            "iv_later": iv[back].astype(np.float64),
            "iv_lead": (iv[front] - iv[back]).astype(np.float64),
            "offset_pct": (key[front] & STRIKE_MASK) / 1000.0 / prospect.spot - 1.0,
        },
        odds_of=pair_odds,
    )


def _legs(prospect: Prospect, far: Prospect, params: ParameterSet, rejected: Rejections) -> Legs:
    key = prospect.chain.key
    offset = (key & STRIKE_MASK) / (1000.0 * prospect.spot) - 1.0
    put, side = (key >> STRIKE_BITS) & 1 == 1, params.text("side")
    wanted = put == (offset < 0.0) if side == "auto" else put == (side == "put")
    near = (offset >= params.number("offset_min")) & (offset <= params.number("offset_max"))
    front = np.flatnonzero(wanted & near)
    if len(front) == 0:
        rejected[DenialCode.STRUCTURE_NO_SHORT] += 1
    legs = same_strikes_later(far, front, params.integer("gap_min"), params.integer("gap_max"))
    if len(front) and len(legs) == 0:
        rejected[DenialCode.STRUCTURE_NO_LATER] += 1
    return legs
