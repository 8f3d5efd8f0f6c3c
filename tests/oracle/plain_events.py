"""Calls and puts traded around scheduled events: what is near, what is over, and when that ends a trade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

from oracle.plain_account import Position
from oracle.plain_looks import Look, Params
from oracle.plain_market import PlainView, Row
from oracle.plain_payoffs import RowLegs, Shape, cost_of, tradable
from oracle.plain_shapes import TURBULENT, in_deltas, volatility_play
from strikewise.domain.instruments import Right
from strikewise.domain.quotes import CalendarEvent
from strikewise.market.calendar import NEW_YORK

KINDS = {
    "macro": {"FOMC", "CPI", "NFP"},
    "fomc": {"FOMC"},
    "cpi": {"CPI"},
    "nfp": {"NFP"},
    "earnings": {"EARNINGS"},
}
OVER_AT = {"FOMC": time(14, 30), "CPI": time(8, 31), "NFP": time(8, 31), "PPI": time(8, 31)}
"""New York time; a company's report is over on the day after."""
FIRST_DAY = date(1970, 1, 1)
Pairs = Callable[[Look, Params], Iterator[tuple[Row, Row]]]


def is_over(kind: str, day: date, now: datetime) -> bool:
    local = now.astimezone(NEW_YORK)
    if local.date() == day:
        return kind in OVER_AT and local.time() >= OVER_AT[kind]
    return local.date() > day


def next_event(view: PlainView, underlying: str, params: Params, after: date) -> CalendarEvent | None:
    for one in view.events(KINDS[params["events"]], params["event_days"], underlying):
        if one.day > after and not is_over(one.kind, one.day, view.now):
            return one
    return None


def last_event(view: PlainView, underlying: str, params: Params) -> CalendarEvent | None:
    then = view.at(view.now - timedelta(days=params["event_days"]))
    past = then.events(KINDS[params["events"]], params["event_days"], underlying)
    over = [one for one in past if is_over(one.kind, one.day, view.now)]
    return over[-1] if over else None


def event_play(look: Look, params: Params, pairs: Pairs, *, sold: bool) -> Iterator[Shape]:
    """Bought before an event, or sold once it is over or on its eve; what ends before it is left out."""
    view, underlying = look.view, look.underlying
    tomorrow = view.calendar.next_session(view.day)
    if not sold:
        # What would be left again at once is not bought.
        event = next_event(view, underlying, params, view.day if params["hold_through"] else tomorrow)
    elif params["entry"] == "eve":
        event = next_event(view, underlying, params, date.min)
        event = None if event is None or event.day > tomorrow else event
    else:
        event = last_event(view, underlying, params)
    if event is None:
        return
    least = event.day + timedelta(days=event.kind == "EARNINGS")
    found = (pair for pair in pairs(look, params) if pair[0].contract.expiration >= least)
    about: dict[str, float | str] = {
        "event_day": float((event.day - FIRST_DAY).days),
        "days_to_event": float((event.day - view.day).days),
        "event": event.kind,
    }
    yield from volatility_play(look, found, params, sold=sold, about=about)


def tickets(look: Look, params: Params) -> Iterator[Shape]:
    """Options of their last days, bought on the eve of an event: one, or a call and a put of like deltas."""
    view, wanted = look.view, params["side"]
    event = next_event(view, look.underlying, params, date.min)
    if event is None or event.day > view.calendar.next_session(view.day):
        return
    if wanted == "trend":
        wanted = {"up": "call", "down": "put"}.get(look.trend, "none")
    least = event.day + timedelta(days=event.kind == "EARNINGS")
    sides = {
        right: [row for row in in_deltas(look, "leg", params, {right}) if row.contract.expiration >= least]
        for right in (Right.CALL, Right.PUT)
    }
    legs: list[RowLegs] = []
    if wanted in {"call", "put"}:
        legs = [((row, 1),) for row in sides[Right.CALL if wanted == "call" else Right.PUT]]
    elif wanted == "both":
        legs = [
            ((call, 1), (put, 1))
            for call in sides[Right.CALL]
            for put in sides[Right.PUT]
            if (call.contract.expiration, call.contract.root_code)
            == (put.contract.expiration, put.contract.root_code)
            and abs(call.delta + put.delta) <= params["delta_balance"]
        ]
    for each in legs:
        if tradable(look, each, params):
            because: dict[str, float | str] = {
                "leg_delta": abs(each[0][0].delta),
                "premium": cost_of(each) / 100,
                "event_day": float((event.day - FIRST_DAY).days),
                "days_to_event": float((event.day - view.day).days),
                "event": event.kind,
            }
            yield Shape(each, TURBULENT.get(look.regime, 0.0), because)


def leave_ticket(position: Position, view: PlainView, params: Params) -> tuple[str, str] | None:
    number, kind = position.because.get("event_day"), str(position.because.get("event"))
    if not isinstance(number, float) or not params["sell_after"]:
        return None
    day = FIRST_DAY + timedelta(days=int(number))
    return ("EVENT_PAST", f"event={kind} day={day.isoformat()}") if is_over(kind, day, view.now) else None


def leave_by_event(
    position: Position, view: PlainView, params: Params, *, sold: bool
) -> tuple[str, str] | None:
    number, kind = position.because.get("event_day"), str(position.because.get("event"))
    if not isinstance(number, float):
        return None
    day = FIRST_DAY + timedelta(days=int(number))
    told, over = f"event={kind} day={day.isoformat()}", is_over(kind, day, view.now)
    if sold:
        return ("EVENT_PAST", told) if over and params["entry"] == "eve" else None
    if over:
        return "EVENT_PAST", told
    near = day <= view.calendar.next_session(view.day)
    return ("EVENT_NEAR", told) if near and not params["hold_through"] else None
