"""Shares worth a position: which symbols pass, what a signal on them says, and the best of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite, isnan
from operator import itemgetter

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Stock
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.features import Features
from strikewise.market.regime import Regime
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import REPORTED, signal_id
from strikewise.strategy.prospects import Rejections
from strikewise.strategy.share_odds import chance_of_profit
from strikewise.strategy.sizing import sizing_parameters
from strikewise.strategy.trend import Trend, trend_of
from strikewise.strategy.unit_risk import daily_sd_cents

__all__ = ["Idea", "ShareProspect", "screen_shares", "share_parameters", "share_sizing_parameters"]

SIDES = ("long", "short", "both")


@dataclass(frozen=True, slots=True, eq=False)
class ShareProspect:
    """Shares that can be traded now.

    Attributes
    ----------
    symbol : str
        Their symbol.
    spot : float
        Their price, dollars.
    features : Features
        What is known of them, today's session included.
    trend : Trend
        Of price and averages.
    regime : Regime
        Of the market.
    view : MarketView
        What else is known.
    """

    symbol: str
    spot: float
    features: Features
    trend: Trend
    regime: Regime
    view: MarketView

    def known(self, *names: str) -> dict[str, float] | None:
        """Return features by name, or None where one of them is not known."""
        values = {name: self.features[name] for name in names}
        return None if any(isnan(value) for value in values.values()) else values


@dataclass(frozen=True, slots=True)
class Idea:
    """What speaks for a position in shares.

    Attributes
    ----------
    side : int
        1 to buy, -1 to sell short.
    parts : mapping of str to float
        Points of the score, 0 to 100 in all.
    because : mapping of str to float
        The features that decided.
    """

    side: int
    parts: Mapping[str, float]
    because: Mapping[str, float]


Look = Callable[[ShareProspect, ParameterSet], Idea | DenialCode]


def share_parameters(*, side: str = "long", min_score: float = 0.0) -> tuple[Parameter, ...]:
    """Return the parameters that `screen_shares` reads beside those of the exits."""
    return (
        Parameter("side", side, "Whether shares are bought, sold short, or either.", choices=SIDES),
        Parameter("max_signals", 10, "Most signals at once, the best of all symbols.", "signals", 1, 500),
        Parameter("min_score", min_score, "Least score of a signal.", "points", 0.0, 100.0),
        Parameter("min_price", 5.0, "Least price of a share.", "dollars", 0.0, 100_000.0),
        Parameter(
            "min_dollar_volume",
            1_000_000.0,
            "Least value of the shares traded in the last session; above 0 an unknown one is refused.",
            "dollars",
            0.0,
            1e12,
        ),
        Parameter(
            "avoid_crash",
            False,
            "Stay out while the market's regime is a crash; an unknown regime is then refused.",
        ),
        Parameter(
            "cost_bp",
            1.0,
            "What the expected profit counts for crossing the spread, each way, a cent at least.",
            "of 0.01% of the price",
            0.0,
            1000.0,
        ),
    )


def share_sizing_parameters(*, risk_fraction: float) -> tuple[Parameter, ...]:
    """Return the parameters of the size of a position in shares, one share a unit."""
    return tuple(
        replace(one, default=1_000_000 if one.name == "max_units" else one.default, high=10_000_000)
        if one.name in {"units", "max_units"}
        else one
        for one in sizing_parameters(risk_fraction=risk_fraction, of="value of the shares")
    )


def screen_shares(strategy: str, view: MarketView, params: ParameterSet, look: Look) -> Screened:
    """Look at all shares that can be traded; the best signals by score, equal scores by symbol.

    Parameters
    ----------
    strategy : str
        Who says it.
    view : MarketView
        What is known.
    params : ParameterSet
        With the parameters of `share_parameters`, and those of the exits, by which the odds are counted.
    look : callable
        Says what speaks for shares, or why nothing does.
    """
    rejected = Rejections()
    found: list[tuple[float, str, ShareProspect, Idea]] = []
    least = params.number("min_score")
    for prospect in _prospects(view, params, rejected):
        idea = look(prospect, params)
        if isinstance(idea, DenialCode):
            rejected[idea] += 1
        elif (score := sum(idea.parts.values())) < least:
            rejected[DenialCode.ENTRY_SCORE] += 1
        else:
            found.append((-score, prospect.symbol, prospect, idea))
    found.sort(key=itemgetter(0, 1))
    best = found[: params.integer("max_signals")]
    signals = tuple(_signal(strategy, prospect, idea, params) for _, _, prospect, idea in best)
    return Screened(signals, {code: count for code, count in sorted(rejected.items()) if count})


def _prospects(view: MarketView, params: ParameterSet, rejected: Rejections) -> Iterator[ShareProspect]:
    regime = view.regime()
    crash = params.flag("avoid_crash") and regime in {Regime.CRASH, Regime.UNKNOWN}
    least_price, least_volume = params.number("min_price"), params.number("min_dollar_volume")
    for symbol in view.stocks():
        spot = view.fresh_spot(symbol)
        features = view.features(symbol)
        if spot is None or features.bar_day != view.day:
            rejected[DenialCode.DATA_STALE] += 1
        elif crash:
            unknown = regime is Regime.UNKNOWN
            rejected[DenialCode.ENTRY_REGIME_UNKNOWN if unknown else DenialCode.ENTRY_REGIME] += 1
        elif spot < least_price or not _dollar_volume(view, symbol, spot) >= least_volume:
            rejected[DenialCode.ENTRY_LIQUIDITY] += 1
        else:
            yield ShareProspect(symbol, spot, features, trend_of(spot, features), regime, view)


def _dollar_volume(view: MarketView, symbol: str, spot: float) -> float:
    bars = view.bars(symbol)
    volume = float(bars.volume[-1]) if bars is not None and len(bars) else np.nan
    return spot * volume if isfinite(volume) else 0.0


def _signal(strategy: str, prospect: ShareProspect, idea: Idea, params: ParameterSet) -> Signal:
    view, spot, long = prospect.view, prospect.spot, idea.side > 0
    cents = round(100.0 * spot)
    cost = max(1.0, cents * params.number("cost_bp") / 10_000.0)
    volatility = prospect.features["rv20"]
    chain = view.fresh_chain(prospect.symbol)
    greeks = Greeks(delta=float(idea.side))
    probability = chance_of_profit(
        params.number("profit_target"),
        params.number("stop_loss"),
        params.integer("max_sessions"),
        volatility,
        cost=2.0 * cost / cents,
        short=not long,
    )
    return Signal(
        signal_id=signal_id(strategy, prospect.symbol, [(0, idea.side)], view.as_of),
        strategy=strategy,
        underlying=prospect.symbol,
        as_of=view.as_of,
        structure=Structure((Leg(Stock(prospect.symbol), idea.side),)),
        price_cents=idea.side * cents,
        mid_cents=idea.side * cents,
        max_loss_cents=cents if long else None,
        max_profit_cents=None if long else cents,
        margin_cents=cents if long else -(-cents // 2),
        breakevens=(cents / 100.0,),
        probability_of_profit=probability,
        edge_cents=-round(2.0 * cost),
        score=sum(idea.parts.values()),
        score_parts=dict(idea.parts),
        because=_because(prospect, idea),
        grade=Grade.QUOTES if chain is None else chain.grade,
        greeks=greeks,
        daily_sd_cents=daily_sd_cents(greeks, spot, volatility),
    )


def _because(prospect: ShareProspect, idea: Idea) -> dict[str, float | str]:
    features = {name: prospect.features[name] for name in REPORTED}
    return {
        "structure": "long_stock" if idea.side > 0 else "short_stock",
        "spot": prospect.spot,
        "trend": prospect.trend.value,
        "regime": prospect.regime.value,
        **{name: value for name, value in features.items() if isfinite(value)},
        **{name: value for name, value in idea.because.items() if isfinite(value)},
    }
