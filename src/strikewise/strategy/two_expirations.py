"""A near option sold against a later one: what the pair is worth when the near one ends, and how likely.

Nothing of such a pair is settled at one instant, so its odds are those at the near expiration: the near leg
is worth its intrinsic value, the later one what its own volatility makes of the time that is left to it.
Profit, breakevens and probability rest on the quotes (the later leg keeps the volatility that it has today);
the expected profit on forecasts of both volatilities, the later one's spread over the whole time. Greatest
profit and breakevens are thus a model's, unlike those of structures of one expiration.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    RIGHT_BITS,
    ROOT_MASK,
    ROOT_SHIFT,
    STRIKE_BITS,
    STRIKE_MASK,
    OptionContract,
    Style,
    days_of,
    option_roots,
)
from strikewise.domain.money import to_cents
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Adjust
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import MarketView
from strikewise.pricing.kernels import DEFAULT
from strikewise.pricing.lognormal import chance, expected_intrinsic
from strikewise.strategy.covering import AdjustCode, standing_prospect
from strikewise.strategy.legs import Legs, Priced, gate_legs, listed_at, term_sides
from strikewise.strategy.payoff_odds import PayoffOdds, smile_at
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.scoring import forecast_volatility

__all__ = [
    "front_and_back",
    "front_gone",
    "pair_odds",
    "reaching",
    "rolled_front",
    "same_strikes_later",
    "worth_entering",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

GRID = np.linspace(-4.0, 4.0, 49)
"""Standard deviations of the price at which the pair is valued, beside the strikes."""
FAR = 2.0
"""Multiple of spot up to which the loss of European calls is bounded: their time value can be negative."""


def reaching(prospect: Prospect, view: MarketView, max_dte: int) -> Prospect:
    """Return a prospect whose chain goes on to later expirations; the rows that it has keep their numbers."""
    whole, chain = view.fresh_chain(prospect.chain.underlying), prospect.chain
    if whole is None:
        return prospect
    last = (days_of(chain.day) + max_dte + 1) << EXPIRATION_SHIFT
    stop = int(whole.key.searchsorted(last))
    first = chain.start - whole.start
    return replace(prospect, chain=whole.rows(first, max(stop, first + len(chain))))


def same_strikes_later(prospect: Prospect, front: Rows, least_days: int, most_days: int) -> Legs:
    """Return contracts with those of the same strike and right that expire some days later, near leg first.

    Parameters
    ----------
    prospect : Prospect
        The underlying, its chain reaching to the later expirations.
    front : (n,) intp
        The near contracts.
    least_days, most_days : int
        Calendar days between the expirations.
    """
    key = prospect.chain.key
    near = key[front]
    if len(near) == 0:
        return _joined([])
    day, root, contract = near >> EXPIRATION_SHIFT, _roots(near), near & ((1 << ROOT_SHIFT) - 1)
    soonest, latest = int(day.min()) + least_days, int(day.max()) + most_days
    pairs: list[tuple[Rows, Rows]] = []
    for term in (term_sides(prospect) >> RIGHT_BITS).tolist():
        expires = term >> (EXPIRATION_SHIFT - ROOT_SHIFT)
        if not soonest <= expires <= latest:
            continue
        later = expires - day
        fits = (later >= least_days) & (later <= most_days) & (root == (term & ROOT_MASK))
        rows, listed = listed_at(prospect, (term << ROOT_SHIFT) | contract)
        kept = fits & listed
        pairs.append((front[kept], rows[kept]))
    return _joined(pairs)


def front_and_back(prospect: Prospect, front: Rows, back: Rows, least_days: int) -> Legs:
    """Return each near contract with each later one of its right and root, near leg first."""
    key = prospect.chain.key
    near, far = key[front][:, np.newaxis], key[back]
    fits = (far >> EXPIRATION_SHIFT) - (near >> EXPIRATION_SHIFT) >= least_days
    fits &= (_roots(near) == _roots(far)) & (((near ^ far) >> STRIKE_BITS) & 1 == 0)
    first, second = np.nonzero(fits)
    return Legs((front[first], back[second]), (-1, 1))


def _roots(keys: Ints) -> Ints:
    return np.asarray((keys >> ROOT_SHIFT) & ROOT_MASK)


def _joined(pairs: list[tuple[Rows, Rows]]) -> Legs:
    none = np.zeros(0, dtype=np.intp)
    front, back = (np.concatenate([none, *(pair[side] for pair in pairs)]) for side in (0, 1))
    return Legs((front, back), (-1, 1))


class _Pairs(NamedTuple):
    """Columns of pairs: side 1 for calls and -1 for puts, strikes, years, implied volatilities."""

    side: Floats
    near_strike: Floats
    far_strike: Floats
    near_years: Floats
    gap_years: Floats
    near_iv: Floats
    far_iv: Floats


def pair_odds(prospect: Prospect, found: Priced, multiplier: int) -> PayoffOdds:
    """Return the odds of pairs, the near leg sold and first; parameters as `payoff_odds`."""
    pairs = _pairs(prospect, found)
    carry = prospect.rate - prospect.dividend_yield
    forward, root = prospect.spot * np.exp(carry * pairs.near_years), np.sqrt(pairs.near_years)
    growth, discount = np.exp(carry * pairs.gap_years), np.exp(-prospect.rate * pairs.gap_years)
    profits = np.empty((3, len(found)))
    DEFAULT.pair_profits(
        profits,
        pairs.side,
        pairs.near_strike,
        pairs.far_strike,
        forward,
        pairs.near_iv * root,
        growth,
        discount,
        pairs.far_iv * np.sqrt(pairs.gap_years),
        found.cost / 100.0,
        GRID,
        _american(prospect),
    )
    low, high, top = profits
    near, far = (forecast_volatility(prospect, iv) for iv in (pairs.near_iv, pairs.far_iv))
    total = np.sqrt(near**2 * pairs.near_years + far**2 * pairs.gap_years)
    payout = discount * expected_intrinsic(pairs.side, pairs.far_strike, forward * growth, total)
    payout -= expected_intrinsic(pairs.side, pairs.near_strike, forward, near * root)
    above_low, above_high = _above(prospect, found, pairs, forward, root, low, high)
    between = np.maximum(above_low - above_high, 0.0)
    return PayoffOdds(
        max_loss=_largest_loss(prospect, found, multiplier),
        max_profit=np.maximum(np.floor(top * 100.0 * multiplier), 0.0).astype(np.int64),
        breakevens=(low, high),
        probability=np.where(top > 0.0, between, 0.0),
        payout=payout,
        implied=pairs.near_iv,
        forecast=near,
    )


def worth_entering(
    prospect: Prospect, found: Priced, params: ParameterSet, rejected: Rejections
) -> Priced | None:
    """Return the pairs whose spreads cost no more than ``max_entry_cost`` of the largest loss, or None.

    What would be turned away after its odds are known is turned away before: they take most of the time.
    """
    largest = _largest_loss(prospect, found, 1)
    dear = found.cost - 0.5 * found.mid > params.number("max_entry_cost") * largest
    rejected[DenialCode.ENTRY_COST] += int(np.count_nonzero(dear))
    return None if bool(dear.all()) else found.take(~dear)


def _above(
    prospect: Prospect,
    found: Priced,
    pairs: _Pairs,
    forward: Floats,
    root: Floats,
    low: Floats,
    high: Floats,
) -> tuple[Floats, Floats]:
    """Return the chances of ending above two levels: one where there is no low one, none without a high."""
    level = np.concatenate([low, high])
    missing = np.isnan(level)
    terms = prospect.chain.key[found.legs.rows[0]] >> ROOT_SHIFT
    terms, forward, root, spare = (
        np.concatenate([each, each]) for each in (terms, forward, root, pairs.near_iv)
    )
    level = np.where(missing, forward, level)
    implied, slope = smile_at(prospect, terms, level, forward, spare)
    chances = chance(np.ones(len(level)), level, forward, implied * root, slope * root)
    count = len(low)
    return np.where(missing[:count], 1.0, chances[:count]), np.where(missing[count:], 0.0, chances[count:])


def _largest_loss(prospect: Prospect, found: Priced, multiplier: int) -> Ints:
    """Return the debit and what can be lost beyond it, cents."""
    beyond = np.ceil(_beyond(prospect, found) * 100.0 * multiplier).astype(np.int64)
    return np.asarray(found.cost * multiplier + beyond)


def _pairs(prospect: Prospect, found: Priced) -> _Pairs:
    chain, (front, back) = prospect.chain, found.legs.rows
    near, far = chain.key[front], chain.key[back]
    near_iv, far_iv = chain.iv[front].astype(np.float64), chain.iv[back].astype(np.float64)
    return _Pairs(
        side=_side(near),
        near_strike=_strike(near),
        far_strike=_strike(far),
        near_years=found.years,
        gap_years=prospect.years(far) - found.years,
        near_iv=near_iv,
        far_iv=np.where(np.isnan(far_iv), near_iv, far_iv),
    )


def _american(prospect: Prospect) -> bool:
    return option_roots(prospect.chain.underlying)[0].style is Style.AMERICAN


def _beyond(prospect: Prospect, found: Priced) -> Floats:
    """Return what can be lost beyond the cost: where the later strike is the worse one, dollars a share.

    An American option is worth its intrinsic value at least. A European one may be worth less by the interest
    on its strike, and a call by dividends, which count up to `FAR` times spot.
    """
    key, (front, back) = prospect.chain.key, found.legs.rows
    side, far_strike = _side(key[front]), _strike(key[back])
    gap = side * (far_strike - _strike(key[front]))
    if not _american(prospect):
        gap_years = prospect.years(key[back]) - found.years
        interest = far_strike * (1.0 - np.exp(-prospect.rate * gap_years))
        dividends = FAR * prospect.spot * (1.0 - np.exp(-prospect.dividend_yield * gap_years))
        gap = gap + np.where(side > 0, dividends - interest, interest)
    return np.asarray(np.maximum(gap, 0.0))


def _side(keys: Ints) -> Floats:
    """Return 1 for calls, -1 for puts."""
    return np.asarray(1.0 - 2.0 * ((keys >> STRIKE_BITS) & 1))


def _strike(keys: Ints) -> Floats:
    """Return strikes in dollars."""
    return np.asarray((keys & STRIKE_MASK) / 1000.0)


def front_gone(position: Position) -> bool:
    """Return whether a pair has lost its near leg: what is left is the later option by itself."""
    options = [one for one in position.holdings if isinstance(one.instrument, OptionContract)]
    return bool(options) and all(one.quantity > 0 for one in options)


def rolled_front(
    position: Position, view: MarketView, params: ParameterSet, low: float, high: float, *, same_strike: bool
) -> Adjust | None:
    """Return the adjustment that buys the near leg back and sells the next, or None where none pays.

    Of contracts that expire after the near leg and before the later one, in the days that entries want, the
    one that brings most a day at the bid; it must bring more than buying back and both fees cost.

    Parameters
    ----------
    position : Position
        A pair: one option short, one later option long.
    view : MarketView
        What is known.
    params : ParameterSet
        With ``min_dte``, ``max_dte``, ``fee_per_contract`` and the parameters of the quote gates.
    low, high : float
        Band of the absolute delta of what is sold; it does not bind where the strike is to stay.
    same_strike : bool
        Whether the strike is to stay.
    """
    legs = _near_and_far(position)
    prospect = standing_prospect(
        view, position.underlying, params.integer("min_dte"), params.integer("max_dte")
    )
    whole = view.fresh_chain(position.underlying)
    if legs is None or whole is None or prospect is None or not (quote := whole.quote(legs[0])).known:
        return None
    near, far, quantity = legs
    chain, key = prospect.chain, prospect.chain.key
    fits = (((key ^ near.key) >> STRIKE_BITS) & 1 == 0) & (_roots(key) == near.root_code)
    day = key >> EXPIRATION_SHIFT
    fits &= (day > days_of(near.expiration)) & (day < days_of(far.expiration))
    size = np.abs(chain.delta)
    fits &= key & STRIKE_MASK == near.strike_milli if same_strike else (size >= low) & (size <= high)
    fees = 2 * to_cents(params.number("fee_per_contract"))
    fits &= (chain.bid.astype(np.int64) - quote.ask) * near.multiplier > fees
    rows = np.flatnonzero(fits)
    rows = rows[gate_legs(prospect, Legs((rows,), (-1,)), params, Rejections())]
    if len(rows) == 0:
        return None
    left = np.maximum((key[rows] >> EXPIRATION_SHIFT) - days_of(chain.day), 1)
    row = int(rows[int(np.argmax(chain.bid[rows] / left))])
    credit = (int(chain.bid[row]) - quote.ask) / 100
    detail = f"from={near.symbol} to={chain.contract(row).symbol} credit={credit:.2f}"
    traded = Structure.of([Leg(near, 1), Leg(chain.contract(row), -1)])
    return Adjust(traded, quantity, AdjustCode.ROLLED, detail)


def _near_and_far(position: Position) -> tuple[OptionContract, OptionContract, int] | None:
    """Return the short and the long option of a pair, and how many are short; None where it is no pair."""
    options = [one for one in position.holdings if isinstance(one.instrument, OptionContract)]
    if len(options) != 2:
        return None
    near, far = sorted(options, key=lambda one: one.quantity)
    if near.quantity >= 0 or far.quantity <= 0:
        return None
    assert isinstance(near.instrument, OptionContract)
    assert isinstance(far.instrument, OptionContract)
    return near.instrument, far.instrument, -near.quantity
