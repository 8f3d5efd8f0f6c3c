"""Buy index puts while volatility is low or begins to rise, within a budget a month, and sell them on spikes.

An overlay is not meant to earn by itself: it pays a premium, month after month, for what it returns when the
market breaks and everything else in the account loses. Most months the whole budget is lost. Puts (or put
spreads, which cost less and end paying sooner) are bought by a rule on VIX: low, rising over some sessions,
either, both, or always; never above a ceiling, for insurance is dear when the house burns. They are sold when
VIX has spiked to a level or by a share since the purchase, when they are worth a multiple of what they cost,
or when they grow too short to help.

The budget of a month counts what is still held of that month's purchases, so that what a spike turned into
cash may buy again. A second budget bounds the cost of all hedges held at one time. Instead of by the budget
the size may follow the delta or the vega of the rest of the account, within the budgets. By default only puts
on indexes and on the funds on them are bought: SPX, XSP, NDX, RUT, SPY, QQQ, IWM, DIA. VIX stands for the
volatility of all of them.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import BROAD_INDEXES, STRIKE_BITS, STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.exits import ExitCode
from strikewise.strategy.hedging import hedging_parameters, hedging_position
from strikewise.strategy.legs import Legs, band_parameters, pairs, priced, rows_in_band
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sessions_past import sessions_back
from strikewise.strategy.sizing import position_of
from strikewise.strategy.structured import FALLING, payoff_parameters, structured_signals

__all__ = ["HedgeOverlay"]

VOLATILITY_INDEX = "VIX"
FUNDS = frozenset({"SPY", "QQQ", "IWM", "DIA"})
"""Funds on broad indexes."""


class HedgeOverlay:
    """Index puts and put spreads as insurance of an account, bought and sold by the level of VIX."""

    __slots__ = ()

    name = "hedge_overlay"
    summary = "Buys index puts while VIX is low or rising, within a monthly budget, and sells them on spikes."
    space = ParameterSpace(
        (
            Parameter(
                "structure",
                "put",
                "Whether puts are bought by themselves or lower ones sold against them.",
                choices=("put", "put_spread"),
            ),
            Parameter(
                "on",
                "index",
                "Whether only indexes and funds on them are bought puts of, or whatever the run trades.",
                choices=("index", "any"),
            ),
            Parameter(
                "when",
                "low_or_rising",
                "Where VIX must be for a purchase.",
                choices=("low_or_rising", "low", "rising", "low_and_rising", "always"),
            ),
            Parameter("vix_low", 18.0, "VIX counts as low up to here.", "points", 5.0, 100.0),
            Parameter("vix_rise", 0.15, "VIX counts as rising by this share.", "fraction", 0.01, 5.0),
            Parameter("rise_sessions", 5, "Sessions over which it must have risen.", "sessions", 1, 60),
            Parameter("vix_ceiling", 30.0, "Nothing is bought above this VIX.", "points", 5.0, 200.0),
            *band_parameters("long", low=0.10, high=0.25, what="the put that is bought"),
            *band_parameters("short", low=0.03, high=0.08, what="the put that is sold against it"),
            *entry_parameters(min_dte=60, max_dte=120),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.25, reward=40.0, probability=0.0, edge=20.0),
            *candidate_parameters(),
            Parameter("spike_vix", 35.0, "Sell when VIX is at least this; 0 never.", "points", 0.0, 200.0),
            Parameter(
                "spike_rise",
                1.0,
                "Sell when VIX has risen by this share since the purchase; 0 never.",
                "fraction",
                0.0,
                10.0,
            ),
            *stake_exit_parameters(profit_target=3.0, stop_loss=0.0, dte_exit=25),
            Parameter(
                "month_budget",
                0.004,
                "Most of equity that the hedges bought in a calendar month, and still held, may cost.",
                "of equity",
                0.0,
                1.0,
            ),
            *hedging_parameters(premium_budget=0.02),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("long_delta_min", "long_delta_max"),
            ("short_delta_min", "short_delta_max"),
            ("vix_low", "vix_ceiling"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best hedges, and what each reason turned away."""
        index = _index(market_data, params)
        return screen(market_data, params, partial(_signals, index))

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best hedges, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return what the month's budget, that of all hedges, and the way of sizing leave room for."""
        proposal = hedging_position(signal, portfolio, params)
        left = _month_cents(signal, portfolio, params)
        most = int(left // signal.price_cents) if signal.price_cents > 0 else 0
        return proposal if proposal.quantity <= most else position_of(signal, portfolio, most)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Sell on a spike of VIX, on the target, or when the hedge has grown too short."""
        return (
            _spiked(position, market_data, params) or stake_exit(position, market_data.day, params) or Hold()
        )


class _Index(NamedTuple):
    """VIX now, and its change over some sessions as a fraction; None where not known."""

    level: float | None
    change: float | None


def _index(view: MarketView, params: ParameterSet) -> _Index:
    level = view.value(VOLATILITY_INDEX)
    before = sessions_back(view, params.integer("rise_sessions")).value(VOLATILITY_INDEX)
    return _Index(level, None if level is None or not before else level / before - 1.0)


def _denial(index: _Index, params: ParameterSet) -> DenialCode | None:
    level, change, when = index.level, index.change, params.text("when")
    if level is None or (change is None and "rising" in when):
        return DenialCode.DATA_NO_VIX
    low = level <= params.number("vix_low")
    rising = change is not None and change >= params.number("vix_rise")
    met = {
        "low": low,
        "rising": rising,
        "low_or_rising": low or rising,
        "low_and_rising": low and rising,
        "always": True,
    }
    return None if met[when] and level <= params.number("vix_ceiling") else DenialCode.ENTRY_VIX


def _signals(index: _Index, prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    if params.text("on") == "index" and prospect.chain.underlying not in BROAD_INDEXES | FUNDS:
        rejected[DenialCode.ENTRY_NO_INDEX] += 1
        return []
    denial = _denial(index, params)
    if denial is not None:
        rejected[denial] += 1
        return []
    found = priced(prospect, _legs(prospect, params, rejected), params, rejected)
    if found is None:
        return []
    rejected[DenialCode.QUOTE_FLAWED] += int(np.count_nonzero(found.cost <= 0))
    found = found.take(found.cost > 0)
    if len(found) == 0:
        return []
    rows = found.legs.rows[0]
    known = {"vix": index.level, "vix_change": index.change}
    return structured_signals(
        HedgeOverlay.name,
        prospect,
        found,
        params,
        rejected,
        fit=FALLING.get(prospect.regime, 0.0),
        because={
            "long_delta": prospect.chain.delta[rows].astype(np.float64),
            "otm_pct": 1.0 - (prospect.chain.key[rows] & STRIKE_MASK) / 1000.0 / prospect.spot,
            **{name: np.full(len(rows), value) for name, value in known.items() if value is not None},
        },
    )


def _legs(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> Legs:
    long = rows_in_band(prospect, "long", params, rejected, puts=True, calls=False)
    if params.text("structure") == "put" or len(long) == 0:
        return Legs((long,), (1,))
    short = rows_in_band(prospect, "short", params, rejected, puts=True, calls=False)
    long, short = pairs(prospect, long, short)
    key = prospect.chain.key
    kept = (key[long] >> STRIKE_BITS == key[short] >> STRIKE_BITS) & (key[short] < key[long])
    return Legs((long, short), (1, -1)).take(kept)


def _month_cents(signal: Signal, portfolio: Portfolio, params: ParameterSet) -> float:
    """Return what is left of the budget of the account's present month."""
    capital = portfolio.capital_of(signal.strategy, compounding=params.flag("compounding"))
    now = portfolio.as_of
    bought = [
        max(0, one.entry_cents)
        for one in portfolio.held_by(signal.strategy)
        if (one.opened_at.year, one.opened_at.month) == (now.year, now.month)
    ]
    return max(0.0, params.number("month_budget") * capital - sum(bought))


def _spiked(position: Position, view: MarketView, params: ParameterSet) -> Close | None:
    level, before = view.value(VOLATILITY_INDEX), position.because.get("vix")
    if level is None:
        return None
    spike, rise = params.number("spike_vix"), params.number("spike_rise")
    if spike > 0 and level >= spike:
        return Close(ExitCode.VOLATILITY_SPIKE, f"vix={level:.2f} limit={spike:.2f}")
    if rise > 0 and isinstance(before, float) and level >= before * (1.0 + rise):
        return Close(ExitCode.VOLATILITY_SPIKE, f"vix={level:.2f} entry={before:.2f}")
    return None
