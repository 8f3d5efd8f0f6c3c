"""Whether a specification's run looked ahead, or hangs on how much past it was given."""

from __future__ import annotations

from dataclasses import dataclass

from strikewise.backtest.differences import Difference
from strikewise.backtest.lookahead import LookaheadReport, WarmUp, check_lookahead, check_warm_up
from strikewise.backtest.runner import ReplaySpec
from strikewise.service.system import Progress, System

__all__ = ["Difference", "LookaheadReport", "TimeChecks", "WarmUp", "check_time"]


@dataclass(frozen=True, slots=True)
class TimeChecks:
    """Both checks of a specification.

    Attributes
    ----------
    name : str
        The specification's.
    lookahead : LookaheadReport
        What cutting the future off came to.
    warm_ups : tuple of WarmUp
        What cutting the past off came to, the shortest past first; empty where nobody asked.
    """

    name: str
    lookahead: LookaheadReport
    warm_ups: tuple[WarmUp, ...]

    @property
    def enough_past(self) -> int | None:
        """Sessions of past from which on every run was the same; None where even the longest was not."""
        enough = None
        for one in reversed(self.warm_ups):
            if one.difference is not None:
                break
            enough = one.sessions
        return enough

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "lookahead": self.lookahead.as_dict(),
            "enough_past_sessions": self.enough_past,
            "warm_ups": [one.as_dict() for one in self.warm_ups],
        }


def check_time(
    system: System,
    spec: ReplaySpec,
    *,
    cuts: int = 8,
    seed: int = 0,
    warm_ups: bool = True,
    progress: Progress | None = None,
) -> TimeChecks:
    """Cut the future off at random ticks of a run, then its past, and compare every run.

    Parameters
    ----------
    system : System
        The installation.
    spec : ReplaySpec
        What to run.
    cuts, seed : int
        How many ticks, and which.
    warm_ups : bool
        Whether to cut the past off too.
    progress : callable, optional
        Told of every run.

    Raises
    ------
    MissingDataError
        If the store has no chains of an underlying in the period.
    """
    source, calendar = system.data.source(), system.calendar
    lookahead = check_lookahead(spec, source, calendar, cuts=cuts, seed=seed, progress=progress)
    past = check_warm_up(spec, source, calendar, progress=progress) if warm_ups else ()
    return TimeChecks(spec.name, lookahead, past)
