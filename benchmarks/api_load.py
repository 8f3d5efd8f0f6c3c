"""Load a server as a full desk would: 200 requests a second, and 100 open streams, while facts come in.

Run ``python benchmarks/api_load.py [FACTS] [SECONDS] [RATE] [STREAMS]`` (default 100,000 facts, 60 seconds,
200 a second, 100 streams). The server is a process of its own, `strikewise serve`, over a home that
``benchmarks/big_ledger.py`` makes in the temporary folder and keeps there. The requests are those that the
page makes, in about its proportions, each sent when it is due whether or not others were answered: what is
measured is from when it was due, so waiting in line counts. Meanwhile an account is valued twice a second,
and every stream must be told each of these facts, in order.

Printed are the latencies of all requests and of each kind, errors, what streams received, and the server's
memory, processor time, threads and descriptors at the start and the end. The exit code is 1 where the 99th
percentile is over 100 ms, anything failed, a stream missed a fact, or memory grew by more than a tenth.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from big_ledger import make_home
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.events import AccountValued
from strikewise.portfolio.ledger import Entry, Wanted

GOAL_MS = 100.0
GROWTH = 1.10
CONNECTIONS = 32
VALUED_EVERY = 0.5
WARM_SECONDS = 5.0
MIX = {
    "/api/v1/status": 30,
    "/api/v1/account": 16,
    "/api/v1/positions": 12,
    "/api/v1/equity": 6,
    "/api/v1/orders?limit=50": 6,
    "/api/v1/signals?limit=50": 6,
    "/api/v1/trades?limit=50": 5,
    "/api/v1/reconciliation": 4,
    "/api/v1/facts?after=-100": 4,
    "/api/v1/logs": 2,
    "/api/v1/session": 2,
    "/api/v1/symbols": 2,
    "/api/v1/chart/SPY?sessions=120": 2,
    "/api/v1/risk": 1,
    "/api/v1/settings": 1,
    "/health/live": 1,
}
"""Requests, and how many of a hundred they are."""


@dataclass
class Seen:
    """What came of it."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[str] = field(default_factory=Counter)
    told: list[list[int]] = field(default_factory=list)
    bytes_streamed: int = 0


@contextlib.contextmanager
def serving(home: Path) -> Iterator[tuple[str, int, str]]:
    """Serve a home; give the host, the process and a token."""
    command = [str(Path(sys.executable).with_name("strikewise")), "--home", str(home)]
    made = subprocess.run(
        [*command, "token", "create", "load", "--json"], check=True, stdout=subprocess.PIPE, text=True
    )
    token = str(json.loads(made.stdout)["text"])
    server = subprocess.Popen([*command, "serve", "--port", "0", "--json"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            text += server.stdout.readline()
        yield urlsplit(json.loads(text)["url"]).netloc, server.pid, token
    finally:
        server.terminate()
        server.wait(20)


def held(pid: int) -> dict[str, float]:
    """Return a process's memory (megabytes, no mapped files), threads, descriptors, processor seconds."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    told = dict(line.split(":", 1) for line in status.splitlines())
    ticks = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return {
        "megabytes": int(told["RssAnon"].split()[0]) / 1024,
        "threads": float(told["Threads"]),
        "descriptors": float(len(list(Path(f"/proc/{pid}/fd").iterdir()))),
        "seconds": (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"),
    }


class Line:
    """One connection that is kept: a request, and its answer, by hand, for clients cost more than servers."""

    def __init__(self, netloc: str, token: str) -> None:
        self._host, _, self._port = netloc.rpartition(":")
        self._netloc, self._token = netloc, token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, path: str) -> int:
        """Return the status of the answer, once all of it is here."""
        reader, writer = await self._open()
        writer.write(self.request(path))
        await writer.drain()
        status, headers = await self._head(reader)
        if headers.get("transfer-encoding") == "chunked":
            while size := int((await reader.readline()).strip(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()
        else:
            await reader.readexactly(int(headers.get("content-length", 0)))
        return status

    async def stream(self, path: str) -> asyncio.StreamReader:
        """Begin a stream."""
        reader, writer = await self._open()
        writer.write(self.request(path))
        status, _ = await self._head(reader)
        assert status == 200, status
        return reader

    def request(self, path: str) -> bytes:
        """Return a request as it is sent."""
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {self._netloc}",
            f"Authorization: Bearer {self._token}",
            "Accept-Encoding: gzip",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, int(self._port))
        return self._reader, self._writer

    async def _head(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
        status = int((await reader.readline()).split()[1])
        headers: dict[str, str] = {}
        while line := (await reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers


async def listen(line: Line, seen: Seen, ready: asyncio.Event) -> None:
    """Hear a stream: note the number of each fact that it tells."""
    told: list[int] = []
    seen.told.append(told)
    reader = await line.stream("/api/v1/stream")
    event = ""
    while text := await reader.readline():
        seen.bytes_streamed += len(text)
        if text.startswith(b"event: "):
            event = text[7:].strip().decode()
            ready.set()
        elif text.startswith(b"id: ") and event == "delta":
            told.append(int(text[4:]))


async def ask(lines: asyncio.Queue[Line], path: str, due: float, seen: Seen) -> None:
    """Ask once, and note how long it took since it was due."""
    line = await lines.get()
    name = path.partition("?")[0]
    try:
        status = str(await line.ask(path))
    except (OSError, asyncio.IncompleteReadError, ValueError, IndexError) as error:
        status = type(error).__name__
        line.close()
    lines.put_nowait(line)
    seen.milliseconds[name].append((time.perf_counter() - due) * 1e3)
    seen.statuses[status] += 1


def value(home: Path, until: float) -> list[int]:
    """Value the account now and then, as a process does that trades; return the facts.

    In a thread of its own: what a write waits for is no latency of the server.
    """
    with SqlLedger(f"sqlite:///{home / 'ledger.db'}") as ledger:
        (last,) = ledger.find(Wanted(kinds=("AccountValued",)), 1, newest=True)
        event, known, made = last.event, last.known_at, []
        assert isinstance(event, AccountValued)
        while time.perf_counter() < until:
            event = replace(event, equity_mid_cents=event.equity_mid_cents + 1)
            head = ledger.append([Entry(event, known, "engine")], recorded_at=datetime.now(UTC))
            made.append(head.seq)
            time.sleep(VALUED_EVERY)
    return made


async def load(
    home: Path, netloc: str, token: str, pid: int, seconds: float, rate: int, streams: int
) -> tuple[Seen, list[int], dict[str, float], dict[str, float]]:
    """Do it, and return what was seen, the facts written, and the server's figures before and after."""
    lines: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        lines.put_nowait(Line(netloc, token))
    paths = [path for path, often in MIX.items() for _ in range(often)]
    order = np.random.default_rng(7).permutation(len(paths))
    warm, seen = Seen(), Seen()
    for path in MIX:
        await ask(lines, path, time.perf_counter(), warm)
    heard = [asyncio.Event() for _ in range(streams)]
    tasks = [asyncio.create_task(listen(Line(netloc, token), seen, one)) for one in heard]
    for one in heard:
        await one.wait()
    await fire(lines, [paths[n] for n in order], rate, WARM_SECONDS, warm)
    before = held(pid)
    writing = asyncio.create_task(asyncio.to_thread(value, home, time.perf_counter() + seconds))
    await fire(lines, [paths[n] for n in order], rate, seconds, seen)
    written = await writing
    await asyncio.sleep(2.0)
    after = held(pid)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen, written, before, after


async def fire(lines: asyncio.Queue[Line], paths: list[str], rate: int, seconds: float, seen: Seen) -> None:
    """Ask at a steady rate, whatever the answers take."""
    began, asked = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        asked.append(asyncio.create_task(ask(lines, paths[number % len(paths)], due, seen)))
    await asyncio.gather(*asked)


def report(seen: Seen, written: list[int], before: dict[str, float], after: dict[str, float]) -> int:
    """Print what was seen; return the exit code."""
    every = np.concatenate([np.array(one) for one in seen.milliseconds.values()])
    print(f"{len(every):,} requests: {_row(every)}")
    for name, found in sorted(seen.milliseconds.items()):
        print(f"  {name:26} {len(found):6,}  {_row(np.array(found))}")
    print("answers:", ", ".join(f"{status} {times:,}" for status, times in seen.statuses.most_common()))
    missed = sum(not set(written) <= set(told) or told != sorted(set(told)) for told in seen.told)
    print(
        f"{len(seen.told)} streams, {len(written)} facts written meanwhile: {missed} missed one or had one "
        f"out of order; {seen.bytes_streamed / 1e6:.1f} MB received"
    )
    for name in ("megabytes", "threads", "descriptors"):
        print(f"{name:12} {before[name]:8.1f} at the start {after[name]:8.1f} at the end")
    print(
        f"processor    {after['seconds'] - before['seconds']:8.1f} s; load of this computer {os.getloadavg()}"
    )
    slow = float(np.percentile(every, 99)) > GOAL_MS
    failed = set(seen.statuses) - {"200"}
    grew = after["megabytes"] > before["megabytes"] * GROWTH
    return int(bool(slow or failed or missed or grew))


def _row(found: np.ndarray) -> str:
    at = {f"p{q}": float(np.percentile(found, q)) for q in (50, 95, 99)}
    return "  ".join(f"{name} {ms:7.1f} ms" for name, ms in {**at, "max": float(found.max())}.items())


def main(facts: int = 100_000, seconds: float = 60.0, rate: int = 200, streams: int = 100) -> int:
    """Make the home where it is not there, serve it, and load the server."""
    home = Path(tempfile.gettempdir()) / f"strikewise-load-{facts}"
    if not (home / "picture.json").is_file():
        make_home(home, facts)
    began = time.perf_counter()
    with serving(home) as (netloc, pid, token):
        asyncio.run(_first(netloc, token))
        print(f"{facts:,} facts; the first answer after {time.perf_counter() - began:.1f} s")
        return report(*asyncio.run(load(home, netloc, token, pid, seconds, rate, streams)))


async def _first(netloc: str, token: str) -> None:
    """Wait until the ledger is read."""
    line = Line(netloc, token)
    while await line.ask("/api/v1/status") != 200:
        await asyncio.sleep(0.5)
    line.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    kinds = (int, float, int, int)
    sys.exit(main(*(kind(one) for kind, one in zip(kinds, given, strict=False))))
