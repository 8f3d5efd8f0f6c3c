"""What the plain backtester reads of a specification."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol


class Settings(Protocol):
    """What is read of a specification."""

    @property
    def run(self) -> Any: ...
    @property
    def start(self) -> date: ...
    @property
    def end(self) -> date: ...
    @property
    def fills(self) -> Any: ...
    @property
    def fees(self) -> Any: ...
    @property
    def lag(self) -> int: ...
    @property
    def exercise(self) -> Any: ...
    @property
    def financing(self) -> Any: ...
