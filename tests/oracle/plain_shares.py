"""Shares bought because they rise, or sold because they fall: symbol by symbol."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise
from typing import Any

from oracle.plain_account import Position, Wish
from oracle.plain_looks import REPORTED, Params, trend_of
from oracle.plain_market import PlainView
from strikewise.domain.identifiers import short_digest


def momentum(label: str, view: PlainView, params: Params) -> list[Wish]:
    """The best of all shares by score, equal scores by symbol."""
    regime = view.regime
    if params["avoid_crash"] and regime in {"crash", "unknown"}:
        return []
    found = []
    for symbol in view.stocks():
        spot, bar = view.fresh_spot(symbol), view.bar(symbol)
        if spot is None or bar is None or bar.day != view.day or spot < params["min_price"]:
            continue
        if (0.0 if math.isnan(bar.volume) else spot * bar.volume) < params["min_dollar_volume"]:
            continue
        known = {name: view.feature(symbol, name) for name in ("sma20", "sma50", "return20", "rv20", "rsi14")}
        if any(map(math.isnan, known.values())) or known["rv20"] <= 0:
            continue
        side = 1 if known["return20"] > 0 else -1
        if params["side"] != "both" and params["side"] != ("long" if side > 0 else "short"):
            continue
        if abs(known["rsi14"] - 50) > params["max_strength"] - 50:
            continue
        points = _points(view, symbol, spot, known, side)
        if sum(points.values()) >= params["min_score"]:
            found.append(_wish(label, view, symbol, spot, known, side, points, params))
    found.sort(key=lambda one: (-one.score, one.underlying))
    return found[: params["max_signals"]]


def _points(
    view: PlainView, symbol: str, spot: float, known: dict[str, float], side: int
) -> dict[str, float]:
    averages = [spot, known["sma20"], known["sma50"]]
    slow, surge = view.feature(symbol, "sma200"), view.feature(symbol, "volume_surge")
    if not math.isnan(slow):
        averages.append(slow)
    in_order = [side * (one - other) > 0 for one, other in pairwise(averages)]
    deviation = known["rv20"] * math.sqrt(20 / 252)
    if side > 0:
        away = -view.feature(symbol, "high252_distance")
    else:
        away = spot / view.feature(symbol, "support20") - 1
    earned = {
        "trend": (25.0, sum(in_order) / len(in_order)),
        "momentum": (30.0, side * known["return20"] / (2 * deviation)),
        "strength": (15.0, side * (known["rsi14"] - 50) / 25),
        "high": (15.0, 0.0 if math.isnan(away) else 1 - away / 0.15),
        "volume": (15.0, 0.0 if math.isnan(surge) else surge - 1),
    }
    return {name: most * min(1.0, max(0.0, share)) for name, (most, share) in earned.items()}


def _wish(
    label: str,
    view: PlainView,
    symbol: str,
    spot: float,
    known: dict[str, float],
    side: int,
    points: dict[str, float],
    params: Params,
) -> Wish:
    cents, chain = round(100 * spot), view.fresh(symbol)
    cost = max(1.0, cents * params["cost_bp"] / 10_000)
    signal_id = short_digest(f"momentum|{symbol}|{[(0, side)]}|{view.now.timestamp()}")
    because: dict[str, Any] = {
        "structure": "long_stock" if side > 0 else "short_stock",
        "spot": spot,
        "trend": trend_of(spot, known["sma20"], known["sma50"]),
        "regime": view.regime,
    }
    because |= {name: view.feature(symbol, name) for name in REPORTED}
    because |= {"return20": known["return20"], "rsi14": known["rsi14"]}
    move = spot * known["rv20"] / math.sqrt(252)
    return Wish(
        signal_id=signal_id if label == "momentum" else f"{label}-{signal_id}",
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
        probability=_chance(side, known["rv20"], 2 * cost / cents, params),
        edge=-round(2 * cost),
        score=sum(points.values()),
        parts=points,
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
    day, sessions = position.opened_at.date(), 0
    while day < view.day:
        day += timedelta(days=1)
        sessions += view.calendar.is_session(day)
    if params["max_sessions"] and sessions >= params["max_sessions"]:
        return "TIME_EXIT", f"sessions_held={sessions}"
    return None
