"""The routes of Alpaca's trading interface over an account."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from strikewise.adapters.brokers.alpaca_server import exercising, reference, showing
from strikewise.adapters.brokers.alpaca_server.counter import Counter
from strikewise.adapters.brokers.alpaca_server.mishaps import Mishaps
from strikewise.adapters.brokers.alpaca_server.order_bodies import order_body
from strikewise.adapters.brokers.alpaca_server.refusals import RefusedError, malformed, unprocessable
from strikewise.adapters.brokers.alpaca_server.venue import CancelFate, OrderFate, Venue
from strikewise.adapters.brokers.alpaca_server.wire import instant_of
from strikewise.adapters.brokers.alpaca_server.wishes import read_change, read_wish

__all__ = ["Asked", "Desk", "answering"]

YEAR = timedelta(days=365)
FILLS = ("FILL",)
CATEGORIES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "": ((), ()),
    "trade_activity": (FILLS, ()),
    "non_trade_activity": ((), FILLS),
}
"""Which kinds of activities each holds, and which it leaves out."""


class Asked:
    """A request: its path, its query and its body.

    Parameters
    ----------
    path, query : mapping of str to str
        What stands in the address.
    body : bytes
        What was sent.
    """

    def __init__(self, path: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        self.path, self.query, self._body = path, query, body

    def json(self) -> object:
        """Return the body, read.

        Raises
        ------
        RefusedError
            If it is no JSON.
        """
        try:
            return json.loads(self._body)
        except ValueError:
            raise malformed("request body format is invalid") from None

    def text(self, name: str, default: str = "") -> str:
        """Return a word of the query."""
        return self.query.get(name, default)

    def words(self, name: str) -> tuple[str, ...]:
        """Return the words of the query that commas separate."""
        return tuple(word for word in self.query.get(name, "").split(",") if word)

    def flag(self, name: str) -> bool:
        """Return whether the query says yes."""
        return self.query.get(name, "").lower() in ("true", "1", "t")

    def number(self, name: str, default: int) -> int:
        """Return a whole number of the query.

        Raises
        ------
        RefusedError
            If it is none.
        """
        try:
            return int(self.query.get(name, default))
        except ValueError:
            raise unprocessable(f"invalid {name}: {self.query[name]}") from None

    def amount(self, name: str) -> float | None:
        """Return a number of the query; None where it is not there.

        Raises
        ------
        RefusedError
            If it is none.
        """
        try:
            return float(self.query[name]) if name in self.query else None
        except ValueError:
            raise unprocessable(f"invalid {name}: {self.query[name]}") from None

    def instant(self, name: str) -> datetime | None:
        """Return an instant of the query; None where it is not there.

        Raises
        ------
        RefusedError
            If it is none.
        """
        try:
            return instant_of(self.query[name]) if self.query.get(name) else None
        except ValueError:
            raise unprocessable(f"invalid {name}: {self.query[name]}") from None


Handler = Callable[[Asked], Any]


def answering(path: str, method: str, handler: Handler, lock: RLock, *, status: int = 200) -> Route:
    """Return a route that answers with what a handler returns, as JSON; nothing has no body."""

    def run(asked: Asked) -> Response:
        try:
            with lock:
                body = handler(asked)
        except RefusedError as refused:
            return JSONResponse(refused.body(), status_code=refused.status)
        return Response(status_code=status) if body is None else JSONResponse(body, status_code=status)

    async def endpoint(request: Request) -> Response:
        asked = Asked(request.path_params, request.query_params, await request.body())
        return await run_in_threadpool(run, asked)

    return Route(path, endpoint, methods=[method])


class Desk:
    """Answer the trading interface.

    Parameters
    ----------
    venue : Venue
        The account.
    mishaps : Mishaps or None
        What goes wrong on purpose.

    Attributes
    ----------
    counter : Counter
        Where orders are taken.
    """

    def __init__(self, venue: Venue, mishaps: Mishaps | None = None) -> None:
        self._venue, self.counter, self._mishaps = venue, Counter(venue), mishaps

    def routes(self) -> list[Route]:
        """Return the routes."""
        venue = self._venue
        reads: dict[str, Handler] = {
            "/v2/account": lambda _: showing.account_body(venue),
            "/v2/account/activities": self._activities,
            "/v2/account/activities/{kind}": self._activities,
            "/v2/positions": lambda _: showing.position_bodies(venue),
            "/v2/positions/{symbol}": lambda asked: showing.position_body(venue, asked.path["symbol"]),
            "/v2/orders": self._orders,
            "/v2/orders:by_client_order_id": self._by_client,
            "/v2/orders/{order_id}": self._order,
            "/v2/clock": lambda _: reference.clock_body(venue),
            "/v2/calendar": self._calendar,
            "/v2/assets": lambda _: reference.asset_bodies(venue),
            "/v2/assets/{symbol}": lambda asked: reference.asset_body(venue, asked.path["symbol"]),
            "/v2/options/contracts": self._contracts,
            "/v2/options/contracts/{symbol}": lambda asked: reference.contract_body(
                venue, asked.path["symbol"]
            ),
        }
        writes: list[tuple[str, str, Handler, int]] = [
            ("POST", "/v2/orders", self._submit, 200),
            ("DELETE", "/v2/orders", self._cancel_all, 207),
            ("PATCH", "/v2/orders/{order_id}", self._replace, 200),
            ("DELETE", "/v2/orders/{order_id}", self._cancel, 204),
            ("POST", "/v2/positions/{symbol}/exercise", self._exercise, 200),
            ("POST", "/v2/positions/{symbol}/do-not-exercise", self._keep, 200),
        ]
        lock = venue.lock
        return [
            *(answering(path, "GET", handler, lock) for path, handler in reads.items()),
            *(
                answering(path, method, handler, lock, status=status)
                for method, path, handler, status in writes
            ),
        ]

    def _submit(self, asked: Asked) -> Any:
        wish = read_wish(asked.json())
        return self.counter.submit(wish, self._mishaps.of_order() if self._mishaps else OrderFate.PLAIN)

    def _replace(self, asked: Asked) -> Any:
        return self.counter.replace(asked.path["order_id"], read_change(asked.json()))

    def _cancel(self, asked: Asked) -> None:
        fate = self._mishaps.of_cancel() if self._mishaps else CancelFate.PLAIN
        self.counter.cancel(asked.path["order_id"], fate)

    def _cancel_all(self, _: Asked) -> Any:
        answers = []
        for ticket in self._venue.working():
            self.counter.cancel(ticket.order_id)
            answers.append({"id": ticket.order_id, "status": 200, "body": order_body(ticket)})
        return answers

    def _order(self, asked: Asked) -> Any:
        return order_body(self.counter.ticket(asked.path["order_id"]))

    def _by_client(self, asked: Asked) -> Any:
        return order_body(self.counter.by_client(asked.text("client_order_id")))

    def _orders(self, asked: Asked) -> Any:
        return showing.order_bodies(
            self._venue,
            status=asked.text("status", "open"),
            limit=asked.number("limit", showing.USUAL_ORDERS),
            after=asked.instant("after"),
            until=asked.instant("until"),
            ascending=asked.text("direction", "desc") == "asc",
            nested=asked.flag("nested"),
            symbols=asked.words("symbols"),
            side=asked.text("side"),
        )

    def _activities(self, asked: Asked) -> Any:
        kind = asked.path.get("kind")
        kinds, category = (kind,) if kind else asked.words("activity_types"), asked.text("category")
        if category not in CATEGORIES or (category and kinds):
            raise unprocessable(f"category {category} cannot be used here")
        only, but = CATEGORIES[category]
        after, until = asked.instant("after"), asked.instant("until")
        if (day := asked.instant("date")) is not None:
            after, until = day - timedelta(milliseconds=1), day + timedelta(days=1)
        return self._venue.diary.page(
            kinds or only,
            but=but,
            after=after,
            until=until,
            ascending=asked.text("direction", "desc") == "asc",
            size=asked.number("page_size", 100),
            token=asked.text("page_token"),
        )

    def _calendar(self, asked: Asked) -> Any:
        day = self._venue.view.day
        start, end = (
            reference.day_of_text(asked.text(name)) if asked.text(name) else other
            for name, other in (("start", day - YEAR), ("end", day + YEAR))
        )
        return reference.calendar_bodies(self._venue, start, end)

    def _contracts(self, asked: Asked) -> Any:
        exact = asked.text("expiration_date")
        first, last = asked.text("expiration_date_gte") or exact, asked.text("expiration_date_lte") or exact
        wanted = reference.ContractFilter(
            underlyings=asked.words("underlying_symbols"),
            first=reference.day_of_text(first) if first else None,
            last=reference.day_of_text(last) if last else None,
            right=asked.text("type"),
            root=asked.text("root_symbol"),
            style=asked.text("style"),
            low=asked.amount("strike_price_gte"),
            high=asked.amount("strike_price_lte"),
        )
        found, token = reference.contract_page(
            self._venue, wanted, asked.number("limit", 100), asked.text("page_token")
        )
        return {"option_contracts": found, "next_page_token": token}

    def _exercise(self, asked: Asked) -> Any:
        exercising.exercise(self._venue, asked.path["symbol"])

    def _keep(self, asked: Asked) -> Any:
        exercising.do_not_exercise(self._venue, asked.path["symbol"])
