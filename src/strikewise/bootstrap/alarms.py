"""Alarms that no fact tells: put into the outbox by whoever sees them, told by who tells the rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

from strikewise.adapters.alerts.alert import Alert, Level
from strikewise.adapters.alerts.outbox import WAITING, Outbox
from strikewise.adapters.alerts.sayings import CODES
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.market.clock import Clock, SystemClock

__all__ = ["OUTBOX", "Alarms", "told_from"]

OUTBOX = "alerts.db"
"""Where a home's alerts wait."""
BY_STRANGERS = frozenset({"LOGIN_FAILED", "LOGIN_TRIES"})
"""What somebody can cause who may do nothing."""


def told_from(settings: Settings) -> dict[str, Level]:
    """Return the channels that the settings name, Telegram first, each with the level it is told from."""
    channels = {"telegram": settings.telegram.level} if settings.telegram.chats else {}
    return channels | {name: one.level for name, one in settings.alerts.channels.items()}


class Alarms:
    """The outbox of a home, for whoever sees what the ledger does not: the door of a server, its commands.

    The rules are those of every other alert: levels, and codes that are off. What strangers can cause is
    counted instead of told anew where it comes again within the settings' ``repeat_minutes``, so that nobody
    can flood a person; what takes a password or a token is told each time.

    Parameters
    ----------
    home : Path
        The data home.
    clock : Clock
        The time.
    """

    def __init__(self, home: Path, clock: Clock | None = None) -> None:
        self._home, self._clock = home, clock or SystemClock()

    def sound(self, code: str, text: str) -> bool:
        """Put an alarm into the outbox; return whether anybody will be told.

        Parameters
        ----------
        code : str
            One of `strikewise.adapters.alerts.sayings.CODES`.
        text : str
            A sentence.

        Raises
        ------
        SettingsError, StoreError
            If the settings or the outbox cannot be used.
        """
        settings, now = load_settings(self._home), self._clock.now()
        rules, channels = settings.alerts.rules(), told_from(settings)
        usual, title = CODES[code]
        level = rules.level_of(code, usual)
        if not channels or not rules.tells(code, level):
            return False
        name = f"{code.lower()}@{round(now.timestamp() * 1_000_000)}-{token_hex(4)}"
        matter = code if code in BY_STRANGERS else ""
        alert = Alert(name, 0, level, code, title.rstrip("."), text, now, matter=matter)
        with Outbox(self._home / OUTBOX, settings.account.name, repeat=settings.alerts.repeat()) as box:
            return bool(box.take([alert], None, channels, now))

    def waiting(self) -> Mapping[str, int]:
        """Return how many alerts wait to be told, by channel; nothing where there is no outbox."""
        settings = load_settings(self._home)
        if not (self._home / OUTBOX).exists():
            return {}
        with Outbox(self._home / OUTBOX, settings.account.name) as box:
            counts = box.counts()
        return {channel: states.get(WAITING, 0) for channel, states in counts.items()}
