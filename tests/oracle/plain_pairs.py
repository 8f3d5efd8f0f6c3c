"""A near option sold against a later one: pairs, their odds when the near one ends, and the next near one."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from oracle.plain_account import Position, ordered
from oracle.plain_calls import Adjustment, Answer, cents_of, standing_rows
from oracle.plain_exits import leave_stake
from oracle.plain_looks import Candidate, Look, Params, allowed, chance, expected, sellable, single
from oracle.plain_market import PlainView, Row
from oracle.plain_payoffs import Odds, RowLegs, Shape, cost_of, cost_of_crossing, smile, tradable, weighed
from oracle.plain_shapes import FALLING, RISING, in_deltas, other_side, wanted_rights
from oracle.plain_spreads import NEUTRAL
from strikewise.domain.instruments import OptionContract, Right, Style

GRID = [number / 6 for number in range(-24, 25)]
"""Deviations of the price at which a pair is valued, beside its strikes: four to each side."""
FAR = 2.0


def reaching(look: Look, most: int) -> Look:
    """The same with later expirations."""
    first, today = look.rows[0].contract.expiration, look.chain.at.date()
    ends = max(most, *(look.days_to(row.contract) for row in look.rows))
    rows = [
        row
        for one, row in look.chain.rows.items()
        if one.expiration >= first and (one.expiration - today).days <= ends
    ]
    return replace(look, rows=rows, sides={}, laws={})


def calendars(look: Look, params: Params) -> list[Candidate]:
    if params["trend"] == "flat" and look.trend != "flat":
        return []
    far = reaching(look, params["max_dte"] + params["gap_max"])
    listed = {row.contract: row for row in far.rows}
    fronts = [row for row in look.rows if _is_front(row.contract, look, params)]
    found = []
    for ends in sorted({row.contract.expiration for row in far.rows}):
        for front in fronts:
            one = front.contract
            back, gap = listed.get(replace(one, expiration=ends)), (ends - one.expiration).days
            if back is None or not params["gap_min"] <= gap <= params["gap_max"]:
                continue
            legs: RowLegs = ((front, -1), (back, 1))
            lead = single(front.iv - back.iv)
            if tradable(far, legs, params) and lead >= params["min_iv_lead"] and cost_of(legs) > 0:
                because: dict[str, float | str] = {
                    "gap_days": float(gap),
                    "iv_later": back.iv,
                    "iv_lead": lead,
                    "offset_pct": one.strike_milli / 1000 / look.spot - 1,
                }
                found.append(Shape(legs, NEUTRAL.get(look.regime, 0.0), because))
    return _worth(far, found, params)


def _is_front(one: OptionContract, look: Look, params: Params) -> bool:
    """Whether a strike is as near to spot as is wanted, and of the side that is traded."""
    offset = one.strike_milli / (1000 * look.spot) - 1
    side = ("put" if offset < 0 else "call") if params["side"] == "auto" else params["side"]
    near = params["offset_min"] <= offset <= params["offset_max"]
    return near and one.right is (Right.PUT if side == "put" else Right.CALL)


def diagonals(look: Look, params: Params) -> list[Candidate]:
    rights = wanted_rights(params["side"]) & other_side(allowed(look.trend, params["trend"]))
    far = reaching(look, params["back_max_dte"])
    middle = 0.5 * (params["long_delta_min"] + params["long_delta_max"])
    backs: dict[tuple[object, ...], Row] = {}
    for row in in_deltas(far, "long", params, rights):
        key = row.contract.expiration, row.contract.root_code, row.contract.right
        if key not in backs or _off(row, middle) < _off(backs[key], middle):
            backs[key] = row
    found = []
    for front in in_deltas(look, "short", params, rights):
        for back in backs.values():
            one, later = front.contract, back.contract
            gap = (later.expiration - one.expiration).days
            if (one.right, one.root_code) != (later.right, later.root_code) or gap < params["gap_min"]:
                continue
            legs: RowLegs = ((front, -1), (back, 1))
            if not tradable(far, legs, params):
                continue
            cost, wide = cost_of(legs), abs(one.strike_milli - later.strike_milli)
            if cost > 0 and 10 * cost <= params["max_debit"] * wide:
                because: dict[str, float | str] = {
                    "gap_days": float(gap),
                    "short_delta": front.delta,
                    "long_delta": back.delta,
                    "width": wide / 1000,
                    "debit_to_width": 10 * cost / wide,
                }
                fit = (FALLING if one.right is Right.PUT else RISING).get(look.regime, 0.0)
                found.append(Shape(legs, fit, because))
    return _worth(far, found, params)


def _off(row: Row, middle: float) -> float:
    return abs(single(abs(row.delta) - single(middle)))


def _worth(far: Look, shapes: list[Shape], params: Params) -> list[Candidate]:
    """What does not cost too much to enter, by the share as by the contract."""
    found = []
    for shape in shapes:
        crossing = cost_of_crossing(shape.legs) / 2
        if crossing <= params["max_entry_cost"] * most_lost(far, shape.legs, 1):
            found.append(weighed(far, shape, params, pair_odds))
    return [one for one in found if one is not None]


def most_lost(look: Look, legs: RowLegs, size: int) -> int:
    """The debit, and what the later leg may be worth less than the near one when both are exercised."""
    near, later = (row.contract for row, _ in legs)
    side = 1 if near.right is Right.CALL else -1
    gap = side * (later.strike - near.strike)
    if near.root.style is not Style.AMERICAN:
        years = look.law(later)[1] ** 2 - look.law(near)[1] ** 2
        interest = later.strike * (1 - math.exp(-look.rate * years))
        dividends = FAR * look.spot * (1 - math.exp(-look.paid * years))
        gap += dividends - interest if side > 0 else interest
    return cost_of(legs) * size + math.ceil(max(gap, 0.0) * 100 * size)


def pair_odds(look: Look, shape: Shape) -> Odds:
    (front, _), (back, _) = shape.legs
    near, later, size = front.contract, back.contract, shape.size
    side = 1 if near.right is Right.CALL else -1
    later_iv = front.iv if math.isnan(back.iv) else back.iv
    forward, root = look.law(near)
    years = look.view.years_to(later, look.chain.at) - look.view.years_to(near, look.chain.at)
    carry, discount = look.rate - look.paid, math.exp(-look.rate * years)

    def profit(level: float) -> float:
        total = later_iv * math.sqrt(years)
        value = discount * expected(side, later.strike, level * math.exp(carry * years), total)
        if near.root.style is Style.AMERICAN:
            value = max(value, side * (level - later.strike))
        return value - cost_of(shape.legs) / 100 - max(side * (level - near.strike), 0.0)

    levels = sorted(
        [*(forward * math.exp(each * front.iv * root) for each in GRID), near.strike, later.strike]
    )
    profits = [profit(level) for level in levels]
    low, high = _ends(levels, profits)

    def above(level: float) -> float:
        sigma, slope = smile(look, near, level, forward, front.iv)
        return chance(1, level, forward, sigma * root, slope * root)

    probability = 0.0
    if max(profits) > 0:
        up, down = (1.0 if low is None else above(low)), (0.0 if high is None else above(high))
        probability = max(up - down, 0.0)
    sold, held = look.forecast(front.iv), look.forecast(later_iv)
    total = math.sqrt(sold**2 * root**2 + held**2 * years)
    payout = discount * expected(side, later.strike, forward * math.exp(carry * years), total)
    payout -= expected(side, near.strike, forward, sold * root)
    return Odds(
        max_loss=most_lost(look, shape.legs, size),
        max_profit=max(0, math.floor(max(profits) * 100 * size)),
        breakevens=[each for each in (low, high) if each is not None],
        probability=probability,
        payout=payout,
        implied=front.iv,
        forecast=sold,
    )


def _ends(levels: list[float], profits: list[float]) -> tuple[float | None, float | None]:
    """Where the profit first rises above zero, and where it falls to it for the last time."""
    low = high = None
    for (one, first), (other, last) in pairwise(zip(levels, profits, strict=True)):
        if first <= 0 < last and low is None and not any(p > 0 for p in profits[: levels.index(other)]):
            low = other + last / (last - first) * (one - other)
        if last <= 0 < first:
            high = one + first / (first - last) * (other - one)
    return low, None if profits[-1] > 0 else high


def manage_pair(position: Position, view: PlainView, params: Params, *, stays: bool) -> Answer:
    """By what was at stake; the near leg is sold again where its days are up and that pays."""
    found = leave_stake(position, view.day, params)
    if found is None:
        gone = position.options and all(count > 0 for count in position.options.values())
        return ("DTE_EXIT", "front=gone") if gone else None
    if found[0] == "DTE_EXIT" and params["roll_front"]:
        return _next_front(position, view, params, stays=stays) or found
    return found


def _next_front(position: Position, view: PlainView, params: Params, *, stays: bool) -> Adjustment | None:
    held = sorted(position.options.items(), key=lambda each: each[1])
    chain = view.fresh(position.underlying)
    if chain is None or len(held) != 2 or held[0][1] >= 0 or held[1][1] <= 0:
        return None
    (near, count), (later, _) = held
    old = chain.rows.get(near)
    if old is None or not old.usable:
        return None
    best: tuple[float, OptionContract, int] | None = None
    for row in standing_rows(view, position.underlying, params):
        one = row.contract
        if (one.right, one.root_code) != (near.right, near.root_code):
            continue
        if not near.expiration < one.expiration < later.expiration:
            continue
        if stays:
            fits = one.strike_milli == near.strike_milli
        else:
            low, high = single(params["short_delta_min"]), single(params["short_delta_max"])
            fits = low <= abs(row.delta) <= high
        pays = (row.bid - old.ask) * near.multiplier > 2 * cents_of(params["fee_per_contract"])
        if fits and pays and sellable(row, params):
            daily = row.bid / max(1, (one.expiration - chain.at.date()).days)
            if best is None or daily > best[0]:
                best = daily, one, row.bid
    if best is None:
        return None
    detail = f"from={near.symbol} to={best[1].symbol} credit={(best[2] - old.ask) / 100:.2f}"
    return Adjustment(ordered({near: 1, best[1]: -1}), -count, "ROLLED", detail)
