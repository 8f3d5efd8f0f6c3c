"""The journal as tables: for anybody to query, to be dropped at any time and filled again from the facts.

They are no part of the migrations: tables that do not have the columns of today's row classes are dropped and
filled anew. Instants are texts, as in the table of facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from types import NoneType
from typing import Any, get_args, get_type_hints

from sqlalchemy import BigInteger, Column, Connection, Double, MetaData, Table, Text, delete, insert, select

from strikewise.portfolio.codec import instant_text
from strikewise.portfolio.journal import Journal, JournalKeeper
from strikewise.portfolio.journal_rows import (
    EquityRow,
    OrderRow,
    PositionRow,
    SignalRow,
    StrategyRow,
    TradeRow,
)

MEANING = 1
"""To be raised when rows of the same columns come to mean something else: the tables are then filled anew."""

_CHUNK = 500
_SQL_TYPES: dict[type, type[Any]] = {str: Text, int: BigInteger, float: Double, datetime: Text}

read_metadata = MetaData()


def _kinds(row: type) -> dict[str, tuple[type, bool]]:
    """Return type and nullability of each field of a row."""
    found = {}
    for name, hint in get_type_hints(row).items():
        kinds = [kind for kind in get_args(hint) or (hint,) if kind is not NoneType]
        found[name] = (kinds[0], NoneType in get_args(hint))
    return found


def _table(name: str, row: type, key: str) -> Table:
    columns = [
        Column(field, _SQL_TYPES[kind], nullable=nullable, primary_key=field == key, autoincrement=False)
        for field, (kind, nullable) in _kinds(row).items()
    ]
    return Table(name, read_metadata, *columns)


_TRADES = _table("trades", TradeRow, "trade_id")
_POSITIONS = _table("positions", PositionRow, "position_id")
_ORDERS = _table("orders", OrderRow, "order_id")
_SIGNALS = _table("signals", SignalRow, "signal_id")
_EQUITY = _table("equity", EquityRow, "seq")
_STRATEGIES = _table("strategy_profits", StrategyRow, "row_id")
_PROGRESS = Table(
    "journal_progress",
    read_metadata,
    Column("shape", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

_SHAPE = sha256(
    repr(
        [
            MEANING,
            *((t.name, c.name, repr(c.type), c.nullable) for t in read_metadata.sorted_tables for c in t.c),
        ]
    ).encode()
).hexdigest()


def projected(connection: Connection) -> int | None:
    """Return the last fact that is in the tables; None where there are none of today's shape."""
    if not connection.dialect.has_table(connection, _PROGRESS.name):
        return None
    found = connection.execute(select(_PROGRESS).where(_PROGRESS.c.shape == _SHAPE)).first()
    return None if found is None else int(found.seq)


def drop(connection: Connection) -> None:
    """Drop the tables, where they are ours."""
    if connection.dialect.has_table(connection, _PROGRESS.name):
        read_metadata.drop_all(connection)


def write(connection: Connection, keeper: JournalKeeper) -> None:
    """Bring the tables to where a keeper is, and clear its list of changes.

    The rows it says have changed must be at least those that changed since the fact `projected` names.
    """
    if projected(connection) is None:
        drop(connection)
        read_metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(_PROGRESS), {"shape": _SHAPE, "seq": 0})
    kinds = ("trades", "orders", "signals", "equity", "strategies")
    changed: dict[str, list[Any]] = {kind: [] for kind in kinds}
    for kind, key in keeper.changed:
        changed[kind].append(key)
    names = changed["trades"]
    # One whose fills were all taken back is no trade any more.
    _replace(connection, _TRADES, names, map(keeper.trade, filter(keeper.trades.__contains__, names)))
    _replace(connection, _POSITIONS, names, map(keeper.position, filter(keeper.is_open, names)))
    for table, key, rows in (
        (_ORDERS, "orders", keeper.orders),
        (_SIGNALS, "signals", keeper.signals),
        (_EQUITY, "equity", keeper.equity),
        (_STRATEGIES, "strategies", keeper.strategies),
    ):
        _replace(connection, table, changed[key], map(rows.__getitem__, changed[key]))
    connection.execute(_PROGRESS.update().values(seq=keeper.state.seq))
    keeper.changed.clear()


def read(connection: Connection) -> Journal:
    """Return what is in the tables."""
    return Journal(
        trades=_rows(connection, _TRADES, TradeRow, "opened_seq"),
        positions=_rows(connection, _POSITIONS, PositionRow, "opened_seq"),
        orders=_rows(connection, _ORDERS, OrderRow, "seq"),
        signals=_rows(connection, _SIGNALS, SignalRow, "seq"),
        equity=_rows(connection, _EQUITY, EquityRow, "seq"),
        # Sorted here: databases do not agree on the order of texts.
        strategies=tuple(
            sorted(
                _rows(connection, _STRATEGIES, StrategyRow, "seq"), key=lambda row: (row.seq, row.strategy)
            )
        ),
    )


def _replace(connection: Connection, table: Table, keys: list[Any], rows: Iterable[object]) -> None:
    (key,) = table.primary_key.columns
    for start in range(0, len(keys), _CHUNK):
        connection.execute(delete(table).where(key.in_(keys[start : start + _CHUNK])))
    names = [column.name for column in table.c]
    values = [{name: _stored(getattr(row, name)) for name in names} for row in rows]
    if values:
        connection.execute(insert(table), values)


def _stored(value: object) -> object:
    return instant_text(value) if isinstance(value, datetime) else value


def _rows(connection: Connection, table: Table, row: type[Any], order: str) -> tuple[Any, ...]:
    instants = [name for name, (kind, _) in _kinds(row).items() if kind is datetime]
    made = []
    for found in connection.execute(select(table).order_by(table.c[order])).mappings():
        values = dict(found)
        for name in instants:
            values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
        made.append(row(**values))
    return tuple(made)
