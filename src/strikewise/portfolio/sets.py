"""Sets: options of one expiration that hold as much as they sell of either right, and lose together.

All of them ask for the most that they can lose at one price. Whether any other grouping asks for less, one
price of the underlying for each expiration often proves. Value every option at what it is worth at expiry at
that price: no set loses less than its options sold are worth less those held. If no option sold is worth more
than it asks for in any group of another kind, no grouping asks for less than all options sold are worth less
all those held (weak duality). At the price where each expiration loses most, that is what the sets ask for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Expiry, Legs, LongLeg, ShortLeg, width

__all__ = ["Sets", "in_sets"]


class Sets(NamedTuple):
    """The expirations that cover themselves.

    Attributes
    ----------
    lost : int or None
        What they lose at most, cents; None where there is none.
    rest : Legs
        The legs of all other expirations.
    proven : bool
        Whether they are all that is sold, and no grouping asks for less.
    """

    lost: int | None
    rest: Legs
    proven: bool


def in_sets(legs: Legs) -> Sets:
    """Return what all expirations lose at most that sell no more of either right than they hold."""
    lost: int | None = None
    worst: dict[Expiry, int] = {}
    rest = legs
    for expires in {leg.expires for leg in legs.shorts}:
        held = _of(legs, expires)
        if not all(_count(held.shorts, right) <= _count(held.longs, right) for right in Right):
            continue
        most, price = _most_lost(held)
        lost = (lost or 0) + most
        if price is not None:
            worst[expires] = price
        rest = Legs(
            tuple(leg for leg in rest.shorts if leg.expires != expires),
            tuple(leg for leg in rest.longs if leg.expires != expires),
            rest.lots,
        )
    return Sets(lost, rest, not rest.shorts and _is_proven(legs, worst, lost or 0))


def _of(legs: Legs, expires: Expiry) -> Legs:
    return Legs(
        tuple(leg for leg in legs.shorts if leg.expires == expires),
        tuple(leg for leg in legs.longs if leg.expires == expires),
        legs.lots,
    )


def _count(legs: tuple[ShortLeg, ...] | tuple[LongLeg, ...], right: Right) -> int:
    return sum(leg.contracts for leg in legs if leg.right is right)


def _worth(leg: ShortLeg | LongLeg, spot: int | None) -> int:
    """Return what a contract is worth at expiry, cents; nothing where no price counts."""
    if spot is None:
        return 0
    return max(0, leg.strike - spot if leg.right is Right.PUT else spot - leg.strike)


def _lost(legs: Legs, spot: int) -> tuple[int, int]:
    """Return what legs lose at a price at expiry, and what those sold are worth at it, cents."""
    sold = sum(leg.contracts * _worth(leg, spot) for leg in legs.shorts)
    return sold - sum(leg.contracts * _worth(leg, spot) for leg in legs.longs), sold


def _most_lost(legs: Legs) -> tuple[int, int | None]:
    """Return the most that a set loses at expiry, cents, and the price at which it does.

    Between two strikes its value is linear, so that it is least at one of them or at zero; beyond the highest
    it does not fall. Of several such prices the one at which the options sold are worth least is returned,
    and no price where nothing is lost.
    """
    strikes = {0, *(leg.strike for leg in legs.shorts), *(leg.strike for leg in legs.longs)}
    loss, _, spot = max((loss, -sold, spot) for spot in strikes for loss, sold in [_lost(legs, spot)])
    return (loss, spot) if loss > 0 else (0, None)


def _is_proven(legs: Legs, worst: dict[Expiry, int], lost: int) -> bool:
    """Return whether some price for each expiration proves the sets least.

    Its own worst, or one at which all lose most: then a long option of a later expiration covers no more than
    its width.
    """
    if not lost:
        return True
    common = [
        dict.fromkeys(worst, spot)
        for spot in {min(worst.values()), max(worst.values())}
        if len(worst) > 1 and sum(_lost(_of(legs, expires), spot)[0] for expires in worst) == lost
    ]
    return any(_is_least(legs, prices) for prices in (worst, *common))


def _is_least(legs: Legs, prices: dict[Expiry, int]) -> bool:
    """Return whether no option sold is worth more, at these prices, than it asks for outside its set."""

    def worth(leg: ShortLeg | LongLeg) -> int:
        return _worth(leg, prices.get(leg.expires))

    lots = legs.lots
    for leg in legs.shorts:
        value = worth(leg)
        if value > leg.naked or (lots.contracts and leg.right is lots.right and value > leg.covered):
            return False
        later = [one for one in legs.longs if one.right is leg.right and one.expires > leg.expires]
        if any(value - worth(long) > width(leg, long) for long in later):
            return False
    return _no_strangle_is_less(legs, worth)


def _no_strangle_is_less(legs: Legs, worth: Callable[[ShortLeg], int]) -> bool:
    """Return whether no naked put and call together ask for less than they are worth."""
    puts = [(leg, worth(leg)) for leg in legs.shorts if leg.right is Right.PUT]
    calls = [(leg, worth(leg)) for leg in legs.shorts if leg.right is Right.CALL]
    return all(
        one + other <= put.naked + call.naked - min(put.requirement, call.requirement)
        for put, one in puts
        for call, other in calls
        if one or other
    )
