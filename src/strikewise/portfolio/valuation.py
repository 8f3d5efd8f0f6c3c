"""Mark what is held to mid, and to the price at which it could be closed; never zero for want of a quote.

A leg without a usable quote is priced by policy (`strikewise.market.estimate`) and reported. All legs of an
underlying are found in its chain by one binary search. What others opened on an underlying of which nothing
is known is marked at what it cost: it must not keep the rest of the account from being valued.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from math import isnan
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock
from strikewise.domain.money import MISSING_CENTS
from strikewise.domain.portfolio import Mark, Portfolio, Position
from strikewise.market.estimate import Estimator, LastQuote, MissingQuotePolicy
from strikewise.market.view import MarketView
from strikewise.portfolio.book import Book
from strikewise.portfolio.margin import account_margin_cents, with_own_margins
from strikewise.portfolio.projection import AccountState

__all__ = [
    "EstimatedMark",
    "Memory",
    "MissingQuotePolicy",
    "Valuation",
    "portfolio_of",
    "remembering",
    "value_account",
    "value_positions",
]

Array = NDArray[np.float64]

_FIELDS = tuple(one.name for one in fields(Position))
_VALUES = attrgetter(*_FIELDS)
_MARK = _FIELDS.index("mark")

AT_COST = "cost"
"""The policy of a mark that is what was paid; its legs have no prices of their own."""

DELTA, GAMMA, THETA, VEGA = range(4)


@dataclass(frozen=True, slots=True)
class EstimatedMark:
    """A held instrument without a usable quote, and the exit price per share it was given, cents.

    The price is -1 where the position was marked as a whole, at what it cost.
    """

    position_id: str
    instrument: Instrument
    policy: str
    price_cents: int


@dataclass(slots=True)
class Memory:
    """What one valuation leaves to the next: books with their last usable quotes, and marks of its view.

    A view always gives the same answers, so a position that is the same object has the same mark at it.
    """

    books: dict[str, Book] = field(default_factory=dict)
    estimator: Estimator = field(default_factory=Estimator, repr=False)
    view: MarketView | None = field(default=None, repr=False)
    marked: dict[str, tuple[Position, Position]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Valuation:
    """An account, valued.

    Attributes
    ----------
    portfolio : Portfolio
        The account with every open position marked.
    estimated : tuple of EstimatedMark
        The legs that no quote priced.
    memory : Memory
        For the next valuation.
    """

    portfolio: Portfolio
    estimated: tuple[EstimatedMark, ...]
    memory: Memory = field(repr=False)


def remembering(positions: Sequence[Position], quotes: Mapping[OptionContract, LastQuote]) -> Memory:
    """Return the memory of somebody who saw these last usable quotes of what is held."""
    groups: dict[str, list[Position]] = {}
    for position in positions:
        groups.setdefault(position.underlying, []).append(position)
    books = {underlying: Book.of(underlying, members) for underlying, members in groups.items()}
    for book in books.values():
        for row, instrument in enumerate(book.instruments):
            if isinstance(instrument, OptionContract) and (last := quotes.get(instrument)) is not None:
                book.known_bid[row], book.known_ask[row], book.known_iv[row] = last
    return Memory(books)


def value_account(
    state: AccountState, view: MarketView, policy: MissingQuotePolicy, memory: Memory | None = None
) -> Valuation:
    """Value an account at a view.

    Parameters
    ----------
    state : AccountState
        The fold of its ledger.
    view : MarketView
        What is known.
    policy : MissingQuotePolicy
        How a leg without a usable quote is priced.
    memory : Memory, optional
        What the valuation before left, for the last quotes it saw; brought up to date.
    """
    memory = Memory() if memory is None else memory
    marked, estimated = value_positions(tuple(state.positions.values()), view, policy, memory)
    marked = with_own_margins(marked, memory.books)
    at_cost = sum(one.margin_cents for one in marked if one.underlying not in memory.books)
    portfolio = portfolio_of(
        marked,
        as_of=view.as_of,
        cash_cents=state.cash_cents,
        margin_cents=account_margin_cents(memory.books.values()) + at_cost,
        pending=state.pending,
        opened_today_by=state.opened_today(view.day),
    )
    return Valuation(portfolio, estimated, memory)


def portfolio_of(
    marked: Sequence[Position],
    *,
    as_of: datetime,
    cash_cents: int,
    margin_cents: int,
    pending: Sequence[Position] = (),
    opened_today_by: Mapping[str, int] | None = None,
) -> Portfolio:
    """Return the account that holds marked positions and waits for pending ones.

    Parameters
    ----------
    marked : sequence of Position
        Open positions, each with its mark.
    as_of : datetime
        The instant.
    cash_cents, margin_cents : int
        Cash, and the margin of what is held; that of what is pending is added.
    pending : sequence of Position
        What opening orders may still bring; each holds its margin already.
    opened_today_by : mapping of str to int, optional
        Positions opened or ordered in this session, by strategy.
    """
    marks = [position.mark for position in marked if position.mark is not None]
    mid, out = sum([mark.mid_cents for mark in marks]), sum([mark.exit_cents for mark in marks])
    opened = dict(opened_today_by or {})
    return Portfolio(
        as_of=as_of,
        cash_cents=cash_cents,
        equity_mid_cents=cash_cents + mid,
        equity_exit_cents=cash_cents + out,
        margin_cents=margin_cents + sum(position.margin_cents for position in pending),
        positions=(*marked, *pending),
        pending=tuple(position.position_id for position in pending),
        opened_today=sum(opened.values()),
        opened_today_by=opened,
    )


def value_positions(
    positions: Sequence[Position], view: MarketView, policy: MissingQuotePolicy, memory: Memory
) -> tuple[tuple[Position, ...], tuple[EstimatedMark, ...]]:
    """Mark positions at a view.

    Parameters
    ----------
    positions : sequence of Position
        What is held.
    view : MarketView
        What is known.
    policy : MissingQuotePolicy
        How a leg without a usable quote is priced.
    memory : Memory
        Books and last quotes; brought up to date.

    Returns
    -------
    tuple
        The positions with their marks, in the same order, and the legs that were estimated.

    Raises
    ------
    MissingDataError
        If a leg of what was opened on a signal has no quote, never had one, and the price of its underlying
        is unknown.
    """
    groups: dict[str, list[int]] = {}
    for number, position in enumerate(positions):
        groups.setdefault(position.underlying, []).append(number)
    for gone in memory.books.keys() - groups.keys():
        del memory.books[gone]
    if memory.view is not view:
        memory.view, memory.marked = view, {}
    marked, estimated = list(positions), list[EstimatedMark]()
    for underlying, numbers in groups.items():
        members = [positions[number] for number in numbers]
        valued, missing = _value_group(underlying, members, view, policy, memory)
        estimated.extend(missing)
        for number, position in zip(numbers, valued, strict=True):
            marked[number] = position
    return tuple(marked), tuple(estimated)


def _value_group(
    underlying: str,
    members: Sequence[Position],
    view: MarketView,
    policy: MissingQuotePolicy,
    memory: Memory,
) -> tuple[list[Position], list[EstimatedMark]]:
    """Mark all positions on one underlying."""
    book = memory.books.get(underlying)
    if book is None or not book.holds(members):
        book = memory.books[underlying] = Book.of(underlying, members, book)
    try:
        sums, missing = _mark(book, members, view, policy, memory.estimator)
    except MissingDataError:
        if any(position.signal_id for position in members):
            raise
        del memory.books[underlying]
        return _at_cost(members, view.as_of)
    marked = []
    for position, values in zip(members, sums, strict=True):
        before = memory.marked.get(position.position_id)
        if before is None or before[0] is not position:
            before = position, _with_mark(position, values, book.spot_cents, view.as_of)
            memory.marked[position.position_id] = before
        marked.append(before[1])
    return marked, missing


def _at_cost(members: Sequence[Position], at: datetime) -> tuple[list[Position], list[EstimatedMark]]:
    """Mark positions at what was paid for them, and tell all their legs; their Greeks nobody knows."""
    marked, missing = [], []
    for position in members:
        cost, held = position.cash_cents, position.holdings
        sums = (cost, cost, len(held), 0.0, 0.0, 0.0, 0.0)
        marked.append(_with_mark(position, sums, MISSING_CENTS, at))
        missing += [
            EstimatedMark(position.position_id, one.instrument, AT_COST, MISSING_CENTS) for one in held
        ]
    return marked, missing


def _with_mark(position: Position, sums: Sequence[float], spot_cents: int, at: datetime) -> Position:
    """Return a position with another mark; `dataclasses.replace` takes several times as long."""
    mid, out, legs, delta, gamma, theta, vega = sums
    mark = Mark(int(mid), int(out), spot_cents, int(legs), Greeks(delta, gamma, theta, vega), at)
    values = list(_VALUES(position))
    values[_MARK] = mark
    return Position(*values)


def _mark(
    book: Book,
    members: Sequence[Position],
    view: MarketView,
    policy: MissingQuotePolicy,
    estimator: Estimator,
) -> tuple[list[list[float]], list[EstimatedMark]]:
    """Return mid, exit, count of estimated legs and Greeks of each position, and the estimates."""
    book.spot_cents = _spot_cents(book.underlying, view)
    table = np.zeros((7, len(book.key)))
    greeks = table[3:]
    usable = _read(book, view.fresh_chain(book.underlying), greeks)
    estimated = []
    if np.count_nonzero(usable) < len(usable):
        for row in np.flatnonzero(~usable).tolist():
            instrument = book.instruments[row]
            if isinstance(instrument, Stock):
                _price_shares(book, row)
                # No chain lists shares: what was read for this row is another contract's.
                greeks[:, row] = 1.0, 0.0, 0.0, 0.0
                continue
            stand_in = estimator.estimate(view, instrument, policy, book.last(row))
            per_share = stand_in.greeks
            greeks[:, row] = per_share.delta, per_share.gamma, per_share.theta, per_share.vega
            book.bid[row], book.ask[row] = stand_in.bid, stand_in.ask
            price = stand_in.bid if book.quantity[row] > 0 else stand_in.ask
            owner = members[book.owner[row]].position_id
            estimated.append(EstimatedMark(owner, instrument, stand_in.policy, price))
        table[2] = ~usable & (book.key >= 0)
    # Twice the mid is a whole number of cents, and every multiplier of an option is even.
    table[0] = (book.bid + book.ask) * book.weight / 2
    table[1] = book.exit_cents * book.weight
    greeks *= book.weight
    return np.add.reduceat(table, book.starts, axis=1).T.tolist(), estimated


def _read(book: Book, chain: OptionChain | None, greeks: Array) -> NDArray[np.bool_]:
    """Take quotes and Greeks from a chain into the book; return which legs it has a usable quote for."""
    if chain is None or len(chain) == 0:
        return np.zeros(len(book.key), dtype=np.bool_)
    columns = chain.columns
    rows = np.minimum(chain.key.searchsorted(book.key), len(chain) - 1) + chain.start
    bid, ask = columns.bid[rows], columns.ask[rows]
    usable: NDArray[np.bool_] = (columns.key[rows] == book.key) & (bid >= 0) & (ask > 0) & (ask >= bid)
    book.take(usable, bid, ask, columns.iv[rows])
    for number, column in enumerate((columns.delta, columns.gamma, columns.theta, columns.vega)):
        greeks[number] = column[rows]
    if isnan(greeks.sum()):
        _fill_greeks(book, greeks)
    return usable


def _fill_greeks(book: Book, greeks: Array) -> None:
    """Give legs without a volatility the Greeks of the limit of none: delta one or zero, all others zero."""
    for row in np.flatnonzero(np.isnan(greeks).any(axis=0)).tolist():
        contract = book.instruments[row]
        greeks[:, row] = 0.0
        if isinstance(contract, OptionContract) and contract.intrinsic_cents(book.spot_cents) > 0:
            greeks[DELTA, row] = 1.0 if contract.right is Right.CALL else -1.0


def _price_shares(book: Book, row: int) -> None:
    if book.spot_cents < 0:
        raise MissingDataError(
            f"Shares of {book.underlying} are held but have no known price: import chains or daily bars."
        )
    book.bid[row] = book.ask[row] = book.spot_cents


def _spot_cents(underlying: str, view: MarketView) -> int:
    """Return the latest price known, however old; -1 where there never was one."""
    spot = view.spot(underlying)
    if spot is not None:
        return round(spot * 100)
    chain, bars = view.chain(underlying), view.bars(underlying)
    if chain is None and bars is not None and len(bars) and np.isfinite(bars.close[-1]):
        return round(float(bars.close[-1]) * 100)
    return -1 if chain is None else chain.spot_cents
