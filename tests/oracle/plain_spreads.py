"""Credit spreads and iron condors, one pair of strikes after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

from oracle.plain_looks import (
    Candidate,
    Look,
    Params,
    allowed,
    buyable,
    chance,
    expected,
    in_band,
    sellable,
    side_of,
    single,
)
from oracle.plain_market import Row
from strikewise.domain.instruments import Right

BULLISH = {
    "bull": 1.0,
    "neutral": 0.7,
    "low_volatility_sideways": 0.6,
    "high_volatility": 0.5,
    "bear": 0.3,
}
BEARISH = {
    "bear": 1.0,
    "neutral": 0.7,
    "low_volatility_sideways": 0.6,
    "high_volatility": 0.5,
    "crash": 0.3,
    "bull": 0.3,
}
NEUTRAL = {
    "low_volatility_sideways": 0.8,
    "neutral": 1.0,
    "high_volatility": 0.6,
    "bull": 0.5,
    "bear": 0.4,
}


@dataclass(frozen=True)
class Spread:
    """A credit spread: cents and dollars per share."""

    short: Row
    wing: Row
    width: int
    """Thousandths of a dollar."""
    credit: int
    twice_mid: int

    @property
    def side(self) -> int:
        """1 where profit lies above, for puts."""
        return 1 if self.short.contract.right is Right.PUT else -1


def spreads_of(look: Look, params: Params, rights: set[Right]) -> list[Spread]:
    found = []
    for short in look.rows:
        if short.contract.right in rights and in_band(short, look, params):
            wing = _wing(short, look, params)
            if wing is not None and sellable(short, params) and buyable(wing, params):
                width = abs(short.contract.strike_milli - wing.contract.strike_milli)
                credit = short.bid - wing.ask
                twice_mid = short.bid + short.ask - wing.bid - wing.ask
                kept = 2 * credit >= params["min_kept_at_touch"] * twice_mid
                if 0 < 10 * credit < width and kept:
                    found.append(Spread(short, wing, width, credit, twice_mid))
    return found


def _wing(short: Row, look: Look, params: Params) -> Row | None:
    """The nearest listed strike at least as far out as was asked for, if it is not too far."""
    asked = round(1000 * params["width"])
    most = round(asked * (1 + params["width_tolerance"]))
    one, best = short.contract, None
    for row in side_of(short, look):
        gap = one.strike_milli - row.contract.strike_milli
        gap = gap if one.right is Right.PUT else -gap
        if asked <= gap <= most and (best is None or gap < best[0]):
            best = gap, row
    return None if best is None else best[1]


@dataclass(frozen=True)
class Odds:
    breakeven: float
    implied: float
    forecast: float
    probability: float
    payout: float


def _spread_odds(look: Look, spread: Spread, credit: int) -> Odds:
    """What the law at expiry says of a spread, breaking even ``credit`` beyond its short strike."""
    short_iv, side = spread.short.iv, spread.side
    wing_iv = short_iv if math.isnan(spread.wing.iv) else spread.wing.iv
    short, wing = spread.short.contract.strike, spread.wing.contract.strike
    part = min(10 * credit / spread.width, 1.0)
    implied = short_iv + (wing_iv - short_iv) * part
    breakeven = short - side * credit / 100
    forward, root = look.law(spread.short.contract)
    slope = (wing_iv - short_iv) / (wing - short)
    payout = expected(-side, short, forward, look.forecast(short_iv) * root)
    payout -= expected(-side, wing, forward, look.forecast(wing_iv) * root)
    probability = chance(side, breakeven, forward, implied * root, slope * root)
    return Odds(breakeven, implied, look.forecast(implied), probability, payout)


def points(
    params: Params, to_width: float, to_risk: float, probability: float, fit: float, kept: float
) -> dict[str, float]:
    earned = {
        "credit": to_width * 3,
        "reward": to_risk * 2,
        "probability": 2 * probability - 1,
        "regime": fit,
        "liquidity": kept,
    }
    weights = {name: params[f"weight_{name}"] for name in earned}
    whole = sum(weights.values()) or 1.0
    return {name: weights[name] * 100 / whole * min(max(value, 0.0), 1.0) for name, value in earned.items()}


def credit_spreads(look: Look, params: Params) -> list[Candidate]:
    wanted = {"put": {Right.PUT}, "call": {Right.CALL}}.get(params["side"], {Right.PUT, Right.CALL})
    found = []
    for spread in spreads_of(look, params, wanted & allowed(look.trend, params["trend"])):
        credit, width = spread.credit, spread.width
        if 10 * credit < params["min_credit_to_width"] * width:
            continue
        size = spread.short.contract.multiplier
        odds = _spread_odds(look, spread, credit)
        fit = (BULLISH if spread.side > 0 else BEARISH).get(look.regime, 0.0)
        max_profit = credit * size
        max_loss = width * size // 10 - max_profit
        parts = points(
            params,
            10 * credit / width,
            max_profit / max_loss,
            odds.probability,
            fit,
            2 * credit / spread.twice_mid,
        )
        because = {
            "dte": float(look.days_to(spread.short.contract)),
            "short_delta": spread.short.delta,
            "iv": spread.short.iv,
            "iv_breakeven": odds.implied,
            "iv_forecast": odds.forecast,
            "credit_to_width": 10 * credit / width,
            "width": width / 1000,
            "otm_pct": spread.side * (1 - spread.short.contract.strike / look.spot),
        }
        found.append(
            Candidate(
                legs=((spread.short, -1), (spread.wing, 1)),
                price=-max_profit,
                mid=-(spread.twice_mid * size // 2),
                max_loss=max_loss,
                max_profit=max_profit,
                margin=max_loss,
                breakevens=[odds.breakeven],
                probability=odds.probability,
                edge=(credit - 100 * odds.payout) * size - 200 * params["fee_per_contract"],
                parts=parts,
                because={**because},
            )
        )
    return found


def iron_condors(look: Look, params: Params) -> list[Candidate]:
    if params["trend"] == "flat" and look.trend != "flat":
        return []
    spreads = spreads_of(look, params, {Right.PUT, Right.CALL})
    found = []
    for puts in (one for one in spreads if one.side > 0):
        for calls in (one for one in spreads if one.side < 0):
            if _matched(puts, calls, params):
                candidate = _condor(look, puts, calls, params)
                if candidate is not None:
                    found.append(candidate)
    return found


def _matched(puts: Spread, calls: Spread, params: Params) -> bool:
    one, other = puts.short.contract, calls.short.contract
    if (one.expiration, one.root_code) != (other.expiration, other.root_code):
        return False
    gap = abs(single(abs(puts.short.delta) - abs(calls.short.delta)))
    return bool(params["short_by"] != "delta" or gap <= single(params["delta_balance"]))


def _condor(look: Look, puts: Spread, calls: Spread, params: Params) -> Candidate | None:
    credit, twice_mid = puts.credit + calls.credit, puts.twice_mid + calls.twice_mid
    width = max(puts.width, calls.width)
    if 10 * credit < params["min_credit_to_width"] * width or 10 * credit >= min(puts.width, calls.width):
        return None
    size = puts.short.contract.multiplier
    below, above = _spread_odds(look, puts, credit), _spread_odds(look, calls, credit)
    probability = max(below.probability + above.probability - 1, 0.0)
    max_profit = credit * size
    max_loss = width * size // 10 - max_profit
    parts = points(
        params,
        10 * credit / width,
        max_profit / max_loss,
        probability,
        NEUTRAL.get(look.regime, 0.0),
        2 * credit / twice_mid,
    )
    because: dict[str, float | str] = {
        "dte": float(look.days_to(puts.short.contract)),
        "short_put_delta": puts.short.delta,
        "short_call_delta": calls.short.delta,
        "iv": single(puts.short.iv + calls.short.iv) / 2,
        "iv_forecast": (below.forecast + above.forecast) / 2,
        "credit_to_width": 10 * credit / width,
        "width": width / 1000,
        "otm_put_pct": 1 - puts.short.contract.strike / look.spot,
        "otm_call_pct": calls.short.contract.strike / look.spot - 1,
    }
    payout = below.payout + above.payout
    return Candidate(
        legs=((puts.short, -1), (puts.wing, 1), (calls.short, -1), (calls.wing, 1)),
        price=-max_profit,
        mid=-(twice_mid * size // 2),
        max_loss=max_loss,
        max_profit=max_profit,
        margin=max_loss,
        breakevens=[below.breakeven, above.breakeven],
        probability=probability,
        edge=(credit - 100 * payout) * size - 400 * params["fee_per_contract"],
        parts=parts,
        because=because,
    )
