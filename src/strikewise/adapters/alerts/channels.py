"""Ways to reach people: the port of a channel, what may become of a message, and Apprise's many services."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from strikewise.adapters.alerts.alert import Level
from strikewise.adapters.alerts.policy import Message
from strikewise.adapters.redaction import Redaction
from strikewise.domain.errors import SettingsError

__all__ = ["AppriseChannel", "Channel", "Failed", "Later", "Outcome", "Sent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """The service took the message.

    Attributes
    ----------
    missed : str
        Who does not get it all the same, and why; empty where everybody does.
    """

    missed: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """The service asks to come back: nothing is wrong with it or with the message.

    Attributes
    ----------
    seconds : float
        After how long.
    reason : str
        In its words.
    """

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The message did not go through, or nobody knows whether it did.

    Attributes
    ----------
    reason : str
        Why, without secrets.
    final : bool
        Whether trying again at once is no use: the service refused this message, or all of them.
    """

    reason: str
    final: bool = False


Outcome = Sent | Later | Failed


class Channel(Protocol):
    """A way to reach people. It may take its time: each has a thread of its own."""

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    def send(self, message: Message) -> Outcome:
        """Send a message, within bounded time; raise nothing."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class AppriseChannel:
    """A service that Apprise knows, by its address.

    Parameters
    ----------
    name : str
        What the settings call it.
    url : str
        Apprise's address of the service; it holds the service's secrets.

    Raises
    ------
    SettingsError
        If Apprise is not installed, or does not know such an address.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        try:
            with _no_deprecations():
                import apprise
        except ImportError as error:
            raise SettingsError(
                f"The channel {name!r} needs an extra that is not installed: "
                "run `pip install 'strikewise[alerts]'`."
            ) from error
        self._kinds = {
            Level.INFO: apprise.NotifyType.INFO,
            Level.WARNING: apprise.NotifyType.WARNING,
            Level.CRITICAL: apprise.NotifyType.FAILURE,
        }
        self._service = apprise.Apprise()
        self._redaction = Redaction([url, *_secrets_of(url)])
        with _no_deprecations():
            known = self._service.add(url)
        if not known:
            scheme = url.partition("://")[0] if "://" in url else "no scheme"
            raise SettingsError(
                f"The address of the channel {name!r} ({scheme}) is none that Apprise knows: "
                "see the list at https://github.com/caronc/apprise/wiki."
            )

    def send(self, message: Message) -> Outcome:
        """Send a message through the service."""
        said = _Listening("apprise")
        with said:
            try:
                taken = self._service.notify(
                    body=message.body or message.title,
                    title=message.title if message.body else "",
                    notify_type=self._kinds[message.level],
                )
            except Exception as error:  # a plugin's own fault must not end the thread that sends
                return Failed(self._redaction.text(f"{type(error).__name__}: {error}"))
        if taken:
            return Sent()
        return Failed(self._redaction.text(" ".join(said.lines)) or "the service did not take it")

    def close(self) -> None:
        """Hold nothing between messages."""


@contextmanager
def _no_deprecations() -> Iterator[None]:
    """Keep quiet about what the library's many plugins use of Python's own past."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class _Listening(logging.Handler):
    """Collects why a library could not do something: it says so in its log only."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._logger = logging.getLogger(name)

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):
            self.lines.append(record.getMessage())

    def __enter__(self) -> None:
        self._logger.addHandler(self)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


def _secrets_of(url: str) -> list[str]:
    """Return the parts of an address that may be secrets: all but its scheme, host and short words."""
    rest = url.partition("://")[2]
    parts = [rest]
    for mark in "/@:?&=":
        parts = [piece for part in parts for piece in part.split(mark)]
    host = rest.rpartition("@")[2].partition("/")[0].partition(":")[0]
    return [part for part in parts if len(part) >= 6 and part != host]
