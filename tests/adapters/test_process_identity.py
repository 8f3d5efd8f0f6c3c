"""A process knows its own name for ever, and whether another is gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from strikewise.adapters import process_identity
from strikewise.adapters.process_identity import is_gone, this_process

SAYS_ITS_NAME = (
    "from strikewise.adapters.process_identity import *; print(this_process(), flush=True); input()"
)


def test_a_process_has_one_name_and_is_not_gone() -> None:
    assert this_process() == this_process()
    assert this_process().startswith(f"{socket.gethostname()}:{os.getpid()}:")
    assert not is_gone(this_process())


def test_another_process_is_there_until_it_ends() -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", SAYS_ITS_NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert name != this_process()
        assert not is_gone(name)
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(name)  # dead, though nobody has asked yet how it ended
    assert is_gone(name)


def test_a_later_process_with_the_same_number_is_another() -> None:
    host, pid, token = this_process().split(":")
    assert is_gone(f"{host}:{pid}:{token}0")


def test_a_process_that_is_hidden_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    host, pid, token = this_process().split(":")
    monkeypatch.setattr(process_identity, "_began", lambda _: None)
    assert not is_gone(f"{host}:{pid}:{token}")


@pytest.mark.parametrize("change", ["boot", "namespace", "no token", "no number"])
def test_of_a_process_elsewhere_nobody_knows(change: str) -> None:
    host, pid, token = this_process().split(":")
    boot, space, started = token.split("-")
    pid = "999999999"
    elsewhere = {
        "boot": f"{host}:{pid}:{boot[::-1]}-{space}-{started}",
        "namespace": f"{host}:{pid}:{boot}-1{space}-{started}",
        "no token": f"{host}:{pid}:",
        "no number": "somebody",
    }
    assert not is_gone(elsewhere[change])
