"""Which faults happen when: a seeded plan that a broker's edge carries out, the same every time.

Kinds are named after the numbers of the list of faults that the program survives.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from strikewise.domain.errors import SettingsError

__all__ = ["Fault", "FaultKind", "FaultPlan", "FaultTimer"]


class FaultKind(StrEnum):
    """What goes wrong. Each has an opportunity of its own: a submission, a read, a look at the stream."""

    TIMEOUT_AFTER_ACCEPTANCE = "1-timeout-after-acceptance"
    LOST_BEFORE_ACCEPTANCE = "2-lost-before-acceptance"
    DUPLICATE_ID = "5-duplicate-id"
    REJECTED = "6-rejected"
    REJECTED_AS_CANCELLED = "7-rejected-as-cancelled"
    RATE_LIMITED = "8-rate-limited"
    SERVER_ERROR = "9-server-error"
    BROKEN_BODY = "9-broken-body"
    PARTIAL_THEN_CANCELLED = "11-partial-then-cancelled"
    FILL_BEATS_CANCEL = "12-fill-beats-cancel"
    DUPLICATE_FILL = "13-duplicate-fill"
    FILL_BEFORE_ANSWER = "14-fill-before-answer"
    FILL_AFTER_END = "15-fill-after-end"
    OVERFILL = "16-overfill"
    LATE_FEE = "18-late-fee"
    ABSURD_FEE = "18-absurd-fee"
    BUST = "19-bust"
    CORRECTION = "19-correction"
    PARTIAL_LEGS = "20-partial-legs"
    EARLY_ASSIGNMENT = "22-early-assignment"
    ASSIGNMENT_BEFORE_SHARES = "23-assignment-before-shares"
    UNKNOWN_POSITION = "28-unknown-position"
    VANISHED_POSITION = "29-vanished-position"
    QUANTITY_CHANGED = "30-quantity-changed"
    SIGN_CHANGED = "31-sign-changed"
    UNKNOWN_READ = "32-unknown-read"
    INCOMPLETE_READ = "32-incomplete-read"
    PERSON_CLOSES = "33-person-closes"
    PERSON_CANCELS = "33-person-cancels"
    PERSON_EDITS = "33-person-edits"
    QUANTITY_HELD = "35-quantity-held"
    ORDER_NOT_FOUND = "36-order-not-found"
    DEPOSIT = "38-deposit"
    SILENT_DEPOSIT = "38-silent-deposit"
    SILENT_STREAM = "41-silent-stream"
    LOST_EVENTS = "42-lost-events"
    CLOCK_SKEW = "43-clock-skew"
    RESTART = "44-restart"
    DISCONNECTED = "45-disconnected"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, and when it happens.

    Attributes
    ----------
    kind : FaultKind
        What.
    nth : int
        At which of its opportunities, counted from 1; 0 where chance decides.
    probability : float
        At each opportunity, where chance decides.
    times : int
        How often at most.
    lasts : int
        For so many further calls of the same sort it stays: silence, cuts, stale and unknown reads.
    """

    kind: FaultKind
    nth: int = 0
    probability: float = 0.0
    times: int = 1
    lasts: int = 1

    def __post_init__(self) -> None:
        if self.nth < 0 or self.times < 1 or self.lasts < 1 or not 0.0 <= self.probability <= 1.0:
            raise SettingsError(
                f"A fault needs nth >= 0, a probability in [0, 1], times and lasts >= 1; was {self}."
            )
        if (self.nth == 0) == (self.probability == 0.0):
            raise SettingsError(f"A fault happens at its nth opportunity or by a probability; was {self}.")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults and the seed that their chances come from; the same plan does the same to the same calls.

    Attributes
    ----------
    seed : int
        Not negative.
    faults : tuple of Fault
        What is to go wrong.
    """

    seed: int = 0
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise SettingsError(f"The seed of a fault plan must not be negative; was {self.seed}.")

    @classmethod
    def drawn(
        cls, seed: int, kinds: Iterable[FaultKind] = tuple(FaultKind), *, size: int = 6, within: int = 20
    ) -> FaultPlan:
        """Draw a plan: some faults of some kinds, each at one of its first opportunities.

        Parameters
        ----------
        seed : int
            The same one draws the same plan.
        kinds : iterable of FaultKind
            What to draw from.
        size : int
            How many faults.
        within : int
            The last opportunity that one may be set to.
        """
        chance, known = np.random.default_rng([seed, 0]), sorted(set(kinds))
        faults = [
            Fault(
                known[int(chance.integers(len(known)))],
                nth=int(chance.integers(1, within + 1)),
                lasts=int(chance.integers(1, 3)),
            )
            for _ in range(size)
        ]
        return cls(seed, tuple(faults))

    @classmethod
    def from_json(cls, text: str) -> FaultPlan:
        """Read a plan.

        Raises
        ------
        SettingsError
            If the text is no plan: what is wrong with it.
        """
        try:
            read = json.loads(text)
        except ValueError as error:
            raise SettingsError(f"A fault plan must be JSON; {error}.") from error
        _only(read, {"seed", "faults"}, "A fault plan")
        faults = read.get("faults", [])
        if not isinstance(faults, list):
            raise SettingsError(f"The faults of a plan must be a list; was {faults!r}.")
        return cls(_whole(read, "seed", 0), tuple(_fault(one) for one in faults))

    def to_json(self) -> str:
        """Write the plan so that `from_json` reads it."""
        faults = [
            {
                "kind": one.kind.value,
                **({"nth": one.nth} if one.nth else {"probability": one.probability}),
                "times": one.times,
                "lasts": one.lasts,
            }
            for one in self.faults
        ]
        return json.dumps({"seed": self.seed, "faults": faults}, indent=2)


class FaultTimer:
    """Say at each opportunity whether a fault of a plan is due; counts opportunities by kind.

    Parameters
    ----------
    plan : FaultPlan
        The plan.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._seen: Counter[FaultKind] = Counter()
        self._fired: Counter[int] = Counter()
        self._chances = {
            kind: np.random.default_rng([plan.seed, 1 + number]) for number, kind in enumerate(FaultKind)
        }
        self.happened: list[tuple[FaultKind, int]] = []
        """Kinds that were due, each with the number of its opportunity: what a report shows."""

    def pending(self, kind: FaultKind) -> bool:
        """Return whether a kind may still happen: else its opportunities need not be looked for."""
        return any(
            fault.kind is kind and self._fired[number] < fault.times
            for number, fault in enumerate(self._plan.faults)
        )

    def due(self, kind: FaultKind) -> Fault | None:
        """Count an opportunity of a kind; return the fault that happens at it, if one does."""
        self._seen[kind] += 1
        for number, fault in enumerate(self._plan.faults):
            if fault.kind is not kind:
                continue
            by_chance = fault.nth == 0 and float(self._chances[kind].random()) < fault.probability
            if self._fired[number] < fault.times and (by_chance or self._reached(fault)):
                self._fired[number] += 1
                self.happened.append((kind, self._seen[kind]))
                return fault
        return None

    def chance(self, kind: FaultKind) -> np.random.Generator:
        """Return the generator from which a fault of a kind draws what it needs beside its time."""
        return self._chances[kind]

    def _reached(self, fault: Fault) -> bool:
        # One that happens several times does so at the opportunities after its own.
        return 0 < fault.nth <= self._seen[fault.kind]


def _fault(read: Any) -> Fault:
    _only(read, {"kind", "nth", "probability", "times", "lasts"}, "A fault")
    try:
        kind = FaultKind(read.get("kind"))
    except ValueError as error:
        raise SettingsError(
            f"{read.get('kind')!r} is no kind of fault; there are {', '.join(FaultKind)}."
        ) from error
    probability = read.get("probability", 0.0)
    if isinstance(probability, bool) or not isinstance(probability, int | float):
        raise SettingsError(f"The probability of a fault must be a number; was {probability!r}.")
    return Fault(
        kind,
        nth=_whole(read, "nth", 0),
        probability=float(probability),
        times=_whole(read, "times", 1),
        lasts=_whole(read, "lasts", 1),
    )


def _only(read: Any, names: set[str], what: str) -> None:
    if not isinstance(read, Mapping):
        raise SettingsError(f"{what} must be an object; was {read!r}.")
    if unknown := sorted(set(read) - names):
        raise SettingsError(f"{what} has {', '.join(sorted(names))}; found {', '.join(unknown)} too.")


def _whole(read: Mapping[str, Any], name: str, default: int) -> int:
    value = read.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingsError(f"The {name} of a fault plan must be a whole number; was {value!r}.")
    return value
