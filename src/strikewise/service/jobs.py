"""Work that takes longer than somebody waits: begun, watched, and asked for what it came to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from strikewise.domain.errors import StrikewiseError
from strikewise.market.clock import Clock
from strikewise.service.system import Progress

__all__ = ["Job", "Jobs", "Work"]

Work = Callable[[Progress], dict[str, Any]]
"""What is to be done: it tells how far it is, and returns what it came to."""

KEPT, WAITING = 50, 20


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work.

    Attributes
    ----------
    job_id : str
        By which it is asked for.
    kind, by : str
        What it is, and who began it.
    state : str
        ``waiting``, ``running``, ``done`` or ``failed``.
    what : str
        What it does just now.
    done, whole : int
        How far it is; 0 of 0 where nobody knows.
    made_at : datetime
        When it was asked for.
    ended_at : datetime or None
        When it ended.
    result : dict or None
        What it came to.
    problem : str
        Why it failed, in a sentence.
    """

    job_id: str
    kind: str
    by: str
    state: str
    what: str
    done: int
    whole: int
    made_at: datetime
    ended_at: datetime | None = None
    result: dict[str, Any] | None = None
    problem: str = ""


class Jobs:
    """Work that is done one after the other, beside those who answer.

    Parameters
    ----------
    clock : Clock
        The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._made = 0
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")

    def begin(self, kind: str, by: str, work: Work) -> Job | None:
        """Begin a piece of work as soon as those before it are done; None where too many wait."""
        with self._lock:
            if sum(one.state in {"waiting", "running"} for one in self._jobs.values()) >= WAITING:
                return None
            self._made += 1
            now = self._clock.now()
            # The instant tells it from the work of a server before this one.
            job = Job(f"{kind}-{now:%Y%m%dT%H%M%S}-{self._made}", kind, by, "waiting", "", 0, 0, now)
            self._jobs[job.job_id] = job
            while len(self._jobs) > KEPT:
                self._jobs.popitem(last=False)
        self._pool.submit(self._work, job.job_id, work)
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job; None where there is none of that id, or it is forgotten."""
        with self._lock:
            return self._jobs.get(job_id)

    def all(self) -> tuple[Job, ...]:
        """Return the jobs that are remembered, newest first, without what they came to."""
        with self._lock:
            return tuple(replace(one, result=None) for one in reversed(self._jobs.values()))

    def unfinished(self) -> int:
        """Return how many run or wait."""
        with self._lock:
            return sum(one.state in {"waiting", "running"} for one in self._jobs.values())

    def latest(self, kind: str) -> Job | None:
        """Return the latest job of a kind that is done."""
        with self._lock:
            done = (one for one in reversed(self._jobs.values()) if one.kind == kind and one.state == "done")
            return next(done, None)

    def close(self) -> None:
        """Begin nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, job_id: str, work: Work) -> None:
        def tell(what: str, done: int, whole: int) -> None:
            self._put(job_id, what=what, done=done, whole=whole)

        self._put(job_id, state="running")
        try:
            self._put(job_id, result=work(tell), state="done", ended_at=self._clock.now())
        except StrikewiseError as error:
            self._put(job_id, problem=str(error), state="failed", ended_at=self._clock.now())
        except Exception as error:
            said = f"strikewise made a mistake ({type(error).__name__})."
            self._put(job_id, problem=said, state="failed", ended_at=self._clock.now())
            raise

    def _put(self, job_id: str, **changes: Any) -> None:
        with self._lock:
            if job_id in self._jobs:
                self._jobs[job_id] = replace(self._jobs[job_id], **changes)
