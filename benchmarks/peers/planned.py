"""What a peer is told to trade: the legs of each spread, when it is entered and when it is left."""

from __future__ import annotations

from collections import defaultdict

Leg = tuple[int, float]
"""Expiration in days since 1970, and strike."""
Trade = tuple[int, int, float, float]
"""Expiration, days to it at entry, strikes of long and short leg."""


def plan(
    trades: list[list[float]], exit_dte: int, last: int
) -> dict[int, list[tuple[Trade, Leg, bool, bool]]]:
    """Return a day's legs of spreads left before the last, whether each is bought and whether it opens."""
    planned = defaultdict(list)
    for expiration, dte, low, high in trades:
        if expiration - exit_dte >= last:
            continue
        trade = (int(expiration), int(dte), low, high)
        for day, opens in ((trade[0] - trade[1], True), (trade[0] - exit_dte, False)):
            for strike, long in ((low, True), (high, False)):
                planned[day].append((trade, (trade[0], strike), long is opens, opens))
    return dict(planned)
