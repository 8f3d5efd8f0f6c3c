"""Alpaca as a broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from strikewise.adapters.brokers.alpaca_account import preview_of
from strikewise.adapters.brokers.alpaca_answers import Update, read_one
from strikewise.adapters.brokers.alpaca_desk import AlpacaDesk
from strikewise.adapters.brokers.alpaca_fills import Fills, KnownOrders
from strikewise.adapters.brokers.alpaca_orders import MAX_LEGS
from strikewise.adapters.brokers.alpaca_pace import A_MINUTE, Pace, RealTime, Timer
from strikewise.adapters.brokers.alpaca_reads import AlpacaReads
from strikewise.adapters.brokers.alpaca_statement import AlpacaStatement
from strikewise.adapters.brokers.alpaca_stream import AlpacaStream, Message
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.adapters.brokers.alpaca_wire import AlpacaWire
from strikewise.domain.brokerage import (
    AccountReport,
    Activity,
    Capabilities,
    Health,
    HeldReport,
    OrderReport,
    Page,
    Preview,
)
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import (
    Accepted,
    BrokerEvent,
    Execution,
    Known,
    Order,
    StreamGap,
    SubmitAnswer,
    Unknown,
)
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.planner import BOT
from strikewise.market.clock import Clock

__all__ = ["ALPACA_FEES", "AlpacaBroker", "Patience"]

CAPABILITIES = Capabilities("alpaca", max_legs=MAX_LEGS, mixes_shares=False)
ALPACA_FEES = FeeSchedule(commission_cents=0.0, assignment_cents=0)
"""What Alpaca charges, the day after: no commission, and the fees it passes on."""
SKEW_EVERY, PROBE_EVERY = 60.0, 10.0
"""Seconds between two looks at the vendor's clock, which show that it answers while the stream is gone."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the vendor, in seconds.

    Attributes
    ----------
    connect, read : float
        For a line, and for each part of an answer.
    stream : float
        Until the stream sends, when it is opened.
    silence : float
        Until the stream says something of an order that was accepted.
    again : float
        At least, before a stream that was cut is opened again.
    """

    connect: float = 5.0
    read: float = 15.0
    stream: float = 10.0
    silence: float = 15.0
    again: float = 1.0


class AlpacaBroker:
    """An account at Alpaca: fills come leg by leg, fees and ends of options the day after, as activities.

    Parameters
    ----------
    key, secret : str
        The account's key.
    url, stream_url : str
        Addresses of the trading interface, without the version, and of its stream, whole.
    clock : Clock
        The time.
    account_id : str
        The only account that may be worked with: the vendor's id or number of it; empty accepts any.
    prefix : str
        What the ids of our orders begin with.
    underlyings : iterable of str
        Symbols that are traded: which dots option symbols left out.
    begin : datetime, optional
        Nothing that was booked before is told as a fill or activity.
    timer : Timer, optional
        Durations; those of the real world if None.
    requests_a_minute : int
        How fast the vendor may be asked.
    patience : Patience, optional
        How long to wait for the vendor.

    Raises
    ------
    SettingsError
        If the vendor's kit is not installed.
    """

    def __init__(
        self,
        key: str,
        secret: str,
        *,
        url: str,
        stream_url: str,
        clock: Clock,
        account_id: str = "",
        prefix: str = f"{BOT}-",
        underlyings: Iterable[str] = (),
        begin: datetime | None = None,
        timer: Timer | None = None,
        requests_a_minute: int = A_MINUTE,
        patience: Patience | None = None,
    ) -> None:
        self._clock, self._timer = clock, timer or RealTime()
        self._patience = patience or Patience()
        symbols, self._orders = Symbols(underlyings), KnownOrders(prefix)
        self._fills = Fills(self._orders, symbols)
        self._wire = AlpacaWire(
            "trading",
            key,
            secret,
            url,
            clock=clock,
            timer=self._timer,
            pace=Pace(self._timer, requests_a_minute),
            connect_seconds=self._patience.connect,
            read_seconds=self._patience.read,
        )
        self._reads = AlpacaReads(
            self._wire,
            clock=clock,
            symbols=symbols,
            orders=self._orders,
            account_id=account_id,
        )
        self._statement = AlpacaStatement(
            self._reads, clock=clock, symbols=symbols, orders=self._orders, fills=self._fills, begin=begin
        )
        self._desk = AlpacaDesk(self._wire, reads=self._reads, symbols=symbols, orders=self._orders)
        self._stream = AlpacaStream(key, secret, stream_url, clock=clock, again_seconds=self._patience.again)
        self._unheard: dict[str, float] = {}
        self._skew: float | None = None
        self._skew_asked = float("-inf")

    # --- the connection ---------------------------------------------------------------------------------

    def connect(self) -> Health:
        """Make sure of the account, listen to the stream, and say whether that succeeded."""
        problem = self._reads.problem()
        if not problem:
            self._stream.open(self._patience.stream)
        return self.health()

    def close(self) -> None:
        """Stop listening, and let go of connections."""
        self._stream.close()
        self._wire.close()
        self._skew, self._skew_asked = None, self._timer.monotonic()

    def health(self) -> Health:
        """Say whether orders can be sent, and whether events arrive; the clocks are compared now and then."""
        problem, silence = self._reads.problem(), self._stream.problem
        if not problem:
            if self._timer.monotonic() - self._skew_asked >= (PROBE_EVERY if silence else SKEW_EVERY):
                self._skew, self._skew_asked = self._reads.skew_seconds(), self._timer.monotonic()
            problem = silence if self._skew is None else ""  # where neither of the two lines stands
        return Health(not problem, problem or silence, self._stream.last_at, self._skew, not silence)

    def capabilities(self) -> Capabilities:
        """Return what Alpaca can do."""
        return CAPABILITIES

    def events(self) -> Sequence[BrokerEvent]:
        """Return what the stream told since the last call, and where it may have missed something."""
        found: list[BrokerEvent] = []
        for came in self._stream.take():
            found += [came] if isinstance(came, StreamGap) else self._meaning(came)
        return found + self._silences()

    def _silences(self) -> list[BrokerEvent]:
        """Find orders of which the stream should have said something by now."""
        now = self._timer.monotonic()
        silent = [name for name, until in self._unheard.items() if now >= until]
        if not silent:
            return []
        self._unheard = {name: until for name, until in self._unheard.items() if now < until}
        self._stream.reopen()
        return [StreamGap(f"the stream says nothing of {', '.join(silent)}", self._clock.now())]

    def _meaning(self, message: Message) -> list[BrokerEvent]:
        update = read_one(Update, message.data)
        if update is None:
            return [StreamGap("the stream sent an update that cannot be read", message.received_at)]
        told = self._fills.told(update, message.received_at)
        self._unheard.pop(self._orders.owner(update.order.id) or "", None)
        return told

    # --- reads ------------------------------------------------------------------------------------------

    def account(self) -> Known[AccountReport] | Unknown:
        """Return the account."""
        return self._reads.account()

    def positions(self) -> Known[tuple[HeldReport, ...]] | Unknown:
        """Return what is held."""
        return self._reads.positions()

    def open_orders(self) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return the orders that may still fill."""
        return self._reads.open_orders()

    def order(self, order_id: str) -> Known[OrderReport | None] | Unknown:
        """Return an order by its sender's id."""
        return self._reads.order(order_id)

    def orders_since(self, since: datetime) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return all orders submitted at or after an instant."""
        return self._reads.orders_since(since)

    def fills_since(self, cursor: str) -> Known[Page[Execution]] | Unknown:
        """Return the fills of our orders after a cursor, leg by leg."""
        return self._statement.fills_since(cursor)

    def activities_since(self, cursor: str) -> Known[Page[Activity]] | Unknown:
        """Return settlements, cash flows and splits after a cursor."""
        return self._statement.activities_since(cursor)

    def preview(self, order: Order) -> Known[Preview] | Unknown:
        """Say what level, buying power, holdings and restrictions of the account hold against an order."""
        account, held = self._reads.account(), self._reads.positions()
        if isinstance(account, Unknown):
            return account
        if isinstance(held, Unknown):
            return held
        quantities = {one.instrument: one.quantity for one in held.value}
        return Known(preview_of(order, account.value, quantities), account.as_of)

    # --- orders -----------------------------------------------------------------------------------------

    def submit(self, order: Order) -> SubmitAnswer:
        """Hand over an order, good for the session."""
        answer = self._desk.submit(order)
        if isinstance(answer, Accepted) and self._stream.listens:
            self._unheard.setdefault(order.order_id, self._timer.monotonic() + self._patience.silence)
        return answer

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:
        """Ask to put an order of another limit in the place of a working one."""
        return self._desk.replace(order_id, replacement)

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Ask to cancel an order."""
        return self._desk.cancel(order_id)

    def cancel_all(self) -> SubmitAnswer:
        """Ask to cancel every open order of ours."""
        return self._desk.cancel_all()

    def exercise(self, contract: OptionContract, quantity: int) -> SubmitAnswer:
        """Ask to exercise all contracts of one kind that are held long."""
        return self._desk.exercise(contract, quantity)

    def do_not_exercise(self, contract: OptionContract) -> SubmitAnswer:
        """Ask that a contract held long is not exercised at expiration."""
        return self._desk.do_not_exercise(contract)
