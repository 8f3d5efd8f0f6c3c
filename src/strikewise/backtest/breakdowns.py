"""Trades by what they were: their opening day, days left, delta, regime, structure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from strikewise.domain.events import SignalGenerated
from strikewise.domain.instruments import OptionContract
from strikewise.domain.money import to_dollars
from strikewise.domain.signals import Signal
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.portfolio.journal_rows import TradeRow
from strikewise.portfolio.ledger import Record

__all__ = ["Breakdown", "Bucket", "TradeDetail", "breakdowns_of", "details_of"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DTE_EDGES = (1, 7, 21, 45, 90)
DTE_NAMES = ("0–1 days", "2–7 days", "8–21 days", "22–45 days", "46–90 days", "over 90 days")
DELTA_EDGES = (0.05, 0.10, 0.16, 0.25, 0.35, 0.50)
DELTA_NAMES = ("to .05", ".05–.10", ".10–.16", ".16–.25", ".25–.35", ".35–.50", "over .50")
UNKNOWN, SHARES = "unknown", "shares"
"""The groups of trades that do not say, and of those without an option."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The closed trades of one kind.

    Attributes
    ----------
    name : str
        The kind.
    trades : int
        How many.
    profit : float
        Their profit after fees, dollars.
    win_rate : float
        Share with a profit above zero.
    worst : float
        The least of their profits, dollars.
    """

    name: str
    trades: int
    profit: float
    win_rate: float
    worst: float

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "trades": self.trades,
            "pnl": self.profit,
            "win_rate": self.win_rate,
            "worst": self.worst,
        }


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All closed trades, by one property; the buckets in their natural order.

    Attributes
    ----------
    by : str
        The property: ``weekday``, ``dte``, ``delta``, ``regime``, ``structure`` or ``underlying``.
    buckets : tuple of Bucket
        Those that hold a trade.
    """

    by: str
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class TradeDetail:
    """What a trade was made of, for its payoff picture and its story.

    Attributes
    ----------
    trade_id : str
        The position.
    legs : tuple of (str, float, int, str)
        Of one unit: ``C``, ``P`` or ``S`` (shares), strike in dollars (0 for shares), contracts or shares,
        expiration (empty for shares).
    price : float
        Cost of one unit as the signal saw it, dollars; received negative.
    breakevens : tuple of float
        As the signal said.
    because : mapping of str to (float or str)
        The features at entry.
    """

    trade_id: str
    legs: tuple[tuple[str, float, int, str], ...]
    price: float
    breakevens: tuple[float, ...]
    because: Mapping[str, float | str]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "trade_id": self.trade_id,
            "legs": [list(leg) for leg in self.legs],
            "price": self.price,
            "breakevens": list(self.breakevens),
            "because": dict(self.because),
        }


def breakdowns_of(
    trades: Sequence[TradeRow], records: Iterable[Record], calendar: SessionCalendar, source: MarketSource
) -> tuple[Breakdown, ...]:
    """Return the closed trades by each property.

    Parameters
    ----------
    trades : sequence of TradeRow
        Of the journal.
    records : iterable of Record
        The ledger they are from, for their signals.
    calendar : SessionCalendar
        Says which New York day an instant belongs to.
    source : MarketSource
        The data they were traded on, for the deltas of their legs.
    """
    signals = _signals(records)
    closed = [trade for trade in trades if trade.profit_cents is not None]

    def opened_on(trade: TradeRow) -> str:
        return WEEKDAYS[calendar.day_of(trade.opened_at).weekday()]

    def days_left(trade: TradeRow) -> str:
        signal = signals.get(trade.signal_id)
        if signal is None or not signal.structure.expirations:
            return UNKNOWN if signal is None else SHARES
        days = (signal.structure.expirations[0] - calendar.day_of(trade.opened_at)).days
        return DTE_NAMES[bisect_left(DTE_EDGES, days)]

    def delta_of(trade: TradeRow) -> str:
        signal = signals.get(trade.signal_id)
        if signal is None or not signal.structure.options:
            return UNKNOWN if signal is None else SHARES
        delta = _largest_delta(signal, source)
        return UNKNOWN if delta is None else DELTA_NAMES[bisect_left(DELTA_EDGES, delta)]

    properties: tuple[tuple[str, Callable[[TradeRow], str], Sequence[str]], ...] = (
        ("weekday", opened_on, WEEKDAYS),
        ("dte", days_left, DTE_NAMES),
        ("delta", delta_of, DELTA_NAMES),
        ("regime", lambda trade: trade.regime or UNKNOWN, ()),
        ("structure", lambda trade: trade.structure, ()),
        ("underlying", lambda trade: trade.underlying, ()),
    )
    return tuple(Breakdown(by, _buckets(closed, key, order)) for by, key, order in properties)


def details_of(trades: Sequence[TradeRow], records: Iterable[Record]) -> tuple[TradeDetail, ...]:
    """Return what each trade was made of; one whose signal is not in the records is left out."""
    signals = _signals(records)
    return tuple(
        TradeDetail(
            trade.trade_id,
            tuple(_leg(leg.instrument, leg.ratio) for leg in signal.structure.legs),
            to_dollars(signal.price_cents),
            signal.breakevens,
            signal.because,
        )
        for trade in trades
        if (signal := signals.get(trade.signal_id)) is not None
    )


def _leg(instrument: object, ratio: int) -> tuple[str, float, int, str]:
    if isinstance(instrument, OptionContract):
        return instrument.right.value, instrument.strike, ratio, instrument.expiration.isoformat()
    return "S", 0.0, ratio, ""


def _largest_delta(signal: Signal, source: MarketSource) -> float | None:
    """Return the largest absolute delta of what is sold, or bought where nothing is; None if unknown."""
    chain = source.chain(signal.underlying, signal.as_of)
    options = signal.structure.options
    counted = [contract for contract, ratio in options if ratio < 0] or [contract for contract, _ in options]
    rows = [] if chain is None else [chain.find(contract) for contract in counted]
    deltas = [abs(float(chain.delta[row])) for row in rows if chain is not None and row is not None]
    return max((delta for delta in deltas if isfinite(delta)), default=None)


def _signals(records: Iterable[Record]) -> dict[str, Signal]:
    generated = (record.event for record in records if isinstance(record.event, SignalGenerated))
    return {event.signal.signal_id: event.signal for event in generated}


def _buckets(
    trades: Iterable[TradeRow], key: Callable[[TradeRow], str], order: Sequence[str]
) -> tuple[Bucket, ...]:
    found: dict[str, list[int]] = {}
    for trade in trades:
        found.setdefault(key(trade), []).append(trade.profit_cents or 0)
    place = {name: number for number, name in enumerate(order)}
    names = sorted(found, key=lambda name: (place.get(name, len(place)), name))
    return tuple(_bucket(name, found[name]) for name in names)


def _bucket(name: str, profits: list[int]) -> Bucket:
    won = sum(1 for profit in profits if profit > 0)
    return Bucket(name, len(profits), sum(profits) / 100, won / len(profits), min(profits) / 100)
