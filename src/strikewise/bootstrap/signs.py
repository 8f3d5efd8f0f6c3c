"""The signs of life of a process: a heartbeat in its home, and word to the service manager."""

from __future__ import annotations

from dataclasses import replace

from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.adapters.process_figures import figures_of_this_process
from strikewise.adapters.watchdog import ServiceManager
from strikewise.engine.reloading import Reloading
from strikewise.engine.stopwatch import Stopwatch
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
    watch : Stopwatch
        How long its work takes.

    Attributes
    ----------
    reloading : Reloading or None
        Which settings are in force, once that is known.
    """

    def __init__(self, file: HeartbeatFile, manager: ServiceManager, watch: Stopwatch) -> None:
        self._file, self._manager, self._watch = file, manager, watch
        self._phase = ""
        self.reloading: Reloading | None = None

    def show(self, heartbeat: Heartbeat) -> None:
        """Show a heartbeat."""
        taken = figures_of_this_process()
        heartbeat = replace(heartbeat, process=taken, steps=self._watch.lasted())
        if self.reloading is not None:
            settings, restart = self.reloading.digest, self.reloading.restart
            heartbeat = replace(heartbeat, settings=settings, restart=restart)
        self._file.beat(heartbeat)
        said = f"{heartbeat.phase}, {heartbeat.state}, {heartbeat.positions} positions"
        if not self._phase:
            # It has begun, though trading waits until both sides agree: that may take as long as it takes.
            self._manager.ready(said)
        if heartbeat.phase == "stopping" != self._phase:
            self._manager.stopping(said)
        self._manager.alive(said)
        self._phase = heartbeat.phase
