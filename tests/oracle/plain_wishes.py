"""From candidates to the few signals that a strategy gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from oracle.plain_account import Wish, ordered
from oracle.plain_calls import buy_writes, secured_puts
from oracle.plain_events import event_play, tickets
from oracle.plain_hedges import hedges
from oracle.plain_indexes import INDEXES, index_wishes
from oracle.plain_looks import REPORTED, Candidate, Look, Params, looks, single
from oracle.plain_market import PlainView
from oracle.plain_options import Greeks
from oracle.plain_pairs import calendars, diagonals
from oracle.plain_payoffs import Shape
from oracle.plain_puts import naked_puts
from oracle.plain_shapes import (
    broken_wings,
    butterflies,
    candidates,
    debit_spreads,
    iron_butterflies,
    long_options,
    ratios,
    straddles,
    strangles,
    volatility_play,
)
from oracle.plain_share_ideas import IDEAS
from oracle.plain_shares import share_wishes
from oracle.plain_spreads import credit_spreads, iron_condors
from strikewise.domain.identifiers import short_digest


def _sold_straddles(look: Look, params: Params) -> Iterator[Shape]:
    return volatility_play(look, straddles(look, params), params, sold=True, about={})


def _sold_strangles(look: Look, params: Params) -> Iterator[Shape]:
    return volatility_play(look, strangles(look, params), params, sold=True, about={})


SHAPES: dict[str, Callable[[Look, Params], Iterator[Shape]]] = {
    "iron_butterfly": iron_butterflies,
    "butterfly": butterflies,
    "broken_wing_butterfly": broken_wings,
    "debit_spread": debit_spreads,
    "long_option": long_options,
    "ratio_spread": ratios,
    "short_straddle": _sold_straddles,
    "short_strangle": _sold_strangles,
    "gamma_lotto": tickets,
    "hedge_overlay": hedges,
    "pre_event_straddle": partial(event_play, pairs=straddles, sold=False),
    "pre_event_strangle": partial(event_play, pairs=strangles, sold=False),
    "post_event_straddle": partial(event_play, pairs=straddles, sold=True),
    "post_event_strangle": partial(event_play, pairs=strangles, sold=True),
}
SEEKERS: dict[str, Callable[[Look, Params], list[Candidate]]] = {
    "credit_spread": credit_spreads,
    "iron_condor": iron_condors,
    "naked_put": naked_puts,
    "cash_secured_put": secured_puts,
    "wheel": partial(secured_puts, shares=True),
    "covered_call": buy_writes,
    "calendar": calendars,
    "diagonal": diagonals,
    **{name: partial(candidates, shapes=shapes) for name, shapes in SHAPES.items()},
}


def wishes(name: str, label: str, view: PlainView, params: Params) -> list[Wish]:
    """The best candidates of every underlying, best first."""
    if name in IDEAS:
        return share_wishes(name, label, view, params)
    if name in INDEXES:
        return index_wishes(name, label, view, params)
    found = []
    for look in looks(view, params):
        ranked = sorted(SEEKERS[name](look, params), key=lambda one: -sum(one.parts.values()))
        passing = [
            one
            for one in ranked
            if not (params["min_probability"] > 0 and one.probability < params["min_probability"])
            and not (params["positive_edge"] and one.edge <= 0)
            and not (params["min_score"] > 0 and sum(one.parts.values()) < params["min_score"])
        ]
        found += [_wish(name, label, look, one) for one in passing[: params["max_signals"]]]
    return sorted(found, key=lambda one: (-one.score, one.signal_id))


def _wish(name: str, label: str, look: Look, chosen: Candidate) -> Wish:
    keys = sorted((row.contract.key, ratio) for row, ratio in chosen.legs)
    signal_id = short_digest(f"{name}|{look.underlying}|{keys}|{look.chain.at.timestamp()}")
    view, underlying = look.view, look.underlying
    because: dict[str, float | str] = {
        "spot": look.spot,
        "trend": look.trend,
        "regime": look.regime,
        "rate": look.rate,
        "iv_rank_basis": view.rank_basis(underlying),
    }
    because |= {feature: view.feature(underlying, feature) for feature in REPORTED}
    because |= chosen.because
    greeks = _greeks(chosen)
    return Wish(
        signal_id=signal_id if name == label else f"{label}-{signal_id}",
        strategy=label,
        underlying=underlying,
        at=look.chain.at,
        legs=ordered({underlying: chosen.shares, **{row.contract: ratio for row, ratio in chosen.legs}}),
        price=chosen.price,
        mid=chosen.mid,
        max_loss=chosen.max_loss,
        max_profit=chosen.max_profit,
        margin=chosen.margin,
        breakevens=chosen.breakevens,
        probability=chosen.probability,
        edge=round(chosen.edge),
        score=sum(chosen.parts.values()),
        parts=chosen.parts,
        because={k: v for k, v in because.items() if isinstance(v, str) or math.isfinite(v)},
        grade=look.chain.grade,
        greeks=greeks,
        daily_sd=_daily_sd(look, chosen, greeks),
    )


def _greeks(chosen: Candidate) -> Greeks | None:
    """Of one unit, in dollars."""
    totals = [float(chosen.shares), 0.0, 0.0, 0.0]
    for row, ratio in chosen.legs:
        for place, greek in enumerate((row.delta, row.gamma, row.theta, row.vega)):
            totals[place] += ratio * row.contract.multiplier * greek
    if not all(map(math.isfinite, totals)):
        return None
    return totals[0], totals[1], totals[2], totals[3]


def _daily_sd(look: Look, chosen: Candidate, greeks: Greeks | None) -> int | None:
    """Delta, gamma and vega of a session's move: the last as if volatility always moved against us."""
    volatility = look.view.feature(look.underlying, "iv30")
    if math.isnan(volatility):
        volatility = 0.0
        for row, _ in chosen.legs:
            volatility = single(volatility + row.iv)
        volatility = single(volatility / len(chosen.legs))
    if greeks is None or not volatility > 0:
        return None
    delta, gamma, _, vega = greeks
    move = look.spot * volatility / math.sqrt(252)
    points = 100 * volatility * 0.9 / math.sqrt(252)
    first = abs(delta) * move + abs(vega) * points
    return max(1, round(100 * math.sqrt(first**2 + (gamma * move**2) ** 2 / 2)))
