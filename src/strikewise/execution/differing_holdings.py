"""Holdings on which both sides disagree: what is adopted, written off, set right, or left to a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from strikewise.domain.brokerage import HeldReport
from strikewise.domain.control import AlertRaised, SymbolFrozen
from strikewise.domain.events import Event
from strikewise.domain.identifiers import short_digest
from strikewise.domain.instruments import Instrument, Stock, instrument_symbol
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.reconciled import (
    EXTERNAL,
    DifferenceFound,
    HoldingAdjusted,
    PositionAdopted,
    PositionWrittenOff,
)

__all__ = ["LEFT_TO_A_PERSON", "Differing", "Holdings", "holdings_that_differ"]

LEFT_TO_A_PERSON = "left to a person"
"""What is done about a difference that nothing but a person can settle."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Both sides of what is held, by instrument.

    Attributes
    ----------
    positions : mapping of str to Position
        Ours, by position.
    ours, theirs : mapping of Instrument to int
        Netted; short negative, never 0.
    costs : mapping of Instrument to int
        Cash paid for what they show, cents, where they say.
    """

    positions: Mapping[str, Position]
    ours: Mapping[Instrument, int]
    theirs: Mapping[Instrument, int]
    costs: Mapping[Instrument, int]

    @classmethod
    def of(cls, positions: Mapping[str, Position], reports: Iterable[HeldReport]) -> Holdings:
        """Return both sides, netted."""
        ours: dict[Instrument, int] = {}
        for position in positions.values():
            for holding in position.holdings:
                ours[holding.instrument] = ours.get(holding.instrument, 0) + holding.quantity
        told = tuple(reports)
        return cls(
            positions,
            {instrument: quantity for instrument, quantity in ours.items() if quantity},
            {one.instrument: one.quantity for one in told if one.quantity},
            {one.instrument: one.cost_cents for one in told if one.cost_cents is not None},
        )

    def covers(self, instrument: Instrument, quantity: int) -> bool:
        """Return whether our positions hold so many of an instrument, on that side."""
        if self.ours.get(instrument, 0) == quantity != 0:
            return True
        one_side = sum(
            holding.quantity
            for position in self.positions.values()
            for holding in position.holdings
            if holding.instrument == instrument and (holding.quantity > 0) == (quantity > 0)
        )
        return quantity != 0 and abs(one_side) >= abs(quantity)

    def differing(self) -> list[Instrument]:
        """Return the instruments of which the two sides hold different numbers, by symbol."""
        every = {*self.ours, *self.theirs}
        return sorted(
            (one for one in every if self.ours.get(one, 0) != self.theirs.get(one, 0)), key=instrument_symbol
        )

    def holders(self, instrument: Instrument) -> list[tuple[Position, int]]:
        """Return who holds an instrument and how many: external positions first, then the oldest."""
        found = [
            (position, holding.quantity)
            for position in self.positions.values()
            for holding in position.holdings
            if holding.instrument == instrument
        ]
        return sorted(found, key=lambda each: (each[0].strategy != EXTERNAL, each[0].opened_at))

    def cost_of(self, instrument: Instrument, quantity: int) -> int:
        """Return what so many of what they hold cost, in cents; 0 where they do not say."""
        held, cost = self.theirs.get(instrument, 0), self.costs.get(instrument)
        return 0 if not held or cost is None else round(cost * quantity / held)


@dataclass(slots=True)
class Differing:
    """What became of holdings that differ: see `strikewise.execution.reconcile.Findings`."""

    facts: tuple[Event, ...] = ()
    waiting: tuple[DifferenceFound, ...] = ()
    halt: str = ""


@dataclass(slots=True)
class _Draft:
    held: Holdings
    account: str
    at: datetime
    earlier: Mapping[Instrument, int] | None
    frozen: set[str]
    looked_at: frozenset[str]
    facts: list[Event] = field(default_factory=list)
    waiting: list[DifferenceFound] = field(default_factory=list)
    halt: str = ""
    touched: set[str] = field(default_factory=set)
    """Positions that facts of this round change: what else they hold is looked at in the next."""

    def note(self, instrument: Instrument, action: str, reason: str) -> DifferenceFound:
        ours, theirs = self.held.ours.get(instrument, 0), self.held.theirs.get(instrument, 0)
        kind = "external" if action == "adopted" else "holding"
        what = instrument_symbol(instrument)
        return DifferenceFound(kind, what, f"{ours:+d}", f"{theirs:+d}", action, reason)

    def wait(self, instrument: Instrument, action: str, reason: str = "") -> None:
        self.waiting.append(self.note(instrument, action, reason))

    def shown_before(self, instrument: Instrument) -> bool:
        """Return whether an earlier picture, far enough back, showed the same number."""
        theirs = self.held.theirs.get(instrument, 0)
        return self.earlier is not None and self.earlier.get(instrument, 0) == theirs

    def done(self) -> Differing:
        return Differing(tuple(self.facts), tuple(self.waiting), self.halt)

    def freeze(self, symbol: str, reason: str) -> None:
        if symbol not in self.frozen:
            self.frozen.add(symbol)
            self.facts.append(SymbolFrozen(symbol, reason))


def holdings_that_differ(
    held: Holdings,
    *,
    account: str,
    at: datetime,
    earlier: Mapping[Instrument, int] | None,
    awaiting: frozenset[str],
    settling: frozenset[str],
    held_lately: Collection[Instrument],
    frozen: frozenset[str],
    looked_at: frozenset[str],
) -> Differing:
    """Say what becomes of each instrument of which the two sides hold different numbers.

    What only they hold is adopted at once, unless we held it until lately: a picture may be older than its
    end. That, what only we hold, and other numbers are set right when a second look shows the same; other
    numbers freeze their symbol until a person has looked. A long holding is never set right to a short one.

    Parameters
    ----------
    held : Holdings
        Both sides.
    account : str
        For ids.
    at : datetime
        When the broker was asked.
    earlier : mapping of Instrument to int, or None
        What an earlier picture showed, far enough back.
    awaiting, settling : frozenset of str
        Underlyings of orders whose fills are still to be told, and those whose shares may be on their way.
    held_lately : collection of Instrument
        See `strikewise.execution.reconcile.Ours`.
    frozen, looked_at : frozenset of str
        Symbols that are frozen, and those a person has released.
    """
    draft, new = _Draft(held, account, at, earlier, set(frozen), looked_at), dict[str, list[Instrument]]()
    for instrument in held.differing():
        if instrument.underlying in awaiting:
            draft.wait(instrument, "waits", "fills are still to be told")
        elif instrument.underlying in settling and isinstance(instrument, Stock):
            draft.wait(instrument, "waits", "shares of an assignment or exercise are on their way")
        elif instrument in held.ours or held.holders(instrument):
            _set_right(draft, instrument)
        elif instrument in held_lately and not draft.shown_before(instrument):
            draft.wait(instrument, "looked at again", "it was held here until lately")
        else:
            new.setdefault(instrument.underlying, []).append(instrument)
    for symbol, instruments in new.items():
        _adopt(draft, symbol, instruments)
    return draft.done()


def _adopt(draft: _Draft, symbol: str, instruments: list[Instrument]) -> None:
    held = draft.held
    holdings = tuple(Holding(one, held.theirs[one]) for one in instruments)
    told = all(one in held.costs for one in instruments)
    reason = (
        "nobody here opened it" if told else "nobody here opened it, and the broker does not say what it cost"
    )
    draft.facts += [draft.note(one, "adopted", reason) for one in instruments]
    parts = "|".join(f"{instrument_symbol(one.instrument)}{one.quantity:+d}" for one in holdings)
    name = _external_id(draft, parts)
    cost = sum(held.cost_of(one.instrument, one.quantity) for one in holdings)
    text = f"The broker holds {parts.replace('|', ', ')}, which nobody here opened: counted, and not traded."
    draft.facts += [
        PositionAdopted(name, symbol, holdings, cost, reason),
        AlertRaised("warning", "EXTERNAL_POSITION", text),
    ]


def _set_right(draft: _Draft, instrument: Instrument) -> None:
    held, symbol = draft.held, instrument.underlying
    ours, theirs = held.ours.get(instrument, 0), held.theirs.get(instrument, 0)
    holders = held.holders(instrument)
    names = {position.position_id for position, _ in holders}
    if names & draft.touched:
        return
    if _moved_by_its_owner(draft, instrument, holders):
        return
    text = f"{instrument_symbol(instrument)}: {ours:+d} here, {theirs:+d} at the broker"
    if theirs and symbol not in draft.looked_at:
        draft.freeze(symbol, text)
        if ours * theirs < 0:
            draft.wait(instrument, LEFT_TO_A_PERSON, "setting it right would turn it round")
            draft.halt = draft.halt or f"CONTRARY_POSITION {text}"
            return
    if not draft.shown_before(instrument):
        draft.wait(instrument, "looked at again", "" if theirs else "only here")
        return
    draft.touched |= names
    if not theirs:
        _write_off(draft, instrument, holders)
    elif abs(theirs) > abs(ours) and ours * theirs > 0:
        _adopt_more(draft, instrument, theirs - ours)
    else:
        draft.facts.append(draft.note(instrument, "set right", "two looks"))
        _reduce(draft, instrument, holders, ours - theirs)


def _moved_by_its_owner(draft: _Draft, instrument: Instrument, holders: list[tuple[Position, int]]) -> bool:
    """Follow an owner who trades an external position by himself; return whether that explains it all."""
    external = [(position, quantity) for position, quantity in holders if position.strategy == EXTERNAL]
    if not external:
        return False
    held = draft.held
    own = sum(quantity for _, quantity in external)
    change = held.theirs.get(instrument, 0) - held.ours.get(instrument, 0)
    if len(external) < len(holders) and (own + change) * own < 0:
        return False  # what we opened is touched too
    position, has = external[0]
    draft.touched.add(position.position_id)
    draft.facts.append(draft.note(instrument, "followed", "an external position moved"))
    if change == -has and len(position.holdings) == 1:
        draft.facts.append(PositionWrittenOff(position.position_id, "its owner closed it"))
    else:
        cost, reason = held.cost_of(instrument, change), "its owner traded it"
        draft.facts.append(HoldingAdjusted(position.position_id, instrument, change, cost, reason))
    return True


def _write_off(draft: _Draft, instrument: Instrument, holders: list[tuple[Position, int]]) -> None:
    reason = "the broker does not have it, two looks"
    draft.facts.append(draft.note(instrument, "closed here", reason))
    still = {*draft.held.theirs, *(draft.earlier or {})}  # a look that does not show them is their first
    for position, quantity in holders:
        name, what = position.position_id, f"{quantity:+d} {instrument_symbol(instrument)}"
        if any(one.instrument in still for one in position.holdings):
            draft.facts.append(HoldingAdjusted(name, instrument, -quantity, 0, reason))
        else:
            draft.facts.append(PositionWrittenOff(name, reason))
        draft.facts.append(
            AlertRaised("warning", "PHANTOM_POSITION", f"Position {name} held {what} here: {reason}.")
        )


def _adopt_more(draft: _Draft, instrument: Instrument, more: int) -> None:
    reason = "more than we opened"
    name = _external_id(draft, str(instrument))
    cost = draft.held.cost_of(instrument, more)
    draft.facts += [
        draft.note(instrument, "adopted", reason),
        PositionAdopted(name, instrument.underlying, (Holding(instrument, more),), cost, reason),
    ]


def _external_id(draft: _Draft, what: str) -> str:
    """Return the id of a position that is adopted: the same picture gives the same id."""
    return f"ext-{draft.at:%y%m%d}-{short_digest(f'{draft.account}|{draft.at.isoformat()}|{what}')}"


def _reduce(draft: _Draft, instrument: Instrument, holders: list[tuple[Position, int]], surplus: int) -> None:
    """Take what is too much from who holds it, external positions and the oldest first."""
    left, taken = surplus, [0] * len(holders)
    for number, (_, quantity) in enumerate(holders):
        if left and (quantity > 0) == (left > 0):
            taken[number] = min(quantity, left, key=abs)
            left -= taken[number]
    taken[0] += left  # more than anybody holds: a person has allowed it to turn round
    for (position, quantity), part in zip(holders, taken, strict=True):
        if part:
            cost = -_share_of_cost(position, part, quantity)
            reason = "the broker has another number, two looks"
            draft.facts.append(HoldingAdjusted(position.position_id, instrument, -part, cost, reason))


def _share_of_cost(position: Position, part: int, quantity: int) -> int:
    """Return what a part of a holding cost, where the position holds nothing else; 0 else."""
    return round(position.cash_cents * part / quantity) if len(position.holdings) == 1 else 0
