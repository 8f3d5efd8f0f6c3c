"""What a process that trades has to do, each duty safe from the failure of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from strikewise.domain.control import AlertRaised, TradingState
from strikewise.domain.instruments import OptionContract
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import DifferenceFound
from strikewise.engine.broker_link import BrokerLink
from strikewise.engine.day_report import DAY_REPORT, report_of, won_on
from strikewise.engine.failures import Failures, Log, Tolerance
from strikewise.engine.lookout import FEED_FAILED, Lookout
from strikewise.engine.loop import Loop
from strikewise.engine.mandate import wishes_to_take
from strikewise.engine.reconciliation import Outcome, Reconciler, Trigger
from strikewise.engine.schedule import Task
from strikewise.engine.supervisor import Supervisor
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.ledger import Ledger
from strikewise.portfolio.picture import Picture, picture_of

__all__ = ["Duties"]

URGENT = timedelta(seconds=5)
"""How soon after a look at what is held another one is made for what somebody wants closed at once."""


def _unseen(_: Picture) -> None:
    """Show nobody."""


class Duties:
    """Everything that is done when it is due.

    Parameters
    ----------
    loop : Loop
        A loop that is watched over.
    reconciler : Reconciler
        Who brings ours to the broker's.
    market : Market
        What is known.
    ledger : Ledger
        For the day's facts.
    lookout : Lookout
        Who watches data, clocks and the broker.
    arrive : callable
        Asks a feed for what is new.
    problems : callable
        Returns why a feed's data are missing, by symbol.
    follow : callable
        Moves a simulated broker to a view; does nothing for a real one.
    say : Log
        Where failures are told.
    underlyings : tuple of str
        What must keep arriving.
    tolerance : Tolerance
        How much fails before the process ends.
    show : callable
        Takes what the account looks like after each look, for people to see.
    """

    def __init__(
        self,
        loop: Loop,
        reconciler: Reconciler,
        market: Market,
        ledger: Ledger,
        *,
        lookout: Lookout,
        arrive: Callable[[], None],
        problems: Callable[[], Mapping[str, str]] = dict,
        follow: Callable[[MarketView], None],
        say: Log,
        underlyings: tuple[str, ...],
        tolerance: Tolerance | None = None,
        show: Callable[[Picture], None] = _unseen,
    ) -> None:
        self.loop, self.reconciler, self.market = loop, reconciler, market
        self._ledger, self._lookout, self._say = ledger, lookout, say
        self._arrive, self._problems, self._follow = arrive, problems, follow
        self._underlyings, self._show = underlyings, show
        self._failures = Failures(loop.writer, lookout, say, tolerance or Tolerance())
        self.link = BrokerLink(loop.courier, lookout)
        self._told: tuple[bool, tuple[DifferenceFound, ...]] = (False, ())
        self._seen: tuple[tuple[datetime | None, ...], int] = ((), 0)
        self._cutoffs: tuple[Mapping[str, Position] | None, list[datetime]] = (None, [])
        self.ticked_at: datetime | None = None
        self.open_differences = 0

    @property
    def asked_to_reconcile(self) -> bool:
        """Whether somebody wants ours compared with the broker's."""
        return bool(self._supervisor.reconcile)

    @property
    def _supervisor(self) -> Supervisor:
        supervisor = self.loop.supervisor
        assert supervisor is not None, "duties are those of a loop that is watched over"
        return supervisor

    @property
    def reported_at(self) -> datetime:
        """When a session was last reported."""
        return self._supervisor.oversight.reported_at

    def standing(self) -> tuple[TradingState, str]:
        """Return what may be sent, and why not everything."""
        control = self._supervisor.oversight.control
        return self._supervisor.state(), control.reason

    def cutoffs(self) -> list[datetime]:
        """Return when contracts that are held trade for the last time."""
        positions, calendar = self.loop.state.positions, self.market.calendar
        if positions is not self._cutoffs[0]:
            held = (one.instrument for position in positions.values() for one in position.holdings)
            found = {calendar.last_trade_at(one) for one in held if isinstance(one, OptionContract)}
            self._cutoffs = positions, sorted(found)
        return self._cutoffs[1]

    def orders_due(self) -> datetime | None:
        """Return when orders at work must next be looked at; None where none must."""
        return None if self.loop.orders is None else self.loop.orders.due()

    # --- what is due ------------------------------------------------------------------------------------

    def connect(self, now: datetime) -> None:
        """Connect to the broker, and move a simulated one to the present."""
        with self._failures.kept_apart("connect", now):
            self._follow(self.market.view(now))
            self._failures.tell(self.link.connect(now), now)

    def poll(self, now: datetime) -> None:
        """Hear the broker and people, and do at once what cannot wait."""
        with self._failures.kept_apart("poll", now):
            in_session, control = self.market.calendar.is_open(now), self._supervisor.oversight.control
            self._failures.tell(self.link.look(now, control, in_session=in_session), now)
            self._supervisor.cut_off = not self.link.health.connected
            self._supervisor.in_doubt |= not self.link.health.tells
            self.loop.courier.listen(now)
            self._supervisor.poll(now)
            self._failures.tell(self._lookout.at_ledger(self._supervisor.trouble), now)
            if self._urgent(now):
                self._look_for_data(now)
                self._tick(now, seeks=False, records=False)
            elif (due := self.orders_due()) is not None and due <= now and self.market.calendar.is_open(now):
                self._follow(view := self.market.view(now))
                self.loop.work(view)

    def do(self, due: Mapping[Task, datetime], now: datetime) -> None:
        """Do what is due, in order."""
        if (ended := due.get(Task.REPORT)) is not None:  # first: a late one is not of what is done now
            with self._failures.kept_apart("report", now):
                self._report(self.market.calendar.day_of(ended), now)
        if Task.LOOK in due:
            with self._failures.kept_apart("look", now):
                self.loop.courier.listen(now)
        # Whoever wakes late, or after the close, must not act on what was.
        if (Task.SCAN in due or Task.MANAGE in due) and self.market.calendar.is_open(now):
            with self._failures.kept_apart("tick", now):
                self._look_for_data(now)
                if self._is_news(self.market.view(now), scans=Task.SCAN in due):
                    self._tick(now, seeks=Task.SCAN in due, records=Task.SCAN in due)

    def reconcile(self, trigger: Trigger, now: datetime) -> Outcome:
        """Bring ours to what the broker has."""
        supervisor, outcome = self._supervisor, Outcome(complete=False, reason="it failed here")
        seen = self.loop.spans("reconcile", trigger=trigger.value)
        with self._failures.kept_apart("reconcile", now), seen:
            outcome = self.reconciler.run(trigger, now, requests=supervisor.reconcile)
            supervisor.reconcile = ()
        told = (outcome.complete, outcome.waiting)
        if told != self._told:
            _say_of(self._say, trigger, outcome)
        self._told, self.open_differences = told, len(outcome.waiting)
        supervisor.in_doubt = not (outcome.agreed and self.link.health.tells)
        return outcome

    def _look_for_data(self, now: datetime) -> None:
        """Ask for what is new; what cannot be had of one symbol is told, and keeps no other from trading."""
        self._arrive()
        self._failures.tell(self._lookout.at_feed(self._problems(), self._underlyings), now)

    def _tick(self, now: datetime, *, seeks: bool, records: bool) -> None:
        view = self.market.view(now)
        self._follow(view)
        self._failures.tell(self._lookout.at_market(view, self._underlyings), now)
        with self.loop.spans("tick", seeks=seeks):
            report = self.loop.tick(view, seeks=seeks, records=records)
        self._failures.tell(self._lookout.over(FEED_FAILED, "Data arrive again."), now)
        self.ticked_at = now
        self._show(picture_of(report.portfolio, view, self.loop.state.seq))
        if report.orders:
            self._say("info", "orders", {"sent": report.orders, "at": now.isoformat()})

    def _is_news(self, view: MarketView, *, scans: bool) -> bool:
        """Return whether there is anything to look at: prices that trade, and between scans new ones."""
        symbols = self._underlyings
        chains = tuple(None if (one := view.fresh_chain(name)) is None else one.as_of for name in symbols)
        if not any(chains) and all(view.fresh_spot(name) is None for name in symbols):
            self._failures.tell(self._lookout.at_market(view, symbols), view.as_of)
            return False
        seen, self._seen = self._seen, (chains, self.loop.state.seq)
        return scans or self._seen != seen

    def _urgent(self, now: datetime) -> bool:
        """Return whether somebody wants something closed that is not on its way out, or opened."""
        allowed, oversight = self.standing()[0], self._supervisor.oversight
        if not self.market.calendar.is_open(now) or allowed is TradingState.HALTED:
            return False
        if self.ticked_at is not None and now - self.ticked_at < URGENT:
            return False
        wishes, held = self._supervisor.wishes(), self.loop.state.positions
        if any(not held[name].closing_order_id for name in wishes):
            return True
        return allowed is TradingState.ACTIVE and bool(wishes_to_take(oversight.control, oversight.offers))

    def _report(self, day: date, now: datetime) -> None:
        """Tell what a day came to: one that is over as it was last valued, and not where it never was."""
        view = self.market.view(now)
        if day == view.day:
            self._follow(view)
            self.loop.look(view)
        oversight = self._supervisor.oversight
        profit = won_on(day, oversight.track, self.loop.state.deposited_cents)
        if profit is None and day != view.day:
            return
        records = self._ledger.records(after=oversight.reported)
        text = report_of(day, records, profit, oversight.control.state).text()
        self._failures.tell([AlertRaised("info", DAY_REPORT, text)], now)
        self._say("info", "day", {"report": text})


def _say_of(say: Log, trigger: Trigger, outcome: Outcome) -> None:
    """Say aloud what a reconciliation came to."""
    for one in outcome.waiting:
        say("warning", "differs", {"what": one.what, "ours": one.ours, "theirs": one.theirs})
    if not outcome.complete:
        say("warning", "not_reconciled", {"trigger": trigger.value, "reason": outcome.reason})
    elif not outcome.waiting:
        say("info", "reconciled", {"trigger": trigger.value, "differences": outcome.differences})
