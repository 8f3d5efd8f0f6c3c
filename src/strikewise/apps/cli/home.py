"""Where a call finds its data home."""

from __future__ import annotations

from pathlib import Path

from strikewise.apps.cli.session import Session
from strikewise.bootstrap.settings import find_home

__all__ = ["home_of"]


def home_of(session: Session) -> Path:
    """Return the data home: the one asked for, else the environment's, else the platform's."""
    return find_home(session.home)
