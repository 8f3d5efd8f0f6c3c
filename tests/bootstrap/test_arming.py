"""Real money is traded where the settings, the command line and the account's id say so, and nowhere else."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from strikewise.bootstrap.daemon import RunPlan, trading_process
from strikewise.domain.errors import SettingsError

BOTH = (False, True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("APCA_API_KEY_ID", "a-key")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "a-secret")
    return tmp_path


def written(home: Path, *, mode: str, pinned: bool = True, broker: str = "") -> None:
    text = f'''
[run]
mode = "{mode}"
underlyings = ["SPY"]
feed = "alpaca"
[broker]
name = "alpaca"
account_id = "{"123456789" if pinned else ""}"
{broker}
'''
    (home / "settings.toml").write_text(text, encoding="utf-8")


def mode_of(home: Path, *, asked: bool) -> str:
    """Return whose money a process would trade that was put together and not run."""
    with ExitStack() as stack:
        process = stack.enter_context(trading_process(home, RunPlan(live=asked), lambda *_: None))
        return process.identity.mode


@pytest.mark.parametrize(("live", "asked", "pinned"), list(product(BOTH, BOTH, BOTH)))
def test_of_eight_ways_to_ask_one_trades_money_and_two_play(
    home: Path, live: bool, asked: bool, pinned: bool
) -> None:
    written(home, mode="live" if live else "paper", pinned=pinned)
    if live and asked and pinned:
        assert mode_of(home, asked=asked) == "live"
        return
    if not live and not asked:
        assert mode_of(home, asked=asked) == "paper"
        return
    said = "its id is pinned" if live and asked else "Real money needs both"
    with pytest.raises(SettingsError, match=said):
        mode_of(home, asked=asked)


@pytest.mark.parametrize("key", ["url", "stream_url"])
@pytest.mark.parametrize(
    ("mode", "host"), [("paper", "api.alpaca.markets"), ("live", "paper-api.alpaca.markets")]
)
def test_an_address_of_the_other_mode_is_refused(home: Path, mode: str, host: str, key: str) -> None:
    """Or a single line under [broker] would trade real money while everything else says paper."""
    written(home, mode=mode, broker=f'{key} = "wss://{host.upper()}:443/stream"')
    with pytest.raises(SettingsError, match="take the address out"):
        mode_of(home, asked=mode == "live")


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_a_server_of_ones_own_may_be_named_in_either_mode(home: Path, mode: str) -> None:
    written(home, mode=mode, broker='url = "http://127.0.0.1:9"')
    assert mode_of(home, asked=mode == "live") == mode
