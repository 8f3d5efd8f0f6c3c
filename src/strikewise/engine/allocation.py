"""Who may use how much of the account, and who comes first when capital is short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from math import isfinite

from strikewise.domain.errors import SettingsError
from strikewise.domain.signals import Signal
from strikewise.market.regime import Regime

__all__ = ["Allocation", "Cost", "Priority", "best_first", "free"]


Cost = Callable[[Signal], float]
"""The points of score that a signal loses for what its strategy does not look at."""


def free(_: Signal) -> float:
    """Return no points."""
    return 0.0


def best_first(signals: Sequence[Signal], cost: Cost) -> Sequence[Signal]:
    """Return a strategy's signals as it ranks them; by what is left of scores where some lose points."""
    costs = [cost(one) for one in signals]
    if len({*costs}) < 2:
        return signals
    left = [one.score - lost for one, lost in zip(signals, costs, strict=True)]
    return [signals[place] for place in sorted(range(len(signals)), key=left.__getitem__, reverse=True)]


class Priority(StrEnum):
    """In which order wishes are judged: the first take the capital."""

    ORDER = "order"
    """Strategies as the run lists them, each one's signals best first."""
    SCORE = "score"
    """All signals of the tick by score; equal scores as in ``order``."""
    EDGE = "edge"
    """All signals of the tick by stated edge on the margin they hold; equal ones as in ``order``."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """The share of the account that each strategy may use.

    A strategy sizes on its share of equity, and the margin of all its positions may not exceed it. Shares may
    add up to more than one: the account is shared then, and priority decides. A share of zero stops entries;
    what is held is managed on, and nothing is closed because a share became smaller.

    Attributes
    ----------
    weights : mapping of str to float
        Share of equity by a strategy's label; all labels of the run, or none, which gives each the whole.
    by_regime : mapping of Regime to (mapping of str to float)
        Other shares while a regime acts; a label that is not named keeps its fixed share.
    priority : Priority
        Whose wish is judged first.

    Raises
    ------
    SettingsError
        If a share is no number between 0 and 1.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    by_regime: Mapping[Regime, Mapping[str, float]] = field(default_factory=dict)
    priority: Priority = Priority.ORDER

    def __post_init__(self) -> None:
        tables = {"weights": self.weights, **{name.value: table for name, table in self.by_regime.items()}}
        for table, shares in tables.items():
            for label, share in shares.items():
                if not (isfinite(share) and 0.0 <= share <= 1.0):
                    raise SettingsError(
                        f"The share of {label} in the allocation ({table}) must lie between 0 and 1; "
                        f"was {share}."
                    )

    def check(self, labels: Iterable[str]) -> None:
        """Refuse names that are no strategy's label, and fixed shares that leave one out.

        Raises
        ------
        SettingsError
            Naming them.
        """
        known = set(labels)
        named = {*self.weights, *(label for table in self.by_regime.values() for label in table)}
        if unknown := sorted(named - known):
            raise SettingsError(
                f"The allocation names {', '.join(unknown)}, which no strategy of the run is called; "
                f"labels are: {', '.join(sorted(known))}."
            )
        if self.weights and (missing := sorted(known - set(self.weights))):
            raise SettingsError(
                f"The allocation gives no share to {', '.join(missing)}: name every strategy, or none."
            )

    def shares(self, regime: Regime) -> Mapping[str, float]:
        """Return the share of each strategy that has one while a regime acts."""
        special = self.by_regime.get(regime)
        return self.weights if special is None else {**self.weights, **special}

    def ranked(self, signals: Iterable[tuple[int, Signal]], cost: Cost = free) -> list[tuple[int, Signal]]:
        """Return the signals of a tick, each with its strategy's number, in the order they are judged."""
        return sorted(signals, key=partial(self._rank, cost))

    def _rank(self, cost: Cost, numbered: tuple[int, Signal]) -> float:
        signal = numbered[1]
        if self.priority is Priority.SCORE:
            return cost(signal) - signal.score
        if self.priority is Priority.EDGE:
            return -signal.edge_cents / max(signal.margin_cents, 1)
        return float(numbered[0])
