"""Margin: every grouping of the legs that the rules know is thinkable, and the cheapest one counts.

Rules: docs/explanation/margin.md (Cboe Margin Manual; FINRA Rule 4210). What a group asks for is told here
beyond what its legs are worth to close, because that is in the equity already.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from oracle.plain_market import Instrument
from strikewise.domain.instruments import BROAD_INDEXES, OptionContract, Right, Settlement


@dataclass(frozen=True)
class Sold:
    """Short contracts of one kind; cents for one contract, beyond what it is worth to close."""

    right: Right
    strike: int
    expires: tuple[int, bool]
    count: int
    premium: int
    requirement: int
    in_the_money: int

    @property
    def naked(self) -> int:
        """The premium once because it was lost at exit prices, once because the formula asks for it."""
        return 2 * self.premium + self.requirement


@dataclass(frozen=True)
class Bought:
    right: Right
    strike: int
    expires: tuple[int, bool]
    count: int


def naked_requirement(contract: OptionContract, spot_cents: int) -> int:
    """The part of a naked option's margin beside its premium, cents a contract, rounded up."""
    percent = 15 if contract.underlying in BROAD_INDEXES else 20
    spot, strike = 10 * spot_cents, contract.strike_milli
    if contract.right is Right.PUT:
        out, least = max(0, spot - strike), 10 * strike
    else:
        out, least = max(0, strike - spot), 10 * spot
    thousandths = max(percent * spot - 100 * out, least) * contract.multiplier
    return -(-thousandths // 1000)


def margin_of(held: dict[Instrument, int], prices: dict[OptionContract, int], spot_cents: int) -> int:
    """The margin of options and shares on one underlying; prices are those to close, cents a share."""
    sold, bought, shares, value = [], [], 0, 0
    for one, count in held.items():
        if isinstance(one, str):
            shares += count
            continue
        value += count * prices[one] * one.multiplier
        strike = one.strike_milli * one.multiplier // 10
        expires = one.expiration.toordinal(), one.root.settlement is Settlement.PM
        if count > 0:
            bought.append(Bought(one.right, strike, expires, count))
            continue
        gap = spot_cents * 10 - one.strike_milli
        inside = max(0, round((gap if one.right is Right.CALL else -gap) / 10)) * one.multiplier
        sold.append(
            Sold(
                one.right,
                strike,
                expires,
                -count,
                prices[one] * one.multiplier,
                naked_requirement(one, spot_cents),
                inside,
            )
        )
    asked = cheapest(tuple(sold), tuple(bought), shares) if sold else 0
    return max(0, value + asked) + -(-abs(shares) * max(0, spot_cents) // 2)


@lru_cache(maxsize=4096)
def cheapest(sold: tuple[Sold, ...], bought: tuple[Bought, ...], shares: int) -> int:
    """The least that all groups together ask for.

    Spreads of one expiration ask for the most that they lose together, so that one set of them for each
    expiration is enough: two sets never ask for less than both as one. What is in the set, and in which group
    everything else is, an integer programme decides.
    """
    return Programme(sold, bought, abs(shares) // 100, Right.CALL if shares > 0 else Right.PUT).least()


class Programme:
    """How many contracts are in which group; every short one is in one, no long one in two."""

    def __init__(self, sold: tuple[Sold, ...], bought: tuple[Bought, ...], lots: int, covered: Right) -> None:
        self.sold, self.bought = sold, bought
        self.left = [*(one.count for one in sold), *(one.count for one in bought), lots]
        self.costs: list[int] = []
        self.uses: list[dict[int, int]] = []
        """Rows each variable takes of: short options, long ones, lots of shares, then bounds."""
        self.bounds: list[tuple[float, float]] = [
            (count if row < len(sold) else 0, count) for row, count in enumerate(self.left)
        ]
        for row, short in enumerate(sold):
            self._add(short.naked, {row: 1})
            if lots and short.right is covered:
                self._add(short.premium + short.in_the_money, {row: 1, len(sold) + len(bought): 1})
        self._add_strangles()
        self._add_later_covers()
        for expires in sorted({one.expires for one in sold}):
            self._add_set(expires)

    def _add(self, cost: int, uses: dict[int, int]) -> None:
        self.costs.append(cost)
        self.uses.append(uses)

    def _add_strangles(self) -> None:
        """The greater requirement of a naked put and a naked call, and both premiums."""
        for i, put in enumerate(self.sold):
            for k, call in enumerate(self.sold):
                if put.right is Right.PUT and call.right is Right.CALL:
                    premiums = 2 * put.premium + 2 * call.premium
                    self._add(premiums + max(put.requirement, call.requirement), {i: 1, k: 1})

    def _add_later_covers(self) -> None:
        """A short option beside a long one that expires later: the width."""
        for i, short in enumerate(self.sold):
            for j, long in enumerate(self.bought, start=len(self.sold)):
                if long.right is short.right and long.expires > short.expires:
                    sign = 1 if short.right is Right.PUT else -1
                    self._add(max(0, sign * (short.strike - long.strike)), {i: 1, j: 1})

    def _add_set(self, expires: tuple[int, bool]) -> None:
        """All spreads of one expiration: no more sold than held of either right; the most they can lose."""
        legs: list[tuple[int, Sold | Bought, int]] = [
            (row, one, 1) for row, one in enumerate(self.sold) if one.expires == expires
        ]
        legs += [
            (row, one, -1)
            for row, one in enumerate(self.bought, start=len(self.sold))
            if one.expires == expires
        ]
        prices = [0, *(one.strike for _, one, _ in legs)]
        prices.append(2 * max(prices))
        first = len(self.bounds)
        self.bounds += [(-np.inf, 0)] * (2 + len(prices))
        for row, one, side in legs:
            uses = {row: 1, first + (one.right is Right.CALL): side}
            uses |= {first + 2 + place: side * _worth(one, at) for place, at in enumerate(prices)}
            self._add(0, uses)
        self._add(1, {first + 2 + place: -1 for place in range(len(prices))})

    def least(self) -> int:
        matrix = np.zeros((len(self.bounds), len(self.costs)))
        for column, uses in enumerate(self.uses):
            for row, number in uses.items():
                matrix[row, column] = number
        low, high = (np.array(each, dtype=float) for each in zip(*self.bounds, strict=True))
        answer = milp(
            np.array(self.costs, dtype=float),
            constraints=LinearConstraint(matrix, low, high),
            integrality=np.ones(len(self.costs)),
            bounds=Bounds(0, np.inf),
            options={"mip_rel_gap": 0.0},
        )
        assert answer.success, answer.message
        return sum(round(count) * cost for cost, count in zip(self.costs, answer.x, strict=True))


def _worth(leg: Sold | Bought, price: int) -> int:
    """What an option is worth at expiry."""
    return max(0, price - leg.strike if leg.right is Right.CALL else leg.strike - price)


def _lost(pairs: list[tuple[Sold, Bought]], beside: list[Bought], price: int) -> int:
    paired = sum(_worth(short, price) - _worth(long, price) for short, long in pairs)
    return paired - sum(_worth(long, price) for long in beside)


def by_trying(sold: tuple[Sold, ...], bought: tuple[Bought, ...], shares: int) -> int:
    """The same by trying every way to put the short contracts into groups, one after the other: for few."""
    lots = abs(shares) // 100
    covered = Right.CALL if shares > 0 else Right.PUT

    def lost_together(spreads: list[tuple[Sold, Bought]], free: list[Bought]) -> int:
        """Spreads of an expiration lose together, and whatever is long beside them gains with them."""
        total = 0
        for expires in {short.expires for short, _ in spreads}:
            pairs = [pair for pair in spreads if pair[0].expires == expires]
            beside = [long for long in free if long.expires == expires]
            prices = [0, *(leg.strike for pair in pairs for leg in pair), *(one.strike for one in beside)]
            prices.append(2 * max(prices))
            total += max(0, *(_lost(pairs, beside, at) for at in prices))
        return total

    def least(
        todo: list[Sold], free: list[Bought], lots: int, asked: int, spreads: list[tuple[Sold, Bought]]
    ) -> int:
        if not todo:
            return asked + lost_together(spreads, free)
        short, rest = todo[0], todo[1:]
        found = [least(rest, free, lots, asked + short.naked, spreads)]
        if lots and short.right is covered:
            found.append(least(rest, free, lots - 1, asked + short.premium + short.in_the_money, spreads))
        for place, other in enumerate(rest):
            if other.right is not short.right:
                both = 2 * short.premium + 2 * other.premium + max(short.requirement, other.requirement)
                found.append(least([*rest[:place], *rest[place + 1 :]], free, lots, asked + both, spreads))
        for place, long in enumerate(free):
            if long.right is short.right and long.expires >= short.expires:
                unused = [*free[:place], *free[place + 1 :]]
                if long.expires == short.expires:
                    found.append(least(rest, unused, lots, asked, [*spreads, (short, long)]))
                else:
                    sign = 1 if short.right is Right.PUT else -1
                    wide = max(0, sign * (short.strike - long.strike))
                    found.append(least(rest, unused, lots, asked + wide, spreads))
        return min(found)

    shorts = [one for one in sold for _ in range(one.count)]
    longs = [one for one in bought for _ in range(one.count)]
    return least(shorts, longs, lots, 0, [])
