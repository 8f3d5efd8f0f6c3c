"""When what waits is told: quiet hours, a mute, and no more messages a minute than people bear.

Nothing here is ever dropped. What must wait is told later, and what is too much at once is told
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from strikewise.adapters.alerts.alert import Alert, Level

__all__ = ["Message", "Plan", "Policy", "Quiet", "Waiting"]

MINUTE = timedelta(minutes=1)
LONGEST = 3_500
"""Characters of a message; Telegram takes 4,096."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of every day in which only what is critical is told.

    Attributes
    ----------
    start, end : time
        Its first and the first after it, by the clock of a place; over midnight where it ends earlier.
    zone : ZoneInfo
        That place.
    """

    start: time
    end: time
    zone: ZoneInfo

    def ends(self, now: datetime) -> datetime | None:
        """Return when the present quiet hours end; None outside of them."""
        here = now.astimezone(self.zone)
        clock, overnight = here.time(), self.end <= self.start
        within = (clock >= self.start or clock < self.end) if overnight else self.start <= clock < self.end
        if self.start == self.end or not within:
            return None
        day = here.date() + timedelta(days=1) if overnight and clock >= self.start else here.date()
        # Where the clock is set forward over it, the end is the instant that takes its place.
        ends = datetime.combine(day, self.end, self.zone).astimezone(UTC)
        return max(ends, now + timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert on its way through a channel.

    Attributes
    ----------
    delivery : int
        Its number.
    alert : Alert
        What is to be told.
    due_at : datetime
        Not before.
    attempts : int
        How often that failed.
    note : str
        What is to be said beside it: through which channel it could not be told.
    repeats : int
        How often the same happened again meanwhile.
    """

    delivery: int
    alert: Alert
    due_at: datetime
    attempts: int = 0
    note: str = ""
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """What goes through a channel at once: one alert, or several together."""

    waiting: tuple[Waiting, ...]

    @property
    def level(self) -> Level:
        """That of the most important of them."""
        return max((one.alert.level for one in self.waiting), key=lambda level: level.rank)

    @property
    def title(self) -> str:
        """Its first line."""
        if len(self.waiting) == 1:
            return _titled(self.waiting[0])
        return f"{len(self.waiting)} alerts together"

    @property
    def body(self) -> str:
        """What it says below that."""
        if len(self.waiting) == 1:
            one = self.waiting[0]
            return "\n".join(part for part in (one.note, one.alert.text) if part)
        return "\n".join(_line(one) for one in self.waiting)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(part for part in (self.title, self.body) if part)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send now, and when to look again where something must wait."""

    messages: tuple[Message, ...]
    again_at: datetime | None


@dataclass(frozen=True, slots=True)
class Policy:
    """How much a channel may say, and when.

    Attributes
    ----------
    rate : int
        Most messages within any minute, at least 1; one of them is kept for what is critical.
    quiet : Quiet or None
        Hours that only what is critical breaks.
    """

    rate: int = 20
    quiet: Quiet | None = None

    def plan(
        self,
        waiting: Sequence[Waiting],
        sent_at: Sequence[datetime],
        now: datetime,
        muted_until: datetime | None = None,
    ) -> Plan:
        """Return what is told now.

        Parameters
        ----------
        waiting : sequence of Waiting
            What is on its way.
        sent_at : sequence of datetime
            When messages went through the channel within the last minute.
        now : datetime
            The present instant.
        muted_until : datetime, optional
            Until when only what is critical is told.
        """
        quiet = None if self.quiet is None else self.quiet.ends(now)
        held = max([one for one in (quiet, muted_until) if one is not None], default=None)
        ready: list[Waiting] = []
        later: list[datetime] = []
        for one in waiting:
            until = one.due_at
            if one.alert.level is not Level.CRITICAL and held is not None:
                until = max(until, held)
            if until <= now:
                ready.append(one)
            else:
                later.append(until)
        recent = sorted(at for at in sent_at if at > now - MINUTE)
        # The last message of a minute is kept for what is critical: nothing else may make that wait.
        critical = any(one.alert.level is Level.CRITICAL for one in ready)
        rate = self.rate if critical or self.rate == 1 else self.rate - 1
        free = max(0, rate - len(recent))
        ready.sort(key=lambda one: (-one.alert.level.rank, one.alert.seq, one.delivery))
        messages, left = _packed(ready, free)
        if left:
            freed = [*recent, *[now] * len(messages)]
            later.append(freed[max(0, len(freed) - rate)] + MINUTE)
        return Plan(tuple(messages), min(later, default=None))


def _packed(ready: Sequence[Waiting], free: int) -> tuple[list[Message], list[Waiting]]:
    """Return at most so many messages, the last of which takes several where there are more; and the rest."""
    if len(ready) <= free:
        return [Message((one,)) for one in ready], []
    if not free:
        return [], list(ready)
    messages = [Message((one,)) for one in ready[: free - 1]]
    rest = list(ready[free - 1 :])
    together, room = [rest.pop(0)], LONGEST
    room -= len(_line(together[0]))
    while rest and room > len(_line(rest[0])):
        room -= len(_line(rest[0])) + 1
        together.append(rest.pop(0))
    return [*messages, Message(tuple(together))], rest


def _titled(one: Waiting) -> str:
    again = f" (×{one.repeats + 1})" if one.repeats else ""
    return f"{_SIGNS[one.alert.level]}{one.alert.title}{again}"


def _line(one: Waiting) -> str:
    """Return an alert among others: what is critical whole, of the rest the title."""
    if one.alert.level is Level.CRITICAL and one.alert.text:
        return f"{_titled(one)}\n{one.alert.text}"
    return _titled(one)


_SIGNS = {Level.INFO: "", Level.WARNING: "⚠ ", Level.CRITICAL: "‼ "}
