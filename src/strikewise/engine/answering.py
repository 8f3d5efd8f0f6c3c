"""How a run deals with people who answer its signals: who is asked, for how long, and what answers meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from strikewise.domain.answered import SignalExpired
from strikewise.domain.control import TradingState
from strikewise.domain.errors import SettingsError
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.offers import LONGEST_LIFE, Offers, Stand

__all__ = ["Answering", "expiries", "no_dismissal", "no_take"]

ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Answering:
    """How signals are answered.

    Attributes
    ----------
    asks : bool
        Whether a person is asked before anything is opened; else what the gate lets through is ordered.
    life : timedelta
        How long after it was seen a signal may be taken.
    slip : float
        Share of its price by which an entry may have become dearer since the signal was seen.

    Raises
    ------
    SettingsError
        If a signal may be taken never, or longer than signals are remembered, or the share is negative.
    """

    asks: bool = False
    life: timedelta = timedelta(minutes=30)
    slip: float = 0.25

    def __post_init__(self) -> None:
        if not timedelta(0) < self.life <= LONGEST_LIFE:
            most = LONGEST_LIFE // timedelta(minutes=1)
            raise SettingsError(
                f"A signal may be answered for 1 to {most} minutes; was {self.life / timedelta(minutes=1):g}."
            )
        if not 0 <= self.slip <= 1:
            raise SettingsError(f"An entry may slip by a share from 0 to 1 of its price; was {self.slip:g}.")


def expiries(offers: Offers, now: datetime) -> Iterator[Entry]:
    """Yield the facts that write down which offers ran out."""
    for one in offers.waiting():
        if one.until is not None and now >= one.until:
            yield Entry(SignalExpired(one.signal.signal_id), now, ENGINE, one.seq)


def no_take(
    offers: Offers, signal_id: str, allowed: TradingState, now: datetime, answering: Answering
) -> str:
    """Return why a signal is not taken, in a sentence; empty where it waits for a look at the market."""
    found = offers.signals.get(signal_id)
    if found is None:
        return _unknown(signal_id)
    if why := found.refusal(now, answering.life):
        return f"Signal {signal_id} cannot be taken: it {why}."
    if allowed is not TradingState.ACTIVE:
        return f"Signal {signal_id} cannot be taken: trading is {allowed.value}. Nothing new is opened."
    return ""


def no_dismissal(offers: Offers, signal_id: str) -> str:
    """Return why a signal cannot be dismissed, in a sentence; empty where it can."""
    found = offers.signals.get(signal_id)
    if found is None:
        return _unknown(signal_id)
    if found.stand in (Stand.ORDERED, Stand.TAKEN, Stand.DISMISSED) or found.taken_from:
        what = "is an order" if found.taken_from else f"was {found.stand.value}"
        return f"Signal {signal_id} cannot be dismissed: it {what} already."
    return ""


def _unknown(signal_id: str) -> str:
    days = LONGEST_LIFE.days
    return f"No signal of the last {days} days is called {signal_id}: `strikewise signals` lists them."
