"""The one loop: listen, decide, write down, act, write down the answer.

History, a rehearsal and a real account run these same lines; only the clock, the source, the broker and
the ledger they are given differ, and whether anybody watches over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strikewise.domain.errors import SettingsError
from strikewise.domain.events import AccountOpened, MarkEstimated, RunStarted
from strikewise.domain.orders import BrokerEvent, Purpose, SettlementReport
from strikewise.domain.portfolio import Portfolio
from strikewise.domain.quotes import Grade
from strikewise.engine.courier import Courier
from strikewise.engine.decide import ENGINE, decide
from strikewise.engine.invariants import check_account
from strikewise.engine.mandate import FREE
from strikewise.engine.order_work import OrderWork
from strikewise.engine.recovery import History, last_quotes
from strikewise.engine.spec import RunSpec
from strikewise.engine.supervisor import Supervisor, Watch
from strikewise.engine.told import valued
from strikewise.engine.writer import Writer
from strikewise.execution.broker import Broker
from strikewise.execution.spans import Spans, unseen
from strikewise.market.clock import Clock
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.ledger import Entry, Ledger
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.valuation import Valuation, remembering, value_account

__all__ = ["Loop", "TickReport"]


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did.

    Attributes
    ----------
    portfolio : Portfolio
        The account at its end.
    orders : int
        Orders submitted.
    grades : frozenset of Grade
        Of the chains that could be traded on.
    delivered : frozenset of str
        Positions to which an assignment or exercise delivered shares.
    """

    portfolio: Portfolio
    orders: int
    grades: frozenset[Grade]
    delivered: frozenset[str] = frozenset()


class Loop:
    """The loop over one account; the only writer of decisions.

    Parameters
    ----------
    spec : RunSpec
        What to do.
    market : Market
        What is known, and when.
    broker : Broker
        Who fills orders.
    ledger : Ledger
        Where facts are written; its facts are folded first, so that a loop resumes where one ended.
    clock : Clock
        Says which instant a tick is.
    data : mapping of str to str
        Digest of the data by underlying, for the first fact; empty where data arrive as time goes on.
    grade : Grade or None
        The worst grade of the data, where it is known beforehand.
    watch : Watch, optional
        Who may stop it and ask things of it; None where nobody can, as in a run over the past.
    spans : Spans
        Who stands around its work.

    Raises
    ------
    SettingsError
        If the ledger is that of another account.
    """

    def __init__(
        self,
        spec: RunSpec,
        *,
        market: Market,
        broker: Broker,
        ledger: Ledger,
        clock: Clock,
        data: dict[str, str] | None = None,
        grade: Grade | None = None,
        watch: Watch | None = None,
        spans: Spans = unseen,
    ) -> None:
        self._spec, self._market, self._clock, self.spans = spec, market, clock, spans
        past = History.read(ledger.records(), watched=watch is not None)
        if past.state.account not in ("", spec.account):
            raise SettingsError(
                f"The ledger is that of account {past.state.account!r} and cannot be that of "
                f"{spec.account!r}: give each account a ledger of its own."
            )
        later = None if watch is None else watch.fees_later
        self.writer = Writer(ledger, clock, past.state, past.oversight, later)
        self.courier = Courier(broker, self.writer, None if watch is None else watch.flag, spans)
        self.supervisor = None if watch is None else Supervisor(spec, self.writer, self.courier, watch)
        prices = None if watch is None else watch.prices
        self.orders = None if prices is None else OrderWork(prices, self.writer, self.courier)
        held = past.state.positions.values()
        self._memory = remembering(tuple(held), last_quotes(held, past.ticks, market))
        now = clock.now()
        if not past.state.account:
            self.writer.write([Entry(AccountOpened(spec.account, spec.capital_cents), now, ENGINE)])
        self.writer.write([Entry(RunStarted(spec.document, data or {}, grade), now, ENGINE)])

    @property
    def state(self) -> AccountState:
        """The fold of all facts so far."""
        return self.writer.state

    def use(self, spec: RunSpec) -> None:
        """Go by another specification of the same account from now on; writing that down is the caller's.

        Raises
        ------
        SettingsError
            If it is one of another account.
        """
        if spec.account != self._spec.account:
            raise SettingsError(
                f"A loop keeps its account: it is {self._spec.account!r}, and {spec.account!r} was asked for."
            )
        self._spec = spec

    def lacks(self, view: MarketView) -> tuple[str, ...]:
        """Return why what may be traded will be refused for what is not known, in a sentence each."""
        supervisor = self.supervisor
        return () if supervisor is None else supervisor.lacks(view, self._spec.underlyings)

    def tick(self, view: MarketView | None = None, *, seeks: bool = True, records: bool = True) -> TickReport:
        """Run once at the clock's instant.

        Parameters
        ----------
        view : MarketView, optional
            The market at that instant, where somebody has looked at it already.
        seeks : bool
            Whether to look for something to open; what is held is managed in any case.
        records : bool
            Whether the account's value is written down though nothing happened.

        Raises
        ------
        InvariantError
            If money does not add up.
        LedgerConflictError
            If somebody else wrote decisions to the ledger.
        """
        view = self._market.view(self._clock.now()) if view is None else view
        at, writer, courier, supervisor = view.as_of, self.writer, self.courier, self.supervisor
        if supervisor is not None:
            supervisor.poll(at)
        before = writer.state.seq
        delivered = _delivered(courier.listen(at))
        if self.orders is not None and supervisor is not None and not supervisor.cut_off:
            self.orders.step(view, supervisor.state())
        valuation = self._value(view)
        if records:
            writer.write(_estimates(valuation, at))
        mandate = FREE if supervisor is None else supervisor.mandate(view, valuation.portfolio, seeks=seeks)
        with self.spans("decide", seeks=mandate.seeks, opens=mandate.opens):
            decision = decide(view, valuation.portfolio, writer.state, self._spec, mandate, self.spans)
        writer.write(decision.entries)
        courier.take_back(decision.cancels, "what is held is to be closed", at)
        for order in decision.orders:
            if supervisor is None and order.purpose is Purpose.CLOSE:
                courier.stop_opening(order.position_id)
            courier.send(order, at, mandate.state)
        if decision.orders or decision.cancels:
            courier.listen(at)
            valuation = self._value(view)
        check_account(writer.state, valuation.portfolio, view, strictly=supervisor is None)
        if records or writer.state.seq > before:
            writer.write([Entry(valued(valuation, writer.state, view.regime()), at, ENGINE)])
        fresh = (view.fresh_chain(symbol) for symbol in view.underlyings())
        grades = frozenset(chain.grade for chain in fresh if chain is not None)
        return TickReport(valuation.portfolio, len(decision.orders), grades, delivered)

    def work(self, view: MarketView) -> int:
        """Hear the broker and work the orders that rest; return the orders sent."""
        self.courier.listen(view.as_of)
        if self.orders is None or self.supervisor is None or self.supervisor.cut_off:
            return 0
        return self.orders.step(view, self.supervisor.state())

    def look(self, view: MarketView) -> Portfolio:
        """Listen, value the account at a view and write that down; decide nothing."""
        self.courier.listen(view.as_of)
        valuation = self._value(view)
        fact = valued(valuation, self.writer.state, view.regime())
        self.writer.write([*_estimates(valuation, view.as_of), Entry(fact, view.as_of, ENGINE)])
        return valuation.portfolio

    def _value(self, view: MarketView) -> Valuation:
        with self.spans("value"):
            return value_account(self.writer.state, view, self._spec.missing_quote, self._memory)


def _delivered(told: Sequence[BrokerEvent]) -> frozenset[str]:
    """Return the positions to which a broker delivered shares."""
    settled = (event for event in told if isinstance(event, SettlementReport))
    return frozenset(event.position_id for event in settled if event.shares)


def _estimates(valuation: Valuation, at: datetime) -> list[Entry]:
    return [
        Entry(MarkEstimated(mark.position_id, mark.instrument, mark.policy, mark.price_cents), at, ENGINE)
        for mark in valuation.estimated
    ]
