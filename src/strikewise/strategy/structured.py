"""Candidates of any shape: what they cost, pay and hold, scored by parts that mean the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import BROAD_INDEXES, STRIKE_MASK, Right
from strikewise.domain.margin import naked_margins_cents
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.signals import Signal
from strikewise.market.regime import Regime
from strikewise.strategy.candidates import UNBOUNDED, Candidates, best, multiplier_of
from strikewise.strategy.legs import Priced
from strikewise.strategy.payoff_odds import PayoffOdds, payoff_odds
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.scoring import BEARISH, BULLISH

__all__ = [
    "FALLING",
    "PAYOFF_PARTS",
    "RISING",
    "TURBULENT",
    "naked_requirements",
    "payoff_parameters",
    "structured_signals",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

OddsOf = Callable[[Prospect, Priced, int], PayoffOdds]

PAYOFF_PARTS = ("reward", "probability", "edge", "regime", "liquidity")
"""What the score of a structure is made of."""

TURBULENT: Mapping[Regime, float] = MappingProxyType(
    {
        Regime.LOW_VOLATILITY_SIDEWAYS: 1.0,
        Regime.NEUTRAL: 0.7,
        Regime.BULL: 0.6,
        Regime.BEAR: 0.6,
        Regime.HIGH_VOLATILITY: 0.4,
        Regime.CRASH: 0.3,
    }
)
"""How well bought volatility fits a regime: best where it is cheap."""
RISING: Mapping[Regime, float] = MappingProxyType({**BULLISH, Regime.LOW_VOLATILITY_SIDEWAYS: 0.5})
"""How well bought calls and call spreads fit a regime."""
FALLING: Mapping[Regime, float] = MappingProxyType({**BEARISH, Regime.CRASH: 0.8, Regime.BULL: 0.1})
"""How well bought puts and put spreads fit a regime."""

FULL_EDGE = 0.20
"""Expected profit, as a share of what is at stake, that earns all points."""
NO_LIQUIDITY = 0.20
"""Cost of crossing the spread, as a share of what is at stake, that earns none."""


def payoff_parameters(
    *, max_entry_cost: float, reward: float = 20.0, probability: float = 30.0, edge: float = 20.0
) -> tuple[Parameter, ...]:
    """Return the parameters that `structured_signals` reads beside those of `candidate_parameters`."""
    weights = {
        "reward": (reward, "the largest profit over what is at stake"),
        "probability": (probability, "the probability of profit"),
        "edge": (edge, "the expected profit over what is at stake"),
        "regime": (15.0, "how well the structure fits the market's regime"),
        "liquidity": (15.0, "how little the spread costs on the way in"),
    }
    return (
        Parameter(
            "max_entry_cost",
            max_entry_cost,
            "Most that crossing the spread on the way in may cost, as a share of what is at stake.",
            "of stake",
            0.0,
            1.0,
        ),
        *(
            Parameter(f"weight_{name}", weight, f"Weight in the score of {what}.", "points", 0.0, 100.0)
            for name, (weight, what) in weights.items()
        ),
    )


def structured_signals(
    strategy: str,
    prospect: Prospect,
    found: Priced,
    params: ParameterSet,
    rejected: Rejections,
    *,
    fit: Floats | float,
    margin: Ints | None = None,
    because: Mapping[str, Floats] | None = None,
    labels: Mapping[str, str] | None = None,
    odds_of: OddsOf = payoff_odds,
) -> list[Signal]:
    """Return the signals of the best of some priced structures, best first.

    Parameters
    ----------
    strategy, prospect, found
        Who says it, the underlying, and the structures.
    params : ParameterSet
        With the parameters of `payoff_parameters` and `candidate_parameters`.
    rejected : Rejections
        Counts what costs too much to enter, and what could not lose or not win: such quotes are wrong.
    fit : (n,) float64 or float
        How well each fits the market's regime, 0 to 1.
    margin : (n,) int64, optional
        What one unit holds, cents, where an option is sold uncovered; the largest loss elsewhere.
    because : mapping of str to (n,) float64, optional
        What else is known of each.
    labels, odds_of : optional
        Further texts for `Signal.because`; what gives odds where legs end on several days.
    """
    multiplier = multiplier_of(prospect.chain)
    odds = odds_of(prospect, found, multiplier)
    stake = np.maximum(odds.max_loss if margin is None else margin, 1)
    columns = {"fit": np.broadcast_to(np.asarray(fit), len(found)), **(because or {})}
    dear = _crossing(found, multiplier) > params.number("max_entry_cost") * stake
    wrong = (odds.max_loss == 0) | (odds.max_profit == 0)
    if bool((dear | wrong).any()):
        rejected[DenialCode.QUOTE_FLAWED] += int(np.count_nonzero(wrong))
        rejected[DenialCode.ENTRY_COST] += int(np.count_nonzero(dear & ~wrong))
        keep = np.flatnonzero(~(dear | wrong))
        if len(keep) == 0:
            return []
        found, stake, odds = found.take(keep), stake[keep], odds.take(keep)
        columns = {name: column[keep] for name, column in columns.items()}
    table = _candidates(prospect, found, odds, stake, params, columns)
    return best(strategy, prospect, table, params, rejected, labels=labels)


def _candidates(
    prospect: Prospect,
    found: Priced,
    odds: PayoffOdds,
    stake: Ints,
    params: ParameterSet,
    columns: dict[str, Floats],
) -> Candidates:
    multiplier = multiplier_of(prospect.chain)
    fit = columns.pop("fit")
    contracts = sum(abs(ratio) for ratio in found.legs.ratios)
    edge = (100.0 * odds.payout - found.cost) * multiplier
    edge -= 100.0 * contracts * params.number("fee_per_contract")
    delta = prospect.chain.delta

    def because(row: int) -> dict[str, float]:
        legs = zip(found.legs.rows, found.legs.ratios, strict=True)
        return {
            "dte": float(found.days[row]),
            "iv": float(odds.implied[row]),
            "iv_forecast": float(odds.forecast[row]),
            "at_stake": float(stake[row]) / 100.0,
            "net_delta": sum(ratio * float(delta[rows[row]]) for rows, ratio in legs),
            **{name: float(column[row]) for name, column in columns.items()},
        }

    return Candidates(
        rows=found.legs.rows,
        ratios=found.legs.ratios,
        price=found.cost * multiplier,
        mid=-(-found.mid * multiplier // 2),
        max_loss=odds.max_loss,
        max_profit=odds.max_profit,
        margin=stake,
        breakevens=odds.breakevens,
        probability=odds.probability,
        edge=edge,
        parts=PAYOFF_PARTS,
        points=_points(params, odds, stake, edge, _crossing(found, multiplier), fit),
        because=because,
    )


def _crossing(found: Priced, multiplier: int) -> Floats:
    """Return what crossing the spread costs on the way in, cents a unit."""
    return np.asarray((found.cost - 0.5 * found.mid) * multiplier)


def _points(
    params: ParameterSet, odds: PayoffOdds, stake: Ints, edge: Floats, crossing: Floats, fit: Floats
) -> Floats:
    """Return the points of each part; rewards count by their share of the whole range, without bound all."""
    weights = np.array([params.number(f"weight_{name}") for name in PAYOFF_PARTS])
    weights *= 100.0 / (weights.sum() or 1.0)
    reward = np.where(odds.max_profit == UNBOUNDED, 1.0, odds.max_profit / (odds.max_profit + stake))
    raw = np.array(
        [
            reward,
            odds.probability,
            edge / (FULL_EDGE * stake),
            fit,
            1.0 - crossing / (NO_LIQUIDITY * stake),
        ]
    )
    return np.asarray(np.minimum(np.maximum(raw, 0.0), 1.0) * weights[:, np.newaxis])


def naked_requirements(prospect: Prospect, rows: Rows, right: Right) -> Ints:
    """Return what one short contract of each row asks for uncovered, its premium left out, cents."""
    chain = prospect.chain
    return naked_margins_cents(
        right,
        chain.key[rows] & STRIKE_MASK,
        np.zeros(len(rows), dtype=np.int64),
        chain.spot_cents,
        broad_index=chain.underlying in BROAD_INDEXES,
        multiplier=multiplier_of(chain),
    )
