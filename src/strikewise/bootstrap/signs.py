"""The signs of life of a process: a heartbeat in its home, and word to the service manager."""

from __future__ import annotations

from dataclasses import replace

from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.adapters.process_figures import figures_of_this_process
from strikewise.adapters.watchdog import ServiceManager
from strikewise.execution.heartbeat import Heartbeat

__all__ = ["Signs"]


class Signs:
    """Show that a process lives: to whoever reads its heartbeat, and to the service manager.

    Parameters
    ----------
    file : HeartbeatFile
        Where heartbeats are read.
    manager : ServiceManager
        Who starts it anew where it is stuck.
    """

    def __init__(self, file: HeartbeatFile, manager: ServiceManager) -> None:
        self._file, self._manager = file, manager
        self._phase = ""

    def show(self, heartbeat: Heartbeat) -> None:
        """Show a heartbeat."""
        self._file.beat(replace(heartbeat, process=figures_of_this_process()))
        said = f"{heartbeat.phase}, {heartbeat.state}, {heartbeat.positions} positions"
        if not self._phase:
            # It has begun, though trading waits until both sides agree: that may take as long as it takes.
            self._manager.ready(said)
        if heartbeat.phase == "stopping" != self._phase:
            self._manager.stopping(said)
        self._manager.alive(said)
        self._phase = heartbeat.phase
