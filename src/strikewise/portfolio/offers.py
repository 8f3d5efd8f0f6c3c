"""Signals that people may answer, as a fold over the ledger: offered, denied, taken, dismissed, run out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from strikewise.domain.answered import SignalDismissed, SignalExpired, SignalOffered, SignalTaken
from strikewise.domain.events import OrderClosed, OrderPlaced, SignalDenied, SignalGenerated
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Structure
from strikewise.market.calendar import new_york_day
from strikewise.portfolio.ledger import Record

__all__ = ["LONGEST_LIFE", "Offer", "Offers", "Stand"]

LONGEST_LIFE = timedelta(days=5)
"""How long a signal is remembered here: none may be answered later."""

NEVER_SENT = "never_sent"
"""How an order ends that no broker ever heard of."""


class Stand(StrEnum):
    """How a signal stands."""

    SEEN = "seen"
    """Nobody has decided yet."""
    DENIED = "denied"
    """The gate refused it."""
    OFFERED = "offered"
    """A person is asked."""
    ORDERED = "ordered"
    """It became an order by itself."""
    TAKEN = "taken"
    """A person took it, and it became an order."""
    DISMISSED = "dismissed"
    """A person did not want it."""
    EXPIRED = "expired"
    """Nobody answered in time."""


DECIDED = frozenset({Stand.OFFERED, Stand.ORDERED, Stand.TAKEN, Stand.DISMISSED})
"""What a signal that is seen again does not begin anew from."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A signal of the last days, and how it stands.

    Attributes
    ----------
    signal : Signal
        As it was seen.
    seq : int
        Its fact.
    at : datetime
        When it was written down.
    stand : Stand
        How it stands.
    quantity : int
        Units that were offered; 0 where nobody was asked.
    until : datetime or None
        When an offer runs out.
    campaign_id : str
        As in `strikewise.domain.answered.SignalOffered`.
    taken_from : str
        The signal that this one is the repricing of; empty for what a strategy saw.
    order_id : str
        The order that it was taken by.
    """

    signal: Signal
    seq: int
    at: datetime
    stand: Stand = Stand.SEEN
    quantity: int = 0
    until: datetime | None = None
    campaign_id: str = ""
    taken_from: str = ""
    order_id: str = ""

    def ends(self, life: timedelta) -> datetime:
        """Return when nobody may take it any more: as it was offered, or a life after it was denied."""
        return self.at + life if self.until is None else self.until

    def refusal(self, now: datetime, life: timedelta) -> str:
        """Return why it cannot be taken now, as the end of a sentence; empty where it can."""
        if self.taken_from:
            return f"is what somebody made of {self.taken_from}: take that one"
        match self.stand:
            case Stand.DENIED | Stand.OFFERED:
                ends = self.ends(life)
                return f"ran out at {ends:%Y-%m-%d %H:%M} UTC" if now >= ends else ""
            case Stand.SEEN:
                return "was not decided upon"
            case Stand.EXPIRED:
                return f"ran out at {self.ends(life):%Y-%m-%d %H:%M} UTC"
            case _:
                return f"was {self.stand.value} already"


@dataclass(frozen=True, slots=True)
class Offers:
    """The signals of the last days by id, and what people do not want to see again today.

    Attributes
    ----------
    signals : mapping of str to Offer
        In the order they were seen.
    dismissed : mapping of (str, Structure) to date
        Strategy and structure of what was dismissed, and the New York day on which it was.
    """

    signals: Mapping[str, Offer] = field(default_factory=dict)
    dismissed: Mapping[tuple[str, Structure], date] = field(default_factory=dict)

    def apply(self, record: Record) -> Offers:
        """Return it after one more fact."""
        changes = _CHANGES.get(record.event.__class__)
        return self if changes is None else changes(self, record.event, record)

    def waiting(self) -> Iterator[Offer]:
        """Yield what people are asked, oldest first."""
        return (one for one in self.signals.values() if one.stand is Stand.OFFERED)

    def is_offered(self, signal: Signal) -> bool:
        """Return whether a person is asked about the same structure of the same strategy already."""
        return any(
            one.signal.strategy == signal.strategy and one.signal.structure == signal.structure
            for one in self.waiting()
        )

    def is_dismissed(self, signal: Signal, day: date) -> bool:
        """Return whether a person does not want the same structure of the same strategy on a day."""
        return self.dismissed.get((signal.strategy, signal.structure)) == day

    def standing(self, signal_id: str, **changes: Any) -> Offers:
        """Return it with a signal that stands otherwise; a signal that is not remembered stays so."""
        found = self.signals.get(signal_id)
        if found is None:
            return self
        return replace(self, signals={**self.signals, signal_id: replace(found, **changes)})


def _generated(offers: Offers, event: SignalGenerated, record: Record) -> Offers:
    signal, since = event.signal, record.known_at - LONGEST_LIFE
    before = offers.signals.get(signal.signal_id)
    if before is not None and before.stand in DECIDED:
        return offers  # seen again in the same quotes
    seen = Offer(signal, record.seq, record.known_at, taken_from="" if before is None else before.taken_from)
    kept = {name: one for name, one in offers.signals.items() if one.at > since}
    return replace(offers, signals={**kept, signal.signal_id: seen})


def _denied(offers: Offers, event: SignalDenied, _: Record) -> Offers:
    found = offers.signals.get(event.signal_id)
    if found is None or found.stand in DECIDED:
        return offers
    return offers.standing(event.signal_id, stand=Stand.DENIED)


def _placed(offers: Offers, event: OrderPlaced, _: Record) -> Offers:
    found = offers.signals.get(event.order.signal_id)
    if found is None or event.order.replaces:
        return offers
    after = offers.standing(event.order.signal_id, stand=Stand.ORDERED)
    if not found.taken_from:
        return after
    return after.standing(found.taken_from, stand=Stand.TAKEN, order_id=event.order.order_id)


def _closed(offers: Offers, event: OrderClosed, _: Record) -> Offers:
    """Let a signal be taken again whose order no broker ever heard of: its process died before."""
    if event.ended.outcome != NEVER_SENT:
        return offers
    for name, one in offers.signals.items():
        if one.stand is Stand.TAKEN and one.order_id == event.ended.order_id:
            before = Stand.DENIED if one.until is None else Stand.OFFERED
            return offers.standing(name, stand=before, order_id="")
    return offers


def _offered(offers: Offers, event: SignalOffered, _: Record) -> Offers:
    return offers.standing(
        event.signal_id,
        stand=Stand.OFFERED,
        quantity=event.quantity,
        until=event.until,
        campaign_id=event.campaign_id,
    )


def _taken(offers: Offers, event: SignalTaken, record: Record) -> Offers:
    found = offers.signals.get(event.signal_id)
    if found is None:
        return offers
    repriced = Offer(found.signal, record.seq, record.known_at, taken_from=event.signal_id)
    return replace(offers, signals={**offers.signals, event.taken_as: repriced})


def _dismissed(offers: Offers, event: SignalDismissed, record: Record) -> Offers:
    found = offers.signals.get(event.signal_id)
    if found is None:
        return offers
    day = new_york_day(record.known_at)
    today = {what: when for what, when in offers.dismissed.items() if when == day}
    unwanted = found.signal.strategy, found.signal.structure
    after = offers.standing(event.signal_id, stand=Stand.DISMISSED)
    return replace(after, dismissed={**today, unwanted: day})


def _expired(offers: Offers, event: SignalExpired, _: Record) -> Offers:
    return offers.standing(event.signal_id, stand=Stand.EXPIRED)


_CHANGES: Mapping[type, Callable[[Offers, Any, Record], Offers]] = {
    OrderClosed: _closed,
    OrderPlaced: _placed,
    SignalDenied: _denied,
    SignalDismissed: _dismissed,
    SignalExpired: _expired,
    SignalGenerated: _generated,
    SignalOffered: _offered,
    SignalTaken: _taken,
}
