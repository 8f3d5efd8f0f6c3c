"""A service manager hears what systemd expects, over a real socket; where there is none, nothing happens."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from strikewise.adapters.watchdog import ServiceManager


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The address as the environment gives it, and the manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        if request.param == "path":
            address = str(tmp_path / "notify")
            listening.bind(address)
        else:
            address = f"@strikewise-test-{os.getpid()}"
            listening.bind("\0" + address[1:])
        listening.settimeout(5)
        yield address, listening


def test_a_manager_hears_that_a_process_is_ready_alive_and_stopping(
    manager: tuple[str, socket.socket],
) -> None:
    address, listening = manager
    with ServiceManager(address) as told:
        told.ready("trades main,\nactive")
        told.alive()
        told.alive("3 positions")
        told.stopping("SIGTERM")
    assert [listening.recv(4096) for _ in range(4)] == [
        b"READY=1\nSTATUS=trades main, active",
        b"WATCHDOG=1",
        b"WATCHDOG=1\nSTATUS=3 positions",
        b"STOPPING=1\nSTATUS=SIGTERM",
    ]


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    for address in ("", str(tmp_path / "nobody"), "@nobody-listens-here"):
        with ServiceManager(address) as told:
            told.ready()
            told.alive("well")
            told.close()
            told.stopping()


def test_a_manager_that_does_not_read_holds_nobody_up(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    with ServiceManager(address) as told:
        for _ in range(5000):
            told.alive("x" * 100)
    assert listening.recv(4096).startswith(b"WATCHDOG=1")
