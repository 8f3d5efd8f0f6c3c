"""Buy options that expire today or tomorrow on the eve of an event: a lottery ticket with a known price.

Earns many times its premium when the event moves the price far at once, for an option in its last hours gains
value faster than any other. Loses the whole premium otherwise, which is most of the time: it is not an income
but a bet on a surprise, and its size must be such that a long row of losses does not matter. Options of that
day are dear, since everybody knows the event; so an edge is there only where moves are underestimated.

Sold after the event they are only where there are prices later that day. Over end-of-day chains the options
end with the event's session: an index settles in cash, but an option on a fund that ends in the money is
exercised, and its shares are carried into the next session, where they may lose more than the premium cost.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import EXPIRATION_SHIFT, date_of, days_of
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.quotes import CalendarEvent
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.event_windows import event_parameters, is_over, next_event, no_event
from strikewise.strategy.exits import ExitCode
from strikewise.strategy.legs import Legs, band_parameters, pairs, priced, rows_in_band
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import TURBULENT, payoff_parameters, structured_signals
from strikewise.strategy.trend import Trend

__all__ = ["GammaLotto"]

Rows = NDArray[np.intp]


class GammaLotto:
    """Options of zero or one day, bought out of the money on the eve of an event."""

    __slots__ = ()

    name = "gamma_lotto"
    summary = "Buys options of zero or one day on the eve of a Fed decision, inflation or jobs report."
    space = ParameterSpace(
        (
            Parameter(
                "side",
                "both",
                "Whether a call and a put are bought together, one of them, or the one the trend points to.",
                choices=("both", "call", "put", "trend"),
            ),
            *band_parameters("leg", low=0.10, high=0.30, what="each option"),
            Parameter(
                "delta_balance",
                0.10,
                "Most that the absolute deltas of the call and the put may differ.",
                "delta",
                0.0,
                0.99,
            ),
            *event_parameters(events="macro", event_days=4, when="to the event"),
            Parameter(
                "sell_after",
                True,
                "Whether it is sold at the first chance after the event, rather than held to expiration.",
            ),
            *entry_parameters(min_dte=0, max_dte=1, least_dte=0),
            *quote_parameters(sold=False),
            *payoff_parameters(max_entry_cost=0.15),
            *candidate_parameters(),
            *stake_exit_parameters(profit_target=3.0, stop_loss=0.0, dte_exit=0),
            *sizing_parameters(risk_fraction=0.005),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("leg_delta_min", "leg_delta_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best tickets of every underlying, and what each reason turned away."""
        return screen(market_data, params, partial(_signals, market_data))

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best tickets of every underlying, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as may lose the share of equity that is risked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the target, the stop, an assignment, or after the event; hold otherwise."""
        why = stake_exit(position, market_data.day, params)
        day, kind = position.because.get("event_day"), position.because.get("event")
        if why is not None or not isinstance(day, float) or not params.flag("sell_after"):
            return why or Hold()
        event = CalendarEvent(str(kind), date_of(int(day)), None, 0)
        if not is_over(event, market_data.as_of):
            return Hold()
        return Close(ExitCode.EVENT_PAST, f"event={event.kind} day={event.day.isoformat()}")


def _signals(
    view: MarketView, prospect: Prospect, params: ParameterSet, rejected: Rejections
) -> list[Signal]:
    underlying = prospect.chain.underlying
    event = next_event(view, underlying, params)
    if event is None or event.day > view.calendar.next_session(view.day):
        rejected[no_event(view, underlying, params)] += 1
        return []
    found = priced(prospect, _legs(prospect, event, params, rejected), params, rejected)
    if found is None:
        return []
    delta = prospect.chain.delta
    return structured_signals(
        GammaLotto.name,
        prospect,
        found,
        params,
        rejected,
        fit=TURBULENT.get(prospect.regime, 0.0),
        because={
            "leg_delta": np.abs(delta[found.legs.rows[0]]).astype(np.float64),
            "premium": found.cost / 100.0,
            "event_day": np.full(len(found), float(days_of(event.day))),
            "days_to_event": np.full(len(found), float((event.day - view.day).days)),
        },
        labels={"event": event.kind},
    )


def _legs(prospect: Prospect, event: CalendarEvent, params: ParameterSet, rejected: Rejections) -> Legs:
    wanted = params.text("side")
    if wanted == "trend":
        wanted = {Trend.UP: "call", Trend.DOWN: "put"}.get(prospect.trend, "none")
    none = np.zeros(0, dtype=np.intp)
    if wanted == "none":
        unknown = prospect.trend is Trend.UNKNOWN
        rejected[DenialCode.ENTRY_TREND_UNKNOWN if unknown else DenialCode.ENTRY_TREND] += 1
        return Legs((none,), (1,))
    first = days_of(event.day) + (event.kind == "EARNINGS")
    sides: list[Rows] = []
    for right in ("call", "put"):
        if wanted in {right, "both"}:
            calls = right == "call"
            rows = rows_in_band(prospect, "leg", params, rejected, puts=not calls, calls=calls)
            if len(rows) == 0:
                return Legs((none,), (1,))
            sides.append(rows[prospect.chain.key[rows] >> EXPIRATION_SHIFT >= first])
    if any(len(rows) == 0 for rows in sides):
        rejected[DenialCode.STRUCTURE_NO_EXPIRATION] += 1
        return Legs((none,), (1,))
    if len(sides) == 1:
        return Legs((sides[0],), (1,))
    calls_at, puts_at = pairs(prospect, *sides)
    gap = np.abs(prospect.chain.delta[calls_at].astype(np.float64) + prospect.chain.delta[puts_at])
    kept = gap <= params.number("delta_balance")
    if not bool(kept.any()):
        rejected[DenialCode.STRUCTURE_NO_OTHER_SIDE] += 1
    return Legs((calls_at[kept], puts_at[kept]), (1, 1))
