"""What an account may do: quantities that are free, intents that fit, cover, approval, buying power.

Messages are Alpaca's own, from its tables of options errors, where it publishes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strikewise.adapters.brokers.alpaca_server.book import Book, added, spendable, uncovered
from strikewise.adapters.brokers.alpaca_server.refusals import forbidden, unprocessable
from strikewise.adapters.brokers.alpaca_server.tickets import Ticket, TicketLeg
from strikewise.adapters.brokers.alpaca_server.wire import dollars, symbol_of
from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock

__all__ = ["Standing", "check", "held_back", "inferred_intent"]

WRITES, BUYS, SPREADS = 1, 2, 3
"""Approval levels: covered calls and cash-secured puts, long options, spreads."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as an order meets it.

    Attributes
    ----------
    book : Book
        What is held.
    working : tuple of Ticket
        Orders that may still fill, without the one that is judged or that it replaces.
    level : int
        Approval level for options.
    marks : mapping of str to int
        Prices of shares, cents.
    """

    book: Book
    working: tuple[Ticket, ...]
    level: int
    marks: Mapping[str, int]

    def spendable(self) -> int:
        """Return what may be put into options now, cents: open orders hold what they would cost."""
        cash, held = _with_orders(self, ())
        return spendable(cash, held, self.marks)


def held_back(instrument: Instrument, working: Iterable[Ticket]) -> tuple[int, list[str]]:
    """Return how many of an instrument closing orders hold back, without sign, and their ids."""
    total, ids = 0, []
    for ticket in working:
        for leg in ticket.legs:
            if leg.instrument == instrument and leg.closes:
                total += abs(ticket.left(leg))
                ids.append(ticket.order_id)
    return total, ids


def inferred_intent(ratio: int, held: int) -> str:
    """Return what a trade in an instrument of which so many are held is taken for."""
    if ratio > 0:
        return "buy_to_close" if held < 0 else "buy_to_open"
    return "sell_to_close" if held > 0 else "sell_to_open"


def check(ticket: Ticket, standing: Standing, prices: Mapping[Instrument, int]) -> None:
    """Refuse an order that the account may not send.

    Parameters
    ----------
    ticket : Ticket
        The order.
    standing : Standing
        The account.
    prices : mapping
        What a share of each leg trades at now on its side, cents; for orders at the market.

    Raises
    ------
    RefusedError
        With the first reason found.
    """
    for leg in ticket.legs:
        _check_quantity(ticket, leg, standing)
    if not ticket.several:
        _check_wash(ticket, standing)
    if any(isinstance(leg.instrument, OptionContract) for leg in ticket.legs):
        _check_level(ticket, standing)
    _check_cover(ticket, standing)
    if not all(leg.closes for leg in ticket.legs):
        _check_power(ticket, standing, prices)


def _check_quantity(ticket: Ticket, leg: TicketLeg, standing: Standing) -> None:
    held = standing.book.quantity(leg.instrument)
    inferred = inferred_intent(leg.ratio, held)
    if leg.intent != inferred:
        raise unprocessable(f"position intent mismatch, inferred: {inferred}, specified: {leg.intent}")
    if not leg.closes:
        return
    asked = abs(ticket.left(leg))
    back, ids = held_back(leg.instrument, standing.working)
    available = abs(held) - back
    if asked > available:
        answer = forbidden(
            f"insufficient qty available for order (requested: {asked}, available: {max(0, available)})",
            available=str(max(0, available)),
            existing_qty=str(abs(held)),
            held_for_orders=str(back),
            symbol="" if ticket.several else symbol_of(leg.instrument),
        )
        answer.more["related_orders"] = ids
        raise answer


def _check_wash(ticket: Ticket, standing: Standing) -> None:
    leg = ticket.legs[0]
    for other in standing.working:
        if other.several or other.legs[0].instrument != leg.instrument:
            continue
        if other.legs[0].side == leg.side or not _crosses(ticket, other):
            continue
        raise forbidden(
            "potential wash trade detected. use complex orders",
            existing_order_id=other.order_id,
            reject_reason=f"opposite side {other.kind} order exists",
        )


def _crosses(one: Ticket, other: Ticket) -> bool:
    if one.limit_cents is None or other.limit_cents is None:
        return True
    buys, sells = (one, other) if one.legs[0].ratio > 0 else (other, one)
    return (buys.limit_cents or 0) >= (sells.limit_cents or 0)


def _check_level(ticket: Ticket, standing: Standing) -> None:
    level = standing.level
    if level < WRITES:
        raise forbidden("account not authorized to trade options")
    if ticket.several and level < SPREADS:
        raise forbidden("account not eligible to trade spreads or uncovered contracts")
    if not ticket.several and ticket.legs[0].intent == "buy_to_open" and level < BUYS:
        raise forbidden("account not eligible to trade long option contracts")


def _check_cover(ticket: Ticket, standing: Standing) -> None:
    """Refuse what leaves a sold option without cover; a put that is sold alone is secured by cash."""
    before = _on(ticket.underlying, _with_orders(standing, ())[1])
    after = _on(ticket.underlying, _with_orders(standing, (ticket,))[1])
    (calls, puts), (bare_calls, bare_puts) = uncovered(before), uncovered(after)
    leg = ticket.legs[0]
    alone = not ticket.several and leg.intent == "sell_to_open" and isinstance(leg.instrument, OptionContract)
    if bare_calls > calls:
        if alone:
            shares = sum(count for one, count in before.items() if isinstance(one, Stock))
            raise forbidden(
                f"insufficient underlying qty available for covered call (required: "
                f"{100 * ticket.quantity}, available: {max(0, shares)})",
                required_qty=str(100 * ticket.quantity),
                available_qty=str(max(0, shares)),
                symbol=symbol_of(leg.instrument),
            )
        raise forbidden("account not eligible to trade uncovered option contracts")
    if bare_puts > puts and not alone:
        raise forbidden("account not eligible to trade uncovered option contracts")


def _check_power(ticket: Ticket, standing: Standing, prices: Mapping[Instrument, int]) -> None:
    available = standing.spendable()
    cash, held = _with_orders(standing, (ticket,), prices)
    required = available - spendable(cash, held, standing.marks)
    if required <= 0 or required <= available:
        return
    leg = ticket.legs[0]
    numbers = f"(required: {dollars(required)}, available: {dollars(max(0, available))})"
    if isinstance(leg.instrument, Stock):
        raise forbidden(
            "insufficient buying power", buying_power=dollars(available), cost_basis=dollars(required)
        )
    secured = not ticket.several and leg.ratio < 0 and leg.instrument.right is Right.PUT
    if secured:
        raise forbidden(
            f"insufficient options buying power for cash-secured put {numbers}",
            buying_power=dollars(available),
            required_options_buying_power=dollars(required),
        )
    raise forbidden(
        f"insufficient options buying power {numbers}",
        options_buying_power=dollars(available),
        cost_basis=dollars(required),
    )


def _with_orders(
    standing: Standing, more: tuple[Ticket, ...], prices: Mapping[Instrument, int] | None = None
) -> tuple[int, dict[Instrument, int]]:
    """Return cash and holdings as they would be if the open orders filled, and some more."""
    cash, moved = standing.book.cash_cents, []
    for ticket in (*standing.working, *more):
        cash -= _cost(ticket, prices or {})
        moved += [(leg.instrument, ticket.left(leg)) for leg in ticket.legs]
    return cash, added(standing.book.holdings().items(), moved)


def _cost(ticket: Ticket, prices: Mapping[Instrument, int]) -> int:
    """Return what the rest of an order would pay, cents, received negative."""
    limit = ticket.unit_limit_cents()
    if limit is not None:
        return limit * (ticket.quantity - ticket.filled)
    return sum(
        ticket.left(leg) * prices.get(leg.instrument, 0) * leg.instrument.multiplier for leg in ticket.legs
    )


def _on(underlying: str, holdings: Mapping[Instrument, int]) -> dict[Instrument, int]:
    return {one: count for one, count in holdings.items() if one.underlying == underlying}
