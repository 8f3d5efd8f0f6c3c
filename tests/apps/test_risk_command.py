"""`risk`: limits with their use, what is stopped, and stress, for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.json_risk import RiskResult
from apps.market_home import END
from risk.risk_facts import Diary
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.spec_file import SPEC_EXAMPLE, parse_spec
from strikewise.domain.control import (
    BreakerTripped,
    ProcessStarted,
    ProcessStopped,
    SymbolFrozen,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import RunStarted
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.money import format_cents
from strikewise.market.calendar import SessionCalendar
from strikewise.portfolio.ledger import Entry
from strikewise.risk.value_at_risk import ValueAtRisk
from strikewise.service.alert_texts import risk_text
from strikewise.service.risk import account_risk

CLOSE = SessionCalendar().session_close(END)


@pytest.fixture
def home(market: Path, tmp_path: Path) -> Path:
    """A home with the market of the others, and an account that sold a put spread on the last day."""
    made = tmp_path / "home"
    made.mkdir()
    for there in market.iterdir():
        if there.name not in {"ledger.db", "settings.toml", "runs"}:
            (made / there.name).symlink_to(there)
    (made / "settings.toml").write_text("[governor]\nblackouts = {}\n", encoding="utf-8")
    write(made, traded(made))
    return made


def traded(home: Path) -> Diary:
    chain = build_system(home).data.source().chain("SPX", CLOSE)
    assert chain is not None
    puts = [chain.contract(row) for row in range(len(chain))]
    later = sorted(one for one in puts if one.right is Right.PUT and (one.expiration - END).days >= 20)
    near = [one for one in later if one.expiration == later[0].expiration and one.strike < 0.96 * chain.spot]
    short, wing = near[-1], near[-3]
    diary = Diary(capital=100_000_00, at=CLOSE - timedelta(days=1))
    diary.valued(CLOSE - timedelta(days=1), 100_000_00, told=0)
    diary.open(_legs(short, wing), CLOSE, strategy="told", price=-40_000)
    return diary


def _legs(short: OptionContract, wing: OptionContract) -> dict[Any, int]:
    return {short: -1, wing: 1}


def write(home: Path, diary: Diary) -> None:
    system = build_system(home)
    with system.ledger() as ledger:
        rows = [Entry(one.event, one.known_at, one.actor, one.cause) for one in diary.records]
        ledger.append(rows, recorded_at=datetime.now(UTC))


def add(home: Path, event: Any, actor: str = "risk") -> None:
    with build_system(home).ledger() as ledger:
        ledger.append([Entry(event, CLOSE, actor)], recorded_at=datetime.now(UTC))


def test_a_program_reads_limits_value_at_risk_and_stress(answer: Any, home: Path) -> None:
    told = RiskResult.model_validate(answer("risk", home=home))
    assert told.as_of == CLOSE
    assert told.account == "main"
    assert told.state.state == "active"
    named = {one.name: one for one in told.limits}
    assert named["limits.max_positions"].used == 1
    assert named["governor.max_sector"].of == "S&P 500"
    assert told.value_at_risk.known
    assert told.value_at_risk.sessions == 500
    assert named["governor.max_value_at_risk"].limit == pytest.approx(0.10 * told.equity)
    assert told.stress is not None
    assert len(told.stress.profit) == len(told.stress.days)
    assert told.stress.worst.profit < 0
    assert [one.name for one in told.shocks][-1] == "limit-down halt"
    assert all(one.profit >= told.stress.worst.profit - 1 for one in told.shocks)
    assert told.positions[0].closed_at_loss == 500.0


def test_limits_are_those_that_the_process_trades_by(answer: Any, home: Path) -> None:
    def of(name: str) -> float:
        told = RiskResult.model_validate(answer("risk", home=home))
        return next(one.limit for one in told.limits if one.name == name)

    written = SPEC_EXAMPLE.replace("[[", "[limits]\nmax_positions = 14\n[governor]\nerrors = 9\n[[", 1)
    settings = of("limits.max_positions"), of("governor.errors")
    assert settings == (10, 5)
    add(home, ProcessStarted("host:1", "1", "paper", "stored"), "engine")
    add(home, RunStarted(parse_spec(written).run.document, {}, None), "engine")
    assert (of("limits.max_positions"), of("governor.errors")) == (14, 9)
    add(home, RunStarted(parse_spec(SPEC_EXAMPLE).run.document, {}, None), "engine")
    assert (of("limits.max_positions"), of("governor.errors")) == settings, "which sets no governor"
    add(home, RunStarted(parse_spec(written).run.document, {}, None), "engine")
    add(home, ProcessStopped("host:1", "asked to"), "engine")
    assert (of("limits.max_positions"), of("governor.errors")) == settings, "nothing trades by it any more"


def test_a_halt_that_no_process_has_met_yet_is_shown(answer: Any, call: Any, home: Path) -> None:
    assert call("halt", "lunch", "--exits", home=home).exit_code == 0
    told = RiskResult.model_validate(answer("risk", "--as-of", str(END), home=home)).state
    assert (told.state, told.reason, told.by_person) == ("reducing", "lunch", True)
    assert call("resume", "back", home=home).exit_code == 0, "which takes the flag down; the request waits"
    told = RiskResult.model_validate(answer("risk", "--as-of", str(END), home=home)).state
    assert (told.state, told.reason, told.by_person) == ("reducing", "lunch", True)


def test_a_message_names_the_value_at_risk_and_not_the_worst_session(home: Path) -> None:
    report = account_risk(build_system(home))
    assert isinstance(report.value_at_risk, ValueAtRisk)
    assert 0 < report.value_at_risk.cents < report.value_at_risk.worst_cents
    said = risk_text(report).splitlines()
    assert said[1] == f"Value at risk of a day: {format_cents(report.value_at_risk.cents)}"


def test_what_is_stopped_is_shown_with_its_reason(answer: Any, call: Any, home: Path) -> None:
    add(home, TradingStateChanged(TradingState.REDUCING, "LIMIT_DAILY_LOSS", "loss=2000.00 limit=2000.00"))
    add(
        home,
        BreakerTripped(
            "BREAKER_LOSS_STREAK", "strategy=told", CLOSE + timedelta(hours=24), "losses=5 limit=5"
        ),
    )
    add(home, BreakerTripped("BREAKER_STOPPED_STRIKES", "structure=SPX -1P", CLOSE, "lost=1.00"))
    add(home, SymbolFrozen("NVDA", "a split"))
    told = RiskResult.model_validate(answer("risk", home=home))
    assert (told.state.state, told.state.reason) == ("reducing", "LIMIT_DAILY_LOSS")
    assert [one.breaker for one in told.breakers] == ["BREAKER_LOSS_STREAK"], "what has run out is not shown"
    assert told.frozen == {"NVDA": "a split"}
    said = call("risk", home=home)
    assert said.exit_code == 0, said.stderr
    for word in ("REDUCING", "LIMIT_DAILY_LOSS", "strategy=told", "losses=5 limit=5", "a person releases it"):
        assert word in said.stdout


@pytest.mark.parametrize("columns", [80, 160])
def test_people_see_bars_that_fit_their_terminal(call: Any, home: Path, columns: int) -> None:
    said = call("risk", home=home, columns=columns)
    assert said.exit_code == 0, said.stderr
    assert "Value at risk" in said.stdout
    assert "█" in said.stdout
    assert "…" not in said.stdout
    tables = said.stdout.partition("Next:")[0]
    assert max(len(line) for line in tables.splitlines()) <= columns


def test_an_account_without_a_ledger_has_its_limits_and_nothing_at_risk(
    answer: Any, call: Any, tmp_path: Path
) -> None:
    told = RiskResult.model_validate(answer("risk", home=tmp_path))
    assert (told.stress, told.shocks, told.positions) == (None, [], [])
    assert told.equity == 100_000
    assert all(one.used == 0 for one in told.limits)
    assert "Nothing is held, so nothing is at risk." in call("risk", home=tmp_path).stdout


def test_unknown_risk_is_shown_as_unknown_and_not_as_zero(answer: Any, call: Any, home: Path) -> None:
    (home / "settings.toml").write_text(
        "[governor]\nvar_sessions = 5000\nvar_least_sessions = 5000\n", "utf-8"
    )
    told = RiskResult.model_validate(answer("risk", home=home))
    assert not told.value_at_risk.known
    at_risk = [one for one in told.limits if one.name == "governor.max_value_at_risk"]
    assert [one.used for one in at_risk] == [None, None]
    assert "RISK_UNKNOWN" in {one.code for one in told.warnings}
    assert "Value at risk is not known" in call("risk", home=home).stdout


def test_a_grid_of_other_days_is_asked_for_by_name(call: Any, home: Path) -> None:
    assert "5 days later" in call("risk", "--days", 5, home=home).stdout
    refused = call("risk", "--days", 4, home=home)
    assert refused.exit_code == 2
    assert "The grid has no 4" in refused.stderr.replace("\n", " ")
