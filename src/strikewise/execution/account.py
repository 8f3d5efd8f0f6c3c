"""Cash and holdings of a simulated account by position, and what of them is due when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from strikewise.domain.instruments import Instrument, OptionContract, Stock, Style
from strikewise.domain.orders import CashFlow, LegFill, Order, SettlementReport, SplitReport
from strikewise.domain.portfolio import Holding
from strikewise.domain.splits import split_instrument
from strikewise.market.calendar import SessionCalendar

__all__ = ["Account"]

K = TypeVar("K")

SOON, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Account:
    """What a simulated broker keeps of an account.

    Parameters
    ----------
    cash_cents : int
        Cash at the beginning.
    holdings : mapping of str to holdings
        What is held already, by position id.

    Attributes
    ----------
    cash_cents : int
        The balance.
    held : dict of str to dict of Instrument to int
        Contracts and shares of each position, short negative.
    abandoned : set of OptionContract
        Contracts that are not to be exercised where they are held long.
    next_settlement : datetime
        Before it nothing is due.
    """

    def __init__(self, cash_cents: int, holdings: Mapping[str, Iterable[Holding]]) -> None:
        self.cash_cents = cash_cents
        self.held: dict[str, dict[Instrument, int]] = {}
        self.abandoned: set[OptionContract] = set()
        self._settles: dict[OptionContract, datetime] = {}
        # What is looked through every night.
        self._shares: set[tuple[str, Stock]] = set()
        self._written: set[tuple[str, OptionContract]] = set()
        for position_id, held in holdings.items():
            for holding in held:
                self._change(position_id, holding.instrument, holding.quantity)
        # An account that resumes settles at its first view whatever is due, and learns there what comes next.
        self.next_settlement = SOON if self.held else NEVER

    def net(self) -> tuple[Holding, ...]:
        """Return what is held, netted by instrument."""
        net: dict[Instrument, int] = {}
        for held in self.held.values():
            for instrument, quantity in held.items():
                net[instrument] = net.get(instrument, 0) + quantity
        return tuple(Holding(one, quantity) for one, quantity in net.items() if quantity)

    def instruments(self) -> Iterator[Instrument]:
        """Yield every instrument of every position."""
        return (one for held in self.held.values() for one in held)

    def symbols(self) -> set[str]:
        """Return the underlyings of what is held."""
        return {next(iter(held)).underlying for held in self.held.values()}

    def shares(self) -> list[tuple[str, str, int]]:
        """Return position, symbol and number of the shares held, short negative."""
        # Sorted, so that an account that resumed tells them in the same order.
        return [(name, stock.symbol, self.held[name][stock]) for name, stock in sorted(self._shares)]

    def written(self) -> list[tuple[str, OptionContract, int]]:
        """Return position, contract and number of the American options sold; the number is negative."""
        return [(name, contract, self.held[name][contract]) for name, contract in sorted(self._written)]

    def lacking(self, order: Order, position_id: str) -> str:
        """Return what a closing order would trade that a position does not hold; empty where it holds it.

        What came from outside our orders belongs to no position of ours, so any may close it.
        """
        held, outside = self.held.get(position_id, {}), self._outside(position_id, order.underlying)
        for leg in order.structure.legs:
            closes = -leg.ratio * order.quantity
            has = held.get(leg.instrument, 0) + outside.get(leg.instrument, 0)
            if closes * has <= 0 or abs(closes) > abs(has):
                where = f" in position {position_id}" if position_id else ""
                return f"{leg.instrument}: {closes} to be closed, {has} held{where}."
        return ""

    def trade(
        self, position_id: str, legs: Iterable[LegFill], fees_cents: int, calendar: SessionCalendar
    ) -> None:
        """Pay a fill and its fees, and hold what it brought."""
        self.cash_cents -= fees_cents
        for leg in legs:
            self.cash_cents -= leg.cost_cents
            self._change(position_id, leg.instrument, leg.quantity)
            if isinstance(leg.instrument, OptionContract):
                self.next_settlement = min(self.next_settlement, self._settles_at(leg.instrument, calendar))

    def claim(self, order: Order, position_id: str) -> None:
        """Give a position what a closing order trades of what came from outside."""
        outside = self._outside(position_id, order.underlying)
        for leg in order.structure.legs if outside else ():
            closes = -leg.ratio * order.quantity
            missing = closes - self.held.get(position_id, {}).get(leg.instrument, 0)
            if missing * closes > 0 and leg.instrument in outside:
                self._change(position_id, leg.instrument, missing)
                self._change(order.underlying, leg.instrument, -missing)

    def trade_outside(self, legs: Iterable[LegFill], fees_cents: int, calendar: SessionCalendar) -> None:
        """Pay a trade of somebody beside us, which takes from our positions first, as brokers net."""
        self.cash_cents -= fees_cents
        for leg in legs:
            self.cash_cents -= leg.cost_cents
            left = leg.quantity
            for name, held in list(self.held.items()):
                has = held.get(leg.instrument, 0)
                if has * left < 0:
                    part = min(left, -has, key=abs)
                    self._change(name, leg.instrument, part)
                    left -= part
            if left:
                self.trade(
                    leg.instrument.underlying, [replace(leg, quantity=left, price_cents=0)], 0, calendar
                )

    def settle(self, report: SettlementReport) -> None:
        """Book an option that ended."""
        self.cash_cents -= report.cash_cents + report.fees_cents
        # Shares first: a position that is never empty keeps its place among the others.
        if report.shares:
            self._change(report.position_id, Stock(report.contract.underlying), report.shares)
        self._change(report.position_id, report.contract, -report.quantity)

    def pay(self, flow: CashFlow) -> None:
        """Book cash that moved without a trade."""
        self.cash_cents -= flow.cash_cents

    def split(self, report: SplitReport) -> None:
        """Book a split: of everything a position holds where it is by a whole number, else of its shares."""
        self.cash_cents -= report.cash_cents
        whole = report.denominator == 1
        before = list(self.held[report.position_id].items())
        for instrument, quantity in before:
            size = abs(quantity) * report.numerator // report.denominator
            became = split_instrument(instrument, report.numerator) if whole else instrument
            after = size if quantity > 0 else -size
            if became is instrument:
                self._change(report.position_id, instrument, after - quantity)
            else:
                self._change(report.position_id, became, after)
                self._change(report.position_id, instrument, -quantity)
        self.next_settlement = SOON

    def due(self, until: datetime, calendar: SessionCalendar) -> list[tuple[str, list[OptionContract]]]:
        """Return the contracts that settle by an instant, by position, each position's in order."""
        found = []
        for position_id, held in self.held.items():
            due = [
                one
                for one in held
                if isinstance(one, OptionContract) and self._settles_at(one, calendar) <= until
            ]
            if due:
                found.append((position_id, sorted(due, key=lambda one: one.key)))
        return found

    def look_ahead(self, calendar: SessionCalendar) -> None:
        """Learn when the next of what is held settles."""
        left = {one for one in self.instruments() if isinstance(one, OptionContract)}
        self._settles = {one: self._settles_at(one, calendar) for one in left}
        self.next_settlement = min(self._settles.values(), default=NEVER)

    def _outside(self, position_id: str, underlying: str) -> dict[Instrument, int]:
        """Return what is held on an underlying beside our positions: it stands under the symbol itself."""
        return self.held.get(underlying, {}) if position_id != underlying else {}

    def _settles_at(self, contract: OptionContract, calendar: SessionCalendar) -> datetime:
        at = self._settles.get(contract)
        if at is None:
            at = self._settles[contract] = calendar.settlement_at(contract)
        return at

    def _change(self, position_id: str, instrument: Instrument, quantity: int) -> None:
        held = self.held.setdefault(position_id, {})
        after = held.get(instrument, 0) + quantity
        if after:
            held[instrument] = after
        else:
            held.pop(instrument, None)
            if not held:
                del self.held[position_id]
        if isinstance(instrument, Stock):
            _keep(self._shares, (position_id, instrument), after != 0)
        elif after < 0 or (position_id, instrument) in self._written:
            american = instrument.root.style is Style.AMERICAN
            _keep(self._written, (position_id, instrument), american and after < 0)


def _keep(kept: set[K], key: K, wanted: bool) -> None:
    if wanted:
        kept.add(key)
    else:
        kept.discard(key)
