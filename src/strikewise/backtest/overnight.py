"""The person of a governed run over the past: looks once a night, and lets trading go on."""

from __future__ import annotations

from datetime import date, datetime

from strikewise.domain.control import ResumeRequested
from strikewise.engine.supervisor import Supervisor
from strikewise.market.calendar import new_york_day
from strikewise.portfolio.controls import person
from strikewise.portfolio.ledger import Entry, Ledger

__all__ = ["OVERNIGHT", "Overnight"]

OVERNIGHT = person("overnight")
"""Who resumes over the past."""


class Overnight:
    """Take back, before the first look of a day, what only a person takes back.

    Over the past nobody is there to look: without this an account that was stopped once would do nothing to
    the end, and a run would say little of its strategies. Whoever trades for real may take longer.

    Parameters
    ----------
    supervisor : Supervisor or None
        Who knows what stands; None where nobody watches, and nothing does.
    ledger : Ledger
        Where requests are written.
    """

    def __init__(self, supervisor: Supervisor | None, ledger: Ledger) -> None:
        self._supervisor, self._ledger = supervisor, ledger
        self._day: date | None = None

    def look(self, now: datetime) -> None:
        """Ask for trading to go on where a day begins and something stands."""
        if self._supervisor is None:
            return
        day = new_york_day(now)
        begins, self._day = day != self._day, day
        control = self._supervisor.oversight.control
        stands = control.by_person or any(one.until is None for one in control.breakers)
        if begins and stands:
            asked = ResumeRequested("a look overnight")
            self._ledger.append([Entry(asked, now, OVERNIGHT)], recorded_at=now)
