"""What must hold after whatever went wrong: ours is the broker's, nothing twice, nothing lost."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TypeVar

from engine.watched import ANNA, at
from execution.tapes import CALENDAR
from faults.mortal import Edge, Fate, FragileLedger
from faults.time_and_rights import Hours
from faults.wishes import known
from strikewise.adapters.brokers.fault_plan import FaultKind
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.control import ReleaseRequested, ResumeRequested
from strikewise.domain.events import Event
from strikewise.domain.instruments import Instrument
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import EXTERNAL, ReconciliationFinished
from strikewise.engine.daemon import Daemon
from strikewise.engine.duties import Duties
from strikewise.engine.loop import Loop
from strikewise.engine.reconciliation import Outcome, Trigger
from strikewise.execution.differing_holdings import LEFT_TO_A_PERSON
from strikewise.portfolio.ledger import Entry, MemoryLedger

__all__ = ["Lawful"]

T = TypeVar("T")

ENOUGH = 14
"""Looks within which both sides must agree once nothing goes wrong any more."""


class Lawful:
    """An account, its broker, and the law over both."""

    clock: Hours
    ledger: FragileLedger
    edge: Edge
    truth: PaperBroker
    fate: Fate
    loop: Loop
    duties: Duties

    def start(self) -> Daemon:
        """Put a daemon together from what is in the ledger."""
        raise NotImplementedError

    def ask(self, request: Event) -> int:
        """Append a request of a person."""
        MemoryLedger.append(
            self.ledger, [Entry(request, self.clock.now(), ANNA)], recorded_at=self.clock.now()
        )
        return self.ledger.head.seq

    def told(self, kind: type[T]) -> list[T]:
        """Return all facts of a kind."""
        return [one.event for one in self.ledger.records() if isinstance(one.event, kind)]

    def happened(self) -> set[FaultKind]:
        return {kind for kind, _ in self.edge.happened}

    def settled(self) -> Outcome:
        """Let nothing go wrong any more, and compare as often as that is asked for; a person looks once."""
        self.edge.calm_down()
        self.fate.deaths = set()
        self.start()
        now = self.clock.now()
        self.duties.connect(now)
        looked = False
        for _ in range(ENOUGH):
            self.clock.go_to(now)
            self.duties.poll(now)
            outcome = self.duties.reconcile(Trigger.START, now)
            control = self.loop.supervisor.oversight.control  # type: ignore[union-attr]
            if outcome.agreed:
                return outcome
            if control.frozen and not looked and outcome.again_in is not None and _left_to_a_person(outcome):
                looked = True
                for symbol in control.frozen:
                    self.ask(ReleaseRequested(symbol, "seen"))
                self.ask(ResumeRequested("seen"))
            now = self._later(outcome, now)
        raise AssertionError(f"after {ENOUGH} looks ours and theirs still differ: {outcome}")

    def _later(self, outcome: Outcome, now: datetime) -> datetime:
        """Return when to look again; shares on their way may take until the next session has closed."""
        if any(one.reason.startswith("shares of an assignment") for one in outcome.waiting):
            return CALENDAR.session_close(CALENDAR.next_session(CALENDAR.day_of(now)))
        return now + (outcome.again_in or timedelta(seconds=10))

    def check(self) -> None:
        """Assert what must hold after whatever went wrong."""
        self.settled()
        state, truth = self.loop.state, self.truth
        assert self.held() == {one.instrument: one.quantity for one in known(truth.positions())}
        assert state.cash_cents == known(truth.account()).cash_cents
        ours = {name: one.remaining for name, one in state.open_orders.items()}
        theirs = {
            one.order_id: one.quantity - one.filled
            for one in known(truth.open_orders())
            if one.order_id.startswith("sw-")
        }
        assert ours == theirs, "the same orders work on both sides"
        self.nothing_lost()
        self.nothing_twice()
        self.nothing_more_to_do()

    def held(self) -> dict[Instrument, int]:
        """Return what our positions hold, netted."""
        net: Counter[Instrument] = Counter()
        for position in self.loop.state.positions.values():
            for one in position.holdings:
                net[one.instrument] += one.quantity
        return {instrument: quantity for instrument, quantity in net.items() if quantity}

    def nothing_lost(self) -> None:
        """Assert that each order the broker had is written down, with all that was filled of it."""
        for report in known(self.truth.orders_since(at(0) - timedelta(days=1))):
            if report.order_id.startswith("sw-"):
                mine = self.loop.state.order(report.order_id)
                assert mine is not None
                # More is booked here where nobody told that a fill was taken back: holdings are set right.
                assert mine.filled >= report.filled, report

    def nothing_twice(self) -> None:
        """Assert that no order was sent twice, and that no fill was booked twice."""
        sent = Counter(one.order_id for one in self.edge.heard)
        assert all(count == 1 for count in sent.values()), f"sent again: {sent.most_common(3)}"
        state = self.loop.state
        for each in (*state.open_orders.values(), *state.ended_orders.values()):
            assert len(each.executions) == len(set(each.executions)), f"booked twice: {each.executions}"

    def nothing_more_to_do(self) -> None:
        """Assert that another comparison writes nothing but that it was made."""
        before = self.ledger.head.seq
        outcome = self.duties.reconcile(Trigger.START, self.clock.now() + timedelta(seconds=30))
        assert outcome.agreed
        assert outcome.differences == 0
        written = [one.event for one in self.ledger.records(after=before)]
        assert [type(one) for one in written] == [ReconciliationFinished]

    def ours_alone(self) -> list[Position]:
        """Return the positions that are not others'."""
        return [one for one in self.loop.state.positions.values() if one.strategy != EXTERNAL]


def _left_to_a_person(outcome: Outcome) -> bool:
    return any(one.action == LEFT_TO_A_PERSON for one in outcome.waiting)
