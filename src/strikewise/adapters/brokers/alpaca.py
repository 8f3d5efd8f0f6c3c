"""Alpaca as a broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from strikewise.execution.planner import BOT
from strikewise.market.clock import Clock

__all__ = ["AlpacaBroker"]

CAPABILITIES = Capabilities("alpaca", max_legs=MAX_LEGS, mixes_shares=False)
SKEW_EVERY = 60.0
"""Seconds between two looks at the vendor's clock."""


class AlpacaBroker:
    """An account at Alpaca.

    Fills come leg by leg; fees and the ends of options with `activities_since`, as a rule the next morning.

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
    connect_seconds, read_seconds, stream_seconds : float
        Timeouts; the last is how long `connect` waits for the stream.
    silence_seconds : float
        How long the stream may say nothing of an order that was accepted.
    again_seconds : float
        How long to wait at least before a stream that was cut is opened again.

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
        connect_seconds: float = 5.0,
        read_seconds: float = 15.0,
        stream_seconds: float = 10.0,
        silence_seconds: float = 15.0,
        again_seconds: float = 1.0,
    ) -> None:
        self._clock, self._timer = clock, timer or RealTime()
        self._stream_seconds, self._silence_seconds = stream_seconds, silence_seconds
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
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
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
        self._stream = AlpacaStream(key, secret, stream_url, clock=clock, again_seconds=again_seconds)
        self._unheard: dict[str, float] = {}
        self._skew: float | None = None
        self._skew_asked = float("-inf")

    # --- the connection ---------------------------------------------------------------------------------

    def connect(self) -> Health:
        """Make sure of the account, listen to the stream, and say whether that succeeded."""
        problem = self._reads.problem()
        if not problem:
            self._stream.open(self._stream_seconds)
        return self.health()

    def close(self) -> None:
        """Stop listening, and let go of connections."""
        self._stream.close()
        self._wire.close()

    def health(self) -> Health:
        """Say whether orders can be sent and events arrive; the clocks are compared once a minute."""
        problem = self._reads.problem()
        if not problem:
            problem = self._stream.problem
            if self._timer.monotonic() - self._skew_asked >= SKEW_EVERY:
                self._skew, self._skew_asked = self._reads.skew_seconds(), self._timer.monotonic()
        return Health(not problem, problem, self._stream.last_at, self._skew)

    def capabilities(self) -> Capabilities:
        """Return what Alpaca can do."""
        return CAPABILITIES

    def events(self) -> Sequence[BrokerEvent]:
        """Return what the stream told since the last call, and where it may have missed something."""
        found: list[BrokerEvent] = []
        for came in self._stream.take():
            found += [came] if isinstance(came, StreamGap) else self._meaning(came)
        now = self._timer.monotonic()
        if silent := [name for name, until in self._unheard.items() if now >= until]:
            self._unheard = {name: until for name, until in self._unheard.items() if now < until}
            found.append(StreamGap(f"the stream says nothing of {', '.join(silent)}", self._clock.now()))
            self._stream.reopen()
        return found

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
        """Say what the account's level, buying power and restrictions hold against an order."""
        account = self._reads.account()
        if isinstance(account, Unknown):
            return account
        return Known(preview_of(order, account.value), account.as_of)

    # --- orders -----------------------------------------------------------------------------------------

    def submit(self, order: Order) -> SubmitAnswer:
        """Hand over an order, good for the session."""
        answer = self._desk.submit(order)
        if isinstance(answer, Accepted) and self._stream.listens:
            self._unheard.setdefault(order.order_id, self._timer.monotonic() + self._silence_seconds)
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
