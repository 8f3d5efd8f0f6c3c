"""What a broker says of an account when it is asked, and what it tells by itself beside fills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import CashFlow, SettlementReport, SplitReport
from strikewise.domain.structures import Structure

__all__ = [
    "AccountReport",
    "Activity",
    "BrokerStatus",
    "Capabilities",
    "Health",
    "HeldReport",
    "OrderReport",
    "Page",
    "Preview",
]

T = TypeVar("T")

Activity = SettlementReport | CashFlow | SplitReport
"""What happens to an account without an order."""


@dataclass(frozen=True, slots=True)
class AccountReport:
    """An account as its broker shows it.

    Attributes
    ----------
    account_id : str
        The broker's name of it.
    cash_cents : int
        Cash balance.
    equity_cents : int or None
        Cash and what is held, at the broker's marks; None where it does not say.
    buying_power_cents : int or None
        What may still be put into options; None where it does not say.
    options_level : int or None
        Approval level for options: 0 none, 1 covered, 2 long, 3 spreads; None where it does not say.
    restriction : str
        Why the account may not trade; empty where it may.
    """

    account_id: str
    cash_cents: int
    equity_cents: int | None = None
    buying_power_cents: int | None = None
    options_level: int | None = None
    restriction: str = ""


@dataclass(frozen=True, slots=True)
class HeldReport:
    """Contracts or shares of one instrument as a broker shows them, netted over all positions.

    Attributes
    ----------
    instrument : Instrument
        The contract or shares.
    quantity : int
        Long positive, short negative; never 0.
    cost_cents : int or None
        Cash paid for all of it (received: negative); None where the broker does not say.
    available : int or None
        How many no working order holds back, by size; None where it does not say.
    """

    instrument: Instrument
    quantity: int
    cost_cents: int | None = None
    available: int | None = None


class BrokerStatus(StrEnum):
    """Where an order stands at a broker; all but the first are ends."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as a broker shows it.

    Attributes
    ----------
    order_id : str
        The id its sender gave it: ours, or that of a person or program beside us.
    broker_order_id : str
        The broker's.
    status : BrokerStatus
        Where it stands.
    structure : Structure or None
        What one unit trades; None where the broker's answer cannot be read as one.
    quantity, filled : int
        Units asked for, and filled.
    limit_cents : int or None
        Most to pay for a unit (negative: least to receive), multiplier included; None takes the market.
    submitted_at : datetime
        When the broker took it.
    reason : str
        Why it ended, where it says.
    replaced_by : str
        The broker's id of the order that took its place; empty where none did.
    """

    order_id: str
    broker_order_id: str
    status: BrokerStatus
    structure: Structure | None
    quantity: int
    filled: int
    limit_cents: int | None
    submitted_at: datetime
    reason: str = ""
    replaced_by: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What came after a cursor, oldest first, and the cursor to ask on with."""

    items: tuple[T, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do, as far as a broker says without taking it.

    Attributes
    ----------
    problem : str
        Why it would be refused; empty where nothing is known against it.
    cost_cents : int or None
        Cash of the whole order, paid positive; None where it does not say.
    margin_cents : int or None
        Buying power it would hold; None where it does not say.
    """

    problem: str = ""
    cost_cents: int | None = None
    margin_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a broker can do.

    Attributes
    ----------
    name : str
        The broker's, as reports name it.
    max_legs : int
        Most option legs of one order.
    replaces : bool
        Whether a working order can be given another limit.
    exercises : bool
        Whether it takes instructions to exercise, or not to.
    mixes_shares : bool
        Whether one order may trade shares and options together.
    simulated : bool
        Whether it fills orders itself, on the quotes it is shown: nothing of it reaches a market.
    """

    name: str
    max_legs: int = 4
    replaces: bool = True
    exercises: bool = True
    mixes_shares: bool = True
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a broker can be talked to.

    Attributes
    ----------
    connected : bool
        Whether it answers: orders can be sent, and what it has can be read.
    reason : str
        Why it is not connected, or does not tell; empty where all is well.
    last_event_at : datetime or None
        When its stream last said anything, heartbeats included.
    skew_seconds : float or None
        What its clock is ahead of ours; None where it was not asked.
    tells : bool
        Whether events arrive: what is not told is found by asking, which takes longer.
    """

    connected: bool
    reason: str = ""
    last_event_at: datetime | None = None
    skew_seconds: float | None = None
    tells: bool = True
