"""The logs of a home's processes, which show no secret that is known."""

from __future__ import annotations

from pathlib import Path

from strikewise.adapters.logs import Logbook
from strikewise.adapters.redaction import Redaction
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.settings import known_secrets
from strikewise.market.clock import Clock

__all__ = ["logbook_of"]


def logbook_of(path: Path, clock: Clock, settings: Settings) -> Logbook:
    """Return the logbook of a process, to be entered: what the environment keeps secret stays out of it.

    Parameters
    ----------
    path : Path
        Its file.
    clock : Clock
        The time that lines are stamped with.
    settings : Settings
        Those of the home: of the broker's account only the end is shown.
    """
    return Logbook(path, clock, redaction=Redaction(known_secrets(), [settings.broker.account_id]))
