"""What a run over the past came to: read from its facts, in the form every face prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from strikewise.backtest.chain_origins import ChainOrigin, chain_origins
from strikewise.backtest.portfolio_figures import PortfolioFigures, portfolio_figures
from strikewise.backtest.runner import ReplaySpec
from strikewise.backtest.trade_values import trade_as_dict
from strikewise.domain.events import MarkEstimated, RunStarted
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.money import to_dollars
from strikewise.domain.quotes import Grade
from strikewise.market.calendar import new_york_day
from strikewise.market.source import MarketSource
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.journal_rows import EquityRow, TradeRow
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.performance import EquityPoint, Performance, TradeOutcome, measure

__all__ = ["MissingQuote", "ReplayResult", "performance_of", "result_of"]


@dataclass(frozen=True, slots=True)
class MissingQuote:
    """A held contract that had no usable quote for a while, and how the policy marked it.

    Attributes
    ----------
    trade_id, instrument, policy : str
        Which position's which contract, priced by which policy.
    marks : int
        How often it was marked so.
    first, last : date
        The first and last day of them.
    last_price : float
        What it was marked at last, dollars per share.
    """

    trade_id: str
    instrument: str
    policy: str
    marks: int
    first: date
    last: date
    last_price: float

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "trade_id": self.trade_id,
            "instrument": self.instrument,
            "policy": self.policy,
            "marks": self.marks,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "last_price": self.last_price,
        }


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A finished run.

    Attributes
    ----------
    fingerprint : str
        Hash of what happened: same specification and data, same fingerprint.
    grade : Grade
        The worst grade of the data it traded on.
    title : str
        Name of the run, with the grade where it is not recorded quotes.
    spec : mapping
        The whole specification, defaults filled in.
    data : mapping of str to str
        Digest of the data by underlying.
    chains : tuple of ChainOrigin
        Where the chains it saw came from.
    performance : Performance
        The figures.
    portfolio : PortfolioFigures
        Its strategies, months, regimes and campaigns.
    trades : tuple of TradeRow
        In order of opening.
    equity : tuple of EquityRow
        One for each session.
    prices : mapping of str to sequence of (date, float)
        Closes of each underlying over the run, dollars.
    missing_quotes : tuple of MissingQuote
        Every held contract that was marked by policy for want of a quote.
    facts : int
        Facts written.
    """

    fingerprint: str
    grade: Grade
    title: str
    spec: Mapping[str, object]
    data: Mapping[str, str]
    chains: tuple[ChainOrigin, ...]
    performance: Performance
    portfolio: PortfolioFigures
    trades: tuple[TradeRow, ...]
    equity: tuple[EquityRow, ...]
    prices: Mapping[str, tuple[tuple[date, float], ...]]
    missing_quotes: tuple[MissingQuote, ...]
    facts: int

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form that is documented as a contract: dollars, fractions, ISO times with zone."""
        figures = self.performance.as_dict()
        return {
            "fingerprint": self.fingerprint,
            "grade": self.grade.value,
            "title": self.title,
            "spec": dict(self.spec),
            "data": dict(self.data),
            "chains": [one.as_dict() for one in self.chains],
            "summary": figures["summary"],
            "years": figures["years"],
            "months": figures["months"],
            "exits": figures["exits"],
            "strategies": figures["strategies"],
            "portfolio": self.portfolio.as_dict(),
            "trades": [trade_as_dict(trade) for trade in self.trades],
            "equity": [equity_as_dict(row) for row in self.equity],
            "prices": {
                symbol: [{"date": day.isoformat(), "close": close} for day, close in closes]
                for symbol, closes in self.prices.items()
            },
            "missing_quotes": [one.as_dict() for one in self.missing_quotes],
            "facts": self.facts,
        }


def equity_as_dict(row: EquityRow) -> dict[str, object]:
    """Return one session of the equity curve in its JSON form."""
    return {
        "at": row.at.isoformat(),
        "cash": to_dollars(row.cash_cents),
        "equity_mid": to_dollars(row.equity_mid_cents),
        "equity_exit": to_dollars(row.equity_exit_cents),
        "margin": to_dollars(row.margin_cents),
        "at_risk": to_dollars(row.at_risk_cents),
        "open_positions": row.open_positions,
        "estimated_legs": row.estimated_legs,
        "regime": row.regime,
    }


def result_of(
    spec: ReplaySpec, records: Iterable[Record], fingerprint: str, source: MarketSource, grade: Grade
) -> ReplayResult:
    """Return what a finished run came to.

    Parameters
    ----------
    spec : ReplaySpec
        What was run.
    records : iterable of Record
        Its whole ledger.
    fingerprint : str
        Of its facts.
    source : MarketSource
        Where its data came from, for the closes beside the trades and the origins of the chains.
    grade : Grade
        The worst grade of the chains it saw.
    """
    told = list(records)
    journal = journal_of(told)
    points = _points(journal)
    equity = _last_of_day(journal.equity)
    labels = [one.label for one in spec.run.strategies]
    title = spec.name if grade is Grade.QUOTES else f"{spec.name} ({grade.value} data)"
    data = next(event.data for one in told if isinstance(event := one.event, RunStarted))
    return ReplayResult(
        fingerprint=fingerprint,
        grade=grade,
        title=title,
        spec=spec.run.document,
        data=data,
        chains=chain_origins(source, spec.run.underlyings, spec.start, spec.end),
        performance=_measured(spec, journal, points),
        portfolio=portfolio_figures(spec.run.capital_cents, labels, journal, equity),
        trades=journal.trades,
        equity=equity,
        prices={name: _closes(source, name, points) for name in spec.run.underlyings},
        missing_quotes=_missing_quotes(told),
        facts=len(told),
    )


def performance_of(spec: ReplaySpec, records: Iterable[Record]) -> Performance:
    """Return the figures of a finished run from its whole ledger."""
    journal = journal_of(records)
    return _measured(spec, journal, _points(journal))


def _points(journal: Journal) -> list[EquityPoint]:
    return [
        EquityPoint(
            new_york_day(row.at),
            row.equity_exit_cents,
            row.equity_mid_cents,
            row.open_positions,
            row.deposited_cents,
        )
        for row in _last_of_day(journal.equity)
    ]


def _measured(spec: ReplaySpec, journal: Journal, points: Sequence[EquityPoint]) -> Performance:
    outcomes = [_outcome(trade) for trade in journal.trades if trade.closed_at is not None]
    return measure(spec.run.capital_cents, points, outcomes)


def _missing_quotes(records: Iterable[Record]) -> tuple[MissingQuote, ...]:
    """Return the marks by policy, one row for each contract of a position and policy."""
    found: dict[tuple[str, str, str], MissingQuote] = {}
    for record in records:
        event = record.event
        if isinstance(event, MarkEstimated):
            key = (event.position_id, str(event.instrument), event.policy)
            day = new_york_day(record.known_at)
            before = found.get(key) or MissingQuote(*key, marks=0, first=day, last=day, last_price=0.0)
            price = to_dollars(event.price_cents)
            found[key] = replace(before, marks=before.marks + 1, last=day, last_price=price)
    return tuple(found.values())


def _last_of_day(rows: Sequence[EquityRow]) -> tuple[EquityRow, ...]:
    return tuple({new_york_day(row.at): row for row in rows}.values())


def _outcome(trade: TradeRow) -> TradeOutcome:
    return TradeOutcome(
        strategy=trade.strategy,
        profit_cents=trade.profit_cents or 0,
        fees_cents=trade.fees_cents,
        traded_cents=abs(trade.entry_cents) + abs(trade.exit_cents or 0),
        days_held=trade.days_held or 0,
        reason=trade.exit_reason,
    )


def _closes(
    source: MarketSource, symbol: str, points: Sequence[EquityPoint]
) -> tuple[tuple[date, float], ...]:
    """Return the closes over the run: daily bars, or the chains' own prices where there are no bars."""
    first, last = days_of(points[0].day), days_of(points[-1].day)
    bars = source.bars(symbol)
    if bars is not None and len(bars):
        inside = (bars.days >= first) & (bars.days <= last)
        rows = zip(bars.days[inside].tolist(), bars.close[inside].tolist(), strict=True)
        return tuple((date_of(day), close) for day, close in rows)
    found = {}
    for seconds in source.snapshots(symbol).tolist():
        at = datetime.fromtimestamp(seconds, UTC)
        chain = source.chain(symbol, at) if first <= days_of(new_york_day(at)) <= last else None
        if chain is not None and chain.spot_cents > 0:
            found[new_york_day(at)] = chain.spot
    return tuple(found.items())
