"""Which facts are told, in which words: nothing critical is kept back, and a signal says all it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.alerts.stage import START, TUESDAY, traded, written
from strikewise.adapters.alerts.alert import Alert, Level
from strikewise.adapters.alerts.rules import Rules, Signals
from strikewise.adapters.alerts.sayings import CODES, SAYINGS
from strikewise.adapters.alerts.watcher import Watcher
from strikewise.domain.control import (
    AlertRaised,
    BreakerTripped,
    FaultNoted,
    ProcessStarted,
    ProcessStopped,
    RequestMet,
    SettingsApplied,
    SymbolFrozen,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import Event, OrderRejected, OrderUnresolved, RunStarted, SignalGenerated
from strikewise.domain.reconciled import DifferenceFound, ReconciliationFailed
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.strategy.exit_plan import exit_plan

PLAN = {"told": {"profit_target": 0.5, "stop_loss": 2.0, "dte_exit": 21, "max_days_held": 0}}
TROUBLE: list[Event] = [
    AlertRaised("critical", "OVERFILL", "More was filled than ordered. Look."),
    AlertRaised("warning", "EXTERNAL_POSITION", "Somebody bought something."),
    AlertRaised("info", "DAY_REPORT", "2024-02-05: The account is worth $1. Nothing else."),
    TradingStateChanged(TradingState.HALTED, "LEDGER", "disk=full", by_person=True),
    TradingStateChanged(TradingState.REDUCING, "DAY_LOSS", "loss=0.03", flatten=True),
    TradingStateChanged(TradingState.ACTIVE, "looked"),
    BreakerTripped("BREAKER_DAY", "account", None, "loss=0.03"),
    BreakerTripped("BREAKER_STRATEGY", "strategy=condor", START + timedelta(days=1), "losses=5"),
    FaultNoted("data", "STALE", "no chain for 30 minutes", "SPY"),
    SymbolFrozen("SPY", "fills nobody ordered"),
    SettingsApplied("9f86d0", {"limits.max_margin": [0.8, 0.5]}, ("run.feed",)),
    DifferenceFound("holding", "SPY 475P", "+1", "0", "written off", "not held"),
    ReconciliationFailed("request", "the broker did not answer"),
    ProcessStarted("host-1-a", "0.1.0", "simulated", "cboe"),
    ProcessStopped("host-1-a", "told to stop"),
    RequestMet(3, "Trading is halted."),
    RequestMet(4, "There is no such position.", done=False),
]
ORDER = "sw-240205-fbv6dpjpwqkhwi26-1"
OF_AN_ORDER: list[Event] = [
    OrderRejected(ORDER, "40310000", "insufficient qty"),
    OrderUnresolved(ORDER, "no answer within 10 s"),
]
CRITICAL = {"OVERFILL", "STATE_HALTED", "BREAKER_ACCOUNT"}


def heard(rules: Rules, ledger: MemoryLedger, told: int = 0) -> list[Alert]:
    return Watcher(rules, PLAN).read(ledger.records(), told)


def after(*events: Event) -> MemoryLedger:
    ledger = MemoryLedger()
    written(ledger, *events)
    return ledger


def test_an_alert_on_a_signal_carries_what_a_decision_needs_and_its_outcome_follows() -> None:
    alerts = heard(Rules(), traded())
    assert [one.code for one in alerts] == ["SIGNAL_ORDERED", "FILLED"] * 2 + ["FILLED", "TRADE_CLOSED"] * 2
    text = alerts[0].text
    assert "Entry: SPY 2024-03-15 put credit spread 480/475, credit $50.00 a unit" in text
    assert (
        "Exit: take profit at 50% of the premium; stop at a loss of 2 × the premium; "
        "leave with 21 days to expiration" in text
    )
    assert "Size: 1 unit" in text
    assert "Max loss: $500.00" in text
    assert "Probability of profit: 80%" in text
    assert "Because: regime unknown" in text
    assert "Data: quotes, of 2024-02-05 21:00 UTC" in text
    assert [one.words[0] for one in alerts[0].buttons] == ["why", "close"]
    outcome = alerts[5]
    assert "Profit: -$20.00 (-4% of what was at stake)" in outcome.text
    assert "Said at entry: 80% odds of a profit" in outcome.text


@pytest.mark.parametrize(
    ("signals", "codes"),
    [
        (Signals.NONE, []),
        (Signals.ORDERED, ["SIGNAL_ORDERED"] * 2),
        (Signals.ALL, ["SIGNAL_ORDERED", "SIGNAL_DENIED", "SIGNAL_ORDERED"]),
    ],
)
def test_the_signals_that_are_wanted_are_told_with_their_decision(signals: Signals, codes: list[str]) -> None:
    alerts = heard(Rules(signals=signals), traded(TUESDAY))
    assert [one.code for one in alerts if one.code.startswith("SIGNAL")] == codes
    for one in alerts:
        if one.code == "SIGNAL_DENIED":
            assert "Size: none: PORTFOLIO_DUPLICATE (position=" in one.text


def test_a_fact_that_cannot_be_put_into_words_is_named_and_what_follows_is_told() -> None:
    signal = next(one.event.signal for one in traded().records() if isinstance(one.event, SignalGenerated))
    odd = SignalGenerated(replace(signal, because={"much": 10**400}))
    told = heard(Rules(signals=Signals.ALL), after(odd, AlertRaised("critical", "HALT", "Stop.")))
    assert [one.code for one in told] == ["UNWORDED", "HALT"]
    assert "Fact 1 " in told[0].title


def test_a_feature_that_only_ends_like_a_day_is_told_as_a_number() -> None:
    signal = next(one.event.signal for one in traded().records() if isinstance(one.event, SignalGenerated))
    because = {"volume_day": 45_000_000.0, "range_day": 3.2, "earnings_day": 19_782.0}
    (told,) = heard(Rules(signals=Signals.ALL), after(SignalGenerated(replace(signal, because=because))))
    assert "volume_day 45,000,000.00, range_day 3.2, earnings_day 2024-02-29" in told.text


def test_thresholds_keep_back_what_is_below_them() -> None:
    ledger = traded()
    assert not [one for one in heard(Rules(least_probability=0.81), ledger) if "SIGNAL" in one.code]
    assert not [one for one in heard(Rules(least_score=51), ledger) if "SIGNAL" in one.code]
    fills = [one for one in heard(Rules(least_fill_cents=6_000), ledger) if one.code == "FILLED"]
    assert len(fills) == 2
    assert all("Cash: -$70.00" in one.text for one in fills)
    lost = [one for one in heard(Rules(loss_warns=0.03), ledger) if one.code == "TRADE_LOST"]
    assert len(lost) == 2
    assert {one.level for one in lost} == {Level.WARNING}


@pytest.mark.parametrize("event", TROUBLE, ids=lambda event: type(event).__name__)
def test_each_kind_of_trouble_is_told_with_its_level_and_its_numbers(event: Event) -> None:
    (alert,) = heard(Rules(), after(event))
    assert alert.code in CODES or isinstance(event, AlertRaised)
    assert (alert.level is Level.CRITICAL) == (alert.code in CRITICAL)
    for name in ("reason", "detail", "text", "outcome"):
        assert str(getattr(event, name, "")) in alert.title + alert.text


def test_every_kind_of_fact_with_words_is_tried_above_or_in_a_trade() -> None:
    tried = {type(one) for one in [*TROUBLE, *OF_AN_ORDER]}
    names = {kind.__name__ for kind in SAYINGS.keys() - tried}
    assert names == {"BreakerReset", "ExecutionReversed", "OptionSettled", "OrderDenied", "OrderFilled"}


@pytest.mark.parametrize("event", OF_AN_ORDER, ids=lambda event: type(event).__name__)
def test_what_became_of_an_order_is_told_with_the_order(event: Event) -> None:
    ledger = MemoryLedger()
    written(ledger, *(one.event for one in list(traded().records())[:4]), event)
    (alert,) = heard(Rules(), ledger, 4)
    assert alert.level is Level.WARNING
    assert "put credit spread 480/475" in alert.title
    for name in ("reason", "code", "text"):
        assert str(getattr(event, name, "")) in alert.text


@given(
    st.lists(st.sampled_from(TROUBLE), max_size=20),
    st.frozensets(st.sampled_from([*CODES, "OVERFILL", "DAY_REPORT"])),
    st.sampled_from(Signals),
)
def test_nothing_critical_is_kept_back_by_any_rule(
    events: list[Event], off: frozenset[str], signals: Signals
) -> None:
    ledger = after(*events) if events else MemoryLedger()
    usual = [one.alert_id for one in heard(Rules(), ledger) if one.level is Level.CRITICAL]
    kept = heard(Rules(signals=signals, off=off, least_probability=1.0, least_score=100.0), ledger)
    assert [one.alert_id for one in kept if one.level is Level.CRITICAL] == usual
    assert not [one for one in kept if one.code in off and one.level is not Level.CRITICAL]


@given(st.integers(0, 21), st.lists(st.integers(1, 21), max_size=3))
def test_alerts_are_the_same_in_however_many_pieces_the_ledger_is_read(told: int, cuts: list[int]) -> None:
    """Pieces end where appends end: the loop writes a signal and its decision together."""
    records = list(traded().records())
    whole = Watcher(Rules(signals=Signals.ALL), PLAN).read(records, told)
    watcher, pieces, begin = Watcher(Rules(signals=Signals.ALL), PLAN), [], 0
    ends = [one.seq for one in records if type(one.event).__name__ not in ("SignalGenerated", "RunStarted")]
    for cut in sorted({next((end for end in ends if end >= cut), 21) for cut in cuts} | {21}):
        pieces += watcher.read(records[begin:cut], told)
        begin = cut
    assert pieces == whole
    assert all(one.seq > told for one in whole)
    assert len({one.alert_id for one in whole}) == len(whole)


def test_a_level_may_be_another_here() -> None:
    rules = Rules(levels={"FAULT": Level.CRITICAL}, off=frozenset({"FAULT"}))
    (alert,) = heard(rules, after(FaultNoted("data", "STALE", "old")))
    assert alert.level is Level.CRITICAL


def test_the_exit_plan_is_that_of_the_run_where_it_names_its_own() -> None:
    records = list(traded(TUESDAY).records())
    spec = {"strategies": [{"strategy": "told", "parameters": {"profit_target": 0.25}}]}
    ledger = MemoryLedger()
    for record in records:
        event = record.event
        if isinstance(event, RunStarted):
            event = replace(event, spec=spec)
        ledger.append([Entry(event, record.known_at, record.actor)], recorded_at=record.recorded_at)
    seen = [one for one in heard(Rules(signals=Signals.ALL), ledger) if one.code.startswith("SIGNAL")]
    assert all("take profit at 25% of the premium" in one.text for one in seen)
    assert exit_plan({}) == "by the rules of its strategy"


def test_a_fact_that_cannot_be_booked_ends_outcomes_and_nothing_else() -> None:
    ledger = traded(TUESDAY)
    before = ledger.head.seq
    written(ledger, OrderRejected("nobody's", "X", "unknown"), TROUBLE[0])
    assert [one.code for one in heard(Rules(), ledger, before)] == ["ORDER_REJECTED", "BOOKS", "OVERFILL"]
