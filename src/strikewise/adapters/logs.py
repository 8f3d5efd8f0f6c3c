"""Logs: lines of JSON in a file that does not grow for ever, without secrets, and for people on a console.

What a library logs with the standard module goes the same way. Logs are for people who look for a fault:
nothing reads them back, and a disk that does not take them stops nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Self, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from strikewise.adapters.redaction import Redaction
from strikewise.market.clock import Clock

__all__ = ["Logbook"]

MEGABYTE = 1024 * 1024

_LEVELS = ("debug", "info", "warning", "error")
_OURS = ("at", "level", "event")
"""What every line has; a pair of such a name gets another."""


class Logbook:
    """Where a process writes what it does: called with a level, an event, and its pairs.

    Parameters
    ----------
    path : Path
        The file; older ones have ``.1``, ``.2`` … behind its name.
    clock : Clock
        The time that lines are stamped with.
    max_megabytes : float
        When a new file is begun.
    keep : int
        Older files that are kept.
    redaction : Redaction
        What must not stand in it.
    console : text stream, optional
        Where the same is shown to people.
    level : str
        The least level that is written: ``debug``, ``info``, ``warning`` or ``error``.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        max_megabytes: float = 10.0,
        keep: int = 10,
        redaction: Redaction | None = None,
        console: TextIO | None = None,
        level: str = "info",
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock, self.redaction = clock, redaction or Redaction()
        file = _Forgiving(path, maxBytes=round(max_megabytes * MEGABYTE), backupCount=keep, encoding="utf-8")
        self._handlers: list[logging.Handler] = [file]
        file.setFormatter(self._formatter(structlog.processors.JSONRenderer(ensure_ascii=False)))
        if console is not None:
            shown = logging.StreamHandler(console)
            for_people = structlog.dev.ConsoleRenderer(colors=console.isatty(), sort_keys=False)
            shown.setFormatter(self._formatter(for_people))
            self._handlers.append(shown)
        for handler in self._handlers:
            handler.setLevel(level.upper())
        self._own = logging.Logger("strikewise", level.upper())
        self._own.handlers = self._handlers
        self._log = structlog.wrap_logger(
            self._own,
            processors=[structlog.stdlib.add_log_level, ProcessorFormatter.wrap_for_formatter],
            wrapper_class=structlog.stdlib.BoundLogger,
        )

    def __call__(self, level: str, event: str, pairs: Mapping[str, object]) -> None:
        """Write what happened; a ``level`` that is none is an error's."""
        told = self._log.bind(**{f"{name}_" if name in _OURS else name: pairs[name] for name in pairs})
        getattr(told, level if level in _LEVELS else "error")(event)

    def __enter__(self) -> Self:
        """Take in what libraries log, warnings and worse."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.addHandler(handler)
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file, and of what libraries log."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()

    def _formatter(self, renderer: Processor) -> ProcessorFormatter:
        return ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                self._stamp,
                structlog.processors.format_exc_info,
                self._redact,
                renderer,
            ],
        )

    def _stamp(self, _: Any, __: str, told: EventDict) -> EventDict:
        return {"at": self._clock.now().isoformat(), **told}

    def _redact(self, _: Any, __: str, told: EventDict) -> EventDict:
        redacted: EventDict = self.redaction.value(told)
        return redacted


class _Forgiving(RotatingFileHandler):
    """A file for its owner's eyes, whose disk may be full."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return TextIOWrapper(os.fdopen(handle, "ab"), encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's names
        """Lose a line rather than stop."""

    def close(self) -> None:
        """Let go of the file, whatever became of its last line."""
        with suppress(OSError):
            super().close()
