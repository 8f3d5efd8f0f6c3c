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
    here, (there, _, began) = _table(), token.rpartition("-")
    if not pid.isdigit() or not here or here != there:
        return False
    try:
        os.kill(int(pid), 0)  # asks only: who may not see the process is still told that it is there
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    begins = _began(int(pid))
    return begins is not None and begins != began


def _token(pid: int) -> str:
    """Return ``boot-namespace-start``: which start of the machine, which process table, and since when."""
    table, began = _table(), _began(pid)
    return f"{table}-{began}" if table and began else ""


def _table() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip().replace("-", "")
        space = (_PROC / "self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return ""
    return f"{boot}-{space}"


def _began(pid: int) -> str | None:
    """Return when a process began, in ticks; empty for one that is dead already, None where it is hidden."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()  # behind the name, which may have spaces and brackets
    return "" if state in "ZX" else rest[18]  # the 3rd and the 22nd field
