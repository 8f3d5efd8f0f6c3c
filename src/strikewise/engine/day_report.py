"""What a session came to, in a few lines for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from strikewise.domain.control import FaultNoted, TradingState, TradingStateChanged
from strikewise.domain.events import AccountValued, OrderDenied, OrderFilled, OrderPlaced, SignalDenied
from strikewise.domain.money import format_cents
from strikewise.domain.orders import Order, Purpose
from strikewise.portfolio.ledger import Record
from strikewise.risk.track import Track

__all__ = ["DAY_REPORT", "DayReport", "report_of", "won_on"]

DAY_REPORT = "DAY_REPORT"
"""Code of the alert that carries it."""

MOST_CODES = 5


@dataclass(frozen=True, slots=True)
class DayReport:
    """A session.

    Attributes
    ----------
    day : date
        Which.
    equity_cents, profit_cents : int or None
        Worth at its end, and won since the end of the session before (of the first one: on what was paid in),
        both at exit prices; None where it was not valued.
    positions : int
        Open at its end.
    opened, closed, fills : int
        Orders that opened and closed, in part at least, and fills.
    vain : int
        Orders that came to nothing, halted ones among them; all attempts of one are one.
    denials : tuple of (str, int)
        Codes by which most was refused, most often first.
    faults : int
        What went wrong around it.
    state : TradingState
        What may be sent at its end.
    """

    day: date
    equity_cents: int | None
    profit_cents: int | None
    positions: int
    opened: int
    closed: int
    fills: int
    vain: int
    denials: tuple[tuple[str, int], ...]
    faults: int
    state: TradingState

    def text(self) -> str:
        """Return it as a sentence or two."""
        worth = "It was not valued"
        if self.equity_cents is not None:
            worth = f"At exit prices the account is worth {format_cents(self.equity_cents)}"
            if self.profit_cents is not None:
                worth += f" ({format_cents(self.profit_cents, sign=True)} on the day)"
        did = (
            f"{self.positions} positions are open; {self.opened} orders opened and {self.closed} closed, "
            f"with {self.fills} fills"
        )
        if self.vain:
            did += f", and {self.vain} came to nothing"
        refused = ", ".join(f"{code} {count}" for code, count in self.denials)
        said = f"{self.day.isoformat()}: {worth}. {did}."
        if refused:
            said += f" Refused: {refused}."
        if self.faults:
            said += f" {self.faults} faults were noted."
        if self.state is not TradingState.ACTIVE:
            said += f" Trading is {self.state.value}."
        return said


def report_of(
    day: date, records: Iterable[Record], profit_cents: int | None, state: TradingState
) -> DayReport:
    """Return what a session came to.

    Parameters
    ----------
    day : date
        Which.
    records : iterable of Record
        Its facts.
    profit_cents : int or None
        What the account won, at exit prices.
    state : TradingState
        What may be sent at its end.
    """
    equity: int | None = None
    positions = fills = faults = 0
    orders = _Orders()
    denials: Counter[str] = Counter()
    for record in records:
        match record.event:
            case AccountValued() as valued:
                equity, positions = valued.equity_exit_cents, valued.open_positions
            case OrderPlaced(order=order):
                orders.place(order)
            case OrderFilled(execution=execution):
                fills += 1
                orders.fill(execution.order_id)
            case SignalDenied(code=code) | OrderDenied(code=code):
                denials[str(code)] += 1
            case FaultNoted():
                faults += 1
            case TradingStateChanged(state=changed):
                state = changed
            case _:
                pass
    most = tuple(denials.most_common(MOST_CODES))
    opened, closed = orders.filled(Purpose.OPEN), orders.filled(Purpose.CLOSE)
    vain = orders.vain()
    return DayReport(day, equity, profit_cents, positions, opened, closed, fills, vain, most, faults, state)


def won_on(day: date, track: Track, paid_in_cents: int) -> int | None:
    """Return what an account won on a day, cents at exit prices: on its first one of all that was paid in.

    Parameters
    ----------
    day : date
        Which, in New York.
    track : Track
        Equity of late.
    paid_in_cents : int
        Of the account until now.
    """
    last = track.day
    if last is None or last.day != day:
        return None
    return last.last_exit - (paid_in_cents if track.first_day == day else last.start_exit)


class _Orders:
    """The orders of a day by their first attempts, and whether any attempt filled."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._purposes: dict[str, Purpose] = {}
        self._filled: set[str] = set()

    def place(self, order: Order) -> None:
        first = self._first.get(order.replaces, order.order_id)
        self._first[order.order_id] = first
        self._purposes.setdefault(first, order.purpose)

    def fill(self, order_id: str) -> None:
        self._filled.add(self._first.get(order_id, order_id))

    def filled(self, purpose: Purpose) -> int:
        return sum(one is purpose and name in self._filled for name, one in self._purposes.items())

    def vain(self) -> int:
        return len(self._purposes.keys() - self._filled)
