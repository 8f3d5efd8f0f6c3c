"""What once went wrong, played again: one losing spread wanted seven times, phantom exposure, wrong units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.hand_made import Told
from engine.watched import DAY, LENIENT, Account, at
from execution.tapes import Row, call
from risk.risk_markets import EXPIRY, NOW, account, held, signal_of, view_of
from strikewise.bootstrap.build import build_system
from strikewise.domain.control import BreakerTripped
from strikewise.domain.errors import ParameterError, SettingsError
from strikewise.domain.events import OrderDenied, OrderPlaced, SignalDenied
from strikewise.domain.orders import Purpose
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.reconciled import EXTERNAL, PositionAdopted, PositionWrittenOff
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.projection import AccountState
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.concentration import sector_cents
from strikewise.risk.gate import Approved, GateControl, judge
from strikewise.risk.governor import Governor
from strikewise.risk.limits import Limits
from strikewise.strategy.registry import STRATEGIES

BEAR_CALL = Structure.of([Leg(call(500), -1), Leg(call(505), 1)])
ROWS: Sequence[Row] = [(call(500), 100, 110), (call(505), 40, 50)]
WISHES = 7
PACE = 5
"""Minutes between two looks: it is wanted, stopped out at the next look, and wanted again."""


@dataclass(frozen=True)
class Stubborn(Told):
    """Wants one bear call spread at every look, and leaves it at the next."""

    exit_code: str = "STOP_LOSS"

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        made = self._signal(BEAR_CALL, market_data)
        return [replace(made, signal_id=f"{made.signal_id}-{market_data.as_of:%H%M}")]

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        if market_data.as_of - position.opened_at < timedelta(minutes=PACE):
            return Hold()
        return Close(self.exit_code)


def played(governor: Governor, exit_code: str = "STOP_LOSS", *, restarts: bool = False) -> Account:
    """Let it open the spread, and leave it at a loss, seven times one after the other."""
    minutes = range(1, 2 * WISHES * PACE + 1, PACE)
    quotes = {at(minute): (490.0, ROWS) for minute in minutes}
    made = Account((Stubborn({}, exit_code=exit_code),), quotes, governor=governor)
    for minute in minutes:
        made.tick(minute)
        if restarts:
            made.start()
    return made


def entries(made: Account) -> int:
    return sum(one.order.purpose is Purpose.OPEN for one in made.told(OrderPlaced))


def stopped(made: Account) -> list[tuple[str, str]]:
    """Return what breakers denied: that it is held already is another matter."""
    return [(one.code, one.detail) for one in made.told(SignalDenied) if one.code.startswith("BREAKER")]


UNHELD = replace(LENIENT, repeated_losses=WISHES + 1, stopped_strikes_hours=1e-6, loss_streak=WISHES + 1)


def test_without_breakers_it_would_be_traded_and_lost_seven_times() -> None:
    made = played(UNHELD)
    assert entries(made) == WISHES
    assert sum(trade.lost for trade in made.loop.supervisor.oversight.track.trades) == WISHES  # type: ignore[union-attr]


def test_after_a_stop_out_its_very_strikes_are_not_sold_again() -> None:
    made = played(LENIENT)
    assert entries(made) == 1
    code, detail = stopped(made)[0]
    assert code == "BREAKER_STRIKES"
    assert "breaker=BREAKER_STOPPED_STRIKES lost=20.00 reason=STOP_LOSS hours=2" in detail
    assert [one.breaker for one in made.told(BreakerTripped)] == ["BREAKER_STOPPED_STRIKES"]


def test_the_second_repetition_of_a_loss_is_denied_however_it_was_closed() -> None:
    made = played(LENIENT, exit_code="DTE_EXIT")
    assert entries(made) == 2, "the first one, and one repetition"
    code, detail = stopped(made)[0]
    assert code == "BREAKER_COOL_DOWN"
    assert "breaker=BREAKER_REPEATED_LOSSES losses=2 lost=40.00 minutes=60 hours=4" in detail
    until = at(1 + 3 * PACE) + timedelta(hours=4)
    assert f"until={until.isoformat()}" in detail
    assert [one.scope for one in made.told(BreakerTripped)] == ["underlying=SPY direction=bearish"]


def test_a_restart_between_any_two_looks_forgets_nothing() -> None:
    made = played(LENIENT, exit_code="DTE_EXIT", restarts=True)
    assert entries(made) == 2
    assert stopped(made)[0][0] == "BREAKER_COOL_DOWN"


# --- exposure that was not there ---------------------------------------------------------------------------


def phantoms(count: int) -> Iterator[Position]:
    """Yield positions of one sector that a broker would not have."""
    for number in range(count):
        legs = {call(500 + number, EXPIRY, "NVDA"): -1, call(510 + number, EXPIRY, "NVDA"): 1}
        yield held(legs, name=f"ghost-{number}", max_loss=90_000, margin=100_000)


def test_phantom_positions_block_nothing_once_the_broker_was_asked() -> None:
    """What the gate counts is the reconciled portfolio alone: there is no other memory to be wrong."""
    ghosts = [
        PositionAdopted(f"ghost-{n}", "NVDA", one.holdings, 0, "told") for n, one in enumerate(phantoms(48))
    ]
    gone = [PositionWrittenOff(f"ghost-{n}", "not at the broker") for n in range(48)]
    state = AccountState.fold(
        Record(n, event, NOW, NOW, "broker", None) for n, event in enumerate([*ghosts, *gone], 1)
    )
    assert not state.positions
    assert sector_cents((*state.positions.values(), *state.pending), {}) == {}
    assert isinstance(_wish_on_nvda(account(*state.positions.values())), Approved)


def test_exposure_that_is_there_does_block_and_says_how_much() -> None:
    answer = _wish_on_nvda(account(*phantoms(48)))
    assert not isinstance(answer, Approved)
    assert answer.code == "RISK_SECTOR"
    assert answer.detail == "at_stake=49000.00 limit=30000.00 sector=Information technology"


def test_a_position_of_nobody_counts_and_is_not_traded() -> None:
    mine = replace(held({call(500, EXPIRY, "NVDA"): -1}, max_loss=None, margin=3_000_000), strategy=EXTERNAL)
    answer = _wish_on_nvda(account(mine))
    assert not isinstance(answer, Approved)
    assert answer.code == "RISK_SECTOR"


def _wish_on_nvda(portfolio: Portfolio):  # type: ignore[no-untyped-def]
    view = view_of({"NVDA": 500.0})
    rules = replace(
        Governor(), blackouts={}, max_delta=1.0, max_gamma=1.0, max_vega=1.0, max_value_at_risk=1.0
    )
    loose = Limits(
        max_positions=1000, max_per_underlying=1000, max_per_strategy=1000, max_at_risk=1.0, max_margin=1.0
    )
    wish = held(
        {call(560, EXPIRY, "NVDA"): -1, call(570, EXPIRY, "NVDA"): 1}, max_loss=90_000, margin=100_000
    )
    control = GateControl(AccountRisk(view, rules))
    return judge(wish, signal_of(wish), portfolio, loose, view, control)


# --- a share is a share ------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["8", "-0.8", "-0.08", "0.8"])
def test_settings_refuse_percent_or_a_sign_where_eight_percent_is_meant(tmp_path: Path, written: str) -> None:
    (tmp_path / "settings.toml").write_text(f"[governor]\nday_drawdown = {written}\n", encoding="utf-8")
    with pytest.raises(
        SettingsError, match=rf"settings\.toml.*day_drawdown must be a fraction.*was {written}"
    ):
        build_system(tmp_path)
    (tmp_path / "settings.toml").write_text("[governor]\nday_drawdown = 0.08\n", encoding="utf-8")
    assert build_system(tmp_path).governor.day_drawdown == 0.08


@pytest.mark.parametrize("written", ["8", "-0.8"])
def test_limits_of_a_trade_refuse_them_too(tmp_path: Path, written: str) -> None:
    (tmp_path / "settings.toml").write_text(f"[limits]\nmax_loss_per_trade = {written}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=f"share of equity.*was {written}"):
        build_system(tmp_path)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_no_strategy_takes_an_exit_with_the_sign_of_a_loss(name: str) -> None:
    space = STRATEGIES[name].space
    for exit_at in ("stop_loss", "profit_target"):
        if any(one.name == exit_at for one in space.parameters):
            with pytest.raises(ParameterError, match=exit_at):
                space.make({exit_at: -0.8})


# --- held for as long as was set ---------------------------------------------------------------------------


def test_a_hold_of_four_hours_is_no_hold_of_six_minutes() -> None:
    patient = replace(UNHELD, min_hold_hours=4.0)
    made = played(patient, exit_code="PROFIT_TARGET")
    assert entries(made) >= 1
    assert not any(one.order.purpose is Purpose.CLOSE for one in made.told(OrderPlaced))
    first = made.told(OrderDenied)[0]
    assert first.code == "PORTFOLIO_HOLD"
    assert first.detail == "reason=PROFIT_TARGET hours=0.08 least=4"


def test_a_stop_waits_for_no_hold() -> None:
    made = played(replace(UNHELD, min_hold_hours=4.0), exit_code="STOP_LOSS")
    assert sum(one.order.purpose is Purpose.CLOSE for one in made.told(OrderPlaced)) == WISHES
    assert at(1).date() == DAY
