"""Long work: one after the other, told as it goes, and a failure is a sentence and not the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event

import pytest

from strikewise.domain.errors import MissingDataError
from strikewise.market.clock import SimulatedClock
from strikewise.service.jobs import WAITING, Jobs
from strikewise.service.system import Progress


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs(SimulatedClock(datetime(2026, 1, 5, tzinfo=UTC)))
    yield made
    made.close()


def test_work_is_told_as_it_goes_and_for_what_it_came_to(jobs: Jobs) -> None:
    halfway, go_on, over = Event(), Event(), Event()

    def work(tell: Progress) -> dict[str, int]:
        tell("count", 1, 2)
        halfway.set()
        assert go_on.wait(10)
        return {"counted": 2}

    job = jobs.begin("count", "ada", work)
    assert job is not None
    assert halfway.wait(10)
    running = jobs.get(job.job_id)
    assert running is not None
    assert (running.state, running.what, running.done, running.whole) == ("running", "count", 1, 2)
    go_on.set()
    jobs.begin("after", "ada", lambda _: {"over": over.set()})
    assert over.wait(10)
    done = jobs.get(job.job_id)
    assert done is not None
    assert (done.state, done.result) == ("done", {"counted": 2})
    assert jobs.latest("count") == done
    assert [one.result for one in jobs.all()][-1] is None


def test_what_cannot_be_done_is_told_in_its_sentence_and_the_next_is_begun(jobs: Jobs) -> None:
    over = Event()

    def refuse(_: Progress) -> dict[str, int]:
        raise MissingDataError("There are no chains.")

    refused = jobs.begin("refuse", "ada", refuse)
    jobs.begin("after", "ada", lambda _: {"over": over.set()})
    assert over.wait(10)
    assert refused is not None
    told = jobs.get(refused.job_id)
    assert told is not None
    assert (told.state, told.problem) == ("failed", "There are no chains.")


def test_no_more_is_begun_than_can_wait(jobs: Jobs) -> None:
    held = Event()
    begun = [jobs.begin("wait", "ada", lambda _: {"held": held.wait(10)}) for _ in range(WAITING + 1)]
    held.set()
    assert [one is None for one in begun] == [False] * WAITING + [True]
