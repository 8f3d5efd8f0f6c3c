"""What every strategy of the library promises, whatever it trades."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.seekers import (
    DTES,
    VIEW,
    WILD,
    WORLDS,
    any_strategy,
    every_strategy,
    found,
    generous,
    quiet,
)
from strategy.markets import CALENDAR, TODAY, World, source_of, view_of, with_rows
from strikewise.domain.chain import ChainColumns, OptionChain
from strikewise.domain.denials import DenialCode
from strikewise.domain.events import SCHEMA_VERSIONS, SignalGenerated
from strikewise.domain.instruments import Right
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Signal
from strikewise.market.quality import Flaw
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.codec import decode, encode
from strikewise.portfolio.margin import OptionRows, margin_cents
from strikewise.risk.exposure import uncovered
from strikewise.strategy.api import Strategy
from strikewise.strategy.registry import STRATEGIES


@any_strategy
def test_it_goes_by_its_name_and_says_what_it_does(strategy: Strategy) -> None:
    assert STRATEGIES[strategy.name] is strategy
    assert strategy.summary.endswith(".")
    for parameter in strategy.space.parameters:
        assert parameter.help.endswith(".")
        number = not isinstance(parameter.default, bool | str)
        assert not number or (parameter.unit and parameter.low is not None and parameter.high is not None)


@any_strategy
def test_the_same_question_has_the_same_answer(strategy: Strategy) -> None:
    params = generous(strategy)
    first, again = (strategy.screen(view_of(WILD), params) for _ in range(2))
    assert first == again
    assert list(first.signals) == strategy.generate_signals(view_of(WILD), params)


@every_strategy
def test_every_number_of_a_signal_is_that_of_its_structure(strategy: Strategy) -> None:
    view = view_of(WILD)
    chain = view.chain("SPY")
    assert chain is not None
    for signal in found(strategy, view):
        legs = [(chain.quote(contract), ratio) for contract, ratio in signal.structure.options]
        touch = sum(ratio * (quote.ask if ratio > 0 else quote.bid) for quote, ratio in legs) * 100
        touch += signal.structure.shares * chain.spot_cents
        twice_mid = 2 * signal.structure.shares * chain.spot_cents
        twice_mid += sum(ratio * (quote.ask + quote.bid) for quote, ratio in legs) * 100
        assert signal.price_cents == touch
        assert twice_mid <= 2 * signal.mid_cents < twice_mid + 2
        if len(signal.structure.expirations) > 1:
            continue  # its extremes are no matter of one expiry
        assert signal.max_loss_cents == signal.structure.max_loss_cents(touch)
        assert signal.max_profit_cents == signal.structure.max_profit_cents(touch)
        assert signal.breakevens == pytest.approx(signal.structure.breakevens(touch), abs=1e-9)
        assert signal.margin_cents == expected_margin(signal, chain)


def expected_margin(signal: Signal, chain: OptionChain) -> int:
    """The largest loss, or the account's own rule where an option is sold uncovered."""
    bounded = not uncovered(signal.structure) or signal.because.get("structure") == "cash_secured_put"
    if bounded:
        assert signal.max_loss_cents is not None
        return signal.max_loss_cents
    held = signal.structure.options
    quotes = [(chain.quote(contract), ratio) for contract, ratio in held]
    prices = np.array([quote.ask if ratio > 0 else quote.bid for quote, ratio in quotes], dtype=np.int64)
    return margin_cents(OptionRows.of(held), prices, chain.spot_cents)


@every_strategy
def test_a_signal_is_read_from_the_ledger_as_it_was_written(strategy: Strategy) -> None:
    for signal in found(strategy, view_of(WILD)):
        event = SignalGenerated(signal)
        assert decode("SignalGenerated", SCHEMA_VERSIONS["SignalGenerated"], encode(event)) == event


@every_strategy
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_signals_are_ranked_explained_and_possible(strategy: Strategy, world: World) -> None:
    signals = strategy.generate_signals(view_of(world), generous(strategy))
    assert [signal.score for signal in signals] == sorted((s.score for s in signals), reverse=True)
    assert len({signal.signal_id for signal in signals}) == len(signals)
    for signal in signals:
        assert signal.strategy == strategy.name
        assert sum(signal.score_parts.values()) == pytest.approx(signal.score)
        assert 0.0 <= signal.score <= 100.0
        assert all(points >= 0.0 for points in signal.score_parts.values())
        assert 0.0 <= signal.probability_of_profit <= 1.0
        assert signal.structure.name != "custom"
        assert {"spot", "trend", "regime", "dte", "iv", "iv_rank_basis", "rv20"} <= set(signal.because)
        for value in signal.because.values():
            assert isinstance(value, str) or (type(value) is float and isfinite(value))


@every_strategy
def test_a_signal_carries_the_grade_and_instant_of_its_chain(strategy: Strategy) -> None:
    view = view_of(replace(WILD, grade=Grade.RECONSTRUCTED))
    for signal in found(strategy, view):
        assert signal.grade is Grade.RECONSTRUCTED
        assert signal.as_of == view.as_of


@every_strategy
def test_no_more_signals_come_than_are_asked_for_and_they_are_the_best(strategy: Strategy) -> None:
    view = view_of(WILD)
    everything = found(strategy, view)
    for count in (1, 3):
        assert strategy.generate_signals(view, generous(strategy, max_signals=count)) == everything[:count]


@every_strategy
def test_a_minimum_turns_away_what_lies_below_it_and_counts_it(strategy: Strategy) -> None:
    few = (1, 10, 38)
    steps = ((5.0, few), (1.0, few), (20.0, range(1, 60)), (2.0, DTES), (10.0, DTES), (20.0, (1, 38)))
    views = [view_of(replace(WILD, dtes=tuple(dtes), strike_step=step)) for step, dtes in steps]
    counts = [len(strategy.generate_signals(view, generous(strategy))) for view in views]
    view = next(view for view, count in zip(views, counts, strict=True) if 2 < count < 50)
    everything = found(strategy, view)
    bars = {
        "min_score": (sorted(s.score for s in everything)[len(everything) // 2], DenialCode.ENTRY_SCORE),
        "min_probability": (
            sorted(s.probability_of_profit for s in everything)[len(everything) // 2],
            DenialCode.ENTRY_PROBABILITY,
        ),
    }
    for name, (least, code) in bars.items():
        screened = strategy.screen(view, generous(strategy, **{name: least}))
        assert screened.rejected[code] > 0
        assert {s.signal_id for s in screened.signals} == {
            s.signal_id
            for s in everything
            if (s.score if name == "min_score" else s.probability_of_profit) >= least
        }
    profitable = strategy.generate_signals(view, generous(strategy, positive_edge=True))
    assert [s for s in everything if s.edge_cents > 0] == [s for s in profitable if s.edge_cents > 0]
    assert all(s.edge_cents >= 0 for s in profitable)


SPARED = {Flaw.ZERO_BID, Flaw.NO_VOLATILITY, Flaw.NO_FORWARD}
FLAWS = [flaw for flaw in Flaw if flaw not in SPARED]


@every_strategy
@quiet
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.05, 0.3, 0.7]))
def test_no_leg_rests_on_a_flawed_quote(strategy: Strategy, seed: int, share: float) -> None:
    def damage(columns: ChainColumns) -> ChainColumns:
        chance = np.random.default_rng(seed)
        hit = chance.random(len(columns.key)) < share
        flaw = chance.choice(np.array([flaw.value for flaw in FLAWS], dtype=np.uint16), len(columns.key))
        return with_rows(columns, flaws=columns.flaws | np.where(hit, flaw, 0).astype(np.uint16))

    view = view_of(WILD, damage)
    chain = view.chain("SPY")
    assert chain is not None
    screened = strategy.screen(view, generous(strategy))
    for signal in screened.signals:
        for contract, ratio in signal.structure.options:
            row = chain.find(contract)
            assert row is not None
            more = Flaw.WIDE if ratio < 0 else Flaw.ZERO_BID | Flaw.NO_VOLATILITY  # sales: a parameter
            assert int(chain.flaws[row]) & ~(Flaw.NO_FORWARD | more) == 0


@every_strategy
@quiet
@given(seed=st.integers(0, 2**32 - 1))
def test_bad_prices_are_refused_even_where_nobody_flagged_them(strategy: Strategy, seed: int) -> None:
    def damage(columns: ChainColumns) -> ChainColumns:
        chance = np.random.default_rng(seed)
        kind = chance.integers(0, 8, len(columns.key))
        bid, ask = columns.bid.copy(), columns.ask.copy()
        bid[kind == 0] = 0
        bid[kind == 1] = -1
        ask[kind == 2] = -1
        bid[kind == 3], ask[kind == 3] = ask[kind == 3], bid[kind == 3]
        ask[kind == 4] = bid[kind == 4]
        return with_rows(columns, bid=bid, ask=ask, flaws=np.zeros(len(bid)))

    view = view_of(WILD, damage)
    chain = view.chain("SPY")
    assert chain is not None
    for signal in strategy.generate_signals(view, generous(strategy)):
        for contract, ratio in signal.structure.options:
            quote = chain.quote(contract)
            assert quote.ask > quote.bid >= (1 if ratio < 0 else 0)


def values_of(parameter: Parameter) -> st.SearchStrategy[object]:
    if isinstance(parameter.default, bool):
        return st.booleans()
    if isinstance(parameter.default, str):
        return st.sampled_from(parameter.choices)
    assert parameter.low is not None
    assert parameter.high is not None
    if isinstance(parameter.default, int):
        return st.integers(int(parameter.low), int(parameter.high))
    return st.floats(parameter.low, parameter.high)


@every_strategy
@settings(quiet, max_examples=30)
@given(data=st.data())
def test_any_parameters_of_the_space_are_obeyed(strategy: Strategy, data: st.DataObject) -> None:
    given_values = {
        p.name: data.draw(values_of(p), label=p.name)
        for p in strategy.space.parameters
        if data.draw(st.integers(0, 2), label=f"set {p.name}?") == 0
    }
    full = {p.name: p.default for p in strategy.space.parameters} | given_values
    for low, high in strategy.space.ordered:
        if full[low] > full[high]:
            given_values[low] = full[low] = full[high]
    assume(all(full[low] <= full[high] for low, high in strategy.space.ordered))
    params = strategy.space.make(given_values)
    view = VIEW
    chain = view.chain("SPY")
    assert chain is not None
    screened = strategy.screen(view, params)
    assert len(screened.signals) <= params.integer("max_signals")
    assert all(count > 0 for count in screened.rejected.values())
    assert screened.signals or screened.rejected, "nothing found must have a reason"
    for signal in screened.signals:
        obeys(signal, params, chain.spot, view)


def obeys(signal: Signal, params: ParameterSet, spot: float, view: MarketView) -> None:
    days = (min(signal.structure.expirations) - view.day).days
    assert params.integer("min_dte") <= days <= params.integer("max_dte")
    assert days > params.integer("dte_exit") or params.integer("dte_exit") == 0
    assert signal.score >= params.number("min_score")
    assert signal.probability_of_profit >= params.number("min_probability")
    chain = view.chain("SPY")
    assert chain is not None
    for contract, ratio in signal.structure.options:
        row = chain.find(contract)
        assert row is not None
        assert chain.open_interest[row] >= params.integer("min_open_interest")
        if ratio > 0 or "short_by" not in params:
            continue
        if params.text("short_by") == "delta":
            low, high = params.number("short_delta_min"), params.number("short_delta_max")
            assert low - 1e-6 <= abs(float(chain.delta[row])) <= high + 1e-6
        else:
            out = (1 if contract.right is Right.PUT else -1) * (1 - contract.strike / spot)
            assert params.number("otm_min") - 1e-9 <= out <= params.number("otm_max") + 1e-9
    for right in Right:
        strikes = [c.strike for c, _ in signal.structure.options if c.right is right]
        if len(strikes) == 2 and "width" in params:
            width = max(strikes) - min(strikes)
            asked = params.number("width")
            assert asked - 1e-3 <= width <= asked * (1 + params.number("width_tolerance")) + 1e-3


@every_strategy
def test_hiding_the_future_changes_no_decision(strategy: Strategy) -> None:
    days = CALENDAR.sessions(TODAY, TODAY + timedelta(14))
    rising = [(day, replace(WILD, spot=500.0 + 3 * n)) for n, day in enumerate(days)]
    whole = Market(source_of(rising), CALENDAR)
    params = generous(strategy)
    seen = 0
    for day in days:
        at = CALENDAR.session_close(day)
        cut = Market(source_of(rising, known=day), CALENDAR)
        screened = strategy.screen(whole.view(at), params)
        assert screened == strategy.screen(cut.view(at), params)
        seen += len(screened.signals)
    assert seen


@every_strategy
def test_a_chain_of_an_earlier_session_opens_nothing(strategy: Strategy) -> None:
    at = datetime.combine(TODAY + timedelta(1), datetime.min.time(), UTC) + timedelta(hours=15)
    screened = strategy.screen(view_of(WILD, at=at), generous(strategy))
    assert screened.signals == ()
    assert screened.rejected == {DenialCode.DATA_STALE: 1}


@every_strategy
@pytest.mark.parametrize(
    ("world", "values", "code"),
    [
        (replace(WILD, rate=False), {}, DenialCode.DATA_NO_RATE),
        (replace(WILD, history=30), {"trend": "with"}, DenialCode.ENTRY_TREND_UNKNOWN),
        (replace(WILD, underlying="XYZ"), {"iv_rank_min": 0.2}, DenialCode.ENTRY_IV_RANK_UNKNOWN),
        (WILD, {"iv_rank_min": 0.99}, DenialCode.ENTRY_IV_RANK),
        (replace(WILD, history=20), {"avoid_crash": True}, DenialCode.ENTRY_REGIME_UNKNOWN),
        (WILD, {"min_dte": 300, "max_dte": 301}, DenialCode.STRUCTURE_NO_EXPIRATION),
    ],
    ids=lambda value: str(value) if isinstance(value, DenialCode) else "",
)
def test_what_is_missing_or_unmet_is_refused_by_its_name(
    strategy: Strategy, world: World, values: dict[str, object], code: DenialCode
) -> None:
    trends = next((p.choices for p in strategy.space.parameters if p.name == "trend"), ())
    if values.get("trend") and "with" not in trends:
        if "flat" not in trends:
            return  # it looks at no trend
        values = {"trend": "flat"}
    screened = strategy.screen(view_of(world), generous(strategy, **values))
    assert screened.signals == ()
    assert screened.rejected == {code: 1}


@every_strategy
def test_contracts_without_delta_give_no_signal(strategy: Strategy) -> None:
    def blind(columns: ChainColumns) -> ChainColumns:
        return with_rows(columns, delta=np.full(len(columns.key), np.nan))

    if not any("delta_min" in parameter.name for parameter in strategy.space.parameters):
        return  # it chooses strikes by other measures
    screened = strategy.screen(view_of(WILD, blind), generous(strategy, short_by="delta"))
    assert screened.signals == ()
    assert set(screened.rejected) == {DenialCode.DATA_NO_DELTA}
