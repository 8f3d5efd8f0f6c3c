"""Go on where an account stopped: what a fold of its facts does not hold, found again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from strikewise.domain.brokerage import BrokerStatus, OrderReport
from strikewise.domain.events import AccountValued, OptionSettled
from strikewise.domain.instruments import OptionContract
from strikewise.domain.portfolio import Position
from strikewise.engine.oversight import Oversight
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.execution.simulated import Habits, Past, SimulatedBroker
from strikewise.market.estimate import LastQuote
from strikewise.market.view import Market
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.order_state import OrderState, OrderStatus
from strikewise.portfolio.projection import AccountState

__all__ = ["History", "last_quotes", "resumed_broker"]

REPORTED = timedelta(days=7)
"""For how long a resumed broker can be asked about an order that came to nothing."""

_STATUS = {
    OrderStatus.PLACED: BrokerStatus.WORKING,
    OrderStatus.ACCEPTED: BrokerStatus.WORKING,
    OrderStatus.UNRESOLVED: BrokerStatus.WORKING,
    OrderStatus.FILLED: BrokerStatus.FILLED,
    OrderStatus.CANCELLED: BrokerStatus.CANCELLED,
    OrderStatus.EXPIRED: BrokerStatus.EXPIRED,
    OrderStatus.REJECTED: BrokerStatus.REJECTED,
    OrderStatus.NEVER_SENT: BrokerStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class History:
    """A ledger read once: the account, and when it was looked at.

    Attributes
    ----------
    state : AccountState
        The fold of all facts.
    ticks : tuple of datetime
        Instants of the ticks that were finished, oldest first.
    assigned : tuple of OptionSettled
        The settlements that delivered shares.
    oversight : Oversight or None
        Who may trade; None where nobody asked.
    """

    state: AccountState
    ticks: tuple[datetime, ...]
    assigned: tuple[OptionSettled, ...]
    oversight: Oversight | None = None

    @classmethod
    def read(cls, records: Iterable[Record], *, watched: bool = False) -> History:
        """Read a ledger from its first fact on, and with ``watched`` who may trade too."""
        state, ticks, assigned = AccountState(), [], []
        oversight = Oversight() if watched else None
        for record in records:
            before, state = state, state.apply(record.seq, record.event, record.known_at)
            if oversight is not None:
                oversight = oversight.apply(record, before, state)
            if isinstance(record.event, AccountValued):
                ticks.append(record.known_at)
            elif isinstance(record.event, OptionSettled) and record.event.report.shares:
                assigned.append(record.event)
        return cls(state, tuple(ticks), tuple(assigned), oversight)


def last_quotes(
    positions: Iterable[Position], ticks: Sequence[datetime], market: Market
) -> dict[OptionContract, LastQuote]:
    """Return the last usable quote of each option held, as it was seen at a tick since it was opened.

    A source that keeps no past gives none: what is held is then valued as if it had never been quoted.
    """
    since: dict[OptionContract, datetime] = {}
    for position in positions:
        for holding in position.holdings:
            if isinstance(contract := holding.instrument, OptionContract):
                since[contract] = min(position.opened_at, since.get(contract, position.opened_at))
    found: dict[OptionContract, LastQuote] = {}
    for at in reversed(ticks):
        missing = [contract for contract, opened in since.items() if contract not in found and opened <= at]
        if len(found) == len(since) or at < min(since.values()):
            break
        view = market.view(at)
        for contract in missing:
            chain = view.fresh_chain(contract.underlying)
            row = None if chain is None else chain.find(contract)
            if chain is not None and row is not None and (quote := chain.quote(contract)).known:
                found[contract] = LastQuote(quote.bid, quote.ask, float(chain.iv[row]))
    return found


def resumed_broker(
    records: Iterable[Record],
    market: Market,
    *,
    rule: FillRule,
    fees: FeeSchedule,
    lag: int = 0,
    exercise: ExerciseRule | None = None,
    financing: Financing | None = None,
    habits: Habits | None = None,
    kind: type[SimulatedBroker] = SimulatedBroker,
) -> SimulatedBroker:
    """Return a simulated broker that has what a ledger says it had.

    An order whose answer was not written down it does not have: what it took of it is gone with it.

    Parameters
    ----------
    records : iterable of Record
        The whole ledger; its account was simulated.
    market : Market
        For the last quotes of what is held.
    rule, fees, lag, exercise, financing, habits
        As for `SimulatedBroker`; those of the run that stopped.
    kind : type
        Which simulated broker.
    """
    past = History.read(records)
    state = past.state
    taken = [one for one in state.open_orders.values() if one.status is OrderStatus.ACCEPTED]
    return kind(
        state.cash_cents,
        rule=rule,
        fees=fees,
        lag=lag,
        exercise=exercise,
        financing=financing,
        holdings={name: position.holdings for name, position in state.positions.items()},
        open_orders=[replace(one.order, quantity=one.remaining) for one in taken],
        habits=habits,
        past=_past_of(past, market, taken),
    )


def _past_of(past: History, market: Market, taken: Iterable[OrderState]) -> Past:
    """Return what cash, holdings and the orders taken do not say."""
    state, calendar = past.state, market.calendar
    every = (*state.open_orders.values(), *state.ended_orders.values())
    return Past(
        snapshots={at: calendar.day_of(at) for at in past.ticks},
        shares_since={
            one.report.position_id: calendar.day_of(one.report.at)
            for one in past.assigned
            if one.report.position_id in state.positions
        },
        last_quotes=last_quotes(state.positions.values(), past.ticks, market),
        ended=frozenset(state.ended_orders),
        seen=market.view(past.ticks[-1]) if past.ticks else None,
        reports={one.order.order_id: _report(one) for one in (*taken, *_lately_ended(past))},
        fills=sum(len(one.executions) for one in every),
        activities=len(state.settlements),
    )


def _lately_ended(past: History) -> list[OrderState]:
    since = past.ticks[-1] - REPORTED if past.ticks else None
    ended = past.state.ended_orders.values()
    return [one for one in ended if one.filled or since is None or one.order.created_at >= since]


def _report(known: OrderState) -> OrderReport:
    """Return how an order stood, as its broker would have said it."""
    order = known.order
    return OrderReport(
        order_id=order.order_id,
        broker_order_id=known.broker_order_id or order.order_id,
        status=_STATUS[known.status],
        structure=order.structure,
        quantity=order.quantity,
        filled=known.filled,
        limit_cents=order.limit_cents,
        submitted_at=order.created_at,
    )
