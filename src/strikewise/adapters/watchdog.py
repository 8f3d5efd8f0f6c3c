"""Tell a service manager that a process is ready, alive or stopping: systemd's ``sd_notify``."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Self

__all__ = ["ServiceManager"]


class ServiceManager:
    """The service manager that started this process, where one did.

    Nothing here raises: a manager that does not listen draws its own conclusions, and trading goes on.

    Parameters
    ----------
    address : str
        Of its socket, as it gives it in ``NOTIFY_SOCKET``: a path, or ``@`` and an abstract name; empty where
        no manager is there, and then nothing is told.
    """

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ready(self, status: str = "") -> None:
        """Say that the process has started, and optionally how it is, in a line for people."""
        self._tell("READY=1", status)

    def alive(self, status: str = "") -> None:
        """Say that the process is not stuck; to be said more often than ``WatchdogSec``."""
        self._tell("WATCHDOG=1", status)

    def stopping(self, status: str = "") -> None:
        """Say that the process is about to end on purpose."""
        self._tell("STOPPING=1", status)

    def _tell(self, state: str, status: str) -> None:
        if self._socket is None:
            return
        line = " ".join(status.split())
        message = f"{state}\nSTATUS={line}" if line else state
        with suppress(OSError):
            self._socket.sendto(message.encode(), self._address)
