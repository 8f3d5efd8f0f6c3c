"""Trades of a call and a put together: sold for premium, bought before an event, sold after one.

Which call and which put is the structure's own matter (a straddle's one strike, a strangle's two); all else
is the same for both and stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import EXPIRATION_SHIFT, Right, date_of, days_of
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.quotes import CalendarEvent
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, multiplier_of, screen
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.delta_hedging import delta_hedge, delta_hedge_parameters
from strikewise.strategy.event_windows import event_parameters, is_over, last_event, next_event, no_event
from strikewise.strategy.exits import ExitCode, credit_exit, exit_parameters
from strikewise.strategy.legs import Legs, Priced, priced
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.rolling import roll_parameters, rolled
from strikewise.strategy.scoring import NEUTRAL
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import (
    TURBULENT,
    naked_requirements,
    payoff_parameters,
    structured_signals,
)

__all__ = ["Occasion", "VolatilityPlay", "play_space"]

Rows = NDArray[np.intp]

Choose = Callable[[Prospect, ParameterSet, Rejections], tuple[Rows, Rows]]
"""Gives the call and the put of each candidate, rows of the prospect's chain, and counts what it cannot."""

DEFINED_ORDER = (("min_dte", "max_dte"), ("dte_exit", "max_dte"))


class Occasion(StrEnum):
    """When a call and a put are traded together."""

    PREMIUM = "premium"
    """Sold at any time, for what time takes from them."""
    PRE_EVENT = "pre_event"
    """Bought some days before an event, whose coming raises their volatility."""
    POST_EVENT = "post_event"
    """Sold once an event is over, or on its eve, for the volatility that goes with it."""


def play_space(
    occasion: Occasion, own: tuple[Parameter, ...], ordered: tuple[tuple[str, str], ...] = ()
) -> ParameterSpace:
    """Return the parameters of a play: those of the structure, and those of its occasion."""
    return ParameterSpace((*own, *_BY_OCCASION[occasion]), ordered=(*DEFINED_ORDER, *ordered))


_EITHER = (*payoff_parameters(max_entry_cost=0.10), *candidate_parameters())
_BY_OCCASION: dict[Occasion, tuple[Parameter, ...]] = {
    Occasion.PREMIUM: (
        *entry_parameters(min_dte=30, max_dte=50),
        *quote_parameters(),
        *_EITHER,
        *exit_parameters(profit_target=0.25, stop_loss=1.0, dte_exit=21),
        *delta_hedge_parameters(),
        *roll_parameters(),
        *sizing_parameters(risk_fraction=0.10, of="margin"),
    ),
    Occasion.PRE_EVENT: (
        *event_parameters(events="macro", event_days=7, when="to the event"),
        Parameter(
            "hold_through",
            False,
            "Whether it is held until the event is over, rather than sold at the last close before it.",
        ),
        *entry_parameters(min_dte=3, max_dte=21),
        *quote_parameters(sold=False),
        *_EITHER,
        *stake_exit_parameters(profit_target=0.3, stop_loss=0.3, dte_exit=0),
        *sizing_parameters(risk_fraction=0.02),
    ),
    Occasion.POST_EVENT: (
        *event_parameters(events="macro", event_days=2, when="since the event"),
        Parameter(
            "entry",
            "after",
            "Whether it is sold once the event is over, or on its eve and bought back when it is over.",
            choices=("after", "eve"),
        ),
        *entry_parameters(min_dte=5, max_dte=21),
        *quote_parameters(),
        *_EITHER,
        *exit_parameters(profit_target=0.3, stop_loss=1.0, dte_exit=2),
        *delta_hedge_parameters(),
        *sizing_parameters(risk_fraction=0.10, of="margin"),
    ),
}


@dataclass(frozen=True, slots=True)
class VolatilityPlay:
    """A call and a put traded together, on an occasion.

    Attributes
    ----------
    name, summary : str
        As `strikewise.strategy.api.Strategy` asks for.
    space : ParameterSpace
        From `play_space`.
    occasion : Occasion
        When it is traded, and so whether it is sold or bought.
    choose : callable
        Which call and which put.
    """

    name: str
    summary: str
    space: ParameterSpace
    occasion: Occasion
    choose: Choose

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best of every underlying, and what each reason turned away."""
        return screen(market_data, params, partial(self._signals, market_data))

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best of every underlying, best first."""
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as the share of equity carries: the margin of what is sold, else the debit."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close by price, time or event; roll where the days are up, if wished; else hedge or hold."""
        rule = stake_exit if self.occasion is Occasion.PRE_EVENT else credit_exit
        why = rule(position, market_data.day, params) or self._by_event(position, market_data, params)
        if self.occasion is Occasion.PRE_EVENT:
            return why or Hold()
        if why is None:
            return delta_hedge(position, params) or Hold()
        if self.occasion is Occasion.PREMIUM and params.flag("roll"):
            return rolled(position, why, lambda: self.generate_signals(market_data, params))
        return why

    def _by_event(self, position: Position, view: MarketView, params: ParameterSet) -> Close | None:
        """Return that the event a position was opened for is over, or too near to wait for it, or None."""
        day, kind = position.because.get("event_day"), position.because.get("event")
        if not isinstance(day, float):
            return None
        event = CalendarEvent(str(kind), date_of(int(day)), None, 0)
        told = f"event={event.kind} day={event.day.isoformat()}"
        if self.occasion is Occasion.POST_EVENT:
            eve = params.text("entry") == "eve"
            return Close(ExitCode.EVENT_PAST, told) if eve and is_over(event, view.as_of) else None
        if is_over(event, view.as_of):
            return Close(ExitCode.EVENT_PAST, told)
        if not params.flag("hold_through") and event.day <= view.calendar.next_session(view.day):
            return Close(ExitCode.EVENT_NEAR, told)
        return None

    def _event(
        self, view: MarketView, underlying: str, params: ParameterSet
    ) -> CalendarEvent | DenialCode | None:
        if self.occasion is Occasion.PREMIUM:
            return None
        tomorrow = view.calendar.next_session(view.day)
        if self.occasion is Occasion.PRE_EVENT:
            # What would be sold again at once, an event too near, is not bought for.
            least = view.day if params.flag("hold_through") else tomorrow
            event = next_event(view, underlying, params, after=least)
        elif params.text("entry") == "eve":
            event = next_event(view, underlying, params)
            event = None if event is None or event.day > tomorrow else event
        else:
            event = last_event(view, underlying, params)
        return no_event(view, underlying, params) if event is None else event

    def _signals(
        self, view: MarketView, prospect: Prospect, params: ParameterSet, rejected: Rejections
    ) -> list[Signal]:
        event = self._event(view, prospect.chain.underlying, params)
        if isinstance(event, DenialCode):
            rejected[event] += 1
            return []
        found = self._priced(prospect, event, params, rejected)
        if found is None:
            return []
        sold = self.occasion is not Occasion.PRE_EVENT
        delta = prospect.chain.delta
        because = {
            name: delta[rows].astype(np.float64)
            for name, rows in zip(("call_delta", "put_delta"), found.legs.rows, strict=True)
        }
        if event is not None:
            because["event_day"] = np.full(len(found), float(days_of(event.day)))
            because["days_to_event"] = np.full(len(found), float((event.day - view.day).days))
        return structured_signals(
            self.name,
            prospect,
            found,
            params,
            rejected,
            fit=(NEUTRAL if sold else TURBULENT).get(prospect.regime, 0.0),
            margin=_margins(prospect, found) if sold else None,
            because={**because, "premium": np.abs(found.cost) / 100.0},
            labels=None if event is None else {"event": event.kind},
        )

    def _priced(
        self, prospect: Prospect, event: CalendarEvent | None, params: ParameterSet, rejected: Rejections
    ) -> Priced | None:
        """Return the candidates, those alone that outlive an event that is to come."""
        calls, puts = self.choose(prospect, params, rejected)
        if event is not None and len(calls):
            first = days_of(event.day) + (event.kind == "EARNINGS")
            outlive = prospect.chain.key[calls] >> EXPIRATION_SHIFT >= first
            rejected[DenialCode.STRUCTURE_NO_EXPIRATION] += int(np.count_nonzero(~outlive))
            calls, puts = calls[outlive], puts[outlive]
        side = 1 if self.occasion is Occasion.PRE_EVENT else -1
        return priced(prospect, Legs((calls, puts), (side, side)), params, rejected)


def _margins(prospect: Prospect, found: Priced) -> NDArray[np.int64]:
    """Return what a short call and put hold together: the larger requirement, and both premiums."""
    calls, puts = found.legs.rows
    larger = np.maximum(
        naked_requirements(prospect, calls, Right.CALL), naked_requirements(prospect, puts, Right.PUT)
    )
    return np.asarray(larger - found.cost * multiplier_of(prospect.chain))
