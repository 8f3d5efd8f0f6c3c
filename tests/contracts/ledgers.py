"""Every ledger there is, for the suites that hold them to one contract.

PostgreSQL runs on a server of its own, started from the package ``pgserver``, or on the one whose address
``STRIKEWISE_TEST_POSTGRESQL`` gives, such as ``postgresql+psycopg://user@localhost/postgres``; each test has
a schema of its own. Python 3.13 has no ``pgserver`` yet: without an address SQLite stands alone there.
"""

from __future__ import annotations

import atexit
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url

from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.portfolio.ledger import Ledger, MemoryLedger

GIVEN = os.environ.get("STRIKEWISE_TEST_POSTGRESQL")
DATABASES = ("sqlite", "postgresql") if GIVEN or find_spec("pgserver") else ("sqlite",)
LEDGERS = ("memory", *DATABASES, "resilient")

_numbers = count()


@cache
def server() -> str:
    """Return the address of a running PostgreSQL; one that was started here ends with the tests."""
    if GIVEN:
        return GIVEN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package says which folder it takes where none is set
        started = import_module("pgserver").get_server(tempfile.mkdtemp(prefix="strikewise-postgresql-"))
    atexit.register(started.cleanup)
    return str(started.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give the address of an empty database, and take it away again."""
    number = next(_numbers)
    if kind == "sqlite":
        yield f"sqlite:///{folder}/ledger{number}.db"
        return
    name = f"test_{os.getpid()}_{number}"
    administrator = create_engine(server(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with administrator.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        address = make_url(server()).update_query_dict({"options": f"-csearch_path={name}"})
        yield address.render_as_string(hide_password=False)
    finally:
        with administrator.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        administrator.dispose()


@contextmanager
def ledger_of(kind: str, folder: Path) -> Iterator[Ledger]:
    """Give an empty ledger of a kind."""
    with ExitStack() as stack:
        if kind == "memory":
            yield MemoryLedger()
        elif kind == "resilient":
            ledger = SqlLedger(stack.enter_context(database("sqlite", folder)))
            journal = EmergencyJournal(folder / "emergency.journal", 4096)
            yield stack.enter_context(ResilientLedger(ledger, journal))
        else:
            yield stack.enter_context(SqlLedger(stack.enter_context(database(kind, folder))))
