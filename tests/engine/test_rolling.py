"""A roll closes what it continues, counts it as gone and keeps its lineage; an adjustment stays reserved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from engine.hand_made import Told, hand_spec
from execution.tapes import CALENDAR, Row, close_of, put, tape
from strikewise.backtest.runner import replay
from strikewise.domain.events import OrderFilled, OrderPlaced, SignalDenied
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Adjust, Hold, Roll, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import MarketView
from strikewise.portfolio.campaigns import campaigns_of
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.ledger import MemoryLedger
from strikewise.portfolio.lineage import lineage
from strikewise.portfolio.projection import AccountState
from strikewise.risk.limits import Limits
from strikewise.strategy.api import Screened

DAYS = MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = tuple(date(2024, 2, day) for day in (5, 6, 7, 8, 9))
FIRST = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
SECOND = Structure.of([Leg(put(475), -1), Leg(put(470), 1)])
THIRD = Structure.of([Leg(put(470), -1), Leg(put(465), 1)])
ELSEWHERE = Structure.of([Leg(put(470, underlying="QQQ"), -1), Leg(put(465, underlying="QQQ"), 1)])
EVERYTHING = Limits(max_loss_per_trade=1.0, max_at_risk=1.0, max_margin_per_trade=1.0, max_margin=1.0)


def rows(underlying: str = "SPY") -> list[Row]:
    bids = {480: 100, 475: 70, 470: 50, 465: 30}
    return [(put(strike, underlying=underlying), bid, bid + 5) for strike, bid in bids.items()]


@dataclass(frozen=True)
class Rolling(Told):
    """Rolls what it holds into given structures on given days, and notes what it was shown."""

    rolls: Mapping[date, Structure] = field(default_factory=dict)
    seen: list[tuple[date, int]] = field(default_factory=list)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        self.seen.append((market_data.day, position.carried_cents))
        wanted = self.rolls.get(market_data.day)
        if wanted is None:
            return Hold()
        if wanted.underlying == "SPY":
            return Roll(self._signal(wanted, market_data), "TESTED")
        other = replace(self._signal(SECOND, market_data), structure=wanted, underlying=wanted.underlying)
        return Roll(other, "TESTED")


def rolled(
    rolls: Mapping[date, Structure], *, limits: Limits = EVERYTHING, seen: list[Any] | None = None
) -> tuple[Journal, MemoryLedger]:
    told = Rolling({MONDAY: [FIRST]}, rolls=rolls, seen=[] if seen is None else seen)
    tapes = [
        tape({close_of(day): (490.0, rows(name)) for day in DAYS}, underlying=name) for name in ("SPY", "QQQ")
    ]
    ledger = MemoryLedger()
    replay(hand_spec(told, start=MONDAY, end=FRIDAY, limits=limits), MemorySource(tapes), CALENDAR, ledger)
    return journal_of(ledger.records()), ledger


def test_rolls_are_one_campaign_whose_profit_runs_on() -> None:
    seen: list[tuple[date, int]] = []
    journal, _ = rolled({TUESDAY: SECOND, THURSDAY: THIRD}, seen=seen)
    first, second, third = journal.trades
    assert {trade.campaign_id for trade in journal.trades} == {first.trade_id}
    assert (first.exit_reason, second.exit_reason, third.closed_at) == ("TESTED", "TESTED", None)
    assert first.profit_cents is not None
    assert second.profit_cents is not None
    so_far = first.profit_cents + second.profit_cents
    assert seen == [
        (TUESDAY, 0),
        (WEDNESDAY, first.profit_cents),
        (THURSDAY, first.profit_cents),
        (FRIDAY, so_far),
    ]
    (campaign,) = campaigns_of(journal.trades)
    assert (campaign.rolls, campaign.profit_cents, campaign.closed_at) == (2, so_far, None)
    assert [step.running_cents for step in campaign.steps] == [first.profit_cents, so_far, None]
    assert campaign.fees_cents == sum(trade.fees_cents for trade in journal.trades)


def test_the_lineage_of_a_rolled_position_goes_back_to_the_first_of_its_campaign() -> None:
    journal, ledger = rolled({TUESDAY: SECOND, THURSDAY: THIRD})
    first, _, third = journal.trades
    told = [one.event for one in lineage(ledger.records(), third.trade_id)]
    orders = [one.order for one in told if isinstance(one, OrderPlaced)]
    assert [(order.purpose.value, order.position_id == first.trade_id) for order in orders] == [
        ("open", True),
        ("close", True),
        ("open", False),
        ("close", False),
        ("open", False),
    ]


def test_a_roll_counts_what_it_closes_as_gone() -> None:
    """One position is allowed, and the long leg of the first is the short leg of the second."""
    journal, _ = rolled({TUESDAY: SECOND}, limits=replace(EVERYTHING, max_positions=1))
    assert [trade.closed_at is None for trade in journal.trades] == [False, True]


def test_a_roll_whose_other_half_is_refused_is_closed_all_the_same() -> None:
    told = Rolling({MONDAY: [FIRST]}, rolls={TUESDAY: SECOND})
    made = tape({close_of(day): (490.0, rows()) for day in (MONDAY, TUESDAY)})
    made.columns.open_interest[made.offsets[1] :] = 0  # enough on Monday, and none on Tuesday
    ledger = MemoryLedger()
    limits = replace(EVERYTHING, min_open_interest=1)
    replay(hand_spec(told, start=MONDAY, end=TUESDAY, limits=limits), MemorySource([made]), CALENDAR, ledger)
    journal = journal_of(ledger.records())
    denied = [one.event.code for one in ledger.records() if isinstance(one.event, SignalDenied)]
    assert denied == ["QUOTE_ILLIQUID"]
    assert [(trade.exit_reason, trade.closed_at is None) for trade in journal.trades] == [("TESTED", False)]


def test_a_roll_into_what_the_run_does_not_trade_is_refused() -> None:
    journal, ledger = rolled({TUESDAY: ELSEWHERE})
    denied = [
        (one.event.code, one.event.detail) for one in ledger.records() if isinstance(one.event, SignalDenied)
    ]
    assert denied == [("PORTFOLIO_UNIVERSE", "underlying=QQQ")]
    assert [trade.underlying for trade in journal.trades] == ["SPY"]


# --- what is adjusted ---

MORE = Structure.of([Leg(put(465), -1)])


@dataclass(frozen=True)
class Resting(Told):
    """Adjusts what it holds at one instant, and notes what the account counts when it sizes."""

    at: datetime | None = None
    sized: list[tuple[datetime, int, int]] = field(default_factory=list)

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        wanted = FIRST if market_data.as_of.hour == 15 else THIRD
        return Screened((self._signal(wanted, market_data),), {})

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        self.sized.append((portfolio.as_of, portfolio.margin_cents, len(portfolio.positions)))
        return super().size_position(signal, portfolio, params)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        first = position.structure == FIRST and market_data.as_of == self.at
        return Adjust(MORE, 12, "MORE") if first else Hold()


def test_an_adjustment_that_rests_is_reserved_at_every_tick_until_it_ends() -> None:
    hours = [close_of(MONDAY).replace(hour=hour) for hour in (15, 17, 18, 19)]
    # What is traded of a session carries five contracts of an order more with every hour: twelve take three.
    made = tape(dict.fromkeys(hours, (490.0, rows())), volume=50, open_interest=50)
    traded = np.repeat(np.array([30, 50, 100, 150], dtype=np.int32), len(rows()))
    made = replace(made, columns=replace(made.columns, volume=traded, open_interest=traded))
    told = Resting({}, at=hours[1])
    ledger = MemoryLedger()
    replay(hand_spec(told, start=MONDAY, end=MONDAY), MemorySource([made]), CALENDAR, ledger)
    fills = [one.event.execution for one in ledger.records() if isinstance(one.event, OrderFilled)]
    assert [(one.at, one.quantity) for one in fills[1:]] == [(hours[1], 5), (hours[2], 5), (hours[3], 2)]
    margin = {at: cents for at, cents, _ in told.sized}
    assert margin[hours[2]] > 10 * margin[hours[0]]
    assert margin[hours[2]] == pytest.approx(margin[hours[3]], rel=0.01)


def test_what_was_adjusted_holds_what_it_can_lose_now() -> None:
    """A put bought below a spread leaves it less to lose; one more spread's worth of short puts, more."""
    lower = Structure.of([Leg(put(480), 1), Leg(put(475), -1)])

    @dataclass(frozen=True)
    class Halving(Told):
        def manage_position(
            self, position: Position, market_data: MarketView, params: ParameterSet
        ) -> Action:
            return Adjust(lower, 1, "HALVE") if market_data.day == TUESDAY else Hold()

    told = Halving({MONDAY: [FIRST]}, units=2)
    source = MemorySource([tape({close_of(day): (490.0, rows()) for day in DAYS})])
    ledger = MemoryLedger()
    replay(hand_spec(told, start=MONDAY, end=WEDNESDAY), source, CALENDAR, ledger)
    (position,) = AccountState.fold(ledger.records()).positions.values()
    assert position.stake_cents == 100_000
    # Sold twice at 0.25, bought back once at 0.35: one spread of five dollars for fifteen cents received.
    assert position.cash_cents == -2 * 2_500 + 3_500
    assert position.margin_cents == position.max_loss_cents == 50_000 - 1_500
