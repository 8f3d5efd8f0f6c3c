"""Buy a call or a put where trend and momentum agree: a directional bet whose loss is paid in advance.

Earns on a move that comes soon and goes far, more than in proportion, and on rising volatility. Loses a
little every day the move does not come, and the whole premium when it never does: most of these trades lose,
and the few that win must pay for them. So it is bought with time to spare, stopped at half, and sold before
its last weeks, when time costs most; a limit on the IV rank keeps it from being bought dear.
"""

from __future__ import annotations

from math import isnan

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.conviction import conviction
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.legs import Legs, band_parameters, priced, rows_in_band
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.rolling import roll_parameters, rolled
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import FALLING, RISING, payoff_parameters, structured_signals

__all__ = ["LongOption"]


class LongOption:
    """Calls or puts bought by conviction, chosen by delta."""

    __slots__ = ()

    name = "long_option"
    summary = "Buys a call or a put where trend and momentum agree, and sells it at double or at half."
    space = ParameterSpace(
        (
            Parameter(
                "side",
                "auto",
                "Whether calls or puts are bought, or whichever the conviction points to.",
                choices=("auto", "call", "put"),
            ),
            Parameter(
                "min_conviction",
                45.0,
                "Least conviction in the direction: trend, momentum, relative strength and its acceleration.",
                "points",
                0.0,
                100.0,
            ),
            Parameter(
                "iv_rank_max",
                1.0,
                "Most IV rank to enter at; 1 asks for none, and below it an unknown rank is refused.",
                "fraction",
                0.0,
                1.0,
            ),
            *band_parameters("long", low=0.45, high=0.65, what="the option"),
            *entry_parameters(min_dte=40, max_dte=90),
            *quote_parameters(sold=False),
            *payoff_parameters(max_entry_cost=0.05),
            *candidate_parameters(),
            *stake_exit_parameters(profit_target=1.0, stop_loss=0.5, dte_exit=21),
            *roll_parameters(),
            *sizing_parameters(risk_fraction=0.02),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("long_delta_min", "long_delta_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best options of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best options of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many options as may lose the share of equity that is risked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the target, the stop, an assignment or the days left, or roll on those; hold otherwise."""
        why = stake_exit(position, market_data.day, params)
        if why is None:
            return Hold()
        if not params.flag("roll"):
            return why
        return rolled(position, why, lambda: self.generate_signals(market_data, params))


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    most, rank = params.number("iv_rank_max"), prospect.features["iv_rank"]
    if most < 1.0 and not rank <= most:
        rejected[DenialCode.ENTRY_IV_RANK_UNKNOWN if isnan(rank) else DenialCode.ENTRY_IV_HIGH] += 1
        return []
    strength = conviction(prospect.trend, prospect.features)
    if strength is None:
        rejected[DenialCode.ENTRY_CONVICTION_UNKNOWN] += 1
        return []
    calls = strength > 0.0
    unwanted = params.text("side") == ("put" if calls else "call")
    if unwanted or abs(strength) < params.number("min_conviction"):
        rejected[DenialCode.ENTRY_CONVICTION] += 1
        return []
    rows = rows_in_band(prospect, "long", params, rejected, puts=not calls, calls=calls)
    found = priced(prospect, Legs((rows,), (1,)), params, rejected)
    if found is None:
        return []
    (rows,) = found.legs.rows
    key, delta = prospect.chain.key[rows], prospect.chain.delta[rows].astype(np.float64)
    out = (key & STRIKE_MASK) / 1000.0 / prospect.spot - 1.0
    return structured_signals(
        LongOption.name,
        prospect,
        found,
        params,
        rejected,
        fit=(RISING if calls else FALLING).get(prospect.regime, 0.0),
        because={
            "long_delta": delta,
            "conviction": np.full(len(found), strength),
            "premium": found.cost / 100.0,
            "otm_pct": np.where((key >> STRIKE_BITS) & 1, -out, out),
        },
    )
