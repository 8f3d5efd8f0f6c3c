"""Puts sold by themselves: what one holds, breaks even at and returns on the capital behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import BROAD_INDEXES, EXPIRATION_SHIFT, STRIKE_MASK, Right, days_of
from strikewise.domain.margin import naked_margins_cents
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.signals import Signal
from strikewise.strategy.candidates import Candidates, best, multiplier_of
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.scoring import put_odds
from strikewise.strategy.selection import Shorts, gate_quotes, short_legs, short_parameters
from strikewise.strategy.trend import allowed_sides

__all__ = ["HALF_POINTS_RETURN", "secured_put_parameters", "secured_puts", "short_puts"]

HALF_POINTS_RETURN = 0.20
"""Return on the capital held, a year, that earns half of the points."""


def short_puts(prospect: Prospect, shorts: Shorts, params: ParameterSet, *, cash: bool) -> Candidates:
    """Return puts to be sold, whose quotes carry it, scored by the yearly return on what they hold.

    Parameters
    ----------
    prospect, shorts
        The underlying, and the puts.
    params : ParameterSet
        With the parameters of `strikewise.strategy.candidates.candidate_parameters`.
    cash : bool
        Whether a put holds its strike less the premium, or the exchange's margin.
    """
    chain, rows = prospect.chain, shorts.rows
    multiplier = multiplier_of(chain)
    credit, ask = chain.bid[rows].astype(np.int64), chain.ask[rows].astype(np.int64)
    days = (shorts.key >> EXPIRATION_SHIFT) - days_of(chain.day)
    strike_milli = shorts.key & STRIKE_MASK
    odds = put_odds(prospect, rows, credit)
    max_loss = strike_milli * multiplier // 10 - credit * multiplier
    margin = max_loss if cash else _margins(prospect, strike_milli, credit, multiplier)
    yearly = (credit * multiplier / margin) * (365.0 / days)

    def because(row: int) -> dict[str, float]:
        short = int(rows[row])
        return {
            "dte": float(days[row]),
            "short_delta": float(chain.delta[short]),
            "iv": float(chain.iv[short]),
            "iv_forecast": float(odds.forecast[row]),
            "premium": float(credit[row]) / 100.0,
            "return_on_margin": float(yearly[row]),
            "otm_pct": 1.0 - int(strike_milli[row]) / 1000.0 / prospect.spot,
        }

    return Candidates(
        rows=(rows,),
        ratios=(-1,),
        price=-credit * multiplier,
        mid=-((credit + ask) * multiplier // 2),
        max_loss=max_loss,
        max_profit=credit * multiplier,
        margin=margin,
        breakevens=(odds.breakeven,),
        probability=odds.probability,
        edge=(credit - 100.0 * odds.payout) * multiplier - 100.0 * params.number("fee_per_contract"),
        parts=("return_on_margin",),
        points=(100.0 * yearly / (yearly + HALF_POINTS_RETURN))[np.newaxis],
        because=because,
    )


def secured_put_parameters() -> tuple[Parameter, ...]:
    """Return the parameters of `secured_puts`, beside those of short legs, quotes and candidates."""
    return (
        *short_parameters(by="delta", low_delta=0.20, high_delta=0.30, low_otm=0.02, high_otm=0.10),
        Parameter(
            "min_return",
            0.0,
            "Least premium at the bid as a share of the cash behind the put, for a year.",
            "fraction a year",
            0.0,
            10.0,
        ),
    )


def secured_puts(
    strategy: str, prospect: Prospect, params: ParameterSet, rejected: Rejections
) -> list[Signal]:
    """Return the signals of the best puts that hold their whole strike in cash, best first.

    Parameters
    ----------
    strategy : str
        Who says it.
    prospect : Prospect
        The underlying.
    params : ParameterSet
        With the parameters of `secured_put_parameters`, and ``trend``.
    rejected : Rejections
        The count.
    """
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=True, calls=False)
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    shorts = short_legs(prospect, True, False, params, rejected)
    if shorts is None:
        return []
    shorts = shorts.take(gate_quotes(prospect, shorts.rows, None, params, rejected))
    enough = _yearly_on_cash(prospect, shorts) >= params.number("min_return")
    rejected[DenialCode.CREDIT_TOO_SMALL] += int(np.count_nonzero(~enough))
    shorts = shorts.take(enough)
    if len(shorts.rows) == 0:
        return []
    found = short_puts(prospect, shorts, params, cash=True)
    return best(strategy, prospect, found, params, rejected, labels={"structure": "cash_secured_put"})


def _yearly_on_cash(prospect: Prospect, shorts: Shorts) -> NDArray[np.float64]:
    """Return the premium at the bid over the cash that is still needed to pay the strike, for a year."""
    credit = prospect.chain.bid[shorts.rows].astype(np.int64)
    days = (shorts.key >> EXPIRATION_SHIFT) - days_of(prospect.chain.day)
    return np.asarray(10.0 * credit / ((shorts.key & STRIKE_MASK) - 10 * credit) * (365.0 / days))


def _margins(
    prospect: Prospect, strike_milli: NDArray[np.int64], premium: NDArray[np.int64], multiplier: int
) -> NDArray[np.int64]:
    chain = prospect.chain
    return naked_margins_cents(
        Right.PUT,
        strike_milli,
        premium,
        chain.spot_cents,
        broad_index=chain.underlying in BROAD_INDEXES,
        multiplier=multiplier,
    )
