"""Hypothesis strategies for every kind of event, whatever it says."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any, get_type_hints

from hypothesis import strategies as st

from strikewise.domain.answered import SignalDismissed, SignalExpired, SignalOffered, SignalTaken
from strikewise.domain.control import (
    REQUESTS,
    AlertRaised,
    BreakerReset,
    BreakerTripped,
    FaultNoted,
    OrderCancelAsked,
    ProcessStarted,
    ProcessStopped,
    RequestMet,
    SettingsApplied,
    SymbolFrozen,
    SymbolReleased,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    CashFlowed,
    Event,
    MarkEstimated,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderDenied,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
    PositionSplit,
    RunStarted,
    SignalDenied,
    SignalGenerated,
    TrialCounted,
)
from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock
from strikewise.domain.orders import (
    CashFlow,
    Execution,
    FlowKind,
    LegFill,
    Order,
    OrderEnded,
    Purpose,
    SettlementReport,
    SplitReport,
)
from strikewise.domain.portfolio import Holding
from strikewise.domain.quotes import Grade
from strikewise.domain.reconciled import (
    CashAdjusted,
    DifferenceFound,
    ExecutionReversed,
    HoldingAdjusted,
    PositionAdopted,
    PositionClaimed,
    PositionWrittenOff,
    ReconciliationFailed,
    ReconciliationFinished,
)
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.ledger import Entry

UNDERLYINGS = ("SPY", "QQQ", "SPX", "NDX", "BRK.B", "A")

texts = st.text(max_size=12)
cents = st.integers(-(10**12), 10**12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
grades = st.sampled_from(Grade)
contracts = st.builds(
    lambda underlying, day, right, strike, second: OptionContract(
        underlying, day, right, strike, 1 if second and underlying in {"SPX", "NDX"} else 0
    ),
    st.sampled_from(UNDERLYINGS),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.sampled_from(Right),
    st.integers(1, 99_999_999),
    st.booleans(),
)
stocks = st.builds(Stock, st.sampled_from(UNDERLYINGS))
instruments: st.SearchStrategy[Instrument] = st.one_of(contracts, stocks)
ratios = st.integers(-10_000, 10_000).filter(bool)


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    first = draw(contracts)
    others = draw(st.lists(contracts, max_size=3))
    known = {first, *(replace(other, underlying=first.underlying, root_code=0) for other in others)}
    legs = [Leg(contract, draw(ratios)) for contract in sorted(known)]
    if draw(st.booleans()):
        legs.append(Leg(Stock(first.underlying), draw(ratios)))
    return Structure(tuple(legs))


signals = st.builds(
    Signal,
    signal_id=texts,
    strategy=texts,
    underlying=texts,
    as_of=instants,
    structure=structures(),
    price_cents=cents,
    mid_cents=cents,
    max_loss_cents=st.none() | cents,
    max_profit_cents=st.none() | cents,
    margin_cents=cents,
    breakevens=st.lists(numbers, max_size=3).map(tuple),
    probability_of_profit=st.floats(0, 1),
    edge_cents=cents,
    score=numbers,
    score_parts=st.dictionaries(texts, numbers, max_size=4),
    because=st.dictionaries(texts, numbers | texts | st.integers(), max_size=6),
    grade=grades,
)
orders = st.builds(
    Order,
    order_id=texts,
    position_id=texts,
    strategy=texts,
    underlying=texts,
    purpose=st.sampled_from(Purpose),
    structure=structures(),
    quantity=st.integers(1, 1000),
    limit_cents=st.none() | cents,
    created_at=instants,
    signal_id=texts,
    reason=texts,
    campaign_id=texts,
    detail=texts,
    replaces=texts,
)
executions = st.builds(
    Execution,
    execution_id=texts,
    order_id=texts,
    quantity=st.integers(0, 1000),
    legs=st.lists(st.builds(LegFill, instruments, cents, cents, cents, cents), max_size=4).map(tuple),
    fees_cents=cents,
    at=instants,
    grade=grades,
    policy=texts,
)
settlements = st.builds(
    SettlementReport,
    settlement_id=texts,
    position_id=texts,
    contract=contracts,
    quantity=cents,
    outcome=texts,
    settlement_cents=cents,
    cash_cents=cents,
    shares=cents,
    fees_cents=cents,
    at=instants,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
_BY_HINT: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: cents,
    bool: st.booleans(),
    datetime: instants,
    datetime | None: st.none() | instants,
    Instrument: instruments,
    TradingState: st.sampled_from(TradingState),
    tuple[Holding, ...]: st.lists(st.builds(Holding, instruments, cents), max_size=4).map(tuple),
}


def _plain(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Draw a fact whose fields are as independent as their types say."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{one.name: _BY_HINT[hints[one.name]] for one in fields(kind)})


BY_KIND: dict[type, st.SearchStrategy[Event]] = {
    AccountOpened: st.builds(AccountOpened, texts, cents),
    RunStarted: st.builds(
        RunStarted,
        st.dictionaries(texts, json_values, max_size=4),
        st.dictionaries(texts, texts, max_size=3),
        st.none() | grades,
    ),
    SettingsApplied: st.builds(
        SettingsApplied,
        texts,
        st.dictionaries(texts, json_values, max_size=4),
        st.lists(texts, max_size=3).map(tuple),
    ),
    SignalGenerated: st.builds(SignalGenerated, signals),
    SignalDenied: st.builds(SignalDenied, texts, texts, texts, texts, texts),
    OrderPlaced: st.builds(OrderPlaced, orders),
    OrderDenied: st.builds(OrderDenied, texts, texts, texts),
    OrderAccepted: st.builds(OrderAccepted, texts, texts),
    OrderRejected: st.builds(OrderRejected, texts, texts, texts),
    OrderUnresolved: st.builds(OrderUnresolved, texts, texts),
    OrderFilled: st.builds(OrderFilled, executions),
    OrderClosed: st.builds(OrderClosed, st.builds(OrderEnded, texts, texts, texts, instants)),
    OptionSettled: st.builds(OptionSettled, settlements),
    CashFlowed: st.builds(
        CashFlowed, st.builds(CashFlow, texts, st.sampled_from(FlowKind), texts, texts, cents, instants)
    ),
    PositionSplit: st.builds(
        PositionSplit, st.builds(SplitReport, texts, texts, texts, cents, cents, cents, instants)
    ),
    MarkEstimated: st.builds(MarkEstimated, texts, instruments, texts, cents),
    AccountValued: st.builds(
        AccountValued, *[cents] * 7, *[numbers] * 4, texts, st.dictionaries(texts, cents, max_size=3)
    ),
    TrialCounted: st.builds(
        TrialCounted,
        texts,
        texts,
        texts,
        st.dictionaries(texts, json_values, max_size=4),
        st.integers(0, 5000),
        st.none() | numbers,
        st.integers(0, 5000),
        st.lists(st.integers(-(10**6), 10**6), max_size=8).map(tuple),
    ),
    **{
        kind: _plain(kind)
        for kind in (
            *REQUESTS,
            AlertRaised,
            BreakerReset,
            BreakerTripped,
            CashAdjusted,
            DifferenceFound,
            ExecutionReversed,
            FaultNoted,
            HoldingAdjusted,
            OrderCancelAsked,
            PositionAdopted,
            PositionClaimed,
            PositionWrittenOff,
            ProcessStarted,
            ProcessStopped,
            ReconciliationFailed,
            ReconciliationFinished,
            RequestMet,
            SignalDismissed,
            SignalExpired,
            SignalOffered,
            SignalTaken,
            SymbolFrozen,
            SymbolReleased,
            TradingStateChanged,
        )
    },
}
events: st.SearchStrategy[Event] = st.one_of(*BY_KIND.values())
entries = st.builds(Entry, events, instants, texts, st.none() | st.integers(1, 10**9))
