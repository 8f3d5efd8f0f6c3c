"""Options that are gone without a word, told by what they left: also when many end at once."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from execution.sides import found, of_kind, ours, position, theirs
from execution.tapes import call, put
from strikewise.domain.events import OptionSettled
from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock

AFTER_EXPIRY = datetime(2024, 3, 15, 20, 5, tzinfo=UTC)
STRIKES = tuple(range(450, 520, 5))


def exercised(contract: OptionContract, spot: float) -> bool:
    strike = contract.strike_milli / 1000
    return spot > strike if contract.right is Right.CALL else spot < strike


def left(held: dict[Instrument, int], spot: float) -> tuple[int, int]:
    """Return shares and cash in cents that the clearing house's rule leaves of options."""
    shares = cents = 0
    for contract, quantity in held.items():
        assert isinstance(contract, OptionContract)
        if exercised(contract, spot):
            moved = quantity * 100 * (1 if contract.right is Right.CALL else -1)
            shares, cents = shares + moved, cents - moved * contract.strike_milli // 10
    return shares, cents


many = st.dictionaries(
    st.sampled_from([*map(put, STRIKES), *map(call, STRIKES)]), st.sampled_from([-2, -1, 1, 2]), min_size=11
)


@given(many, st.sampled_from(STRIKES), st.sampled_from([-2.5, 2.5]))
def test_a_book_of_many_strikes_that_expired_is_read_from_its_shares_and_cash(
    held: dict[Instrument, int], near: int, beside: float
) -> None:
    spot = near + beside
    shares, cents = left(held, spot)
    mine = ours(position("p", held), cash=50_000_000)
    stock: dict[Instrument, int] = {Stock("SPY"): shares} if shares else {}
    there = theirs(stock, cash=50_000_000 + cents, at=AFTER_EXPIRY)
    told = [
        one.report for one in of_kind(found(mine, there), OptionSettled) if isinstance(one, OptionSettled)
    ]
    if not told:  # another price leaves the same: nobody guesses
        same = [other for other in _prices() if left(held, other) == (shares, cents)]
        read = {tuple(exercised(one, other) for one in held) for other in same}  # type: ignore[arg-type]
        assert len(read) > 1 or _within_fees(held, shares, cents)
        return
    assert {one.contract: one.quantity for one in told} == held
    assert sum(one.shares for one in told) == shares
    assert -sum(one.cash_cents for one in told) == cents


def _prices() -> list[float]:
    return [STRIKES[0] - 2.5, *(strike + 2.5 for strike in STRIKES)]


def _within_fees(held: dict[Instrument, int], shares: int, cents: int) -> bool:
    """Return whether another price leaves the same shares, and cash that fees would explain."""
    most = 500 * sum(map(abs, held.values()))
    others = [left(held, price) for price in _prices()]
    return sum(s == shares and 0 <= c - cents <= most for s, c in others) > 1


def test_eleven_puts_that_ended_at_once_are_told_apart() -> None:
    spy: dict[Instrument, int] = {put(strike): -1 for strike in STRIKES[:11]}
    mine = ours(position("p", spy), cash=50_000_000)
    shares, cents = left(spy, 452.0)
    there = theirs({Stock("SPY"): shares}, cash=50_000_000 + cents, at=AFTER_EXPIRY)
    told = of_kind(found(mine, there), OptionSettled)
    assert [one.report.outcome for one in told if isinstance(one, OptionSettled)].count("assigned") == 10
    assert len(told) == 11
