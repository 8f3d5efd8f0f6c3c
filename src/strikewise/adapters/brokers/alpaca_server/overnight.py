"""What an account shows on the day after: ends of options, cash without trades, splits, fees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from strikewise.adapters.brokers.alpaca_server.book import Book
from strikewise.adapters.brokers.alpaca_server.diary import (
    Diary,
    Entry,
    flow_entries,
    settlement_entries,
    split_entries,
)
from strikewise.adapters.brokers.alpaca_server.wire import identifier
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import CashFlow, FlowKind, SettlementReport, SplitReport
from strikewise.market.calendar import NEW_YORK

__all__ = ["Overnight", "morning_after"]

Happening = SettlementReport | CashFlow | SplitReport


def morning_after(at: datetime) -> datetime:
    """Return the midnight in New York after an instant."""
    return datetime.combine(at.astimezone(NEW_YORK).date() + timedelta(days=1), time.min, NEW_YORK)


class Overnight:
    """Keep what happened until the account shows it.

    Parameters
    ----------
    book : Book
        The account shown.
    diary : Diary
        Its activities.
    """

    def __init__(self, book: Book, diary: Diary) -> None:
        self._book, self._diary = book, diary
        self._waiting: list[tuple[datetime, Happening]] = []
        self._fees: dict[date, int] = {}

    @property
    def accrued_cents(self) -> int:
        """Fees that were not charged yet."""
        return sum(self._fees.values())

    def charge(self, cents: int, at: datetime) -> None:
        """Take note of the fees of a fill: a day's are charged on the next."""
        if cents:
            day = at.astimezone(NEW_YORK).date()
            self._fees[day] = self._fees.get(day, 0) + cents

    def defer(self, event: Happening) -> None:
        """Keep an event until the day after it."""
        self._waiting.append((morning_after(event.at), event))

    def show(self, now: datetime) -> None:
        """Book and write down what is due by an instant."""
        for day in [one for one in self._fees if morning_after(_noon(one)) <= now]:
            fee = CashFlow(identifier("fees", day), FlowKind.FEE, "", "", self._fees.pop(day), _noon(day))
            self.book(fee)
        due = [event for at, event in self._waiting if at <= now]
        self._waiting = [(at, event) for at, event in self._waiting if at > now]
        for event in due:
            self.book(event)

    def book(self, event: Happening) -> None:
        """Book and write down an event at once."""
        for entry in self._entries(event):
            self._diary.write(entry)

    def _entries(self, event: Happening) -> Sequence[Entry]:
        book = self._book
        book.cash_cents -= event.cash_cents
        if isinstance(event, SettlementReport):
            book.move(event.contract, -event.quantity, 0)
            if event.shares:
                book.move(Stock(event.contract.underlying), event.shares, event.contract.strike_milli // 10)
            self.charge(event.fees_cents, event.at)
            return settlement_entries(event)
        if isinstance(event, SplitReport):
            before = book.of(event.symbol)
            book.split(event.symbol, event.numerator, event.denominator)
            return split_entries(event, before, book.of(event.symbol))
        return flow_entries(event)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), NEW_YORK)
