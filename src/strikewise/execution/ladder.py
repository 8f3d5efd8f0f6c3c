"""Work an order from mid towards the touch: which limit it has at which step, and when the next one is due.

The ladder only says prices. Who works an order cancels it when a step is over, waits until its end is told,
and sends the next attempt for what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.quotes import Quote
from strikewise.domain.structures import Structure
from strikewise.execution.fills import FillRule
from strikewise.execution.matching import worth_at_most
from strikewise.execution.ticks import TickSizes
from strikewise.market.view import MarketView

__all__ = ["FORCED", "Ladder", "UnitQuote", "unit_quote"]

FORCED = "FORCED"
"""Reason of an exit that a person wants without fresh quotes: the last known ones say where it begins."""


class UnitQuote(NamedTuple):
    """What one unit costs in cents, multiplier included: at the middle of its quotes, and at their far side.

    Paid is positive and received negative, so that the touch is never below the mid.
    """

    mid_cents: int
    touch_cents: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """From where to where, in how many steps, and how long each rests.

    Attributes
    ----------
    steps : int
        Limits between start and end, at least one; a single one is the end itself.
    seconds : int
        How long an order rests at each.
    from_mid, to_touch : float
        Where the first and last of them lie between mid (0) and touch (1).
    urgent_steps : int
        Further steps of an exit that go through the touch; none for an entry.
    through : float
        How far each goes beyond the touch, as a share of the distance from mid to touch.
    market : bool
        Whether an exit that is left after all of them takes the market.
    ticks : TickSizes
        The grid of prices.
    """

    steps: int = 4
    seconds: int = 15
    from_mid: float = 0.0
    to_touch: float = 1.0
    urgent_steps: int = 2
    through: float = 0.5
    market: bool = True
    ticks: TickSizes = field(default_factory=TickSizes)

    def __post_init__(self) -> None:
        if self.steps < 1 or self.seconds < 1 or self.urgent_steps < 0 or self.through < 0.0:
            raise SettingsError(
                "A ladder needs at least one step of at least one second, and no fewer than 0 urgent steps "
                f"through the touch; was {self}."
            )
        if not 0.0 <= self.from_mid <= self.to_touch <= 1.0:
            raise SettingsError(
                f"A ladder leads from mid (0) towards the touch (1); was {self.from_mid} to {self.to_touch}."
            )

    def last_step(self, order: Order) -> int:
        """Return the number of the last step, counted from 0: at it the order rests to the session's end."""
        if order.purpose is not Purpose.CLOSE:
            return self.steps - 1
        return self.steps + self.urgent_steps + self.market - 1

    def step_after(self, order: Order, seconds: float) -> int:
        """Return the step at which an order is, so long after its first attempt."""
        return min(int(max(0.0, seconds) // self.seconds), self.last_step(order))

    def next_limit(self, order: Order, quote: UnitQuote, step: int) -> int | None:
        """Return the limit of an order at a step, on the grid; None takes the market.

        Parameters
        ----------
        order : Order
            The order as it was decided; an entry never pays more than its limit.
        quote : UnitQuote
            What a unit costs now.
        step : int
            Counted from 0; what lies beyond the last is the last.

        Returns
        -------
        int or None
            Cents for a unit, multiplier included: paid positive, received negative. An exit of a bounded
            structure never pays more than keeping it could cost, and so never takes the market.
        """
        closing = order.purpose is Purpose.CLOSE
        step = min(max(step, 0), self.last_step(order))
        worth = worth_at_most(order) if closing else None
        if closing and self.market and step == self.last_step(order):
            if worth is None:
                return order.limit_cents
            if order.reason == FORCED:
                return worth  # what old quotes say is no reason to keep it
        limit = quote.mid_cents + self._share(step) * (quote.touch_cents - quote.mid_cents)
        bounds = [bound for bound in (order.limit_cents, worth) if bound is not None]
        return self.ticks.rounded(order.structure, min([limit, *bounds]))

    def _share(self, step: int) -> float:
        """Return how far from mid (0) towards the touch (1) and beyond it a step lies."""
        if step < self.steps - 1:
            return self.from_mid + (self.to_touch - self.from_mid) * step / (self.steps - 1)
        beyond = step - (self.steps - 1)
        return self.to_touch if beyond == 0 else max(1.0, self.to_touch) + beyond * self.through


def unit_quote(
    structure: Structure, view: MarketView, rule: FillRule | None = None, *, old: bool = False
) -> UnitQuote | None:
    """Return what one unit of a structure costs at a view; None where a leg has no usable quote.

    Parameters
    ----------
    structure : Structure
        What is traded as one.
    view : MarketView
        The market.
    rule : FillRule, optional
        For the quote of shares, of which views know the last price only.
    old : bool
        Whether the last quotes known will do, however old.
    """
    shares, mid, touch = rule or FillRule(), 0, 0
    for leg in structure.legs:
        if isinstance(leg.instrument, Stock):
            quote = _quote_of(leg.instrument, view, shares, old=old)
        else:
            chain = (view.chain if old else view.fresh_chain)(structure.underlying)
            quote = None if chain is None else chain.quote(leg.instrument)
        if quote is None or not quote.known:
            return None
        size = leg.ratio * leg.instrument.multiplier
        mid += size * (quote.bid + quote.ask)
        touch += size * (quote.ask if size > 0 else quote.bid)
    # Half a cent of a mid counts for us: the ladder begins there, and rounds to the grid afterwards.
    return UnitQuote(mid // 2, touch)


def _quote_of(stock: Stock, view: MarketView, rule: FillRule, *, old: bool) -> Quote | None:
    spot = (view.spot if old else view.fresh_spot)(stock.symbol)
    return None if spot is None else rule.stock_quote(round(spot * 100))
