"""Explain a trade in words: from what the market looked like, to why it was opened, to how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strikewise.domain.answered import SignalTaken
from strikewise.domain.control import TakeRequested
from strikewise.domain.errors import MissingDataError
from strikewise.domain.events import (
    CashFlowed,
    Event,
    MarkEstimated,
    OptionSettled,
    OrderClosed,
    OrderDenied,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
    PositionSplit,
    RunStarted,
    SignalGenerated,
)
from strikewise.domain.instruments import date_named
from strikewise.domain.money import format_cents
from strikewise.domain.orders import LegFill, Order, Purpose
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Structure
from strikewise.execution.corporate_actions import ADJUSTED
from strikewise.execution.exercise import EARLY_CARRY, EARLY_DIVIDEND, INSTRUCTED, PINNED
from strikewise.execution.settlement import EARLIER_PRICE, LATEST_PRICE, SESSION_PRICE
from strikewise.portfolio.ledger import Fact, Record, read
from strikewise.portfolio.lineage import lineage

__all__ = ["Explanation", "Step", "explain_trade"]

FRACTIONS = frozenset(
    {
        "iv",
        "iv30",
        "iv_forecast",
        "iv_later",
        "iv_rank",
        "iv_percentile",
        "rv10",
        "rv20",
        "rv60",
        "probability_of_profit",
        "credit_to_width",
        "otm_pct",
        "offset_pct",
        "static_return",
        "called_return",
        "return_on_margin",
        "rate",
    }
)
"""Features that a person reads as percent."""
LARGE = 1000.0
"""Numbers from here on are told to the cent."""


_SETTLED_BY: Mapping[str, str] = {
    "": "",
    SESSION_PRICE: " The opening price of its session was not recorded: a later one of that day stood in.",
    EARLIER_PRICE: " The close of its session was not recorded: an earlier price of that day stood in.",
    LATEST_PRICE: " No price of its session was recorded: the latest one known stood in.",
}


_SETTLED_FOR: Mapping[str, str] = {
    EARLY_DIVIDEND: " Its holder exercised it for the dividend, which was worth more than its time value.",
    EARLY_CARRY: " Its holder exercised it for the interest on the strike, more than its time value.",
    INSTRUCTED: " Its holder asked for that.",
    PINNED: " It settled so near its strike that the next session's price decided.",
    ADJUSTED: " A split would have made an adjusted contract of it, so it was closed at the touch before.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the lineage: a fact, and what it says in words."""

    seq: int
    cause: int | None
    kind: str
    at: datetime
    words: str

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "seq": self.seq,
            "cause": self.cause,
            "kind": self.kind,
            "at": self.at.isoformat(),
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a trade was made, and how it ended.

    Attributes
    ----------
    trade : str
        The position's id.
    steps : tuple of Step
        Its facts in order, each with its cause.
    because : mapping
        The features at entry.
    """

    trade: str
    steps: tuple[Step, ...]
    because: Mapping[str, float | str]

    @property
    def text(self) -> str:
        """The story, a line a step, and the features it was opened on."""
        lines = [f"Trade {self.trade}", ""]
        lines += [f"{step.at:%Y-%m-%d %H:%M} UTC  #{step.seq}  {step.words}" for step in self.steps]
        if self.because:
            lines += ["", "Opened because, at that moment:"]
            width = max(len(name) for name in self.because)
            lines += [f"  {name:<{width}}  {_feature(name, value)}" for name, value in self.because.items()]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "trade": self.trade,
            "steps": [step.as_dict() for step in self.steps],
            "because": dict(self.because),
        }


def explain_trade(facts: Sequence[Fact], trade: str) -> Explanation:
    """Return the lineage of a trade in words.

    Parameters
    ----------
    facts : sequence of Fact
        The whole ledger of the trade's account.
    trade : str
        The position's id, or a unique beginning of it.

    Raises
    ------
    MissingDataError
        If no trade, or more than one, begins so.
    """
    records = list(read(facts))
    orders = {
        one.event.order.order_id: one.event.order for one in records if isinstance(one.event, OrderPlaced)
    }
    position_id = _only(trade, (order.position_id for order in orders.values()))
    told = lineage(records, position_id)
    signals = (one.event.signal for one in told if isinstance(one.event, SignalGenerated))
    signal = next((one for one in signals if one.signal_id == orders[position_id].signal_id), None)
    marks = [
        one
        for one in records
        if isinstance(one.event, MarkEstimated) and one.event.position_id == position_id
    ]
    shown = sorted([*told, *marks[:1]], key=lambda one: one.seq)
    steps = tuple(
        Step(one.seq, one.cause, type(one.event).__name__, one.known_at, words)
        for one in shown
        if (words := _answer_words(one) or _words(one.event, orders, len(marks)))
    )
    return Explanation(position_id, steps, {} if signal is None else signal.because)


def _only(trade: str, ids: Iterable[str]) -> str:
    known = list(dict.fromkeys(ids))
    found = [name for name in known if name.startswith(trade)]
    if trade in found:
        return trade
    if len(found) != 1:
        what = "There is no trade" if not found else f"{len(found)} trades begin with"
        raise MissingDataError(f"{what} {trade!r}; `strikewise trades` lists them with their ids.")
    return found[0]


def _answer_words(record: Record) -> str:
    """Return what a person's answer to a signal says; empty for every other fact."""
    match record.event:
        case TakeRequested(reason=reason):
            said = f", in these words: {reason}" if reason else ""
            return f"{record.actor.removeprefix('person:')} took it{said}."
        case SignalTaken():
            return "It was priced anew, and judged by every limit like any other signal."
        case _:
            return ""


def _words(event: Event, orders: Mapping[str, Order], marks: int) -> str:
    match event:
        case RunStarted():
            return "A run began."
        case SignalGenerated(signal=signal):
            return _signal_words(signal)
        case OrderPlaced(order=order):
            return _order_words(order)
        case OrderFilled(execution=one):
            order = orders[one.order_id]
            legs = "; ".join(_leg_words(leg) for leg in one.legs)
            policy = f" A leg without a usable quote was priced by policy {one.policy}." if one.policy else ""
            return (
                f"Filled {one.quantity} of {order.quantity} ({order.purpose}): {legs}; "
                f"fees {format_cents(one.fees_cents)}; {one.grade} prices.{policy}"
            )
        case OrderClosed(ended=one):
            return f"The order ended {one.outcome}: {one.reason}."
        case OrderRejected(code=code, text=text):
            return f"The broker refused the order ({code}): {text}"
        case OrderUnresolved(reason=reason):
            return f"Nobody knows whether the broker has the order: {reason}."
        case OptionSettled(report=report):
            cash = format_cents(-report.cash_cents, sign=True)
            shares = f", {report.shares:+d} shares" if report.shares else ""
            policy = _SETTLED_BY.get(report.policy, report.policy) + _SETTLED_FOR.get(report.rule, "")
            return (
                f"{report.quantity:+d} {report.contract} {report.outcome} at "
                f"{format_cents(report.settlement_cents)}: cash {cash}{shares}.{policy}"
            )
        case CashFlowed() | PositionSplit():
            return _action_words(event)
        case MarkEstimated(instrument=instrument, policy=policy, price_cents=price):
            more = f"; its legs were marked so {marks} times in all" if marks > 1 else ""
            price_text = format_cents(price)
            return (
                f"{instrument} had no usable quote and was marked at {price_text} by policy {policy}{more}."
            )
        case OrderDenied(code=code, detail=detail):
            return f"The gate refused an order to close or adjust it: {code} ({detail})."
        case _:
            return ""  # an acknowledgement says nothing a reader misses


def _action_words(event: CashFlowed | PositionSplit) -> str:
    if isinstance(event, PositionSplit):
        report = event.report
        return f"{report.symbol} was split, {report.numerator} for {report.denominator}."
    flow = event.flow
    name = " of ".join(filter(None, (flow.kind.replace("_", " ").capitalize(), flow.symbol)))
    return f"{name}: {format_cents(-flow.cash_cents, sign=True)}."


def _signal_words(signal: Signal) -> str:
    taken = "credit" if signal.price_cents < 0 else "debit"
    loss = "without bound" if signal.max_loss_cents is None else format_cents(signal.max_loss_cents)
    return (
        f"{signal.strategy} saw {_structure_words(signal.structure)}: "
        f"{taken} {format_cents(abs(signal.price_cents))}, "
        f"most it can lose {loss}, probability of profit {signal.probability_of_profit:.0%}, "
        f"expected after costs {format_cents(signal.edge_cents, sign=True)}, score {signal.score:.0f}."
    )


def _order_words(order: Order) -> str:
    what = {Purpose.OPEN: "open", Purpose.CLOSE: "close", Purpose.ADJUST: "adjust"}[order.purpose]
    limit = (
        "at the market"
        if order.limit_cents is None
        else f"at {_limit_words(order.limit_cents)} a unit or better"
    )
    reason = "" if order.purpose is Purpose.OPEN else f" because of {order.reason}"
    if order.detail:
        reason += f" ({order.detail})"
    return f"Ordered to {what}{_units_words(order)} {limit}{reason}."


def _units_words(order: Order) -> str:
    """Return what was ordered: shares by their number, all else in units."""
    structure = order.structure
    if structure.options:
        return f" {order.quantity} × {structure.describe()}"
    number = order.quantity * abs(structure.shares)
    return f": {_verb(structure)} {number:,} {structure.underlying} {'share' if number == 1 else 'shares'}"


def _structure_words(structure: Structure) -> str:
    if structure.options:
        return structure.describe()
    return f"{structure.underlying} shares to {_verb(structure)}"


def _verb(structure: Structure) -> str:
    return "buy" if structure.shares > 0 else "sell"


def _limit_words(limit_cents: int) -> str:
    kind = "a credit of" if limit_cents < 0 else "a debit of"
    return f"{kind} {format_cents(abs(limit_cents))}"


def _leg_words(leg: LegFill) -> str:
    verb = "bought" if leg.quantity > 0 else "sold"
    quoted = "" if leg.bid_cents < 0 else f" ({format_cents(leg.bid_cents)} × {format_cents(leg.ask_cents)})"
    return f"{verb} {abs(leg.quantity)} {leg.instrument} at {format_cents(leg.price_cents)}{quoted}"


def _feature(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if (on := date_named(name, value)) is not None:
        return on.isoformat()
    if name in FRACTIONS:
        return f"{value:.1%}"
    return f"{value:,.2f}" if abs(value) >= LARGE else f"{value:,.4g}"
