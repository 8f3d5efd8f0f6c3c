"""A scan: every number follows from the legs, and whoever was turned away was counted."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from engine.runs import CALENDAR, reconstructed
from service.systems import system_of
from strategy.recorded_market import recorded_source
from strikewise.bootstrap.trading import chosen_strategy
from strikewise.domain.errors import DataError, MissingDataError
from strikewise.domain.instruments import OptionContract
from strikewise.domain.portfolio import Portfolio
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource
from strikewise.market.view import Market
from strikewise.risk.gate import Denied, judge
from strikewise.risk.limits import Limits
from strikewise.service.queries import find_opportunities, latest_snapshot
from strikewise.service.scan import Opportunity, ScanResult
from strikewise.service.system import System

DAY = date(2015, 7, 15)
LOOSE: dict[str, dict[str, Any]] = {
    "credit_spread": {"max_signals": 5, "min_credit_to_width": 0.0, "trend": "off"},
    "iron_condor": {"max_signals": 5, "min_credit_to_width": 0.0, "min_kept_at_touch": 0.0, "width": 50.0},
    "naked_put": {"max_signals": 5, "otm_min": 0.05, "premium_max": 20.0, "max_dte": 30, "trend": "off"},
}


def three(source: MarketSource) -> System:
    """An installation whose every signal is of one expiration and sold for a credit."""
    return system_of(source, strategies=tuple(chosen_strategy(name, name, LOOSE[name]) for name in LOOSE))


@cache
def installation(source: MarketSource | None = None) -> System:
    return three(source or reconstructed())


@cache
def found() -> ScanResult:
    return find_opportunities(installation(), as_of=DAY)


def quote_of(
    source: MarketSource, one: Opportunity, contract: OptionContract, at: datetime
) -> tuple[int, int]:
    chain = source.chain(one.signal.underlying, at)
    assert chain is not None
    quote = chain.quote(contract)
    return quote.bid, quote.ask


def check_numbers(result: ScanResult, source: MarketSource) -> None:
    """Credit at the touch, extremes and breakevens by trying prices of the underlying one by one."""
    assert result.opportunities
    for one in result.opportunities:
        told, signal = one.as_dict(), one.signal
        credit = 0
        for contract, ratio in signal.structure.options:
            bid, ask = quote_of(source, one, contract, result.as_of)
            credit -= 100 * ratio * (ask if ratio > 0 else bid)
        assert round(100 * told["credit"]) == credit  # type: ignore[operator]
        strikes = [round(contract.strike * 100) for contract, _ in signal.structure.options]
        spots = np.unique(np.concatenate([np.arange(0, 2 * max(strikes), 500), strikes]))
        profit = signal.structure.payoff_cents(spots) + credit
        assert round(100 * told["max_profit"]) == profit.max()  # type: ignore[operator]
        assert round(100 * told["max_loss"]) == -profit.min()  # type: ignore[operator]
        breakevens = np.asarray(told["breakevens"]) * 100
        assert signal.structure.payoff_cents(breakevens) + credit == pytest.approx(0, abs=1)
        assert 0.0 < signal.probability_of_profit < 1.0
        assert sum(signal.score_parts.values()) == pytest.approx(signal.score)
        assert 0 < told["margin"] <= told["max_loss"] + 1e-9 or signal.strategy == "naked_put"  # type: ignore[operator]
        json.dumps(told, allow_nan=False)


def test_every_number_of_an_opportunity_follows_from_its_legs() -> None:
    check_numbers(found(), reconstructed())
    assert {one.signal.strategy for one in found().opportunities} == {
        "credit_spread",
        "iron_condor",
        "naked_put",
    }


@pytest.mark.shared
def test_every_number_follows_from_the_legs_on_recorded_quotes() -> None:
    source = recorded_source("SPY", 2026)
    check_numbers(find_opportunities(installation(source), as_of=date(2026, 8, 20)), source)


def test_all_strategies_of_the_library_are_asked_and_their_answers_can_be_told() -> None:
    result = find_opportunities(system_of(reconstructed()), as_of=DAY, payoff_of=1)
    assert len({one.signal.strategy for one in result.opportunities}) > 5
    assert {"calendar", "diagonal"} & {one.signal.strategy for one in result.opportunities}
    json.dumps(result.as_dict(), allow_nan=False)


def test_the_quantity_is_what_the_account_would_trade() -> None:
    for one in found().opportunities:
        if one.signal.strategy != "naked_put":
            assert one.quantity >= 1
            assert one.quantity * one.signal.max_loss_cents <= 0.02 * 100_000_000  # type: ignore[operator]
    rich = find_opportunities(replace(installation(), capital_cents=200_000_000), as_of=DAY)
    most = {one.signal.signal_id: one.quantity for one in rich.opportunities}
    assert all(most[one.signal.signal_id] >= one.quantity for one in found().opportunities)


def test_each_candidate_is_judged_by_the_gate_on_an_empty_account() -> None:
    tight = Limits(max_loss_per_trade=0.001, max_margin_per_trade=0.01)
    system = replace(installation(), limits=tight)
    view = Market(reconstructed(), CALENDAR).view(CALENDAR.session_close(DAY))
    capital = system.capital_cents
    empty = Portfolio(view.as_of, capital, capital, capital, 0)
    expected: Counter[str] = Counter()
    allowed = []
    for chosen in system.strategies:
        screened = chosen.strategy.screen(view, chosen.params)
        expected.update({str(code): count for code, count in screened.rejected.items()})
        for signal in screened.signals:
            proposal = chosen.strategy.size_position(signal, empty, chosen.params)
            verdict = judge(proposal, signal, empty, tight, view)
            if isinstance(verdict, Denied):
                expected[str(verdict.code)] += 1
            else:
                allowed.append(signal.signal_id)
    result = find_opportunities(system, as_of=DAY)
    assert result.denied == dict(expected)
    assert result.denied["RISK_MAX_LOSS"] > 0
    assert sorted(one.signal.signal_id for one in result.opportunities) == sorted(allowed)


def test_the_best_score_stands_first_and_codes_in_order() -> None:
    scores = [one.signal.score for one in found().opportunities]
    assert scores == sorted(scores, reverse=True)
    assert list(found().denied) == sorted(found().denied)


def test_a_date_is_its_sessions_close_and_a_day_off_the_session_before() -> None:
    close = CALENDAR.session_close(DAY)
    assert found().as_of == close
    assert find_opportunities(installation(), as_of=close).as_dict() == found().as_dict()
    sunday = find_opportunities(installation(), as_of=date(2015, 7, 19))
    assert sunday.as_of == CALENDAR.session_close(date(2015, 7, 17))


def test_without_an_instant_the_latest_chain_is_looked_at() -> None:
    latest = latest_snapshot(reconstructed())
    assert latest == CALENDAR.session_close(date(2015, 9, 30))
    assert find_opportunities(installation()).as_of == latest


def test_before_the_close_only_the_day_before_is_known_and_that_is_stale() -> None:
    noon = CALENDAR.session_close(DAY) - timedelta(hours=2)
    result = find_opportunities(installation(), as_of=noon)
    assert result.opportunities == ()
    assert result.denied == {"DATA_STALE": 3}
    assert result.grade is None


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(DataError, match="without a time zone"):
        find_opportunities(installation(), as_of=datetime(2015, 7, 15, 16, 0))  # noqa: DTZ001


def evening() -> MemorySource:
    """The same chains, taken two hours after the close."""
    honest = reconstructed()
    tape = honest._tapes["SPX"].tape
    later = tape.as_of + 7200
    return MemorySource(
        [replace(tape, as_of=later, known_at=later)],
        bars=honest._bars.values(),
        series=honest._series.values(),
    )


def test_a_date_means_the_snapshot_of_its_evening_where_there_is_one() -> None:
    result = find_opportunities(installation(evening()), as_of=DAY)
    assert result.as_of == CALENDAR.session_close(DAY) + timedelta(hours=2)
    assert [one.signal.structure for one in result.opportunities][:1]
    assert "DATA_STALE" not in result.denied


def test_an_underlying_whose_chain_is_old_is_stale_beside_one_that_is_not() -> None:
    honest = reconstructed()
    old = reconstructed(date(2015, 7, 6), date(2015, 7, 10), "XSP")
    both = MemorySource(
        [honest._tapes["SPX"].tape, old._tapes["XSP"].tape],
        bars=[*honest._bars.values(), *old._bars.values()],
        series=honest._series.values(),
    )
    result = find_opportunities(three(both), as_of=DAY)
    assert result.underlyings == ("SPX", "XSP")
    assert result.denied["DATA_STALE"] == 3
    assert [one.as_dict() for one in result.opportunities] == [one.as_dict() for one in found().opportunities]
    only = find_opportunities(three(both), as_of=DAY, underlyings=["XSP"])
    assert (only.opportunities, only.denied) == ((), {"DATA_STALE": 3})


def test_only_the_strategies_named_are_asked() -> None:
    one = find_opportunities(installation(), as_of=DAY, strategies=["iron_condor"])
    assert {found.signal.strategy for found in one.opportunities} == {"iron_condor"}
    assert set(one.denied) <= set(found().denied)
    with pytest.raises(MissingDataError, match="no strategy roulette; known are: credit_spread"):
        find_opportunities(installation(), as_of=DAY, strategies=["iron_condor", "roulette"])


def test_what_is_not_stored_is_refused() -> None:
    with pytest.raises(MissingDataError, match="no option chains of QQQ"):
        find_opportunities(installation(), underlyings=["QQQ"])
    with pytest.raises(MissingDataError, match="no option chains yet"):
        find_opportunities(system_of(MemorySource()))


def test_the_document_has_the_keys_of_the_contract() -> None:
    told = json.loads(json.dumps(found().as_dict(), allow_nan=False))
    assert set(told) == {"as_of", "grade", "opportunities", "denied"}
    assert (told["as_of"], told["grade"]) == ("2015-07-15T20:00:00+00:00", "reconstructed")
    keys = {"underlying", "strategy", "legs", "credit", "max_loss", "breakevens", "probability_of_profit"}
    for one in told["opportunities"]:
        assert keys | {"iv_rank", "score", "because"} <= set(one)
        assert all(set(leg) == {"right", "strike", "expiration", "ratio"} for leg in one["legs"])
    assert datetime.fromisoformat(told["as_of"]).tzinfo is not None
    assert told["as_of"].endswith("+00:00") == (found().as_of.tzinfo is UTC)
