"""``/stream``: everything that happens, as it happens: a snapshot first, then numbered deltas."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

from anyio import to_thread
from fastapi.encoders import jsonable_encoder

from strikewise.apps.api.reading import Reader
from strikewise.service.views.account import account_view
from strikewise.service.views.desk import Desk
from strikewise.service.views.facts import fact_view

__all__ = ["Hub"]

LOOK_SECONDS = 0.2
BEAT_SECONDS = 15.0
BACKLOG = 500
"""Events that may wait for a client that is slow; then its stream ends, and it begins again."""
MISSED = 1_000
"""Facts that are told again to a client that was away; from further back it starts from the snapshot."""
COMMENT = b": alive\n\n"

Waiting = asyncio.Queue[bytes | None]
"""Events for one client; None ends its stream."""


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
        self._seq, self._seen = -1, ""
        self._task: asyncio.Task[None] | None = None

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._streams)

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def end(self) -> None:
        """End every stream, and take no new one."""
        self._closing.set()
        for queue in tuple(self._streams):
            _end(queue)

    async def stop(self) -> None:
        """End every stream, and watch no more."""
        self.end()
        if self._task is not None:
            await self._task

    async def stream(self, last: int | None, allowed: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield events from now on, and first what is, and what was missed.

        Parameters
        ----------
        last : int or None
            The last fact that the client knows.
        allowed : callable
            Whether the client may still listen; asked at every heartbeat.
        """
        queue: Waiting = asyncio.Queue(BACKLOG)
        self._streams.add(queue)
        try:
            for event in await to_thread.run_sync(self._beginning, last):
                yield event
            while not self._closing.is_set():
                told: bytes | None = COMMENT
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_SECONDS):
                        told = await queue.get()
                if told is None or (told is COMMENT and not await to_thread.run_sync(allowed)):
                    return
                yield told
        finally:
            self._streams.discard(queue)

    def _beginning(self, last: int | None) -> Sequence[bytes]:
        """Return the snapshot, and the facts since the last one that a client knows."""
        missed: list[Any] = []
        with self._reader.desk() as desk:
            shown = {"seq": desk.seq, **self._state(desk, positions=True)}
            seq = desk.seq
        if last is not None and 0 <= last < seq <= last + MISSED:
            with self._reader.ledger() as ledger:
                missed = [fact_view(one) for one in ledger.facts(after=last) if one.seq <= seq]
        told = [_event("snapshot", shown, missed[0].seq - 1 if missed else seq)]
        told += [_event("delta", {"missed": True, **_fact(one)}, one.seq) for one in missed]
        return told

    async def _watch(self) -> None:
        while not self._closing.is_set():
            if self._streams:
                # Whatever goes wrong with one look, the next one is made.
                with suppress(Exception):
                    for event in await to_thread.run_sync(self._news):
                        self._tell(event)
            else:
                self._seq = -1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LOOK_SECONDS)

    def _news(self) -> Sequence[bytes]:
        """Return what happened since the last look."""
        with self._reader.desk() as desk:
            seq, state = desk.seq, self._state(desk, positions=True)
        first, self._seq = self._seq < 0, seq if self._seq < 0 else self._seq
        facts: list[Any] = []
        if seq > self._seq:
            with self._reader.ledger() as ledger:
                facts = [fact_view(one) for one in ledger.facts(after=self._seq) if one.seq <= seq]
            self._seq = seq
        told = [_event("delta", _fact(one), one.seq) for one in facts]
        seen = json.dumps({**state, "status": _lasting(state["status"])}, sort_keys=True)
        if facts or (seen != self._seen and not first):
            told.append(_event("state", {"seq": seq, **state}, seq))
        self._seen = seen
        return told

    def _state(self, desk: Desk, *, positions: bool) -> dict[str, Any]:
        system, picture = self._reader.system, desk.picture
        state = {
            "status": self._reader.status(),
            "account": account_view(desk, system.limits, system.calendar),
            "positions": list(picture.positions) if picture is not None and positions else [],
        }
        told: dict[str, Any] = jsonable_encoder(state)
        return told

    def _tell(self, event: bytes) -> None:
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


def _fact(fact: Any) -> dict[str, Any]:
    told: dict[str, Any] = jsonable_encoder(fact)
    return told


def _lasting(status: dict[str, Any]) -> dict[str, Any]:
    """Return a status without what changes by itself, as clocks do."""
    moving = {"now", "market_at", "heartbeat_at", "data_age_seconds"}
    return {name: value for name, value in status.items() if name not in moving}


def _event(kind: str, value: dict[str, Any], seq: int) -> bytes:
    return f"event: {kind}\nid: {seq}\ndata: {json.dumps(value)}\n\n".encode()
