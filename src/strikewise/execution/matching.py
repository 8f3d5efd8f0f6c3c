"""Match an order with one snapshot: at what prices, how many units, and why not more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from math import nan
from typing import NamedTuple

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import InvariantError
from strikewise.domain.instruments import Instrument, OptionContract, Stock, Style
from strikewise.domain.money import format_cents
from strikewise.domain.orders import LegFill, Order, Purpose
from strikewise.domain.quotes import Grade, Quote, worst_grade
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.fills import FillRule, MissingQuotePolicy, can_open, fill_price_cents
from strikewise.market.estimate import Estimator, LastQuote
from strikewise.market.quality import NO_ENTRY, spot_doubted
from strikewise.market.view import MarketView

__all__ = ["Match", "Matcher", "worth_at_most"]

ANY_SIZE = 1 << 40
SETTLES_WITHIN = 4
"""An expiration on a holiday or weekend settles at most this many days before."""
BEYOND_SIZE = 1000
"""What closes beyond the size on offer pays one further half-spread, in thousandths."""
ESTIMATED = 1000
"""What nobody quotes fills at the estimate's own side at best: between its sides there is no market."""
_NO_ENTRY = int(NO_ENTRY)


class Match(NamedTuple):
    """Units of an order that fill, with their legs.

    ``units`` is 0 and ``problem`` says why where nothing fills; ``policy`` names the policies that stood in
    for quotes.
    """

    units: int
    legs: tuple[LegFill, ...]
    grade: Grade
    policy: str
    problem: str


class _LegQuote(NamedTuple):
    quote: Quote
    size: int
    policy: str
    row: int | None = None


class Matcher:
    """Match orders with snapshots; remembers what of the present session's size is taken already.

    Parameters
    ----------
    rule : FillRule
        Prices and sizes.
    last_quotes : mapping of OptionContract to LastQuote, optional
        Last usable quotes of what is held already.
    """

    def __init__(self, rule: FillRule, last_quotes: Mapping[OptionContract, LastQuote] | None = None) -> None:
        self._rule = rule
        self._taken: dict[Instrument, int] = {}
        self._taken_on: date | None = None
        self._estimator = Estimator()
        self._last: dict[OptionContract, LastQuote] = dict(last_quotes or {})

    def new_snapshot(self, view: MarketView) -> None:
        """Forget what was taken in the session before: size is a share of what a day trades."""
        if self._taken and view.day != self._taken_on:
            self._taken.clear()

    def match(self, order: Order, units: int, view: MarketView, *, enters: bool = False) -> Match:
        """Return how much of an order's remaining units fills at a view, and at what prices.

        Parameters
        ----------
        order, units, view
            What is left of which order, and when.
        enters : bool
            Whether it takes on risk, which a quote that is known and flawed does not carry: an order that
            rests meets other quotes than those on which it was let through.
        """
        chain = view.fresh_chain(order.underlying)
        if enters and chain is not None and spot_doubted(chain.flaws):
            return _nothing(f"the recorded price of {order.underlying} contradicts its quotes")
        legs = order.structure.legs
        opening = order.purpose is not Purpose.CLOSE
        quotes = []
        for leg in legs:
            found = self._leg_quote(leg, chain, view, opening=opening, enters=enters)
            if found is None:
                return _nothing(f"no usable quote of {leg.instrument}")
            quotes.append(found)
        if opening:
            units = min(
                units, *(found.size // abs(leg.ratio) for leg, found in zip(legs, quotes, strict=True))
            )
            if units < 1:
                return _nothing("not enough volume or open interest")
        filled, cost = self._fills(legs, quotes, units)
        if order.limit_cents is not None:
            if cost > order.limit_cents:
                return _nothing(f"a unit costs {_money(cost)}, the limit is {_money(order.limit_cents)}")
        elif not opening and (worth := worth_at_most(order)) is not None and cost > worth:
            return _nothing(
                f"closing a unit costs {_money(cost)} at the touch, keeping it to expiry {_money(worth)} at "
                "most, so it waited for a better price"
            )
        grade = _grade_of(legs, quotes, chain)
        policy = "+".join(dict.fromkeys(found.policy for found in quotes if found.policy))
        return Match(units, filled, grade, policy, "")

    def _fills(
        self, legs: tuple[Leg, ...], quotes: list[_LegQuote], units: int
    ) -> tuple[tuple[LegFill, ...], int]:
        """Return the fills, and the cost of one unit in cents."""
        thousandths = self._rule.thousandths(len(legs))
        cost, filled = 0, []
        for leg, (quote, size, policy, _) in zip(legs, quotes, strict=True):
            quantity = leg.ratio * units
            f = max(thousandths, ESTIMATED) if policy else thousandths
            f += BEYOND_SIZE if abs(quantity) > size else 0
            price = fill_price_cents(quote.bid, quote.ask, f, sale=leg.ratio < 0)
            cost += leg.ratio * price * leg.instrument.multiplier
            shown = Quote.missing() if policy else quote
            filled.append(LegFill(leg.instrument, quantity, price, shown.bid, shown.ask))
        return tuple(filled), cost

    def _leg_quote(
        self, leg: Leg, chain: OptionChain | None, view: MarketView, *, opening: bool, enters: bool
    ) -> _LegQuote | None:
        instrument = leg.instrument
        if isinstance(instrument, Stock):
            spot = view.fresh_spot(instrument.symbol)
            if spot is None:
                return None
            size = self._rule.shares(_volume(view, instrument.symbol)) - self._taken.get(instrument, 0)
            return _LegQuote(self._rule.stock_quote(round(spot * 100)), size, "")
        near = (instrument.expiration - view.day).days <= SETTLES_WITHIN
        if near and not view.calendar.trades_at(instrument, view.as_of):
            return None
        row = None if chain is None else chain.find(instrument)
        if chain is not None and row is not None:
            if enters and int(chain.flaws[row]) & _NO_ENTRY:
                return None
            quote = Quote(int(chain.bid[row]), int(chain.ask[row]))
            if can_open(quote, sale=leg.ratio < 0) if opening else quote.known:
                size = self._rule.contracts(int(chain.volume[row]), int(chain.open_interest[row]))
                return _LegQuote(quote, size - self._taken.get(instrument, 0), "", row)
        if opening or self._rule.missing_quote is MissingQuotePolicy.CARRY:
            return None
        stand_in = self._estimator.estimate(
            view, instrument, self._rule.missing_quote, self._last.get(instrument)
        )
        return _LegQuote(Quote(stand_in.bid, stand_in.ask), ANY_SIZE, stand_in.policy, row)

    def check(self, order: Order, match: Match) -> None:
        """Check that a match is of whole units, each leg inside its quote widened by what size may cost.

        Raises
        ------
        InvariantError
            Naming the leg, if it is not.
        """
        for leg, filled in zip(order.structure.legs, match.legs, strict=True):
            if (filled.instrument, filled.quantity) != (leg.instrument, leg.ratio * match.units):
                raise InvariantError(f"{match.units} units of {order.structure.describe()} filled {filled}.")
            bid, ask, price = filled.bid_cents, filled.ask_cents, filled.price_cents
            slip = (ask - bid + 1) // 2 + 1
            if bid >= 0 and not max(0, bid - slip) <= price <= ask + slip:
                raise InvariantError(
                    f"{leg.instrument} filled at {price} cents, outside {bid} to {ask} and {slip} more."
                )

    def take(self, legs: Iterable[LegFill], view: MarketView) -> None:
        """Count fills against the size of the present session."""
        self._taken_on = view.day
        for leg in legs:
            self._taken[leg.instrument] = self._taken.get(leg.instrument, 0) + abs(leg.quantity)

    def remember(self, held: Iterable[Instrument], view: MarketView) -> None:
        """Keep the last usable quote of what is held, where the policy may ask for it."""
        if self._rule.missing_quote is not MissingQuotePolicy.WORST:
            return
        kept = {}
        for contract in held:
            if not isinstance(contract, OptionContract):
                continue
            chain = view.fresh_chain(contract.underlying)
            row = None if chain is None else chain.find(contract)
            if contract in self._last:
                kept[contract] = self._last[contract]
            if chain is not None and row is not None:
                quote = Quote(int(chain.bid[row]), int(chain.ask[row]))
                if quote.known:
                    kept[contract] = LastQuote(quote.bid, quote.ask, float(chain.iv[row]))
        self._last = kept


def _volume(view: MarketView, symbol: str) -> float:
    """Return the shares traded on the last day that is known; NaN where none is."""
    bars = view.bars(symbol)
    return float(bars.volume[-1]) if bars is not None and len(bars) else nan


def worth_at_most(order: Order) -> int | None:
    """Return the most that what a closing order trades can be worth at expiry; None where that has no bound.

    Nobody pays more to be rid of a spread than holding it to the end can cost: such an exit waits. Where
    options end on several days, it is their worth when the first of them end, as long as all later ones are
    sold: an American option is worth what its exercise brings at least.
    """
    structure = order.structure
    if structure.shares or not structure.options:
        return None
    first, *later = structure.expirations
    if not later:
        return structure.max_profit_cents(0)
    at_first: dict[OptionContract, int] = {}
    for contract, ratio in structure.options:
        if contract.expiration != first and (ratio > 0 or contract.root.style is not Style.AMERICAN):
            return None
        same = replace(contract, expiration=first)
        at_first[same] = at_first.get(same, 0) + ratio
    legs = [Leg(contract, ratio) for contract, ratio in at_first.items() if ratio]
    return Structure.of(legs).max_profit_cents(0) if legs else 0


def _money(cents: int) -> str:
    return format_cents(cents) if cents >= 0 else f"{format_cents(cents)} (a credit)"


def _grade_of(legs: Iterable[Leg], quotes: Iterable[_LegQuote], chain: OptionChain | None) -> Grade:
    """Return the worst grade of the prices a fill is made of, contract by contract."""
    if chain is None:
        return Grade.QUOTES
    if chain.grade is not Grade.RECONSTRUCTED:
        return chain.grade
    rows = [
        found.row
        for leg, found in zip(legs, quotes, strict=True)
        if isinstance(leg.instrument, OptionContract)
    ]
    return worst_grade([chain.grade if row is None else chain.grade_of(row) for row in rows] or [chain.grade])


def _nothing(problem: str) -> Match:
    return Match(0, (), Grade.QUOTES, "", problem)
