"""The one loop: listen, decide, write down, act, write down the answer.

History, a rehearsal and a real account run these same lines; only the clock, the source, the broker and
the ledger they are given differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from strikewise.domain.control import FaultNoted
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    CashFlowed,
    Event,
    MarkEstimated,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderUnresolved,
    PositionSplit,
    RunStarted,
)
from strikewise.domain.orders import (
    Accepted,
    BrokerEvent,
    Bust,
    CashFlow,
    Execution,
    Order,
    OrderEnded,
    Purpose,
    Rejected,
    SettlementReport,
    SplitReport,
    StreamGap,
    SubmitAnswer,
    Unresolved,
)
from strikewise.domain.portfolio import Portfolio
from strikewise.domain.quotes import Grade
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.engine.decide import ENGINE, decide
from strikewise.engine.invariants import check_account
from strikewise.engine.recovery import History, last_quotes
from strikewise.engine.spec import RunSpec
from strikewise.execution.broker import Broker
from strikewise.market.clock import Clock
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.ledger import Entry, Ledger
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.valuation import Valuation, remembering, value_account

BROKER = "broker"


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
    ) -> None:
        self._spec, self._market, self._broker = spec, market, broker
        self._ledger, self._clock = ledger, clock
        past = History.read(ledger.records())
        self._state = past.state
        if self._state.account not in ("", spec.account):
            raise SettingsError(
                f"The ledger is that of account {self._state.account!r} and cannot be that of "
                f"{spec.account!r}: give each account a ledger of its own."
            )
        held = self._state.positions.values()
        self._memory = remembering(tuple(held), last_quotes(held, past.ticks, market))
        now = clock.now()
        if not self._state.account:
            self._write([Entry(AccountOpened(spec.account, spec.capital_cents), now, ENGINE)])
        self._write([Entry(RunStarted(spec.document, data or {}, grade), now, ENGINE)])

    @property
    def state(self) -> AccountState:
        """The fold of all facts so far."""
        return self._state

    def tick(self, view: MarketView | None = None) -> TickReport:
        """Run once at the clock's instant.

        Parameters
        ----------
        view : MarketView, optional
            The market at that instant, where somebody has looked at it already.

        Raises
        ------
        InvariantError
            If money does not add up.
        LedgerConflictError
            If somebody else wrote to the ledger.
        """
        view = self._market.view(self._clock.now()) if view is None else view
        delivered = self._listen(view)
        valuation = self._value(view)
        self._write(
            Entry(
                MarkEstimated(mark.position_id, mark.instrument, mark.policy, mark.price_cents),
                view.as_of,
                ENGINE,
            )
            for mark in valuation.estimated
        )
        decision = decide(view, valuation.portfolio, self._state, self._spec)
        self._write(decision.entries)
        for order in decision.orders:
            if order.purpose is Purpose.CLOSE:
                self._stop_opening(order.position_id)
            self._write([self._answered(order, self._broker.submit(order), view)])
        if decision.orders:
            self._listen(view)
            valuation = self._value(view)
        check_account(self._state, valuation.portfolio, view)
        self._write([self._valued(valuation, view)])
        fresh = (view.fresh_chain(symbol) for symbol in view.underlyings())
        grades = frozenset(chain.grade for chain in fresh if chain is not None)
        return TickReport(valuation.portfolio, len(decision.orders), grades, delivered)

    def _write(self, entries: Iterable[Entry]) -> None:
        batch = list(entries)
        if not batch:
            return
        self._ledger.append(batch, recorded_at=self._clock.now(), expected=self._state.seq)
        for entry in batch:
            self._state = self._state.apply(self._state.seq + 1, entry.event, entry.known_at)

    def _listen(self, view: MarketView) -> frozenset[str]:
        """Write down what the broker tells; return the positions to which it delivered shares."""
        told = self._broker.events()
        self._write(Entry(_fact_of(event), view.as_of, BROKER, self._cause(event)) for event in told)
        settled = (event for event in told if isinstance(event, SettlementReport))
        return frozenset(event.position_id for event in settled if event.shares)

    def _stop_opening(self, position_id: str) -> None:
        """Cancel what still rests of orders that open or adjust a position: what is closed must not grow."""
        for waiting in self._state.open_orders.values():
            order = waiting.order
            if order.position_id == position_id and order.purpose is not Purpose.CLOSE:
                self._broker.cancel(order.order_id)

    def _cause(self, event: BrokerEvent) -> int | None:
        match event:
            case Execution() | OrderEnded() | Bust():
                return self._state.fact_of(event.order_id)
            case SettlementReport() | SplitReport():
                return self._state.fact_of(event.position_id)
            case CashFlow():
                return self._state.fact_of(event.position_id) or self._state.run_seq
            case StreamGap():
                return self._state.run_seq
            case _:
                assert_never(event)

    def _value(self, view: MarketView) -> Valuation:
        return value_account(self._state, view, self._spec.missing_quote, self._memory)

    def _answered(self, order: Order, answer: SubmitAnswer, view: MarketView) -> Entry:
        event: Event
        match answer:
            case Accepted(broker_order_id=broker_id):
                event = OrderAccepted(order.order_id, broker_id)
            case Rejected(code=code, text=text):
                event = OrderRejected(order.order_id, code, text)
            case Unresolved(reason=reason):
                event = OrderUnresolved(order.order_id, reason)
            case _:
                assert_never(answer)
        return Entry(event, view.as_of, BROKER, self._state.fact_of(order.order_id))

    def _valued(self, valuation: Valuation, view: MarketView) -> Entry:
        portfolio = valuation.portfolio
        # Added up one by one: what `sum` makes of floats depends on Python's version.
        delta = gamma = theta = vega = 0.0
        for position in portfolio.positions:
            if position.mark is not None:
                greeks = position.mark.greeks
                delta += greeks.delta
                gamma += greeks.gamma
                theta += greeks.theta
                vega += greeks.vega
        valued = AccountValued(
            cash_cents=portfolio.cash_cents,
            equity_mid_cents=portfolio.equity_mid_cents,
            equity_exit_cents=portfolio.equity_exit_cents,
            margin_cents=portfolio.margin_cents,
            at_risk_cents=portfolio.at_risk_cents,
            open_positions=len(portfolio.positions) - len(portfolio.pending),
            estimated_legs=len(valuation.estimated),
            delta=round(delta, 4),
            gamma=round(gamma, 4),
            theta=round(theta, 4),
            vega=round(vega, 4),
            regime=view.regime().value,
            profits=self._state.outcomes.profits(portfolio.positions),
        )
        return Entry(valued, view.as_of, ENGINE)


def _fact_of(event: BrokerEvent) -> Event:
    match event:
        case Execution():
            return OrderFilled(event)
        case SettlementReport():
            return OptionSettled(event)
        case CashFlow():
            return CashFlowed(event)
        case SplitReport():
            return PositionSplit(event)
        case OrderEnded():
            return OrderClosed(event)
        case Bust():
            return ExecutionReversed(event.execution_id, event.order_id, event.reason)
        case StreamGap():
            return FaultNoted("broker", "STREAM_GAP", event.reason)
        case _:
            assert_never(event)
