"""The words of alerts: signals with all that a decision needs, fills, outcomes and trouble."""

from __future__ import annotations

from collections.abc import Mapping

from strikewise.domain.answered import SignalOffered
from strikewise.domain.events import SignalDenied
from strikewise.domain.instruments import date_named
from strikewise.domain.money import format_cents
from strikewise.domain.orders import Execution, LegFill, Order, Purpose
from strikewise.domain.signals import Signal
from strikewise.portfolio.journal_rows import TradeRow

__all__ = ["fill_text", "outcome_text", "pairs_text", "signal_text", "signal_title"]

MOST_REASONS = 12
"""Features that an alert shows; the rest is a question away."""
LARGE = 1000.0
PERCENT = ("iv", "rv", "probability", "pct", "return", "width", "rank", "percentile")
"""Beginnings or ends of names whose values below five are read as percent."""


def signal_title(
    signal: Signal, order: Order | None, denied: SignalDenied | None, offered: SignalOffered | None = None
) -> str:
    """Return a signal's line: who saw what, and what was decided."""
    quantity = order.quantity if order is not None else offered.quantity if offered is not None else 0
    units = f"{quantity} × " if quantity else ""
    decided = "seen"
    if order is not None:
        decided = "ordered"
    elif denied is not None:
        decided = f"denied {denied.code}"
    elif offered is not None:
        decided = "offered"
    return f"{signal.strategy} {decided}: {units}{signal.structure.describe()}"


def signal_text(
    signal: Signal,
    order: Order | None,
    denied: SignalDenied | None,
    plan: str,
    offered: SignalOffered | None = None,
) -> str:
    """Return a signal with entry, exit, size, most it can lose, odds, reasons and the grade of its data."""
    kind = "credit" if signal.price_cents < 0 else "debit"
    limit = signal.price_cents if order is None or order.limit_cents is None else order.limit_cents
    units = order.quantity if order is not None else offered.quantity if offered is not None else 1
    size = "not decided" if denied is None else f"none: {denied.code}{_behind(denied.detail)}"
    if order is not None or offered is not None:
        held = format_cents(signal.margin_cents * units)
        size = f"{units} {'unit' if units == 1 else 'units'}, {held} held"
    loss = "unbounded"
    if signal.max_loss_cents is not None:
        loss = format_cents(signal.max_loss_cents * units)
    lines = [
        f"Entry: {signal.structure.describe()}, {kind} {format_cents(abs(limit))} a unit",
        f"Exit: {plan}",
        f"Size: {size}",
        f"Max loss: {loss}",
        f"Probability of profit: {signal.probability_of_profit:.0%}, "
        f"expected {format_cents(signal.edge_cents * units, sign=True)} after costs, "
        f"score {signal.score:.0f}",
        f"Because: {_reasons(signal.because)}",
        f"Data: {signal.grade}, of {signal.as_of:%Y-%m-%d %H:%M} UTC",
    ]
    if offered is not None:
        lines.append(f"Answer by: {offered.until:%Y-%m-%d %H:%M} UTC; it is priced and judged anew then")
    return "\n".join(lines)


def fill_text(execution: Execution, order: Order) -> str:
    """Return what was filled, leg by leg, and what it cost."""
    cash = -sum(leg.cost_cents for leg in execution.legs)
    legs = "\n".join(f"  {_leg(leg)}" for leg in execution.legs)
    why = "" if order.purpose is Purpose.OPEN else f"\nReason: {order.reason}{_behind(order.detail)}"
    policy = f"\nA leg had no quote and was priced by policy {execution.policy}." if execution.policy else ""
    return (
        f"{execution.quantity} of {order.quantity} {order.structure.describe()}\n{legs}\n"
        f"Cash: {format_cents(cash, sign=True)}, fees {format_cents(execution.fees_cents)}{why}{policy}\n"
        f"Data: {execution.grade}"
    )


def outcome_text(trade: TradeRow) -> str:
    """Return what a closed trade came to, beside what its signal had said."""
    profit = trade.profit_cents or 0
    share = "" if trade.return_on_risk is None else f" ({trade.return_on_risk:+.0%} of what was at stake)"
    odds = (
        "" if trade.probability_of_profit is None else f"{trade.probability_of_profit:.0%} odds of a profit"
    )
    days = "" if trade.days_held is None else f", {trade.days_held} days held"
    return (
        f"{trade.legs}, {trade.quantity} {'unit' if trade.quantity == 1 else 'units'}\n"
        f"Profit: {format_cents(profit, sign=True)}{share}, fees {format_cents(trade.fees_cents)} included\n"
        f"Left by: {trade.exit_reason or 'no reason given'}{days}\n"
        f"Said at entry: {odds or 'nothing, for no signal opened it'}\n"
        f"Data: {trade.grade}"
    )


def pairs_text(*pairs: tuple[str, object]) -> str:
    """Return lines of names and what there is to say under them; empty ones are left out."""
    return "\n".join(f"{name}: {value}" for name, value in pairs if value not in ("", None))


def _leg(leg: LegFill) -> str:
    verb = "bought" if leg.quantity > 0 else "sold"
    return f"{verb} {abs(leg.quantity)} {leg.instrument} at {format_cents(leg.price_cents)}"


def _behind(detail: str) -> str:
    return f" ({detail})" if detail else ""


def _reasons(because: Mapping[str, float | str]) -> str:
    shown = [f"{name} {_feature(name, value)}" for name, value in list(because.items())[:MOST_REASONS]]
    more = len(because) - len(shown)
    return (", ".join(shown) or "the strategy names no features") + (f", and {more} more" if more else "")


def _feature(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if (on := date_named(name, value)) is not None:
        return on.isoformat()
    words = name.split("_")
    if abs(value) < 5 and (words[0].rstrip("0123456789") in PERCENT or words[-1] in PERCENT):
        return f"{value:.1%}"
    return f"{value:,.2f}" if abs(value) >= LARGE else f"{value:.4g}"
