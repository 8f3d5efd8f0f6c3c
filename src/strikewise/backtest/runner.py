"""Run the loop over the past: a simulated clock and broker, and every snapshot of the universe a tick."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.overnight import Overnight
from strikewise.domain.errors import LedgerError, MissingDataError, SettingsError
from strikewise.domain.quotes import Grade, worst_grade
from strikewise.engine.invariants import check_closed
from strikewise.engine.loop import Loop
from strikewise.engine.patience import Patience
from strikewise.engine.spec import RunSpec
from strikewise.engine.supervisor import Watch
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.execution.halt_flag import NoFlag
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.calendar import SessionCalendar, new_york_day, seconds_of_days
from strikewise.market.clock import SimulatedClock
from strikewise.market.source import MarketSource
from strikewise.market.universe import Universe
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.ledger import Ledger
from strikewise.risk.governor import Governor

__all__ = ["ReplaySpec", "replay", "ticks_of"]

Progress = Callable[[int, int], None]
"""Called with the ticks done and the ticks in all."""
SETTLED_AFTER = 16
"""Ticks after which the collector of cycles leaves alone what a run has made: the facts of years are many."""


@dataclass(frozen=True, slots=True)
class ReplaySpec:
    """A run of the loop over a stretch of the past.

    Attributes
    ----------
    name : str
        What a person calls it.
    run : RunSpec
        What the loop does.
    start, end : date
        First and last session, both included.
    fills : FillRule
        How the simulated market fills.
    fees : FeeSchedule
        What trading costs.
    lag : int
        Snapshots between a decision and its first chance to fill.
    exercise : ExerciseRule
        How short options are assigned.
    financing : Financing
        What cash earns, and debit balances and borrowed shares cost.
    extended_hours : tuple of str
        Underlyings whose options are traded outside the regular hours too.
    governor : Governor or None
        What the account must keep as a whole, as one that trades does; None leaves strategies to themselves.
    """

    name: str
    run: RunSpec
    start: date
    end: date
    fills: FillRule
    fees: FeeSchedule
    lag: int = 0
    exercise: ExerciseRule = field(default_factory=ExerciseRule)
    financing: Financing = field(default_factory=Financing)
    extended_hours: tuple[str, ...] = ()
    governor: Governor | None = None

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise SettingsError(
                f"A run must end on or after its start; starts {self.start.isoformat()}, "
                f"ends {self.end.isoformat()}."
            )
        if self.lag < 0:
            raise SettingsError(f"A lag counts snapshots and must not be negative; was {self.lag}.")


def ticks_of(source: MarketSource, start: date, end: date) -> NDArray[np.int64]:
    """Return the instants (Unix seconds) of all snapshots from one date of New York to another, ascending.

    Both are included.

    A symbol without chains gives those at which its daily bars were known.

    Raises
    ------
    MissingDataError
        If there is none; the message says what there is.
    """
    first, past = seconds_of_days(start, end)
    chains = source.underlyings()
    taken = {symbol: source.snapshots(symbol) for symbol in chains}
    charted = {
        symbol: bars.known_at
        for symbol in source.symbols()
        if symbol not in chains and (bars := source.bars(symbol)) is not None
    }
    found = np.unique(np.concatenate([*taken.values(), *charted.values(), np.zeros(0, dtype=np.int64)]))
    inside = found[(found >= first) & (found < past)]
    if len(inside) == 0:
        kinds = [_kind("chain", taken), _kind("daily bar", charted)]
        wanted, held = (" and ".join(part for part in parts if part) for parts in zip(*kinds, strict=True))
        raise MissingDataError(
            f"{wanted[:1].upper()}{wanted[1:]} lies between {start.isoformat()} and {end.isoformat()}; "
            f"{held or 'there are none at all'}."
        )
    return inside


def _kind(what: str, instants: Mapping[str, NDArray[np.int64]]) -> tuple[str, str]:
    """Return what of a kind was asked for, and from when to when there is any; empty where nothing is."""
    if not instants:
        return "", ""
    wanted = f"no {what} of {', '.join(instants)}"
    known = np.concatenate(list(instants.values()))
    if len(known) == 0:
        return wanted, ""
    return wanted, f"there are {what}s from {_day(known.min())} to {_day(known.max())}"


def replay(
    spec: ReplaySpec,
    source: MarketSource,
    calendar: SessionCalendar,
    ledger: Ledger,
    *,
    data: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Grade:
    """Run the loop at every snapshot of the specification's universe and period; return the worst grade seen.

    Parameters
    ----------
    spec : ReplaySpec
        What to run.
    source : MarketSource
        The recorded market; what lies after a tick is hidden by the view.
    calendar : SessionCalendar
        The sessions.
    ledger : Ledger
        Empty; the facts are written here.
    data : mapping of str to str, optional
        Digest of the data by underlying, for the first fact.
    progress : callable, optional
        Told of every tick.

    Raises
    ------
    MissingDataError
        If there are no chains of an underlying, or none in the period.
    LedgerError
        If the ledger is not empty.
    InvariantError
        If money does not add up, or a position lost more than it could.
    """
    _require_empty(ledger)
    universe, sessions = Universe(source, spec.run.underlyings), calendar.extended_to(spec.extended_hours)
    ticks, market = ticks_of(universe, spec.start, spec.end), Market(universe, sessions)
    clock, broker, worst = SimulatedClock(_at(ticks[0])), _broker(spec), Grade.QUOTES
    watch, known = _watch(spec), dict(data or {})
    loop = Loop(spec.run, market=market, broker=broker, ledger=ledger, clock=clock, data=known, watch=watch)
    night = Overnight(loop.supervisor, ledger)
    with _collecting_only_what_is_new():
        for done, seconds in enumerate(ticks.tolist(), start=1):
            _leave_settled(done)
            clock.advance_to(_at(seconds))
            worst = worst_grade((worst, *_checked_tick(loop, broker, night, market.view(clock.now()))))
            if progress is not None:
                progress(done, len(ticks))
    return worst


def _checked_tick(
    loop: Loop, broker: SimulatedBroker, night: Overnight, view: MarketView
) -> frozenset[Grade]:
    night.look(view.as_of)
    broker.advance(view)
    before = loop.state.positions
    report = loop.tick(view)
    check_closed(before, loop.state, report.delivered)
    return report.grades


def _watch(spec: ReplaySpec) -> Watch | None:
    """Return what stands around a governed run: an error of a strategy ends it like any other."""
    return None if spec.governor is None else Watch(NoFlag(), spec.governor, Patience(failures=0))


def _broker(spec: ReplaySpec) -> SimulatedBroker:
    return SimulatedBroker(
        spec.run.capital_cents,
        rule=spec.fills,
        fees=spec.fees,
        lag=spec.lag,
        exercise=spec.exercise,
        financing=spec.financing,
    )


@contextmanager
def _collecting_only_what_is_new() -> Iterator[None]:
    """Keep the collector of cycles off what was there before: one walk over all imports takes 0.1 s."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _leave_settled(done: int) -> None:
    """Keep the collector off what a run has made, every few ticks."""
    if done % SETTLED_AFTER == 0:
        gc.freeze()


def _require_empty(ledger: Ledger) -> None:
    if ledger.head.seq:
        raise LedgerError(
            f"A run over the past needs an empty ledger; this one has {ledger.head.seq} facts: "
            "give the run a ledger of its own."
        )


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _day(seconds: int) -> str:
    return new_york_day(_at(seconds)).isoformat()
