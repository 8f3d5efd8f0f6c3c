"""What each kind of fact says to a person, in a line and in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from strikewise.adapters.alerts.alert import Button, Level
from strikewise.adapters.alerts.wording import fill_text, pairs_text
from strikewise.domain.control import (
    AlertRaised,
    BreakerReset,
    BreakerTripped,
    FaultNoted,
    ProcessStarted,
    ProcessStopped,
    RequestMet,
    SettingsApplied,
    SymbolFrozen,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import (
    OptionSettled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderUnresolved,
)
from strikewise.domain.money import format_cents
from strikewise.domain.orders import Order
from strikewise.domain.reconciled import DifferenceFound, ExecutionReversed, ReconciliationFailed
from strikewise.portfolio.ledger import Record

__all__ = ["CODES", "RECURRING", "SAYINGS", "Saying"]

Orders = Mapping[str, Order]

CODES: Mapping[str, tuple[Level, str]] = {
    "SIGNAL_ORDERED": (Level.INFO, "A signal passed the gate and became an order."),
    "SIGNAL_DENIED": (Level.INFO, 'The gate refused a signal; told only with `signals = "all"`.'),
    "SIGNAL_OFFERED": (Level.INFO, "A signal passed the gate and waits for a person to take it."),
    "SIGNAL_EXPIRED": (Level.INFO, "Nobody took a signal in time that was offered."),
    "SIGNAL_SEEN": (Level.INFO, 'A signal that nobody has decided upon; told only with `signals = "all"`.'),
    "FILLED": (Level.INFO, "A broker filled an order, whole or in part."),
    "FILL_REVERSED": (Level.WARNING, "A broker took back a fill."),
    "TRADE_CLOSED": (Level.INFO, "Nothing is left of a position: what it came to."),
    "TRADE_LOST": (Level.WARNING, "The same, where it lost at least `loss_warns` of what was at stake."),
    "ASSIGNED": (Level.WARNING, "A short option was assigned."),
    "ORDER_REJECTED": (Level.WARNING, "A broker refused an order."),
    "ORDER_UNRESOLVED": (Level.WARNING, "Nobody knows yet whether a broker has an order."),
    "EXIT_DENIED": (Level.WARNING, "The gate refused an order that closes or adjusts."),
    "STATE_HALTED": (Level.CRITICAL, "Nothing but cancels is sent."),
    "STATE_REDUCING": (Level.WARNING, "Only what closes or reduces is sent."),
    "STATE_ACTIVE": (Level.INFO, "Everything the gate lets pass is sent again."),
    "BREAKER": (Level.WARNING, "A breaker stops new risk of a kind."),
    "BREAKER_ACCOUNT": (Level.CRITICAL, "A breaker stops new risk of the whole account."),
    "BREAKER_RESET": (Level.INFO, "A breaker was taken back."),
    "DIFFERENCE": (Level.WARNING, "Ours and the broker's differ."),
    "RECONCILIATION_FAILED": (Level.WARNING, "The broker's side could not be seen."),
    "FROZEN": (Level.WARNING, "Nothing new is traded on an underlying until a person has looked."),
    "FAULT": (Level.WARNING, "Something around the loop went wrong."),
    "STARTED": (Level.INFO, "A process became the writer of the ledger."),
    "STOPPED": (Level.INFO, "The writer stopped on purpose."),
    "SETTINGS": (Level.INFO, "Other settings are in force from now on."),
    "LOGIN_FAILED": (Level.INFO, "Somebody gave a wrong name or password at the page or the API."),
    "LOGIN_TRIES": (Level.WARNING, "There were so many wrong tries to log in that the next ones must wait."),
    "LOGIN_MADE": (Level.WARNING, "Somebody may log in who could not before, or has a new password."),
    "TOKEN_MADE": (Level.WARNING, "A token was made: whoever has it may do what its scope allows."),
    "DANGER_SAVED": (Level.WARNING, "Settings were saved by which more may be lost."),
    "BOOKS": (Level.WARNING, "A fact cannot be booked here, so that outcomes of trades are not told."),
    "LEDGER_REPLACED": (
        Level.WARNING,
        "Another ledger is in the place of the one that was told.",
    ),
    "UNWORDED": (Level.WARNING, "A fact could not be put into words; the ledger has it."),
    "REQUEST_MET": (Level.INFO, "The loop did what somebody asked for."),
    "REQUEST_REFUSED": (Level.WARNING, "The loop did not do what somebody asked for, and why."),
}
"""Every kind of alert that facts and the door of a server make, with its usual level.

`AlertRaised` brings its own code and level.
"""

RECURRING = (AlertRaised, BreakerTripped, DifferenceFound, FaultNoted, OrderDenied, ReconciliationFailed)
"""Facts that may come again and again about the same matter."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One alert of a fact, before it has an id.

    Attributes
    ----------
    code, title, text, buttons
        As in `strikewise.adapters.alerts.alert.Alert`.
    level : Level or None
        Where it is another than the code's usual one.
    cash_cents : int or None
        Cash that a fill moved.
    about : str
        What tells it from others of its code and title, which are of another matter then.
    """

    code: str
    title: str
    text: str = ""
    buttons: tuple[Button, ...] = ()
    level: Level | None = None
    cash_cents: int | None = None
    about: str = ""


def _filled(record: Record, orders: Orders) -> Iterator[Saying]:
    assert isinstance(record.event, OrderFilled)
    execution = record.event.execution
    order = orders.get(execution.order_id)
    cash = abs(sum(leg.cost_cents for leg in execution.legs))
    if order is not None:
        whole = "" if execution.quantity == order.quantity else "in part "
        title = f"{order.strategy} filled {whole}to {order.purpose}: {order.structure.describe()}"
        yield Saying("FILLED", title, fill_text(execution, order), cash_cents=cash)


def _reversed(record: Record, orders: Orders) -> Iterator[Saying]:
    event = record.event
    assert isinstance(event, ExecutionReversed)
    yield Saying("FILL_REVERSED", f"A fill of {_called(event.order_id, orders)} was taken back", event.reason)


def _settled(record: Record, _: Orders) -> Iterator[Saying]:
    assert isinstance(record.event, OptionSettled)
    report = record.event.report
    if report.outcome == "assigned":
        cash = format_cents(-report.cash_cents, sign=True)
        yield Saying(
            "ASSIGNED",
            f"{report.quantity:+d} {report.contract} assigned",
            pairs_text(
                ("Settled at", format_cents(report.settlement_cents)),
                ("Cash", cash),
                ("Shares", f"{report.shares:+d}" if report.shares else ""),
                ("Position", report.position_id),
                ("Why early", report.rule),
            ),
        )


def _order_trouble(record: Record, orders: Orders) -> Iterator[Saying]:
    match record.event:
        case OrderRejected(order_id=name, code=code, text=text):
            yield Saying(
                "ORDER_REJECTED", f"Refused by the broker: {_called(name, orders)}", f"{code}: {text}"
            )
        case OrderUnresolved(order_id=name, reason=reason):
            title = f"Nobody knows whether the broker has it: {_called(name, orders)}"
            text = f"{reason}\nIt is not sent again; the next reconciliation settles it."
            yield Saying("ORDER_UNRESOLVED", title, text)
        case OrderDenied(position_id=name, code=code, detail=detail):
            text = f"{detail}\nPosition: {name}"
            yield Saying("EXIT_DENIED", f"The gate refused an exit: {code}", text, about=name)


def _state(record: Record, _: Orders) -> Iterator[Saying]:
    event = record.event
    assert isinstance(event, TradingStateChanged)
    name = {
        TradingState.ACTIVE: "STATE_ACTIVE",
        TradingState.REDUCING: "STATE_REDUCING",
        TradingState.HALTED: "STATE_HALTED",
    }[event.state]
    text = pairs_text(
        ("By", record.actor),
        ("Numbers", event.detail),
        ("Positions", "all that may be traded are being closed" if event.flatten else ""),
        ("Taken back", "by a person only: /resume" if event.by_person else "by itself"),
    )
    halted = event.state is not TradingState.ACTIVE
    buttons = (Button("Resume", ("resume",)),) if halted and event.by_person else ()
    yield Saying(name, f"Trading is {event.state}: {event.reason}", text, buttons)


def _breaker(record: Record, _: Orders) -> Iterator[Saying]:
    match record.event:
        case BreakerTripped(breaker=name, scope=scope, until=until, detail=detail):
            ends = "when a person resumes" if until is None else f"{until:%Y-%m-%d %H:%M} UTC"
            code = "BREAKER_ACCOUNT" if scope == "account" else "BREAKER"
            text = pairs_text(("Stops", scope), ("Until", ends), ("Numbers", detail))
            yield Saying(code, f"Breaker {name} holds for {scope}", text, about=ends)
        case BreakerReset(breaker=name, scope=scope, reason=reason):
            yield Saying("BREAKER_RESET", f"Breaker {name} for {scope} was taken back", reason)


def _reconciliation(record: Record, _: Orders) -> Iterator[Saying]:
    match record.event:
        case DifferenceFound() as one:
            text = pairs_text(
                ("Ours", one.ours), ("Broker's", one.theirs), ("Done", one.action), ("Why", one.reason)
            )
            title, sides = f"Ours and the broker's differ: {one.what}", f"{one.ours}|{one.theirs}"
            yield Saying("DIFFERENCE", title, text, about=sides)
        case ReconciliationFailed(reason=reason):
            yield Saying("RECONCILIATION_FAILED", "The broker's side could not be seen", reason)


def _process(record: Record, _: Orders) -> Iterator[Saying]:
    match record.event:
        case ProcessStarted(holder=holder, version=version, broker=broker, feed=feed):
            text = pairs_text(("Process", holder), ("Version", version), ("Feed", feed))
            yield Saying("STARTED", f"Trading process started, through {broker}", text)
        case ProcessStopped(reason=reason):
            yield Saying("STOPPED", "Trading process stopped", reason)


def _trouble(record: Record, _: Orders) -> Iterator[Saying]:
    match record.event:
        case AlertRaised(level=level, code=code, text=text):
            known = level if level in set(Level) else Level.WARNING
            yield Saying(code, _first_sentence(text), text, level=Level(known))
        case FaultNoted(source=source, code=code, detail=detail, symbol=symbol):
            where = f" of {symbol}" if symbol else ""
            yield Saying("FAULT", f"Fault at the {source}{where}: {code}", detail)
        case SymbolFrozen(symbol=symbol, reason=reason):
            yield Saying("FROZEN", f"{symbol} is frozen until a person has looked", reason)


def _met(record: Record, _: Orders) -> Iterator[Saying]:
    event = record.event
    assert isinstance(event, RequestMet)
    code, what = ("REQUEST_MET", "done") if event.done else ("REQUEST_REFUSED", "not done")
    yield Saying(code, f"Request {event.request} was {what}", event.outcome)


def _settings(record: Record, _: Orders) -> Iterator[Saying]:
    event = record.event
    assert isinstance(event, SettingsApplied)
    text = pairs_text(
        ("Changed", ", ".join(event.changes)),
        ("By", record.actor),
        ("Wait for a restart", ", ".join(event.restart)),
    )
    yield Saying("SETTINGS", f"{len(event.changes)} settings changed while it trades", text)


def _called(order_id: str, orders: Orders) -> str:
    order = orders.get(order_id)
    return order_id if order is None else f"order to {order.purpose} {order.structure.describe()}"


def _first_sentence(text: str) -> str:
    sentence, dot, _ = text.partition(". ")
    return sentence + dot.strip()


SAYINGS: Mapping[type, Callable[[Record, Orders], Iterator[Saying]]] = {
    AlertRaised: _trouble,
    BreakerReset: _breaker,
    BreakerTripped: _breaker,
    DifferenceFound: _reconciliation,
    ExecutionReversed: _reversed,
    FaultNoted: _trouble,
    OptionSettled: _settled,
    OrderDenied: _order_trouble,
    OrderFilled: _filled,
    OrderRejected: _order_trouble,
    OrderUnresolved: _order_trouble,
    ProcessStarted: _process,
    ProcessStopped: _process,
    ReconciliationFailed: _reconciliation,
    RequestMet: _met,
    SettingsApplied: _settings,
    SymbolFrozen: _trouble,
    TradingStateChanged: _state,
}
