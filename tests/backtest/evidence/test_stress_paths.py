"""The same market with a disaster in it: nothing changes before it, and what changes hangs together."""

from __future__ import annotations

from datetime import date
from math import inf

import numpy as np
import pytest

from engine.runs import CALENDAR, instants, reconstructed, spec
from strikewise.backtest.evidence.history import run
from strikewise.backtest.evidence.stress_paths import SCENARIOS, Scenario, ShockedSource, bent
from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import STRIKE_BITS, days_of
from strikewise.domain.quotes import Grade
from strikewise.market.quality import Flaw

DAY = date(2015, 8, 3)
FIRST = days_of(DAY)
BY_NAME = {one.name: one for one in SCENARIOS}
GAP = BY_NAME["gap of -20%"]
RIGHT_BIT = 1 << STRIKE_BITS
each = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)


def chain_on(day: date = DAY) -> OptionChain:
    found = reconstructed().chain("SPX", CALENDAR.session_close(day))
    assert found is not None
    return found


def same(one: OptionChain, other: OptionChain) -> bool:
    return one.columns is other.columns and (one.start, one.as_of) == (other.start, other.as_of)


def shocked(scenario: Scenario) -> ShockedSource:
    return ShockedSource(reconstructed(), scenario, FIRST, CALENDAR)


@each
def test_before_its_day_everything_is_as_it_was(scenario: Scenario) -> None:
    source, plain = shocked(scenario), reconstructed()
    for at in instants(spec(), plain):
        if at.date() < DAY:
            assert same(source.chain("SPX", at), plain.chain("SPX", at))
    bars, was = source.bars("SPX"), plain.bars("SPX")
    earlier = was.days < FIRST
    assert np.array_equal(bars.close[earlier], was.close[earlier])
    vix = plain.series("VIX")
    assert np.array_equal(source.series("VIX").values[vix.days < FIRST], vix.values[vix.days < FIRST])
    assert source.series("rate_3m") is plain.series("rate_3m")
    assert list(source.underlyings()) == ["SPX"]
    assert np.array_equal(source.snapshots("SPX"), plain.snapshots("SPX"))


def test_a_disaster_that_changes_nothing_changes_no_chain() -> None:
    chain = chain_on()
    assert bent(chain, Scenario("calm", "Nothing."), 0) is chain


@each
def test_a_bent_chain_has_the_same_contracts_and_a_grade_that_says_so(scenario: Scenario) -> None:
    was, found = chain_on(), shocked(scenario).chain("SPX", CALENDAR.session_close(DAY))
    assert np.array_equal(found.key, was.key)
    assert found.grade is Grade.RECONSTRUCTED
    assert scenario.name in found.source
    assert found.as_of == was.as_of
    assert found.spot == pytest.approx(was.spot * scenario.spot_factor(0), abs=0.01)


def over_intrinsic(chain: OptionChain) -> np.ndarray:
    sign = np.where(chain.is_put, -1, 1)
    return (chain.bid + chain.ask) / 2 - 100 * np.maximum(sign * (chain.spot - chain.strike), 0)


@each
def test_quotes_of_a_bent_chain_are_quotes(scenario: Scenario) -> None:
    found = bent(chain_on(), scenario, scenario.unquoted)
    known = found.bid >= 0
    assert known.mean() > 0.9
    assert np.all(found.ask[known] > found.bid[known])
    assert not np.any(found.flaws[known] & (Flaw.CROSSED | Flaw.NO_QUOTE).bit)
    # Deep in the money a European option trades below its intrinsic value by the carry, before and after.
    before, after = (over_intrinsic(one)[known] for one in (chain_on(), found))
    assert np.all(after >= np.minimum(before, 0) - 1.5)
    assert np.all(np.abs(found.delta[np.isfinite(found.delta)]) <= 1.0)


def test_after_a_fall_puts_are_dearer_and_calls_cheaper_unless_volatility_says_otherwise() -> None:
    was = chain_on()
    fall = bent(was, Scenario("fall", "Down.", spot=(0.9,)), 0)
    put = was.is_put & (was.bid > 0)
    call = ~was.is_put & (was.bid > 0)
    assert np.all(fall.ask[put] >= was.ask[put] - 1)
    assert np.all(fall.bid[call] <= was.bid[call] + 1)
    nearest = int(np.argmin(np.abs(was.strike - was.spot) + 1e6 * ~put))
    assert fall.bid[nearest] > 100 * (was.spot * 0.09)


def test_call_and_put_of_a_strike_go_on_telling_the_same_forward() -> None:
    was = chain_on()
    for scenario in (GAP, BY_NAME["volatility times 3"]):
        found = bent(was, scenario, 0)
        near = np.flatnonzero(~was.is_put & (np.abs(was.strike / was.spot - 1.0) < 0.03) & (was.bid > 50))
        gaps = []
        for row in near.tolist():
            twin = int(np.searchsorted(was.key, was.key[row] | RIGHT_BIT))
            if twin < len(was) and was.strike[twin] == was.strike[row] and was.is_put[twin]:
                both = [(c.bid + c.ask)[row] / 2 - (c.bid + c.ask)[twin] / 2 for c in (was, found)]
                gaps.append(both[1] - both[0] - (found.spot_cents - was.spot_cents))
        assert gaps
        assert max(map(abs, gaps)) < 0.02 * was.spot_cents


def test_wider_spreads_keep_the_mid() -> None:
    was, found = chain_on(), bent(chain_on(), BY_NAME["spreads times 5"], 3)
    known = (was.bid > 5) & (found.bid > 0)
    assert np.all(np.abs((found.bid + found.ask) - (was.bid + was.ask))[known] <= 2)
    ratio = (found.ask - found.bid)[known] / (was.ask - was.bid)[known]
    assert float(np.median(ratio)) == pytest.approx(5.0, abs=0.3)


def test_more_volatility_raises_every_option_and_no_price_of_the_underlying() -> None:
    was, found = chain_on(), bent(chain_on(), BY_NAME["volatility times 3"], 0)
    known = (was.bid > 0) & (was.dte > 0)
    assert np.all(found.ask[known] >= was.ask[known] - 1)
    assert found.spot_cents == was.spot_cents
    there = np.isfinite(was.iv) & (was.dte > 0)
    assert float(np.median(found.iv[there] / was.iv[there])) == pytest.approx(3.0, rel=1e-3)


def test_volatility_index_and_bars_tell_of_it_too() -> None:
    source, plain = shocked(GAP), reconstructed()
    row = int(np.searchsorted(plain.bars("SPX").days, FIRST))
    assert source.bars("SPX").close[row] == pytest.approx(0.8 * plain.bars("SPX").close[row])
    assert source.bars("SPX").close[-1] == pytest.approx(0.8 * plain.bars("SPX").close[-1])
    vix = plain.series("VIX")
    row = int(np.searchsorted(vix.days, FIRST))
    assert source.series("VIX").values[row] == pytest.approx(3 * vix.values[row])
    assert source.series("VIX").values[row + 15] == pytest.approx(2 * vix.values[row + 15])
    assert source.bars("SPX") is source.bars("SPX")


def test_without_quotes_nothing_trades_that_day() -> None:
    source = shocked(BY_NAME["circuit breaker"])
    silent = source.chain("SPX", CALENDAR.session_close(DAY))
    assert np.all(silent.bid == -1)
    assert np.all(np.isnan(silent.delta))
    again = source.chain("SPX", CALENDAR.session_close(CALENDAR.next_session(DAY)))
    assert (again.bid > 0).mean() > 0.5


@each
def test_the_loop_runs_through_every_disaster(scenario: Scenario) -> None:
    puts = {"side": "put", "trend": "off", "width": 50.0, "min_credit_to_width": 0.02}
    strategies = [{"strategy": "credit_spread", "parameters": puts}]
    chosen = spec(start="2015-07-13", end="2015-08-14", strategies=strategies)
    hit, plain = run(chosen, shocked(scenario), CALENDAR), run(chosen, reconstructed(), CALENDAR)
    row = int(np.searchsorted(plain.days, FIRST))
    assert np.array_equal(hit.returns[:row], plain.returns[:row])
    assert not np.array_equal(hit.returns[row:], plain.returns[row:])
    if scenario is GAP:
        assert hit.returns[row] < -0.02 < plain.returns[row]
    again = run(chosen, shocked(scenario), CALENDAR)
    assert np.array_equal(again.returns, hit.returns)


def test_shocks_fade_by_their_half_life_or_stay() -> None:
    fading = Scenario("fade", "Fades.", volatility=3.0, half_life=10.0)
    assert [fading.volatility_factor(n) for n in (-1, 0, 10)] == pytest.approx([1.0, 3.0, 2.0])
    assert Scenario("stay", "Stays.", spread=5.0, half_life=inf).spread_factor(500) == 5.0
    flash = BY_NAME["flash crash"]
    assert [flash.spot_factor(n) for n in (-1, 0, 1, 9)] == [1.0, 0.91, 1.0, 1.0]


def test_a_scenario_without_sense_is_refused() -> None:
    with pytest.raises(SettingsError, match="must be above zero; broken has spot"):
        Scenario("broken", "Broken.", spot=(0.0,))
