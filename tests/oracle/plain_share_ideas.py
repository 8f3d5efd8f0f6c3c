"""What speaks for shares, by the pages of their strategies, and what else ends a position in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from oracle.plain_account import Position
from oracle.plain_looks import Params, trend_of
from oracle.plain_market import PlainView

NOTICE_DAYS, QUARTER_DAYS, BEFORE_DAYS = 14, 98, 10


@dataclass(frozen=True)
class Idea:
    """1 to buy and -1 to sell short, the points, and the features that decided."""

    side: int
    parts: dict[str, float]
    because: dict[str, float]


def sessions_between(first: date, last: date, view: PlainView) -> int:
    """Sessions after a day, up to another."""
    day, count = first, 0
    while day < last:
        day += timedelta(days=1)
        count += view.calendar.is_session(day)
    return count


def _wanted(side: int, params: Params) -> bool:
    return params["side"] in {"both", "long" if side > 0 else "short"}


def _points(earned: dict[str, tuple[float, float]]) -> dict[str, float]:
    return {name: most * min(1.0, max(0.0, share)) for name, (most, share) in earned.items()}


def _leaning(view: PlainView, symbol: str, spot: float) -> int:
    trend = trend_of(spot, view.feature(symbol, "sma20"), view.feature(symbol, "sma50"))
    return {"up": 1, "down": -1}.get(trend, 0)


def momentum(view: PlainView, symbol: str, spot: float, params: Params) -> Idea | None:
    known = {name: view.feature(symbol, name) for name in ("sma20", "sma50", "return20", "rv20", "rsi14")}
    if any(map(math.isnan, known.values())):
        return None
    side = 1 if known["return20"] > 0 else -1
    if not _wanted(side, params) or abs(known["rsi14"] - 50) > params["max_strength"] - 50:
        return None
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
    return Idea(side, _points(earned), {"return20": known["return20"], "rsi14": known["rsi14"]})


def _deviations(view: PlainView, symbol: str) -> float:
    """How many standard deviations the close lies above its mean: the band is two to each side."""
    return 4 * view.feature(symbol, "boll_pct") - 2


def mean_reversion(view: PlainView, symbol: str, spot: float, params: Params) -> Idea | None:
    away, strength = _deviations(view, symbol), view.feature(symbol, "rsi14")
    if math.isnan(away) or math.isnan(strength) or abs(away) < params["deviations"]:
        return None
    side, slow = 1 if away < 0 else -1, view.feature(symbol, "sma200")
    if not _wanted(side, params) or (params["with_trend"] and not side * (spot - slow) > 0):
        return None
    surge = view.feature(symbol, "volume_surge")
    earned = {
        "depth": (60.0, (abs(away) - params["deviations"]) / 1.5),
        "strength": (25.0, side * (50 - strength) / 40),
        "quiet": (15.0, 0.0 if math.isnan(surge) else 2 - surge),
    }
    return Idea(side, _points(earned), {"deviations": away, "rsi14": strength})


def reverted(position: Position, view: PlainView, params: Params) -> tuple[str, str] | None:
    """The price is back at its mean, or as near to it as is asked for."""
    away = _deviations(view, position.underlying)
    if -_side(position) * away <= params["exit_deviations"]:
        return "REVERTED", f"deviations={away:.2f}"
    return None


def breakout(view: PlainView, symbol: str, spot: float, params: Params) -> Idea | None:
    above = view.feature(symbol, f"breakout{params['level']}")
    below = view.feature(symbol, f"breakdown{params['level']}")
    if math.isnan(above) or math.isnan(below):
        return None
    side, distance = (1, above) if above > 0 else (-1, -below)
    if not (params["min_break"] < distance <= params["max_break"] and _wanted(side, params)):
        return None
    surge = view.feature(symbol, "volume_surge")
    if params["min_surge"] > 0 and not surge >= params["min_surge"]:
        return None
    earned = {
        "volume": (40.0, 0.0 if math.isnan(surge) else (surge - params["min_surge"]) / 2),
        "break": (30.0, distance / 0.03),
        "trend": (30.0, float(_leaning(view, symbol, spot) == side)),
    }
    level = spot / (1 + side * distance)
    because = {"level": level, "break_pct": distance, "volume_surge": surge}
    return Idea(side, _points(earned), because)


def failed(position: Position, view: PlainView, params: Params) -> tuple[str, str] | None:
    """The price is back behind the level that it broke, or beyond the trail."""
    side, spot = _side(position), view.spot(position.underlying)
    level = position.because.get("level")
    if spot is not None and isinstance(level, float) and position.shares:
        level *= position.bought / abs(position.shares)  # shares that were split since then cost less
        if side * (spot - level * (1 - side * params["slack"])) < 0:
            return "LEVEL_LOST", f"spot={spot:.2f} level={level:.2f}"
    if params["trail"] != "off":
        name = "breakdown" if side > 0 else "breakout"
        beyond = view.feature(position.underlying, f"{name}{params['trail']}")
        if side * beyond < 0:
            return "LEVEL_LOST", f"beyond={beyond:.4f} sessions={params['trail']}"
    return None


def earnings_window(view: PlainView, symbol: str, spot: float, params: Params) -> Idea | None:
    reports = _announced(view, symbol)
    if not reports:
        return None
    trend = _leaning(view, symbol, spot)
    if params["hold"] == "after":
        past = [day for day in reports if day < view.day]
        return _reaction(view, symbol, spot, max(past), trend, params) if past else None
    ahead = [day for day in reports if day >= view.day]
    left = (min(ahead) - view.day).days if ahead else -1
    side = {"long": 1, "short": -1}.get(params["side"], trend)
    if not params["least_days"] <= left <= params["entry_days"] or side == 0:
        return None
    parts = {"near": 60 * (1 - (left - 1) / NOTICE_DAYS), "trend": 40.0 if trend == side else 0.0}
    because = {"days_to_report": float(left), "report_ordinal": float(min(ahead).toordinal())}
    return Idea(side, parts, because)


def _announced(view: PlainView, symbol: str) -> set[date]:
    """Reports that were known a fortnight ahead at most, seen from today and from every other week before."""
    found = set()
    for back in range(0, QUARTER_DAYS + 1, NOTICE_DAYS):
        seen = view.at(view.now - timedelta(days=back))
        found |= {one.day for one in seen.events({"EARNINGS"}, NOTICE_DAYS, symbol) if one.symbol}
    return found


def _reaction(
    view: PlainView, symbol: str, spot: float, day: date, trend: int, params: Params
) -> Idea | None:
    """The move from the last session before a report to the first one after it, which is today."""
    if sessions_between(day, view.day, view) != 1:
        return None
    before = [day - timedelta(days=back) for back in range(1, BEFORE_DAYS + 1)]
    last = next((one for one in before if view.calendar.is_session(one)), None)
    price = None if last is None else view.at(view.calendar.session_close(last)).spot(symbol)
    if not price:
        return None
    move = spot / price - 1
    side = 1 if move > 0 else -1
    if abs(move) < params["min_reaction"] or not _wanted(side, params):
        return None
    parts = {"reaction": 60 * min(1.0, abs(move) / 0.10), "trend": 40.0 if trend == side else 0.0}
    return Idea(side, parts, {"reaction": move, "report_ordinal": float(day.toordinal())})


def reported(position: Position, view: PlainView, params: Params) -> tuple[str, str] | None:
    """Out before the report's day where it is held into it, or some sessions after it where over it."""
    ordinal, told = position.because.get("report_ordinal"), ""
    if not isinstance(ordinal, float) or params["hold"] == "after":
        return None
    day = date.fromordinal(int(ordinal))
    told = f"report={day.isoformat()}"
    if params["hold"] == "into":
        another = sessions_between(view.day, day - timedelta(days=1), view)
        return None if another else ("EVENT_NEAR", told)
    after = sessions_between(day, view.day, view)
    return ("EVENT_PAST", f"{told} sessions={after}") if after >= params["sessions_after"] else None


def _side(position: Position) -> int:
    return 1 if dict(position.legs)[position.underlying] > 0 else -1


IDEAS: dict[str, Callable[[PlainView, str, float, Params], Idea | None]] = {
    "momentum": momentum,
    "mean_reversion": mean_reversion,
    "breakout": breakout,
    "earnings_window": earnings_window,
}
