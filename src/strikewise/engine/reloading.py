"""Settings that changed while a process runs: taken up before the next decision, and written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from strikewise.domain.control import AlertRaised, RequestMet, SettingsApplied, SettingsRequested
from strikewise.domain.events import RunStarted
from strikewise.engine.answering import Answering
from strikewise.engine.lookout import Lookout, Vigilance
from strikewise.engine.loop import Loop
from strikewise.engine.patience import Patience
from strikewise.engine.schedule import Cadence
from strikewise.engine.spec import RunSpec
from strikewise.engine.supervisor import Supervisor
from strikewise.portfolio.ledger import Entry
from strikewise.risk.governor import Governor

__all__ = ["SETTINGS_REFUSED", "NewSettings", "RefusedSettings", "Reloading"]

ENGINE = "engine"
FILE = "settings"
"""The actor of settings that somebody changed in the file itself: nobody said who."""

PATIENCE = timedelta(seconds=1)
"""How long a changed file waits for whoever changed it to say so: the file is written first."""

SETTINGS_REFUSED = "SETTINGS_REFUSED"
"""The code of the alert that saved settings cannot be used."""


@dataclass(frozen=True, slots=True)
class NewSettings:
    """Settings that differ from those in force, as far as a process can take them up while it runs.

    Attributes
    ----------
    digest : str
        Of the settings' file.
    spec : RunSpec
        What the loop is to do.
    governor : Governor
        What the account must keep as a whole.
    patience : Patience
        How much is put up with.
    answering : Answering
        How people answer signals.
    vigilance : Vigilance
        What counts as trouble.
    cadence : Cadence
        What is due when.
    changes : mapping
        As in `strikewise.domain.control.SettingsApplied`.
    restart : tuple of str
        Settings that differ and need a restart.
    """

    digest: str
    spec: RunSpec
    governor: Governor
    patience: Patience
    answering: Answering
    vigilance: Vigilance
    cadence: Cadence
    changes: Mapping[str, object]
    restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedSettings:
    """Settings that cannot be taken up: the digest of their file, and why not."""

    digest: str
    problem: str


Looked = NewSettings | RefusedSettings | None
"""What a look at the settings found; None where they are those of the look before."""


class Reloading:
    """Take up settings while a process runs.

    Parameters
    ----------
    loop : Loop
        What decides; one that others watch over.
    lookout : Lookout
        Who watches data, clocks and the broker.
    pace : callable
        Takes the cadence.
    look : callable
        Looks at the settings; what it found it does not find again.
    digest : str
        Of the settings that the process began with; empty where it takes up no others.

    Attributes
    ----------
    digest : str
        Of the settings that were taken up last.
    restart : tuple of str
        Settings that differ from those in force, and wait for a restart.
    """

    def __init__(
        self,
        loop: Loop,
        lookout: Lookout,
        pace: Callable[[Cadence], None],
        look: Callable[[], Looked],
        digest: str,
    ) -> None:
        self._loop, self._lookout, self._pace, self._look = loop, lookout, pace, look
        self.digest, self.restart, self._refused = digest, tuple[str, ...](), RefusedSettings("", "")
        self._waiting: tuple[NewSettings | RefusedSettings, datetime] | None = None

    def __call__(self, now: datetime) -> None:
        """Take up what changed, and meet whoever asked for it."""
        found = self._look()
        if found is not None:
            self._waiting = found, now
        if self._waiting is not None:
            self._take(*self._waiting, now)
        if self._waiting is None:
            self._meet(now)

    def _take(self, found: NewSettings | RefusedSettings, since: datetime, now: datetime) -> None:
        """Take up what was found; until that is written down it waits."""
        asked = self._asked(found.digest)
        if asked is None and now - since < PATIENCE:
            return
        if isinstance(found, NewSettings):
            self._apply(found, asked, now)
        else:
            text = f"The settings that were saved are not used; those before stay: {found.problem}"
            self._loop.writer.write([Entry(AlertRaised("warning", SETTINGS_REFUSED, text), now, ENGINE)])
            self._refused = found
        self._waiting = None

    def _asked(self, digest: str) -> tuple[int, str] | None:
        """Return the number of the latest request for settings, and who made it; None without one."""
        waiting = self._supervisor.oversight.control.requests
        found = [
            (number, one.actor)
            for number, one in waiting.items()
            if isinstance(one.request, SettingsRequested) and one.request.digest == digest
        ]
        return found[-1] if found else None

    @property
    def _supervisor(self) -> Supervisor:
        supervisor = self._loop.supervisor
        assert supervisor is not None, "settings are taken up by a loop that is watched over"
        return supervisor

    def _apply(self, new: NewSettings, asked: tuple[int, str] | None, now: datetime) -> None:
        """Write the change down, then go by it: what is decided from here on has it among its causes."""
        cause, actor = asked or (None, FILE)
        writer = self._loop.writer
        if new.changes or new.restart != self.restart:
            applied = SettingsApplied(new.digest, new.changes, new.restart)
            writer.write([Entry(applied, now, actor, cause)])
        if new.changes:
            writer.write([Entry(RunStarted(new.spec.document, {}, None), now, ENGINE, writer.state.seq)])
            self._loop.use(new.spec)
            self._supervisor.use(new.spec, new.governor, new.patience, new.answering)
            self._lookout.use(new.vigilance)
            self._pace(new.cadence)
        self.digest, self.restart = new.digest, new.restart

    def _meet(self, now: datetime) -> None:
        """Say to everybody who saved settings what became of them."""
        for number, one in self._supervisor.oversight.control.requests.items():
            if isinstance(one.request, SettingsRequested):
                met = self._met(number, one.request.digest)
                self._loop.writer.write([Entry(met, now, ENGINE, number)])

    def _met(self, number: int, digest: str) -> RequestMet:
        if not self.digest:
            said = "This run keeps the settings that it began with: they count from its next start on."
            return RequestMet(number, said, done=False)
        if digest == self._refused.digest:
            return RequestMet(number, f"They are not used: {self._refused.problem}", done=False)
        if digest != self.digest:
            return RequestMet(number, "Others were saved after them.", done=False)
        if self.restart:
            later = ", ".join(self.restart)
            return RequestMet(number, f"They are in force, save what needs a restart: {later}.")
        return RequestMet(number, "They are in force.")
