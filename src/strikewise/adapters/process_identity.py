"""Which process this is, and whether another that gave its name is gone for certain."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from strikewise.portfolio.lease import holder_name

__all__ = ["is_gone", "this_process"]

_PROC = Path("/proc")


def this_process() -> str:
    """Return this process's name as a holder of leases: no other ever has the same.

    Where the system has no ``/proc``, the name is that of host and process number alone.
    """
    return holder_name(socket.gethostname(), os.getpid(), _token(os.getpid()))


def is_gone(holder: str) -> bool:
    """Return whether the process of a name that `this_process` gave has certainly ended.

    False is "not for certain": it runs, or it ran on another machine, in another container or before the
    machine started anew. Its lease then has to run out.
    """
    _, _, rest = holder.partition(":")
    pid, _, token = rest.partition(":")
    here, there = _token(os.getpid()).rpartition("-")[0], token.rpartition("-")[0]
    if not pid.isdigit() or not here or here != there:
        return False
    return _token(int(pid)) != token


def _token(pid: int) -> str:
    """Return ``boot-namespace-start``: which start of the machine, which process table, and since when."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip().replace("-", "")
        space = (_PROC / "self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return ""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"{boot}-{space}-"
    state, *rest = stat.rpartition(")")[2].split()  # behind the name, which may have spaces and brackets
    started = "" if state in "ZX" else rest[18]  # the 3rd and the 22nd field
    return f"{boot}-{space}-{started}"
