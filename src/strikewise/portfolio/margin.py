"""What positions hold of an account's capital: strategy-based margin (Regulation T), grouped at the least.

A naked option asks for its premium + max(20 % (15 %) of spot less the out-of-the-money amount, 10 %); how
others are grouped is told in `strikewise.portfolio.grouping`. Shares hold half their value, long options
what they are worth.

What the legs are worth to close is counted in, so that a spread holds width − credit when it is sold, and
equity at exit prices less margin stays the same while it moves. The premium of a naked option is part of its
requirement although equity at exit prices has lost it already: the published formula, on the safe side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import BROAD_INDEXES, OptionContract, Right
from strikewise.domain.margin import FLOOR_PERCENT, naked_margins_cents
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.portfolio.book import Book, Held, Terms
from strikewise.portfolio.grouping import group
from strikewise.portfolio.legs import Legs, LongLeg, Lots, ShortLeg

__all__ = ["OptionRows", "account_margin_cents", "margin_call", "margin_cents", "with_own_margins"]

Cents = NDArray[np.int64]
Prices = NDArray[np.integer]

SHARES_PERCENT = 50
"""Of the value of shares, long or short: Regulation T, 12 CFR 220.12."""


@dataclass(frozen=True, slots=True, eq=False)
class OptionRows:
    """Options on one underlying as columns.

    Attributes
    ----------
    underlying : str
        Its symbol; empty where there are no options.
    terms : tuple of Terms
        What margin asks of each.
    quantity : (n,) int64
        Contracts, short negative.
    strike_milli, multiplier : (n,) int64
        Of each contract.
    is_put : (n,) bool
        True for puts.
    """

    underlying: str
    terms: tuple[Terms, ...]
    quantity: Cents
    strike_milli: Cents
    multiplier: Cents
    is_put: NDArray[np.bool_]

    @classmethod
    def of(cls, held: Sequence[tuple[OptionContract, int]]) -> OptionRows:
        """Lay out options and how many contracts of each are held."""
        underlying = held[0][0].underlying if held else ""
        return cls.laid_out(underlying, [Held(one.key, Terms.of(one), quantity) for one, quantity in held])

    @classmethod
    def laid_out(cls, underlying: str, held: Sequence[Held]) -> OptionRows:
        """Lay out what a book holds of an underlying."""
        terms = tuple([one.terms for one in held])
        return cls(
            underlying,
            terms,
            np.array([one.quantity for one in held], dtype=np.int64),
            np.array([one.strike_milli for one in terms], dtype=np.int64),
            np.array([one.multiplier for one in terms], dtype=np.int64),
            np.array([one.right is Right.PUT for one in terms], dtype=np.bool_),
        )

    def requirements(self, spot_cents: int) -> Cents:
        """Return what each contract asks for if naked, premium left out, cents per contract."""
        if not self.terms:
            return np.zeros(0, dtype=np.int64)
        zero = np.zeros(len(self.terms), dtype=np.int64)
        puts, calls = (
            naked_margins_cents(
                right,
                self.strike_milli,
                zero,
                spot_cents,
                broad_index=self.underlying in BROAD_INDEXES,
                multiplier=self.terms[0].multiplier,
            )
            if wanted
            else zero
            for right, wanted in ((Right.PUT, self.is_put.any()), (Right.CALL, not self.is_put.all()))
        )
        return np.where(self.is_put, puts, calls)


class _Open(NamedTuple):
    """A position that leaves an option naked: its number, options and shares."""

    number: int
    held: list[Held]
    shares: int

    @property
    def is_plain(self) -> bool:
        """Whether it is one short option, or as many puts as calls sold, and nothing else."""
        quantity, rights = [one.quantity for one in self.held], {one.terms.right for one in self.held}
        alike = len(quantity) == 1 or (len(quantity) == 2 and len(rights) == 2 and len({*quantity}) == 1)
        return alike and quantity[0] < 0 and not self.shares


class _Plain(NamedTuple):
    """Positions that hold a short option, straddle or strangle and nothing else.

    Attributes
    ----------
    positions : list of _Open
        The positions.
    options : OptionRows
        Their options, one position after the other.
    starts : (n,) int
        The first option of each.
    """

    positions: list[_Open]
    options: OptionRows
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, underlying: str, positions: list[_Open]) -> _Plain:
        """Lay out positions of which there is one at least."""
        options = OptionRows.laid_out(underlying, [leg for one in positions for leg in one.held])
        starts = np.cumsum([0, *(len(one.held) for one in positions)], dtype=np.intp)[:-1]
        return cls(positions, options, starts)


@dataclass(slots=True)
class _Plan:
    """What stays the same while a book's legs do.

    Attributes
    ----------
    held : list of Held
        The netted contracts.
    options : OptionRows or None
        The same as columns; None until somebody asks for them.
    shares : int
        Shares held.
    gross : int or None
        What the groups ask for where no option is naked, which depends on no price; None elsewhere.
    spot_floor : int
        Price of the underlying down to which ``gross`` is proven.
    plain : _Plain or None
        The positions that hold a short option, straddle or strangle and nothing else, if there are any.
    others : list of (_Open, OptionRows)
        All other positions that leave an option naked, and their options.
    """

    held: list[Held]
    options: OptionRows | None
    shares: int
    gross: int | None
    spot_floor: int
    plain: _Plain | None
    others: list[tuple[_Open, OptionRows]]


def account_margin_cents(books: Iterable[Book]) -> int:
    """Return the margin of all positions, their legs grouped at the least cost by underlying.

    Parameters
    ----------
    books : iterable of Book
        Marked books.
    """
    return sum(_book_margin(book) for book in books)


def margin_cents(options: OptionRows, prices: Prices, spot_cents: int, shares: int = 0) -> int:
    """Return the margin of options and shares on one underlying.

    Parameters
    ----------
    options : OptionRows
        The options.
    prices : (n,) int64
        What a share of each costs to close, cents: the bid of what is long, the ask of what is short.
    spot_cents : int
        Price of the underlying.
    shares : int
        Shares held, long positive.
    """
    value = int((options.quantity * options.multiplier) @ prices)
    gross = _gross(options, prices, options.requirements(spot_cents), spot_cents, shares)
    return max(0, value + gross) + _shares_margin(shares, spot_cents)


def with_own_margins(positions: Sequence[Position], books: Mapping[str, Book]) -> tuple[Position, ...]:
    """Return positions, those that leave an option naked with the margin they hold by themselves now.

    The margin of a defined risk does not change while it is held.
    """
    own: dict[int, int] = {}
    for book in books.values():
        own.update(_own_margins(book))
    if not own:
        return tuple(positions)
    return tuple(
        replace(position, margin_cents=own[id(position.holdings)])
        if id(position.holdings) in own
        else position
        for position in positions
    )


def margin_call(portfolio: Portfolio, can_close: Callable[[Position], bool]) -> list[str]:
    """Return the positions to close, worst first, until equity at exit prices carries the margin again.

    What is being closed already is counted as closed. Empty where there is no call.

    Parameters
    ----------
    portfolio : Portfolio
        The account, valued.
    can_close : callable
        Whether a position could be closed now: another is, where it could not.
    """
    lacking = portfolio.margin_cents - portfolio.equity_exit_cents
    if lacking <= 0:
        return []
    held = [position for position in portfolio.positions if position.mark is not None]
    lacking -= sum(position.margin_cents for position in held if position.closing_order_id)
    called = []
    for position in sorted(held, key=lambda one: (one.profit_exit_cents or 0, one.position_id)):
        if lacking <= 0:
            break
        if not position.closing_order_id and position.margin_cents > 0 and can_close(position):
            called.append(position.position_id)
            lacking -= position.margin_cents
    return called


def _book_margin(book: Book) -> int:
    plan, spot = _plan_of(book), book.spot_cents
    prices = book.exits(plan.held)
    if plan.gross is None or spot < plan.spot_floor:
        if plan.options is None:
            plan.options = OptionRows.laid_out(book.underlying, plan.held)
        return margin_cents(plan.options, np.array(prices, dtype=np.int64), spot, plan.shares)
    value = sum(
        [one.quantity * one.terms.multiplier * price for one, price in zip(plan.held, prices, strict=True)]
    )
    return max(0, value + plan.gross) + _shares_margin(plan.shares, spot)


def _plan_of(book: Book) -> _Plan:
    if not isinstance(book.plan, _Plan):
        book.plan = _plan(book)
    return book.plan


def _plan(book: Book) -> _Plan:
    net: dict[int, Held] = {}
    opened, shares = [], 0
    for number, part in enumerate(book.parts):
        shares += part.shares
        if part.leaves_naked:
            opened.append(_Open(number, part.held, part.shares))
        for one in part.held:
            other = net.get(one.key)
            net[one.key] = one if other is None else other.more(one.quantity)
    held = [one for one in net.values() if one.quantity]
    floor = max(0, book.spot_cents // 2)
    plain = [one for one in opened if one.is_plain]
    return _Plan(
        held=held,
        options=None,
        shares=shares,
        gross=None if opened else _fixed_gross(held, shares, floor),
        spot_floor=floor,
        plain=_Plain.of(book.underlying, plain) if plain else None,
        others=[(one, OptionRows.laid_out(book.underlying, one.held)) for one in opened if not one.is_plain],
    )


def _fixed_gross(held: Sequence[Held], shares: int, spot_floor: int) -> int | None:
    """Return what the groups ask for if none is naked at any price above a floor, else None.

    Solved with the least that naked options can ask for. If none is naked then, none is when they ask for
    more: what is not chosen stays unchosen when it costs more.
    """
    if shares:
        return None
    least = [_least_requirement(one.terms, spot_floor) for one in held]
    found = group(_legs(held, [0] * len(held), least, spot_floor, 0))
    return None if found.naked else found.gross


def _least_requirement(terms: Terms, spot_cents: int) -> int:
    """Return what a contract asks for at least while the underlying stays at or above a price, cents."""
    base = terms.strike_milli // 10 if terms.right is Right.PUT else spot_cents
    return base * terms.multiplier * FLOOR_PERCENT // 100


def _own_margins(book: Book) -> dict[int, int]:
    """Return the margin of each position that leaves an option naked, by the identity of its holdings."""
    plan = _plan_of(book)
    own = {}
    if plan.plain is not None:
        positions, options, starts = plan.plain
        exits = book.exits([leg for one in positions for leg in one.held])
        premiums = -options.quantity * np.array(exits) * options.multiplier
        required = -options.quantity * options.requirements(book.spot_cents)
        margins = np.add.reduceat(premiums, starts) + np.maximum.reduceat(required, starts)
        own = {
            id(book.parts[one.number].holdings): margin
            for one, margin in zip(positions, margins.tolist(), strict=True)
        }
    for one, options in plan.others:
        prices = np.array(book.exits(one.held), dtype=np.int64)
        margin = margin_cents(options, prices, book.spot_cents, one.shares)
        own[id(book.parts[one.number].holdings)] = margin
    return own


def _gross(options: OptionRows, prices: Prices, requirements: Cents, spot_cents: int, shares: int) -> int:
    """Return what the groups ask for beyond what the legs are worth to close."""
    short = options.quantity < 0
    if not shares and short.all() and (options.is_put.all() or not options.is_put.any()):
        naked = 2 * prices * options.multiplier + requirements
        return int(-options.quantity @ naked)
    held = list(map(Held, repeat(0), options.terms, options.quantity.tolist()))
    premiums = (prices * options.multiplier).tolist()
    return group(_legs(held, premiums, requirements.tolist(), spot_cents, shares)).gross


def _legs(
    held: Sequence[Held],
    premiums: Sequence[int],
    requirements: Sequence[int],
    spot_cents: int,
    shares: int,
) -> Legs:
    shorts, longs = [], []
    for (_, terms, quantity), premium, requirement in zip(held, premiums, requirements, strict=True):
        right, strike_milli, multiplier, expires = terms
        strike = strike_milli * multiplier // 10
        if quantity > 0:
            longs.append(LongLeg(right, strike, expires, quantity))
            continue
        worth = strike_milli / 10 - spot_cents if right is Right.PUT else spot_cents - strike_milli / 10
        covered = premium + max(0, round(worth)) * multiplier
        naked = 2 * premium + requirement
        shorts.append(ShortLeg(right, strike, expires, -quantity, naked, requirement, covered))
    lots = Lots(Right.CALL if shares > 0 else Right.PUT, abs(shares) // 100)
    return Legs(tuple(shorts), tuple(longs), lots)


def _shares_margin(shares: int, spot_cents: int) -> int:
    return -(-abs(shares) * max(0, spot_cents) * SHARES_PERCENT // 100)
