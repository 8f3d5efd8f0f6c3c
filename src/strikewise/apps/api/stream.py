"""``/stream``: everything that happens, as it happens: a snapshot first, then numbered deltas."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple

from anyio import to_thread
from pydantic import TypeAdapter

from strikewise.apps.api.reading import Reader
from strikewise.service.views.account import AccountView, account_view
from strikewise.service.views.desk import Desk, PositionPicture
from strikewise.service.views.facts import FactView, fact_view
from strikewise.service.views.positions import positions_view
from strikewise.service.views.status import StatusView

__all__ = ["Hub"]

_log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
WAITS = 15
"""How often it looks whether the ledger is read, before a stream is refused."""
BEAT_SECONDS = 15.0
BACKLOG = 500
"""Events that may wait for a client that is slow; then its stream ends, and it begins again."""
MISSED = 1_000
"""Facts that are told again to a client that was away; from further back it starts from the snapshot."""
IN_VAIN = 25
"""Looks in a row that may fail before streams end: a page must not take silence for calm."""
MOST_STREAMS = 500
"""Open at a time; each holds a connection, and what its client did not read yet."""
COMMENT = b": alive\n\n"


class Told(NamedTuple):
    """An event for a client: the fact it tells and its kind, or 0 and none, and its text."""

    fact: int
    kind: str
    text: bytes


Waiting = asyncio.Queue[Told | None]
"""Events for one client; None ends its stream."""


@dataclass(frozen=True, slots=True)
class _State:
    status: StatusView
    account: AccountView
    positions: tuple[PositionPicture, ...]


_STATE, _FACT = TypeAdapter(_State), TypeAdapter(FactView)


class Hub:
    """Watches one account and tells every stream.

    Parameters
    ----------
    reader : Reader
        The account.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._streams: set[Waiting] = set()
        self._closing = asyncio.Event()
        self._seq: int | None = None
        self._seen = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._streams)

    @property
    def full(self) -> bool:
        """Whether no more may be opened."""
        return len(self._streams) >= MOST_STREAMS

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def end(self) -> None:
        """End every stream, and take no new one."""
        self._closing.set()
        self._end_all()

    async def ready(self) -> bool:
        """Return whether the ledger is read, so that a stream can begin; waits a moment for it."""
        for _ in range(WAITS):
            if self._reader.read.is_set():
                return True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LOOK_SECONDS)
        return False

    async def stop(self) -> None:
        """End every stream, and watch no more."""
        self.end()
        if self._task is not None:
            await self._task

    async def stream(
        self, last: int | None, allowed: Callable[[], bool], kinds: frozenset[str] = frozenset()
    ) -> AsyncIterator[bytes]:
        """Yield events from now on, and first what is, and what was missed.

        Parameters
        ----------
        last : int or None
            The last fact that the client knows.
        allowed : callable
            Whether the client may still listen; asked at every heartbeat.
        kinds : frozenset of str
            Of facts that are told; empty for all, and for how status, account and positions are.
        """
        queue: Waiting = asyncio.Queue(BACKLOG)
        head = await to_thread.run_sync(self._head)
        # Watched from before the snapshot: what happens meanwhile is told behind it.
        self._seq = head if self._seq is None else self._seq
        self._streams.add(queue)
        try:
            known, beginning = await to_thread.run_sync(self._beginning, last, kinds)
            for event in beginning:
                yield event
            clock = asyncio.get_running_loop().time
            beat = clock() + BEAT_SECONDS  # by the clock, however much there is to tell
            while not self._closing.is_set():
                told: Told | None = Told(0, "", b"")
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(beat):
                        told = await queue.get()
                if told is None:
                    return
                if clock() >= beat:
                    if not await to_thread.run_sync(allowed):
                        return
                    beat = clock() + BEAT_SECONDS
                    yield COMMENT
                if told.text and not 0 < told.fact <= known and (not kinds or told.kind in kinds):
                    yield told.text
        finally:
            self._streams.discard(queue)

    def _head(self) -> int:
        with self._reader.ledger() as ledger:
            return int(ledger.head.seq)

    def _beginning(self, last: int | None, kinds: frozenset[str]) -> tuple[int, Sequence[bytes]]:
        """Return the last fact told by the snapshot, the snapshot, and the facts a client missed."""
        missed: list[FactView] = []
        with self._reader.desk() as desk:
            seq, state = desk.seq, self._state(desk)
        if last is not None and 0 <= last < seq <= last + MISSED:
            missed = self._facts(last, seq)
        told = [_event("snapshot", {"seq": seq, **state}, last if missed and last is not None else seq)]
        told += [
            _event("delta", {"missed": True, **_fact(one)}, one.seq)
            for one in missed
            if not kinds or one.kind in kinds
        ]
        return seq, told

    async def _watch(self) -> None:
        failed = 0
        while not self._closing.is_set():
            if self._streams and self._seq is not None:
                try:
                    self._seq, news = await to_thread.run_sync(self._news, self._seq)
                except Exception as error:  # whatever goes wrong with one look, the next one is made
                    failed += 1
                    if failed % IN_VAIN == 0:
                        _log.warning("nothing can be told to %d streams: %s", self.streams, error)
                        self._end_all()
                else:
                    failed = 0
                    if news is None:  # whoever comes back begins with a snapshot
                        self._end_all()
                    for event in news or ():
                        self._tell(event)
            elif not self._streams:
                self._seq = None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LOOK_SECONDS)

    def _news(self, since: int) -> tuple[int, Sequence[Told] | None]:
        """Return the last fact, and what happened since one; None where it is too much to tell one by one."""
        with self._reader.desk() as desk:
            seq, state = desk.seq, self._state(desk)
        if seq > since + MISSED:
            return seq, None
        facts = self._facts(since, seq) if seq > since else []
        told = [Told(one.seq, one.kind, _event("delta", _fact(one), one.seq)) for one in facts]
        seen = json.dumps({**state, "status": _lasting(state["status"])}, sort_keys=True)
        if facts or seen != self._seen:
            told.append(Told(0, "", _event("state", {"seq": seq, **state}, seq)))
        self._seen = seen
        return seq, told

    def _facts(self, after: int, until: int) -> list[FactView]:
        with self._reader.ledger() as ledger:
            return [
                fact_view(one) for one in takewhile(lambda one: one.seq <= until, ledger.facts(after=after))
            ]

    def _state(self, desk: Desk) -> dict[str, Any]:
        system = self._reader.system
        account = account_view(desk, system.in_force(desk.run, desk.control).limits, system.calendar)
        shown = _State(self._reader.status(), account, positions_view(desk))
        told: dict[str, Any] = _STATE.dump_python(shown, mode="json")
        return told

    def _end_all(self) -> None:
        for queue in tuple(self._streams):
            self._streams.discard(queue)
            _end(queue)

    def _tell(self, event: Told) -> None:
        for queue in tuple(self._streams):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                self._streams.discard(queue)
                _end(queue)


def _end(queue: Waiting) -> None:
    while queue.full():
        queue.get_nowait()
    queue.put_nowait(None)


def _fact(fact: FactView) -> dict[str, Any]:
    told: dict[str, Any] = _FACT.dump_python(fact, mode="json")
    return told


def _lasting(status: dict[str, Any]) -> dict[str, Any]:
    """Return a status without what changes by itself, as clocks do."""
    moving = {"now", "market_at", "heartbeat_at", "data_age_seconds"}
    return {name: value for name, value in status.items() if name not in moving}


def _event(kind: str, value: dict[str, Any], seq: int) -> bytes:
    return f"event: {kind}\nid: {seq}\ndata: {json.dumps(value)}\n\n".encode()
