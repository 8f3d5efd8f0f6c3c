"""From columns of candidates to the few signals that a strategy gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.denials import DenialCode
from strikewise.domain.identifiers import short_digest
from strikewise.domain.instruments import OptionContract, option_roots
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.prospects import Prospect, Rejections, prospects
from strikewise.strategy.unit_risk import daily_sd_cents, unit_greeks

__all__ = ["UNBOUNDED", "Candidates", "best", "candidate_parameters", "multiplier_of", "screen", "signal_id"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]

UNBOUNDED = -1
"""In place of a largest profit or loss that has no bound."""

Look = Callable[[Prospect, ParameterSet, Rejections], list[Signal]]

REPORTED = (
    "iv_rank",
    "iv_percentile",
    "iv30",
    "rv10",
    "rv20",
    "rv60",
    "skew",
    "term_slope",
    "rsi14",
    "atr14",
    "sma20",
    "sma50",
    "boll_pct",
    "volume_surge",
)
"""Features of the underlying that every signal carries where they are known."""


def candidate_parameters() -> tuple[Parameter, ...]:
    """Return the parameters that `best` reads."""
    return (
        Parameter("max_signals", 1, "Most signals for one underlying at once.", "signals", 1, 50),
        Parameter("min_score", 0.0, "Least score of a signal.", "points", 0.0, 100.0),
        Parameter(
            "min_probability",
            0.0,
            "Least probability of profit of a signal; 0 asks for none.",
            "fraction",
            0.0,
            1.0,
        ),
        Parameter("positive_edge", False, "Whether the expected profit after costs must be above zero."),
        Parameter(
            "fee_per_contract",
            0.65,
            "Commission that the edge counts for each contract.",
            "dollars",
            0.0,
            50.0,
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Structures of one shape on one underlying, one a row; amounts in cents for one unit with multiplier.

    Attributes
    ----------
    rows : tuple of (n,) intp
        Rows of the prospect's chain, one column a leg.
    ratios : tuple of int
        Contracts of each leg.
    price, mid : (n,) int64
        Cost at the touch and at mid, the latter rounded against us.
    max_loss, max_profit, margin : (n,) int64
        At expiry, at the touch, `UNBOUNDED` where there is no bound; what one unit holds.
    breakevens : tuple of (n,) float64
        Dollars, ascending; NaN where a candidate has fewer than others.
    probability : (n,) float64
        Of profit.
    edge : (n,) float64
        Expected profit after fees, cents.
    parts : tuple of str
        What the score is made of.
    points : (len(parts), n) float64
        Points of each part.
    because : callable
        What is known of the candidate in a row beside the features of its underlying; NaN is left out.
    """

    rows: tuple[Rows, ...]
    ratios: tuple[int, ...]
    price: Ints
    mid: Ints
    max_loss: Ints
    max_profit: Ints
    margin: Ints
    breakevens: tuple[Floats, ...]
    probability: Floats
    edge: Floats
    parts: tuple[str, ...]
    points: Floats
    because: Callable[[int], dict[str, float]]


def multiplier_of(chain: OptionChain) -> int:
    """Return the shares of a contract of a chain."""
    return option_roots(chain.underlying)[0].multiplier


def best(
    strategy: str,
    prospect: Prospect,
    found: Candidates,
    params: ParameterSet,
    rejected: Rejections,
    *,
    labels: Mapping[str, str] | None = None,
) -> list[Signal]:
    """Return the signals of the best candidates, best first.

    Parameters
    ----------
    strategy : str
        Who says it.
    prospect : Prospect
        The underlying.
    found : Candidates
        The candidates.
    params : ParameterSet
        With the parameters of `candidate_parameters`.
    rejected : Rejections
        Counts what falls below a minimum; what is merely not among the best is not rejected.
    labels : mapping, optional
        Further texts for `Signal.because`.
    """
    score = found.points.sum(axis=0)
    order = (-score).argsort(kind="stable")
    least_probability, least_score = params.number("min_probability"), params.number("min_score")
    if least_probability > 0:
        order = _keep(order, found.probability >= least_probability, DenialCode.ENTRY_PROBABILITY, rejected)
    if params.flag("positive_edge"):
        order = _keep(order, found.edge > 0, DenialCode.ENTRY_EDGE, rejected)
    if least_score > 0:
        order = _keep(order, score >= least_score, DenialCode.ENTRY_SCORE, rejected)
    chosen = order[: params.integer("max_signals")].tolist()
    if not chosen:
        return []
    shared = _shared_because(prospect, labels)
    return [_signal(strategy, prospect, found, row, float(score[row]), shared) for row in chosen]


def _keep(order: Rows, passes: NDArray[np.bool_], code: DenialCode, rejected: Rejections) -> Rows:
    kept = order[passes[order]]
    rejected[code] += len(order) - len(kept)
    return kept


def screen(view: MarketView, params: ParameterSet, look: Look) -> Screened:
    """Look at every underlying that passes the filters; signals by score, equal scores by id.

    Parameters
    ----------
    view : MarketView
        What is known.
    params : ParameterSet
        The strategy's parameters.
    look : callable
        Gives the signals of one prospect, and counts what it turns away.
    """
    rejected = Rejections()
    signals: list[Signal] = []
    for prospect in prospects(view, params, rejected):
        signals.extend(look(prospect, params, rejected))
    signals.sort(key=lambda signal: (-signal.score, signal.signal_id))
    return Screened(tuple(signals), {code: count for code, count in sorted(rejected.items()) if count})


def signal_id(strategy: str, underlying: str, legs: Iterable[tuple[int, int]], as_of: datetime) -> str:
    """Return the id that a strategy's signal for legs (key and ratio of each) at an instant always has."""
    text = f"{strategy}|{underlying}|{sorted(legs)}|{as_of.timestamp()}"
    return short_digest(text)


def _shared_because(prospect: Prospect, labels: Mapping[str, str] | None) -> dict[str, float | str]:
    values: dict[str, float | str] = {
        "spot": prospect.spot,
        "trend": prospect.trend.value,
        "regime": prospect.regime.value,
        "rate": prospect.rate,
        "iv_rank_basis": prospect.features.iv_rank_basis,
    }
    for name in REPORTED:
        value = prospect.features[name]
        if isfinite(value):
            values[name] = value
    return {**values, **(labels or {})}


def _signal(
    strategy: str,
    prospect: Prospect,
    found: Candidates,
    row: int,
    score: float,
    shared: dict[str, float | str],
) -> Signal:
    chain = prospect.chain
    key = chain.key
    legs = [(int(key[rows[row]]), ratio) for rows, ratio in zip(found.rows, found.ratios, strict=True)]
    structure = Structure(
        tuple(Leg(OptionContract.from_key(chain.underlying, packed), ratio) for packed, ratio in legs)
    )
    own = {name: value for name, value in found.because(row).items() if isfinite(value)}
    at = [(int(rows[row]), ratio) for rows, ratio in zip(found.rows, found.ratios, strict=True)]
    greeks = unit_greeks(chain, at, multiplier=multiplier_of(chain))
    return Signal(
        signal_id=signal_id(strategy, chain.underlying, legs, chain.as_of),
        strategy=strategy,
        underlying=chain.underlying,
        as_of=chain.as_of,
        structure=structure,
        price_cents=int(found.price[row]),
        mid_cents=int(found.mid[row]),
        max_loss_cents=_bounded(found.max_loss[row]),
        max_profit_cents=_bounded(found.max_profit[row]),
        margin_cents=int(found.margin[row]),
        breakevens=tuple(edge for column in found.breakevens if isfinite(edge := float(column[row]))),
        probability_of_profit=float(found.probability[row]),
        edge_cents=round(float(found.edge[row])),
        score=score,
        score_parts=dict(zip(found.parts, found.points[:, row].tolist(), strict=True)),
        because={**shared, **own},
        grade=chain.grade,
        greeks=greeks,
        daily_sd_cents=daily_sd_cents(greeks, prospect.spot, _volatility(prospect, at)),
    )


def _volatility(prospect: Prospect, legs: Sequence[tuple[int, int]]) -> float:
    """Return the 30-day implied volatility of the underlying, or the mean of the legs' where it has none."""
    level = prospect.features["iv30"]
    return level if isfinite(level) else float(prospect.chain.iv[[row for row, _ in legs]].mean())


def _bounded(cents: np.int64) -> int | None:
    return None if cents == UNBOUNDED else int(cents)
