"""Hold shares into a company's report, over it, or after it, by what is announced of its date.

*Into*: shares are bought some days before the report and sold at the close of the last session before its
day; what is bet on is that attention lifts the price, not what the report says. *Over*: they are bought
likewise and kept until some sessions after it: a bet on the report itself. *After*: they are bought in the
session after it if the price has risen by a share since before it, and sold short, if that is wanted, if it
has fallen: a bet that prices go on moving the way of a surprise. Target, stop and a limit of time end each
of them earlier.

Calendars know days, not hours: a report may come before the opening or after the close. So its whole day
counts as dangerous: *into* is out before it, and *after* waits until the day is over. Only dates that had
been announced by then are seen. A symbol without any dates in the last quarter is left out by name, for a
missing calendar must not read as no report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.quotes import CalendarEvent
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.exits import ExitCode
from strikewise.strategy.share_entries import (
    Idea,
    ShareProspect,
    screen_shares,
    share_parameters,
    share_sizing_parameters,
)
from strikewise.strategy.share_exits import share_exit, share_exit_parameters
from strikewise.strategy.sizing import proposed_position

__all__ = ["EarningsWindow"]

KINDS = frozenset({"EARNINGS"})
NOTICE_DAYS, QUARTER_DAYS = 14, 98
"""Reports of the last quarter, looked for in steps of the notice that companies give at least."""
BEFORE_DAYS = 10
"""Calendar days within which there is a session before the report."""
NEAR_POINTS, REACTION_POINTS, TREND_POINTS = 60.0, 60.0, 40.0
FULL_REACTION = 0.10


class EarningsWindow:
    """Shares around the day of a company's report."""

    __slots__ = ()

    name = "earnings_window"
    summary = "Buys shares some days before a report and sells before its day, or trades over or after it."
    space = ParameterSpace(
        (
            *share_parameters(),
            Parameter(
                "hold",
                "into",
                "Whether shares are held up to the report, over it, or after it by its reaction.",
                choices=("into", "over", "after"),
            ),
            Parameter(
                "entry_days", 8, "Most calendar days before the report at entry.", "days", 1, NOTICE_DAYS
            ),
            Parameter(
                "least_days", 3, "Fewest calendar days before the report at entry.", "days", 1, NOTICE_DAYS
            ),
            Parameter(
                "sessions_after",
                1,
                "Sessions after the report's day to sell, held over it.",
                "sessions",
                1,
                60,
            ),
            Parameter(
                "min_reaction",
                0.03,
                "Least move from before the report to the session after it, to trade after it.",
                "fraction",
                0.0,
                1.0,
            ),
            *share_exit_parameters(profit_target=0.10, stop_loss=0.05, max_sessions=20),
            *share_sizing_parameters(risk_fraction=0.02),
        ),
        ordered=(("least_days", "entry_days"),),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the shares whose reports are near (or just over), and what each reason turned away."""
        return screen_shares(self.name, market_data, params, partial(_look, _announced(market_data)))

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the shares whose reports are near (or just over), best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many shares as a share of equity pays for."""
        return proposed_position(signal, portfolio, params, at_stake_cents=abs(signal.price_cents))

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on stop or target, before or after the report as chosen, or when the sessions are up."""
        return (
            share_exit(position, market_data, params) or _by_report(position, market_data, params) or Hold()
        )


@dataclass(frozen=True, slots=True)
class _Reports:
    """Announced reports by symbol: the next from today on, the last before today, and whose are known."""

    ahead: dict[str, date]
    past: dict[str, date]
    known: frozenset[str]


def _announced(view: MarketView) -> _Reports:
    today, known = view.day, set[str]()
    ahead, past = dict[str, date](), dict[str, date]()
    for back in range(0, QUARTER_DAYS + 1, NOTICE_DAYS):
        seen = view if back == 0 else view.at(view.as_of - timedelta(days=back))
        for event in seen.events(KINDS, NOTICE_DAYS):
            _note(event, today, ahead, past)
            known.add(event.symbol or "")
    return _Reports(ahead, past, frozenset(known))


def _note(event: CalendarEvent, today: date, ahead: dict[str, date], past: dict[str, date]) -> None:
    if event.symbol is None:
        return
    if event.day >= today:
        ahead[event.symbol] = min(event.day, ahead.get(event.symbol, event.day))
    else:
        past[event.symbol] = max(event.day, past.get(event.symbol, event.day))


def _look(reports: _Reports, prospect: ShareProspect, params: ParameterSet) -> Idea | DenialCode:
    if prospect.symbol not in reports.known:
        return DenialCode.DATA_NO_EVENTS
    known = prospect.known("rv20")
    if known is None or known["rv20"] <= 0.0:
        return DenialCode.DATA_NO_HISTORY
    if params.text("hold") == "after":
        return _reaction(reports.past.get(prospect.symbol), prospect, params)
    day, side = reports.ahead.get(prospect.symbol), params.text("side")
    left = -1 if day is None else (day - prospect.view.day).days
    if day is None or not params.integer("least_days") <= left <= params.integer("entry_days"):
        return DenialCode.ENTRY_NO_EVENT
    trend = {"up": 1, "down": -1}.get(prospect.trend.value, 0)
    lean = {"long": 1, "short": -1}.get(side, trend)
    if lean == 0:
        return DenialCode.ENTRY_TREND
    parts = {
        "near": NEAR_POINTS * (1.0 - (left - 1) / NOTICE_DAYS),
        "trend": TREND_POINTS if trend == lean else 0.0,
    }
    return Idea(lean, parts, {"days_to_report": float(left), "report_ordinal": float(day.toordinal())})


def _reaction(day: date | None, prospect: ShareProspect, params: ParameterSet) -> Idea | DenialCode:
    """Trade the way a report moved the price, in the first session after its day."""
    view = prospect.view
    if day is None or len(view.calendar.sessions(day + timedelta(days=1), view.day)) != 1:
        return DenialCode.ENTRY_NO_EVENT
    before = view.calendar.sessions(day - timedelta(days=BEFORE_DAYS), day - timedelta(days=1))
    price = view.at(view.calendar.session_close(before[-1])).spot(prospect.symbol) if before else None
    if not price:
        return DenialCode.DATA_NO_HISTORY
    move = prospect.spot / price - 1.0
    side = 1 if move > 0.0 else -1
    if abs(move) < params.number("min_reaction") or params.text("side") not in {
        "both",
        "long" if side > 0 else "short",
    }:
        return DenialCode.ENTRY_REACTION
    trend = {"up": 1, "down": -1}.get(prospect.trend.value, 0)
    parts = {
        "reaction": REACTION_POINTS * min(1.0, abs(move) / FULL_REACTION),
        "trend": TREND_POINTS if trend == side else 0.0,
    }
    return Idea(side, parts, {"reaction": move, "report_ordinal": float(day.toordinal())})


def _by_report(position: Position, view: MarketView, params: ParameterSet) -> Close | None:
    ordinal, hold = position.because.get("report_ordinal"), params.text("hold")
    if not isinstance(ordinal, float) or hold == "after":
        return None
    day, calendar = date.fromordinal(int(ordinal)), view.calendar
    if hold == "into":
        if view.day >= day or not calendar.sessions(view.day + timedelta(days=1), day - timedelta(days=1)):
            return Close(ExitCode.EVENT_NEAR, f"report={day.isoformat()}")
        return None
    after = len(calendar.sessions(day + timedelta(days=1), view.day)) if view.day > day else 0
    if after < params.integer("sessions_after"):
        return None
    return Close(ExitCode.EVENT_PAST, f"report={day.isoformat()} sessions={after}")
