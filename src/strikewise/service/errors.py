"""The errors that faces catch: the root of the tree, and those a face raises itself."""

from __future__ import annotations

from strikewise.domain.errors import LedgerError, MissingDataError, SettingsError, StrikewiseError

__all__ = ["LedgerError", "MissingDataError", "SettingsError", "StrikewiseError"]
