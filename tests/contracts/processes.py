"""Other processes, for what only they can show: they begin in milliseconds, with the store already loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "__main__",
        "strikewise.adapters.store.resilient_ledger",
        "sqlalchemy.dialects.sqlite.pysqlite",
        "sqlalchemy.dialects.postgresql.psycopg",
        "psycopg",
    ]
)

PATIENCE = 60
"""Seconds after which another process is taken to hang; no test waits for them when all is well."""


@contextmanager
def process(work: Callable[..., None], *args: Any) -> Iterator[tuple[BaseProcess, Connection]]:
    """Run a function elsewhere, with one end of a pipe before its arguments; its module should load fast."""
    ours, theirs = CONTEXT.Pipe()
    started = CONTEXT.Process(target=work, args=(theirs, *args))
    started.start()
    theirs.close()
    try:
        yield started, ours
    finally:
        started.kill()
        started.join(PATIENCE)
        ours.close()


def told(pipe: Connection) -> Any:
    """Return what the other process says next; it must say something."""
    assert pipe.poll(PATIENCE), "the other process says nothing"
    return pipe.recv()
