"""The right to trade: taken once, renewed in time, and given up when somebody else has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recovery.small_world import NoLeases, Wall
from strikewise.domain.errors import LedgerError, SettingsError
from strikewise.engine.tenure import Tenure
from strikewise.market.clock import ReplayClock
from strikewise.portfolio.lease import Held, Lease, Lost

NOW = datetime(2026, 7, 22, 14, tzinfo=UTC)


class Leased(NoLeases):
    """Leases that count their renewals, and may fail, or be somebody else's."""

    renewed, failing, released = 0, False, 0
    other: Lease | None = None

    def take(
        self, account: str, holder: str, *, now: datetime, seconds: float, instead_of: str = ""
    ) -> Lease | Held:
        if self.other is not None and self.other.holder != instead_of:
            return Held(self.other)
        return super().take(account, holder, now=now, seconds=seconds)

    def renew(self, account: str, holder: str, *, now: datetime, seconds: float) -> Lease | Lost:
        if self.failing:
            raise LedgerError("database is locked")
        self.renewed += 1
        return super().renew(account, holder, now=now, seconds=seconds)

    def release(self, account: str, holder: str) -> bool:
        self.released += 1
        if self.failing:
            raise LedgerError("database is locked")
        return True


def held(leases: Leased, *, alone: bool = False) -> tuple[Tenure, ReplayClock]:
    clock = ReplayClock(NOW)
    tenure = Tenure(leases, "main", "here:1:", Wall(clock), seconds=30.0, alone=alone)
    tenure.take()
    return tenure, clock


def later(clock: ReplayClock, seconds: float) -> None:
    clock.wait(clock.now() + timedelta(seconds=seconds), 0.0)


def test_it_is_renewed_in_a_third_of_its_time_and_not_before() -> None:
    leases = Leased()
    tenure, clock = held(leases)
    for _ in range(30):
        later(clock, 1)
        assert tenure.keep() == ""
    assert leases.renewed == 3


def test_one_that_somebody_else_has_is_refused_by_name() -> None:
    leases = Leased()
    leases.other = Lease("main", "desk:4711:", NOW, NOW + timedelta(seconds=20))
    with pytest.raises(SettingsError, match="process 4711 on desk"):
        held(leases)
    tenure = Tenure(leases, "main", "here:1:", Wall(ReplayClock(NOW)))
    tenure.take(instead_of="desk:4711:")


def test_one_that_was_taken_away_says_who_has_it_and_is_not_given_back() -> None:
    leases = Leased()
    tenure, clock = held(leases)
    leases.lost = True
    later(clock, 11)
    assert "process 1 on elsewhere" in tenure.keep()
    tenure.release()
    assert leases.released == 0


@pytest.mark.parametrize(("alone", "ends"), [(False, True), (True, False)])
def test_one_that_cannot_be_renewed_is_good_until_its_end_and_longer_where_nobody_could_take_it(
    alone: bool, ends: bool
) -> None:
    leases = Leased()
    tenure, clock = held(leases, alone=alone)
    leases.failing = True
    later(clock, 29)
    assert tenure.keep() == ""
    later(clock, 2)
    assert bool(tenure.keep()) is ends
    leases.failing = False
    assert tenure.keep() == ""


def test_giving_it_back_happens_once_and_never_fails() -> None:
    leases = Leased()
    tenure, _ = held(leases)
    leases.failing = True
    tenure.release()
    tenure.release()
    assert leases.released == 1
