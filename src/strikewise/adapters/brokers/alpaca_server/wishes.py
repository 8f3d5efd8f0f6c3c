"""Read what a client asks for, and refuse what cannot be asked so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import gcd
from typing import Any

from strikewise.adapters.brokers.alpaca_server.refusals import malformed, unprocessable
from strikewise.adapters.brokers.alpaca_server.wire import cents_of, instrument_of
from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import Instrument, OptionContract

__all__ = ["Change", "Wish", "WishLeg", "read_change", "read_wish"]

INTENTS = ("buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close")
LONGEST_ID = 128
MOST_LEGS = 4
EQUITY_TIMES = ("day", "gtc", "opg", "cls", "ioc", "fok")


@dataclass(frozen=True, slots=True)
class WishLeg:
    """One instrument that is to be traded: signed ratio, and the intent where one was given."""

    instrument: Instrument
    ratio: int
    intent: str


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as it was asked for.

    Attributes
    ----------
    client_order_id : str
        Empty where none was given.
    legs : tuple of WishLeg
        What to trade.
    several : bool
        Whether it is a multi-leg order.
    quantity : int
        Units.
    kind : str
        ``limit`` or ``market``.
    limit_cents : int or None
        Price per share as sent.
    time_in_force : str
        How long.
    """

    client_order_id: str
    legs: tuple[WishLeg, ...]
    several: bool
    quantity: int
    kind: str
    limit_cents: int | None
    time_in_force: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a replacement changes; None where it does not."""

    quantity: int | None
    limit_cents: int | None
    client_order_id: str
    time_in_force: str | None


def read_wish(body: object) -> Wish:
    """Read the body of a new order.

    Raises
    ------
    RefusedError
        If it is none that Alpaca would take.
    """
    if not isinstance(body, Mapping):
        raise malformed("request body format is invalid")
    several = body.get("order_class") == "mleg"
    if not several and body.get("order_class") not in (None, "", "simple"):
        raise unprocessable("complex orders not supported for options trading")
    legs = _several(body) if several else (_single(body),)
    options = any(isinstance(leg.instrument, OptionContract) for leg in legs)
    kind = _kind(body, options=options)
    limit = _limit(body, kind, several=several)
    time_in_force = _time_in_force(body, options=options, several=several)
    if options and body.get("extended_hours"):
        raise unprocessable("extended hours is not supported for options trading")
    if options and body.get("notional") is not None:
        raise unprocessable("notional orders are not supported for options trading")
    quantity = _whole(body.get("qty"), "qty")
    return Wish(_client_order_id(body), legs, several, quantity, kind, limit, time_in_force)


def read_change(body: object) -> Change:
    """Read the body of a replacement.

    Raises
    ------
    RefusedError
        If it is none that Alpaca would take.
    """
    if not isinstance(body, Mapping):
        raise malformed("request body format is invalid")
    quantity = None if body.get("qty") is None else _whole(body["qty"], "qty")
    limit = None if body.get("limit_price") is None else _price(body["limit_price"])
    tif = body.get("time_in_force")
    return Change(quantity, limit, _client_order_id(body), None if tif is None else str(tif))


def _single(body: Mapping[str, Any]) -> WishLeg:
    symbol = body.get("symbol")
    if not symbol:
        raise unprocessable("symbol is required")
    side, intent = body.get("side"), str(body.get("position_intent") or "")
    if side is None and intent in INTENTS:
        side = intent.partition("_")[0]
    return WishLeg(_instrument(str(symbol)), _sign(side, intent), intent)


def _several(body: Mapping[str, Any]) -> tuple[WishLeg, ...]:
    sent = body.get("legs")
    if not isinstance(sent, list) or not 2 <= len(sent) <= MOST_LEGS:
        raise unprocessable(f"mleg orders must have between 2 and {MOST_LEGS} legs")
    if body.get("symbol") or body.get("side"):
        raise unprocessable("symbol and side must not be set for mleg orders")
    legs = []
    for number, leg in enumerate(sent):
        if not isinstance(leg, Mapping):
            raise malformed("request body format is invalid")
        intent = str(leg.get("position_intent") or "")
        if intent not in INTENTS:
            raise unprocessable(f"leg.{number} position intent is required")
        instrument = _instrument(str(leg.get("symbol") or ""))
        if not isinstance(instrument, OptionContract):
            raise unprocessable("equity legs are allowed only with a corresponding amount of call contracts")
        side = leg.get("side") or intent.partition("_")[0]
        legs.append(
            WishLeg(instrument, _sign(side, intent) * _whole(leg.get("ratio_qty"), "ratio_qty"), intent)
        )
    first = legs[0].instrument.underlying
    for wished in legs[1:]:
        if wished.instrument.underlying != first:
            raise unprocessable(f"underlying asset mismatch: {first} != {wished.instrument.underlying}")
    if len({wished.instrument for wished in legs}) < len(legs):
        raise unprocessable("duplicate leg symbols are not allowed")
    if gcd(*(wished.ratio for wished in legs)) != 1:
        raise unprocessable("leg ratio quantities must be relatively prime")
    return tuple(legs)


def _instrument(symbol: str) -> Instrument:
    try:
        return instrument_of(symbol)
    except InstrumentError:
        raise unprocessable(f"asset not found for {symbol}") from None


def _sign(side: object, intent: str) -> int:
    if side not in ("buy", "sell"):
        raise unprocessable("side must be buy or sell")
    if intent and (intent not in INTENTS or not intent.startswith(f"{side}_")):
        raise unprocessable("position_intent and side do not agree")
    return 1 if side == "buy" else -1


def _kind(body: Mapping[str, Any], *, options: bool) -> str:
    kind = str(body.get("type") or "")
    if kind not in ("market", "limit"):
        known = kind in ("stop", "stop_limit", "trailing_stop")
        raise unprocessable(
            "invalid order type for options trading" if options and known else f"invalid type: {kind!r}"
        )
    return kind


def _limit(body: Mapping[str, Any], kind: str, *, several: bool) -> int | None:
    sent = body.get("limit_price")
    if kind == "market":
        if sent is not None:
            raise unprocessable("limit price is only valid for limit orders")
        return None
    if sent is None:
        raise unprocessable("limit price is required for limit orders")
    cents = _price(sent)
    if cents <= 0 and not several:
        raise unprocessable("limit price must be > 0")
    return cents


def _time_in_force(body: Mapping[str, Any], *, options: bool, several: bool) -> str:
    sent = str(body.get("time_in_force") or "")
    allowed = ("day",) if options else EQUITY_TIMES
    if sent not in allowed:
        raise unprocessable("invalid time in force" if several else "invalid option time_in_force")
    if sent != "day":
        raise unprocessable(f"time_in_force {sent} is not rehearsed by this server")
    return sent


def _client_order_id(body: Mapping[str, Any]) -> str:
    given = str(body.get("client_order_id") or "")
    if len(given) > LONGEST_ID:
        raise malformed(f"client_order_id must be no more than {LONGEST_ID} characters")
    return given


def _price(sent: object) -> int:
    try:
        amount = Decimal(str(sent))
    except InvalidOperation:
        raise unprocessable("invalid limit price") from None
    cents = cents_of(amount) if amount.is_finite() else None
    if cents is None:
        raise unprocessable(
            f"invalid limit_price {sent}. sub-penny increment does not fulfill minimum pricing criteria"
        )
    return cents


def _whole(sent: object, name: str) -> int:
    try:
        amount = Decimal(str(sent))
    except InvalidOperation:
        raise unprocessable(f"{name} is required and must be a number") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise unprocessable(f"{name} must be integer for options trading")
    if amount <= 0:
        raise unprocessable(f"{name} must be > 0")
    return int(amount)
