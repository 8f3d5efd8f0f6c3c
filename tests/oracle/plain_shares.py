"""Shares bought or sold short, symbol by symbol: what speaks for them, their odds, and when they are left."""

from __future__ import annotations

import math
from typing import Any

from oracle.plain_account import Position, Wish
from oracle.plain_looks import REPORTED, Params, trend_of
from oracle.plain_market import PlainView
from oracle.plain_share_ideas import IDEAS, Idea, sessions_between
from strikewise.domain.identifiers import short_digest


def share_wishes(name: str, label: str, view: PlainView, params: Params) -> list[Wish]:
    """The best of all shares by score, equal scores by symbol."""
    if params["avoid_crash"] and view.regime in {"crash", "unknown"}:
        return []
    found = []
    for symbol in view.stocks():
        spot, bar = view.fresh_spot(symbol), view.bar(symbol)
        if spot is None or bar is None or bar.day != view.day or spot < params["min_price"]:
            continue
        if (0.0 if math.isnan(bar.volume) else spot * bar.volume) < params["min_dollar_volume"]:
            continue
        if not view.feature(symbol, "rv20") > 0:
            continue
        idea = IDEAS[name](view, symbol, spot, params)
        if idea is not None and sum(idea.parts.values()) >= params["min_score"]:
            found.append(_wish(name, label, view, symbol, spot, idea, params))
    found.sort(key=lambda one: (-one.score, one.underlying))
    return found[: params["max_signals"]]


def _wish(
    name: str, label: str, view: PlainView, symbol: str, spot: float, idea: Idea, params: Params
) -> Wish:
    side, volatility = idea.side, view.feature(symbol, "rv20")
    fast, slow = view.feature(symbol, "sma20"), view.feature(symbol, "sma50")
    cents, chain = round(100 * spot), view.fresh(symbol)
    cost = max(1.0, cents * params["cost_bp"] / 10_000)
    signal_id = short_digest(f"{name}|{symbol}|{[(0, side)]}|{view.now.timestamp()}")
    because: dict[str, Any] = {
        "structure": "long_stock" if side > 0 else "short_stock",
        "spot": spot,
        "trend": trend_of(spot, fast, slow),
        "regime": view.regime,
    }
    because |= {name: view.feature(symbol, name) for name in REPORTED}
    because |= idea.because
    move = spot * volatility / math.sqrt(252)
    return Wish(
        signal_id=signal_id if label == name else f"{label}-{signal_id}",
        strategy=label,
        underlying=symbol,
        at=view.now,
        legs=((symbol, side),),
        price=side * cents,
        mid=side * cents,
        max_loss=cents if side > 0 else None,
        max_profit=None if side > 0 else cents,
        margin=cents if side > 0 else math.ceil(cents / 2),
        breakevens=[cents / 100],
        probability=_chance(side, volatility, 2 * cost / cents, params),
        edge=-round(2 * cost),
        score=sum(idea.parts.values()),
        parts=idea.parts,
        because={k: v for k, v in because.items() if isinstance(v, str) or math.isfinite(v)},
        grade="quotes" if chain is None else chain.grade,
        greeks=(float(side), 0.0, 0.0, 0.0),
        daily_sd=max(1, round(100 * move)),
    )


def _chance(side: int, volatility: float, cost: float, params: Params) -> float:
    """Of a profit where prices do not drift and end at a target, a stop, or after some sessions.

    By the sine series of the heat equation between two absorbing levels.
    """
    target, stop, sessions = params["profit_target"], params["stop_loss"], params["max_sessions"]
    most = 1 - 1e-9
    if side > 0:
        gain, loss = math.log(1 + target), -math.log(1 - min(stop, most))
    else:
        gain, loss = -math.log(1 - min(target, most)), math.log(1 + stop)
    if sessions == 0:
        return loss / (gain + loss) if target > 0 and stop > 0 else 0.5
    deviation = volatility * math.sqrt(sessions / 252)
    up = gain / deviation if target > 0 else 12.0
    down = loss / deviation if stop > 0 else 12.0
    wide = up + down
    if wide < 0.5:
        return loss / (gain + loss)
    even = min(up, max(-down, cost / deviation))
    won = down / wide
    for n in range(1, 40 + round(12 * wide)):
        wave = n * math.pi / wide
        left = math.exp(-wave * wave / 2) * math.sin(wave * down) * 2 / (n * math.pi)
        sign = -1 if n % 2 else 1
        won += sign * left  # at the target by then
        won += left * (math.cos(wave * (even + down)) - sign)  # between what it costs and the target
    return min(1.0, max(0.0, won))


def leave_shares(position: Position, view: PlainView, params: Params) -> tuple[str, str] | None:
    """The stop, the target, the sessions that are up."""
    paid, profit = abs(position.entry), position.profit
    stop, target = params["stop_loss"] * paid, params["profit_target"] * paid
    if stop > 0 and profit <= -stop:
        return "STOP_LOSS", f"loss={-profit / 100:.2f} limit={stop / 100:.2f}"
    if target > 0 and profit >= target:
        return "PROFIT_TARGET", f"profit={profit / 100:.2f} target={target / 100:.2f}"
    sessions = sessions_between(position.opened_at.date(), view.day, view)
    if params["max_sessions"] and sessions >= params["max_sessions"]:
        return "TIME_EXIT", f"sessions_held={sessions}"
    return None
