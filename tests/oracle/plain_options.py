"""Option mathematics one number at a time, and what stands in for a quote that is not there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from oracle.plain_market import PlainView, Row, Snapshot
from strikewise.domain.instruments import OptionContract, Right, Style
from strikewise.market.quality import Flaw

NO_GREEKS = (0.0, 0.0, 0.0, 0.0)
UNTRUSTED = int(Flaw.NO_QUOTE | Flaw.ONE_SIDED | Flaw.CROSSED | Flaw.BELOW_INTRINSIC | Flaw.PARITY)
Greeks = tuple[float, float, float, float]
"""Delta, gamma, theta, vega."""


def normal(x: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def intrinsic_cents(contract: OptionContract, spot_cents: int) -> int:
    """What exercise brings per share, in whole cents."""
    gap = spot_cents - contract.strike_milli / 10
    return max(0, round(gap if contract.right is Right.CALL else -gap))


def value_and_greeks(
    contract: OptionContract, spot: float, years: float, sigma: float, rate: float, paid: float
) -> tuple[float, Greeks]:
    """Black, Scholes and Merton with a continuous yield; dollars per share, theta a day, vega a point."""
    strike, root = contract.strike, math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate - paid + sigma * sigma / 2) * years) / (sigma * root)
    d2 = d1 - sigma * root
    side = 1 if contract.right is Right.CALL else -1
    shares, cash = spot * math.exp(-paid * years), strike * math.exp(-rate * years)
    value = side * (shares * normal(side * d1) - cash * normal(side * d2))
    decay = -shares * density(d1) * sigma / (2 * root)
    carry = side * (paid * shares * normal(side * d1) - rate * cash * normal(side * d2))
    greeks = (
        side * math.exp(-paid * years) * normal(side * d1),
        math.exp(-paid * years) * density(d1) / (spot * sigma * root),
        (decay + carry) / 365,
        shares * density(d1) * root / 100,
    )
    return value, greeks


@dataclass(frozen=True)
class LastQuote:
    """What a contract was last quoted at while it was held."""

    bid: int
    ask: int
    iv: float


@dataclass(frozen=True)
class StandIn:
    """A price that no quote gave."""

    bid: int
    ask: int
    greeks: Greeks
    policy: str


class Smile:
    """Volatilities between quotes: linear in ln(K/F)/√T within an expiration, variance linear between."""

    def __init__(self, view: PlainView, chain: Snapshot, carry: float) -> None:
        points: dict[float, list[tuple[float, float, float]]] = {}
        left: dict[tuple[object, int], float] = {}
        for row in chain.rows.values():
            ends = row.contract.expiration, row.contract.root_code
            if ends not in left:
                left[ends] = view.years_to(row.contract, chain.at)
            years = left[ends]
            if years <= 0 or not (math.isfinite(row.iv) and row.iv > 0) or chain.spot_cents <= 0:
                continue
            if row.flaws & UNTRUSTED:
                continue
            moneyness = math.log(row.contract.strike / (chain.spot_cents / 100 * math.exp(carry * years)))
            weight = 1 / max(row.ask - row.bid, 1) ** 2
            points.setdefault(years, []).append((moneyness, row.iv, weight))
        self.years = sorted(points)
        self.knots = [_merged(points[years], years) for years in self.years]

    def volatility(self, moneyness: float, years: float) -> float:
        """NaN where nothing is quoted."""
        if not self.years:
            return math.nan
        z = moneyness / math.sqrt(years)
        if years <= self.years[0]:
            return _between(self.knots[0], z)
        if years >= self.years[-1]:
            return _between(self.knots[-1], z)
        later = next(number for number, one in enumerate(self.years) if one >= years)
        if self.years[later] == years:
            return _between(self.knots[later], z)
        t0, t1 = self.years[later - 1], self.years[later]
        w0 = _between(self.knots[later - 1], z) ** 2 * t0
        w1 = _between(self.knots[later], z) ** 2 * t1
        return math.sqrt((w0 + (w1 - w0) * (years - t0) / (t1 - t0)) / years)

    def surrounds(self, moneyness: float, years: float) -> bool:
        """Whether quotes lie on all sides."""
        if not self.years or not self.years[0] <= years <= self.years[-1]:
            return False
        before = max(number for number, one in enumerate(self.years) if one <= years)
        after = min(number for number, one in enumerate(self.years) if one >= years)
        z = moneyness / math.sqrt(years)
        # The outermost strike is quoted itself, whatever the last digit of its moneyness says.
        edge = 1e-9
        return all(
            self.knots[one][0][0] - edge <= z <= self.knots[one][-1][0] + edge for one in (before, after)
        )


def _merged(points: list[tuple[float, float, float]], years: float) -> list[tuple[float, float]]:
    """A call and a put of one strike count by their weights."""
    by_strike: list[list[tuple[float, float, float]]] = []
    for point in sorted(points, key=lambda one: one[0]):
        if by_strike and point[0] - by_strike[-1][-1][0] <= 1e-12:
            by_strike[-1].append(point)
        else:
            by_strike.append([point])
    return [
        (same[0][0] / math.sqrt(years), sum(iv * w for _, iv, w in same) / sum(w for _, _, w in same))
        for same in by_strike
    ]


def _between(knots: list[tuple[float, float]], z: float) -> float:
    if z <= knots[0][0]:
        return knots[0][1]
    for (z0, v0), (z1, v1) in pairwise(knots):
        if z0 <= z <= z1:
            return v0 + (v1 - v0) * (z - z0) / (z1 - z0)
    return knots[-1][1]


class StandIns:
    """Prices by the policies of docs/explanation/fills.md; smiles are kept for as long as their market."""

    def __init__(self, smiles: dict[object, Smile]) -> None:
        self._smiles = smiles

    def price(
        self, view: PlainView, contract: OptionContract, policy: str, last: LastQuote | None
    ) -> StandIn:
        spot = view.spot(contract.underlying)
        modelled = None if spot is None else self._model(view, contract, spot, last)
        greeks = NO_GREEKS if modelled is None else modelled.greeks
        if last is not None and policy == "carry":
            return StandIn(last.bid, last.ask, greeks, "carry")
        if last is not None and policy == "worst" and spot is not None:
            least = intrinsic_cents(contract, round(spot * 100))
            return StandIn(least, max(last.ask, least), greeks, "worst")
        if modelled is not None:
            return modelled
        if last is not None:
            return StandIn(last.bid, last.ask, greeks, "carry")
        assert spot is not None, f"{contract} was never quoted, and its underlying has no price"
        return _around_intrinsic(intrinsic_cents(contract, round(spot * 100)), "intrinsic")

    def _model(
        self, view: PlainView, contract: OptionContract, spot: float, last: LastQuote | None
    ) -> StandIn | None:
        years, least = view.years_to(contract), intrinsic_cents(contract, round(spot * 100))
        if years <= 0:
            return _around_intrinsic(least, "model")
        rate, paid = view.rate() or 0.0, view.dividend_yield(contract.underlying)
        moneyness = math.log(contract.strike / spot) - (rate - paid) * years
        smile = self._smile(view, contract.underlying, rate - paid)
        iv = math.nan if smile is None else smile.volatility(moneyness, years)
        doubt = 0.02 if smile is not None and smile.surrounds(moneyness, years) else 0.15
        policy = "model"
        if math.isnan(iv):
            if last is None or math.isnan(last.iv):
                return None
            iv, policy = last.iv, "model:last_volatility"
        floor = least if contract.root.style is Style.AMERICAN else 0
        _, greeks = value_and_greeks(contract, spot, years, iv, rate, paid)
        low, high = (
            max(100 * value_and_greeks(contract, spot, years, iv * share, rate, paid)[0], floor)
            for share in (1 - doubt, 1 + doubt)
        )
        return StandIn(max(0, math.floor(low - 5)), math.ceil(high + 5), greeks, policy)

    def _smile(self, view: PlainView, underlying: str, carry: float) -> Smile | None:
        chain = view.snapshot(underlying)
        if chain is None:
            return None
        key = underlying, chain.at, carry
        if key not in self._smiles:
            self._smiles[key] = Smile(view, chain, carry)
        return self._smiles[key]


def _around_intrinsic(least: int, policy: str) -> StandIn:
    """Nothing but the intrinsic value is known: a tenth of it, five cents at least, is the penalty."""
    penalty = max(5, 0.10 * least)
    return StandIn(max(0, math.floor(least - penalty)), math.ceil(least + penalty), NO_GREEKS, policy)


def greeks_of(row: Row, spot_cents: int) -> Greeks:
    """Greeks of a quoted contract; of one without a volatility those of the limit of none."""
    greeks = row.delta, row.gamma, row.theta, row.vega
    if not any(map(math.isnan, greeks)):
        return greeks
    if intrinsic_cents(row.contract, spot_cents) <= 0:
        return NO_GREEKS
    return (1.0 if row.contract.right is Right.CALL else -1.0, 0.0, 0.0, 0.0)
