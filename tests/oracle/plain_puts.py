"""Puts sold by themselves, one strike after the other."""

from __future__ import annotations

from oracle.plain_looks import Candidate, Look, Params, allowed, chance, expected, in_band, sellable, slope
from oracle.plain_margin import naked_requirement
from oracle.plain_market import Row
from strikewise.domain.instruments import Right


def naked_puts(look: Look, params: Params) -> list[Candidate]:
    if Right.PUT not in allowed(look.trend, params["trend"]):
        return []
    found = []
    for row in look.rows:
        if row.contract.right is not Right.PUT or not in_band(row, look, params):
            continue
        paid_for = 100 * params["premium_min"] <= row.bid <= 100 * params["premium_max"]
        if paid_for and sellable(row, params):
            found.append(short_put(look, row, params, cash=params["collateral"] == "cash"))
    return found


def short_put(look: Look, row: Row, params: Params, *, cash: bool) -> Candidate:
    one, size, credit = row.contract, row.contract.multiplier, row.bid
    forward, root = look.law(one)
    probability = chance(1, one.strike - credit / 100, forward, row.iv * root, slope(look, row) * root)
    payout = expected(-1, one.strike, forward, look.forecast(row.iv) * root)
    max_loss = one.strike_milli * size // 10 - credit * size
    margin = max_loss if cash else credit * size + naked_requirement(one, look.chain.spot_cents)
    yearly = credit * size / margin * 365 / look.days_to(one)
    return Candidate(
        legs=((row, -1),),
        price=-credit * size,
        mid=-((credit + row.ask) * size // 2),
        max_loss=max_loss,
        max_profit=credit * size,
        margin=margin,
        breakevens=[one.strike - credit / 100],
        probability=probability,
        edge=(credit - 100 * payout) * size - 100 * params["fee_per_contract"],
        parts={"return_on_margin": 100 * yearly / (yearly + 0.20)},
        because={
            "dte": float(look.days_to(one)),
            "short_delta": row.delta,
            "iv": row.iv,
            "iv_forecast": look.forecast(row.iv),
            "premium": credit / 100,
            "return_on_margin": yearly,
            "otm_pct": 1 - one.strike / look.spot,
            "structure": "cash_secured_put" if cash else "naked_put",
        },
    )
