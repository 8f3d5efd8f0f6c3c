"""The rows of the journal: what people and programs read of trades, positions, orders, signals and equity.

Amounts are integer cents: what is paid or lost is positive where it says cost or loss, what is won where it
says profit. Instants are UTC, and None is what is not known or does not exist (yet).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A position from its first fill on, open or closed.

    Attributes
    ----------
    trade_id, campaign_id, signal_id : str
        The position, the first of its chain of rolls, and the signal it was opened on.
    strategy, underlying : str
        Whose, on what.
    structure, legs : str
        The structure's name, and its legs as a person reads them.
    quantity : int
        Units opened.
    opened_at, closed_at : datetime
        First fill, and the fill or settlement that left nothing.
    entry_cents, exit_cents : int
        Cash paid (received: negative) to open it, and for everything after; without fees.
    fees_cents : int
        All fees.
    profit_cents : int or None
        Realised profit after fees; None while it is open.
    return_on_risk, return_on_margin : float or None
        Profit as a fraction of the largest loss, and of the margin, at entry.
    days_held : int or None
        Calendar days.
    exit_reason : str
        The closing order's reason, or ``EXPIRED``, ``EXERCISED``, ``ASSIGNED``; empty while it is open.
    grade : str
        The worst of the data it was traded on.
    max_loss_cents : int or None
        At entry; None where it had no bound.
    margin_cents : int
        At entry.
    probability_of_profit, score : float or None
        As the signal said; None where there was none.
    edge_cents : int or None
        As the signal said, of one unit.
    regime : str
        The market's regime at entry; empty where the signal does not say.
    estimated_marks, policy_fills : int
        How often a leg was marked by policy instead of a quote, and how often a fill or a settlement was
        priced by one.
    opened_seq, closed_seq : int
        The facts that opened and closed it.
    note : str
        Why it was adopted, adjusted, claimed or written off; empty where only its orders changed it.
    """

    trade_id: str
    campaign_id: str
    signal_id: str
    strategy: str
    underlying: str
    structure: str
    legs: str
    quantity: int
    opened_at: datetime
    closed_at: datetime | None
    entry_cents: int
    exit_cents: int | None
    fees_cents: int
    profit_cents: int | None
    return_on_risk: float | None
    return_on_margin: float | None
    days_held: int | None
    exit_reason: str
    grade: str
    max_loss_cents: int | None
    margin_cents: int
    probability_of_profit: float | None
    score: float | None
    edge_cents: int | None
    regime: str
    estimated_marks: int
    policy_fills: int
    opened_seq: int
    closed_seq: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PositionRow:
    """An open position.

    Attributes
    ----------
    position_id, campaign_id, strategy, underlying, structure : str
        As in `TradeRow`.
    holdings : str
        What is held now.
    quantity, opened_at, entry_cents, fees_cents, max_loss_cents, margin_cents
        As in `strikewise.domain.portfolio.Position`.
    cash_cents : int
        Net cash paid so far.
    grade : str
        The worst of the data it was traded on.
    closing_order_id : str
        The order that is closing it; empty where none is.
    opened_seq : int
        The fact that opened it.
    note : str
        As in `TradeRow`.
    """

    position_id: str
    campaign_id: str
    strategy: str
    underlying: str
    structure: str
    holdings: str
    quantity: int
    opened_at: datetime
    entry_cents: int
    cash_cents: int
    fees_cents: int
    max_loss_cents: int | None
    margin_cents: int
    grade: str
    closing_order_id: str
    opened_seq: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order and what became of it.

    Attributes
    ----------
    order_id, position_id, signal_id, strategy, underlying, purpose : str
        As in `strikewise.domain.orders.Order`.
    structure, legs : str
        What one unit trades.
    quantity, limit_cents, created_at, reason
        As in the order.
    status : str
        A value of `strikewise.portfolio.order_state.OrderStatus`.
    filled : int
        Units filled.
    filled_cents, fees_cents : int
        Cash paid (received: negative) in its fills, and their fees.
    broker_order_id : str
        The broker's id.
    note : str
        The broker's last word: why it was rejected, ended or unresolved.
    seq : int
        The fact that placed it.
    replaces : str
        The order of the same intent whose remainder it is for; empty for a first one.
    """

    order_id: str
    position_id: str
    signal_id: str
    strategy: str
    underlying: str
    purpose: str
    structure: str
    legs: str
    quantity: int
    limit_cents: int | None
    created_at: datetime
    reason: str
    status: str
    filled: int
    filled_cents: int
    fees_cents: int
    broker_order_id: str
    note: str
    seq: int
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal and what was done about it.

    Attributes
    ----------
    signal_id, strategy, underlying, as_of, price_cents, margin_cents, edge_cents, score
        As in `strikewise.domain.signals.Signal`.
    structure, legs : str
        What it would open.
    max_loss_cents, max_profit_cents : int or None
        None where unbounded.
    probability_of_profit : float
        Of a profit at expiry.
    regime : str
        The market's regime; empty where the signal does not say.
    grade : str
        Of the chain it was seen in.
    outcome : str
        ``ORDERED``, a denial code, or empty where nobody decided.
    detail : str
        The numbers of a denial.
    order_id : str
        The order it became.
    seq : int
        The fact that told it.
    """

    signal_id: str
    strategy: str
    underlying: str
    as_of: datetime
    structure: str
    legs: str
    price_cents: int
    max_loss_cents: int | None
    max_profit_cents: int | None
    margin_cents: int
    probability_of_profit: float
    edge_cents: int
    score: float
    regime: str
    grade: str
    outcome: str
    detail: str
    order_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class EquityRow:
    """The account at an instant.

    Attributes
    ----------
    deposited_cents : int or None
        What was paid in until then, withdrawals taken off; None where it is not known.

    The other fields are as in `strikewise.domain.events.AccountValued`.
    """

    seq: int
    at: datetime
    cash_cents: int
    equity_mid_cents: int
    equity_exit_cents: int
    margin_cents: int
    at_risk_cents: int
    open_positions: int
    estimated_legs: int
    delta: float
    gamma: float
    theta: float
    vega: float
    regime: str = ""
    deposited_cents: int | None = None

    def paid_in_cents(self, capital_cents: int) -> int:
        """Return what was paid in until then; the capital at the start where it is not known."""
        return capital_cents if self.deposited_cents is None else self.deposited_cents


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """What a strategy had brought at an instant.

    Attributes
    ----------
    row_id : str
        The fact and the label: ``12/credit_spread``.
    seq : int
        The fact that valued the account.
    at : datetime
        When.
    strategy : str
        Its label.
    profit_cents : int
        After fees: closed positions, and open ones at exit prices.
    """

    row_id: str
    seq: int
    at: datetime
    strategy: str
    profit_cents: int
