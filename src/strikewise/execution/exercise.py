"""Who is assigned, and when: at expiry, near the strike at expiry, and before it.

A short option can be assigned on any night. Two causes are foreseeable. A call is exercised on the evening
before an ex-date when what it is worth beyond its intrinsic value is less than the dividend; a deep put is
when the interest on its strike until it expires, less the dividends until then, is more. Both are judged by
the last quotes of the session and told before the next one opens.

Near the strike at expiry nobody knows: a holder may exercise until an hour and a half after the close, and so
has seen more of the next price than the settlement price tells. `PinRule` says what is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import expm1, isfinite

from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import Delivery, OptionContract, Right
from strikewise.domain.quotes import Dividend, Quote
from strikewise.market.estimate import Estimator, MissingQuotePolicy
from strikewise.market.recompute import SECONDS_PER_YEAR
from strikewise.market.view import MarketView

__all__ = [
    "EARLY_CARRY",
    "EARLY_DIVIDEND",
    "INSTRUCTED",
    "PINNED",
    "ExerciseRule",
    "PinRule",
    "early_cause",
    "in_the_money",
]

EARLY_DIVIDEND, EARLY_CARRY, PINNED = "early_dividend", "early_carry", "pin"
"""Rules of settlements that the settlement price does not explain."""

INSTRUCTED = "instructed"
"""Rule of an exercise, or of none, that its holder asked for."""

EXERCISE_MILLI = 10
"""In the money by a cent is exercised: OCC Rule 805, exercise by exception."""


class PinRule(StrEnum):
    """What becomes of a short option that settles near its strike and delivers shares."""

    ADVERSE = "adverse"
    """Its holder exercises, in the money or not, where the next session's first price makes that pay, and
    lets it go where it does not: the worse of both for whoever sold it."""
    ASSIGNED = "assigned"
    """It is assigned, out of the money too."""
    EXCEPTION = "exception"
    """The settlement price decides alone, as it does away from the strike."""


@dataclass(frozen=True, slots=True)
class ExerciseRule:
    """How short options are assigned.

    Attributes
    ----------
    early : bool
        Whether American options are assigned before they expire where that pays their holder.
    deep_delta : float
        Least delta, without its sign, of a put that is assigned for the interest on its strike. A put that is
        worth less than its interest but not deep is sold, not exercised.
    pin : PinRule
        What becomes of short options near their strike at expiry.
    pin_band : float
        How near: the distance between strike and settlement price as a share of that price.
    """

    early: bool = True
    deep_delta: float = 0.95
    pin: PinRule = PinRule.ADVERSE
    pin_band: float = 0.0025

    def __post_init__(self) -> None:
        if not 0.0 <= self.pin_band <= 0.1:
            raise SettingsError(
                f"The pin band must be a share of the price in [0, 0.1]; was {self.pin_band}."
            )
        if not 0.0 <= self.deep_delta <= 1.0:
            raise SettingsError(f"The delta of a deep put must lie in [0, 1]; was {self.deep_delta}.")

    def pinned(self, contract: OptionContract, quantity: int, cents: int) -> bool:
        """Return whether a short option that delivers shares settles near its strike."""
        if quantity >= 0 or self.pin is PinRule.EXCEPTION or contract.root.delivery is Delivery.CASH:
            return False
        return abs(10 * cents - contract.strike_milli) <= 10 * cents * self.pin_band

    def exercised(
        self, contract: OptionContract, quantity: int, cents: int, next_cents: int | None
    ) -> tuple[bool, str]:
        """Return whether an option is exercised at expiry, and by which rule.

        Parameters
        ----------
        contract, quantity : OptionContract, int
            What is held: long positive, short negative.
        cents : int
            Its settlement price.
        next_cents : int or None
            The first price of the next session, for one that is pinned; None where it is not known.
        """
        by_exception = in_the_money(contract, cents) >= EXERCISE_MILLI
        if not self.pinned(contract, quantity, cents):
            return by_exception, ""
        if self.pin is PinRule.ASSIGNED:
            return True, PINNED
        return (by_exception if next_cents is None else in_the_money(contract, next_cents) > 0), PINNED


def in_the_money(contract: OptionContract, cents: int) -> int:
    """Return what exercise brings per share at a price, tenths of a cent; negative out of the money."""
    side = 1 if contract.right is Right.CALL else -1
    return side * (10 * cents - contract.strike_milli)


def early_cause(
    contract: OptionContract,
    rule: ExerciseRule,
    seen: MarketView,
    until: date,
    dividends: Sequence[Dividend],
    estimator: Estimator,
) -> str:
    """Return why a short American option is assigned after a session; empty where it is not.

    Parameters
    ----------
    contract : OptionContract
        The option; it settles later.
    rule : ExerciseRule
        What is assumed.
    seen : MarketView
        The last view of the session.
    until : date
        The next session that is seen: dividends that go ex up to it are lost by who does not exercise.
    dividends : sequence of Dividend
        Those of the underlying that are declared.
    estimator : Estimator
        Prices what has no quote.
    """
    spot = _spot_cents(seen, contract.underlying)
    intrinsic = 0 if spot is None else in_the_money(contract, spot)
    if intrinsic <= 0:
        return ""
    last = seen.calendar.settlement_session(contract)
    if contract.right is Right.CALL:
        # Shares that its end delivers have the dividends after it all the same.
        worth = 1000 * _paid(dividends, seen.day, min(until, last))
        cause = EARLY_DIVIDEND
    else:
        rate = seen.rate() or 0.0
        settles = seen.calendar.settlement_at(contract)
        years = (settles - seen.calendar.session_close(seen.day)).total_seconds() / SECONDS_PER_YEAR
        worth = -contract.strike_milli * expm1(-rate * years) - 1000 * _paid(dividends, seen.day, last)
        cause = EARLY_CARRY
    if worth <= 0.0:
        return ""
    extrinsic, delta = _extrinsic(contract, seen, intrinsic, estimator)
    if cause is EARLY_CARRY and isfinite(delta) and abs(delta) < rule.deep_delta:
        return ""
    return cause if extrinsic < worth else ""


def _extrinsic(
    contract: OptionContract, seen: MarketView, intrinsic: int, estimator: Estimator
) -> tuple[float, float]:
    """Return what an option is worth at mid beyond its intrinsic value, tenths of a cent, and its delta."""
    chain = seen.chain(contract.underlying)
    today = chain is not None and seen.calendar.day_of(chain.as_of) == seen.day
    row = chain.find(contract) if chain is not None and today else None
    if chain is not None and row is not None:
        quote = Quote(int(chain.bid[row]), int(chain.ask[row]))
        if quote.known:
            return 5 * (quote.bid + quote.ask) - intrinsic, float(chain.delta[row])
    guess = estimator.estimate(seen, contract, MissingQuotePolicy.MODEL, None)
    return 5 * (guess.bid + guess.ask) - intrinsic, guess.greeks.delta


def _spot_cents(view: MarketView, symbol: str) -> int | None:
    spot = view.spot(symbol)
    return None if spot is None else round(spot * 100)


def _paid(dividends: Sequence[Dividend], after: date, until: date) -> float:
    return sum(one.amount for one in dividends if after < one.ex_date <= until)
