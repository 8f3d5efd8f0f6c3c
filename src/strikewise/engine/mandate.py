"""What a tick may do: by the state of trading, what people asked for, and what is out of order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strikewise.domain.brokerage import Capabilities
from strikewise.domain.control import CloseRequested, FlattenRequested, TakeRequested, TradingState
from strikewise.domain.reconciled import EXTERNAL
from strikewise.domain.signals import Close
from strikewise.engine.answering import Answering
from strikewise.engine.order_work import Prices
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.offers import Offer, Offers, Stand
from strikewise.portfolio.projection import AccountState
from strikewise.risk.gate_control import GateControl

__all__ = ["FREE", "STRATEGY_FAULTS", "Mandate", "Take", "Wish", "wishes_to_close", "wishes_to_take"]

STRATEGY_FAULTS = "STRATEGY_FAULTS"
"""The breaker that keeps a strategy from seeking after it failed too often."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A position that somebody other than its strategy wants closed: why, who, and the fact behind it.

    With ``force`` it does not wait for fresh quotes.
    """

    close: Close
    actor: str
    cause: int | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """A signal that a person wants ordered: what, who, and the number of the request."""

    offer: Offer
    actor: str
    number: int


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a tick may do.

    Attributes
    ----------
    state : TradingState
        What may be sent.
    seeks : bool
        Whether it is time to look for something to open.
    closing : mapping of str to Wish
        Positions to close, whatever their strategy says.
    quiet : frozenset of str
        Strategies that are not asked for anything to open.
    told : frozenset of (str, str)
        Refusals of exits, by position and code, that were written down lately and are not again.
    gate : GateControl or None
        What the gate is told of the account as a whole.
    waiting : frozenset of str
        Positions whose exit waits until another order is gone.
    prices : Prices or None
        How orders are priced; None sends them as they are decided upon.
    watched : bool
        Whether others watch over the account: exceptions of strategies become faults, and what closes waits
        until what else works on its position is cancelled.
    strict : bool
        Whether an exception of a strategy ends the run all the same, as over the past.
    answering : Answering
        How signals are answered.
    offers : Offers
        What people are asked, and do not want.
    takes : tuple of Take
        What people took.
    broker : Capabilities or None
        What the broker takes in one order; None where it takes everything.
    """

    state: TradingState = TradingState.ACTIVE
    seeks: bool = True
    closing: Mapping[str, Wish] = field(default_factory=dict)
    quiet: frozenset[str] = frozenset()
    told: frozenset[tuple[str, str]] = frozenset()
    gate: GateControl | None = None
    waiting: frozenset[str] = frozenset()
    prices: Prices | None = None
    watched: bool = False
    strict: bool = False
    answering: Answering = field(default_factory=Answering)
    offers: Offers = field(default_factory=Offers)
    takes: tuple[Take, ...] = ()
    broker: Capabilities | None = None

    @property
    def opens(self) -> bool:
        """Whether new risk may be sent."""
        return self.state is TradingState.ACTIVE

    @property
    def closes(self) -> bool:
        """Whether what closes may be sent."""
        return self.state is not TradingState.HALTED


FREE = Mandate()
"""Everything the gate lets pass: an account that nobody watches over."""


def wishes_to_close(control: ControlState, state: AccountState) -> dict[str, Wish]:
    """Return what people and breakers want closed; external positions are nobody's to close."""
    wishes: dict[str, Wish] = {}
    ours = {name: one for name, one in state.positions.items() if one.strategy != EXTERNAL}
    if control.flatten:
        by = control.changed_by or "engine"
        flattened = Wish(Close("FLATTEN", control.reason), by, force=control.force)
        wishes = dict.fromkeys(ours, flattened)
    for number, asked in control.requests.items():
        match asked.request:
            case CloseRequested(position_id=name, reason=reason, force=force) if name in ours:
                wishes[name] = Wish(Close("ASKED_FOR", reason), asked.actor, number, force)
            case FlattenRequested(underlying=symbol, reason=reason, force=force) if symbol:
                for name, position in ours.items():
                    if position.underlying == symbol:
                        wishes[name] = Wish(Close("FLATTEN", reason), asked.actor, number, force)
            case _:
                pass
    return wishes


def wishes_to_take(control: ControlState, offers: Offers) -> tuple[Take, ...]:
    """Return the signals that people took and nobody has answered yet, each once, oldest request first."""
    wishes: dict[str, Take] = {}
    for number, asked in control.requests.items():
        if isinstance(asked.request, TakeRequested):
            found = offers.signals.get(asked.request.signal_id)
            if found is not None and found.stand in (Stand.DENIED, Stand.OFFERED):
                wishes.setdefault(found.signal.signal_id, Take(found, asked.actor, number))
    return tuple(wishes.values())
