"""Of all who want to trade an account, one does, and the others are told who."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.lease_holders import MINE, NOON, SECONDS, contend, hold
from contracts.ledgers import DATABASES, database
from contracts.processes import process, told
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.portfolio.lease import Held, Lease, Leases, Lost, holder_name, holder_words

OTHER = holder_name("attic", 12, "b")


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def leases(url: str) -> Iterator[Leases]:
    with SqlLedger(url) as ledger:
        yield ledger.leases


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_an_account_that_nobody_trades_may_be_taken(leases: Leases) -> None:
    assert leases.holder("main") is None
    taken = leases.take("main", MINE, now=NOON, seconds=SECONDS)
    assert taken == Lease("main", MINE, NOON, later(30)) == leases.holder("main")


def test_the_second_is_told_who_trades_since_when_and_what_to_do(leases: Leases) -> None:
    first = leases.take("main", MINE, now=NOON, seconds=SECONDS)
    refused = leases.take("main", OTHER, now=later(29.999999), seconds=SECONDS)
    assert isinstance(refused, Held)
    assert refused.lease == first
    for word in ("'main'", "process 4711 on desk", "2026-07-22 16:00:00 UTC", "16:00:30"):
        assert word in refused.sentence


def test_another_account_is_another_lease(leases: Leases) -> None:
    leases.take("main", MINE, now=NOON, seconds=SECONDS)
    assert isinstance(leases.take("other", OTHER, now=NOON, seconds=SECONDS), Lease)


def test_a_lease_that_has_run_out_may_be_taken_and_its_holder_notices(leases: Leases) -> None:
    leases.take("main", MINE, now=NOON, seconds=SECONDS)
    taken = leases.take("main", OTHER, now=later(30), seconds=SECONDS)
    assert taken == Lease("main", OTHER, later(30), later(60))
    lost = leases.renew("main", MINE, now=later(31), seconds=SECONDS)
    assert lost == Lost("main", taken)
    assert "process 12 on attic" in lost.sentence
    assert leases.holder("main") == taken


def test_renewing_moves_the_end_and_not_the_beginning(leases: Leases) -> None:
    leases.take("main", MINE, now=NOON, seconds=SECONDS)
    assert leases.renew("main", MINE, now=later(20), seconds=SECONDS) == Lease("main", MINE, NOON, later(50))


def test_a_lease_that_ran_out_and_nobody_took_may_still_be_renewed(leases: Leases) -> None:
    leases.take("main", MINE, now=NOON, seconds=SECONDS)
    assert leases.renew("main", MINE, now=later(300), seconds=SECONDS) == Lease(
        "main", MINE, NOON, later(330)
    )


def test_taking_what_one_has_is_renewing_it(leases: Leases) -> None:
    leases.take("main", MINE, now=NOON, seconds=SECONDS)
    assert leases.take("main", MINE, now=later(5), seconds=SECONDS) == Lease("main", MINE, NOON, later(35))


def test_what_was_given_back_may_be_taken_at_once_and_not_renewed(leases: Leases) -> None:
    leases.take("main", MINE, now=NOON, seconds=SECONDS)
    assert not leases.release("main", OTHER)
    assert leases.release("main", MINE)
    assert not leases.release("main", MINE)
    lost = leases.renew("main", MINE, now=later(1), seconds=SECONDS)
    assert lost == Lost("main", None)
    assert "given back" in lost.sentence
    assert isinstance(leases.take("main", OTHER, now=later(1), seconds=SECONDS), Lease)


def test_the_lease_of_a_holder_that_is_known_to_be_dead_may_be_taken(leases: Leases) -> None:
    leases.take("main", MINE, now=NOON, seconds=SECONDS)
    third = holder_name("desk", 5000, "c")
    assert isinstance(leases.take("main", third, now=later(1), seconds=SECONDS, instead_of=OTHER), Held)
    assert isinstance(leases.take("main", third, now=later(1), seconds=SECONDS, instead_of=MINE), Lease)
    assert isinstance(leases.renew("main", MINE, now=later(2), seconds=SECONDS), Lost)


def test_a_holder_of_another_form_is_named_as_it_is() -> None:
    assert holder_words("somebody") == "somebody"
    assert holder_words("desk:notanumber:x") == "desk:notanumber:x"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "renew", "release"]),
        st.sampled_from([MINE, OTHER, holder_name("desk", 4711, "later")]),
        st.integers(0, 40),
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_they_try_nobody_is_given_what_another_still_holds(
    leases: Leases, steps: list[tuple[str, str, int]]
) -> None:
    for holder in (MINE, OTHER, holder_name("desk", 4711, "later")):
        leases.release("main", holder)
    believed: Lease | None = None
    now = NOON
    for what, holder, pause in steps:
        now += timedelta(seconds=pause)
        theirs = believed is not None and believed.holder != holder
        if what == "take":
            answer = leases.take("main", holder, now=now, seconds=SECONDS)
            may = not theirs or not believed.holds(now)  # type: ignore[union-attr]
            assert isinstance(answer, Lease) == may
            believed = answer if isinstance(answer, Lease) else believed
        elif what == "renew":
            answer = leases.renew("main", holder, now=now, seconds=SECONDS)
            assert isinstance(answer, Lease) == (believed is not None and not theirs)
            believed = answer if isinstance(answer, Lease) else believed
        else:
            assert leases.release("main", holder) == (believed is not None and not theirs)
            believed = believed if theirs else None
        assert leases.holder("main") == believed


# --- processes ----------------------------------------------------------------------------------------------


def test_of_processes_that_try_at_the_same_moment_one_gets_each_lease(url: str) -> None:
    rounds, several = 25, 3
    with ExitStack() as stack, SqlLedger(url) as ledger:
        pipes = [stack.enter_context(process(contend, url, n, rounds))[1] for n in range(several)]
        assert [told(pipe) for pipe in pipes] == ["ready"] * several
        for turn in range(rounds):
            for pipe in pipes:
                pipe.send(f"account {turn}")
            won = [told(pipe) for pipe in pipes]
            assert sum(won) == 1
            held = ledger.leases.holder(f"account {turn}")
            assert held is not None
            assert held.holder == holder_name("desk", won.index(True))


def test_the_lease_of_a_killed_process_runs_out(url: str) -> None:
    with SqlLedger(url) as ledger:
        with process(hold, url) as (holder, pipe):
            assert isinstance(told(pipe), Lease)
            holder.kill()
            holder.join()
        assert isinstance(ledger.leases.take("main", OTHER, now=later(29), seconds=SECONDS), Held)
        assert isinstance(ledger.leases.take("main", OTHER, now=later(30), seconds=SECONDS), Lease)
