"""Does it hold elsewhere: over time, with other numbers, from other days, through disasters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from backtest.evidence.made_up import history
from engine.runs import CALENDAR, reconstructed, spec
from strikewise.backtest.evidence.history import History, run
from strikewise.backtest.evidence.robustness import (
    consistency_of,
    disasters,
    growth_a_year,
    holding,
    market_share,
    regime_labels,
    regimes_of,
    sensitivity_of,
    start_sweep,
)
from strikewise.backtest.evidence.stress_paths import SCENARIOS, ShockedSource
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.quotes import Dividend, Split
from strikewise.market.memory_source import MemorySource


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_growth_a_year_is_what_compounds() -> None:
    assert growth_a_year(np.full(504, 1.21 ** (1 / 504) - 1)) == pytest.approx(0.1)
    assert growth_a_year(np.array([-1.0, 0.5])) == -1.0
    assert growth_a_year(np.zeros(0)) == 0.0


def test_an_even_result_is_consistent_and_one_good_year_is_not() -> None:
    even = consistency_of(history(np.full(1000, 0.0005)))
    assert (even.positive_years, even.positive_quarters) == (1.0, 1.0)
    assert even.without_best > 0.9
    once = np.full(1000, -0.0001)
    once[120:220] = 0.004
    lucky = consistency_of(history(once))
    assert lucky.positive_years < 0.5
    assert lucky.without_best == 0.0
    assert [one.sessions for one in lucky.years] == [one.sessions for one in even.years]


def test_a_result_that_hangs_on_its_numbers_keeps_little_of_itself() -> None:
    noise = random().normal(0.0, 0.01, (5, 750))
    base, near = history(noise[0] + 0.002), [history(row + 0.001) for row in noise[1:]]
    found = sensitivity_of(base, near, 0.2)
    assert 0.2 < found.kept < 0.8
    assert len(found.sharpes) == 4
    assert sensitivity_of(base, [base, base], 0.2).kept == 1.0
    losing = history(noise[0] - 0.002)
    assert sensitivity_of(losing, [losing], 0.2).kept == 0.0
    assert sensitivity_of(base, [], 0.2).profitable == 0.0


def test_starts_lie_in_the_first_half_and_the_first_is_not_run_again() -> None:
    base, asked = history(random().normal(0.001, 0.01, 400)), []

    def begun(wanted: ReplaySpec) -> History:
        asked.append(wanted.start)
        kept = base.days >= days_of(wanted.start)
        return replace(base, days=base.days[kept], returns=base.returns[kept])

    found = start_sweep(replace(spec(), end=date(2030, 1, 2)), base, begun, 4)
    assert [one.start for one in found] == [date_of(int(base.days[n])) for n in (0, 50, 100, 150)]
    assert asked == [one.start for one in found[1:]]
    assert found[0].growth == pytest.approx(growth_a_year(base.returns))


def test_regimes_share_out_every_session_and_trade() -> None:
    source = reconstructed()
    ran = run(spec(), source, CALENDAR)
    labels = regime_labels(ran.days, source, CALENDAR)
    found = regimes_of(ran, labels)
    assert sum(one.sessions for one in found) == len(ran.days)
    assert sum(one.trades for one in found) == ran.trades
    whole = np.prod([1 + one.total_return for one in found])
    assert whole - 1 == pytest.approx(ran.total_return, rel=1e-9)
    assert {"crash", "high_volatility"} & {one.regime for one in found}
    # Signals and sessions are told the same regime.
    at = dict(zip(ran.days.tolist(), labels, strict=True))
    assert all(at[day] == regime for day, regime in zip(ran.opened.tolist(), ran.regime, strict=True))


def test_disasters_come_on_the_morning_after_the_most_was_at_risk() -> None:
    at_risk = np.zeros(200)
    at_risk[80], at_risk[190] = 0.4, 0.9
    base = history(np.full(200, 0.001), at_risk=at_risk)
    seen = []

    def hit(wanted: ReplaySpec, source: object) -> History:
        assert isinstance(source, ShockedSource)
        seen.append(wanted.end)
        returns = base.returns.copy()
        returns[81], returns[90] = -0.1, -0.2
        return replace(base, returns=returns[:141], days=base.days[:141])

    found = disasters(spec(), base, reconstructed(), CALENDAR, hit)
    assert [one.name for one in found] == [one.name for one in SCENARIOS]
    assert {one.day for one in found} == {date_of(int(base.days[81]))}
    assert set(seen) == {date_of(int(base.days[140]))}
    assert found[0].at_once == pytest.approx(-0.1)
    assert found[0].worst == pytest.approx(0.9 * 1.001**8 * 0.8 - 1)
    assert found[0].against_calm == pytest.approx(0.9 * 0.8 / 1.001**2 - 1)


def test_where_nothing_was_ever_at_risk_or_time_is_short_no_disaster_comes() -> None:
    def never(wanted: ReplaySpec, source: object) -> History:
        raise AssertionError(f"{wanted.name} was run over {source}")

    for base in (history(np.zeros(200)), history(np.zeros(60), at_risk=np.ones(60))):
        assert disasters(spec(), base, reconstructed(), CALENDAR, never) == ()


def test_holding_counts_dividends_and_splits() -> None:
    days = [date(2024, 2, n) for n in (5, 6, 7)]
    closes = {"XYZ": list(zip(days, (100.0, 99.0, 50.0), strict=True))}
    source = MemorySource(dividends=[Dividend("XYZ", days[1], 2.0, 0)], splits=[Split("XYZ", days[2], 2.0)])
    numbers = np.array([days_of(day) for day in days], dtype=np.int32)
    assert holding(closes, numbers, source).tolist() == pytest.approx([0.0, 0.01, 1 / 99])
    special = MemorySource(dividends=[Dividend("XYZ", days[1], amount, 0) for amount in (2.0, 1.0)])
    assert holding(closes, numbers, special)[1] == pytest.approx(0.02)
    two = holding({**closes, "ABC": [(day, 10.0) for day in days]}, numbers, source)
    assert two.tolist() == pytest.approx([0.0, 0.005, 0.5 / 99])


def test_what_is_the_markets_is_told_apart() -> None:
    market = random(1).normal(0.0004, 0.01, 2000)
    found = market_share(0.3 * market + 0.0002 + random(2).normal(0, 0.001, 2000), market)
    assert found.beta == pytest.approx(0.3, abs=0.01)
    assert found.alpha == pytest.approx(0.0002 * 252, abs=0.015)
    assert found.t > 5
    alone = market_share(random(3).normal(0, 0.01, 2000), market)
    assert abs(alone.t) < 3
    assert abs(alone.correlation) < 0.1
    assert market_share(market, np.zeros(2000)) is None


def test_the_error_of_an_intercept_grows_when_days_depend_on_each_other() -> None:
    market = random(1).normal(0.0, 0.01, 3000)
    noise = random(4).normal(0.0005, 0.01, 3004)
    smooth = np.convolve(noise, np.ones(5) / 5, mode="valid")
    shuffled = random(5).permutation(smooth)
    assert abs(market_share(smooth, market).t) < 0.7 * abs(market_share(shuffled, market).t)


def test_the_error_of_an_intercept_is_that_of_newey_and_west() -> None:
    market, noise = random(6).normal(0.0, 0.01, 300), random(7).normal(0.0005, 0.01, 302)
    returns = 0.5 * market + np.convolve(noise, np.ones(3) / 3, mode="valid")
    found = market_share(returns, market)
    assert found is not None
    left = returns - found.beta * market
    apart = np.abs(np.subtract.outer(np.arange(300), np.arange(300)))
    weights = np.maximum(0.0, 1.0 - apart / 6.0)
    centred = left - left.mean()
    error = (centred @ weights @ centred) ** 0.5 / 300
    assert found.t == pytest.approx(left.mean() / error)
