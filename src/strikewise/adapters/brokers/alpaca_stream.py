"""Alpaca's stream of trade updates, listened to in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Condition, Event, Thread
from typing import Any

from strikewise.domain.errors import SettingsError
from strikewise.domain.orders import StreamGap
from strikewise.market.clock import Clock

__all__ = ["AlpacaStream", "Message"]

STREAM = "trade_updates"
PINGS = {"ping_interval": 10, "ping_timeout": 20, "max_queue": 1024, "open_timeout": 10, "close_timeout": 2}
"""A line that answers no ping for 20 s is cut, and opened again."""
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Message:
    """An update as it came."""

    data: Any
    received_at: datetime


@dataclass(slots=True)
class _Line:
    """The state of the line, shared by the thread that listens and the one that asks."""

    clock: Clock
    came: SimpleQueue[Message | StreamGap] = field(default_factory=SimpleQueue)
    listening: Event = field(default_factory=Event)
    lock: Condition = field(default_factory=Condition)
    last_at: datetime | None = None
    problem: str = "the stream was not opened"
    opened: int = 0
    updates: int = 0

    def heard(self, message: Any) -> bool:
        """Take a message of the line, and return whether the line is of use."""
        now = self.clock.now()
        with self.lock:
            self.last_at = now
        said = message if isinstance(message, dict) else {}
        data = said.get("data")
        match said.get("stream"):
            case "trade_updates":
                self.came.put(Message(data, now))
                with self.lock:
                    self.updates += 1
                    self.lock.notify_all()
            case "listening":
                streams = data.get("streams") if isinstance(data, dict) else None
                return self._confirmed(isinstance(streams, list) and STREAM in streams)
            case "authorization":
                if not (isinstance(data, dict) and data.get("status") == "authorized"):
                    self.lost("the stream refused the key")
            case _:
                error = data.get("error_message") if isinstance(data, dict) else None
                if said.get("action") == "error" or error:
                    self.lost(f"the stream reported an error: {error}")
        return True

    def _confirmed(self, listens: bool) -> bool:
        if not listens:
            self.lost("the stream does not send trade updates")
            return False
        with self.lock:
            self.problem, self.opened = "", self.opened + 1
            again = self.opened > 1
        if again:
            self.came.put(
                StreamGap("the stream began anew: what it told meanwhile is lost", self.clock.now())
            )
        self.listening.set()
        return True

    def unread(self) -> None:
        """Note that a message could not be read."""
        self.came.put(StreamGap("the stream sent what is no JSON", self.clock.now()))

    def lost(self, problem: str) -> None:
        """Note that nothing arrives any more, and why."""
        with self.lock:
            self.problem = problem
        if self.listening.is_set():
            self.listening.clear()
            self.came.put(StreamGap(problem, self.clock.now()))


class AlpacaStream:
    """The stream of an account; opens itself again after a cut.

    Nothing that happened during a cut is told afterwards: each cut, and each new beginning, is a
    `StreamGap`.

    Parameters
    ----------
    key, secret : str
        The account's key.
    url : str
        The whole address, ``wss://…/stream``.
    clock : Clock
        The time.
    again_seconds : float
        How long to wait at least before the stream is opened again; each failure doubles it, up to 30 s.
    """

    def __init__(self, key: str, secret: str, url: str, *, clock: Clock, again_seconds: float = 1.0) -> None:
        self._key, self._secret, self._url = key, secret, url
        self._again_seconds = again_seconds
        self._line = _Line(clock)
        self._kit: Any = None
        self._thread: Thread | None = None

    @property
    def problem(self) -> str:
        """Why nothing arrives; empty where the vendor confirmed that it sends."""
        return "" if self._line.listening.is_set() else self._line.problem

    @property
    def listens(self) -> bool:
        """Whether the vendor confirmed that it sends, and the line stands."""
        return self._line.listening.is_set()

    @property
    def last_at(self) -> datetime | None:
        """When the stream last said anything."""
        with self._line.lock:
            return self._line.last_at

    def open(self, seconds: float) -> bool:
        """Listen, and return whether the vendor confirmed it within some seconds.

        Raises
        ------
        SettingsError
            If the kit is not installed.
        """
        if self._thread is None or not self._thread.is_alive():
            self._line.problem = "the stream has not answered yet"
            self._kit = _open_kit(self._key, self._secret, self._url, self._line)
            self._kit._reconnect_min_backoff = self._again_seconds  # noqa: SLF001
            self._thread = Thread(target=self._kit.run, name="alpaca-stream", daemon=True)
            self._thread.start()
        return self._line.listening.wait(seconds)

    def take(self) -> list[Message | StreamGap]:
        """Return what came since the last call, oldest first."""
        found: list[Message | StreamGap] = []
        while True:
            try:
                found.append(self._line.came.get_nowait())
            except Empty:
                return found

    def wait_for(self, updates: int, seconds: float) -> int:
        """Wait until so many updates came in all, but no longer than some seconds; return how many did."""
        line = self._line
        with line.lock:
            line.lock.wait_for(lambda: line.updates >= updates, seconds)
            return line.updates

    def reopen(self) -> None:
        """Cut a line that stands and says nothing: it is opened again."""
        kit = self._kit
        if kit is not None and kit._loop is not None and kit._loop.is_running() and kit._ws is not None:  # noqa: SLF001
            asyncio.run_coroutine_threadsafe(kit._ws.close(), kit._loop)  # noqa: SLF001

    def close(self) -> None:
        """Stop listening."""
        thread, kit = self._thread, self._kit
        self._thread = self._kit = None
        if thread is None:
            return
        self._line.listening.clear()
        self._line.problem = "the stream was closed"
        loop = kit._loop  # noqa: SLF001
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(_stop(kit), loop)
        thread.join(STOP_SECONDS)


async def _stop(kit: Any) -> None:
    """End the kit's loop now: by itself it looks for a stop only every five seconds."""
    await kit.stop_ws()
    if kit._ws is not None:  # noqa: SLF001
        await kit._ws.close()  # noqa: SLF001


def _open_kit(key: str, secret: str, url: str, line: _Line) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a library below the kit
            from alpaca.trading.stream import TradingStream
    except ImportError as error:
        raise SettingsError(
            "Alpaca's kit is not installed: add it with `pip install 'strikewise[alpaca]'`."
        ) from error

    kit_class: Any = TradingStream
    logging.getLogger("alpaca").addHandler(logging.NullHandler())  # it reports each cut, also ours

    async def dispatch(kit: Any, message: dict[str, Any]) -> None:
        if not line.heard(message):
            await kit._ws.close()  # noqa: SLF001

    async def start(kit: Any) -> None:
        try:
            await kit_class._start_ws(kit)  # noqa: SLF001
        except Exception as error:
            line.lost(f"the stream could not be opened: {type(error).__name__}")
            raise

    async def consume(kit: Any) -> None:
        try:
            await kit_class._consume(kit)  # noqa: SLF001
        except ValueError:
            line.unread()
            raise

    async def close(kit: Any) -> None:
        if kit._should_run:  # noqa: SLF001
            line.lost("the stream was cut")
        await kit_class.close(kit)

    hooks = {"_dispatch": dispatch, "_start_ws": start, "_consume": consume, "close": close}
    heard = type("Heard", (kit_class,), hooks)
    kit = heard(key, secret, raw_data=True, url_override=url, websocket_params=dict(PINGS))
    kit.subscribe_trade_updates(_ignore)
    return kit


async def _ignore(_update: Any) -> None:
    """Stand in for the kit's handler: messages are taken before it is asked."""
