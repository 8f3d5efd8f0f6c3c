"""Options that are gone without a word: assignment, exercise and expiration, told by what they left behind.

Brokers tell assignments a day late. Until then the option is missing, shares are there or gone, and cash has
moved by the strike. Where exactly one reading of these traces fits, it is booked; the broker's own word, when
it comes, is recognised as the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from math import prod

from strikewise.domain.events import Event, OptionSettled
from strikewise.domain.instruments import Delivery, OptionContract, Right, Stock, instrument_symbol
from strikewise.domain.orders import SettlementReport
from strikewise.domain.reconciled import DifferenceFound
from strikewise.execution.differing_holdings import Holdings
from strikewise.execution.snapshot import Snapshot
from strikewise.market.calendar import SessionCalendar

__all__ = ["INFERRED", "ends_without_word"]

INFERRED = "inferred"
"""The policy of a settlement that no broker has told yet."""
MOST_GONE = 10
"""Of more contracts on one underlying those readings are tried in which a price decides for an expiration."""
MOST_READINGS = 10_000
"""More of them over all underlyings are left to a person or the broker's word."""
FEE_CENTS = 500
"""What an assignment or exercise of a contract may have cost."""


@dataclass(frozen=True, slots=True)
class _Gone:
    contract: OptionContract
    quantity: int
    settled: bool

    @property
    def shares(self) -> int:
        """Shares that come (positive) or go if it was exercised or assigned."""
        sign = 1 if self.contract.right is Right.CALL else -1
        return sign * self.quantity * self.contract.multiplier

    @property
    def paid_cents(self) -> int:
        """Cash paid for these shares (received: negative)."""
        return self.shares * self.contract.strike_milli // 10

    def is_worth(self, twice_milli: int) -> bool:
        """Return whether it ends in the money at half a price in thousandths."""
        beyond = twice_milli - 2 * self.contract.strike_milli
        return beyond > 0 if self.contract.right is Right.CALL else beyond < 0

    @property
    def may_be_exercised(self) -> bool:
        """Before its settlement only what is short can be: nobody exercises ours but we."""
        return self.contract.root.delivery is Delivery.PHYSICAL and (self.settled or self.quantity < 0)


def ends_without_word(
    held: Holdings, snapshot: Snapshot, cash_cents: int, calendar: SessionCalendar
) -> tuple[Event, ...]:
    """Return the settlements that explain options which are gone; none where no reading, or several, fit.

    Parameters
    ----------
    held : Holdings
        Both sides.
    snapshot : Snapshot
        The broker's side, with its cash.
    cash_cents : int
        Our cash, everything told so far booked.
    calendar : SessionCalendar
        When contracts settle.
    """
    gone = list(_gone(held, snapshot.taken_at, calendar))
    moved = {one.contract.underlying: _shares_moved(held, one.contract.underlying) for one in gone}
    if not gone:
        return ()
    missing = cash_cents - snapshot.account.cash_cents
    in_cash = [one for one in gone if one.contract.root.delivery is Delivery.CASH]
    if any(not one.settled for one in in_cash):
        return ()
    fitting = [
        exercised
        for exercised in _readings(gone, moved)
        if in_cash or _explains(exercised, missing, sum(abs(one.quantity) for one in gone))
    ]
    # A spread that ends wholly in the money leaves what one that ends out of it leaves, but for cash.
    if len(fitting) != 1:
        return ()
    (exercised,) = fitting
    rest = missing - sum(one.paid_cents for one in exercised)
    facts: list[Event] = []
    for one in gone:
        cash = one.paid_cents if one in exercised else (rest if in_cash and one is in_cash[0] else 0)
        facts += _settled(one, one in exercised, cash, snapshot.taken_at)
    return tuple(facts)


def _gone(held: Holdings, at: datetime, calendar: SessionCalendar) -> Iterator[_Gone]:
    for instrument in held.differing():
        ours, theirs = held.ours.get(instrument, 0), held.theirs.get(instrument, 0)
        if isinstance(instrument, OptionContract) and ours * theirs >= 0 and abs(theirs) < abs(ours):
            settled = calendar.settlement_at(instrument) <= at
            one = _Gone(instrument, ours - theirs, settled)
            if (settled or one.may_be_exercised) and held.covers(instrument, one.quantity):
                yield one


def _shares_moved(held: Holdings, symbol: str) -> int:
    stock = Stock(symbol)
    return held.theirs.get(stock, 0) - held.ours.get(stock, 0)


def _readings(gone: list[_Gone], moved: dict[str, int]) -> Iterator[list[_Gone]]:
    """Yield every choice of what was exercised that moves the shares of each underlying as they moved."""
    by_symbol: list[list[tuple[_Gone, ...]]] = []
    for symbol, shares in moved.items():
        of_it = [one for one in gone if one.contract.underlying == symbol]
        choices = _every_choice(of_it) if len(of_it) <= MOST_GONE else _by_one_price(of_it)
        by_symbol.append([taken for taken in choices if sum(one.shares for one in taken) == shares])
    if prod(map(len, by_symbol)) > MOST_READINGS:
        return
    for together in product(*by_symbol):
        taken = set().union(*together)
        yield [one for one in gone if one in taken]


def _every_choice(gone: list[_Gone]) -> Iterator[tuple[_Gone, ...]]:
    choices = [
        (True,) if not one.settled else ((False, True) if one.may_be_exercised else (False,)) for one in gone
    ]
    for choice in product(*choices):
        yield tuple(one for one, taken in zip(gone, choice, strict=True) if taken)


def _by_one_price(gone: list[_Gone]) -> Iterator[tuple[_Gone, ...]]:
    """Yield what the clearing house exercises by itself, wherever each expiration's price lay."""
    early = tuple(one for one in gone if not one.settled)
    days: dict[date, list[_Gone]] = {}
    for one in gone:
        if one.settled and one.may_be_exercised:
            days.setdefault(one.contract.expiration, []).append(one)
    by_day = []
    for of_day in days.values():
        strikes = sorted({one.contract.strike_milli for one in of_day})
        # Between two strikes each price decides the same: one half below each strike, and one above all.
        prices = [2 * strike - 1 for strike in strikes] + [2 * strikes[-1] + 1]
        taken = (tuple(one for one in of_day if one.is_worth(price)) for price in prices)
        by_day.append(list(dict.fromkeys(taken)))
    for together in product(*by_day):
        yield (*early, *(one for part in together for one in part))


def _explains(exercised: list[_Gone], missing: int, contracts: int) -> bool:
    """Return whether the cash that is missing is what was paid for shares, and fees at most."""
    return 0 <= missing - sum(one.paid_cents for one in exercised) <= FEE_CENTS * contracts


def _settled(one: _Gone, exercised: bool, cash_cents: int, at: datetime) -> list[Event]:
    contract = one.contract
    outcome = ("exercised" if one.quantity > 0 else "assigned") if exercised else "expired"
    report = SettlementReport(
        settlement_id=f"{INFERRED}/{contract.symbol}/{at.isoformat()}",
        position_id="",
        contract=contract,
        quantity=one.quantity,
        outcome=outcome,
        settlement_cents=contract.strike_milli // 10,
        cash_cents=cash_cents,
        shares=one.shares if exercised else 0,
        fees_cents=0,
        at=at,
        policy=INFERRED,
    )
    what, ours = instrument_symbol(contract), f"{one.quantity:+d}"
    found = DifferenceFound("activity", what, ours, "gone", outcome, "by what it left behind")
    return [found, OptionSettled(report)]
