"""Time that goes on while somebody waits, and the right to trade that one process has at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from strikewise.portfolio.lease import Held, Lease, Lost


class Hours:
    """A clock by which a daemon waits; what a test has planned for an instant happens when it comes."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._plans: list[tuple[datetime, Callable[[], object]]] = []

    def plan(self, instant: datetime, action: Callable[[], object]) -> None:
        """Let something happen at an instant."""
        self._plans.append((instant, action))
        self._plans.sort(key=lambda one: one[0])

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def go_to(self, instant: datetime) -> None:
        """Go on to an instant; never back."""
        while self._plans and self._plans[0][0] <= instant:
            moment, action = self._plans.pop(0)
            self._now = max(self._now, moment)
            action()
        self._now = max(self._now, instant)

    def wait(self, until: datetime, seconds: float) -> None:
        self.go_to(min(until, self._now + timedelta(seconds=seconds)))


class OneHolder:
    """Leases in memory."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    def take(
        self, account: str, holder: str, *, now: datetime, seconds: float, instead_of: str = ""
    ) -> Lease | Held:
        has = self._leases.get(account)
        if has is not None and has.holds(now) and has.holder not in (holder, instead_of):
            return Held(has)
        self._leases[account] = Lease(account, holder, now, now + timedelta(seconds=seconds))
        return self._leases[account]

    def renew(self, account: str, holder: str, *, now: datetime, seconds: float) -> Lease | Lost:
        has = self._leases.get(account)
        if has is None or has.holder != holder:
            return Lost(account, has)
        self._leases[account] = Lease(account, holder, has.taken_at, now + timedelta(seconds=seconds))
        return self._leases[account]

    def release(self, account: str, holder: str) -> bool:
        has = self._leases.get(account)
        if has is None or has.holder != holder:
            return False
        del self._leases[account]
        return True

    def holder(self, account: str) -> Lease | None:
        return self._leases.get(account)
