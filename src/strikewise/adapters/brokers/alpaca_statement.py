"""What Alpaca's account activities list: fills of our orders, and what happened without an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from strikewise.adapters.brokers.alpaca_activities import (
    activities,
    booked_at,
    line_name,
    stands,
    taken_back,
)
from strikewise.adapters.brokers.alpaca_answers import ActivityAnswer
from strikewise.adapters.brokers.alpaca_cursor import Cursor
from strikewise.adapters.brokers.alpaca_fills import Fills, KnownOrders
from strikewise.adapters.brokers.alpaca_reads import MOST_PAGES, AlpacaReads, after
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.brokerage import Activity, Page
from strikewise.domain.orders import Execution, Known, Unknown
from strikewise.market.clock import Clock

__all__ = ["AlpacaStatement"]

T = TypeVar("T")

LINES_A_PAGE = 100
FILLS_OVERLAP, LINES_OVERLAP = timedelta(minutes=15), timedelta(days=3)
"""How much before the last line told is looked at again."""
ORDER_BEFORE_FILL = timedelta(days=7)
"""How long before a fill its order may have been sent: orders are good for a day, which may be the next."""


class AlpacaStatement:
    """The lines of an account, each told once.

    Parameters
    ----------
    reads : AlpacaReads
        The account.
    clock : Clock
        The time.
    symbols : Symbols
        How instruments are written.
    orders : KnownOrders
        Whose orders are whose.
    fills : Fills
        Fills under one id each.
    begin : datetime, optional
        Nothing that was booked before is told.
    """

    def __init__(
        self,
        reads: AlpacaReads,
        *,
        clock: Clock,
        symbols: Symbols,
        orders: KnownOrders,
        fills: Fills,
        begin: datetime | None,
    ) -> None:
        self._reads, self._clock, self._symbols = reads, clock, symbols
        self._orders, self._fills, self._begin = orders, fills, begin

    def fills_since(self, cursor: str) -> Known[Page[Execution]] | Unknown:
        """Return the fills of our orders after a cursor."""

        def read(fresh: Sequence[ActivityAnswer], _cursor: Cursor) -> list[Execution] | Unknown:
            missing = self._learn_orders(fresh)
            return Unknown(missing) if missing else self._fills.listed(fresh)

        return self._page(cursor, {"activity_types": "FILL"}, FILLS_OVERLAP, read)

    def activities_since(self, cursor: str) -> Known[Page[Activity]] | Unknown:
        """Return settlements, cash flows and splits after a cursor."""

        def read(fresh: Sequence[ActivityAnswer], told: Cursor) -> list[Activity]:
            back = [taken_back(line) for line in fresh if not stands(line) and told.has(line_name(line))]
            lines = [line for line in fresh if line.activity_type != "FILL"]
            return [*activities(lines, self._symbols), *filter(None, back)]

        return self._page(cursor, {"category": "non_trade_activity"}, LINES_OVERLAP, read)

    def _page(
        self,
        text: str,
        which: dict[str, Any],
        overlap: timedelta,
        read: Callable[[Sequence[ActivityAnswer], Cursor], list[T] | Unknown],
    ) -> Known[Page[T]] | Unknown:
        cursor = Cursor.read(text)
        if cursor is None:
            return Unknown(f"{text!r} is no cursor that was given out")
        since = self._begin if cursor.at is None else cursor.at - overlap
        lines = self._lines(which, None if since is None else since - overlap)
        if isinstance(lines, Unknown):
            return lines
        dated = [(line, at) for line in lines if (at := booked_at(line)) is not None]
        if len(dated) < len(lines):
            return Unknown("an activity says neither when it was booked nor for which day")
        dated = sorted(
            (pair for pair in dated if since is None or pair[1] >= since), key=lambda pair: pair[1]
        )
        fresh = [line for line, _ in dated if not cursor.has(_name(line))]
        try:
            items = read(fresh, cursor)
        except ValueError as error:
            return Unknown(str(error))
        if isinstance(items, Unknown):
            return items
        after = cursor.after(((_name(line), at) for line, at in dated), overlap)
        return Known(Page(tuple(items), after.write()), self._clock.now())

    def _learn_orders(self, lines: Sequence[ActivityAnswer]) -> str:
        """Find out whose orders were filled; return why that is not known of one of them."""

        def strangers() -> list[ActivityAnswer]:
            return [line for line in lines if self._orders.owner(line.order_id) is None]

        unknown = strangers()
        if not unknown:
            return ""
        first = min(at for line in unknown if (at := booked_at(line)) is not None)
        listed = self._reads.orders_since(first - ORDER_BEFORE_FILL)
        if isinstance(listed, Unknown):
            return listed.reason
        for order_id in sorted({line.order_id for line in strangers()}):
            if not self._reads.learn(order_id):
                return f"whose order {order_id} is, which was filled, is not known"
        return ""

    def _lines(self, which: dict[str, Any], since: datetime | None) -> tuple[ActivityAnswer, ...] | Unknown:
        """Return all lines of the account's activities from an instant on."""
        params = which | {"direction": "asc", "page_size": LINES_A_PAGE} | after(since)
        found: list[ActivityAnswer] = []
        for _ in range(MOST_PAGES):
            page = self._reads.asked("/account/activities", params, ActivityAnswer)
            if isinstance(page, Unknown):
                return page
            found += page
            if len(page) < LINES_A_PAGE:
                return tuple({_name(line): line for line in found}.values())
            params = params | {"page_token": page[-1].id}
        return Unknown(f"there are more than {len(found)} activities since {since}: name a later beginning")


def _name(line: ActivityAnswer) -> str:
    return line_name(line) if stands(line) else f"{line_name(line)}:canceled"
