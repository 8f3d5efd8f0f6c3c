"""Processes beside a command that runs on: they never hold it up, and end with it, whatever ended it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer

from strikewise.bootstrap.alerts import begin_here

__all__ = ["BESIDE", "Beside", "Say", "alerts_beside", "ended_with"]

BESIDE = "--beside"
"""The option by which a process knows beside whom it runs."""
Beside = Annotated[
    int, typer.Option(BESIDE, help="The number of the process with which it ends too.", hidden=True)
]
PROGRAM = "from strikewise.apps.cli.main import main; main()"
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until a process that ended is started again: doubled each time."""
LOOK = 0.2
"""Seconds between two looks whether it is still there."""
LAST_WORDS = 10.0
"""Seconds that it has, when all is stopped, to tell what is left."""

Say = Callable[[str, str, Mapping[str, object]], None]


@contextmanager
def alerts_beside(home: Path, say: Say) -> Iterator[None]:
    """Tell people of a home's account while the body runs, and the last that it did afterwards.

    Parameters
    ----------
    home : Path
        The data home.
    say : callable
        Told what happens to the process that tells them: level, event, and pairs.

    Raises
    ------
    SettingsError
        If the settings name nobody who is to be told.
    """
    begin_here(home)
    stop = Event()
    keeper = Thread(target=_keep, args=(home, say, stop), name="alerts", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join(LAST_WORDS + 5.0)


@contextmanager
def ended_with(beside: int, stop: Callable[[str], None]) -> Iterator[None]:
    """Stop what the body does when the process that began this one is gone, killed ones included.

    Parameters
    ----------
    beside : int
        That process's number; 0 where nobody is waited for.
    stop : callable
        Told why.
    """
    over = Event()

    def watch() -> None:
        while not over.wait(LOOK):
            # Whoever outlives its parent is given to another one.
            if os.getppid() != beside:
                stop("The program that it was started by is gone.")
                return

    if beside:
        Thread(target=watch, name="beside", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _keep(home: Path, say: Say, stop: Event) -> None:
    """Start the process, start it again whenever it ends, and end it with the command it runs beside."""
    wait = FIRST_WAIT
    while not stop.is_set():
        process, looks = _begin(home), 0
        while process.poll() is None and not stop.wait(LOOK):
            looks += 1
        if process.poll() is None:
            _end(process)
            return
        wait = FIRST_WAIT if looks * LOOK > LONGEST_WAIT else wait
        say("warning", "alerts_ended", {"code": process.returncode, "again_in_seconds": wait})
        stop.wait(wait)
        wait = min(2 * wait, LONGEST_WAIT)


def _begin(home: Path) -> subprocess.Popen[bytes]:
    words = ["--home", str(home), "alerts", "run", BESIDE, str(os.getpid())]
    # A group of its own: whoever interrupts the command at a terminal does not cut off its last alerts.
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", PROGRAM, *words], stdin=subprocess.DEVNULL, start_new_session=True
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(LAST_WORDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
