"""The parts of a profit: they add up to it, and each is what moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from engine.runs import CALENDAR, reconstructed, spec
from strikewise.backtest.attribution import Attribution, attribute
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.domain.events import AccountValued, CashFlowed, OrderFilled
from strikewise.domain.quotes import Dividend
from strikewise.market.source import MarketSource
from strikewise.portfolio.ledger import MemoryLedger, Record

WHOLE = dict.fromkeys(("max_loss_per_trade", "max_margin_per_trade", "max_at_risk", "max_margin"), 1.0)
CALM = {"start": date(2015, 6, 1), "end": date(2015, 8, 17)}


def run(chosen: ReplaySpec, source: MarketSource) -> tuple[list[Record], Attribution]:
    ledger = MemoryLedger()
    replay(chosen, source, CALENDAR, ledger)
    return list(ledger.records()), attribute(ledger.records(), source)


def valued(records: list[Record]) -> Iterator[tuple[datetime, AccountValued]]:
    return ((record.known_at, record.event) for record in records if isinstance(record.event, AccountValued))


def test_the_parts_add_up_to_the_change_of_equity_on_every_day() -> None:
    records, found = run(spec(), reconstructed())
    before = spec().run.capital_cents
    days = dict(found.days)
    for at, event in valued(records):
        assert days[at.date()].total == pytest.approx((event.equity_mid_cents - before) / 100, abs=1e-6)
        before = event.equity_mid_cents
    assert found.whole.total == pytest.approx((before - spec().run.capital_cents) / 100, abs=1e-6)


def test_sellers_of_options_earn_time_and_pay_for_moves_and_for_trading() -> None:
    _, found = run(spec(**CALM), reconstructed())
    for strategy in ("held", "credit_spread"):
        parts = found.strategies[strategy]
        assert parts.theta > 0 > parts.gamma
        assert parts.costs < 0
    assert abs(found.whole.other) < found.whole.theta


def test_at_mid_and_without_fees_only_the_rounding_of_half_cents_is_paid() -> None:
    free = {"fills": {"f": 0.0, "slippage_bp": 0}, "fees": {"commission": 0.0, "pass_through": False}}
    records, found = run(spec(**CALM, **free), reconstructed())
    filled = [record.event for record in records if isinstance(record.event, OrderFilled)]
    contracts = sum(abs(leg.quantity) for one in filled for leg in one.execution.legs)
    assert -0.5 * contracts <= found.whole.costs <= 0.0
    _, dear = run(spec(**CALM), reconstructed())
    assert dear.whole.costs < 5 * found.whole.costs


def test_the_months_of_the_json_form_are_the_days_added_up() -> None:
    _, found = run(spec(**CALM), reconstructed())
    told = found.as_dict()
    months = told["months"]
    assert isinstance(months, list)
    assert [row["month"] for row in months] == ["2015-06", "2015-07", "2015-08"]
    assert sum(row["total"] for row in months) == pytest.approx(found.whole.total, abs=0.05)


class Paying:
    """A market in which a dividend of twenty dollars is paid."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    def dividends(self, symbol: str) -> tuple[Dividend, ...]:
        return (Dividend(symbol, date(2015, 7, 15), 20.0, 0),)


def test_a_dividend_is_carry_of_the_strategy_whose_shares_brought_it() -> None:
    holding = {"strategy": "covered_call", "parameters": {"trend": "off", "risk_fraction": 0.5}}
    chosen = spec(**CALM, underlyings=["SPY"], strategies=[holding], limits=WHOLE)
    records, found = run(chosen, Paying(reconstructed(underlying="SPY")))
    paid = [-record.event.flow.cash_cents for record in records if isinstance(record.event, CashFlowed)]
    assert sum(paid) > 0
    assert found.strategies["covered_call"].carry == pytest.approx(sum(paid) / 100)
    assert found.whole.carry == found.strategies["covered_call"].carry
