"""A ledger is that of one account: at one broker, of one kind of money, under one id."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from strikewise.bootstrap.account_keeping import refuse_another_account
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.daemon import RunPlan, trading_process
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import RunStarted
from strikewise.portfolio.ledger import Entry, MemoryLedger

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
SIMULATED = ("simulated", "paper", "")
PLAYED = ("alpaca", "paper", "")
PINNED = ("alpaca", "paper", "PA1")
OTHER = ("alpaca", "paper", "PA2")
MONEY = ("alpaca", "live", "123")


def settings(home: Path, broker: str, mode: str, account: str) -> Settings:
    text = f"""
[run]
mode = "{mode}"
underlyings = ["SPY"]
[broker]
name = "{broker}"
account_id = "{account}"
"""
    (home / "settings.toml").write_text(text, encoding="utf-8")
    return load_settings(home)


def traded(*documents: dict[str, object]) -> MemoryLedger:
    ledger = MemoryLedger()
    for spec in documents:
        ledger.append([Entry(RunStarted(spec, {}, None), NOW, "engine")], recorded_at=NOW)
    return ledger


@pytest.mark.parametrize(
    ("before", "now"),
    [*pairwise((SIMULATED, PLAYED, MONEY, PINNED, OTHER)), (PLAYED, SIMULATED), (OTHER, PINNED)],
)
def test_a_ledger_is_not_gone_on_with_by_another_account(
    tmp_path: Path, before: tuple[str, str, str], now: tuple[str, str, str]
) -> None:
    ledger = traded(settings(tmp_path, *before).model_dump(mode="json"))
    with pytest.raises(SettingsError, match="give each account a ledger of its own"):
        refuse_another_account(ledger, settings(tmp_path, *now))


@pytest.mark.parametrize("now", [PLAYED, PINNED])
def test_an_account_may_be_pinned_later_and_a_specification_traded_between(
    tmp_path: Path, now: tuple[str, str, str]
) -> None:
    ledger = traded(settings(tmp_path, *PLAYED).model_dump(mode="json"), {"underlyings": ["SPY"]})
    refuse_another_account(ledger, settings(tmp_path, *now))
    with pytest.raises(SettingsError, match="'live' now"):
        refuse_another_account(ledger, settings(tmp_path, "alpaca", "live", ""))


def test_a_process_refuses_it_before_it_asks_the_broker_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never came to trade before: cursors of one broker say nothing to another."""
    monkeypatch.setenv("APCA_API_KEY_ID", "a-key")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "a-secret")
    feed = '[feeds]\ncboe = true\ncboe_url = "http://127.0.0.1:9/{symbol}"\n'
    for broker, refused in (("simulated", False), ("alpaca", True)):
        settings(tmp_path, broker, "paper", "")
        with (tmp_path / "settings.toml").open("a", encoding="utf-8") as file:
            file.write(feed)
        if refused:
            with (
                pytest.raises(SettingsError, match=r"name = 'simulated' under \[broker\]"),
                trading_process(tmp_path, RunPlan(), lambda *_: None),
            ):
                pass
        else:
            with trading_process(tmp_path, RunPlan(), lambda *_: None):
                pass
