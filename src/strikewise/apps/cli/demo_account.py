"""The account that ``strikewise serve --demo`` shows: its home, and a process that trades its past."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from collections import deque
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from types import FrameType, TracebackType
from typing import Self

from strikewise.apps.cli.backtest import write_run
from strikewise.apps.cli.beside import BESIDE
from strikewise.apps.cli.demo_plan import demo_home, shipped, specifications
from strikewise.apps.cli.session import Session
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.demonstration import demo_folder
from strikewise.bootstrap.settings import settings_path
from strikewise.bootstrap.spec_file import make_spec
from strikewise.service.commands import make_demo_data, run_over_history
from strikewise.service.errors import SettingsError
from strikewise.service.queries import stored

__all__ = ["SPEED", "DemoAccount", "Replay", "demo_account"]

SPEED = 7_200.0
"""Seconds of the past in a second: a session takes about three, a year a quarter of an hour."""
PROGRAM = "from strikewise.apps.cli.main import main; main()"
STOPS_WITHIN = 20.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """What is traded for the demonstration, and where.

    Attributes
    ----------
    home : Path
        The data home with the market.
    place : Path
        The folder of the replay; what it trades is there as ``spec.toml``.
    first, last : date
        Its days.
    """

    home: Path
    place: Path
    first: date
    last: date

    def words(self, speed: float) -> list[str]:
        """Return the command line that trades it, so many seconds of the past in a second."""
        days, spec = f"{self.first}..{self.last}", self.place / "spec.toml"
        said = ["--home", self.home, "run", "--replay", days, "--into", self.place, "--spec", spec]
        return [*map(str, said), "--speed", str(speed), BESIDE, str(os.getpid())]


def demo_account(session: Session) -> DemoAccount:
    """Return the demonstration's account; its home is made as ``strikewise demo`` does where there is none.

    Raises
    ------
    SettingsError
        If the home that was named holds another market.
    """
    home = demo_home(session.home, recorded=False)
    if not stored(build_system(home)):
        _make(session, home)
    first, last = _days(home)
    _write_once(settings_path(home), shipped("settings"))
    place = demo_folder(home, last)
    _write_once(place / "spec.toml", shipped("account"))
    return DemoAccount(home, place, first, last)


def _make(session: Session, home: Path) -> None:
    """Store the market that comes along, and trade it over the past."""
    session.note(f"Making the demonstration's market in {home}, once; it takes half a minute.")
    system = build_system(home)
    with session.progress() as tell:
        make_demo_data(system, progress=tell)
        for name, document in specifications(None).items():
            finished = run_over_history(system, make_spec(document), progress=tell)
            write_run(finished, dict(finished.as_dict()), home / "reports" / name)


def _days(home: Path) -> tuple[date, date]:
    """Return the first and last day that can be traded."""
    spec = make_spec(tomllib.loads(shipped("account")))
    (symbol,) = spec.run.underlyings
    held = {one.underlying: one for one in stored(build_system(home))}.get(symbol)
    if held is None or held.last.date() < spec.start or held.first.date() > spec.start:
        raise SettingsError(
            f"{home} holds another market than the demonstration's ({symbol} from {spec.start}): "
            "leave out --home, or name a folder that is not there yet."
        )
    return spec.start, min(spec.end, held.last.date())


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")


class Replay:
    """A process that trades the demonstration's past; use it as a context.

    It is a session of its own, so that an interruption at the terminal reaches this process first, and this
    one ends it.

    Parameters
    ----------
    session : Session
        Where it says how the replay ended.
    account : DemoAccount
        What it trades.
    speed : float
        Seconds of the past in a second.
    """

    def __init__(self, session: Session, account: DemoAccount, speed: float) -> None:
        self._session, self._account = session, account
        self._command = [sys.executable, "-c", PROGRAM, *account.words(speed)]
        self._ending = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number, handler in ((signal.SIGTERM, _leave), (signal.SIGHUP, _pass_on)):
            self._before[number] = signal.signal(number, handler)
        # No pipe: where this process is killed, one that breaks would cut the replay off in the middle.
        self._said = TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=True,
        )
        self._watcher = Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        self._process.terminate()
        try:
            self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._watcher.join(STOPS_WITHIN)
        self._said.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _watch(self) -> None:
        """Wait until it ends, and say how it did unless we ended it."""
        code = self._process.wait()
        if self._ending:
            return
        if code:
            self._said.seek(0)
            last = "".join(deque(self._said, maxlen=1)).strip()
            self._session.refuse(f"The replay ended: {last or f'it exited with {code}.'}")
        else:
            self._session.note(
                f"The replay is at its end, {self._account.last}. The page still shows what it came to; "
                "interrupt and start again to see it anew."
            )


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _pass_on(_: int, __: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
