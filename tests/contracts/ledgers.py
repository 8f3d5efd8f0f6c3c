"""Every ledger there is, for the suites that hold them to one contract.

PostgreSQL is among them where ``STRIKEWISE_TEST_POSTGRESQL`` names a server's address, such as
``postgresql+psycopg://user@localhost/postgres``; each test then has a schema of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url

from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.portfolio.ledger import Ledger, MemoryLedger

POSTGRESQL = os.environ.get("STRIKEWISE_TEST_POSTGRESQL", "")
DATABASES = ("sqlite", "postgresql") if POSTGRESQL else ("sqlite",)
LEDGERS = ("memory", *DATABASES)

_numbers = count()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give the address of an empty database, and take it away again."""
    number = next(_numbers)
    if kind == "sqlite":
        yield f"sqlite:///{folder}/ledger{number}.db"
        return
    name = f"test_{os.getpid()}_{number}"
    server = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        address = make_url(POSTGRESQL).update_query_dict({"options": f"-csearch_path={name}"})
        yield address.render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        server.dispose()


@contextmanager
def ledger_of(kind: str, folder: Path) -> Iterator[Ledger]:
    """Give an empty ledger of a kind."""
    with ExitStack() as stack:
        if kind == "memory":
            yield MemoryLedger()
        else:
            yield stack.enter_context(SqlLedger(stack.enter_context(database(kind, folder))))
