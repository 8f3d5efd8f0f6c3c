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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import BROAD_INDEXES, OptionContract, Right, Settlement
from strikewise.domain.margin import FLOOR_PERCENT, naked_margins_cents
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.portfolio.book import Book
from strikewise.portfolio.grouping import group
from strikewise.portfolio.legs import Expiry, Legs, LongLeg, Lots, ShortLeg

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
    contracts : tuple of OptionContract
        The options.
    ends : tuple of (int, bool)
        When each expires.
    quantity : (n,) int64
        Contracts, short negative.
    strike_milli, multiplier : (n,) int64
        Of each contract.
    is_put : (n,) bool
        True for puts.
    """

    contracts: tuple[OptionContract, ...]
    ends: tuple[Expiry, ...]
    quantity: Cents
    strike_milli: Cents
    multiplier: Cents
    is_put: NDArray[np.bool_]

    @classmethod
    def of(cls, held: Sequence[tuple[OptionContract, int]]) -> OptionRows:
        """Lay out options and how many contracts of each are held."""
        return cls(
            tuple(one for one, _ in held),
            tuple([(one.expiration.toordinal(), one.root.settlement is Settlement.PM) for one, _ in held]),
            np.array([quantity for _, quantity in held], dtype=np.int64),
            np.array([one.strike_milli for one, _ in held], dtype=np.int64),
            np.array([one.multiplier for one, _ in held], dtype=np.int64),
            np.array([one.right is Right.PUT for one, _ in held], dtype=np.bool_),
        )

    def requirements(self, spot_cents: int) -> Cents:
        """Return what each contract asks for if naked, premium left out, cents per contract."""
        if not self.contracts:
            return np.zeros(0, dtype=np.int64)
        one = self.contracts[0]
        broad = one.underlying in BROAD_INDEXES
        zero = np.zeros(len(self.contracts), dtype=np.int64)
        puts, calls = (
            naked_margins_cents(
                right,
                self.strike_milli,
                zero,
                spot_cents,
                broad_index=broad,
                multiplier=one.multiplier,
            )
            if wanted
            else zero
            for right, wanted in ((Right.PUT, self.is_put.any()), (Right.CALL, not self.is_put.all()))
        )
        return np.where(self.is_put, puts, calls)

    def least_requirements(self, spot_cents: int) -> Cents:
        """Return what each contract asks for at least while the underlying stays at or above a price."""
        base = np.where(self.is_put, self.strike_milli // 10, spot_cents) * self.multiplier
        return np.asarray(base * FLOOR_PERCENT // 100)


class _Open(NamedTuple):
    """A position that leaves an option naked: its number, rows, options and shares."""

    number: int
    rows: NDArray[np.intp]
    options: OptionRows
    shares: int

    @property
    def is_plain(self) -> bool:
        """Whether it is one short option, or as many puts as calls sold, and nothing else."""
        quantity, is_put = self.options.quantity.tolist(), self.options.is_put.tolist()
        alike = len(quantity) == 1 or (len(quantity) == 2 and len({*is_put}) == 2 and len({*quantity}) == 1)
        return alike and quantity[0] < 0 and not self.shares


@dataclass(slots=True)
class _Plan:
    """What stays the same while a book's legs do.

    Attributes
    ----------
    rows : (n,) int
        A leg of each netted contract.
    options : OptionRows
        The netted contracts.
    shares : int
        Shares held.
    gross : int or None
        What the groups ask for where no option is naked, which depends on no price; None elsewhere.
    spot_floor : int
        Price of the underlying down to which ``gross`` is proven.
    plain : tuple of int
        Numbers of the positions that hold a short option, straddle or strangle and nothing else.
    plain_rows, plain_starts : (n,) int
        Their legs in the book, and the first of each position among these.
    plain_options : OptionRows
        Their options.
    others : tuple of _Open
        All other positions that leave an option naked.
    """

    rows: NDArray[np.intp]
    options: OptionRows
    shares: int
    gross: int | None
    spot_floor: int
    plain: tuple[int, ...]
    plain_rows: NDArray[np.intp]
    plain_starts: NDArray[np.intp]
    plain_options: OptionRows
    others: tuple[_Open, ...]


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
    options = plan.options
    prices = np.where(options.quantity > 0, book.bid[plan.rows], book.ask[plan.rows])
    if plan.gross is None or spot < plan.spot_floor:
        return margin_cents(options, prices, spot, plan.shares)
    value = int((options.quantity * options.multiplier) @ prices)
    return max(0, value + plan.gross) + _shares_margin(plan.shares, spot)


def _plan_of(book: Book) -> _Plan:
    if not isinstance(book.plan, _Plan):
        book.plan = _plan(book)
    return book.plan


def _plan(book: Book) -> _Plan:
    rows: dict[OptionContract, int] = {}
    net: dict[OptionContract, int] = {}
    row = 0
    for part in book.parts:
        for instrument, quantity in zip(part.instruments, part.quantities, strict=True):
            if isinstance(instrument, OptionContract):
                rows[instrument] = row
                net[instrument] = net.get(instrument, 0) + quantity
            row += 1
    held = [(contract, quantity) for contract, quantity in net.items() if quantity]
    options = OptionRows.of(held)
    shares = sum(part.shares for part in book.parts)
    floor = max(0, book.spot_cents // 2)
    opened = _open_positions(book)
    plain = [one for one in opened if one.is_plain]
    legs = [
        (row, contract, quantity)
        for one in plain
        for row, contract, quantity in zip(
            one.rows.tolist(), one.options.contracts, one.options.quantity.tolist(), strict=True
        )
    ]
    return _Plan(
        rows=np.array([rows[contract] for contract, _ in held], dtype=np.intp),
        options=options,
        shares=shares,
        gross=None if opened else _fixed_gross(options, shares, floor),
        spot_floor=floor,
        plain=tuple(one.number for one in plain),
        plain_rows=np.array([row for row, _, _ in legs], dtype=np.intp),
        plain_starts=np.cumsum([0, *(len(one.rows) for one in plain)], dtype=np.intp)[:-1],
        plain_options=OptionRows.of([(contract, quantity) for _, contract, quantity in legs]),
        others=tuple(one for one in opened if not one.is_plain),
    )


def _fixed_gross(options: OptionRows, shares: int, spot_floor: int) -> int | None:
    """Return what the groups ask for if none is naked at any price above a floor, else None.

    Solved with the least that naked options can ask for. If none is naked then, none is when they ask for
    more: what is not chosen stays unchosen when it costs more.
    """
    if shares:
        return None
    nothing = np.zeros(len(options.contracts), dtype=np.int64)
    found = group(_legs(options, nothing, options.least_requirements(spot_floor), spot_floor, 0))
    return None if found.naked else found.gross


def _open_positions(book: Book) -> list[_Open]:
    found, start = [], 0
    for number, part in enumerate(book.parts):
        if part.leaves_naked:
            legs = enumerate(zip(part.instruments, part.quantities, strict=True), start)
            held = [(row, one, count) for row, (one, count) in legs if isinstance(one, OptionContract)]
            rows = np.array([row for row, _, _ in held], dtype=np.intp)
            options = OptionRows.of([(one, count) for _, one, count in held])
            found.append(_Open(number, rows, options, part.shares))
        start += len(part.keys)
    return found


def _own_margins(book: Book) -> dict[int, int]:
    """Return the margin of each position that leaves an option naked, by the identity of its holdings."""
    plan = _plan_of(book)
    if not plan.plain and not plan.others:
        return {}
    exits = book.exit_cents
    own = {}
    if plan.plain:
        options = plan.plain_options
        premiums = -options.quantity * exits[plan.plain_rows] * options.multiplier
        required = -options.quantity * options.requirements(book.spot_cents)
        margins = np.add.reduceat(premiums, plan.plain_starts)
        margins += np.maximum.reduceat(required, plan.plain_starts)
        own = {
            id(book.parts[number].holdings): margin
            for number, margin in zip(plan.plain, margins.tolist(), strict=True)
        }
    for one in plan.others:
        margin = margin_cents(one.options, exits[one.rows], book.spot_cents, one.shares)
        own[id(book.parts[one.number].holdings)] = margin
    return own


def _gross(options: OptionRows, prices: Prices, requirements: Cents, spot_cents: int, shares: int) -> int:
    """Return what the groups ask for beyond what the legs are worth to close."""
    short = options.quantity < 0
    if not shares and short.all() and (options.is_put.all() or not options.is_put.any()):
        naked = 2 * prices * options.multiplier + requirements
        return int(-options.quantity @ naked)
    return group(_legs(options, prices, requirements, spot_cents, shares)).gross


def _legs(options: OptionRows, prices: Prices, requirements: Cents, spot_cents: int, shares: int) -> Legs:
    premiums = prices * options.multiplier
    naked = 2 * premiums + requirements
    out = np.where(
        options.is_put, options.strike_milli / 10 - spot_cents, spot_cents - options.strike_milli / 10
    )
    covered = premiums + np.maximum(np.rint(out), 0).astype(np.int64) * options.multiplier
    shorts, longs = [], []
    columns = (
        options.quantity,
        options.strike_milli * options.multiplier // 10,
        naked,
        requirements,
        covered,
    )
    rows = zip(options.contracts, options.ends, *(column.tolist() for column in columns), strict=True)
    for contract, end, quantity, strike, alone, requirement, by_shares in rows:
        if quantity > 0:
            longs.append(LongLeg(contract.right, strike, end, quantity))
        else:
            shorts.append(ShortLeg(contract.right, strike, end, -quantity, alone, requirement, by_shares))
    lots = Lots(Right.CALL if shares > 0 else Right.PUT, abs(shares) // 100)
    return Legs(tuple(shorts), tuple(longs), lots)


def _shares_margin(shares: int, spot_cents: int) -> int:
    return -(-abs(shares) * max(0, spot_cents) * SHARES_PERCENT // 100)
