"""Orders, what a broker answers, and what it reports: sums that are matched whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Structure

T = TypeVar("T")


class Purpose(StrEnum):
    """What an order is for; closing orders pass the gate through the rules that apply to closing."""

    OPEN = "open"
    CLOSE = "close"
    ADJUST = "adjust"


@dataclass(frozen=True, slots=True)
class Order:
    """An order to trade a structure as one.

    Attributes
    ----------
    order_id : str
        Derived from the decision, so that asking twice is asking once.
    position_id : str
        The position it opens, closes or adjusts; an opening order's position has the order's own id, or that
        of its first attempt where the order replaces one.
    strategy, underlying : str
        Whose and on what.
    purpose : Purpose
        Open, close or adjust.
    structure : Structure
        What one unit trades: positive ratios are bought.
    quantity : int
        Units, positive.
    limit_cents : int or None
        Most to pay for a unit (negative: least to receive), multiplier included; None takes the market.
    created_at : datetime
        Instant of the decision.
    signal_id : str
        The signal behind it; empty for an exit.
    reason : str
        Why: ``ENTRY`` or an exit code.
    campaign_id : str
        The first position of the chain of rolls that an opening order continues; empty where it begins one.
    detail : str
        The numbers behind the reason, as ``key=value`` pairs; empty for an entry, whose signal has them.
    replaces : str
        The order of the same intent, ended by now, whose remainder this one is for; empty for a first one.
    """

    order_id: str
    position_id: str
    strategy: str
    underlying: str
    purpose: Purpose
    structure: Structure
    quantity: int
    limit_cents: int | None
    created_at: datetime
    signal_id: str = ""
    reason: str = "ENTRY"
    campaign_id: str = ""
    detail: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class LegFill:
    """What was traded of one leg.

    Attributes
    ----------
    instrument : Instrument
        The contract or shares.
    quantity : int
        Contracts or shares; bought positive, sold negative.
    price_cents : int
        Price per share.
    bid_cents, ask_cents : int
        The quote it was filled against; -1 where a policy priced it instead.
    """

    instrument: Instrument
    quantity: int
    price_cents: int
    bid_cents: int
    ask_cents: int

    @property
    def cost_cents(self) -> int:
        """Cash paid (positive) or received (negative), before fees."""
        return self.quantity * self.price_cents * self.instrument.multiplier


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill of an order, whole or in part, told by a broker.

    Attributes
    ----------
    execution_id : str
        Unique at the broker; the same one again is the same fill.
    order_id : str
        Our order.
    quantity : int
        Units of the structure filled; 0 where a broker tells a fill of some legs by themselves.
    legs : tuple of LegFill
        One for each leg of whole units; else the legs that were filled.
    fees_cents : int
        Commissions and fees, positive.
    at : datetime
        When.
    grade : Grade
        Of the quotes it was filled against.
    policy : str
        Empty for a fill on quotes; else the missing-quote policy that priced a leg.
    """

    execution_id: str
    order_id: str
    quantity: int
    legs: tuple[LegFill, ...]
    fees_cents: int
    at: datetime
    grade: Grade
    policy: str = ""


@dataclass(frozen=True, slots=True)
class SettlementReport:
    """An option that ended: expired worthless, exercised or assigned, told by a broker.

    Attributes
    ----------
    settlement_id : str
        Unique at the broker.
    position_id : str
        The position it belongs to; empty where the broker does not keep them apart.
    contract : OptionContract
        The option.
    quantity : int
        Contracts that were held: long positive, short negative.
    outcome : str
        ``expired``, ``exercised`` or ``assigned``; ``bought_out`` where a split would have left an adjusted
        contract.
    settlement_cents : int
        The underlying's price it settled against.
    cash_cents : int
        Cash paid (positive) or received (negative): intrinsic for cash delivery, strike for shares.
    shares : int
        Shares received (positive) or delivered (negative).
    fees_cents : int
        Assignment and exercise fees, positive.
    at : datetime
        When.
    policy : str
        Empty for the price that the contract's rule names; else what stood in for it.
    rule : str
        Empty where the settlement price decided; else why it ended otherwise: ``early_dividend``,
        ``early_carry``, ``pin`` (`strikewise.execution.exercise`) or ``adjusted_contract``.
    """

    settlement_id: str
    position_id: str
    contract: OptionContract
    quantity: int
    outcome: str
    settlement_cents: int
    cash_cents: int
    shares: int
    fees_cents: int
    at: datetime
    policy: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class OrderEnded:
    """An order that ended without (further) fills, told by a broker.

    Attributes
    ----------
    order_id : str
        Our order.
    outcome : str
        ``cancelled``, ``expired`` or ``rejected``.
    reason : str
        The broker's word for it.
    at : datetime
        When.
    """

    order_id: str
    outcome: str
    reason: str
    at: datetime


class FlowKind(StrEnum):
    """What cash moves for beside trades and settlements."""

    DIVIDEND = "dividend"
    """Received on long shares, paid on short ones, at the ex-date."""
    INTEREST = "interest"
    """Earned on cash, paid on a debit balance."""
    BORROW = "borrow"
    """Paid for borrowed shares."""
    FEE = "fee"
    """Told apart from the trade it belongs to, or late."""
    FEE_DUE = "fee_due"
    """Expected for a trade before the broker charges it, and settled by that charge; negative where what was
    expected never comes."""
    FEE_UNTOLD = "fee_untold"
    """Missing from the broker's cash, and not told; negative where one that was told is found to be this."""
    TRANSFER = "transfer"
    """Paid in by the owner (negative, as all that is received) or taken out: no profit and no loss."""


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Cash that moved without a trade, told by a broker.

    Attributes
    ----------
    flow_id : str
        Unique at the broker.
    kind : FlowKind
        What for.
    position_id : str
        The position it belongs to; empty where it is the account's.
    symbol : str
        Of the shares; empty for interest.
    cash_cents : int
        Paid (positive) or received (negative).
    at : datetime
        When it was due.
    """

    flow_id: str
    kind: FlowKind
    position_id: str
    symbol: str
    cash_cents: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SplitReport:
    """Shares and contracts of a position that were split, told by a broker.

    Attributes
    ----------
    split_id : str
        Unique at the broker.
    position_id, symbol : str
        The position and its underlying.
    numerator, denominator : int
        New shares, for so many old ones. Options stay only where the denominator is 1: those of any other
        split ended before (`SettlementReport`).
    cash_cents : int
        Paid (positive) or received (negative) for a fraction of a share.
    at : datetime
        The opening of the ex-date.
    """

    split_id: str
    position_id: str
    symbol: str
    numerator: int
    denominator: int
    cash_cents: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Bust:
    """A fill that a broker takes back; a corrected one follows as a fill of its own.

    Attributes
    ----------
    execution_id, order_id : str
        The fill, and our order.
    reason : str
        The broker's word for it.
    at : datetime
        When.
    """

    execution_id: str
    order_id: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StreamGap:
    """A broker's stream may have missed something: it was cut, silent, or began anew.

    Attributes
    ----------
    reason : str
        What happened to it.
    at : datetime
        When it was noticed.
    """

    reason: str
    at: datetime


BrokerEvent = Execution | SettlementReport | OrderEnded | CashFlow | SplitReport | Bust | StreamGap


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker has the order."""

    broker_order_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker refused the order, for good."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Nobody knows whether the broker has the order; reconciliation settles it, never sending again."""

    reason: str


SubmitAnswer = Accepted | Rejected | Unresolved

PUT_OFF = frozenset({"HELD_BY_ORDER", "MARKET_CLOSED", "NOT_CONNECTED", "NO_MARKET", "RATE_LIMITED"})
"""Codes of rejections that say nothing against an order: it may be decided anew once its time has come."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """What a broker said, as of when, and whether it was everything."""

    value: T
    as_of: datetime
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """A read that failed: never an empty answer."""

    reason: str
