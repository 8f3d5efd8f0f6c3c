"""Trade around the clock: wait, wake, do what is due, and never do it in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from strikewise.domain.control import ProcessStarted, ProcessStopped
from strikewise.domain.errors import LedgerError
from strikewise.domain.orders import Purpose
from strikewise.engine.duties import Duties
from strikewise.engine.failures import Ended, Log
from strikewise.engine.pulse import Identity, Pulse
from strikewise.engine.reconciliation import Outcome, Trigger
from strikewise.engine.schedule import Cadence, Task, came_due, next_due
from strikewise.engine.tenure import Tenure
from strikewise.execution.heartbeat import Heartbeat
from strikewise.execution.reconcile import SECOND_LOOK
from strikewise.market.clock import PacedClock
from strikewise.portfolio.ledger import Entry

__all__ = ["Daemon", "Pace"]

ENGINE = "engine"

GRACE = timedelta(seconds=60)
"""How late a look at the market may be and still be taken for its instant."""
FIRST_LOOKS = 12
"""Looks at a start after which differences that are left no longer hold up exits."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a process looks around itself; seconds of the computer's clock.

    Attributes
    ----------
    poll : float
        Between two looks for requests and the halt flag.
    beat : float
        Between two heartbeats.
    """

    poll: float = 0.5
    beat: float = 2.0


class Daemon:
    """A process that trades an account.

    Parameters
    ----------
    duties : Duties
        What there is to do.
    identity : Identity
        What this is.
    clock : PacedClock
        The market's clock, by which it waits.
    wall : PacedClock
        The computer's clock: the same one, unless the past is replayed.
    cadence : Cadence
        What is due when.
    tenure : Tenure
        The right to trade, held already.
    beat : callable
        Takes each heartbeat.
    say : Log
        Where it says what it does.
    pace : Pace
        How often it looks around.
    """

    def __init__(
        self,
        duties: Duties,
        identity: Identity,
        *,
        clock: PacedClock,
        wall: PacedClock,
        cadence: Cadence,
        tenure: Tenure,
        beat: Callable[[Heartbeat], None],
        say: Log,
        pace: Pace | None = None,
    ) -> None:
        self._duties, self._identity, self._clock, self._wall = duties, identity, clock, wall
        self._cadence, self._tenure, self._say = cadence, tenure, say
        self._pace = pace or Pace()
        self._pulse = Pulse(duties, identity, tenure, beat, clock=clock, wall=wall, seconds=self._pace.beat)
        self._calendar = duties.market.calendar
        self._stop, self._phase = "", "starting"
        self._polled = float("-inf")
        self._due_at: datetime | None = None
        self._again_at: datetime | None = None

    def stop(self, reason: str) -> None:
        """Ask it to stop as soon as what it does is done; may be called from a signal's handler."""
        self._stop = self._stop or reason

    def pace(self, cadence: Cadence) -> None:
        """Go by another cadence from now on."""
        self._cadence = cadence

    def run(self, *, until: datetime | None = None, once: bool = False) -> Ended:
        """Trade until somebody stops it, and say why it ended.

        Parameters
        ----------
        until : datetime, optional
            The last instant of the market.
        once : bool
            Whether to look once, now, and stop.
        """
        try:
            self._begin(once=once)
            ended = self._trade(until, once=once)
        except Ended as end:
            ended = end
        finally:
            self._phase = "stopping"
        self._finish(ended)
        return ended

    # --- beginning and end ------------------------------------------------------------------------------

    def _begin(self, *, once: bool) -> None:
        """Connect, and bring ours to what the broker has; trading does not start before that is done."""
        duties, who, now = self._duties, self._identity, self._clock.now()
        started = ProcessStarted(self._tenure.holder, who.version, who.broker, who.feed)
        duties.loop.writer.write([Entry(started, now, ENGINE)])
        self._say("info", "started", {"holder": self._tenure.holder, "broker": who.broker, "feed": who.feed})
        self._pulse.beat(self._phase, self._due_at, force=True)
        duties.connect(now)
        for problem in duties.loop.lacks(duties.market.view(now)):
            self._say("warning", "not_ready", {"problem": problem})
        looks = 0
        while True:
            outcome = duties.reconcile(Trigger.START, self._clock.now())
            looks += 1
            if outcome.agreed or outcome.left_to_a_person or (outcome.complete and looks >= FIRST_LOOKS):
                break
            if once and not outcome.complete and looks >= 3:
                raise Ended(f"The broker's side could not be seen: {outcome.reason}", 4)
            self._pause(_patient(outcome, looks))
            if not outcome.complete:
                duties.connect(self._clock.now())
        self._note(outcome)
        self._phase = "running"

    def _finish(self, ended: Ended) -> None:
        """Take back what would open while nobody looks, say why it ended, and let go."""
        duties, now = self._duties, self._clock.now()
        try:
            if ended.writes:
                waiting = duties.loop.state.open_orders.values()
                opening = [one.order.order_id for one in waiting if one.order.purpose is not Purpose.CLOSE]
                duties.loop.courier.take_back(opening, "the process stops", now)
                duties.loop.courier.listen(now)
                stopped = ProcessStopped(self._tenure.holder, ended.reason)
                duties.loop.writer.write([Entry(stopped, now, ENGINE)])
        except LedgerError as error:
            self._say("error", "not_written", {"problem": str(error)})
        level = "error" if ended.code else "info"
        self._say(level, "stopped", {"reason": ended.reason, "code": ended.code})
        if ended.writes:
            self._pulse.show(self._phase, self._due_at)
        duties.loop.courier.broker.close()
        self._tenure.release()

    # --- the days between -------------------------------------------------------------------------------

    def _trade(self, until: datetime | None, *, once: bool) -> Ended:
        last = self._clock.now()
        # What is held may have waited for somebody to look; what to open waits for its time.
        first = (Task.SCAN if once else Task.MANAGE) if self._calendar.is_open(last) else Task.LOOK
        missed = came_due(self._calendar, self._cadence, self._duties.reported_at, last)
        self._duties.do({first: last} | {one: at for one, at in missed.items() if one is Task.REPORT}, last)
        while not self._stop and not once:
            self._due_at = self._next(last)
            now = self._clock.now()
            if until is not None and now >= until:
                return Ended(f"It is {until:%Y-%m-%d %H:%M} UTC, when it was to end.", 0)
            self._clock.wait(min(one for one in (self._due_at, until) if one is not None), self._pace.poll)
            now = self._clock.now()
            self._pulse.beat(self._phase, self._due_at)
            due = dict(came_due(self._calendar, self._cadence, last, now, self._duties.cutoffs()))
            if self._is_time_to_poll(now):
                self._duties.poll(now)
            last = now
            fresh = {
                task: at
                for task, at in due.items()
                if now - at <= GRACE or task in (Task.RECONCILE, Task.REPORT)
            }
            self._reconcile(fresh.pop(Task.RECONCILE, None), now)
            self._duties.do(fresh, now)
        return Ended(self._stop or "It was to look once.", 0)

    def _is_time_to_poll(self, now: datetime) -> bool:
        """Return whether to look for requests: often by the computer's clock, however fast the market's."""
        orders, passed = self._duties.orders_due(), self._wall.monotonic() - self._polled
        if passed < self._pace.poll / 2 and (orders is None or orders > now):
            return False
        self._polled = self._wall.monotonic()
        return True

    def _reconcile(self, due: datetime | None, now: datetime) -> None:
        """Compare both sides where it is time to, somebody wants it, or something is in doubt."""
        duties = self._duties
        trigger = None if due is None else self._trigger(due)
        if self._again_at is not None and now >= self._again_at:
            trigger = trigger or Trigger.SECOND_LOOK
        if duties.loop.courier.doubtful and self._again_at is None:
            trigger = trigger or Trigger.DOUBT
        if duties.asked_to_reconcile:
            trigger = Trigger.REQUEST
        if trigger is not None:
            self._note(duties.reconcile(trigger, now))

    def _trigger(self, due: datetime) -> Trigger:
        day = self._calendar.day_of(due)
        if not self._calendar.is_session(day):
            return Trigger.CUTOFF
        if due < self._calendar.session_open(day):
            first = self._calendar.session_open(day) - timedelta(seconds=self._cadence.before_open)
            return Trigger.BEFORE_OPEN if due == first else Trigger.CADENCE
        last = self._calendar.session_close(day) + timedelta(seconds=self._cadence.after_close)
        return Trigger.AFTER_CLOSE if due == last else Trigger.CADENCE

    def _note(self, outcome: Outcome) -> None:
        again = outcome.again_in
        self._again_at = None if again is None else self._clock.now() + again

    def _next(self, last: datetime) -> datetime:
        due = next_due(self._calendar, self._cadence, last, self._duties.cutoffs())
        # What was due before had its chance: an order that cannot move yet must not keep us from waiting.
        others = (self._again_at, self._duties.orders_due())
        return min([due, *(one for one in others if one is not None and one > last)])

    def _pause(self, span: timedelta) -> None:
        """Wait, and go on beating and listening for a stop."""
        until = self._clock.now() + span
        while self._clock.now() < until:
            self._clock.wait(until, self._pace.poll)
            self._pulse.beat(self._phase, self._due_at)
            if self._stop:
                raise Ended(self._stop, 0)


def _patient(outcome: Outcome, looks: int) -> timedelta:
    """Return how long to wait before another look at a start: longer and longer while nothing can be seen."""
    again = min(outcome.again_in or timedelta(seconds=5), SECOND_LOOK)  # exits wait meanwhile
    return again if outcome.complete else min(again * 2 ** min(looks - 1, 4), timedelta(seconds=60))
