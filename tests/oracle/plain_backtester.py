"""A backtest, slowly: tick by tick, position by position, leg by leg. It writes the facts that it expects.

Settings come in as data. What is computed of them is computed here, from the rules as they are documented;
nothing of the engine, of execution, portfolio, risk or strategy is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import gcd
from typing import Any

from oracle.plain_account import Account, Legs, Order, Position, Wish, ordered, waiting
from oracle.plain_adjusting import judge_adjusting, while_working
from oracle.plain_calls import Adjustment, Answer, cash_left
from oracle.plain_exchange import Exchange, FeeTables, end
from oracle.plain_gate import (
    Denial,
    Standing,
    adjusting_split,
    judge,
    judge_closing,
    margin_call,
    seats,
    shares_in,
    tradable_now,
)
from oracle.plain_hedges import hedge_units
from oracle.plain_indexes import INDEXES, index_units
from oracle.plain_managing import answer
from oracle.plain_market import Instants, PlainMarket, PlainView
from oracle.plain_nights import Nights
from oracle.plain_options import StandIns
from oracle.plain_settings import Settings
from oracle.plain_sizes import Purse, units_of
from oracle.plain_valuation import Valuer
from oracle.plain_wishes import wishes
from strikewise.domain.identifiers import short_digest
from strikewise.domain.instruments import OptionContract

WITH_CASH = frozenset({"cash_secured_put", "covered_call", "wheel"})
"""What trades on no margin."""
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True)
class PlainFact:
    """What the ledger should say."""

    kind: str
    known_at: datetime
    actor: str
    cause: int | None
    payload: dict[str, Any]


@dataclass
class PlainBacktest:
    """One run."""

    spec: Settings
    market: PlainMarket
    tables: FeeTables
    facts: list[PlainFact] = field(default_factory=list)

    def run(self) -> list[PlainFact]:
        spec = self.spec
        self.stand_ins = StandIns(self.market.smiles)
        self.exchange = Exchange(spec.fills, spec.fees, self.tables, spec.lag, self.stand_ins)
        self.nights = Nights(spec.exercise, spec.financing, spec.fees, self.tables, self.stand_ins)
        self.valuer = Valuer(str(spec.run.missing_quote), self.stand_ins)
        cash = spec.run.capital_cents
        self.account = Account(cash=cash, deposited=cash)
        self.told: list[tuple[str, dict[str, Any], str]] = []
        self.numbers: dict[str, int] = {}
        instants = Instants(self.market, spec.run.underlyings)
        ticks = instants.ticks(spec.start, spec.end)
        self._write("AccountOpened", ticks[0], "engine", None, account=spec.run.account, cash_cents=cash)
        started = {"spec": spec.run.document, "data": {}, "grade": None}
        self._write("RunStarted", ticks[0], "engine", None, **started)
        self.started = len(self.facts)
        seen: PlainView | None = None
        for now in ticks:
            view = instants.view(now)
            self._tick(seen, view)
            seen = view
        return self.facts

    # --- the ledger ---

    def _write(self, kind: str, at: datetime, actor: str, cause: int | None, **payload: Any) -> int:
        self.facts.append(PlainFact(kind, at, actor, cause, payload))
        return len(self.facts)

    def _tell(self, kind: str, payload: dict[str, Any], about: str) -> None:
        self.told.append((kind, payload, about))

    def _listen(self, view: PlainView) -> None:
        """Write down what the exchange told, caused by the order that it is about, or by the run."""
        for kind, payload, about in self.told:
            cause = self.numbers.get(about)
            if cause is None and kind == "CashFlowed":
                cause = self.started
            self._write(kind, view.now, "broker", cause, **payload)
        self.told = []

    # --- a tick ---

    def _tick(self, seen: PlainView | None, view: PlainView) -> None:
        account = self.account
        if seen is not None and view.day > seen.day:
            self.exchange.taken = {}  # what a session trades is counted once
            self.nights.pass_night(account, seen, view, self._tell)
        self.nights.settle(account, view, view.now, self._tell)
        self.exchange.work(account, view, self._tell)
        self._listen(view)
        for estimate in self.valuer.value(self.account, view):
            self._write("MarkEstimated", view.now, "engine", None, **estimate)
        orders = self._decide(view)
        for order in orders:
            self._send(order, view)
        if orders:
            self._listen(view)
        self._close_tick(view, len(self.valuer.value(self.account, view)))

    def _send(self, order: Order, view: PlainView) -> None:
        if order.purpose == "close":
            for resting in list(self.account.working.values()):
                if resting.position_id == order.position_id and resting.purpose != "close":
                    end(resting, "cancelled", "asked for", self.account, view, self._tell)
        self.exchange.submit(order, self.account, view, self._tell)
        answer = {"order_id": order.order_id, "broker_order_id": order.order_id}
        self._write("OrderAccepted", view.now, "broker", self.numbers[order.order_id], **answer)

    def _close_tick(self, view: PlainView, estimated: int) -> None:
        standing = self._standing(view)
        held = list(self.account.positions.values())
        profits = {name: record.profit for name, record in self.account.records.items()}
        greeks = [0.0, 0.0, 0.0, 0.0]
        for position in held:
            assert position.mark is not None
            profits[position.strategy] = profits.get(position.strategy, 0) + position.profit
            greeks = [one + other for one, other in zip(greeks, position.mark.greeks, strict=True)]
        names = ("delta", "gamma", "theta", "vega")
        at_risk = [one.margin if one.max_loss is None else one.max_loss for one in standing.positions]
        self._write(
            "AccountValued",
            view.now,
            "engine",
            None,
            cash_cents=self.account.cash,
            equity_mid_cents=self.account.cash + sum(one.mark.mid for one in held if one.mark),
            equity_exit_cents=standing.equity_exit,
            margin_cents=standing.margin,
            at_risk_cents=sum(at_risk),
            open_positions=len(held),
            estimated_legs=estimated,
            regime=view.regime,
            profits=profits,
            **{name: round(value, 4) for name, value in zip(names, greeks, strict=True)},
        )

    # --- decisions ---

    def _standing(self, view: PlainView) -> Standing:
        return self.valuer.standing(self.account, shares_in(self.spec.run.allocation, view.regime), view)

    def _decide(self, view: PlainView) -> list[Order]:
        standing = self._standing(view)
        orders = self._manage(standing, view)
        weekday = WEEKDAYS[view.day.weekday()]
        if view.calendar.is_session(view.day) and weekday in self.spec.run.entry_weekdays:
            orders += self._seek(standing, view)
        return orders

    def _manage(self, standing: Standing, view: PlainView) -> list[Order]:
        called, orders = margin_call(standing, view), []
        margin = f"margin={standing.margin / 100:.2f} equity={standing.equity_exit / 100:.2f}"
        self._count_adjustments(standing, view)
        strategies = {one.label: one for one in self.spec.run.strategies}
        for position in list(self.account.positions.values()):
            if position.closing or not tradable_now(position, view):
                continue
            actor = position.strategy
            why: Answer = None
            split = adjusting_split(position.underlying, view) if position.options else None
            if position.position_id in called:
                actor, why = "engine", ("MARGIN_CALL", margin)
            elif split is not None:
                numbers = f"ex_date={split[0].isoformat()} ratio={split[1]}"
                actor, why = "engine", ("ADJUSTED_CONTRACT", numbers)
            else:
                why = answer(strategies[position.strategy], position, view)
            if isinstance(why, Adjustment):
                orders += self._adjust(position, why, standing, view)
                continue
            later = None if why is None else self._later(position, why, view)
            order = None if why is None else self._closing(position, why, actor, view)
            if order is not None:
                orders.append(order)
                if later is not None:
                    orders += self._open_all([later], standing, view, rolled=position)
        return orders

    def _count_adjustments(self, standing: Standing, view: PlainView) -> None:
        """What was granted to adjustments that still rest stays reserved."""
        for order in self.account.working.values():
            position = self.account.positions.get(order.position_id)
            if order.purpose == "adjust" and position is not None:
                chain = view.fresh(position.underlying)
                standing.count_as(while_working(order.legs, order.left, position, chain))

    def _adjust(
        self, position: Position, wanted: Adjustment, standing: Standing, view: PlainView
    ) -> list[Order]:
        """Order further legs for a position, if nothing works on it and the gate lets them pass."""
        cause = self.numbers[position.position_id]
        works = [one for one in self.account.working.values() if one.position_id == position.position_id]
        found: Denial | Position
        if works:
            found = "PORTFOLIO_CONFLICT", f"order={works[0].order_id}"
        else:
            limits = self.spec.run.limits
            found = judge_adjusting(wanted.legs, wanted.quantity, position, standing, limits, view)
        if isinstance(found, tuple):
            refused = {"position_id": position.position_id, "code": found[0], "detail": found[1]}
            self._write("OrderDenied", view.now, position.strategy, cause, **refused)
            return []
        intent = f"adjust|{position.position_id}|{wanted.reason}|{view.now.isoformat()}"
        order = Order(
            order_id=self._order_id(position.strategy, intent, view),
            position_id=position.position_id,
            strategy=position.strategy,
            underlying=position.underlying,
            purpose="adjust",
            legs=wanted.legs,
            quantity=wanted.quantity,
            limit=None,
            created_at=view.now,
            reason=wanted.reason,
            detail=wanted.detail,
        )
        self._place(order, position.strategy, cause, view)
        standing.count_as(found)
        return [order]

    def _later(self, position: Position, why: tuple[str, str], view: PlainView) -> tuple[int, Wish] | None:
        """What a position whose days are up is rolled into: the best that expires after it."""
        for number, one in enumerate(self.spec.run.strategies):
            rolls = one.strategy.name not in WITH_CASH and one.params.get("roll", False)
            rolls = rolls and one.label == position.strategy
            if rolls and why[0] == "DTE_EXIT":
                last = max(leg.expiration for leg, _ in position.legs if isinstance(leg, OptionContract))
                for wish in wishes(one.strategy.name, one.label, view, one.params):
                    ends = [leg.expiration for leg, _ in wish.legs if isinstance(leg, OptionContract)]
                    if wish.underlying == position.underlying and min(ends) > last:
                        return number, wish
        return None

    def _closing(self, position: Position, why: tuple[str, str], actor: str, view: PlainView) -> Order | None:
        units = gcd(*position.held.values())
        legs: Legs = ordered({one: -count // units for one, count in position.held.items()})
        cause = self.numbers[position.position_id]
        denial = judge_closing(legs, units, position, view)
        if denial is not None:
            refused = {"position_id": position.position_id, "code": denial[0], "detail": denial[1]}
            self._write("OrderDenied", view.now, actor, cause, **refused)
            return None
        intent = f"close|{position.position_id}|{why[0]}|{view.now.isoformat()}"
        order = Order(
            order_id=self._order_id(position.strategy, intent, view),
            position_id=position.position_id,
            strategy=position.strategy,
            underlying=position.underlying,
            purpose="close",
            legs=legs,
            quantity=units,
            limit=None,
            created_at=view.now,
            reason=why[0],
            detail=why[1],
        )
        self._place(order, actor, cause, view)
        position.closing = order.order_id
        return order

    def _seek(self, standing: Standing, view: PlainView) -> list[Order]:
        run, orders = self.spec.run, []
        found: list[tuple[int, Wish]] = []
        in_order = str(run.allocation.priority) == "order"
        for number, chosen in enumerate(run.strategies):
            full = [seats(chosen.label, symbol, standing, run.limits) for symbol in run.underlyings]
            if all(full):
                continue
            wanted = [
                (number, one) for one in wishes(chosen.strategy.name, chosen.label, view, chosen.params)
            ]
            if in_order:
                orders += self._open_all(wanted, standing, view)
            else:
                found += wanted
        if str(run.allocation.priority) == "score":
            found.sort(key=lambda one: -one[1].score)
        else:
            found.sort(key=lambda one: -one[1].edge / max(one[1].margin, 1))
        return orders + self._open_all(found, standing, view)

    def _open_all(
        self,
        found: list[tuple[int, Wish]],
        standing: Standing,
        view: PlainView,
        rolled: Position | None = None,
    ) -> list[Order]:
        orders = []
        for number, wish in found:
            order = self._opening(wish, number, standing, view, rolled)
            if order is not None:
                orders.append(order)
        return orders

    def _opening(
        self, wish: Wish, number: int, standing: Standing, view: PlainView, rolled: Position | None
    ) -> Order | None:
        """Size a wish, ask the gate, order it; a roll is judged as if what it continues were gone."""
        account = standing if rolled is None else standing.without(rolled.position_id)
        # A roll is caused by the order that closes what it continues.
        cause = self.started if rolled is None else self.numbers[rolled.closing]
        cause = self._write("SignalGenerated", view.now, wish.strategy, cause, signal=wish.payload())
        units = self._units(wish, number, account, view)
        order = Order(
            order_id=self._order_id(wish.strategy, f"open|{wish.signal_id}", view),
            position_id="",
            strategy=wish.strategy,
            underlying=wish.underlying,
            purpose="open",
            legs=wish.legs,
            quantity=units,
            # A strategy sees the last price of shares, and no quote to hold an order to.
            limit=None if isinstance(wish.legs[0][0], str) else wish.price,
            created_at=view.now,
            wish=wish,
            campaign="" if rolled is None else rolled.campaign,
        )
        order.position_id = order.order_id
        wanted = waiting(order, order.quantity)
        denial = judge(wanted, account, self.spec.run.limits, view)
        if denial is not None:
            self._write(
                "SignalDenied",
                view.now,
                wish.strategy,
                cause,
                signal_id=wish.signal_id,
                strategy=wish.strategy,
                underlying=wish.underlying,
                code=denial[0],
                detail=denial[1],
            )
            return None
        self._place(order, wish.strategy, cause, view)
        self.account.opened[order.position_id] = view.day, wish.strategy
        standing.positions.append(wanted)
        standing.margin += wanted.margin
        standing.opened_today.append(wish.strategy)
        return order

    def _units(self, wish: Wish, number: int, standing: Standing, view: PlainView) -> int:
        chosen = self.spec.run.strategies[number]
        name, params = chosen.strategy.name, chosen.params
        if name in INDEXES:
            return index_units(name, wish, self.account, standing, params)
        purse = self._purse(wish.strategy, standing)
        if name == "hedge_overlay":
            spots = {one.underlying: view.spot_cents(one.underlying) for one in standing.positions}
            return hedge_units(wish, purse, standing, params, view.now, spots)
        return units_of(wish, purse, params, cash_only=name in WITH_CASH)

    def _purse(self, strategy: str, standing: Standing) -> Purse:
        record = self.account.records.get(strategy)
        return Purse(
            equity=standing.equity_exit,
            deposited=self.account.deposited,
            share=standing.shares.get(strategy),
            free=standing.free,
            cash=cash_left(self.account, standing),
            used=sum(one.margin for one in standing.of(strategy)),
            measured=0 if record is None else record.measured,
            returns=0.0 if record is None else record.returns,
            squares=0.0 if record is None else record.squares,
        )

    def _place(self, order: Order, actor: str, cause: int, view: PlainView) -> None:
        number = self._write("OrderPlaced", view.now, actor, cause, order=order.payload())
        self.numbers[order.order_id] = number
        self.account.orders[order.order_id] = order

    def _order_id(self, strategy: str, intent: str, view: PlainView) -> str:
        return f"sw-{view.now:%y%m%d}-{short_digest(f'{self.spec.run.account}|{strategy}|{intent}')}-1"
