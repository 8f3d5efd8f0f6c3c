"""A ledger of an older strikewise is copied, then brought up to date; all of it or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from contracts.ledgers import DATABASES, database
from contracts.processes import process
from contracts.writers import AT, batch, die_while_migrating
from strikewise.adapters.store.copies import copy_facts, verify_copy
from strikewise.adapters.store.migrating import revisions
from strikewise.adapters.store.schema import NEWEST, revision
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.errors import LedgerError
from strikewise.portfolio.ledger import Fact, verify


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def somebody(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def old(url: str, somebody: Engine) -> list[Fact]:
    """The facts of a ledger whose tables are of the first revision."""
    with SqlLedger(url) as ledger:
        ledger.append(batch(0, 4), recorded_at=AT)
        facts = list(ledger.facts())
    with somebody.begin() as connection:
        connection.execute(text("DROP TABLE leases"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    return facts


def revision_of(engine: Engine) -> str:
    with engine.connect() as connection:
        return revision(connection)


def test_the_newest_revision_is_what_the_last_migration_makes() -> None:
    assert revisions()[0] == NEWEST


def test_an_old_ledger_is_copied_and_then_brought_up_to_date(
    url: str, old: list[Fact], somebody: Engine, tmp_path: Path
) -> None:
    with SqlLedger(url, backups=tmp_path / "backups") as ledger:
        assert list(ledger.facts()) == old
        assert ledger.leases.holder("main") is None
        ledger.append(batch(0, 1), recorded_at=AT, expected=5)
    assert revision_of(somebody) > "0001"
    (copy,) = (tmp_path / "backups").iterdir()
    assert "-before-" in copy.name
    assert copy.stem.endswith("-at-5")
    assert verify_copy(copy).seq == 5
    assert list(copy_facts(copy)) == old


def test_a_file_is_copied_beside_itself_where_no_folder_is_named(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        engine = create_engine(url)
        with SqlLedger(url) as ledger:
            ledger.append(batch(0, 4), recorded_at=AT)
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE leases"))
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        engine.dispose()
        SqlLedger(url).close()
        (copy,) = tmp_path.glob("ledger*-before-*-at-5.db")
        assert verify_copy(copy).seq == 5


if "postgresql" in DATABASES:

    def test_a_ledger_that_is_no_file_is_not_changed_where_there_is_no_folder_for_its_copy(
        tmp_path: Path,
    ) -> None:
        with database("postgresql", tmp_path) as url:
            engine = create_engine(url)
            with SqlLedger(url) as ledger:
                ledger.append(batch(0, 4), recorded_at=AT)
            with engine.begin() as connection:
                connection.execute(text("DROP TABLE leases"))
                connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
            with pytest.raises(LedgerError, match="open it once with `strikewise ledger info`"):
                SqlLedger(url)
            assert revision_of(engine) == "0001"
            engine.dispose()


def test_what_cannot_be_brought_up_to_date_is_left_as_it_was_and_the_copy_is_named(
    url: str, old: list[Fact], somebody: Engine, tmp_path: Path
) -> None:
    with somebody.begin() as connection:
        connection.execute(text("CREATE TABLE leases (mine INTEGER)"))
    with pytest.raises(LedgerError, match=r"from revision 0001 .* nothing of it was changed.* A copy is at"):
        SqlLedger(url, backups=tmp_path / "backups")
    assert revision_of(somebody) == "0001"
    with somebody.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM facts")).scalar() == 5
        connection.execute(text("DROP TABLE leases"))
    with SqlLedger(url, backups=tmp_path / "backups") as ledger:  # and it goes on once that is mended
        assert list(ledger.facts()) == old


def test_a_process_killed_in_the_middle_of_it_leaves_the_ledger_as_it_was(
    url: str, old: list[Fact], somebody: Engine, tmp_path: Path
) -> None:
    with process(die_while_migrating, url, str(tmp_path / "backups")) as (dying, _):
        dying.join(60)
        assert dying.exitcode == 9
    assert revision_of(somebody) == "0001"
    assert not inspect(somebody).has_table("leases")
    with SqlLedger(url, backups=tmp_path / "backups") as ledger:
        assert list(ledger.facts()) == old
        assert verify(ledger.facts()).seq == 5
    assert revision_of(somebody) > "0001"


def test_opening_a_ledger_of_today_waits_for_nobody(url: str) -> None:
    with SqlLedger(url) as ledger:
        ledger.append(batch(0, 4), recorded_at=AT)
        with ledger._database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE facts IN EXCLUSIVE MODE"))
            with SqlLedger(url, busy_seconds=0.01) as another:
                assert another.head.seq == 5
