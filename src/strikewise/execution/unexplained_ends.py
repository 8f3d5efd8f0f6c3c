"""Options that are gone without a word: assignment, exercise and expiration, told by what they left behind.

Brokers tell assignments a day late. Until then the option is missing, shares are there or gone, and cash has
moved by the strike. Where exactly one reading of these traces fits, it is booked; the broker's own word, when
it comes, is recognised as the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product

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
"""More contracts gone at once have too many readings: a person or the broker's word must explain them."""
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
    if not gone or len(gone) > MOST_GONE:
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
    """Yield every choice of what was exercised that moves the shares as they moved."""
    choices = [
        (True,) if not one.settled else ((False, True) if one.may_be_exercised else (False,)) for one in gone
    ]
    for choice in product(*choices):
        exercised = [one for one, taken in zip(gone, choice, strict=True) if taken]
        shares = dict.fromkeys(moved, 0)
        for one in exercised:
            shares[one.contract.underlying] += one.shares
        if shares == moved:
            yield exercised


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
