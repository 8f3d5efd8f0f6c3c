"""What happens to an account while nobody looks: interest, expiry, assignment, splits, dividends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from oracle.plain_account import Account, Position
from oracle.plain_exchange import FeeSettings, FeeTables, Tell, end, on
from oracle.plain_market import PlainView
from oracle.plain_options import StandIns
from oracle.plain_splits import bought_out, opening_of, report_of, split
from strikewise.domain.instruments import (
    Delivery,
    OptionContract,
    Right,
    Settlement,
    Style,
)
from strikewise.market.calendar import NEW_YORK


class ExerciseSettings(Protocol):
    """What is read of the rule of exercise."""

    early: bool
    deep_delta: float
    pin: str
    pin_band: float


class FinancingSettings(Protocol):
    """What is read of the rates of cash."""

    cash: str
    cash_spread: float
    debit_spread: float
    borrow_rate: float


@dataclass
class Nights:
    """The rules of the nights of one run."""

    exercise: ExerciseSettings
    financing: FinancingSettings
    fees: FeeSettings
    tables: FeeTables
    stand_ins: StandIns

    def pass_night(self, account: Account, seen: PlainView, view: PlainView, tell: Tell) -> None:
        """Book in its order what happened between the last view of a session and the first of a later one."""
        self._accrue(account, seen, view, tell)
        calendar = view.calendar
        self.settle(account, view, min(view.now, _next_open(calendar, seen.day)), tell)
        if self.exercise.early:
            self._assign_early(account, seen, view, tell)
        for day in self._action_days(account, seen.day, view):
            self.settle(account, view, min(view.now, _next_open(calendar, day - timedelta(days=1))), tell)
            for bought in bought_out(account, day, seen, view, self.stand_ins, self.fees, self.tables):
                self._book_end(account, *bought, view, tell)
            split(account, day, seen, view, tell)
            self._pay_dividends(account, day, view, tell)

    # --- money ---

    def _accrue(self, account: Account, seen: PlainView, view: PlainView, tell: Tell) -> None:
        """Interest on cash, and what borrowed shares cost, by the rates of the evening before."""
        nights, borrowed, rules = (view.day - seen.day).days, 0, self.financing
        charges = []
        for position in _by_name(account):
            spot = seen.spot(position.underlying)
            if position.shares < 0 and spot is not None:
                value = round(-position.shares * spot * 100)
                borrowed += value
                charges.append((position, math.ceil(value * rules.borrow_rate * nights / 365)))
        rate, cash = max(0.0, seen.rate() or 0.0), account.cash
        interest = 0
        if cash < 0:
            interest = math.ceil(-cash * math.expm1((rate + rules.debit_spread) * nights / 365))
        elif rules.cash != "none":
            earning = max(0, cash - borrowed)
            interest = -math.floor(earning * math.expm1(max(0.0, rate - rules.cash_spread) * nights / 365))
        for position, cents in charges:
            if cents:
                name = f"{position.position_id}/borrow/{position.underlying}/{view.day}"
                _flow(account, position, "borrow", name, cents, view.now, tell)
        if interest:
            _flow(account, None, "interest", f"interest/{view.day}", interest, view.now, tell)

    def _pay_dividends(self, account: Account, day: date, view: PlainView, tell: Tell) -> None:
        for position in _by_name(account):
            symbol = position.underlying
            micros = sum(round(one * 1_000_000) for ex, one in view.dividends(symbol) if ex == day)
            cents = -(position.shares * micros // 10_000)
            if cents:
                name = f"{position.position_id}/dividend/{symbol}/{day}"
                _flow(account, position, "dividend", name, cents, opening_of(day, view), tell)

    # --- expiry and assignment ---

    def settle(self, account: Account, view: PlainView, until: datetime, tell: Tell) -> None:
        """End every option whose settlement value was struck by an instant, each position by itself."""
        calendar, reports = view.calendar, []
        for position in account.positions.values():
            due = sorted(
                (one for one in position.options if calendar.settlement_at(one) <= until),
                key=lambda one: one.key,
            )
            prices = {one: self._settlement_price(one, view) for one in due}
            waiting = {
                calendar.settlement_session(one)
                for one, price in prices.items()
                if price is not None
                and self.exercise.pin == "adverse"
                and self._pinned(one, position.held[one], price[0])
            }
            for one, price in prices.items():
                session = calendar.settlement_session(one)
                if price is None or (session in waiting and view.day <= session):
                    continue  # nobody knows yet
                cents, policy = price
                exercised, rule = self._exercised(one, position.held[one], cents, view)
                at = calendar.settlement_at(one)
                reports.append((position, one, cents, policy, rule, exercised, at))
        for position, one, cents, policy, rule, exercised, at in reports:
            self._end(account, position, one, cents, policy, rule, at, view, tell, exercised=exercised)

    def _exercised(self, one: OptionContract, quantity: int, cents: int, view: PlainView) -> tuple[bool, str]:
        by_a_cent = _inside(one, cents) >= 10
        if not self._pinned(one, quantity, cents):
            return by_a_cent, ""
        if self.exercise.pin == "assigned":
            return True, "pin"
        following = view.spot_cents(one.underlying)
        return (by_a_cent if following is None else _inside(one, following) > 0), "pin"

    def _pinned(self, one: OptionContract, quantity: int, cents: int) -> bool:
        """Short, near its strike, and for shares."""
        if quantity >= 0 or self.exercise.pin == "exception" or one.root.delivery is Delivery.CASH:
            return False
        return abs(10 * cents - one.strike_milli) <= 10 * cents * self.exercise.pin_band

    def _settlement_price(self, one: OptionContract, view: PlainView) -> tuple[int, str] | None:
        """The close (for AM roots the open) of the settlement session, or what stands in for it."""
        session = view.calendar.settlement_session(one)
        found = _price_in(one, session, view)
        if found is not None:
            return found
        # Nothing of that session: the latest price known on the night after it.
        night = _next_open(view.calendar, session) - timedelta(seconds=1)
        past = view.at(min(night, view.now)) if view.day > session else view
        for one_view in (past, view):
            chain, spot = one_view.snapshot(one.underlying), one_view.spot_cents(one.underlying)
            if found := _price_in(one, session, one_view):
                return found
            if spot is not None:
                return spot, "latest_price"
            if chain is not None and chain.spot_cents >= 0:
                return chain.spot_cents, "latest_price"
        return None

    def _assign_early(self, account: Account, seen: PlainView, view: PlainView, tell: Tell) -> None:
        """American options that were sold are assigned where that pays their holders."""
        sold = [
            (position, one)
            for position in _by_name(account)
            for one, count in sorted(position.options.items())
            if count < 0 and one.root.style is Style.AMERICAN
        ]
        for position, one in sold:
            cause, spot = self._early_cause(one, seen, view), seen.spot_cents(one.underlying)
            if cause and spot is not None:
                at = view.calendar.session_close(seen.day)
                self._end(account, position, one, spot, "", cause, at, view, tell, exercised=True)

    def _early_cause(self, one: OptionContract, seen: PlainView, view: PlainView) -> str:
        spot = seen.spot_cents(one.underlying)
        inside = 0 if spot is None else _inside(one, spot)
        if inside <= 0:
            return ""
        calendar, dividends = view.calendar, view.dividends(one.underlying)
        if one.right is Right.CALL:
            cause = "early_dividend"
            until = min(view.day, calendar.settlement_session(one))  # what it delivers has those after it
            worth = 1000 * sum(paid for day, paid in dividends if seen.day < day <= until)
        else:
            cause = "early_carry"
            left = calendar.settlement_at(one) - calendar.session_close(seen.day)
            years = left.total_seconds() / (365 * 86400)
            last = calendar.settlement_session(one)
            lost = sum(paid for day, paid in dividends if seen.day < day <= last)
            worth = one.strike_milli * -math.expm1(-(seen.rate() or 0.0) * years) - 1000 * lost
        if worth <= 0:
            return ""
        chain = seen.snapshot(one.underlying)
        row = None if chain is None else chain.rows.get(one)
        if chain is not None and row is not None and row.usable and calendar.day_of(chain.at) == seen.day:
            mid, delta = 5 * (row.bid + row.ask), row.delta
        else:
            guess = self.stand_ins.price(seen, one, "model", None)
            mid, delta = 5 * (guess.bid + guess.ask), guess.greeks[0]
        if cause == "early_carry" and not math.isnan(delta) and abs(delta) < self.exercise.deep_delta:
            return ""
        return cause if mid - inside < worth else ""

    def _end(
        self,
        account: Account,
        position: Position,
        one: OptionContract,
        cents: int,
        policy: str,
        rule: str,
        at: datetime,
        view: PlainView,
        tell: Tell,
        *,
        exercised: bool,
    ) -> None:
        """Book that an option ended: for nothing, for cash, or for shares at the strike."""
        quantity = position.held[one]
        contracts, cash, shares = quantity * one.multiplier, 0, 0
        if exercised and one.root.delivery is Delivery.CASH:
            cash = -contracts * _inside(one, cents) // 10
        elif exercised:
            shares = contracts if one.right is Right.CALL else -contracts
            cash = shares * one.strike_milli // 10
        outcome = "expired" if not exercised else "exercised" if quantity > 0 else "assigned"
        fees = self._delivery(shares, cash, at.astimezone(NEW_YORK).date()) if exercised else 0
        report = report_of(position, one, outcome, cents, cash, shares, fees, at, policy, rule)
        self._book_end(account, position, one, report, view, tell)

    def _delivery(self, shares: int, cash: int, day: date) -> int:
        """The fee of an exercise; who sells shares by it pays section 31 on the strike."""
        sold = -cash if shares < 0 and self.fees.pass_through else 0
        millionths = math.ceil(sold * on(self.tables.section_31, day) / 10_000)
        return self.fees.assignment_cents + math.ceil(millionths / 10_000)

    def _book_end(
        self,
        account: Account,
        position: Position,
        one: OptionContract,
        report: dict[str, Any],
        view: PlainView,
        tell: Tell,
    ) -> None:
        tell("OptionSettled", {"report": report}, position.position_id)
        account.cash -= report["cash_cents"] + report["fees_cents"]
        position.cash += report["cash_cents"]
        position.fees += report["fees_cents"]
        position.move(one, -report["quantity"])
        if report["shares"]:
            position.move(position.underlying, report["shares"])
            told = datetime.fromisoformat(report["at"])
            account.shares_since[position.position_id] = view.calendar.day_of(told)
        account.reduced(position)
        account.put_away(position)
        for order in list(account.working.values()):
            if order.position_id != position.position_id:
                continue
            hedges_nothing = order.purpose == "adjust" and not position.held
            if hedges_nothing or any(leg == one for leg, _ in order.legs):
                end(order, "cancelled", f"{one} settled", account, view, tell)

    # --- corporate actions ---

    def _action_days(self, account: Account, after: date, view: PlainView) -> list[date]:
        days = set()
        for position in account.positions.values():
            days |= {day for day, _ in view.splits(position.underlying)}
            # Also where it holds none yet: its options may deliver shares before the ex-date.
            days |= {day for day, _ in view.dividends(position.underlying)}
        return sorted(day for day in days if after < day <= view.day)


def _by_name(account: Account) -> list[Position]:
    """Positions by their ids: the same order for an account that stopped and went on."""
    return [account.positions[name] for name in sorted(account.positions)]


def _inside(one: OptionContract, cents: int) -> int:
    """What exercise brings per share, tenths of a cent; negative out of the money."""
    gap = 10 * cents - one.strike_milli
    return gap if one.right is Right.CALL else -gap


def _price_in(one: OptionContract, session: date, view: PlainView) -> tuple[int, str] | None:
    """A price of the settlement session."""
    morning = one.root.settlement is Settlement.AM
    bar = view.bar_of(one.underlying, session)
    if bar is not None and math.isfinite(bar.open if morning else bar.close):
        return round(100 * (bar.open if morning else bar.close)), ""
    chain = view.snapshot(one.underlying)
    if chain is not None and chain.spot_cents >= 0 and view.calendar.day_of(chain.at) == session:
        return chain.spot_cents, "session_price" if morning else ""
    return None


def _next_open(calendar: Any, day: date) -> datetime:
    opens: datetime = calendar.session_open(calendar.next_session(day))
    return opens


def _flow(
    account: Account, position: Position | None, kind: str, name: str, cents: int, at: datetime, tell: Tell
) -> None:
    about = "" if position is None else position.position_id
    flow = {
        "flow_id": name,
        "kind": kind,
        "position_id": about,
        "symbol": "" if position is None else position.underlying,
        "cash_cents": cents,
        "at": at.isoformat(),
    }
    tell("CashFlowed", {"flow": flow}, about)
    account.cash -= cents
    if position is None:
        account.realised -= cents
    else:
        position.cash += cents
        account.reduced(position)
