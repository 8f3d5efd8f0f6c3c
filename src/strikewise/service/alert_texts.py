"""What a person reads in a chat: short lines of an account, its positions, signals, profits and risks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from strikewise.domain.control import AlertRaised, FaultNoted, TradingStateChanged
from strikewise.domain.events import OrderRejected, OrderUnresolved
from strikewise.domain.money import format_cents, to_cents
from strikewise.market.calendar import SessionCalendar
from strikewise.portfolio.journal_rows import TradeRow
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.performance import EquityPoint, Summary, TradeOutcome, measure
from strikewise.portfolio.picture import PositionPicture
from strikewise.risk.past_moves import Unpriced
from strikewise.service.risk import RiskReport
from strikewise.service.views.account import AccountView
from strikewise.service.views.desk import Desk
from strikewise.service.views.signals import SignalView
from strikewise.service.views.status import StatusView

__all__ = [
    "DayResult",
    "balance_text",
    "days_of",
    "health_text",
    "log_text",
    "performance_text",
    "periods_text",
    "positions_text",
    "risk_text",
    "signals_text",
    "status_text",
]


@dataclass(frozen=True, slots=True)
class DayResult:
    """A session: what the account was worth at mid at its end, what it won on the day, trades it closed."""

    day: date
    equity_cents: int
    profit_cents: int
    closed: int


def days_of(desk: Desk, calendar: SessionCalendar) -> list[DayResult]:
    """Return the sessions of an account in order; what is paid in or out is no profit and no loss."""
    last = desk.valuations.days()
    closed: dict[date, int] = {}
    for trade in _closed(desk):
        assert trade.closed_at is not None
        day = calendar.day_of(trade.closed_at)
        closed[day] = closed.get(day, 0) + 1
    found, before = [], 0
    for day, row in last.items():
        won = row.equity_mid_cents - (row.deposited_cents or 0)
        found.append(DayResult(day, row.equity_mid_cents, won - before, closed.get(day, 0)))
        before = won
    return found


def _closed(desk: Desk) -> list[TradeRow]:
    trades = (desk.keeper.trade(name) for name in desk.keeper.trades)
    return [trade for trade in trades if trade.closed_at is not None]


def status_text(status: StatusView, account: AccountView) -> str:
    """Return how trading stands, in a few lines."""
    process = f"{status.mode}, {status.phase}, through {status.broker}" if status.running else "not running"
    lines = [
        f"Account {status.account}: {process}",
        f"Trading is {status.state}{_because(status.reason)}",
        f"Equity {format_cents(account.equity_mid_cents)}, today "
        f"{format_cents(account.day_profit_cents, sign=True)}",
        f"{status.positions} positions, {status.orders} orders, {status.unresolved_orders} unresolved",
        f"Data: {status.data_grade or 'none yet'}{_age(status.data_age_seconds)}",
        f"Reconciled: {_at(status.reconciled_at)}, {status.reconciliation_open} differences open",
    ]
    if not status.running and account.at is not None:
        lines.insert(3, f"As of {_at(account.at)}: nobody looked since")
    if status.by_person:
        lines.append("Only a person may take that back: /resume")
    lines += [f"Frozen: {name} ({why})" for name, why in status.frozen.items()]
    lines += [f"Breaker: {one.breaker} for {one.scope}" for one in status.breakers]
    return "\n".join(lines)


def health_text(status: StatusView) -> str:
    """Return how the process is."""
    if status.heartbeat_at is None:
        return "No process ever ran in this home: start `strikewise run`."
    beat = (status.now - status.heartbeat_at).total_seconds()
    return "\n".join(
        [
            f"Process: {'running' if status.running else 'NOT RUNNING'}, last heartbeat {beat:,.0f} s ago",
            f"Broker {status.broker}: {'connected' if status.connected else 'NOT CONNECTED'}",
            f"Feed {status.feed}: {status.data_grade or 'no data yet'}{_age(status.data_age_seconds)}",
            f"Last look {_at(status.ticked_at)}, next {_at(status.due_at)}",
            f"Reconciled: {_at(status.reconciled_at)}, {status.reconciliation_open} differences open",
            f"Ledger: {status.ledger_seq:,} facts; {status.requests} requests wait",
        ]
    )


def balance_text(account: AccountView) -> str:
    """Return what the account is worth."""
    used = "unknown" if account.buying_power_used is None else f"{account.buying_power_used:.1%}"
    return "\n".join(
        [
            f"As of {_at(account.at)}",
            f"Cash {format_cents(account.cash_cents)}",
            f"Equity {format_cents(account.equity_mid_cents)} at mid, "
            f"{format_cents(account.equity_exit_cents)} at exit prices",
            f"Margin {format_cents(account.margin_cents)} ({used} of equity)",
            f"At risk {format_cents(account.at_risk_cents)}",
            f"Won so far {format_cents(account.total_profit_cents, sign=True)}",
        ]
    )


def positions_text(desk: Desk) -> str:
    """Return what is held: at its latest quotes, and of when, where somebody keeps pictures; else at cost."""
    shown = () if desk.picture is None else desk.picture.positions
    parts = [_position(one) for one in shown]
    if desk.picture is not None and shown:
        parts.insert(0, f"As of {_at(desk.picture.at)}")
    known = {one.position_id for one in shown}
    held = (desk.keeper.position(name) for name in desk.keeper.state.positions if name not in known)
    parts += [
        f"{one.strategy}: {one.holdings}\nEntry {format_cents(one.entry_cents)}, "
        f"max loss {_bounded(one.max_loss_cents)}\n{one.position_id}"
        for one in held
    ]
    return "\n\n".join(parts) or "Nothing is held."


def _position(one: PositionPicture) -> str:
    profit = "unknown" if one.profit_exit_cents is None else format_cents(one.profit_exit_cents, sign=True)
    days = "" if one.days is None else f", {one.days} days left"
    return (
        f"{one.strategy}: {one.quantity} × {one.describe} ({one.state}{days})\n"
        f"Profit if closed now {profit}, max loss {_bounded(one.max_loss_cents)}, data {one.grade}\n"
        f"{one.position_id}"
    )


def signals_text(signals: Sequence[SignalView]) -> str:
    """Return the latest signals, each with what became of it."""
    if not signals:
        return "No signal was ever seen."
    return "\n\n".join(_signal(one) for one in signals)


def _signal(one: SignalView) -> str:
    became = decided_text(one)
    if one.outcome is not None:
        won = one.outcome.profit_cents
        became += ", open" if won is None else f", {format_cents(won, sign=True)} ({one.outcome.exit_reason})"
    took = f"\n/take {one.signal_id}" if one.answerable else ""
    return (
        f"{one.at:%m-%d %H:%M} UTC {one.strategy}: {one.describe}\n"
        f"{_priced(one)}, max loss {_bounded(one.max_loss_cents)}, "
        f"{one.probability:.0%}, score {one.score:.0f}, {one.grade}: {became}{took}"
    )


def decided_text(one: SignalView) -> str:
    """Return what was decided of a signal, by whom where a person did, and until when it may be taken."""
    said = one.decision + (f" {one.code}" if one.code else "")
    if one.answered_by:
        said += f" by {one.answered_by.removeprefix('person:')}"
    if one.until is not None:
        said += f", {'may be taken until' if one.answerable else 'ran out at'} {_at(one.until)}"
    return said


def take_text(one: SignalView, now: datetime) -> str:
    """Return what a person decides by who is to take a signal: entry, exit, size, loss, odds, data."""
    units = one.quantity or 1
    size = f"{units} {'unit' if units == 1 else 'units'} at most"
    if not one.quantity:
        size = "as its strategy sizes it then; the figures here are of 1 unit"
    loss = None if one.max_loss_cents is None else one.max_loss_cents * units
    minutes = max(0, round((now - one.at).total_seconds() / 60))
    return "\n".join(
        [
            f"Entry: {one.describe}, {_priced(one)} a unit when seen",
            f"Exit: {one.exit or 'by the rules of its strategy'}",
            f"Size: {size}",
            f"Max loss: {_bounded(loss)}",
            f"Probability of profit: {one.probability:.0%}, expected "
            f"{format_cents(one.expected_cents * units, sign=True)} after costs, score {one.score:.0f}",
            f"Data: {one.grade}, {f'{minutes} min' if minutes < 120 else f'{minutes // 60} h'} old",
            f"So far: {decided_text(one)}",
            "It is priced and judged anew before anything is ordered.",
        ]
    )


def _priced(one: SignalView) -> str:
    return f"{'credit' if one.price_cents < 0 else 'debit'} {format_cents(abs(one.price_cents))}"


def periods_text(days: Sequence[DayResult], kind: str, most: int) -> str:
    """Return profits by ``day``, ``week`` or ``month``, the latest last."""
    if not days:
        return "The account was never valued."
    groups: dict[str, list[DayResult]] = {}
    for one in days:
        groups.setdefault(_period(one.day, kind), []).append(one)
    lines = []
    for name, ones in list(groups.items())[-most:]:
        won, closed = sum(one.profit_cents for one in ones), sum(one.closed for one in ones)
        worth = format_cents(ones[-1].equity_cents)
        lines.append(f"{name}  {format_cents(won, sign=True)}  {worth}  {closed} closed")
    return "\n".join(lines)


def _period(day: date, kind: str) -> str:
    if kind == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{day:%Y-%m}" if kind == "month" else day.isoformat()


def performance_text(desk: Desk, capital_cents: int) -> str:
    """Return the figures of the account so far; what too few days carry is not known."""
    last = desk.valuations.days()
    if not last:
        return "The account was never valued."
    points = [
        EquityPoint(day, row.equity_exit_cents, row.equity_mid_cents, row.open_positions, row.deposited_cents)
        for day, row in last.items()
    ]
    outcomes = [
        TradeOutcome(
            trade.strategy,
            trade.profit_cents or 0,
            trade.fees_cents,
            abs(trade.entry_cents) + abs(trade.exit_cents or 0),
            trade.days_held or 0,
            trade.exit_reason,
        )
        for trade in _closed(desk)
    ]
    return _summary(measure(capital_cents, points, outcomes).summary, len(points))


def _summary(one: Summary, sessions: int) -> str:
    lines = [
        f"{sessions} sessions, {one.trades} trades closed",
        f"Net profit {_dollars(one.net_profit)} ({one.total_return:+.2%})",
        f"Deepest fall {one.max_drawdown:.2%}",
        f"Won {_share(one.win_rate)}, profit factor {_number(one.profit_factor)}",
        f"A trade brings {'unknown' if one.expectancy is None else _dollars(one.expectancy)}",
        f"Sharpe {_number(one.sharpe)}, Sortino {_number(one.sortino)}",
        f"Costs {format_cents(to_cents(one.costs))}",
    ]
    return "\n".join(lines)


def risk_text(report: RiskReport) -> str:
    """Return the account's limits with what is used of them, the fullest first."""
    told = report.as_dict()
    found = report.value_at_risk
    var = f"unknown ({found.detail})" if isinstance(found, Unpriced) else format_cents(found.cents)
    lines = [f"As of {_at(report.as_of)}", f"Value at risk of a day: {var}"]
    known = [one for one in report.limits if one.used is not None and one.limit]
    known.sort(key=lambda one: -(one.used or 0.0) / one.limit)
    lines += [f"{(one.used or 0.0) / one.limit:>4.0%}  {one.name}" for one in known[:10]]
    lines += dict.fromkeys(f"  ? {one.name}: {one.of}" for one in report.limits if one.used is None)
    lines += [f"{one.code}: {one.text}" for one in report.warnings]
    if told["stress"] is not None:
        worst = told["stress"]["worst"]
        lines.append(
            f"Worst of the grid {_dollars(worst['profit'])}: price {worst['spot']:+.0%}, "
            f"volatility {worst['volatility']:+.0%}"
        )
    return "\n".join(lines)


def log_text(records: Iterable[Record], most: int = 10) -> str:
    """Return the latest facts that a person should know of."""
    lines = []
    for record in records:
        match record.event:
            case AlertRaised(level=level, code=code, text=text):
                said = f"{level} {code}: {text}"
            case FaultNoted(source=source, code=code, detail=detail):
                said = f"fault at the {source}, {code}: {detail}"
            case TradingStateChanged(state=state, reason=reason):
                said = f"trading is {state}: {reason}"
            case OrderRejected(code=code, text=text):
                said = f"order refused, {code}: {text}"
            case OrderUnresolved(reason=reason):
                said = f"order unresolved: {reason}"
            case _:
                continue
        lines.append(f"{record.known_at:%m-%d %H:%M} UTC #{record.seq} {said}")
    return "\n".join(lines[-most:]) or "Nothing worth a line was written down."


def _at(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _age(seconds: float | None) -> str:
    return "" if seconds is None else f", {seconds:,.0f} s old"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _bounded(cents: int | None) -> str:
    return "unbounded" if cents is None else format_cents(cents)


def _dollars(value: float) -> str:
    return format_cents(to_cents(round(value, 2)), sign=True)


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
