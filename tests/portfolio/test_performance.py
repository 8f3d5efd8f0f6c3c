from __future__ import annotations

from datetime import date, timedelta
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.backtest.demo_data import demo_bars
from strikewise.domain.errors import DomainError
from strikewise.domain.instruments import date_of
from strikewise.market.calendar import SessionCalendar
from strikewise.portfolio.performance import EquityPoint, Performance, TradeOutcome, measure

CALENDAR = SessionCalendar()


def curve(
    values: list[float], *, start: date = date(2024, 1, 2), mid: list[float] | None = None
) -> list[EquityPoint]:
    """Make one point a session, in dollars."""
    days = CALENDAR.sessions(start, start + timedelta(days=10 + 2 * len(values)))[: len(values)]
    mids = values if mid is None else mid
    return [
        EquityPoint(day, round(value * 100), round(middle * 100), 1)
        for day, value, middle in zip(days, values, mids, strict=True)
    ]


def measured(values: list[float], capital: float = 100.0, **more: list[float]) -> Performance:
    return measure(round(capital * 100), curve(values, **more), [])  # type: ignore[arg-type]


def trade(profit: float, *, reason: str = "PROFIT_TARGET", fees: float = 1.0, days: int = 10) -> TradeOutcome:
    return TradeOutcome("s", round(profit * 100), round(fees * 100), 100_000, days, reason)


def test_returns_volatility_and_ratios_of_a_curve_worked_by_hand() -> None:
    # Twenty returns, +2 % and -1 % in turn: mean 0.5 %, sample variance 20/19 × (1.5 %)².
    values = [100.0]
    for number in range(20):
        values.append(values[-1] * (1.02 if number % 2 == 0 else 0.99))
    summary = measured([round(value, 6) for value in values[1:]], capital=1_000_000 / 10_000).summary
    spread = 0.015 * sqrt(20 / 19)
    assert summary.volatility == pytest.approx(spread * sqrt(252), rel=2e-3)
    assert summary.sharpe == pytest.approx(0.005 / spread * sqrt(252), rel=5e-3)
    # Root mean square of the negative returns over all twenty: sqrt(10 × 0.01² / 20).
    assert summary.sortino == pytest.approx(0.005 / sqrt(10 * 0.01**2 / 20) * sqrt(252), rel=5e-3)
    assert summary.total_return == pytest.approx((1.02 * 0.99) ** 10 - 1, rel=1e-3)


def test_the_deepest_fall_runs_from_its_peak_to_its_recovery() -> None:
    summary = measured([110, 105, 88, 99, 110, 120, 118]).summary
    points = curve([110, 105, 88, 99, 110, 120, 118])
    assert summary.max_drawdown == pytest.approx(88 / 110 - 1)
    assert summary.max_drawdown_days == (points[4].day - points[0].day).days


def test_a_fall_that_has_not_recovered_lasts_to_the_end() -> None:
    points = curve([110, 90, 95])
    summary = measured([110, 90, 95]).summary
    assert summary.max_drawdown == pytest.approx(90 / 110 - 1)
    assert summary.max_drawdown_days == (points[-1].day - points[0].day).days


def test_a_curve_that_only_rises_has_no_fall() -> None:
    summary = measured([101, 102, 103]).summary
    assert (summary.max_drawdown, summary.max_drawdown_days) == (0.0, 0)


def test_a_loss_on_the_first_session_is_a_fall_from_the_capital() -> None:
    assert measured([95, 97]).summary.max_drawdown == pytest.approx(-0.05)


def test_the_curve_at_mid_has_a_fall_of_its_own() -> None:
    summary = measured([90, 80, 100], mid=[95, 92, 100]).summary
    assert (summary.max_drawdown, summary.max_drawdown_mid) == (pytest.approx(-0.2), pytest.approx(-0.08))


def test_the_sp_500_of_2014_to_2018_has_its_known_yearly_price_returns() -> None:
    # S&P 500 without dividends, S&P Dow Jones Indices: 11.39 %, -0.73 %, 9.54 %, 19.42 %, -6.24 %.
    bars = demo_bars(CALENDAR)
    closes = [
        (date_of(day), close) for day, close in zip(bars.days.tolist(), bars.close.tolist(), strict=True)
    ]
    before = [close for day, close in closes if day.year == 2013][-1]
    points = [
        EquityPoint(day, round(close * 100), round(close * 100), 0)
        for day, close in closes
        if 2014 <= day.year <= 2018
    ]
    found = measure(round(before * 100), points, [])
    returns = {row.year: round(100 * row.total_return, 2) for row in found.years}
    assert returns == {2014: 11.39, 2015: -0.73, 2016: 9.54, 2017: 19.42, 2018: -6.24}
    assert found.summary.max_drawdown == pytest.approx(-0.1978, abs=1e-4)  # 2018-09-20 to 2018-12-24
    growth = np.prod([1 + row.total_return for row in found.months])
    assert growth == pytest.approx(1 + found.summary.total_return)
    assert len(found.months) == 60


def test_the_odds_of_trades_worked_by_hand() -> None:
    trades = [trade(100), trade(50), trade(-75), trade(0)]
    summary = measure(10_000, curve([100.75]), trades).summary
    assert summary.trades == 4
    assert summary.win_rate == 0.5
    assert summary.profit_factor == pytest.approx(150 / 75)
    assert summary.expectancy == pytest.approx(75 / 4)
    assert (summary.average_win, summary.average_loss) == (75.0, -75.0)
    assert summary.costs == 4.0


def test_what_too_few_observations_carry_is_none_and_not_a_number() -> None:
    summary = measured([101, 99, 103]).summary
    names = ("cagr", "volatility", "sharpe", "sortino", "win_rate", "profit_factor", "expectancy", "turnover")
    assert {name: getattr(summary, name) for name in names} == dict.fromkeys(names)


def test_no_loss_means_no_profit_factor_rather_than_infinity() -> None:
    assert measure(10_000, curve([101]), [trade(1)]).summary.profit_factor is None


def test_a_curve_without_movement_has_a_volatility_of_zero_and_no_ratio() -> None:
    summary = measured([100.0] * 30).summary
    assert (summary.volatility, summary.sharpe, summary.sortino) == (0.0, None, None)


def test_growth_is_annualised_over_calendar_days() -> None:
    start, end = date(2020, 1, 2), date(2024, 1, 2)
    points = [EquityPoint(day, cents, cents, 0) for day, cents in ((start, 10_000), (end, 14_641))]
    # Four years of 365.25 days at 10 %.
    assert measure(10_000, points, []).summary.cagr == pytest.approx(0.10, abs=1e-9)


def test_exposure_is_the_share_of_sessions_that_end_with_a_position() -> None:
    points = [replaced._replace(open_positions=n % 4) for n, replaced in enumerate(curve([100.0] * 8))]
    assert measure(10_000, points, []).summary.exposure == 0.75


def test_trades_are_told_apart_by_why_they_ended() -> None:
    trades = [
        trade(10, reason="PROFIT_TARGET"),
        trade(-5, reason="STOP_LOSS"),
        trade(20, reason="PROFIT_TARGET"),
    ]
    found = {
        row.name: (row.trades, row.profit, row.win_rate)
        for row in measure(10_000, curve([100]), trades).exits
    }
    assert found == {"PROFIT_TARGET": (2, 30.0, 1.0), "STOP_LOSS": (1, -5.0, 0.0)}


def test_without_a_session_or_capital_there_is_nothing_to_measure() -> None:
    with pytest.raises(DomainError, match="session"):
        measure(10_000, [], [])
    with pytest.raises(DomainError, match="capital"):
        measure(0, curve([100]), [])


@given(st.lists(st.integers(1, 10_000_00), min_size=1, max_size=60), st.integers(1, 10_000_00))
def test_months_and_years_multiply_to_the_whole_and_add_to_the_profit(cents: list[int], capital: int) -> None:
    points = curve([value / 100 for value in cents])
    found = measure(capital, points, [])
    for rows in (found.months, found.years):
        assert sum(row.profit for row in rows) == pytest.approx(found.summary.net_profit, abs=1e-6)
        assert np.prod([1 + row.total_return for row in rows]) == pytest.approx(
            1 + found.summary.total_return, rel=1e-9
        )
    assert -1.0 <= found.summary.max_drawdown <= 0.0


def with_flows(returns: list[float], flows: list[int], capital: int = 10_000_00) -> list[EquityPoint]:
    """Make a curve that earns returns, what is paid in at the beginning of a session, out at its end."""
    equity, deposited, points = float(capital), capital, []
    for point, gain, flow in zip(curve([1.0] * len(returns)), returns, flows, strict=True):
        equity = (equity + max(flow, 0)) * (1.0 + gain) + min(flow, 0)
        deposited += flow
        points.append(EquityPoint(point.day, round(equity), round(equity), 1, deposited))
    return points


returns_and_flows = st.lists(
    st.tuples(st.floats(-0.05, 0.05), st.sampled_from([0, 0, 0, 5_000_00, -10_00])), min_size=2, max_size=60
)


@given(returns_and_flows)
def test_what_is_paid_in_or_out_changes_no_return(told: list[tuple[float, int]]) -> None:
    returns, flows = [gain for gain, _ in told], [flow for _, flow in told]
    moved = measure(10_000_00, with_flows(returns, flows), [])
    still = measure(10_000_00, with_flows(returns, [0] * len(flows)), [])
    for name in ("total_return", "volatility", "max_drawdown", "max_drawdown_mid"):
        found, wanted = getattr(moved.summary, name), getattr(still.summary, name)
        assert found == (None if wanted is None else pytest.approx(wanted, abs=1e-4, rel=1e-2))
    assert [row.total_return for row in moved.months] == pytest.approx(
        [row.total_return for row in still.months], abs=1e-4
    )


@given(returns_and_flows)
def test_profits_of_the_months_add_up_to_what_was_earned_and_not_paid_in(
    told: list[tuple[float, int]],
) -> None:
    points = with_flows([gain for gain, _ in told], [flow for _, flow in told])
    found = measure(10_000_00, points, [])
    assert points[-1].deposited_cents is not None
    earned = (points[-1].exit_cents - points[-1].deposited_cents) / 100
    assert found.summary.net_profit == pytest.approx(earned)
    assert sum(row.profit for row in found.months) == pytest.approx(earned)


def test_a_deposit_as_large_as_the_account_is_no_gain_of_a_hundred_percent() -> None:
    points = [
        EquityPoint(day.day, cents, cents, 0, deposited)
        for day, cents, deposited in zip(
            curve([1, 1, 1]), (10_100, 20_100, 20_301), (10_000, 20_000, 20_000), strict=True
        )
    ]
    summary = measure(10_000, points, []).summary
    assert summary.total_return == pytest.approx(1.01 * (20_100 / 20_100) * 1.01 - 1)
    assert summary.net_profit == pytest.approx(3.01)
    assert summary.max_drawdown == 0.0


def test_a_curve_on_which_nobody_says_what_was_paid_in_is_as_it_was() -> None:
    plain = measured([110, 105, 88, 99, 110, 120, 118])
    told = [point._replace(deposited_cents=10_000) for point in curve([110, 105, 88, 99, 110, 120, 118])]
    assert measure(10_000, told, []) == plain
