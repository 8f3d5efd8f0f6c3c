"""The lease: which process may write an account's decisions, told by instants that everybody passes in.

A lease is taken for some seconds and renewed long before they end. Whoever dies without giving it back is
followed by the next one as soon as it has run out; whoever was too slow to renew it learns there that it is
lost, and must not act any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Held", "Lease", "Leases", "Lost", "holder_name", "holder_words"]


def holder_name(host: str, pid: int, token: str = "") -> str:
    """Return the name under which a process holds leases: ``host:pid:token``.

    Parameters
    ----------
    host : str
        The machine's name.
    pid : int
        The process's number there.
    token : str
        What tells it from another process of that number, before or after it.
    """
    return f"{host}:{pid}:{token}"


def holder_words(holder: str) -> str:
    """Return a holder's name for people: ``process 4711 on desk``; a name of another form as it is."""
    host, colon, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    return f"process {pid} on {host}" if colon and pid.isdigit() else holder


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write an account's decisions, for a while.

    Attributes
    ----------
    account : str
        The account.
    holder : str
        Who has it: see `holder_name`.
    taken_at : datetime
        Since when, UTC; renewing leaves it.
    until : datetime
        When it runs out, unless it is renewed before.
    """

    account: str
    holder: str
    taken_at: datetime
    until: datetime

    def holds(self, now: datetime) -> bool:
        """Return whether it has not run out at an instant."""
        return now < self.until


@dataclass(frozen=True, slots=True)
class Held:
    """A lease was not given, for somebody else has it.

    Attributes
    ----------
    lease : Lease
        Who, since when and until when.
    """

    lease: Lease

    @property
    def sentence(self) -> str:
        """Who has it, and what to do, for a person."""
        lease = self.lease
        return (
            f"The account {lease.account!r} is being traded by {holder_words(lease.holder)} since "
            f"{lease.taken_at:%Y-%m-%d %H:%M:%S} UTC: stop that one first, or wait until its lease has run "
            f"out at {lease.until:%H:%M:%S} UTC."
        )


@dataclass(frozen=True, slots=True)
class Lost:
    """A lease could not be renewed: somebody else has taken it, or it was given back.

    Attributes
    ----------
    account : str
        The account.
    by : Lease or None
        Who has it now; None where nobody does.
    """

    account: str
    by: Lease | None

    @property
    def sentence(self) -> str:
        """Who has it, and what to do, for a person."""
        if self.by is None:
            return f"The lease on the account {self.account!r} was given back: stop, and start again."
        return (
            f"The lease on the account {self.account!r} was taken by {holder_words(self.by.holder)} at "
            f"{self.by.taken_at:%Y-%m-%d %H:%M:%S} UTC: stop, for that one trades it now."
        )


class Leases(Protocol):
    """Who may write which account's decisions; each method is one step that nobody can come between.

    Each raises `strikewise.domain.errors.LedgerError` where the answer cannot be known; the lease one has is
    then good until its end and no longer.
    """

    def take(
        self, account: str, holder: str, *, now: datetime, seconds: float, instead_of: str = ""
    ) -> Lease | Held:
        """Take the lease where nobody has it, it has run out, or one has it oneself.

        Parameters
        ----------
        account, holder : str
            The account, and who takes it.
        now : datetime
            The present instant, UTC.
        seconds : float
            How long it is good for.
        instead_of : str
            A holder that is known to be dead: its lease counts as run out.
        """
        ...

    def renew(self, account: str, holder: str, *, now: datetime, seconds: float) -> Lease | Lost:
        """Have the lease for another ``seconds`` from ``now``; one that ran out untaken is still ours."""
        ...

    def release(self, account: str, holder: str) -> bool:
        """Give the lease back; False where one did not have it any more."""
        ...

    def holder(self, account: str) -> Lease | None:
        """Return the lease on an account, run out or not; None where nobody has it."""
        ...
