"""What a rehearsal may do that no client can: move time, act for others, cut lines. Below `OWN_PATH`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.routing import Route

from strikewise.adapters.brokers.alpaca_server.app import Asked, answering
from strikewise.adapters.brokers.alpaca_server.counter import Counter
from strikewise.adapters.brokers.alpaca_server.edge import OWN_PATH
from strikewise.adapters.brokers.alpaca_server.mishaps import Mishaps, assign
from strikewise.adapters.brokers.alpaca_server.refusals import unprocessable
from strikewise.adapters.brokers.alpaca_server.stream import Hub
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_server.wire import (
    cents_of,
    identifier,
    instant_of,
    instrument_of,
    stamp,
)
from strikewise.adapters.brokers.alpaca_server.wishes import read_wish
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import CashFlow, FlowKind

__all__ = ["Control"]


class Control:
    """Answer the rehearsal's own interface; it asks for no key.

    Parameters
    ----------
    venue : Venue
        The account.
    counter : Counter
        Where its orders are taken.
    hub : Hub
        The trade stream.
    mishaps : Mishaps or None
        What goes wrong on purpose.
    """

    def __init__(self, venue: Venue, counter: Counter, hub: Hub, mishaps: Mishaps | None) -> None:
        self._venue, self._counter, self._hub, self._mishaps = venue, counter, hub, mishaps
        self._deposits = 0

    def routes(self) -> list[Route]:
        """Return the routes."""
        lock = self._venue.lock
        return [
            answering(f"{OWN_PATH}/time", "GET", self._time, lock),
            answering(f"{OWN_PATH}/time", "POST", self._move, lock),
            answering(f"{OWN_PATH}/orders", "POST", self._order, lock),
            answering(f"{OWN_PATH}/deposits", "POST", self._deposit, lock),
            answering(f"{OWN_PATH}/assignments", "POST", self._assign, lock),
            answering(f"{OWN_PATH}/cuts", "POST", self._cut, lock),
            answering(f"{OWN_PATH}/faults", "GET", self._faults, lock),
        ]

    def _time(self, _: Asked) -> Any:
        return {"now": stamp(self._venue.now), "is_open": self._venue.is_open}

    def _move(self, asked: Asked) -> Any:
        try:
            to = instant_of(str(_said(asked, "now")))
        except ValueError:
            raise unprocessable("now must be an instant, such as 2026-07-22T15:30:00Z") from None
        self._venue.advance(to)
        return self._time(asked)

    def _order(self, asked: Asked) -> Any:
        return self._counter.submit(read_wish(asked.json()))

    def _deposit(self, asked: Asked) -> Any:
        try:
            cents = cents_of(Decimal(str(_said(asked, "amount"))))
        except InvalidOperation:
            cents = None
        if cents is None:
            raise unprocessable("amount must be dollars and cents, negative for what is taken out")
        self._deposits += 1
        flow_id = identifier("deposit", self._deposits)
        self._venue.befall(CashFlow(flow_id, FlowKind.TRANSFER, "", "", -cents, self._venue.now))
        return {"id": flow_id}

    def _assign(self, asked: Asked) -> Any:
        contract, quantity = instrument_of(str(_said(asked, "symbol"))), _said(asked, "qty")
        if not isinstance(contract, OptionContract) or not str(quantity).isdigit():
            raise unprocessable("symbol must be an option sold, qty how many of it are assigned")
        try:
            assign(self._venue, contract, -int(str(quantity)))
        except SettingsError as error:
            raise unprocessable(str(error)) from error
        return {}

    def _cut(self, _: Asked) -> Any:
        self._hub.cut()
        return {}

    def _faults(self, _: Asked) -> Any:
        happened = [] if self._mishaps is None else self._mishaps.timer.happened
        return {"happened": [{"kind": kind.value, "at": number} for kind, number in happened]}


def _said(asked: Asked, name: str) -> object:
    body = asked.json()
    if not isinstance(body, Mapping) or name not in body:
        raise unprocessable(f"{name} is required")
    return body[name]
