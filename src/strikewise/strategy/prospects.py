"""The underlyings that pass a strategy's filters, and why the others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.market.calendar import SessionCalendar
from strikewise.market.features import Features
from strikewise.market.quality import spot_doubted
from strikewise.market.recompute import SECONDS_PER_YEAR
from strikewise.market.regime import Regime
from strikewise.market.view import MarketView
from strikewise.strategy.trend import Trend, trend_of

__all__ = ["Prospect", "Rejections", "entry_parameters", "prospects"]

Rejections = Counter[DenialCode]
"""Candidates turned away, by reason."""


def entry_parameters(
    *, min_dte: int, max_dte: int, trend: str = "off", trends: tuple[str, ...] = (), least_dte: int = 1
) -> tuple[Parameter, ...]:
    """Return the parameters that `prospects` reads (with ``dte_exit`` of the exits), and the trend's rule.

    ``trends`` are the rules of trend that a strategy obeys; without one it has no such parameter.
    ``least_dte`` is the least that the days may be set to: 0 for what is bought on its last day.
    """
    rule = Parameter("trend", trend, "Which trend of price, SMA20 and SMA50 is needed.", choices=trends)
    return (
        Parameter("min_dte", min_dte, "Fewest calendar days to expiration at entry.", "days", least_dte, 730),
        Parameter("max_dte", max_dte, "Most calendar days to expiration at entry.", "days", least_dte, 730),
        Parameter(
            "iv_rank_min",
            0.0,
            "Least IV rank to enter at; 0 asks for none, and above it an unknown rank is refused.",
            "fraction",
            0.0,
            1.0,
        ),
        *((rule,) if trends else ()),
        Parameter(
            "avoid_crash",
            False,
            "Stay out while the market's regime is a crash; an unknown regime is then refused.",
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """An underlying that passes a strategy's filters.

    Attributes
    ----------
    chain : OptionChain
        The contracts that expire in the wanted days; row numbers of candidates are its rows.
    spot, rate, dividend_yield : float
        Dollars; annual continuously compounded fractions.
    features : Features
        What is known of the underlying.
    trend : Trend
        Of price and averages.
    regime : Regime
        Of the market.
    calendar : SessionCalendar
        When contracts settle.
    """

    chain: OptionChain
    spot: float
    rate: float
    dividend_yield: float
    features: Features
    trend: Trend
    regime: Regime
    calendar: SessionCalendar

    def years(self, keys: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the years from the chain to settlement, by the clock that volatilities are solved with."""
        settled = self.calendar.settlement_seconds(self.chain.underlying, keys)
        return np.asarray((settled - self.chain.as_of.timestamp()) / SECONDS_PER_YEAR)


def prospects(view: MarketView, params: ParameterSet, rejected: Rejections) -> Iterator[Prospect]:
    """Yield the underlyings worth a look, counting each other one under its reason."""
    regime, rate = view.regime(), view.rate()
    for underlying in view.underlyings():
        found = _prospect(view, underlying, regime, rate, params)
        if isinstance(found, DenialCode):
            rejected[found] += 1
        else:
            yield found


def _prospect(
    view: MarketView, underlying: str, regime: Regime, rate: float | None, params: ParameterSet
) -> Prospect | DenialCode:
    chain = view.fresh_chain(underlying)
    if chain is None:
        return DenialCode.DATA_NO_CHAIN if view.chain(underlying) is None else DenialCode.DATA_STALE
    if chain.spot_cents <= 0:
        return DenialCode.DATA_NO_SPOT
    if spot_doubted(chain.flaws):
        return DenialCode.DATA_SPOT
    if rate is None:
        return DenialCode.DATA_NO_RATE
    if params.flag("avoid_crash") and regime in {Regime.CRASH, Regime.UNKNOWN}:
        unknown = regime is Regime.UNKNOWN
        return DenialCode.ENTRY_REGIME_UNKNOWN if unknown else DenialCode.ENTRY_REGIME
    features = view.features(underlying)
    least_rank = params.number("iv_rank_min")
    if least_rank > 0 and not (rank := features["iv_rank"]) >= least_rank:
        return DenialCode.ENTRY_IV_RANK_UNKNOWN if isnan(rank) else DenialCode.ENTRY_IV_RANK
    trend = trend_of(chain.spot, features)
    # What would be left again on its first day is not entered.
    leave_at = params.integer("dte_exit")
    least_days = max(params.integer("min_dte"), leave_at + 1 if leave_at else 0)
    most_days = params.integer("max_dte")
    window = chain.window(least_days, max(least_days, most_days))
    if len(window) == 0 or least_days > most_days:
        return DenialCode.STRUCTURE_NO_EXPIRATION
    paid = view.dividend_yield(underlying)
    return Prospect(window, chain.spot, rate, paid, features, trend, regime, view.calendar)
