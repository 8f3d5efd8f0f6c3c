"""Puts that insure an account: bought by the level of VIX within budgets, sized by them or by the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from oracle.plain_account import Position, Wish
from oracle.plain_gate import Standing
from oracle.plain_looks import Look, Params
from oracle.plain_market import PlainView
from oracle.plain_payoffs import RowLegs, Shape, cost_of, tradable
from oracle.plain_shapes import FALLING, further, in_deltas
from oracle.plain_sizes import Purse
from strikewise.domain.instruments import BROAD_INDEXES, Right

FUNDS = {"SPY", "QQQ", "IWM", "DIA"}


def hedges(look: Look, params: Params) -> Iterator[Shape]:
    if params["on"] == "index" and look.underlying not in BROAD_INDEXES | FUNDS:
        return
    level, change = _volatility(look.view, params["rise_sessions"])
    if level is None or not _met(level, change, params):
        return
    longs = in_deltas(look, "long", params, {Right.PUT})
    legs: list[RowLegs] = [((row, 1),) for row in longs]
    if params["structure"] == "put_spread":
        shorts = in_deltas(look, "short", params, {Right.PUT})
        legs = [((one, 1), (other, -1)) for one in longs for other in shorts if further(one, other)]
    for each in legs:
        if tradable(look, each, params) and cost_of(each) > 0:
            long = each[0][0]
            because: dict[str, float | str] = {
                "long_delta": long.delta,
                "otm_pct": 1 - long.contract.strike / look.spot,
                "vix": level,
            }
            if change is not None:
                because["vix_change"] = change
            yield Shape(each, FALLING.get(look.regime, 0.0), because)


def _volatility(view: PlainView, sessions: int) -> tuple[float | None, float | None]:
    """VIX, and by what share it changed over some sessions."""
    level, day, left = view.value("VIX"), view.day, sessions
    while not view.calendar.is_session(day):
        day -= timedelta(days=1)
    while left:
        day -= timedelta(days=1)
        left -= view.calendar.is_session(day)
    before = view.at(min(view.now, view.calendar.session_close(day))).value("VIX")
    return level, None if level is None or not before else level / before - 1


def _met(level: float, change: float | None, params: Params) -> bool:
    when, low = params["when"], level <= params["vix_low"]
    rising = change is not None and change >= params["vix_rise"]
    if change is None and "rising" in when:
        return False
    met = {
        "low": low,
        "rising": rising,
        "low_or_rising": low or rising,
        "low_and_rising": low and rising,
        "always": True,
    }
    return met[when] and level <= params["vix_ceiling"]


def spiked(position: Position, view: PlainView, params: Params) -> tuple[str, str] | None:
    level, before = view.value("VIX"), position.because.get("vix")
    if level is None:
        return None
    if params["spike_vix"] > 0 and level >= params["spike_vix"]:
        return "VOLATILITY_SPIKE", f"vix={level:.2f} limit={params['spike_vix']:.2f}"
    if (
        params["spike_rise"] > 0
        and isinstance(before, float)
        and level >= before * (1 + params["spike_rise"])
    ):
        return "VOLATILITY_SPIKE", f"vix={level:.2f} entry={before:.2f}"
    return None


def hedge_units(
    wish: Wish, purse: Purse, standing: Standing, params: Params, now: datetime, spots: dict[str, int | None]
) -> int:
    """What both budgets and the free capital leave room for, or what takes the account's risk away."""
    own = standing.of(wish.strategy)
    if any(one.mark is None for one in own):
        return 0
    whole = purse.equity if params["compounding"] else purse.deposited
    capital = (1.0 if purse.share is None else purse.share) * whole
    month = [one for one in own if (one.opened_at.year, one.opened_at.month) == (now.year, now.month)]
    rooms = [
        params["premium_budget"] * capital - sum(max(0, one.entry) for one in own),
        max(0.0, params["month_budget"] * capital - sum(max(0, one.entry) for one in month)),
    ]
    free = purse.free
    if purse.share is not None:
        free = min(free, int(purse.share * purse.equity) - purse.used)
    most = min(params["max_units"], free // max(wish.margin, 1), *(int(one // wish.price) for one in rooms))
    if params["hedge"] != "premium":
        most = min(most, _by_greeks(wish, standing, params, spots))
    return max(0, int(most))


def _by_greeks(wish: Wish, standing: Standing, params: Params, spots: dict[str, int | None]) -> int:
    """Units after which the hedges take away their share of the rest, rounded down."""
    if wish.greeks is None:
        return 0
    hedged = rest = 0.0
    for one in standing.positions:
        if one.mark is None:
            continue
        risk = one.mark.greeks[3]
        if params["hedge"] == "delta":
            risk = one.mark.greeks[0] * (spots[one.underlying] or 0)
        if one.strategy == wish.strategy:
            hedged += risk
        else:
            rest += risk
    spot = wish.because["spot"]
    assert isinstance(spot, float)
    unit = wish.greeks[0] * spot * 100 if params["hedge"] == "delta" else wish.greeks[3]
    lacking = params["hedge_ratio"] * rest + hedged
    if unit * rest >= 0 or unit * lacking >= 0:
        return 0
    return int(-lacking / unit)
