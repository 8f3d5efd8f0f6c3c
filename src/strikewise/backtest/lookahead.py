"""Whether a run knew what it could not know: cut the future off, run again, compare what was written down.

Two questions, one method. *Lookahead*: over data that end at a tick, a run must have written the same facts
up to it as over data that go on. *Recursion*: over data that begin later, it must write the same facts too,
or what it computes depends on how much past it happened to be given. Every feature and the regime are
compared besides, for a feature that no strategy reads today may be read tomorrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import inf, isclose, isfinite, nan

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.differences import Difference, Written, facts_of, first_difference
from strikewise.backtest.runner import ReplaySpec, ticks_of
from strikewise.domain.errors import SettingsError
from strikewise.market.calendar import SessionCalendar, new_york_day
from strikewise.market.source import MarketSource
from strikewise.market.universe import Universe
from strikewise.market.view import Market, MarketView
from strikewise.market.window import Window

__all__ = ["LookaheadReport", "WarmUp", "check_lookahead", "check_warm_up"]

Told = Callable[[str, int, int], None]
"""Called with what is done, how much of it is done, and how much there is."""

WARM_UPS = (30, 60, 120, 252, 504)
"""Sessions of past that a run is given before its start, to see from which on nothing changes."""
SAME = 1e-9
"""Relative difference up to which two features are the same number."""


@dataclass(frozen=True, slots=True)
class LookaheadReport:
    """What cutting the future off came to.

    Attributes
    ----------
    cuts : tuple of datetime
        Where it was cut.
    facts, features : int
        Facts and feature values compared.
    differences : tuple of Difference
        The first fact that differs at each cut, and every feature; empty where nobody looked ahead.
    """

    cuts: tuple[datetime, ...]
    facts: int
    features: int
    differences: tuple[Difference, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing differed."""
        return not self.differences

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "clean": self.clean,
            "cuts": [cut.isoformat() for cut in self.cuts],
            "facts_compared": self.facts,
            "features_compared": self.features,
            "differences": [one.as_dict() for one in self.differences],
        }


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What a run comes to with so much past before its start.

    Attributes
    ----------
    sessions : int
        Sessions of past it was given.
    facts : int
        Facts compared with those over the whole past.
    difference : Difference or None
        The first that differs.
    drift : mapping of str to float
        Features that differ at the first tick, and by how much, relative to the value over the whole past;
        infinite where one of the two is unknown.
    """

    sessions: int
    facts: int
    difference: Difference | None
    drift: Mapping[str, float]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "sessions": self.sessions,
            "facts_compared": self.facts,
            "difference": None if self.difference is None else self.difference.as_dict(),
            "drift": {name: None if value == inf else value for name, value in self.drift.items()},
        }


def check_lookahead(
    spec: ReplaySpec,
    source: MarketSource,
    calendar: SessionCalendar,
    *,
    cuts: int = 8,
    seed: int = 0,
    progress: Told | None = None,
) -> LookaheadReport:
    """Cut the future off at random ticks of a run, run again, and compare.

    Parameters
    ----------
    spec : ReplaySpec
        The run.
    source, calendar
        As in `strikewise.backtest.runner.replay`.
    cuts : int
        At how many ticks; the last but one tick is always among them.
    seed : int
        Chooses the ticks.
    progress : callable, optional
        Told of every run.

    Raises
    ------
    SettingsError
        If there is no tick after which something could be cut off.
    MissingDataError
        As `strikewise.backtest.runner.replay`.
    """
    universe = Universe(source, spec.run.underlyings)
    ticks = _ticks(universe, spec, cuts)
    chosen = _chosen(ticks, cuts, seed)
    tell = progress or _silent
    tell("over all data", 0, len(chosen) + 1)
    whole = facts_of(spec, source, calendar)
    market = Market(universe, calendar)
    market.view(_at(ticks[-1])).regime()  # whatever is computed of all data at once is computed now
    facts = features = 0
    found: list[Difference] = []
    for number, seconds in enumerate(chosen, start=1):
        cut = _at(seconds)
        tell(f"cut at {new_york_day(cut).isoformat()}", number, len(chosen) + 1)
        until = [one for one in whole if one.record.known_at <= cut]
        seen, compared = _without_future(spec, source, market, until, cut)
        facts, features = facts + len(until), features + compared
        found.extend(seen)
    tell("done", len(chosen) + 1, len(chosen) + 1)
    return LookaheadReport(tuple(_at(seconds) for seconds in chosen), facts, features, tuple(found))


def _ticks(universe: Universe, spec: ReplaySpec, cuts: int) -> NDArray[np.int64]:
    ticks = ticks_of(universe, spec.start, spec.end)
    if len(ticks) < 2 or cuts < 1:
        raise SettingsError(
            f"To cut the future off there must be a cut and two ticks at least; there are {len(ticks)} ticks "
            f"from {spec.start.isoformat()} to {spec.end.isoformat()}, and {cuts} cuts were asked for."
        )
    return ticks


def _without_future(
    spec: ReplaySpec, source: MarketSource, market: Market, until: Sequence[Written], cut: datetime
) -> tuple[list[Difference], int]:
    """Run over data that end at a cut; return what differs, and how many features were compared."""
    past = Window(source, until=cut)
    first = first_difference(until, facts_of(spec, past, market.calendar), cut)
    narrow = Market(Universe(past, spec.run.underlyings), market.calendar)
    features, compared = _features_differing(market.view(cut), narrow.view(cut), cut)
    return [*([] if first is None else [first]), *features], compared


def check_warm_up(
    spec: ReplaySpec,
    source: MarketSource,
    calendar: SessionCalendar,
    *,
    lengths: Sequence[int] = WARM_UPS,
    progress: Told | None = None,
) -> tuple[WarmUp, ...]:
    """Run with ever more past before the start, and compare each with the run over the whole past.

    Parameters
    ----------
    spec, source, calendar
        As in `check_lookahead`.
    lengths : sequence of int
        Sessions of past before the first tick.
    progress : callable, optional
        Told of every run.
    """
    tell = progress or _silent
    whole = facts_of(spec, source, calendar)
    first = _at(ticks_of(Universe(source, spec.run.underlyings), spec.start, spec.end)[0])
    reference = Market(Universe(source, spec.run.underlyings), calendar).view(first)
    found = []
    for number, length in enumerate(lengths, start=1):
        tell(f"{length} sessions of past", number, len(lengths))
        since = _sessions_before(calendar, calendar.day_of(first), length)
        later = Window(source, since=since)
        again = facts_of(spec, later, calendar)
        cut = datetime(since.year, since.month, since.day, tzinfo=UTC)
        view = Market(Universe(later, spec.run.underlyings), calendar).view(first)
        difference = first_difference(whole, again, cut)
        found.append(WarmUp(length, len(whole), difference, _drift(reference, view)))
    return tuple(found)


def _silent(what: str, done: int, whole: int) -> None:
    pass


def _chosen(ticks: NDArray[np.int64], cuts: int, seed: int) -> list[int]:
    last, others = int(ticks[-2]), ticks[:-2]
    drawn = np.random.default_rng(seed).permutation(others)[: cuts - 1]
    return sorted({last, *drawn.tolist()})


def _values(view: MarketView) -> dict[tuple[str, str], float | str]:
    found: dict[tuple[str, str], float | str] = {("market", "regime"): str(view.regime())}
    for symbol in view.underlyings():
        for name, value in view.features(symbol).as_dict().items():
            found[symbol, name] = value
    return found


def _features_differing(
    whole: MarketView, cut_off: MarketView, cut: datetime
) -> tuple[list[Difference], int]:
    left, right = _values(whole), _values(cut_off)
    names = sorted(left.keys() | right.keys())
    found = [
        Difference(
            cut,
            whole.as_of,
            f"feature {symbol}",
            name,
            (name,),
            str(left.get((symbol, name), "unknown")),
            str(right.get((symbol, name), "unknown")),
        )
        for symbol, name in names
        if not _same(left.get((symbol, name)), right.get((symbol, name)))
    ]
    return found, len(names)


def _same(one: float | str | None, other: float | str | None) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=SAME, abs_tol=1e-12)
    return one == other


def _drift(whole: MarketView, later: MarketView) -> dict[str, float]:
    left, right = _values(whole), _values(later)
    found: dict[str, float] = {}
    for symbol, name in sorted(left.keys() | right.keys()):
        one, other = left.get((symbol, name), nan), right.get((symbol, name), nan)
        if not _same(one, other):
            known = isinstance(one, float) and isinstance(other, float) and one != 0 and isfinite(other)
            found[f"{symbol} {name}"] = abs(float(other) / float(one) - 1.0) if known else inf
    return found


def _sessions_before(calendar: SessionCalendar, day: date, count: int) -> date:
    for _ in range(count):
        day = calendar.previous_session(day)
    return day


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
