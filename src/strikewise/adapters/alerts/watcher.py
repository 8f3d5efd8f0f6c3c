"""Which facts a person hears of: a fold over the ledger, and the alerts of the facts that are new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from strikewise.adapters.alerts.alert import Alert, Button, Level
from strikewise.adapters.alerts.rules import Rules, Signals
from strikewise.adapters.alerts.sayings import CODES, RECURRING, SAYINGS, Saying
from strikewise.adapters.alerts.wording import outcome_text, signal_text, signal_title
from strikewise.domain.answered import SignalExpired, SignalOffered, SignalTaken
from strikewise.domain.control import BreakerReset, BreakerTripped
from strikewise.domain.errors import StrikewiseError
from strikewise.domain.events import OrderPlaced, RunStarted, SignalDenied, SignalGenerated
from strikewise.domain.money import format_cents
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.signals import Signal
from strikewise.portfolio.journal import JournalKeeper
from strikewise.portfolio.ledger import Record
from strikewise.strategy.exit_plan import exit_plan, parameters_of

__all__ = ["Watcher"]


class Watcher:
    """Reads a ledger on, and says what a person should hear of the facts that are new.

    Parameters
    ----------
    rules : Rules
        What is told.
    parameters : mapping of str to mapping
        Parameters of each strategy by its label, for the exit plan; those a run's specification names win.
    """

    def __init__(self, rules: Rules, parameters: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self._rules, self._usual = rules, parameters or {}
        self._keeper, self._books, self._seq, self._resets = JournalKeeper(), True, 0, 0
        self._orders: dict[str, Order] = {}
        self._named: dict[str, Mapping[str, object]] = {}

    @property
    def seq(self) -> int:
        """The last fact read."""
        return self._seq

    def read(self, records: Iterable[Record], told: int = 0) -> list[Alert]:
        """Take in further facts, whole appends of them, and return their alerts in order.

        Parameters
        ----------
        records : iterable of Record
            The facts that follow `seq`.
        told : int
            Facts up to this one were told before: they are taken in and make no alerts.
        """
        batch: list[Record] = []
        for record in records:
            if record.seq <= told:
                list(self._add(record))
            else:
                batch.append(record)
        alerts: list[Alert] = []
        became = _became(batch)
        for record in batch:
            trouble = list(self._add(record))
            try:
                said = [*self._said(record, became), *self._outcomes()]
            except Exception as error:  # whatever a feature or a note holds, what comes after must be told
                kind, name = type(record.event).__name__, type(error).__name__
                text = f"{kind}: {name}. The ledger has it: see the page, or /logs."
                said = [Saying("UNWORDED", f"Fact {record.seq} could not be put into words", text)]
            alerts += self._alerts(record, [*said, *trouble])
        return alerts

    def anew(self) -> Watcher:
        """Return one with the same rules that has read nothing yet."""
        return Watcher(self._rules, self._usual)

    def replaced(self, last: int, told: int, at: datetime) -> list[Alert]:
        """Return what a person is told where the fact that was told last is in the ledger no more.

        Parameters
        ----------
        last, told : int
            That fact, and up to which one of the ledger that is there now nothing is told.
        at : datetime
            The present instant.
        """
        code = "LEDGER_REPLACED"
        level = self._rules.level_of(code, CODES[code][0])
        title = f"Another ledger is in place; alerts go on with its fact {told + 1:,}"
        text = (
            f"Fact {last:,}, which was told last, is not in it: a backup was put back, or another. All "
            "that was written since is told. Compare it with the broker: `strikewise reconcile --look`."
        )
        name = f"replaced@{round(at.timestamp() * 1_000_000)}"
        found = Alert(name, told, level, code, title, text, at)
        return [found] if self._rules.tells(code, level) else []

    def _said(self, record: Record, became: _Became) -> Iterator[Saying]:
        match record.event:
            case SignalGenerated(signal=signal):
                return self._signal(signal, became)
            case SignalExpired(signal_id=name):
                return self._expired(name)
            case _:
                return self._told_by(record)

    def _add(self, record: Record) -> Iterator[Saying]:
        """Take in a fact; one that cannot be booked ends outcomes, and nothing else that is told."""
        self._seq = record.seq
        self._note(record)
        if not self._books:
            return
        self._keeper.changed.clear()
        try:
            self._keeper.add(record)
        except (StrikewiseError, LookupError, AssertionError) as error:
            self._books = False
            self._keeper.changed.clear()
            title = f"What trades come to is not told any more: fact {record.seq} cannot be booked"
            yield Saying("BOOKS", title, f"{type(error).__name__}: {error}")

    def _note(self, record: Record) -> None:
        match record.event:
            case OrderPlaced(order=order):
                self._orders[order.order_id] = order
            case RunStarted(spec=spec):
                self._named = parameters_of(spec)
            case BreakerReset():
                self._resets += 1

    def _told_by(self, record: Record) -> Iterator[Saying]:
        says = SAYINGS.get(type(record.event))
        for one in () if says is None else says(record, self._orders):
            if one.cash_cents is None or one.cash_cents >= self._rules.least_fill_cents:
                yield one

    def _alerts(self, record: Record, said: Iterable[Saying]) -> Iterator[Alert]:
        for number, one in enumerate(said):
            usual = one.level or CODES.get(one.code, (Level.WARNING, ""))[0]
            level = self._rules.level_of(one.code, usual)
            if self._rules.tells(one.code, level):
                written = round(record.recorded_at.timestamp() * 1_000_000)
                name = f"{record.seq}.{number}@{written}"
                at, buttons, matter = record.known_at, one.buttons, self._matter(record, one)
                yield Alert(name, record.seq, level, one.code, one.title, one.text, at, buttons, matter)

    def _matter(self, record: Record, said: Saying) -> str:
        """Return what it has in common with others about the same trouble; a reset breaker's is over."""
        if not isinstance(record.event, RECURRING):
            return ""
        resets = f"|{self._resets}" if isinstance(record.event, BreakerTripped) else ""
        return f"{said.code}|{said.title}|{said.about}{resets}"

    def _signal(self, signal: Signal, became: _Became) -> Iterator[Saying]:
        rules, wanted, name = self._rules, self._rules.signals, signal.signal_id
        order, denied = became.ordered.get(name), became.denied.get(name)
        offered, taker = became.offered.get(name), became.taken.get(name, "")
        if wanted is Signals.NONE or (wanted is Signals.ORDERED and order is None and offered is None):
            return
        if signal.probability_of_profit < rules.least_probability or signal.score < rules.least_score:
            return
        if denied is not None and taker:
            return  # whoever took it is told by the answer to the request
        answers = (Button("Take", ("take", name)), Button("Dismiss", ("dismiss", name)))
        code, buttons = "SIGNAL_SEEN", () if denied is None else answers
        if denied is not None:
            code = "SIGNAL_DENIED"
        elif offered is not None:
            code, buttons = "SIGNAL_OFFERED", answers
        elif order is not None:
            why, close = (Button("Why", ("why", order.position_id)), ("close", order.position_id))
            code, buttons = "SIGNAL_ORDERED", (why, Button("Close it", close))
        title = signal_title(signal, order, denied, offered)
        text = signal_text(signal, order, denied, self._plan(signal.strategy), offered)
        yield Saying(code, title, text + (f"\nTaken by: {taker}" if taker else ""), buttons)

    def _expired(self, name: str) -> Iterator[Saying]:
        """Tell that an offer ran out."""
        row = self._keeper.signals.get(name)
        what = (
            name if row is None else f"{row.strategy} {row.structure.replace('_', ' ')} on {row.underlying}"
        )
        legs = "" if row is None else f"{row.legs}\n"
        yield Saying("SIGNAL_EXPIRED", f"Nobody took it in time: {what}", f"{legs}Nothing was ordered.")

    def _plan(self, label: str) -> str:
        return exit_plan({**self._usual.get(label, {}), **self._named.get(label, {})})

    def _outcomes(self) -> Iterator[Saying]:
        """Tell of the trades that the last fact closed."""
        names = sorted(str(name) for table, name in self._keeper.changed if table == "trades")
        for name in names:
            if name not in self._keeper.trades or self._keeper.is_open(name):
                continue
            trade = self._keeper.trade(name)
            if trade.closed_seq != self.seq or trade.profit_cents is None:
                continue
            at_stake = trade.max_loss_cents or trade.margin_cents
            lost = at_stake > 0 and -trade.profit_cents >= self._rules.loss_warns * at_stake
            code = "TRADE_LOST" if lost else "TRADE_CLOSED"
            profit = format_cents(trade.profit_cents, sign=True)
            title = (
                f"{trade.strategy} closed {trade.structure.replace('_', ' ')} on {trade.underlying}: {profit}"
            )
            yield Saying(code, title, outcome_text(trade), (Button("Why", ("why", name)),))


@dataclass(frozen=True, slots=True)
class _Became:
    """What became of signals within the same appends, by id."""

    ordered: Mapping[str, Order]
    denied: Mapping[str, SignalDenied]
    offered: Mapping[str, SignalOffered]
    taken: Mapping[str, str]


def _became(batch: Iterable[Record]) -> _Became:
    ordered: dict[str, Order] = {}
    denied: dict[str, SignalDenied] = {}
    offered: dict[str, SignalOffered] = {}
    taken: dict[str, str] = {}
    for record in batch:
        match record.event:
            case OrderPlaced(order=order) if order.purpose is Purpose.OPEN:
                ordered[order.signal_id] = order
            case SignalDenied(signal_id=name) as event:
                denied[name] = event
            case SignalOffered(signal_id=name) as event:
                offered[name] = event
            case SignalTaken(taken_as=name):
                taken[name] = record.actor.removeprefix("person:")
            case _:
                pass
    return _Became(ordered, denied, offered, taken)
