"""What a run over the past came to: read from its facts, in the form every face prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from strikewise.domain.money import to_dollars
from strikewise.domain.quotes import Grade
from strikewise.portfolio.journal import EquityRow, TradeRow
from strikewise.portfolio.performance import Performance


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A finished run.

    Attributes
    ----------
    fingerprint : str
        Hash of the last fact: same specification and data, same fingerprint.
    grade : Grade
        The worst grade of the data it traded on.
    title : str
        Name of the run, with the grade where it is not recorded quotes.
    spec : mapping
        The whole specification, defaults filled in.
    data : mapping of str to str
        Digest of the data by underlying.
    performance : Performance
        The figures.
    trades : tuple of TradeRow
        In order of opening.
    equity : tuple of EquityRow
        One for each session.
    prices : mapping of str to sequence of (date, float)
        Closes of each underlying over the run, dollars.
    facts : int
        Facts written.
    """

    fingerprint: str
    grade: Grade
    title: str
    spec: Mapping[str, object]
    data: Mapping[str, str]
    performance: Performance
    trades: tuple[TradeRow, ...]
    equity: tuple[EquityRow, ...]
    prices: Mapping[str, tuple[tuple[date, float], ...]]
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
            "summary": figures["summary"],
            "years": figures["years"],
            "months": figures["months"],
            "exits": figures["exits"],
            "trades": [trade.as_dict() for trade in self.trades],
            "equity": [equity_as_dict(row) for row in self.equity],
            "prices": {
                symbol: [{"date": day.isoformat(), "close": close} for day, close in closes]
                for symbol, closes in self.prices.items()
            },
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
    }
