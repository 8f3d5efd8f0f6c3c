"""Shares and a call against each hundred of them: what the pair costs, pays, and is to be expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isnan

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import EXPIRATION_SHIFT, ROOT_SHIFT, STRIKE_MASK, Stock, days_of
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.pricing.lognormal import chance, expected_intrinsic
from strikewise.strategy.candidates import Candidates, best, multiplier_of
from strikewise.strategy.payoff_odds import smile_at
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.scoring import forecast_volatility
from strikewise.strategy.unit_risk import daily_sd_cents

__all__ = ["buy_writes"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

HALF_POINTS_STATIC, HALF_POINTS_CALLED = 0.15, 0.40
"""Yearly returns on the net cost that earn half of the points: if the price stays, if the shares go."""
STATIC_WEIGHT = 60.0


def buy_writes(
    strategy: str,
    prospect: Prospect,
    rows: Rows,
    params: ParameterSet,
    rejected: Rejections,
    *,
    labels: Mapping[str, str],
) -> list[Signal]:
    """Return the signals of the best buy-writes, best first.

    Probability and expected profit are those at the call's expiration. The shares count at their last price,
    without a spread, and drift with the forward: dividends until then are not in it.

    Parameters
    ----------
    strategy : str
        Who says it.
    prospect : Prospect
        The underlying.
    rows : (n,) intp
        Calls whose quotes carry a sale.
    params : ParameterSet
        With the parameters of `strikewise.strategy.candidates.candidate_parameters`.
    rejected : Rejections
        The count.
    labels : mapping of str to str
        Further texts for `Signal.because`.
    """
    found = _candidates(prospect, rows, params)
    signals = best(strategy, prospect, found, params, rejected, labels=labels)
    return [_with_shares(signal, prospect) for signal in signals]


def _candidates(prospect: Prospect, rows: Rows, params: ParameterSet) -> Candidates:
    chain, multiplier = prospect.chain, multiplier_of(prospect.chain)
    key = chain.key[rows]
    bid, ask = chain.bid[rows].astype(np.int64), chain.ask[rows].astype(np.int64)
    cost = chain.spot_cents - bid
    strike = (key & STRIKE_MASK) / 1000.0
    days = (key >> EXPIRATION_SHIFT) - days_of(chain.day)
    years = prospect.years(key)
    forward, root = prospect.spot * np.exp((prospect.rate - prospect.dividend_yield) * years), np.sqrt(years)
    implied = chain.iv[rows].astype(np.float64)
    forecast = forecast_volatility(prospect, implied)
    kept = forward - expected_intrinsic(np.ones(len(rows)), strike, forward, forecast * root)
    breakeven = cost / 100.0
    volatility, slope = smile_at(prospect, key >> ROOT_SHIFT, breakeven, forward, implied)
    static, called = (
        (value - cost / 100.0) / breakeven * (365.0 / days) for value in (prospect.spot, strike)
    )

    def because(row: int) -> dict[str, float]:
        call = int(rows[row])
        return {
            "dte": float(days[row]),
            "short_delta": float(chain.delta[call]),
            "iv": float(implied[row]),
            "iv_forecast": float(forecast[row]),
            "premium": float(bid[row]) / 100.0,
            "static_return": float(static[row]),
            "called_return": float(called[row]),
            "otm_pct": float(strike[row]) / prospect.spot - 1.0,
            "at_stake": float(cost[row] * multiplier) / 100.0,
        }

    return Candidates(
        rows=(rows,),
        ratios=(-1,),
        price=cost * multiplier,
        mid=-(-(2 * chain.spot_cents - bid - ask) * multiplier // 2),
        max_loss=cost * multiplier,
        max_profit=np.maximum((key & STRIKE_MASK) * multiplier // 10 - cost * multiplier, 0),
        margin=cost * multiplier,
        breakevens=(breakeven,),
        probability=chance(np.ones(len(rows)), breakeven, forward, volatility * root, slope * root),
        edge=(100.0 * kept - cost) * multiplier - 100.0 * params.number("fee_per_contract"),
        parts=("static_return", "called_return"),
        points=_points(static, called),
        because=because,
    )


def _points(static: Floats, called: Floats) -> Floats:
    stays, goes = _share(static, HALF_POINTS_STATIC), _share(called, HALF_POINTS_CALLED)
    return np.array([STATIC_WEIGHT * stays, (100.0 - STATIC_WEIGHT) * goes])


def _share(value: Floats, half: float) -> Floats:
    gained = np.maximum(value, 0.0)
    return np.asarray(gained / (gained + half))


def _with_shares(signal: Signal, prospect: Prospect) -> Signal:
    """Return the signal of a call as that of the call and the shares behind it."""
    multiplier = multiplier_of(prospect.chain)
    shares = Leg(Stock(signal.underlying), multiplier)
    greeks = None if signal.greeks is None else signal.greeks + Greeks(delta=float(multiplier))
    volatility = prospect.features["iv30"]
    chosen = volatility if not isnan(volatility) else float(signal.because["iv"])
    return replace(
        signal,
        structure=Structure((*signal.structure.legs, shares)),
        greeks=greeks,
        daily_sd_cents=daily_sd_cents(greeks, prospect.spot, chosen),
    )
