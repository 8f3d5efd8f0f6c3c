"""What a structure of one expiration costs, pays and is worth a thought for: one at a time."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from oracle.plain_looks import Candidate, Look, Params, buyable, chance, expected, sellable
from oracle.plain_market import Row
from strikewise.domain.instruments import OptionContract, Right

RowLegs = tuple[tuple[Row, int], ...]
SLOPE_REACH = 3
"""Strikes to each side between which the slope of a smile is taken; with fewer it counts as flat."""
FULL_EDGE = NO_LIQUIDITY = 0.20


@dataclass(frozen=True)
class Shape:
    """A structure that a strategy thinks of; ``margin`` where an option is sold uncovered, cents a unit."""

    legs: RowLegs
    fit: float
    because: Mapping[str, float | str]
    margin: int | None = None

    @property
    def size(self) -> int:
        return self.legs[0][0].contract.multiplier


@dataclass(frozen=True)
class Payoff:
    """At expiry: cents a unit, None without bound; dollars between which there is a profit."""

    max_loss: int | None
    max_profit: int | None
    profitable: list[tuple[float, float]] = field(default_factory=list)


def cost_of(legs: RowLegs) -> int:
    """At the touch, cents a share."""
    return sum(ratio * (row.ask if ratio > 0 else row.bid) for row, ratio in legs)


def tradable(look: Look, legs: RowLegs, params: Params) -> bool:
    """Whether every quote carries an entry, and the end is still to come."""
    fine = all((sellable if ratio < 0 else buyable)(row, params) for row, ratio in legs)
    return fine and look.law(legs[0][0].contract)[1] > 0


@dataclass(frozen=True)
class Odds:
    """What is won and lost at most (cents a unit), and to be expected (dollars a share), when it ends."""

    max_loss: int | None
    max_profit: int | None
    breakevens: list[float]
    probability: float
    payout: float
    implied: float
    forecast: float


OddsOf = Callable[[Look, Shape], Odds]


def odds_of(look: Look, shape: Shape) -> Odds:
    """Of legs that all end together."""
    legs, one = shape.legs, shape.legs[0][0].contract
    payoff = payoff_of([(row.contract, ratio) for row, ratio in legs], cost_of(legs), shape.size)
    volatilities = _volatilities(legs)
    implied = sum(volatilities) / len(legs)
    forecasts = [look.forecast(each) for each in volatilities]
    forward, root = look.law(one)
    payout = sum(
        ratio * expected(_side(row), row.contract.strike, forward, sigma * root)
        for (row, ratio), sigma in zip(legs, forecasts, strict=True)
    )
    return Odds(
        payoff.max_loss,
        payoff.max_profit,
        sorted(end for piece in payoff.profitable for end in piece if 0 < end < math.inf),
        _chance_of(look, one, payoff.profitable, implied),
        payout,
        implied,
        sum(forecasts) / len(legs),
    )


def weighed(look: Look, shape: Shape, params: Params, odds: OddsOf = odds_of) -> Candidate | None:
    """The candidate that a shape makes; None where it could not win, not lose, or costs too much to enter."""
    legs, size, cost = shape.legs, shape.size, cost_of(shape.legs)
    found = odds(look, shape)
    stake = max(shape.margin if shape.margin is not None else found.max_loss or 0, 1)
    crossing = cost_of_crossing(legs) * size / 2
    if found.max_loss == 0 or found.max_profit == 0 or crossing > params["max_entry_cost"] * stake:
        return None
    contracts = sum(abs(ratio) for _, ratio in legs)
    edge = (100 * found.payout - cost) * size - 100 * contracts * params["fee_per_contract"]
    most = found.max_profit
    earned = {
        "reward": 1.0 if most is None else most / (most + stake),
        "probability": found.probability,
        "edge": edge / (FULL_EDGE * stake),
        "regime": shape.fit,
        "liquidity": 1 - crossing / (NO_LIQUIDITY * stake),
    }
    return Candidate(
        legs=legs,
        price=cost * size,
        mid=-(-(2 * cost - cost_of_crossing(legs)) * size // 2),
        max_loss=found.max_loss,
        max_profit=most,
        margin=stake,
        breakevens=found.breakevens,
        probability=found.probability,
        edge=edge,
        parts=_points(params, earned),
        because={
            "dte": float(look.days_to(legs[0][0].contract)),
            "iv": found.implied,
            "iv_forecast": found.forecast,
            "at_stake": stake / 100,
            "net_delta": sum(ratio * row.delta for row, ratio in legs),
            **shape.because,
        },
    )


def cost_of_crossing(legs: RowLegs) -> int:
    """What the touch costs beyond the mid, half cents a share."""
    return 2 * cost_of(legs) - sum(ratio * (row.bid + row.ask) for row, ratio in legs)


def _points(params: Params, earned: dict[str, float]) -> dict[str, float]:
    weights = {name: params[f"weight_{name}"] for name in earned}
    whole = sum(weights.values()) or 1.0
    return {name: weights[name] * 100 / whole * min(max(value, 0.0), 1.0) for name, value in earned.items()}


def _side(row: Row) -> int:
    return 1 if row.contract.right is Right.CALL else -1


def _volatilities(legs: RowLegs) -> list[float]:
    """Of each leg; of one without the mean of the others."""
    known = [row.iv for row, _ in legs if not math.isnan(row.iv)]
    mean = sum(known) / len(known) if known else math.nan
    return [mean if math.isnan(row.iv) else row.iv for row, _ in legs]


def payoff_of(legs: list[tuple[OptionContract, int]], cost: int, size: int) -> Payoff:
    """What is won and lost at expiry, for a cost in cents a share."""
    beyond = sum(ratio for one, ratio in legs if one.right is Right.CALL)
    knots = sorted({0, *(one.strike_milli for one, _ in legs)})
    profits = [_worth(legs, knot) - 10 * cost for knot in knots]
    return Payoff(
        max_loss=None if beyond < 0 else max(0, -(min(profits) * size // 10)),
        max_profit=None if beyond > 0 else max(0, max(profits) * size // 10),
        profitable=_profitable(knots, profits, beyond),
    )


def _worth(legs: list[tuple[OptionContract, int]], price: int) -> int:
    """Thousandths of a dollar a share."""
    total = 0
    for one, ratio in legs:
        gap = price - one.strike_milli if one.right is Right.CALL else one.strike_milli - price
        total += ratio * max(0, gap)
    return total


def _profitable(knots: list[int], profits: list[int], beyond: int) -> list[tuple[float, float]]:
    """The stretches of prices at which something is won, in dollars; they touch nowhere."""
    found: list[tuple[float, float]] = []

    def add(low: float, high: float) -> None:
        if found and found[-1][1] == low:
            found[-1] = found[-1][0], high
        else:
            found.append((low, high))

    for (start, first), (end, last) in pairwise(zip(knots, profits, strict=True)):
        if max(first, last) <= 0:
            continue
        zero = start + (end - start) * first / (first - last) if first != last else 0.0
        add(start if first >= 0 else zero, end if last >= 0 else zero)
    start, first = knots[-1], profits[-1]
    if first > 0 or beyond > 0:
        zero = start - first / beyond if beyond else math.inf
        add(start if first >= 0 else zero, math.inf if beyond >= 0 else zero)
    return [(low / 1000, high / 1000) for low, high in found]


def _chance_of(
    look: Look, contract: OptionContract, profitable: list[tuple[float, float]], spare: float
) -> float:
    """Of ending where something is won, by the smile."""
    forward, root = look.law(contract)

    def above(level: float) -> float:
        if level <= 0:
            return 1.0
        if level == math.inf:
            return 0.0
        sigma, slope = smile(look, contract, level, forward, spare)
        return chance(1, level, forward, sigma * root, slope * root)

    total = sum(above(low) - above(high) for low, high in profitable)
    return min(max(total, 0.0), 1.0)


def _strike(row: Row) -> int:
    return row.contract.strike_milli


def smile(
    look: Look, contract: OptionContract, level: float, forward: float, spare: float
) -> tuple[float, float]:
    """The volatility at a price and its slope a dollar, from what is out of the money there."""
    right = Right.PUT if level < forward else Right.CALL
    side = look.sides.get((contract.expiration, contract.root_code, right), [])
    milli = round(level * 1000)
    place = bisect_left(side, milli, key=_strike)
    below, above = side[max(0, place - SLOPE_REACH) : place], side[place : place + SLOPE_REACH]
    low = below[-1].iv if below else math.nan
    high = above[0].iv if above else math.nan
    if math.isnan(low) and math.isnan(high):
        return spare, 0.0
    if math.isnan(low) or math.isnan(high):
        sigma = high if math.isnan(low) else low
    else:
        left, wide = below[-1].contract.strike, above[0].contract.strike - below[-1].contract.strike
        sigma = low + (high - low) * min(max((level - left) / wide, 0.0), 1.0)
    if len(below) < SLOPE_REACH or len(above) < SLOPE_REACH:
        return sigma, 0.0
    first, last = below[-SLOPE_REACH], above[SLOPE_REACH - 1]
    slope = (last.iv - first.iv) / (last.contract.strike - first.contract.strike)
    return sigma, 0.0 if math.isnan(slope) else slope
