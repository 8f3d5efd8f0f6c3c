"""Facts: what happened, named in the past tense. The ledger is a sequence of them and nothing else is true.

Each class is one kind of fact; its fields are the payload. A field added later needs a default, and a changed
meaning a new ``SCHEMA_VERSIONS`` entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from strikewise.domain.answered import SignalDismissed, SignalExpired, SignalOffered, SignalTaken
from strikewise.domain.control import (
    AlertRaised,
    BreakerReset,
    BreakerTripped,
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    DismissRequested,
    FaultNoted,
    FlattenRequested,
    HaltRequested,
    OrderCancelAsked,
    ProcessStarted,
    ProcessStopped,
    ReconcileRequested,
    ReleaseRequested,
    RequestMet,
    ResumeRequested,
    SettingsApplied,
    SettingsRequested,
    SymbolFrozen,
    SymbolReleased,
    TakeRequested,
    TradingStateChanged,
)
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import CashFlow, Execution, Order, OrderEnded, SettlementReport, SplitReport
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


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """An account began with cash.

    Attributes
    ----------
    account : str
        Its name.
    cash_cents : int
        The first deposit.
    """

    account: str
    cash_cents: int


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run of the loop began.

    Attributes
    ----------
    spec : mapping
        The whole specification, defaults filled in, JSON values only.
    data : mapping of str to str
        Digest of the data by underlying; empty where data arrive as time goes on.
    grade : Grade or None
        The worst grade of the data, where it is known beforehand.
    """

    spec: Mapping[str, object]
    data: Mapping[str, str]
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class SignalGenerated:
    """A strategy found a structure worth opening."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SignalDenied:
    """The gate refused a signal.

    Attributes
    ----------
    signal_id, strategy, underlying : str
        The signal.
    code : str
        A denial code, ``CATEGORY_CONDITION``.
    detail : str
        The numbers, as ``key=value`` pairs.
    """

    signal_id: str
    strategy: str
    underlying: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """The loop decided on an order; written before a broker hears of it."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderDenied:
    """The gate refused an order that closes or adjusts a position."""

    position_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """A broker has the order."""

    order_id: str
    broker_order_id: str


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """A broker refused the order, for good."""

    order_id: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class OrderUnresolved:
    """Nobody knows yet whether a broker has the order."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """A broker filled an order, whole or in part."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class OrderClosed:
    """An order ended without (further) fills."""

    ended: OrderEnded


@dataclass(frozen=True, slots=True)
class OptionSettled:
    """An option expired, was exercised or assigned."""

    report: SettlementReport


@dataclass(frozen=True, slots=True)
class CashFlowed:
    """A dividend, interest or the cost of borrowed shares was paid or received."""

    flow: CashFlow


@dataclass(frozen=True, slots=True)
class PositionSplit:
    """The shares and contracts of a position were split."""

    report: SplitReport


@dataclass(frozen=True, slots=True)
class MarkEstimated:
    """A held contract had no usable quote and was priced by policy.

    Attributes
    ----------
    position_id : str
        The position.
    instrument : Instrument
        The contract.
    policy : str
        The missing-quote policy.
    price_cents : int
        The price per share it was given.
    """

    position_id: str
    instrument: Instrument
    policy: str
    price_cents: int


@dataclass(frozen=True, slots=True)
class AccountValued:
    """The account at the end of a tick that closes a session.

    Attributes
    ----------
    cash_cents, equity_mid_cents, equity_exit_cents, margin_cents, at_risk_cents : int
        As in `strikewise.domain.portfolio.Portfolio`.
    open_positions : int
        Positions held.
    estimated_legs : int
        Legs priced by policy.
    delta, gamma, theta, vega : float
        Of the whole account, in dollars.
    regime : str
        The market's regime that acted on the session; empty in facts older than this field.
    profits : mapping of str to int
        Profit of each strategy so far, cents, after fees: closed positions, and open ones at exit prices.
    """

    cash_cents: int
    equity_mid_cents: int
    equity_exit_cents: int
    margin_cents: int
    at_risk_cents: int
    open_positions: int
    estimated_legs: int
    delta: float
    gamma: float
    theta: float
    vega: float
    regime: str = ""
    profits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialCounted:
    """A configuration was tried on the past; written before its result is known, and again with it.

    Attributes
    ----------
    trial : str
        Digest of the configuration: tried again, it is the same trial.
    family : str
        Which strategies on which underlyings, for a person.
    purpose : str
        Why it was run: by itself, or as a variant that a proof needed.
    spec : mapping
        The whole specification, JSON values only.
    sessions : int
        Sessions it lasted; 0 while its result is not known.
    sharpe : float or None
        Ratio of its daily returns, per day; None where they say nothing.
    first_week : int
        Week of its first session: days since 1970-01-01 over 7, rounded down.
    weekly : tuple of int
        Returns of that week and each after it, in millionths.
    """

    trial: str
    family: str
    purpose: str
    spec: Mapping[str, object]
    sessions: int
    sharpe: float | None
    first_week: int
    weekly: tuple[int, ...]


Event = (
    AccountOpened
    | RunStarted
    | SignalGenerated
    | SignalDenied
    | OrderPlaced
    | OrderDenied
    | OrderAccepted
    | OrderRejected
    | OrderUnresolved
    | OrderFilled
    | OrderClosed
    | OptionSettled
    | CashFlowed
    | PositionSplit
    | MarkEstimated
    | AccountValued
    | TrialCounted
    | AlertRaised
    | BreakerReset
    | BreakerTripped
    | CancelRequested
    | CashAdjusted
    | ClaimRequested
    | CloseRequested
    | DifferenceFound
    | DismissRequested
    | ExecutionReversed
    | FaultNoted
    | FlattenRequested
    | HaltRequested
    | HoldingAdjusted
    | OrderCancelAsked
    | PositionAdopted
    | PositionClaimed
    | PositionWrittenOff
    | ProcessStarted
    | ProcessStopped
    | ReconcileRequested
    | ReconciliationFailed
    | ReconciliationFinished
    | ReleaseRequested
    | RequestMet
    | ResumeRequested
    | SettingsApplied
    | SettingsRequested
    | SignalDismissed
    | SignalExpired
    | SignalOffered
    | SignalTaken
    | SymbolFrozen
    | SymbolReleased
    | TakeRequested
    | TradingStateChanged
)

EVENT_TYPES: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
"""Every kind of fact by name."""

SCHEMA_VERSIONS: Mapping[str, int] = dict.fromkeys(EVENT_TYPES, 1)
"""The version in which each kind is written today."""
