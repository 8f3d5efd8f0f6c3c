"""A strategy that does what a test tells it, and runs of it over small markets written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from execution.tapes import CALENDAR, Row, bars, tape
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Stock
from strikewise.domain.parameters import ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Holding, Portfolio, Position
from strikewise.domain.quotes import Grade, Quote
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.domain.structures import Structure
from strikewise.engine.spec import WEEKDAYS, RunSpec, StrategySpec
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import MarketView
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.ledger import MemoryLedger
from strikewise.risk.limits import Limits
from strikewise.strategy.api import Screened

FREE = FeeSchedule(commission_cents=0, assignment_cents=0, pass_through=False)


FREE_MONEY = Financing(debit_spread=0.0, borrow_rate=0.0)


NOTHING_TO_SET = ParameterSpace(())


@dataclass(frozen=True)
class Told:
    """Opens given structures on given days, closes on given days, and closes what it was assigned."""

    opens: Mapping[date, Sequence[Structure]]
    closes: frozenset[date] = frozenset()
    units: int = 1
    max_loss_cents: int | None = 50_000
    margin_cents: int = 50_000
    name: str = "told"
    summary: str = "Does what a test tells it."
    space: ParameterSpace = NOTHING_TO_SET

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        wanted = self.opens.get(market_data.day, ())
        found = [self._signal(one, market_data) for one in wanted if market_data.fresh_spot(one.underlying)]
        rejected: dict[DenialCode, int] = {}
        return Screened(tuple(found), rejected)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        return list(self.screen(market_data, params).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        units = self.units
        return Position(
            position_id="",
            strategy=signal.strategy,
            underlying=signal.underlying,
            signal_id=signal.signal_id,
            structure=signal.structure,
            quantity=units,
            holdings=tuple(Holding(leg.instrument, leg.ratio * units) for leg in signal.structure.legs),
            opened_at=portfolio.as_of,
            entry_cents=signal.price_cents * units,
            cash_cents=signal.price_cents * units,
            fees_cents=0,
            max_loss_cents=None if self.max_loss_cents is None else self.max_loss_cents * units,
            margin_cents=self.margin_cents * units,
            because={},
            grade=signal.grade,
        )

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        shares = any(isinstance(held.instrument, Stock) for held in position.holdings)
        if shares and not position.structure.shares:
            return Close("ASSIGNED_SHARES")
        return Close("TOLD") if market_data.day in self.closes else Hold()

    def _signal(self, structure: Structure, view: MarketView) -> Signal:
        chain, spot = view.fresh_chain(structure.underlying), view.fresh_spot(structure.underlying)
        assert spot is not None
        price = structure.shares * round(spot * 100) + sum(
            ratio * (quote.ask if ratio > 0 else quote.bid) * 100
            for contract, ratio in structure.options
            for quote in [Quote.missing() if chain is None else chain.quote(contract)]
        )
        return Signal(
            signal_id=f"{self.name}-{view.day}-{_written(structure)}",
            strategy=self.name,
            underlying=structure.underlying,
            as_of=view.as_of,
            structure=structure,
            price_cents=price,
            mid_cents=price,
            max_loss_cents=self.max_loss_cents,
            max_profit_cents=-price,
            margin_cents=self.margin_cents,
            breakevens=(),
            probability_of_profit=0.8,
            edge_cents=0,
            score=50.0,
            score_parts={},
            because={},
            grade=Grade.QUOTES,
        )


def _written(structure: Structure) -> str:
    options = [contract.symbol for contract, _ in structure.options]
    return f"{options}" + (f" {structure.shares} {structure.underlying}" if structure.shares else "")


Market = Mapping[datetime, tuple[float, Sequence[Row]]]


def hand_spec(
    *strategies: Any, underlying: str = "SPY", end: date, start: date, **changes: Any
) -> ReplaySpec:
    """Return a specification of strategies that are told what to do; fees and limits are out of the way."""
    chosen = tuple(StrategySpec(one.name, one, one.space.make({})) for one in strategies)
    everything = Limits(max_loss_per_trade=1.0, max_at_risk=1.0, max_margin_per_trade=1.0, max_margin=1.0)
    run = RunSpec(
        account="hand",
        capital_cents=10_000_000,
        underlyings=(underlying,),
        strategies=chosen,
        limits=changes.pop("limits", everything),
        missing_quote=changes.get("fills", FillRule()).missing_quote,
        entry_weekdays=WEEKDAYS,
        document={},
    )
    whole = ReplaySpec("by hand", run, start, end, fills=FillRule(), fees=FREE, financing=FREE_MONEY)
    return replace(whole, **changes)


def played(
    chosen: ReplaySpec,
    snapshots: Market,
    days: Mapping[date, tuple[float, float]] | None = None,
    **more: Any,
) -> tuple[Journal, MemoryLedger]:
    """Run over hand-written snapshots, with bars of (open, close) where given; return journal and ledger.

    What is given beside goes to the source: series, dividends, splits.
    """
    underlying = chosen.run.underlyings[0]
    source = MemorySource(
        [tape(snapshots, underlying=underlying)], bars=[bars(underlying, days)] if days else [], **more
    )
    ledger = MemoryLedger()
    replay(chosen, source, CALENDAR, ledger)
    return journal_of(ledger.records()), ledger
