"""Exits that wait for another order: what that one holds back is free first, and then they go out once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from strikewise.domain.control import AlertRaised
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Order, Unknown
from strikewise.domain.portfolio import Position
from strikewise.engine.courier import Courier
from strikewise.engine.writer import Writer
from strikewise.portfolio.ledger import Entry

__all__ = ["EXIT_HELD", "HeldBack"]

ENGINE = "engine"

EXIT_HELD = "EXIT_HELD"
"""Code of the alert that an exit waits for an order which is not ours to cancel."""


class HeldBack:
    """Positions whose exit a broker refused because another order holds what it would close.

    Sending it again and again is refused again and again. Working orders of ours on the position are taken
    back before an exit is sent, and orders that ended here are cancelled there by reconciliation; what is
    left is somebody else's, and a person is told of it.

    Parameters
    ----------
    writer : Writer
        Who writes facts.
    courier : Courier
        Who hears the refusals and asks what is free.
    """

    def __init__(self, writer: Writer, courier: Courier) -> None:
        self._writer, self._courier = writer, courier
        self._waiting: set[str] = set()

    def positions(self, now: datetime) -> frozenset[str]:
        """Return the positions that wait still, and tell of those that are new among them."""
        for order in self._courier.held_back:
            if order.position_id not in self._waiting:
                self._waiting.add(order.position_id)
                self._tell(order, now)
        self._courier.held_back.clear()
        if self._waiting:
            free = self._available()
            held = self._writer.state.positions
            self._waiting = {
                name
                for name in self._waiting
                if name in held and (free is None or not _covered(held[name], free))
            }
        return frozenset(self._waiting)

    def _available(self) -> dict[Instrument, int] | None:
        """Return how many of each instrument no order holds back; None where the broker does not say."""
        answer = self._courier.broker.positions()
        if isinstance(answer, Unknown) or not answer.complete:
            return None
        return {
            one.instrument: abs(one.quantity) if one.available is None else one.available
            for one in answer.value
        }

    def _tell(self, order: Order, now: datetime) -> None:
        text = (
            f"The exit of position {order.position_id} was refused: another order holds what it would close. "
            "It goes out as soon as that order is gone; look at the orders that work at the broker."
        )
        cause = self._writer.state.fact_of(order.order_id)
        self._writer.write([Entry(AlertRaised("critical", EXIT_HELD, text), now, ENGINE, cause)])


def _covered(position: Position, free: Mapping[Instrument, int]) -> bool:
    return all(abs(one.quantity) <= free.get(one.instrument, 0) for one in position.holdings)
