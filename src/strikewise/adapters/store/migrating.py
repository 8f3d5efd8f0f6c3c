"""Bring the tables of an older ledger to the newest revision, by Alembic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from strikewise.adapters.store.schema import NEWEST, facts, revision
from strikewise.domain.errors import LedgerError

__all__ = ["revisions", "upgrade"]

_MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, before: Callable[[str], Path | None]) -> None:
    """Bring tables of another revision to the newest; as `strikewise.adapters.store.schema.migrate`."""
    where, found = connection.engine.url.render_as_string(), revision(connection)
    if not found and inspect(connection).has_table(facts.name):
        raise LedgerError(
            f"The database {where} has a table {facts.name!r} but no revision: it is no ledger "
            "of strikewise; name another database."
        )
    if found and found not in revisions():
        raise LedgerError(
            f"The ledger {where} has revision {found!r}, which this strikewise does not know: "
            "a newer one wrote it; use that one, or restore a backup made before."
        )
    copy = before(NEWEST) if found else None
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, NEWEST)
    except DBAPIError as error:
        kept = f" A copy is at {copy}." if copy else ""
        raise LedgerError(
            f"The ledger {where} cannot be brought from revision {found or None} to {NEWEST} ({error.orig}): "
            f"nothing of it was changed; mend that, or go on with the strikewise that wrote it.{kept}"
        ) from error


def revisions() -> list[str]:
    """Return the revisions that there are migrations to, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
