"""What a position becomes whose holdings came or went without an order of ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from math import gcd

from strikewise.domain.errors import StructureError
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.reconciled import PositionAdopted
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.booking import moved, remaining_loss

__all__ = ["adopted", "changed"]


def adopted(event: PositionAdopted, at: datetime) -> Position:
    """Return the position that holdings become which nobody here opened.

    It has no signal: what one unit of it is and what it can lose shows from its holdings. Its margin is that
    loss; where it has no bound, the strikes of what is short, until valuation finds that of what is naked.

    Parameters
    ----------
    event : PositionAdopted
        What is held, and what it cost.
    at : datetime
        When it came to light.

    Raises
    ------
    StructureError
        If nothing is held, or on several underlyings.
    """
    holdings = moved((), event.holdings)
    structure, units = _units_of(holdings)
    position = Position(
        position_id=event.position_id,
        strategy=event.strategy,
        underlying=event.underlying,
        signal_id="",
        structure=structure,
        quantity=units,
        holdings=holdings,
        opened_at=at,
        entry_cents=event.cost_cents,
        cash_cents=event.cost_cents,
        fees_cents=0,
        max_loss_cents=None,
        margin_cents=0,
        because={},
        grade=Grade.QUOTES,
        campaign_id=event.position_id,
    )
    return _weighed(position)


def changed(position: Position, moves: Iterable[Holding], cost_cents: int) -> Position:
    """Return a position after holdings were added or taken away, at a cost that was paid in for them.

    One without a signal is from then on what its holdings make; another stays units of what was opened.
    """
    after = replace(
        position, holdings=moved(position.holdings, moves), cash_cents=position.cash_cents + cost_cents
    )
    if not after.holdings:
        return after
    if position.signal_id:
        return replace(after, max_loss_cents=remaining_loss(after, after.holdings, after.cash_cents))
    structure, units = _units_of(after.holdings)
    return _weighed(replace(after, structure=structure, quantity=units))


def _units_of(holdings: Iterable[Holding]) -> tuple[Structure, int]:
    """Return the smallest structure of which holdings are a whole number of units, and that number."""
    quantities = {holding.instrument: holding.quantity for holding in holdings}
    units = gcd(*quantities.values())
    return Structure(tuple(Leg(one, quantity // units) for one, quantity in quantities.items())), units


def _weighed(position: Position) -> Position:
    """Return a position with the largest loss and the margin of its holdings."""
    loss = _most_lost(position.holdings, position.cash_cents)
    margin = _notional(position) if loss is None else loss
    stake = position.stake_cents or margin
    return replace(position, max_loss_cents=loss, margin_cents=margin, stake_cents=stake)


def _notional(position: Position) -> int:
    """Return what stands for the risk of what has no bound until valuation knows prices: nearly all of it."""
    strikes = (
        -holding.quantity * holding.instrument.strike_milli * holding.instrument.multiplier // 10
        for holding in position.holdings
        if isinstance(holding.instrument, OptionContract) and holding.quantity < 0
    )
    return max(sum(strikes), abs(position.cash_cents))


def _most_lost(holdings: Iterable[Holding], paid_cents: int) -> int | None:
    """Return the most that holdings can lose, whatever expires when, cents; None without bound.

    A long option counts for its intrinsic value, the least it is worth, if it lives as long as every short
    one of its right, and for nothing otherwise.
    """
    legs, options = [], []
    for one in holdings:
        if isinstance(one.instrument, OptionContract):
            options.append((one.instrument, one.quantity))
        else:
            legs.append(Leg(one.instrument, one.quantity))
    end = max((contract.expiration for contract, _ in options), default=date.min)
    for right in Right:
        mine = [(contract, quantity) for contract, quantity in options if contract.right is right]
        last = max((contract.expiration for contract, quantity in mine if quantity < 0), default=date.min)
        legs += [
            Leg(replace(contract, expiration=end, root_code=0), quantity)
            for contract, quantity in mine
            if quantity < 0 or contract.expiration >= last
        ]
    try:
        return Structure.of(legs).max_loss_cents(paid_cents)
    except StructureError:  # nothing is left of them: what was paid is all there is to lose
        return max(0, paid_cents)
