"""Hold the lease on an account for as long as a process trades it."""

from __future__ import annotations

from strikewise.domain.errors import LedgerError, SettingsError
from strikewise.market.clock import PacedClock
from strikewise.portfolio.lease import Held, Leases, Lost

__all__ = ["Tenure"]


class Tenure:
    """The right to write an account's decisions: taken once, renewed in time, given back.

    Parameters
    ----------
    leases : Leases
        Who gives it.
    account, holder : str
        The account, and this process.
    clock : PacedClock
        The computer's clock, whatever the market's shows: leases are about processes.
    seconds : float
        How long it is good for without being renewed; it is renewed in a third of that.
    alone : bool
        Whether nobody else could take it while it cannot be renewed, as where it is in a file of this
        machine: exits go on then, however long its disk is full.
    """

    def __init__(
        self,
        leases: Leases,
        account: str,
        holder: str,
        clock: PacedClock,
        *,
        seconds: float = 30.0,
        alone: bool = False,
    ) -> None:
        self._leases, self._account, self.holder = leases, account, holder
        self._clock, self._seconds, self._alone = clock, seconds, alone
        self._has = False
        self._at = 0.0

    def take(self, *, instead_of: str = "") -> None:
        """Take the lease.

        Parameters
        ----------
        instead_of : str
            A holder that is known to be dead.

        Raises
        ------
        SettingsError
            If somebody else has it; the message says who, and what to do.
        """
        answer = self._leases.take(
            self._account,
            self.holder,
            now=self._clock.now(),
            seconds=self._seconds,
            instead_of=instead_of,
        )
        if isinstance(answer, Held):
            raise SettingsError(answer.sentence)
        self._has, self._at = True, self._clock.monotonic()

    def keep(self) -> str:
        """Renew the lease where it is time to, and return why one must stop; empty where one need not."""
        passed = self._clock.monotonic() - self._at
        if passed < self._seconds / 3:
            return ""
        try:
            answer = self._leases.renew(
                self._account, self.holder, now=self._clock.now(), seconds=self._seconds
            )
        except LedgerError as error:
            # Until it has run out nobody else can have it; after that somebody may.
            over = passed >= self._seconds and not self._alone
            return f"The lease could not be renewed: {error}" if over else ""
        if isinstance(answer, Lost):
            self._has = False
            return answer.sentence
        self._at = self._clock.monotonic()
        return ""

    def release(self) -> None:
        """Give the lease back, so that the next process need not wait."""
        if self._has:
            self._has = False
            try:
                self._leases.release(self._account, self.holder)
            except LedgerError:
                return  # it runs out by itself
