"""What a service manager hears of a process: that it began, at each beat that it lives, and that it ends."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.adapters.watchdog import ServiceManager
from strikewise.bootstrap.signs import Signs
from strikewise.engine.stopwatch import Stopwatch
from strikewise.execution.heartbeat import Heartbeat

BEAT = Heartbeat(
    at=datetime(2026, 7, 22, 15, tzinfo=UTC),
    market_at=datetime(2026, 7, 22, 15, tzinfo=UTC),
    holder="here:1:",
    version="0",
    account="main",
    mode="rehearsed",
    broker="paper",
    feed="tape",
    state="active",
    reason="",
    phase="starting",
    started_at=datetime(2026, 7, 22, 14, tzinfo=UTC),
    ticked_at=None,
    due_at=None,
    reconciled_at=None,
    open_differences=0,
    positions=2,
    orders=0,
    connected=True,
    seq=1,
)


def test_a_service_manager_hears_of_every_beat_of_the_beginning_and_of_the_end(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        address = str(Path(short) / "notify")
        heard.bind(address)
        heard.settimeout(5)
        file = HeartbeatFile(tmp_path)
        with ServiceManager(address) as manager:
            signs = Signs(file, manager, Stopwatch(lambda: 0.0))
            for phase in ("starting", "starting", "running", "stopping", "stopping"):
                signs.show(replace(BEAT, phase=phase))
            told = [heard.recv(4096).decode().partition("\n") for _ in range(7)]
            heard.setblocking(False)
            assert not _more(heard)
    alive = "WATCHDOG=1"
    assert [state for state, _, _ in told] == ["READY=1", *[alive] * 3, "STOPPING=1", alive, alive]
    assert told[0][2] == "STATUS=starting, active, 2 positions"
    last = file.read()
    assert last is not None
    assert last.phase == "stopping"


def _more(heard: socket.socket) -> bool:
    try:
        heard.recv(4096)
    except BlockingIOError:
        return False
    return True
