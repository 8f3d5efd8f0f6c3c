"""Mark what is held to mid, and to the price at which it could be closed; never zero for want of a quote.

A leg without a usable quote is priced by policy (`strikewise.market.estimate`) and reported. All legs of an
underlying are found in its chain by one binary search. What others opened on an underlying of which nothing
is known is marked at what it cost: it must not keep the rest of the account from being valued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from itertools import repeat
from math import isnan, nan
from operator import attrgetter

import numpy as np

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Instrument, OptionContract, Right
from strikewise.domain.money import MISSING_CENTS
from strikewise.domain.portfolio import Mark, Portfolio, Position
from strikewise.market.estimate import Estimate, Estimator, LastQuote, MissingQuotePolicy
from strikewise.market.view import MarketView
from strikewise.portfolio.book import NO_KEY, Book, Marked, Part
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

_FIELDS = tuple(one.name for one in fields(Position))
_VALUES = attrgetter(*_FIELDS)
_MARK = _FIELDS.index("mark")

AT_COST = "cost"
"""The policy of a mark that is what was paid; its legs have no prices of their own."""

Row = tuple[int, int, int, float, float, float, float, float]
"""A contract's key, bid, ask, volatility, delta, gamma, theta and vega in a chain."""
NO_ROW: Row = (NO_KEY, 0, 0, nan, nan, nan, nan, nan)


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
        for part in book.parts:
            for key, instrument in zip(part.keys, part.instruments, strict=True):
                if isinstance(instrument, OptionContract) and (last := quotes.get(instrument)) is not None:
                    book.quotes[key] = last
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
        for book in memory.books.values():
            book.forget_marks()
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
        _mark(book, view, policy, memory.estimator)
    except MissingDataError:
        if any(position.signal_id for position in members):
            raise
        del memory.books[underlying]
        return _at_cost(members, view.as_of)
    marked, missing = [], list[EstimatedMark]()
    for position, found in zip(members, book.marks, strict=True):
        assert found is not None
        before = memory.marked.get(position.position_id)
        if before is None or before[0] is not position:
            before = position, _with_mark(position, found.mark)
            memory.marked[position.position_id] = before
        marked.append(before[1])
        if found.estimated:
            missing += [EstimatedMark(position.position_id, *one) for one in found.estimated]
    return marked, missing


def _at_cost(members: Sequence[Position], at: datetime) -> tuple[list[Position], list[EstimatedMark]]:
    """Mark positions at what was paid for them, and tell all their legs; their Greeks nobody knows."""
    marked, missing = [], []
    for position in members:
        cost, held = position.cash_cents, position.holdings
        marked.append(_with_mark(position, Mark(cost, cost, MISSING_CENTS, len(held), Greeks(), at)))
        missing += [
            EstimatedMark(position.position_id, one.instrument, AT_COST, MISSING_CENTS) for one in held
        ]
    return marked, missing


def _with_mark(position: Position, mark: Mark) -> Position:
    """Return a position with another mark; `dataclasses.replace` takes several times as long."""
    values = list(_VALUES(position))
    values[_MARK] = mark
    return Position(*values)


def _mark(book: Book, view: MarketView, policy: MissingQuotePolicy, estimator: Estimator) -> None:
    """Mark all parts of a book that have no mark at this view yet."""
    book.spot_cents = _spot_cents(book.underlying, view)
    waiting = [number for number, mark in enumerate(book.marks) if mark is None]
    if waiting:
        parts = [book.parts[number] for number in waiting]
        rows = _read(view.fresh_chain(book.underlying), [key for part in parts for key in part.keys])
        estimate = partial(estimator.estimate, view, policy=policy)
        for number, part in zip(waiting, parts, strict=True):
            book.marks[number] = _marked(book, part, rows, estimate, view.as_of)


def _read(chain: OptionChain | None, keys: Sequence[int]) -> Iterator[Row]:
    """Read the row of each contract; another contract's where the chain does not have it."""
    if chain is None or len(chain) == 0:
        return repeat(NO_ROW)
    one = chain.columns
    rows = one.key[chain.start : chain.stop - 1].searchsorted(keys) + chain.start
    columns = (one.key, one.bid, one.ask, one.iv, one.delta, one.gamma, one.theta, one.vega)
    return zip(*[column[rows].tolist() for column in columns], strict=True)


def _marked(
    book: Book, part: Part, rows: Iterator[Row], estimate: Callable[..., Estimate], at: datetime
) -> Marked:
    """Mark one part; the rows of its legs come next."""
    twice_mid = out = 0
    estimated: list[tuple[Instrument, str, int]] = []
    greeks = []
    for instrument, key, weight in zip(part.instruments, part.keys, part.weights, strict=True):
        found, bid, ask, iv, delta, gamma, theta, vega = next(rows)
        if found == key and 0 <= bid <= ask and ask > 0:
            book.quotes[key] = bid, ask, iv
            if isnan(delta + gamma + theta + vega):
                delta, gamma, theta, vega = _limit(instrument, book.spot_cents)
        elif key == NO_KEY:
            bid = ask = _price_of_shares(book)
            delta, gamma, theta, vega = 1.0, 0.0, 0.0, 0.0
        else:
            stand_in = estimate(instrument, last=book.last(key))
            bid, ask, per_share = stand_in.bid, stand_in.ask, stand_in.greeks
            delta, gamma, theta, vega = per_share.delta, per_share.gamma, per_share.theta, per_share.vega
            book.estimates[key] = bid, ask, nan
            estimated.append((instrument, stand_in.policy, bid if weight > 0 else ask))
        twice_mid += (bid + ask) * weight
        out += (bid if weight > 0 else ask) * weight
        greeks.append((delta * weight, gamma * weight, theta * weight, vega * weight))
    # Twice the mid is a whole number of cents, and every multiplier of an option is even.
    mark = Mark(twice_mid // 2, out, book.spot_cents, len(estimated), _sum(greeks), at)
    return Marked(mark, estimated)


def _sum(greeks: Sequence[tuple[float, float, float, float]]) -> Greeks:
    """Add the first to the sum of all others: in another order sums differ in their last bits."""
    delta = gamma = theta = vega = -0.0
    for one in greeks[1:]:
        delta += one[0]
        gamma += one[1]
        theta += one[2]
        vega += one[3]
    one = greeks[0]
    return Greeks(one[0] + delta, one[1] + gamma, one[2] + theta, one[3] + vega)


def _limit(instrument: Instrument, spot_cents: int) -> tuple[float, float, float, float]:
    """Return the Greeks of the limit of no volatility: delta one or zero, all others zero."""
    delta = 0.0
    if isinstance(instrument, OptionContract) and instrument.intrinsic_cents(spot_cents) > 0:
        delta = 1.0 if instrument.right is Right.CALL else -1.0
    return delta, 0.0, 0.0, 0.0


def _price_of_shares(book: Book) -> int:
    if book.spot_cents < 0:
        raise MissingDataError(
            f"Shares of {book.underlying} are held but have no known price: import chains or daily bars."
        )
    return book.spot_cents


def _spot_cents(underlying: str, view: MarketView) -> int:
    """Return the latest price known, however old; -1 where there never was one."""
    spot = view.spot(underlying)
    if spot is not None:
        return round(spot * 100)
    chain, bars = view.chain(underlying), view.bars(underlying)
    if chain is None and bars is not None and len(bars) and np.isfinite(bars.close[-1]):
        return round(float(bars.close[-1]) * 100)
    return -1 if chain is None else chain.spot_cents
