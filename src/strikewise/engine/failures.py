"""Keep the failure of one duty from the others, and end a process that fails too often."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from strikewise.domain.control import AlertRaised, FaultNoted, TradingState, TradingStateChanged
from strikewise.domain.errors import DataError, InvariantError, LedgerConflictError, LedgerError
from strikewise.domain.events import Event
from strikewise.engine.lookout import Lookout
from strikewise.engine.writer import Writer
from strikewise.portfolio.ledger import Entry

__all__ = ["Ended", "Failures", "Log", "Tolerance"]

ENGINE = "engine"

Log = Callable[[str, str, Mapping[str, object]], None]
"""Where a process says what it does: a level (``info``, ``warning``, ``error``), an event, and its pairs."""


class Ended(Exception):  # noqa: N818 - the end of a process is no error by itself
    """A process ends.

    Parameters
    ----------
    reason : str
        Why, in a sentence.
    code : int
        What the program exits with: 0 where it was asked to end.
    writes : bool
        Whether it may still write: not after somebody else took over.
    """

    def __init__(self, reason: str, code: int, *, writes: bool = True) -> None:
        self.reason, self.code, self.writes = reason, code, writes
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many failures of our own within an hour end the process, so that somebody starts it anew."""

    failures: int = 5


class Failures:
    """Note what fails, and say when it is too much.

    Parameters
    ----------
    writer : Writer
        Who writes facts.
    lookout : Lookout
        Who tells a trouble once.
    say : Log
        Where failures are told.
    tolerance : Tolerance
        How much fails before the process ends.
    """

    def __init__(self, writer: Writer, lookout: Lookout, say: Log, tolerance: Tolerance) -> None:
        self._writer, self._lookout, self._say, self._tolerance = writer, lookout, say, tolerance
        self._recent: deque[datetime] = deque()

    def tell(self, events: Iterable[Event], now: datetime) -> None:
        """Write down what is to be told, and say faults aloud."""
        told = list(events)
        self._writer.write(Entry(event, now, ENGINE, self._writer.state.run_seq) for event in told)
        for event in told:
            if isinstance(event, FaultNoted):
                pairs = {"detail": event.detail} | ({"symbol": event.symbol} if event.symbol else {})
                self._say("warning", event.code.lower(), pairs)

    @contextmanager
    def kept_apart(self, duty: str, now: datetime) -> Iterator[None]:
        """Keep one duty's failure from the others.

        Raises
        ------
        Ended
            Where the process cannot go on: another one writes, money does not add up, too much fails.
        """
        try:
            yield
        except LedgerConflictError as error:
            raise Ended(str(error), 3, writes=False) from error
        except InvariantError as error:
            self._halt(str(error), now)
            raise Ended(str(error), 1) from error
        except LedgerError as error:
            # Nothing was sent that is not written down: what cannot be written is not done.
            self._say("error", "ledger_failed", {"duty": duty, "problem": str(error)})
        except DataError as error:
            self._note(FaultNoted("data", "FEED_FAILED", f"{duty}: {error}"[:500]), now)
        except Ended:
            raise
        except Exception as error:
            said = f"{duty}: {type(error).__name__}: {error}"[:500]
            self._count(FaultNoted(ENGINE, "DUTY_FAILED", said), now)

    def _note(self, fault: FaultNoted, now: datetime) -> None:
        try:
            self.tell(self._lookout.trouble(fault), now)
        except LedgerError as error:
            self._say("error", "ledger_failed", {"duty": fault.detail, "problem": str(error)})

    def _count(self, fault: FaultNoted, now: datetime) -> None:
        self._say("error", fault.code.lower(), {"detail": fault.detail})
        try:
            self._writer.write([Entry(fault, now, ENGINE, self._writer.state.run_seq)])
        except LedgerError as error:
            self._say("error", "ledger_failed", {"duty": fault.detail, "problem": str(error)})
        self._recent.append(now)
        while now - self._recent[0] > timedelta(hours=1):
            self._recent.popleft()
        if len(self._recent) >= self._tolerance.failures:
            raise Ended(f"{len(self._recent)} failures within an hour; the last: {fault.detail}", 1)

    def _halt(self, detail: str, now: datetime) -> None:
        """Stop trading for a fault of ours, until a person has looked."""
        changed = TradingStateChanged(TradingState.HALTED, "INVARIANT", detail, by_person=True)
        alert = AlertRaised("critical", "INVARIANT", detail)
        try:
            self._writer.write([Entry(changed, now, ENGINE), Entry(alert, now, ENGINE)])
        except LedgerError as error:
            self._say("error", "ledger_failed", {"duty": "halt", "problem": str(error)})
