"""Both sides compared from the command line while nobody trades, and put right unless one only looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from adapters.brokers.alpaca_kit import MarketOrderRequest, OrderSide, TimeInForce, TradingClient
from apps.json_control import ComparisonTold
from engine.watched import ROWS, at
from execution.tapes import CALENDAR, put, tape
from strikewise.adapters.store.database import Database
from strikewise.adapters.store.leases import SqlLeases
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.bootstrap.controls import compare_and_put_right, compare_without_writing
from strikewise.bootstrap.rehearsal import AlpacaRehearsal, simulated_venue
from strikewise.domain.events import AccountOpened, Event, RunStarted
from strikewise.domain.instruments import Stock
from strikewise.domain.portfolio import Holding
from strikewise.domain.reconciled import EXTERNAL, PositionAdopted, PositionClaimed
from strikewise.market.clock import ReplayClock
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.portfolio.lease import holder_name
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.projection import AccountState

CASH = 10_000_000
THEN = datetime(2024, 2, 5, 14, tzinfo=UTC)


@pytest.fixture
def served() -> Iterator[AlpacaRehearsal]:
    """An account at a local Alpaca, with cash and nothing else."""
    market = Market(MemorySource([tape({at(1): (490.0, ROWS), at(2): (490.0, ROWS)})]), CALENDAR)
    with AlpacaRehearsal(simulated_venue(market, at(1), CASH)) as rehearsal:
        yield rehearsal


@pytest.fixture
def home(served: AlpacaRehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("APCA_API_KEY_ID", served.server.key)
    monkeypatch.setenv("APCA_API_SECRET_KEY", served.server.secret)
    (tmp_path / "settings.toml").write_text(
        f"""\
[run]
underlyings = ["SPY"]

[broker]
name = "alpaca"
url = "{served.server.url}"
stream_url = "{served.server.stream_url}"
""",
        encoding="utf-8",
    )
    written(tmp_path, AccountOpened("main", CASH), RunStarted({}, {}, None))
    return tmp_path


def written(home: Path, *events: Event) -> int:
    with SqlLedger(f"sqlite:///{home / 'ledger.db'}") as ledger:
        if events:
            ledger.append([Entry(one, THEN, "engine") for one in events], recorded_at=THEN)
        return ledger.head.seq


def by_hand(served: AlpacaRehearsal, symbol: str, quantity: int) -> None:
    """Buy at the local server as a person would, with the vendor's kit."""
    client = TradingClient(served.server.key, served.server.secret, url_override=served.server.url)
    client.submit_order(
        MarketOrderRequest(symbol=symbol, qty=quantity, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    )


def silent(_: str) -> None:
    """Say nothing."""


def test_two_sides_that_agree_say_so_and_nothing_is_written(
    answer: Callable[..., Any], call: Callable[..., Result], home: Path
) -> None:
    before = written(home)
    found = ComparisonTold.model_validate(answer("reconcile", "--look", home=home))
    assert (found.agreed, found.written, found.problem) == (True, False, None)
    assert [(one.name, one.ours, one.theirs) for one in found.lines] == [
        ("cash", "$100,000.00", "$100,000.00")
    ]
    assert "both agree" in call("reconcile", "--look", home=home).stdout
    assert written(home) == before


def test_what_a_person_bought_at_the_broker_is_shown_before_it_is_taken_over_and_then_counted(
    home: Path, served: AlpacaRehearsal
) -> None:
    by_hand(served, put(480).symbol, 2)
    before = written(home)
    look = compare_without_writing(home, silent, ReplayClock(at(1)))
    assert (look.agreed, look.written) == (False, False)
    shown = {one["name"]: (one["ours"], one["theirs"], one["action"]) for one in look.lines}
    assert shown[str(put(480))] == ("+0", "+2", "adopted")
    assert shown["cash"][2] == "taken over"
    assert "paid for what nobody here opened" in {one["reason"] for one in look.lines}
    assert written(home) == before

    done = compare_and_put_right(home, silent, ReplayClock(at(1)))
    assert (done.agreed, done.written) == (True, True)
    assert [one["what"] for one in done.lines] == [one["what"] for one in look.lines]
    with SqlLedger(f"sqlite:///{home / 'ledger.db'}") as ledger:
        state = AccountState.fold(ledger.records())
    (held,) = state.positions.values()
    assert held.strategy == EXTERNAL
    assert state.realised_cents == 0

    after = written(home)
    again = compare_and_put_right(home, silent, ReplayClock(at(1)))
    assert again.agreed
    assert not any(one["action"] for one in again.lines)
    assert written(home) == after + 1, "that both sides agreed, and nothing else"


def test_what_only_we_hold_is_closed_here_at_the_second_look(home: Path, served: AlpacaRehearsal) -> None:
    shares = (Holding(Stock("SPY"), 100),)
    written(home, PositionAdopted("x1", "SPY", shares, 0, "bought once"), PositionClaimed("x1", "wheel"))
    told: list[str] = []
    found = compare_and_put_right(home, told.append, ReplayClock(at(1)))
    assert found.agreed
    (line,) = (one for one in found.lines if one["name"] == "SPY shares")
    assert (line["ours"], line["theirs"], line["action"]) == ("+100", "+0", "closed here")
    assert "looking again in 10 s" in told[0]
    assert served.venue.working() == []


def test_a_holding_on_the_other_side_is_left_to_a_person_who_is_told_what_to_do(
    call: Callable[..., Result], home: Path, served: AlpacaRehearsal
) -> None:
    by_hand(served, put(480).symbol, 2)
    sold = (Holding(put(480), -1),)
    written(home, PositionAdopted("x1", "SPY", sold, 0, "sold once"), PositionClaimed("x1", "wheel"))
    told: list[str] = []
    found = compare_and_put_right(home, told.append, ReplayClock(at(1)))
    assert not found.agreed
    assert found.for_a_person == ("SPY",)
    assert told == [], "no further look would change it"
    for arguments in (("reconcile", "--look"), ("reconcile",)):
        said = call(*arguments, home=home)
        assert said.exit_code == 1
        assert "resume --symbol SPY" in said.stdout


def test_an_account_that_another_process_holds_is_left_to_it(call: Callable[..., Result], home: Path) -> None:
    url, now = f"sqlite:///{home / 'ledger.db'}", datetime.now(UTC)
    with Database(url) as database:
        SqlLeases(database).take("main", holder_name("desk", 4711), now=now, seconds=60.0)
    said = call("reconcile", home=home)
    assert said.exit_code == 2
    assert "process 4711 on desk" in said.stderr
    assert call("reconcile", "--look", home=home).exit_code == 0


def test_an_account_nobody_traded_yet_is_only_looked_at(call: Callable[..., Result], home: Path) -> None:
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (home / name).unlink(missing_ok=True)
    said = call("reconcile", home=home)
    assert said.exit_code == 2
    assert "no facts yet" in said.stderr


def test_a_simulated_broker_is_made_of_the_ledger_and_agrees(call: Callable[..., Result], home: Path) -> None:
    text = (home / "settings.toml").read_text(encoding="utf-8")
    (home / "settings.toml").write_text(text.replace('"alpaca"', '"simulated"'), encoding="utf-8")
    said = call("reconcile", home=home)
    assert said.exit_code == 0
    assert "both agree" in said.stdout
    assert "both sides are one" in said.stderr


def test_a_broker_that_cannot_be_reached_is_no_agreement(
    call: Callable[..., Result], home: Path, served: AlpacaRehearsal
) -> None:
    text = (home / "settings.toml").read_text(encoding="utf-8")
    (home / "settings.toml").write_text(
        text.replace(served.server.url, "http://127.0.0.1:9"), encoding="utf-8"
    )
    said = call("reconcile", home=home)
    assert said.exit_code == 1
    assert "The broker's side could not be seen" in said.stdout


def test_a_wrong_key_is_told_as_what_it_is(
    call: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APCA_API_SECRET_KEY", "wrong")
    said = call("reconcile", home=home)
    assert said.exit_code == 1
    assert "could not be seen" in said.stdout


def test_without_a_key_it_says_which_to_set(
    call: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID")
    said = call("reconcile", home=home)
    assert said.exit_code == 2
    assert "APCA_API_KEY_ID and APCA_API_SECRET_KEY" in said.stderr
