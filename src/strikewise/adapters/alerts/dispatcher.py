"""From facts to people: read a ledger on, put alerts into the outbox, and send what is due.

Reading never waits for sending: each channel has a thread and a queue on disk of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Condition, Event, Thread
from typing import assert_never

from strikewise.adapters.alerts.alert import Alert, Level
from strikewise.adapters.alerts.channels import Channel, Failed, Later, Outcome, Sent
from strikewise.adapters.alerts.outbox import Outbox
from strikewise.adapters.alerts.policy import Message, Policy
from strikewise.adapters.alerts.reading import Reader
from strikewise.adapters.alerts.watcher import Watcher
from strikewise.domain.errors import LedgerError, StoreError
from strikewise.market.clock import Clock
from strikewise.portfolio.ledger import Ledger

__all__ = ["Dispatcher", "Route"]

LOOK_SECONDS = 0.03
"""How often the ledger is asked for its end: a fact waits half of that on average."""
TRIES = 3
"""Failures in a row after which what waits is told through another channel."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds until a failing channel is tried again: doubled each time."""
AT_MOST = 3600.0
"""Seconds that a service may ask to wait; what asks for longer has a clock that is wrong."""

Say = Callable[[str, str, Mapping[str, object]], None]


@dataclass(slots=True)
class Route:
    """A channel with what goes through it, and how it fares.

    Attributes
    ----------
    channel : Channel
        The way.
    least : Level
        From which level on it is told.
    policy : Policy
        When, and how much.
    failures : int
        Failures in a row.
    closed_until : datetime or None
        Before when it is not tried.
    refusals : int
        Messages in a row that it refused: one may be the message's own fault, two are the channel's.
    trouble : str
        Why what waits is told through another channel; empty while there is no need.
    """

    channel: Channel
    least: Level = Level.INFO
    policy: Policy = field(default_factory=Policy)
    failures: int = 0
    closed_until: datetime | None = None
    refusals: int = 0
    trouble: str = ""

    @property
    def name(self) -> str:
        """The channel's."""
        return self.channel.name


class Dispatcher:
    """Reads an account's ledger on and tells people.

    Parameters
    ----------
    ledger : Ledger
        The account's; read only.
    watcher : Watcher
        Says what is told.
    outbox : Outbox
        Where alerts wait.
    routes : sequence of Route
        Channels; one that fails passes what waits on to the next in this order.
    clock : Clock
        The time.
    say : callable
        Told what happens: level, event, and pairs.
    first_wait : float
        Seconds until a failing channel is tried again; each further failure doubles them, up to five minutes.
    """

    def __init__(
        self,
        ledger: Ledger,
        watcher: Watcher,
        outbox: Outbox,
        routes: Sequence[Route],
        clock: Clock,
        say: Say,
        *,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self._outbox, self._clock, self._say = outbox, clock, say
        self.routes, self._first_wait = tuple(routes), first_wait
        self._levels = {route.name: route.least for route in self.routes}
        self._reader = Reader(ledger, watcher, outbox, self._levels, clock)
        self._new = Condition()
        self._taken = 0

    def look(self) -> int:
        """Read the ledger on; return how many alerts are new, as `Reader.look` does."""
        taken = self._reader.look()
        if taken:
            self._wake()
        return taken

    def tell(self, alert: Alert) -> None:
        """Put an alert that no fact made into the outbox."""
        self._outbox.take([alert], None, self._levels, self._clock.now())
        self._wake()

    def deliver(self, route: Route) -> datetime | None:
        """Send what is due through a channel; return when to look at it again, None if nothing waits.

        Raises
        ------
        StoreError
            If the outbox does not answer.
        """
        now, box = self._clock.now(), self._outbox
        plan = route.policy.plan(
            box.waiting(route.name), box.sent_at(route.name, now), now, box.muted_until(route.name)
        )
        if route.closed_until is not None and now >= route.closed_until:
            route.closed_until = None
        for message in plan.messages:
            if route.closed_until is None:
                self._send(route, message)
        if route.closed_until is None:
            return plan.again_at
        if route.trouble:
            self._pass_on(route, plan.messages)
        return route.closed_until

    def _send(self, route: Route, message: Message) -> None:
        """Send a message, and close the channel for a while where it is no use to go on."""
        numbers = [one.delivery for one in message.waiting]
        outcome: Outcome
        try:
            outcome = route.channel.send(message)
        except Exception as error:  # a service's library may fail as it likes: what waits must still be told
            outcome = Failed(f"its library failed ({type(error).__name__})")
        now = self._clock.now()
        match outcome:
            case Sent(missed):
                route.failures, route.refusals, route.closed_until, route.trouble = 0, 0, None, ""
                self._outbox.told(route.name, numbers, now)
                if missed:
                    self._say("warning", "alert_missed", {"channel": route.name, "who": missed})
            case Later(seconds, reason):
                route.closed_until = now + timedelta(seconds=min(max(seconds, 0.1), AT_MOST))
                self._outbox.failed(numbers, reason, route.closed_until, counts=False)
                self._say("info", "channel_asks_to_wait", {"channel": route.name, "seconds": seconds})
                if seconds > LONGEST_WAIT:
                    route.trouble = reason
            case Failed(reason, final):
                self._failed(route, message, reason, final=final)
            case _:
                assert_never(outcome)

    def _failed(self, route: Route, message: Message, reason: str, *, final: bool) -> None:
        now, numbers = self._clock.now(), [one.delivery for one in message.waiting]
        route.failures, route.refusals = route.failures + 1, route.refusals + 1 if final else 0
        wait = min(self._first_wait * 2.0 ** min(route.failures - 1, 20), LONGEST_WAIT)
        until = now + timedelta(seconds=LONGEST_WAIT if final else wait)
        self._outbox.failed(numbers, reason, until)
        self._say("warning", "channel_failed", {"channel": route.name, "reason": reason})
        if final or route.failures >= TRIES:
            route.trouble = reason
        if route.refusals == 1:  # it may be this message alone: what is behind it does not wait
            self._pass_on(route, [message])
        else:
            route.closed_until = until

    def _pass_on(self, route: Route, messages: Sequence[Message]) -> None:
        """Let all that would be told now through a channel that fails be told through the next one."""
        others = [one.name for one in self.routes if one is not route]
        numbers = [one.delivery for message in messages for one in message.waiting]
        note = f"(Not told through {route.name}: {route.trouble})"
        if passed := self._outbox.pass_on(numbers, others, note, self._clock.now()):
            self._say("warning", "alerts_passed_on", {"channel": route.name, "alerts": passed})
            self._wake()

    def run(self, stop: Event) -> None:
        """Read and tell until somebody stops it; what goes wrong on the way is said, and tried again."""
        workers = [Thread(target=self._work, args=(route, stop), name=route.name) for route in self.routes]
        for worker in workers:
            worker.start()
        try:
            trouble = 0
            while not stop.wait(LOOK_SECONDS if not trouble else min(FIRST_WAIT * trouble, 30.0)):
                try:
                    self.look()
                    trouble = 0
                except (LedgerError, StoreError) as error:
                    trouble += 1
                    self._say("error", "alerts_cannot_read", {"problem": str(error)})
        finally:
            stop.set()
            self._wake()
            for worker in workers:
                worker.join()

    def flush(self) -> None:
        """Read the ledger on and send what is due now, once; what must wait stays in the outbox."""
        self.look()
        for _ in self.routes:  # what one passes on, the next may still tell
            for route in self.routes:
                self.deliver(route)

    def _work(self, route: Route, stop: Event) -> None:
        seen = -1
        while not stop.is_set():
            try:
                again = self.deliver(route)
            except StoreError as error:
                again = self._clock.now() + timedelta(seconds=FIRST_WAIT)
                self._say("error", "alerts_cannot_be_kept", {"problem": str(error)})
            left = 5.0 if again is None else (again - self._clock.now()).total_seconds()
            with self._new:
                if self._taken == seen and not stop.is_set():
                    self._new.wait(min(max(left, 0.02), 5.0))
                seen = self._taken

    def _wake(self) -> None:
        with self._new:
            self._taken += 1
            self._new.notify_all()
