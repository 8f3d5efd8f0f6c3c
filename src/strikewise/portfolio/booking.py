"""What a fill or a settlement does to a position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from strikewise.domain.errors import InvariantError, StructureError
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import (
    CashFlow,
    Execution,
    Order,
    Purpose,
    SettlementReport,
    SplitReport,
)
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.quotes import worst_grade
from strikewise.domain.signals import Signal
from strikewise.domain.splits import split_instrument, split_structure
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.fees_owed import FEES

OF_A_UNIT = frozenset({"at_stake", "level"})
"""What a signal says in dollars of one unit, and its position is left by."""


def add_opening(
    before: Position | None, order: Order, signal: Signal | None, execution: Execution, units: int
) -> Position:
    """Return a position after a fill, whole or partial, of the order that opens it.

    Parameters
    ----------
    before : Position or None
        What earlier fills made; None at the first.
    order : Order
        The opening order.
    signal : Signal or None
        What it was opened on; None only for more than was ordered.
    execution : Execution
        The fill; one that is taken back, with its quantities negated.
    units : int
        Units that the position has more with it: those of the fill, or those that a leg of it begins.

    Raises
    ------
    InvariantError
        If there is neither a position nor a signal to make one of.
    """
    if before is None:
        return _first(order, signal, execution, units)
    sum_, entry = before.quantity + units, before.entry_cents + _cost(execution)
    untouched = before.cash_cents == before.entry_cents
    after = replace(
        book_trade(before, execution, closing_order_id=before.closing_order_id),
        quantity=sum_,
        entry_cents=entry,
        margin_cents=_scaled(before.margin_cents, before.quantity, sum_, signal),
        stake_cents=_scaled(before.stake_cents, before.quantity, sum_, signal),
    )
    if signal is None or not untouched or not (execution.quantity or _is_whole(after)):
        return after
    return replace(after, max_loss_cents=_promised_loss(signal, sum_, entry))


def _scaled(cents: int, before: int, after: int, signal: Signal | None) -> int:
    """Return capital for some units, given that for others; of the first ones, what the signal said."""
    if before > 0:
        return cents * after // before
    return cents if signal is None else signal.margin_cents * max(0, after)


def _is_whole(position: Position) -> bool:
    """Return whether a position holds just what its units consist of, and not legs of them only."""
    units = {leg.instrument: leg.ratio * position.quantity for leg in position.structure.legs}
    return units == {one.instrument: one.quantity for one in position.holdings}


def book_fill(
    before: Position | None,
    order: Order,
    signal: Signal | None,
    execution: Execution,
    *,
    units: int,
    ends: bool,
) -> Position:
    """Return a position after a fill of one of its orders.

    Parameters
    ----------
    before, order, signal, execution, units
        As for `add_opening`.
    ends : bool
        Whether the order is complete with it.

    Raises
    ------
    InvariantError
        If the order is to change a position that was never opened.
    """
    if order.purpose is Purpose.OPEN:
        return add_opening(before, order, signal, execution, units)
    if before is None:
        raise InvariantError(
            f"Order {order.order_id} is to {order.purpose} position {order.position_id!r}, "
            "which was never opened."
        )
    ended = ends and before.closing_order_id == order.order_id
    after = book_trade(before, execution, closing_order_id="" if ended else before.closing_order_id)
    return _remargined(after, execution) if order.purpose is Purpose.ADJUST else after


def _remargined(position: Position, execution: Execution) -> Position:
    """Return an adjusted position with what it holds of capital now: its largest loss where that is bounded.

    Where it is not, shares traded beside options ask for half their value on top of the capital at entry.
    What leaves an option naked is given its margin anew at every valuation.
    """
    if position.max_loss_cents is not None:
        return replace(position, margin_cents=max(0, position.max_loss_cents))
    prices = [leg.price_cents for leg in execution.legs if isinstance(leg.instrument, Stock)]
    if not prices:
        return position
    shares = sum(abs(one.quantity) for one in position.holdings if isinstance(one.instrument, Stock))
    return replace(position, margin_cents=position.stake_cents + shares * prices[-1] // 2)


def proposed(order: Order, signal: Signal, units: int) -> Position:
    """Return the position that some units of an opening order would become, at the signal's price."""
    return Position(
        position_id=order.position_id,
        strategy=order.strategy,
        underlying=order.underlying,
        signal_id=order.signal_id,
        structure=order.structure,
        quantity=units,
        holdings=(),
        opened_at=order.created_at,
        entry_cents=signal.price_cents * units,
        cash_cents=0,
        fees_cents=0,
        max_loss_cents=None if signal.max_loss_cents is None else signal.max_loss_cents * units,
        margin_cents=signal.margin_cents * units,
        because=signal.because,
        grade=signal.grade,
        campaign_id=order.campaign_id or order.position_id,
        stake_cents=signal.margin_cents * units,
    )


def _first(order: Order, signal: Signal | None, execution: Execution, units: int) -> Position:
    if signal is None:
        raise InvariantError(f"Fill {execution.execution_id} opens a position without a signal.")
    cost = _cost(execution)
    position = replace(
        proposed(order, signal, units),
        holdings=_merged((), _traded(execution)),
        opened_at=execution.at,
        entry_cents=cost,
        cash_cents=cost,
        fees_cents=execution.fees_cents,
        max_loss_cents=_promised_loss(signal, units, cost),
        grade=worst_grade((signal.grade, execution.grade)),
    )
    if execution.quantity or _is_whole(position):
        return position
    return replace(position, max_loss_cents=remaining_loss(position, position.holdings, cost))


def book_trade(position: Position, execution: Execution, *, closing_order_id: str) -> Position:
    """Return a position after a fill of any order on it, with the order that is closing it thereafter."""
    return _changed(
        position,
        _traded(execution),
        cash_cents=_cost(execution),
        fees_cents=execution.fees_cents,
        grade=worst_grade((position.grade, execution.grade)),
        closing_order_id=closing_order_id,
    )


def book_settlement(position: Position, report: SettlementReport) -> Position:
    """Return a position after one of its options ended; delivered shares become a holding of it."""
    moves: list[tuple[Instrument, int]] = [(report.contract, -report.quantity)]
    if report.shares:
        moves.append((Stock(report.contract.underlying), report.shares))
    return _changed(position, moves, cash_cents=report.cash_cents, fees_cents=report.fees_cents)


def book_flow(position: Position, flow: CashFlow) -> Position:
    """Return a position after cash moved for it without a trade; a fee is one of its fees."""
    if flow.kind in FEES:
        return replace(position, fees_cents=position.fees_cents + flow.cash_cents)
    return _changed(position, (), cash_cents=flow.cash_cents, fees_cents=0)


def book_split(position: Position, report: SplitReport) -> Position:
    """Return a position after a split of its underlying: holdings, and the unit they were opened as.

    A split by a whole number multiplies units, each of which has a part of what one had at stake and of the
    price it was measured by; any other leaves shares only, whose unit stays.
    """
    n, d = report.numerator, report.denominator
    whole = d == 1
    held = [
        (split_instrument(one.instrument, n) if whole else one.instrument, _parts(one.quantity, n, d))
        for one in position.holdings
    ]
    after = _changed(replace(position, holdings=()), held, cash_cents=report.cash_cents, fees_cents=0)
    if not whole:
        return after
    because = {
        name: value / n if name in OF_A_UNIT and isinstance(value, float) else value
        for name, value in position.because.items()
    }
    unit = split_structure(position.structure, n)
    return replace(after, structure=unit, quantity=position.quantity * n, because=because)


def _parts(quantity: int, numerator: int, denominator: int) -> int:
    """Return a quantity after a split, fractions of a share dropped."""
    size = abs(quantity) * numerator // denominator
    return size if quantity > 0 else -size


def share_out(report: SettlementReport, positions: Mapping[str, Position]) -> list[SettlementReport]:
    """Return a settlement as one for each position it concerns.

    A broker that nets positions reports one number for all of them. Where it is the whole net holding, every
    position that holds the contract is settled, long or short; where it is less (an early assignment), the
    positions of its sign are, oldest first. Cash, shares and fees follow the contracts, to the cent.

    Where less is held than settled, only the part that is held is shared out; nothing where none is.
    """
    if report.position_id:
        return [report] if report.position_id in positions else []
    if report.quantity == 0:
        return []
    held = {
        name: holding.quantity
        for name, position in positions.items()
        for holding in position.holdings
        if holding.instrument == report.contract
    }
    if sum(held.values()) != report.quantity:
        held = _oldest_first(held, report.quantity)
    # Of a net holding more contracts settle than are reported; of one too small, fewer.
    size = max(sum(map(abs, held.values())), abs(report.quantity))
    parts, before, before_size = [], 0, 0
    for name, quantity in held.items():
        after, after_size = before + quantity, before_size + abs(quantity)

        def share(total: int, start: int = before, end: int = after, whole: int = report.quantity) -> int:
            return total * end // whole - total * start // whole

        parts.append(
            replace(
                report,
                position_id=name,
                quantity=quantity,
                cash_cents=share(report.cash_cents),
                shares=share(report.shares),
                fees_cents=share(report.fees_cents, before_size, after_size, size),
            )
        )
        before, before_size = after, after_size
    return parts


def _oldest_first(held: Mapping[str, int], quantity: int) -> dict[str, int]:
    left, taken = quantity, {}
    for name, holds in held.items():
        if left and (holds > 0) == (left > 0):
            taken[name] = min(holds, left, key=abs)
            left -= taken[name]
    return taken


def _cost(execution: Execution) -> int:
    return sum(leg.cost_cents for leg in execution.legs)


def _traded(execution: Execution) -> list[tuple[Instrument, int]]:
    return [(leg.instrument, leg.quantity) for leg in execution.legs]


def _changed(
    position: Position,
    moves: Iterable[tuple[Instrument, int]],
    *,
    cash_cents: int,
    fees_cents: int,
    **more: Any,
) -> Position:
    holdings = _merged(position.holdings, moves)
    cash = position.cash_cents + cash_cents
    return replace(
        position,
        holdings=holdings,
        cash_cents=cash,
        fees_cents=position.fees_cents + fees_cents,
        max_loss_cents=remaining_loss(position, holdings, cash),
        **more,
    )


def moved(holdings: Iterable[Holding], moves: Iterable[Holding]) -> tuple[Holding, ...]:
    """Return holdings after others were added to them, those that cancel out left out."""
    return _merged(holdings, [(one.instrument, one.quantity) for one in moves])


def _merged(holdings: Iterable[Holding], moves: Iterable[tuple[Instrument, int]]) -> tuple[Holding, ...]:
    quantities = {holding.instrument: holding.quantity for holding in holdings}
    for instrument, quantity in moves:
        quantities[instrument] = quantities.get(instrument, 0) + quantity
    return tuple([Holding(instrument, quantity) for instrument, quantity in quantities.items() if quantity])


def _promised_loss(signal: Signal, units: int, paid_cents: int) -> int | None:
    """Return the signal's largest loss, moved by what the fill was better or worse than its price."""
    if signal.max_loss_cents is None:
        return None
    return max(0, signal.max_loss_cents * units + paid_cents - signal.price_cents * units)


def remaining_loss(position: Position, holdings: tuple[Holding, ...], cash_cents: int) -> int | None:
    """Return the largest loss of the whole position at expiry, given what is left and was paid, cents.

    Where nothing is left, or expires at several times, it is what was known before; None without bound.
    """
    if not holdings:
        return position.max_loss_cents
    try:
        left = Structure(tuple(Leg(holding.instrument, holding.quantity) for holding in holdings))
        return left.max_loss_cents(cash_cents)
    except StructureError:  # several expirations: what the signal promised still is the best that is known
        return position.max_loss_cents
