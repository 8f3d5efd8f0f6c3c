"""Where a run's profit came from: moves of the underlying, time, volatility, and what trading cost.

Between two ticks a leg earns, to second order in the price and first in time and volatility,

    ΔP ≈ delta ΔS + ½ gamma ΔS² + theta Δt + vega Δσ

with the Greeks of the tick before (Taylor; Hull, *Options, Futures, and Other Derivatives*, ch. 19). Costs
are what a fill paid beyond the mid of its snapshot, and fees. What is left is higher orders, settlements and
marks that a policy made, and is shown as such: the parts always add up to the change of equity marked to mid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import groupby

import numpy as np

from strikewise.domain.chain import OptionChain
from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    CashFlowed,
    OptionSettled,
    OrderFilled,
    PositionSplit,
)
from strikewise.domain.instruments import Instrument, OptionContract, Stock
from strikewise.domain.orders import SplitReport
from strikewise.domain.portfolio import Position
from strikewise.market.calendar import new_york_day
from strikewise.market.source import MarketSource
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.projection import AccountState

__all__ = ["Attribution", "Parts", "attribute"]

SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a profit is made of, dollars.

    Attributes
    ----------
    delta, gamma : float
        From moves of the underlying: first and second order.
    theta, vega : float
        From days that passed, and from changes of each contract's own volatility.
    carry : float
        Dividends and interest received, less those paid and the cost of borrowed shares.
    costs : float
        The spread paid against mid, and fees; negative.
    other : float
        Higher orders, settlements and marks made by policy.
    """

    delta: float = 0.0
    gamma: float = 0.0
    theta: float = 0.0
    vega: float = 0.0
    carry: float = 0.0
    costs: float = 0.0
    other: float = 0.0

    @property
    def total(self) -> float:
        """Their sum: the change of equity marked to mid."""
        return float(sum(getattr(self, one.name) for one in fields(Parts)))

    def __add__(self, more: Parts) -> Parts:
        """Return both together."""
        return Parts(*(getattr(self, one.name) + getattr(more, one.name) for one in fields(Parts)))

    def as_dict(self) -> dict[str, float]:
        """Return the JSON form."""
        parts = {one.name: round(getattr(self, one.name), 2) for one in fields(Parts)}
        return {**parts, "total": round(self.total, 2)}


@dataclass(frozen=True, slots=True)
class Attribution:
    """The parts of a run's profit.

    Attributes
    ----------
    whole : Parts
        Of the account.
    days : tuple of (date, Parts)
        Of each session.
    strategies : mapping of str to Parts
        Of each strategy's legs; what no leg carries is in the account's ``other`` alone.
    """

    whole: Parts
    days: tuple[tuple[date, Parts], ...]
    strategies: Mapping[str, Parts]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form, by month: the days are many."""
        months = [
            {"month": month, **sum((parts for _, parts in inside), Parts()).as_dict()}
            for month, inside in groupby(self.days, lambda item: f"{item[0]:%Y-%m}")
        ]
        return {
            "whole": self.whole.as_dict(),
            "months": months,
            "strategies": {name: parts.as_dict() for name, parts in self.strategies.items()},
        }


class _Snapshot:
    """Mids, volatilities and Greeks of one tick, looked up as they are asked for."""

    def __init__(self, source: MarketSource, at: datetime) -> None:
        self._source, self.at = source, at
        self._chains: dict[str, OptionChain | None] = {}

    def chain(self, underlying: str) -> OptionChain | None:
        if underlying not in self._chains:
            chain = self._source.chain(underlying, self.at)
            fresh = chain is not None and chain.as_of == self.at
            self._chains[underlying] = chain if fresh else None
        return self._chains[underlying]

    def spot(self, underlying: str) -> float | None:
        chain = self.chain(underlying)
        if chain is not None and chain.spot_cents > 0:
            return chain.spot_cents / 100
        bars = self._source.bars(underlying)
        if bars is None:
            return None
        row = int(np.searchsorted(bars.known_at, int(self.at.timestamp()), side="right")) - 1
        return float(bars.close[row]) if row >= 0 and np.isfinite(bars.close[row]) else None

    def mid(self, instrument: Instrument) -> float | None:
        """Dollars a share; None where there is no usable quote."""
        if isinstance(instrument, Stock):
            return self.spot(instrument.symbol)
        chain = self.chain(instrument.underlying)
        row = None if chain is None else chain.find(instrument)
        if chain is None or row is None or chain.bid[row] < 0 or chain.ask[row] <= 0:
            return None
        return (int(chain.bid[row]) + int(chain.ask[row])) / 200

    def greeks(self, contract: OptionContract) -> tuple[float, float, float, float, float]:
        """Return delta, gamma, theta, vega a share and volatility in points; NaN where unknown."""
        chain = self.chain(contract.underlying)
        row = None if chain is None else chain.find(contract)
        if chain is None or row is None:
            return (np.nan,) * 5
        columns = (chain.delta, chain.gamma, chain.theta, chain.vega)
        delta, gamma, theta, vega = (float(column[row]) for column in columns)
        return delta, gamma, theta, vega, 100.0 * float(chain.iv[row])


def attribute(records: Iterable[Record], source: MarketSource) -> Attribution:
    """Return the parts of a finished run's profit.

    Parameters
    ----------
    records : iterable of Record
        Its whole ledger.
    source : MarketSource
        The data it ran over.
    """
    state, worker = AccountState(), _Worker(source)
    for record in records:
        match record.event:
            case AccountOpened(cash_cents=cash):
                worker.equity += cash
            case OrderFilled() as filled:
                worker.fill(filled, state)
            case OptionSettled(report=report):
                held = state.positions.get(report.position_id)
                worker.pay(held.strategy if held else "", -report.fees_cents / 100)
            case CashFlowed(flow=flow):
                held = state.positions.get(flow.position_id)
                worker.carry(held.strategy if held else "", -flow.cash_cents / 100)
            case PositionSplit(report=split):
                worker.split(split)
        state = state.apply(record.seq, record.event, record.known_at)
        if isinstance(record.event, AccountValued):
            worker.close_tick(record.event, record.known_at, state.positions)
    strategies = {name: worker.strategies[name] for name in sorted(worker.strategies) if name}
    days = tuple(worker.days.items())
    return Attribution(sum((parts for _, parts in days), Parts()), days, strategies)


class _Worker:
    """Goes through the ticks of a run."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._before: _Snapshot | None = None
        self._now: _Snapshot | None = None
        self._held: dict[str, list[tuple[Instrument, int]]] = {}
        self._paid: dict[str, Parts] = {}
        self._split: set[str] = set()
        self.equity = 0
        self.days: dict[date, Parts] = {}
        self.strategies: dict[str, Parts] = {}

    def fill(self, filled: OrderFilled, state: AccountState) -> None:
        """Count what a fill paid beyond mid."""
        execution = filled.execution
        order = state.order(execution.order_id)
        paid = -execution.fees_cents / 100
        snapshot = self._snapshot(execution.at)
        for leg in execution.legs:
            mid = snapshot.mid(leg.instrument)
            if mid is not None:
                paid -= (leg.price_cents / 100 - mid) * leg.quantity * leg.instrument.multiplier
        self.pay("" if order is None else order.order.strategy, paid)

    def pay(self, strategy: str, dollars: float) -> None:
        """Count a cost, negative, on this tick."""
        self._paid[strategy] = self._paid.get(strategy, Parts()) + Parts(costs=dollars)

    def carry(self, strategy: str, dollars: float) -> None:
        """Count a dividend, interest or borrow cost on this tick, received positive."""
        self._paid[strategy] = self._paid.get(strategy, Parts()) + Parts(carry=dollars)

    def split(self, report: SplitReport) -> None:
        """Leave the moves of a symbol unexplained over its split: its prices before and after are no pair."""
        self._split.add(report.symbol)

    def close_tick(self, valued: AccountValued, at: datetime, positions: Mapping[str, Position]) -> None:
        """Explain the change of equity since the tick before."""
        now = self._snapshot(at)
        whole = Parts()
        for strategy, legs in self._held.items():
            whole_legs = [leg for leg in legs if leg[0].underlying not in self._split]
            parts = Parts() if self._before is None else _moved(whole_legs, self._before, now)
            whole += self._add(strategy, parts)
        for strategy, paid in self._paid.items():
            whole += self._add(strategy, paid)
        change = (valued.equity_mid_cents - self.equity) / 100
        whole += Parts(other=change - whole.total)
        day = new_york_day(at)
        self.days[day] = self.days.get(day, Parts()) + whole
        self.equity = valued.equity_mid_cents
        self._before, self._now, self._paid, self._held = now, None, {}, {}
        self._split = set()
        for position in positions.values():
            legs = self._held.setdefault(position.strategy, [])
            legs.extend((held.instrument, held.quantity) for held in position.holdings)

    def _snapshot(self, at: datetime) -> _Snapshot:
        if self._now is None or self._now.at != at:
            self._now = _Snapshot(self._source, at)
        return self._now

    def _add(self, strategy: str, parts: Parts) -> Parts:
        self.strategies[strategy] = self.strategies.get(strategy, Parts()) + parts
        return parts


def _moved(legs: list[tuple[Instrument, int]], before: _Snapshot, now: _Snapshot) -> Parts:
    """Return what the moves between two ticks were worth to some legs; legs without quotes stay out."""
    parts = Parts()
    days = (now.at - before.at).total_seconds() / SECONDS_A_DAY
    for instrument, quantity in legs:
        weight = quantity * instrument.multiplier
        start, end = before.spot(instrument.underlying), now.spot(instrument.underlying)
        if start is None or end is None:
            continue
        move = end - start
        if isinstance(instrument, Stock):
            parts += Parts(delta=weight * move)
            continue
        delta, gamma, theta, vega, volatility = before.greeks(instrument)
        first, last = before.mid(instrument), now.mid(instrument)
        if first is None or last is None or not np.isfinite(delta):
            continue
        change = now.greeks(instrument)[4] - volatility
        known = Parts(
            delta=weight * delta * move,
            gamma=weight * 0.5 * gamma * move * move,
            theta=weight * theta * days,
            vega=weight * vega * change if np.isfinite(change) else 0.0,
        )
        parts += known + Parts(other=weight * (last - first) - known.total)
    return parts
