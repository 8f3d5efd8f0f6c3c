"""What a broker tells and answers, as facts."""

from __future__ import annotations

from typing import assert_never

from strikewise.domain.control import FaultNoted
from strikewise.domain.events import (
    AccountValued,
    CashFlowed,
    Event,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderUnresolved,
    PositionSplit,
)
from strikewise.domain.orders import (
    Accepted,
    BrokerEvent,
    Bust,
    CashFlow,
    Execution,
    Order,
    OrderEnded,
    Rejected,
    SettlementReport,
    SplitReport,
    StreamGap,
    SubmitAnswer,
    Unresolved,
)
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.market.regime import Regime
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.valuation import Valuation

__all__ = ["BROKER", "STREAM_GAP", "answered", "cause_of", "fact_of", "valued"]

BROKER = "broker"
STREAM_GAP = "STREAM_GAP"
"""Code of the fault that a gap in a broker's stream is."""


def fact_of(event: BrokerEvent) -> Event:
    """Return the fact that something told by a broker is."""
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
            return FaultNoted("broker", STREAM_GAP, event.reason)
        case _:
            assert_never(event)


def cause_of(event: BrokerEvent, state: AccountState) -> int | None:
    """Return the number of the fact that brought about what a broker tells."""
    match event:
        case Execution() | OrderEnded() | Bust():
            return state.fact_of(event.order_id)
        case SettlementReport() | SplitReport():
            return state.fact_of(event.position_id)
        case CashFlow():
            return state.fact_of(event.position_id) or state.run_seq
        case StreamGap():
            return state.run_seq
        case _:
            assert_never(event)


def answered(order: Order, answer: SubmitAnswer) -> Event:
    """Return the fact that a broker's answer to an order is."""
    match answer:
        case Accepted(broker_order_id=broker_id):
            return OrderAccepted(order.order_id, broker_id)
        case Rejected(code=code, text=text):
            return OrderRejected(order.order_id, code, text)
        case Unresolved(reason=reason):
            return OrderUnresolved(order.order_id, reason)
        case _:
            assert_never(answer)


def valued(valuation: Valuation, state: AccountState, regime: Regime) -> AccountValued:
    """Return the fact that an account's value is."""
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
    return AccountValued(
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
        regime=regime.value,
        profits=state.outcomes.profits(portfolio.positions),
    )
