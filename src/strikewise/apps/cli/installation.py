"""The installation a call works on. Whoever imports this loads everything; the list of commands does not."""

from __future__ import annotations

from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.session import Session
from strikewise.bootstrap.build import build_system
from strikewise.service.system import System

__all__ = ["system_of"]


def system_of(session: Session) -> System:
    """Return the installation in the session's data home."""
    return build_system(home_of(session))
