"""The journal in tables is the journal of the facts, whenever it is asked for and whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from contracts.ledgers import DATABASES, database
from portfolio.event_strategies import START, closing, fill, lives, opening, signal
from portfolio.troubled_lives import troubled_lives
from strikewise.adapters.store import read_tables
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import AccountOpened, OrderFilled, OrderPlaced, SignalGenerated
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import Entry

O1 = opening("o1", "s1")
C1 = closing("c1", "o1")
HELD = [
    Entry(event, START, "engine")
    for event in (
        AccountOpened("test", 10_000_000),
        SignalGenerated(signal("s1")),
        OrderPlaced(O1),
        OrderFilled(fill("e1", O1, 1)),
    )
]
CLOSED = [
    Entry(event, START, "engine")
    for event in (OrderPlaced(C1), OrderFilled(fill("e2", C1, 1, short=45, long=10)))
]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


@given(lives() | troubled_lives(), st.data())
@settings(max_examples=25, deadline=None)
def test_the_tables_say_what_the_facts_say_however_often_they_are_brought_up(
    life: list[Entry], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(life)), max_size=3)))
    for kind in DATABASES:
        with TemporaryDirectory() as folder, database(kind, Path(folder)) as url:
            with SqlLedger(url) as ledger, SqlLedger(url) as other:
                for start, end in zip([0, *cuts], [*cuts, len(life)], strict=True):
                    ledger.append(life[start:end], recorded_at=START)
                    asked = data.draw(st.sampled_from((ledger, other)))
                    assert asked.journal() == journal_of(ledger.records())
            with SqlLedger(url) as again:
                assert again.journal() == journal_of(again.records())
                assert again.rebuild_journal() == journal_of(again.records())


def test_anybody_can_query_them(url: str) -> None:
    with SqlLedger(url) as ledger:
        ledger.append(HELD, recorded_at=START)
        ledger.journal()
        engine = create_engine(url)
        with engine.connect() as connection:
            query = "SELECT structure, entry_cents, opened_at, profit_cents FROM trades"
            assert connection.execute(text(query)).all() == [
                ("put_credit_spread", -4500, "2026-07-22T14:30:00+00:00", None)
            ]
            assert connection.execute(text("SELECT outcome FROM signals")).scalar() == "ORDERED"
            assert connection.execute(text("SELECT count(*) FROM positions")).scalar() == 1
        ledger.append(CLOSED, recorded_at=START)
        ledger.journal()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT profit_cents FROM trades")).scalar() == 4500 - 3500 - 260
            assert connection.execute(text("SELECT count(*) FROM positions")).scalar() == 0
        engine.dispose()


@pytest.mark.parametrize(
    "damage",
    [
        ["UPDATE trades SET entry_cents = 1", "UPDATE journal_progress SET shape = 'of another version'"],
        [
            "DROP TABLE trades",
            "DROP TABLE journal_progress",
            "DROP TABLE positions",
            "DROP TABLE orders",
            "DROP TABLE signals",
            "DROP TABLE equity",
            "DROP TABLE strategy_profits",
        ],
    ],
    ids=["of-another-version", "dropped"],
)
def test_tables_that_are_not_ours_any_more_are_made_anew(url: str, damage: list[str]) -> None:
    with SqlLedger(url) as ledger:
        ledger.append(HELD, recorded_at=START)
        whole = ledger.journal()
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in damage:
                connection.execute(text(statement))
        engine.dispose()
        assert ledger.journal() == whole


def test_a_rebuilt_journal_forgets_what_somebody_wrote_into_it(url: str) -> None:
    with SqlLedger(url) as ledger:
        ledger.append(HELD, recorded_at=START)
        whole = ledger.journal()
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE trades SET entry_cents = 1"))
        engine.dispose()
        assert ledger.journal() != whole
        assert ledger.rebuild_journal() == whole


def test_somebody_elses_table_is_not_dropped(url: str) -> None:
    with SqlLedger(url) as ledger:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE orders (mine INTEGER)"))
            connection.execute(text("INSERT INTO orders VALUES (7)"))
        with pytest.raises(LedgerError, match=r"orders.* already exists"):
            ledger.journal()
        with pytest.raises(LedgerError, match=r"orders.* already exists"):
            ledger.rebuild_journal()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT mine FROM orders")).scalar() == 7
        engine.dispose()


def test_many_may_ask_at_once(url: str) -> None:
    with SqlLedger(url) as ledger:
        ledger.append([*HELD, *CLOSED], recorded_at=START)
        whole = journal_of(ledger.records())

        def ask(_: int) -> bool:
            with SqlLedger(url) as mine:
                return mine.journal() == whole

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(ask, range(8)))


def test_the_journal_of_an_empty_ledger_is_empty(url: str) -> None:
    with SqlLedger(url) as ledger:
        assert ledger.journal() == journal_of([])
        assert ledger.journal() == journal_of([])


def test_the_columns_are_those_of_the_rows() -> None:
    names = {table.name for table in read_tables.read_metadata.sorted_tables}
    assert names == {
        "trades",
        "positions",
        "orders",
        "signals",
        "equity",
        "strategy_profits",
        "journal_progress",
    }
