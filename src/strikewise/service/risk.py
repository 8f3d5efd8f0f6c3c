"""What the account risks: limits and their use, breakers, value at risk, stress on the book as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from strikewise.domain.control import FlattenRequested, HaltRequested
from strikewise.domain.events import RunStarted
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.engine.requests import state_under
from strikewise.execution.halt_flag import Raised
from strikewise.market.estimate import MissingQuotePolicy
from strikewise.market.source import MarketSource
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.controls import ControlState, person
from strikewise.portfolio.ledger import Ledger
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.valuation import portfolio_of, value_account
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.concentration import sector_cents
from strikewise.risk.exposure import equity_dollars
from strikewise.risk.guard import Warn, day_of, guard, loss_limits
from strikewise.risk.past_moves import Unpriced
from strikewise.risk.revaluation import RiskBook
from strikewise.risk.sectors import sector_of
from strikewise.risk.stress import GRID_DAYS, SHOCKS, ShockResult, StressGrid, shock_result, stress_grid
from strikewise.risk.track import Track
from strikewise.risk.usage import LimitUse, book_uses, limit_uses
from strikewise.risk.value_at_risk import ValueAtRisk
from strikewise.service.system import Rules, System

__all__ = ["GRID_DAYS", "Folded", "RiskReport", "account_risk"]


@dataclass(frozen=True, slots=True)
class RiskReport:
    """What an account risks at an instant.

    Attributes
    ----------
    account : str
        Its name.
    as_of : datetime
        The instant that it is valued at.
    portfolio : Portfolio
        What is held, valued.
    control : ControlState
        Who may trade, without what has run out.
    limits : tuple of LimitUse
        Every limit with its use.
    value_at_risk : ValueAtRisk or Unpriced
        Of one session, two ways; or what is not known.
    grid : StressGrid or None
        The book under moves; None where it cannot be revalued.
    shocks : tuple of ShockResult
        The book on days that happened; empty where it cannot be revalued.
    sectors : mapping of str to int
        What hangs on each sector, cents.
    warnings : tuple of Warn
        What a person should know.
    positions : tuple of dict
        Each position in its JSON form.
    """

    account: str
    as_of: datetime
    portfolio: Portfolio
    control: ControlState
    limits: tuple[LimitUse, ...]
    value_at_risk: ValueAtRisk | Unpriced
    grid: StressGrid | None
    shocks: tuple[ShockResult, ...]
    sectors: Mapping[str, int]
    warnings: tuple[Warn, ...]
    positions: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form: dollars, fractions, instants as text."""
        account = self.portfolio
        return {
            "account": self.account,
            "as_of": self.as_of.isoformat(),
            "equity": account.equity_exit_cents / 100,
            "equity_mid": account.equity_mid_cents / 100,
            "cash": account.cash_cents / 100,
            "margin": account.margin_cents / 100,
            "state": _state(self.control),
            "limits": [one.as_dict() for one in self.limits],
            "value_at_risk": _at_risk(self.value_at_risk),
            "breakers": [
                {
                    "breaker": one.breaker,
                    "scope": one.scope,
                    "since": one.at.isoformat(),
                    "until": None if one.until is None else one.until.isoformat(),
                    "detail": one.detail,
                }
                for one in self.control.breakers
            ],
            "frozen": dict(self.control.frozen),
            "sectors": {name: cents / 100 for name, cents in self.sectors.items()},
            "positions": list(self.positions),
            "stress": None if self.grid is None else _grid(self.grid),
            "shocks": [_shock(one, account) for one in self.shocks],
            "warnings": [{"code": one.code, "text": one.text} for one in self.warnings],
        }


@dataclass(frozen=True, slots=True)
class Folded:
    """A ledger read to its end, as far as risk asks: the account, who may trade, and what happened of late.

    Attributes
    ----------
    known_at : datetime or None
        When its last fact was known; None where there is none.
    run : RunStarted or None
        The latest run's beginning.
    """

    state: AccountState
    control: ControlState
    track: Track
    known_at: datetime | None
    run: RunStarted | None = None

    @classmethod
    def of(cls, ledger: Ledger) -> Folded:
        """Read a ledger from its first fact to its last, holding one at a time."""
        state, control, track, at, run = AccountState(), ControlState(), Track(), None, None
        for record in ledger.records():
            before, state = state, state.apply(record.seq, record.event, record.known_at)
            control = control.apply(record.seq, record.event, record.known_at, record.actor)
            track, at = track.apply(record, before, state), record.known_at
            run = record.event if isinstance(record.event, RunStarted) else run
        return cls(state, control, track, at, run)


def account_risk(
    system: System,
    *,
    as_of: datetime | date | None = None,
    feed: str | None = None,
    folded: Folded | None = None,
) -> RiskReport:
    """Return what the account risks, by its ledger and the latest prices.

    Parameters
    ----------
    system : System
        The installation.
    as_of : datetime or date, optional
        The instant, or a day for the close of its session; else that of the ledger's last fact, or of a later
        chain of what is held. The account is as the ledger ends, whatever the instant.
    feed : str, optional
        Name of a feed to ask for prices instead of the store.
    folded : Folded, optional
        The account's ledger, where somebody has read it already.

    Raises
    ------
    MissingDataError
        If something is held whose price is not known at all.
    """
    if folded is None:
        with system.ledger() as ledger:
            folded = Folded.of(ledger)
    state, history = folded.state, folded.track
    control = _under(folded.control, system.halt.read())
    held = tuple(dict.fromkeys(one.underlying for one in (*state.positions.values(), *state.pending)))
    source = system.feed(feed, held) if feed and held else system.data.source()
    instant = _instant(system, source, folded.known_at, held, as_of)
    view = Market(source, system.calendar).view(instant)
    portfolio = _valued(system, state, view)
    rules = system.in_force(folded.run, control)
    return _report(state.account or system.account, rules, view, portfolio, control, history)


def _under(control: ControlState, raised: Raised | None) -> ControlState:
    """Return who may trade under a flag or a request that no process has met yet."""
    allowed = state_under(control, raised)
    if allowed is control.state:
        return control
    under = replace(control, state=allowed, detail="", by_person=True)
    if raised is not None:
        return replace(under, reason=raised.reason, changed_at=raised.at, changed_by=person(raised.by))
    for asked in control.requests.values():
        if isinstance(asked.request, HaltRequested | FlattenRequested):
            why = asked.request.reason
            under = replace(under, reason=why, changed_at=asked.known_at, changed_by=asked.actor)
    return under


def _report(
    account: str,
    held_to: Rules,
    view: MarketView,
    portfolio: Portfolio,
    control: ControlState,
    history: Track,
) -> RiskReport:
    rules, now = held_to.governor, control.at(view.as_of)
    risk = AccountRisk(view, rules)
    book = risk.book(portfolio.positions)
    found = risk.value_at_risk_of(book)
    equity = equity_dollars(portfolio)
    day = day_of(history, view, portfolio)
    known = isinstance(book, RiskBook) and bool(book.underlyings)
    return RiskReport(
        account=account,
        as_of=view.as_of,
        portfolio=portfolio,
        control=now,
        limits=(
            *limit_uses(portfolio, held_to.limits, risk, day, now, history),
            *book_uses(book, found, equity, risk),
        ),
        value_at_risk=found,
        grid=stress_grid(book) if isinstance(book, RiskBook) and known else None,
        shocks=_shocks(book, view) if isinstance(book, RiskBook) and known else (),
        sectors=sector_cents(portfolio.positions, rules.sectors),
        warnings=tuple(one for one in guard(view, portfolio, now, history, rules) if isinstance(one, Warn)),
        positions=tuple(_position(one, risk) for one in portfolio.positions),
    )


def _shocks(book: RiskBook, view: MarketView) -> tuple[ShockResult, ...]:
    return tuple(shock_result(shock, book, view) for shock in SHOCKS)


def _instant(
    system: System,
    source: MarketSource,
    last: datetime | None,
    held: Sequence[str],
    as_of: datetime | date | None,
) -> datetime:
    """Return the instant asked for, else the latest that says anything of the account; now without any."""
    if isinstance(as_of, datetime):
        return as_of
    if as_of is not None:
        return system.calendar.session_close(system.calendar.session_at_or_before(as_of))
    known = [] if last is None else [last]
    for symbol in held:
        snapshots = source.snapshots(symbol)
        if len(snapshots):
            known.append(datetime.fromtimestamp(int(snapshots[-1]), UTC))
    return min(max(known, default=system.now()), system.now())


def _valued(system: System, state: AccountState, view: MarketView) -> Portfolio:
    if not state.account:
        capital = system.capital_cents
        return portfolio_of((), as_of=view.as_of, cash_cents=capital, margin_cents=0)
    return value_account(state, view, MissingQuotePolicy.MODEL).portfolio


def _position(position: Position, risk: AccountRisk) -> dict[str, Any]:
    """Return a position with what it loses now, and at which loss it would be closed."""
    profit = position.profit_exit_cents
    limits = loss_limits(position, risk.governor)
    own = risk.value_at_risk([position])
    return {
        "position_id": position.position_id,
        "strategy": position.strategy,
        "underlying": position.underlying,
        "sector": sector_of(position.underlying, risk.governor.sectors),
        "structure": position.structure.describe(),
        "quantity": position.quantity,
        "profit": None if profit is None else profit / 100,
        "closed_at_loss": min(limits.values()) / 100 if limits else None,
        "value_at_risk": None if isinstance(own, Unpriced) else own.cents / 100,
        "pending": position.mark is None,
    }


def _state(control: ControlState) -> dict[str, Any]:
    return {
        "state": control.state.value,
        "reason": control.reason,
        "detail": control.detail,
        "flatten": control.flatten,
        "by_person": control.by_person,
        "since": None if control.changed_at is None else control.changed_at.isoformat(),
        "by": control.changed_by,
    }


def _at_risk(found: ValueAtRisk | Unpriced) -> dict[str, Any]:
    if isinstance(found, Unpriced):
        return {"known": False, "unknown": found.detail}
    return {
        "known": True,
        "historical": found.historical_cents / 100,
        "delta_gamma_vega": found.sensitivity_cents / 100,
        "worst": found.worst_cents / 100,
        "worst_day": None if found.worst_day is None else found.worst_day.isoformat(),
        "sessions": found.sessions,
        "confidence": found.confidence,
    }


def _grid(grid: StressGrid) -> dict[str, Any]:
    profit, spot, volatility, days = grid.worst
    return {
        "days": list(grid.days),
        "spots": list(grid.spots),
        "volatilities": list(grid.volatilities),
        "profit": [[[round(one, 2) for one in row] for row in day] for day in grid.profit.tolist()],
        "worst": {"profit": round(profit, 2), "spot": spot, "volatility": volatility, "days": days},
    }


def _shock(result: ShockResult, account: Portfolio) -> dict[str, Any]:
    equity = account.equity_exit_cents / 100
    return {
        "name": result.shock.name,
        "title": result.shock.title,
        "profit": round(result.profit, 2),
        "of_equity": result.profit / equity if equity > 0 else None,
        "moves": {symbol: round(move, 4) for symbol, move in result.moves.items()},
        "volatility": round(result.shock.volatility, 4),
        "assumed": list(result.assumed),
    }
