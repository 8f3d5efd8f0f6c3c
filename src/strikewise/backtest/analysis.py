"""What lies behind a run's figures: its trades by kind and piece by piece, and where the profit came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strikewise.backtest.attribution import Attribution, attribute
from strikewise.backtest.breakdowns import Breakdown, TradeDetail, breakdowns_of, details_of
from strikewise.backtest.pin_stress import PinStress, pin_stress
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.portfolio.journal_rows import TradeRow
from strikewise.portfolio.ledger import Record

__all__ = ["RunAnalysis", "analyse"]


@dataclass(frozen=True, slots=True)
class RunAnalysis:
    """The parts of a run.

    Attributes
    ----------
    breakdowns : tuple of Breakdown
        Its closed trades by each property.
    details : tuple of TradeDetail
        What each trade was made of.
    attribution : Attribution
        Where the profit came from.
    pins : PinStress
        Short options that expired near their strike, and what a gap would have cost.
    """

    breakdowns: tuple[Breakdown, ...]
    details: tuple[TradeDetail, ...]
    attribution: Attribution
    pins: PinStress

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "breakdowns": {one.by: [bucket.as_dict() for bucket in one.buckets] for one in self.breakdowns},
            "details": [one.as_dict() for one in self.details],
            "attribution": self.attribution.as_dict(),
            "pins": self.pins.as_dict(),
        }


def analyse(
    trades: Sequence[TradeRow], records: Sequence[Record], source: MarketSource, calendar: SessionCalendar
) -> RunAnalysis:
    """Return the parts of a finished run.

    Parameters
    ----------
    trades : sequence of TradeRow
        Of its journal.
    records : sequence of Record
        Its whole ledger.
    source : MarketSource
        The data it ran over.
    calendar : SessionCalendar
        The sessions.
    """
    return RunAnalysis(
        breakdowns=breakdowns_of(trades, records, calendar, source),
        details=details_of(trades, records),
        attribution=attribute(records, source),
        pins=pin_stress(records),
    )
