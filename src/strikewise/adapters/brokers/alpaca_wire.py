"""Requests to Alpaca through its own kit, with the kit's hazards closed.

As it comes, the kit sends an order again on 429 and 504, waits for ever, fails on an error whose body is no
JSON, and drops the headers that say when to come back. Here nothing is sent twice, every request has a
timeout, and whatever comes back is told as what it is: an answer, or nothing that can be relied on.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from strikewise.adapters.brokers.alpaca_pace import Pace, Timer, Urgency
from strikewise.domain.errors import SettingsError
from strikewise.market.clock import Clock

if TYPE_CHECKING:
    from alpaca.common.rest import RESTClient

__all__ = ["AlpacaWire", "Answered", "Failed", "Limited", "Reply", "open_client", "words_of"]

Kind = Literal["trading", "options", "stocks"]
Method = Literal["GET", "POST", "PATCH", "DELETE"]

MOST_AWAY = 60.0
"""Seconds; a reset further off is a clock that is wrong."""
PATIENCE = 1.0
"""Seconds that what is no exit waits for its turn."""
EXIT_PATIENCE = 10.0
"""Seconds that an exit waits for its turns in all: meanwhile nobody listens, beats, or keeps the lease."""
TRIES = 3
"""How often an exit comes back after a 429, which says that nothing was taken."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came over the line."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer in JSON, or a success without a body.

    Attributes
    ----------
    status : int
        The HTTP status.
    body : object
        The JSON, its fractions as Decimal; None where there was no body.
    """

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer that can be relied on: what became of the request nobody knows.

    Attributes
    ----------
    reason : str
        What happened instead.
    status : int
        The HTTP status of a page that is no JSON; 0 where nothing came.
    """

    reason: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Limited:
    """Not asked, or not answered, because too much was asked; nothing was taken."""

    reason: str


def open_client(
    kind: Kind, key: str, secret: str, url: str, *, connect_seconds: float = 5.0, read_seconds: float = 15.0
) -> RESTClient:
    """Return one of the kit's clients that sends once, in time, and answers with a `Reply`.

    Raises
    ------
    SettingsError
        If the kit is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a library below the kit
            from alpaca.data.historical.option import OptionHistoricalDataClient
            from alpaca.data.historical.stock import StockHistoricalDataClient
            from alpaca.trading.client import TradingClient
    except ImportError as error:
        raise SettingsError(
            "Alpaca's kit is not installed: add it with `pip install 'strikewise[alpaca]'`."
        ) from error
    kinds: dict[Kind, type[RESTClient]] = {
        "trading": TradingClient,
        "options": OptionHistoricalDataClient,
        "stocks": StockHistoricalDataClient,
    }

    def one_request(client: Any, method: str, address: str, opts: dict[str, Any], _retry: int) -> Reply:
        timeout = (connect_seconds, read_seconds)
        came = client._session.request(method, address, timeout=timeout, **opts)  # noqa: SLF001
        return Reply(came.status_code, came.headers, came.text)

    closed = type("Closed", (kinds[kind],), {"_one_request": one_request})
    client: RESTClient = closed(api_key=key, secret_key=secret, raw_data=True, url_override=url)
    client._retry, client._retry_codes = 0, []  # noqa: SLF001
    return client


class AlpacaWire:
    """One of Alpaca's interfaces, asked at the vendor's pace.

    Parameters
    ----------
    kind : {"trading", "options", "stocks"}
        Which interface.
    key, secret : str
        The account's key.
    url : str
        Address without the version.
    clock : Clock
        The time of day, to read the vendor's reset instants with.
    timer : Timer
        Durations.
    pace : Pace
        What all interfaces of a key are counted by.
    connect_seconds, read_seconds : float
        Timeouts.
    """

    def __init__(
        self,
        kind: Kind,
        key: str,
        secret: str,
        url: str,
        *,
        clock: Clock,
        timer: Timer,
        pace: Pace,
        connect_seconds: float = 5.0,
        read_seconds: float = 15.0,
    ) -> None:
        self._clock, self._timer, self._pace = clock, timer, pace
        client = open_client(
            kind, key, secret, url, connect_seconds=connect_seconds, read_seconds=read_seconds
        )
        self._client = client
        self._send: dict[Method, Callable[..., Any]] = {
            "GET": client.get,
            "POST": client.post,
            "PATCH": client.patch,
            "DELETE": client.delete,
        }

    def close(self) -> None:
        """Let go of connections."""
        self._client._session.close()  # noqa: SLF001

    def call(
        self, method: Method, path: str, data: Any = None, *, urgency: Urgency = Urgency.READ
    ) -> Answered | Failed | Limited:
        """Send one request; only an exit that a 429 turned away, and so was not taken, is sent again."""
        exits = urgency is Urgency.EXIT
        patience = EXIT_PATIENCE if exits else PATIENCE
        for _ in range(TRIES if exits else 1):
            wait = self._pace.wait(urgency)
            if wait > patience:
                return Limited(f"too many requests: {method} {path} may be asked again in {wait:.0f} s")
            if wait > 0:
                patience -= wait
                self._timer.sleep(wait)
            answer = self._once(method, path, data)
            if not isinstance(answer, Limited):
                return answer
        return answer

    def _once(self, method: Method, path: str, data: Any) -> Answered | Failed | Limited:
        self._pace.asked()
        what = f"{method} {path}"
        try:
            reply: Reply = self._send[method](path, data)
        except (OSError, ValueError) as error:  # what the kit's HTTP library raises is of these
            return Failed(f"{what} got no answer: {type(error).__name__}")
        if reply.status == 429:
            away = self._away(reply.headers)
            self._pace.stay_away(away)
            return Limited(f"{what} was turned away: too many requests, again in {away:.0f} s")
        return _read(what, reply)

    def _away(self, headers: Mapping[str, str]) -> float:
        """Return how long to stay away: as the headers say, else three seconds."""
        said = {name: headers.get(name, "") for name in ("X-RateLimit-Reset", "Retry-After")}
        if said["X-RateLimit-Reset"].isdigit():
            seconds = int(said["X-RateLimit-Reset"]) - self._clock.now().timestamp()
        elif said["Retry-After"].isdigit():
            seconds = int(said["Retry-After"])
        else:
            seconds = 3.0
        return min(max(seconds, 1.0), MOST_AWAY)


def _read(what: str, reply: Reply) -> Answered | Failed:
    if not reply.text.strip():
        if 200 <= reply.status < 300:
            return Answered(reply.status, None)
        return Failed(f"{what} was answered with status {reply.status} and nothing more", reply.status)
    try:
        body = json.loads(reply.text, parse_float=Decimal)
    except ValueError:
        return Failed(f"{what} was answered with status {reply.status} and no JSON", reply.status)
    if reply.status >= 500 or 300 <= reply.status < 400:
        return Failed(f"{what} was answered with status {reply.status}: {words_of(body)}", reply.status)
    return Answered(reply.status, body)


def words_of(body: Any) -> str:
    """Return what an error says: its message, and its numbers as ``key=value`` pairs."""
    if not isinstance(body, Mapping):
        return "" if body is None else str(body)[:200]
    said = str(body.get("message", "")).strip()
    rest = " ".join(
        f"{name}={value}"
        for name, value in sorted(body.items())
        if name not in {"code", "message"} and isinstance(value, str | int | Decimal) and value != ""
    )
    return "; ".join(part for part in (said, rest) if part)
