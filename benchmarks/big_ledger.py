"""Make a home whose account has traded very much: for measures of whatever reads a ledger.

Run ``python benchmarks/big_ledger.py HOME [FACTS]`` (default 1,000,000). Three months of SPY are traded once,
over the store of ``benchmarks/backtest.py`` (made there once), by the engine itself; then the same quarter is
written again and again with other ids and later instants, each session valued at every quarter of an hour, as
a process that runs all day does. The facts are chained by their hashes like any others, and the home has the
store's market data, and a picture of the account.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine

from backtest import STORE, build
from strikewise.adapters.data_home import DataHome
from strikewise.adapters.picture_file import PICTURE, PictureFile
from strikewise.adapters.store.fact_rows import insert_facts
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.backtest.runner import replay
from strikewise.bootstrap.spec_file import make_spec
from strikewise.market.calendar import SessionCalendar
from strikewise.market.estimate import MissingQuotePolicy
from strikewise.market.view import Market
from strikewise.portfolio.ledger import GENESIS, Fact, MemoryLedger, fact_hash
from strikewise.portfolio.picture import picture_of
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.valuation import value_account

__all__ = ["Quarter", "make_home"]

START, END = date(2023, 1, 3), date(2023, 3, 31)
LOOKS = 26
"""A session: quarters of an hour."""
APART = timedelta(days=10)
"""A quarter's facts are told within so many days, or the years would run out."""
SPEC = {
    "name": "Much traded",
    "underlyings": ["SPY"],
    "start": START,
    "end": END,
    "capital": 250_000,
    "strategies": [
        {"label": "put_spreads", "strategy": "credit_spread", "parameters": {"side": "put"}},
        {"label": "condors", "strategy": "iron_condor"},
    ],
}
_INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00)"')


class Quarter:
    """A quarter that was traded, to be written again under other names and instants.

    Parameters
    ----------
    facts : list of Fact
        What happened; its first is the account's opening.

    Attributes
    ----------
    head, rest : list of Fact
        What is told once, and what is told again.
    """

    def __init__(self, facts: list[Fact]) -> None:
        self.head = [fact for fact in facts if fact.kind in {"AccountOpened", "RunStarted"}]
        self.rest = [fact for fact in facts if fact.kind not in {"AccountOpened", "RunStarted"}]
        ids = {
            name
            for fact in facts
            for name in re.findall(
                r'"(?:signal_id|order_id|position_id|execution_id|settlement_id)":"([^"]+)"', fact.payload
            )
        }
        longest_first = sorted(map(re.escape, ids), key=len, reverse=True)
        self._names = re.compile('"(' + "|".join(longest_first) + ')"')
        self._first = facts[0].known_at
        self._span = max(fact.known_at for fact in facts) - self._first + timedelta(days=1)

    def again(self, number: int, after: int, prev_hash: str) -> Iterator[Fact]:
        """Yield the quarter once more, behind a fact."""
        begin = self._first + number * APART
        seqs: dict[int, int] = {fact.seq: fact.seq for fact in self.head}

        def shifted(at: datetime) -> datetime:
            moved = begin + APART * ((at - self._first) / self._span)
            return moved.replace(microsecond=0)

        def retold(found: re.Match[str]) -> str:
            return f'"{shifted(datetime.fromisoformat(found[1])).isoformat()}"'

        for fact in self.rest:
            payload = self._names.sub(rf'"c{number}-\1"', fact.payload) if number else fact.payload
            payload = _INSTANT.sub(retold, payload)
            for look in range(LOOKS if fact.kind == "AccountValued" else 1):
                after += 1
                known = shifted(fact.known_at) + timedelta(minutes=look)
                cause = None if fact.cause is None else seqs.get(fact.cause)
                sealed = _sealed(replace(fact, seq=after, cause=cause, payload=payload), known, prev_hash)
                prev_hash = sealed.hash
                yield sealed
            seqs[fact.seq] = after


def _sealed(fact: Fact, known_at: datetime, prev_hash: str) -> Fact:
    columns = (fact.seq, fact.kind, fact.schema_version, known_at, known_at, fact.actor, fact.cause)
    digest = fact_hash(*columns, fact.payload, prev_hash)
    return Fact(*columns, fact.payload, prev_hash, digest)


def quarter() -> Quarter:
    """Trade the quarter."""
    if not STORE.is_dir():
        build("SPY")
    calendar, ledger = SessionCalendar(), MemoryLedger()
    replay(make_spec(SPEC), DataHome(STORE, calendar).source(), calendar, ledger)
    facts = list(ledger.facts())
    left = AccountState.fold(facts).positions  # closed in no quarter, they would pile up
    orders = re.compile("|".join(map(re.escape, left)) or "$^")
    gone = {fact.payload for fact in facts if fact.kind == "OrderPlaced" and orders.search(fact.payload)}
    names = [re.search(r'"order_id":"([^"]+)"', payload) for payload in gone]
    of_left = re.compile("|".join(re.escape(found[0]) for found in names if found) or "$^")
    return Quarter([fact for fact in facts if not of_left.search(fact.payload)])


def make_home(home: Path, facts: int) -> int:
    """Make a home whose ledger has about so many facts; return how many.

    Parameters
    ----------
    home : Path
        The home; what was there is removed.
    facts : int
        How many facts, at least.
    """
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    told = quarter()
    for part in ("bars", "cache", "chains", "series"):
        (home / part).symlink_to(STORE / part)
    (home / "settings.toml").write_text('[run]\nunderlyings = ["SPY"]\n', encoding="utf-8")
    url = f"sqlite:///{home / 'ledger.db'}"
    with SqlLedger(url):
        pass
    engine, after, prev_hash, number = create_engine(url), 0, GENESIS, 0
    with engine.begin() as connection:
        beginning: list[Fact] = []
        for fact in told.head:
            beginning.append(_sealed(replace(fact, seq=after + 1), fact.known_at, prev_hash))
            after, prev_hash = beginning[-1].seq, beginning[-1].hash
        insert_facts(connection, beginning)
    while after < facts:
        with engine.begin() as connection:
            made = list(told.again(number, after, prev_hash))
            insert_facts(connection, made)
        after, prev_hash, number = made[-1].seq, made[-1].hash, number + 1
    engine.dispose()
    _picture(home, told, after)
    return after


def _picture(home: Path, told: Quarter, seq: int) -> None:
    """Write what the account looked like in the midst of the quarter."""
    facts = [*told.head, *told.rest]
    at = datetime(2023, 3, 1, 21, tzinfo=UTC)
    state = AccountState.fold(fact for fact in facts if fact.known_at <= at)
    calendar = SessionCalendar()
    view = Market(DataHome(home, calendar).source(), calendar).view(at)
    valued = value_account(state, view, MissingQuotePolicy.MODEL)
    PictureFile(home / PICTURE).write(picture_of(valued.portfolio, view, seq))


if __name__ == "__main__":
    began = time.perf_counter()
    written = make_home(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
    print(f"{written:,} facts in {time.perf_counter() - began:.1f} s")
