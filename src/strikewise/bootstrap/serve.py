"""Put a server together: who may come in, from where it can be reached, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from strikewise.adapters.log_reading import LOG_FOLDER, LogReading
from strikewise.adapters.passwords import Argon2Passwords
from strikewise.adapters.store.access import SqlAccessStore
from strikewise.bootstrap.alarms import Alarms
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.logbooks import logbook_of
from strikewise.bootstrap.tracing import traces
from strikewise.domain.errors import SettingsError, StrikewiseError
from strikewise.execution.spans import Spans, unseen
from strikewise.market.clock import SystemClock
from strikewise.service.access import Access
from strikewise.service.system import System

__all__ = ["ServeParts", "ServePlan", "open_access", "serve_parts"]

LOG_FILE = "serve.log"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class ServePlan:
    """Where a server listens.

    Attributes
    ----------
    host : str
        An address of this computer.
    port : int
        0 takes a free one.
    names : tuple of str
        Further names that browsers know it by.
    behind_proxy : bool
        Whether a proxy that ends TLS stands before it.
    certificate, key : Path or None
        For TLS of its own.
    """

    host: str = "127.0.0.1"
    port: int = 8300
    names: tuple[str, ...] = ()
    behind_proxy: bool = False
    certificate: Path | None = None
    key: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this computer reaches it."""
        return _is_loopback(self.host)

    @property
    def secure(self) -> bool:
        """Whether browsers come through TLS."""
        return self.behind_proxy or self.certificate is not None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names it answers to."""
        own = LOOPBACK_NAMES if _is_loopback(self.host) or self.host in {"0.0.0.0", "::"} else ()  # noqa: S104
        return tuple(dict.fromkeys([*own, self.host.lower(), *(name.lower() for name in self.names)]))

    def check(self, access: Access) -> None:
        """Refuse to be reached from elsewhere without a password and TLS.

        Raises
        ------
        SettingsError
            If it would be.
        """
        if (self.certificate is None) != (self.key is None):
            raise SettingsError("TLS needs both --certificate and --key.")
        if _is_loopback(self.host):
            return
        if not self.secure:
            raise SettingsError(
                f"{self.host} can be reached from other computers: name --certificate and --key for TLS, "
                "or say --behind-proxy where a proxy ends it."
            )
        if not access.is_set_up:
            raise SettingsError(
                f"{self.host} can be reached from other computers, and there is no password yet: run "
                "`strikewise serve` on this computer first, and open the address that it prints."
            )


@dataclass(frozen=True, slots=True)
class ServeParts:
    """What a server is made of.

    Attributes
    ----------
    system : System
        The installation.
    access : Access
        Who may come in.
    logs : callable
        Returns lines of the home's logs, the newest first.
    rebuilt : callable
        Returns the installation as its settings are now.
    alarms : Alarms or None
        Where what people should know waits; None where nobody is told.
    spans : Spans
        Who stands around requests.
    """

    system: System
    access: Access
    logs: Callable[[], Iterable[Mapping[str, Any]]]
    rebuilt: Callable[[], System]
    alarms: Alarms | None = None
    spans: Spans = unseen

    def waiting(self) -> Mapping[str, int]:
        """Return how many alerts wait to be told, by channel."""
        return {} if self.alarms is None else self.alarms.waiting()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _quiet(_: str, __: str) -> None:
    """Say nothing."""


@contextmanager
def open_access(home: Path, say: Callable[[str, str], None] = _quiet) -> Iterator[Access]:
    """Open who may do what in a home; what people should hear of it is put into the home's outbox.

    Parameters
    ----------
    home : Path
        The data home.
    say : callable, optional
        Told of each alarm too: its code and a sentence.

    Raises
    ------
    SettingsError
        If the extra for it is not installed.
    """
    alarms = Alarms(home)

    def alarm(code: str, text: str) -> None:
        say(code, text)
        try:
            alarms.sound(code, text)
        except StrikewiseError as error:  # whoever cannot be told must not keep anybody out
            say("ALARM_NOT_KEPT", str(error))

    passwords = Argon2Passwords()
    with SqlAccessStore(home) as store:
        yield Access(store, passwords, SystemClock(), alarm=alarm)


@contextmanager
def serve_parts(home: Path, place: Path | None = None) -> Iterator[ServeParts]:
    """Open what a server needs, and write a log of its own.

    Parameters
    ----------
    home : Path
        The data home.
    place : Path, optional
        The folder of a rehearsal, whose account is served instead of the home's.

    Raises
    ------
    SettingsError
        If the settings cannot be used, or the extra is not installed.
    """
    if place is not None and not place.is_dir():
        raise SettingsError(f"There is no rehearsal in {place}: see `strikewise run --replay`.")

    def rebuilt() -> System:
        return build_system(home, place=place)

    system = rebuilt()
    with ExitStack() as stack:
        settings = load_settings(home)
        logbook = stack.enter_context(logbook_of(home / LOG_FOLDER / LOG_FILE, system.clock, settings))

        def say(code: str, text: str) -> None:
            logbook("warning", code.lower(), {"text": text})

        access = stack.enter_context(open_access(home, say))
        spans = stack.enter_context(traces(settings.traces, "strikewise-serve", nested=False))
        yield ServeParts(system, access, LogReading(place or home).latest, rebuilt, Alarms(home), spans)
