"""Sets: options of one expiration that hold as much as they sell of either right, and lose together.

All of them ask for the most that they can lose at one price. Whether any other grouping asks for less, one
price of the underlying for each expiration often proves. Value every option at what it is worth at expiry at
that price: no set loses less than its options sold are worth less those held. If no option sold is worth more
than it asks for in any group of another kind, no grouping asks for less than all options sold are worth less
all those held (weak duality). At the price where each expiration loses most, that is what the sets ask for.
"""

from __future__ import annotations

from typing import NamedTuple

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Expiry, Legs, LongLeg, ShortLeg, width

__all__ = ["Sets", "in_sets"]

PUT = Right.PUT

_Option = tuple[int, int]


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


class _Set(NamedTuple):
    """All options of one expiration: the strike of each, and how many contracts."""

    puts_sold: list[_Option]
    calls_sold: list[_Option]
    puts_held: list[_Option]
    calls_held: list[_Option]


class _Worst(NamedTuple):
    """The most that a set loses, cents, and the prices at which it does; no price where it loses nothing.

    Of several prices ``below`` is the one at which the calls sold are worth least, and the puts among those;
    ``above`` the one at which the puts are, and the calls among those.
    """

    loss: int
    below: int | None
    above: int | None


def in_sets(legs: Legs) -> Sets:
    """Return what all expirations lose at most that sell no more of either right than they hold."""
    sets = _by_expiry(legs)
    whole = {expires: held for expires, held in sets.items() if _covers_itself(held)}
    if not whole:
        return Sets(None, legs, proven=False)
    most = {expires: _most_lost(held) for expires, held in whole.items()}
    lost = sum(worst.loss for worst in most.values())
    if len(whole) == len(sets):
        rest = Legs((), tuple(leg for leg in legs.longs if leg.expires not in whole), legs.lots)
        return Sets(lost, rest, _is_proven(legs, whole, most))
    rest = Legs(
        tuple(leg for leg in legs.shorts if leg.expires not in whole),
        tuple(leg for leg in legs.longs if leg.expires not in whole),
        legs.lots,
    )
    return Sets(lost, rest, proven=False)


def _by_expiry(legs: Legs) -> dict[Expiry, _Set]:
    """Return the sets of all expirations of which something is sold."""
    sets: dict[Expiry, _Set] = {}
    for short in legs.shorts:
        found = sets.get(short.expires)
        if found is None:
            found = sets[short.expires] = _Set([], [], [], [])
        (found.puts_sold if short.right is PUT else found.calls_sold).append((short.strike, short.contracts))
    for long in legs.longs:
        found = sets.get(long.expires)
        if found is not None:
            (found.puts_held if long.right is PUT else found.calls_held).append((long.strike, long.contracts))
    return sets


def _covers_itself(held: _Set) -> bool:
    """Return whether no more is sold than held of either right."""
    return _count(held.puts_sold) <= _count(held.puts_held) and _count(held.calls_sold) <= _count(
        held.calls_held
    )


def _count(options: list[_Option]) -> int:
    return sum([contracts for _, contracts in options])


def _worth(leg: ShortLeg | LongLeg, spot: int) -> int:
    """Return what a contract is worth at expiry, cents."""
    value = leg.strike - spot if leg.right is PUT else spot - leg.strike
    if value < 0:
        return 0
    return value


def _lost(held: _Set, spot: int) -> tuple[int, int, int]:
    """Return what a set loses at a price at expiry, and what its puts and its calls sold are worth, cents."""
    puts = calls = worth = 0
    for strike, count in held.puts_sold:
        if strike > spot:
            puts += count * (strike - spot)
    for strike, count in held.calls_sold:
        if strike < spot:
            calls += count * (spot - strike)
    for strike, count in held.puts_held:
        if strike > spot:
            worth += count * (strike - spot)
    for strike, count in held.calls_held:
        if strike < spot:
            worth += count * (spot - strike)
    return puts + calls - worth, puts, calls


def _most_lost(held: _Set) -> _Worst:
    """Return the most that a set loses at expiry, and prices at which it does.

    Between two strikes its value is linear, so that it is least at one of them or at zero; beyond the highest
    it does not fall.
    """
    strikes = {0, *[strike for options in held for strike, _ in options]}
    at = [(*_lost(held, spot), spot) for spot in strikes]
    most = max([loss for loss, _, _, _ in at])
    if most <= 0:
        return _Worst(0, None, None)
    below = min((calls, puts, -spot) for loss, puts, calls, spot in at if loss == most)
    above = min((puts, calls, spot) for loss, puts, calls, spot in at if loss == most)
    return _Worst(most, -below[-1], above[-1])


def _is_proven(legs: Legs, sets: dict[Expiry, _Set], most: dict[Expiry, _Worst]) -> bool:
    """Return whether some price for each expiration, one at which it loses most, proves the sets least.

    Its own, below or above; or the lowest or highest of all where that is one too: then a long option of a
    later expiration covers no more than its width.
    """
    below = {expires: worst.below for expires, worst in most.items() if worst.below is not None}
    above = {expires: worst.above for expires, worst in most.items() if worst.above is not None}
    if not below or _is_least(legs, below) or (above != below and _is_least(legs, above)):
        return True
    return len(below) > 1 and any(
        _is_least(
            legs,
            {
                expires: spot if _lost(sets[expires], spot)[0] == most[expires].loss else price
                for expires, price in own.items()
            },
        )
        for own, spot in ((below, min(below.values())), (above, max(above.values())))
    )


def _is_least(legs: Legs, prices: dict[Expiry, int]) -> bool:
    """Return whether no option sold is worth more, at these prices, than it asks for outside its set."""
    lots = legs.lots
    held = [(leg, _worth_at(leg, prices)) for leg in legs.longs]
    sold = [(leg, _worth_at(leg, prices)) for leg in legs.shorts]
    for leg, value in sold:
        if value > leg.naked or (lots.contracts and leg.right is lots.right and value > leg.covered):
            return False
        for long, worth in held:
            if (
                long.expires > leg.expires
                and long.right is leg.right
                and value - worth > 0
                and value - worth > width(leg, long)
            ):
                return False
    return _no_strangle_is_less(sold)


def _worth_at(leg: ShortLeg | LongLeg, prices: dict[Expiry, int]) -> int:
    spot = prices.get(leg.expires)
    return 0 if spot is None else _worth(leg, spot)


def _no_strangle_is_less(sold: list[tuple[ShortLeg, int]]) -> bool:
    """Return whether no naked put and call together ask for less than they are worth."""
    puts = [(leg, worth) for leg, worth in sold if leg.right is PUT]
    calls = [(leg, worth) for leg, worth in sold if leg.right is not PUT]
    return all(
        one + other <= put.naked + call.naked - min(put.requirement, call.requirement)
        for put, one in puts
        for call, other in calls
        if one or other
    )
