"""Instructions to exercise what is held long, or not to."""

from __future__ import annotations

from strikewise.adapters.brokers.alpaca_server.refusals import forbidden, not_found
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_server.wire import asset_id, symbol_of
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Rejected, SubmitAnswer

__all__ = ["do_not_exercise", "exercise"]


def exercise(venue: Venue, name: str) -> None:
    """Exercise all that is held long of a contract, by symbol or identifier.

    Raises
    ------
    RefusedError
        If nothing is, or the broker refuses.
    """
    contract, quantity = _held_long(venue, name)
    if not venue.is_open:
        raise forbidden("exercise requests are not accepted after market close until midnight")
    _instructed(venue, venue.broker.exercise(contract, quantity))


def do_not_exercise(venue: Venue, name: str) -> None:
    """Let what is held long of a contract expire, by symbol or identifier.

    Raises
    ------
    RefusedError
        If nothing is, or the broker refuses.
    """
    contract, _ = _held_long(venue, name)
    if venue.calendar.settlement_session(contract) != venue.view.day:
        raise forbidden("dne requests are only accepted on the expiration day of the option contract")
    _instructed(venue, venue.broker.do_not_exercise(contract))


def _held_long(venue: Venue, name: str) -> tuple[OptionContract, int]:
    for one, lot in venue.book.lots.items():
        named = name in (symbol_of(one), asset_id(one))
        if named and isinstance(one, OptionContract) and lot.quantity > 0:
            return one, lot.quantity
    raise not_found(f"long position not found: {name}")


def _instructed(venue: Venue, answer: SubmitAnswer) -> None:
    venue.hear()
    if isinstance(answer, Rejected):
        raise forbidden(answer.text)
