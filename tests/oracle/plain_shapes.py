"""The shapes that options of one expiration make, by the pages of their strategies: one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from oracle.plain_looks import Candidate, Look, Params, allowed, side_of, single
from oracle.plain_margin import naked_requirement
from oracle.plain_market import Row
from oracle.plain_payoffs import RowLegs, Shape, cost_of, tradable, weighed
from oracle.plain_spreads import BEARISH, BULLISH, NEUTRAL
from strikewise.domain.instruments import Right

RISING = {**BULLISH, "low_volatility_sideways": 0.5}
FALLING = {**BEARISH, "crash": 0.8, "bull": 0.1}
TURBULENT = {
    "low_volatility_sideways": 1.0,
    "neutral": 0.7,
    "bull": 0.6,
    "bear": 0.6,
    "high_volatility": 0.4,
    "crash": 0.3,
}
POINTS = {"trend": 35.0, "momentum": 30.0, "strength": 20.0, "acceleration": 15.0}


def candidates(
    look: Look, params: Params, shapes: Callable[[Look, Params], Iterator[Shape]]
) -> list[Candidate]:
    found = [weighed(look, shape, params) for shape in shapes(look, params)]
    return [one for one in found if one is not None]


# --- strikes ---


def at_the_money(look: Look, offset: float = 0.0) -> Iterator[tuple[Row, Row]]:
    """The call next to spot (moved by a share of it) of each expiration and root, with its put."""
    wanted = max(1, round(look.spot * (1 + offset) * 1000))
    for (expiration, root, right), rows in look.sides.items():
        if right is Right.CALL:
            call = nearest(rows, wanted)
            puts = look.sides.get((expiration, root, Right.PUT), [])
            for put in puts:
                if put.contract.strike_milli == call.contract.strike_milli:
                    yield call, put


def nearest(rows: list[Row], milli: int) -> Row:
    """The strike next to a price, the lower of two."""
    return min(rows, key=lambda row: (abs(row.contract.strike_milli - milli), row.contract.strike_milli))


def beyond(row: Row, look: Look, distance: int, tolerance: float, *, upward: bool) -> Row | None:
    """The strike at a distance or the next beyond it, if it is not too far."""
    sign, best = 1 if upward else -1, None
    for other in side_of(row, look):
        gap = sign * (other.contract.strike_milli - row.contract.strike_milli)
        if distance <= gap <= distance * (1 + tolerance) and (best is None or gap < best[0]):
            best = gap, other
    return None if best is None else best[1]


def deviation(look: Look, row: Row) -> float:
    """Of the price at the end of a contract, dollars; NaN where nothing next to spot says it."""
    for call, put in at_the_money(look):
        same = call.contract.expiration, call.contract.root_code
        if same == (row.contract.expiration, row.contract.root_code):
            known = [one.iv for one in (call, put) if not math.isnan(one.iv)]
            if not known:
                return math.nan
            years = max(look.view.years_to(call.contract, look.chain.at), 0.0)
            return look.spot * (sum(known) / len(known)) * math.sqrt(years)
    return math.nan


def milli_of(dollars: float) -> int:
    return max(1, round(1000 * dollars))


def in_deltas(look: Look, name: str, params: Params, rights: set[Right]) -> list[Row]:
    """The contracts of some rights whose delta, kept in single precision, lies in a band."""
    low, high = single(params[f"{name}_delta_min"]), single(params[f"{name}_delta_max"])
    return [row for row in look.rows if row.contract.right in rights and low <= abs(row.delta) <= high]


def wanted_rights(side: str) -> set[Right]:
    return {"put": {Right.PUT}, "call": {Right.CALL}}.get(side, {Right.PUT, Right.CALL})


def other_side(rights: set[Right]) -> set[Right]:
    """What leans the same way when it is bought."""
    return {Right.CALL if one is Right.PUT else Right.PUT for one in rights}


def _is_put(row: Row) -> bool:
    return row.contract.right is Right.PUT


def _out(row: Row, look: Look) -> float:
    """The strike over spot, less one."""
    return row.contract.strike_milli / 1000 / look.spot - 1


def _gap(one: Row, other: Row) -> int:
    return abs(one.contract.strike_milli - other.contract.strike_milli)


def further(one: Row, other: Row) -> bool:
    """Whether another contract of the same side is further from the money, a call higher, a put lower."""
    first, second = one.contract, other.contract
    if (first.expiration, first.root_code, first.right) != (
        second.expiration,
        second.root_code,
        second.right,
    ):
        return False
    return (first.strike_milli > second.strike_milli) == _is_put(one) and first != second


# --- structures ---


def iron_butterflies(look: Look, params: Params) -> Iterator[Shape]:
    if params["trend"] == "flat" and look.trend != "flat":
        return
    for call, put in at_the_money(look, params["body_offset"]):
        sd = deviation(look, call)
        if math.isnan(sd):
            continue
        width, tolerance = milli_of(params["wing_width"] * sd), params["width_tolerance"]
        high = beyond(call, look, width, tolerance, upward=True)
        low = beyond(put, look, width, tolerance, upward=False)
        if high is None or low is None:
            continue
        legs: RowLegs = ((call, -1), (put, -1), (high, 1), (low, 1))
        wide = max(_gap(high, call), _gap(put, low))
        if tradable(look, legs, params) and -10 * cost_of(legs) >= params["min_credit_to_width"] * wide:
            because = {
                "width": wide / 1000,
                "credit_to_width": -10 * cost_of(legs) / wide,
                "body_pct": _out(call, look),
            }
            yield Shape(legs, NEUTRAL.get(look.regime, 0.0), because)


def butterflies(look: Look, params: Params) -> Iterator[Shape]:
    if params["trend"] == "flat" and look.trend != "flat":
        return
    target = look.trend if params["target"] == "trend" else params["target"]
    towards = {"spot": 0, "flat": 0, "above": 1, "up": 1, "below": -1, "down": -1}.get(target)
    if towards is None:
        return
    for call, _ in at_the_money(look):
        sd, one = deviation(look, call), call.contract
        if math.isnan(sd) or sd <= 0:
            continue
        right = Right.PUT if towards < 0 else Right.CALL
        rows = look.sides[one.expiration, one.root_code, right]
        body = nearest(rows, milli_of(look.spot + towards * params["body_distance"] * sd))
        middle = body.contract.strike_milli
        high = nearest(rows, middle + milli_of(params["wing_width"] * sd))
        even = 2 * middle - high.contract.strike_milli
        low = next((row for row in rows if row.contract.strike_milli == even), None)
        if low is None or high.contract.strike_milli <= middle:
            continue
        legs: RowLegs = ((low, 1), (body, -2), (high, 1))
        wide = _gap(body, low)
        if tradable(look, legs, params) and 10 * cost_of(legs) <= params["max_debit"] * wide:
            because = {
                "width": wide / 1000,
                "debit_to_width": 10 * cost_of(legs) / wide,
                "body_pct": _out(body, look),
            }
            yield Shape(legs, NEUTRAL.get(look.regime, 0.0), because)


def broken_wings(look: Look, params: Params) -> Iterator[Shape]:
    rights = wanted_rights(params["side"]) & allowed(look.trend, params["trend"])
    for body in in_deltas(look, "short", params, rights):
        sd, middle = deviation(look, body), body.contract.strike_milli
        if math.isnan(sd) or sd <= 0:
            continue
        away, rows = -1 if _is_put(body) else 1, side_of(body, look)
        near = nearest(rows, middle - away * milli_of(params["near_width"] * sd))
        far = nearest(rows, middle + away * milli_of(params["far_width"] * sd))
        gap, wide = _gap(near, body), _gap(far, body)
        if not (further(near, body) and further(body, far) and wide > gap):
            continue
        legs: RowLegs = ((near, 1), (body, -2), (far, 1))
        if tradable(look, legs, params) and -10 * cost_of(legs) >= params["min_credit"] * gap:
            fit = (BULLISH if _is_put(body) else BEARISH).get(look.regime, 0.0)
            because = {
                "short_delta": body.delta,
                "width": gap / 1000,
                "far_width": wide / 1000,
                "credit_to_width": -10 * cost_of(legs) / gap,
                "otm_pct": away * _out(body, look),
            }
            yield Shape(legs, fit, because)


def debit_spreads(look: Look, params: Params) -> Iterator[Shape]:
    rights = wanted_rights(params["side"]) & other_side(allowed(look.trend, params["trend"]))
    for long in in_deltas(look, "long", params, rights):
        for short in in_deltas(look, "short", params, rights):
            legs: RowLegs = ((long, 1), (short, -1))
            if not (further(long, short) and tradable(look, legs, params)):
                continue
            cost, wide = cost_of(legs), _gap(long, short)
            if cost > 0 and 10 * cost <= params["max_debit"] * wide:
                fit = (FALLING if _is_put(long) else RISING).get(look.regime, 0.0)
                because = {
                    "long_delta": long.delta,
                    "short_delta": short.delta,
                    "width": wide / 1000,
                    "debit_to_width": 10 * cost / wide,
                    "target_pct": abs(_out(short, look)),
                }
                yield Shape(legs, fit, because)


def long_options(look: Look, params: Params) -> Iterator[Shape]:
    if (
        params["iv_rank_max"] < 1
        and not look.view.feature(look.underlying, "iv_rank") <= params["iv_rank_max"]
    ):
        return
    points = conviction(look)
    if math.isnan(points) or abs(points) < params["min_conviction"]:
        return
    right = Right.CALL if points > 0 else Right.PUT
    for row in in_deltas(look, "long", params, {right} & wanted_rights(params["side"])):
        if tradable(look, ((row, 1),), params):
            fit = (RISING if points > 0 else FALLING).get(look.regime, 0.0)
            because = {
                "long_delta": row.delta,
                "conviction": points,
                "premium": row.ask / 100,
                "otm_pct": -_out(row, look) if _is_put(row) else _out(row, look),
            }
            yield Shape(((row, 1),), fit, because)


def conviction(look: Look) -> float:
    """From -100 to 100; NaN where a part of it is not known."""

    def feature(name: str) -> float:
        return look.view.feature(look.underlying, name)

    usual, atr = feature("rv20") * math.sqrt(20 / 252), feature("atr14")
    shares = {
        "trend": {"up": 1.0, "down": -1.0, "flat": 0.0}.get(look.trend, math.nan),
        "momentum": feature("return20") / (2 * usual) if usual > 0 else math.nan,
        "strength": (feature("rsi14") - 50) / 25,
        "acceleration": feature("macd_histogram") / (0.1 * atr) if atr > 0 else math.nan,
    }
    if any(map(math.isnan, shares.values())):
        return math.nan
    return sum(POINTS[name] * min(1.0, max(-1.0, share)) for name, share in shares.items())


def ratios(look: Look, params: Params) -> Iterator[Shape]:
    front, leans = params["kind"] == "front", allowed(look.trend, params["trend"])
    rights = wanted_rights(params["side"]) & (leans if front else other_side(leans))
    for near in in_deltas(look, "near", params, rights):
        for far in in_deltas(look, "far", params, rights):
            legs: RowLegs = ((near, 1), (far, -2)) if front else ((near, -1), (far, 2))
            if not (further(near, far) and tradable(look, legs, params)):
                continue
            wide, cost = _gap(near, far), cost_of(legs)
            if 10 * cost > params["max_debit"] * wide:
                continue
            fits = {True: (BULLISH, BEARISH), False: (FALLING, RISING)}[front][0 if _is_put(near) else 1]
            because = {
                "near_delta": near.delta,
                "far_delta": far.delta,
                "width": wide / 1000,
                "otm_pct": abs(_out(far, look)),
            }
            # One of those sold is naked, the other covered by what is bought, whose value the equity has too.
            held = naked_requirement(far.contract, look.chain.spot_cents)
            margin = held + near.ask * near.contract.multiplier if front else None
            yield Shape(legs, fits.get(look.regime, 0.0), because, margin)


def straddles(look: Look, params: Params) -> Iterator[tuple[Row, Row]]:
    yield from at_the_money(look, params["body_offset"])


def strangles(look: Look, params: Params) -> Iterator[tuple[Row, Row]]:
    for call in in_deltas(look, "leg", params, {Right.CALL}):
        for put in in_deltas(look, "leg", params, {Right.PUT}):
            one, other = call.contract, put.contract
            together = (one.expiration, one.root_code) == (other.expiration, other.root_code)
            if (
                together
                and abs(call.delta + put.delta) <= params["delta_balance"]
                and one.strike > other.strike
            ):
                yield call, put


def volatility_play(
    look: Look, pairs: Iterator[tuple[Row, Row]], params: Params, *, sold: bool, about: dict[str, float | str]
) -> Iterator[Shape]:
    """A call and a put together; a sold one holds the greater requirement and both premiums."""
    for call, put in pairs:
        side = -1 if sold else 1
        legs: RowLegs = ((call, side), (put, side))
        if not tradable(look, legs, params):
            continue
        asked = (naked_requirement(row.contract, look.chain.spot_cents) for row in (call, put))
        credit = -cost_of(legs) * call.contract.multiplier
        yield Shape(
            legs,
            (NEUTRAL if sold else TURBULENT).get(look.regime, 0.0),
            {
                "call_delta": call.delta,
                "put_delta": put.delta,
                **about,
                "premium": abs(cost_of(legs)) / 100,
            },
            max(asked) + credit if sold else None,
        )
