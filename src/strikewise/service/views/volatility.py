"""Implied volatility of an underlying: surface, smiles against quotes, term structure, rank over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import ExpirationSide, OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import STRIKE_MASK, Right
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.market.view import Market, MarketView
from strikewise.pricing.implied_vol import implied_volatility
from strikewise.pricing.surface import SmileSurface

__all__ = ["IvRank", "Smile", "Surface", "TermPoint", "VolatilityView", "volatility_of"]

MONEYNESS = tuple(round(0.80 + 0.025 * n, 3) for n in range(17))
DAYS = (7, 14, 21, 30, 45, 60, 90, 120, 180)
YEAR = 365.0
MOST_RANKS = 250
DIGITS = 6

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Surface:
    """Implied volatility by days to expiration (rows) and strike over spot (columns); None where unknown."""

    moneyness: tuple[float, ...]
    days: tuple[int, ...]
    iv: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Smile:
    """One expiration: out-of-the-money quotes as volatilities, and the surface through them.

    Attributes
    ----------
    expiration, days
        When, and how many calendar days away.
    strikes : tuple of float
        Dollars.
    iv, bid_iv, ask_iv : tuple of float or None
        Of the quotes' middle as the chain says it, and of the bid and the ask: as far below and above it as
        they lie by Black-76. None where there is none, as of a bid of nothing.
    bid_cents, ask_cents : tuple of int or None
        Per share.
    fitted : tuple of float or None
        The surface.
    """

    expiration: date
    days: int
    strikes: tuple[float, ...]
    iv: tuple[float | None, ...]
    bid_cents: tuple[int | None, ...]
    ask_cents: tuple[int | None, ...]
    fitted: tuple[float | None, ...]
    bid_iv: tuple[float | None, ...] = ()
    ask_iv: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class TermPoint:
    """At-the-money volatility of an expiration."""

    days: int
    expiration: date
    iv: float


@dataclass(frozen=True, slots=True)
class IvRank:
    """Where implied volatility stood in its past year at a session: 0 lowest, 1 highest."""

    day: date
    iv30: float | None
    rank: float | None


@dataclass(frozen=True, slots=True)
class VolatilityView:
    """All of it at an instant."""

    symbol: str
    as_of: datetime
    grade: str
    source: str
    spot: float
    surface: Surface
    smiles: tuple[Smile, ...]
    term: tuple[TermPoint, ...]
    ranks: tuple[IvRank, ...]


def volatility_of(
    symbol: str, source: MarketSource, calendar: SessionCalendar, at: datetime, *, ranks: int = 60
) -> VolatilityView:
    """Return the volatilities of an underlying at an instant.

    Parameters
    ----------
    symbol : str
        The underlying.
    source : MarketSource
        Its chains.
    calendar : SessionCalendar
        The sessions.
    at : datetime
        When; the latest chain known by then is shown.
    ranks : int
        Sessions of the history of the rank, at most `MOST_RANKS`.

    Raises
    ------
    MissingDataError
        If there is no chain, or its underlying's price is unknown.
    """
    market = Market(source, calendar)
    view = market.view(at)
    chain = view.chain(symbol)
    if chain is None or chain.spot_cents <= 0:
        raise MissingDataError(
            f"No option chain of {symbol} with a price of the underlying is known at {at.isoformat()}: "
            "import or reconstruct one first."
        )
    spot = chain.spot_cents / 100
    carry = (view.rate() or 0.0) - view.dividend_yield(symbol)
    slices = _slices(chain, calendar, spot, view.rate() or 0.0, carry)
    columns = [
        np.concatenate([one[name] for one in slices] or [np.empty(0)]) for name in ("years", "k", "iv")
    ]
    surface = SmileSurface.from_quotes(*columns)
    term = (_term(one, surface) for one in slices)
    return VolatilityView(
        symbol,
        chain.as_of,
        chain.grade.value,
        chain.source,
        spot,
        _grid(surface, carry, slices),
        tuple(_smile(one, surface) for one in slices),
        tuple(one for one in term if one is not None),
        _ranks(symbol, source, market, at, min(ranks, MOST_RANKS)),
    )


class _Slice(dict[str, Array]):
    """One expiration's out-of-the-money quotes as columns."""

    expiration: date
    days: int


def _slices(
    chain: OptionChain, calendar: SessionCalendar, spot: float, rate: float, carry: float
) -> list[_Slice]:
    by_day: dict[date, list[ExpirationSide]] = {}
    for side in chain.sides():
        by_day.setdefault(side.expiration, []).append(side)
    found = []
    for day, sides in sorted(by_day.items()):
        settles = calendar.session_close(calendar.session_at_or_before(day))
        years = (settles - chain.as_of).total_seconds() / (YEAR * 86_400.0)
        if years <= 0.0:
            continue
        forward = spot * exp(carry * years)
        parts = [_out(chain, side, forward) for side in sides]
        strike, iv, bid, ask = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(strike, kind="stable")
        one = _Slice(
            strike=strike[order], iv=iv[order], bid=bid[order], ask=ask[order],
            k=np.log(strike[order] / forward), years=np.full(len(strike), years),
            forward=np.full(len(strike), forward), discount=np.full(len(strike), exp(-rate * years)),
        )  # fmt: skip
        one.expiration, one.days = day, max(0, (day - calendar.day_of(chain.as_of)).days)
        if np.isfinite(one["iv"]).any():
            found.append(one)
    return found


def _out(chain: OptionChain, side: ExpirationSide, forward: float) -> tuple[Array, Array, Array, Array]:
    """Return strike, volatility, bid and ask of a side's contracts that are out of the money."""
    rows = slice(side.start, side.stop)
    strikes = (chain.key[rows] & STRIKE_MASK) / 1000.0
    out = strikes >= forward if side.right is Right.CALL else strikes < forward
    kept = [np.asarray(column[rows], dtype=np.float64)[out] for column in (chain.iv, chain.bid, chain.ask)]
    return strikes[out], kept[0], kept[1], kept[2]


def _smile(one: _Slice, surface: SmileSurface) -> Smile:
    fitted = surface.volatility(one["k"], one["years"])
    below, above = _sides(one)
    return Smile(
        one.expiration,
        one.days,
        tuple(float(strike) for strike in one["strike"]),
        tuple(_known(value) for value in one["iv"]),
        tuple(_cents(value) for value in one["bid"]),
        tuple(_cents(value) for value in one["ask"]),
        tuple(_known(value) for value in fitted),
        tuple(_known(value) for value in below),
        tuple(_known(value) for value in above),
    )


def _sides(one: _Slice) -> tuple[Array, Array]:
    """Return the volatilities of bids and asks around those of the chain.

    The chain's may be of another model (American, a vendor's): what Black-76 tells is only how far the bid
    and the ask lie from the middle, which is the same for contracts out of the money.
    """
    prices = np.stack([one["bid"], (one["bid"] + one["ask"]) / 2.0, one["ask"]]) / 100.0
    quoted = (one["bid"] > 0.0) & (one["ask"] >= one["bid"])
    bid, middle, ask = implied_volatility(
        one["k"] >= 0.0,
        np.where(quoted, prices, np.nan),
        one["forward"],
        one["strike"],
        one["years"],
        one["discount"],
    )
    return one["iv"] + (bid - middle), one["iv"] + (ask - middle)


def _term(one: _Slice, surface: SmileSurface) -> TermPoint | None:
    iv = _known(float(surface.volatility(0.0, float(one["years"][0]))))
    return None if iv is None else TermPoint(one.days, one.expiration, iv)


def _grid(surface: SmileSurface, carry: float, slices: list[_Slice]) -> Surface:
    longest = max((one.days for one in slices), default=0)
    days = tuple(day for day in DAYS if day <= longest) or DAYS[:1]
    rows = []
    for day in days:
        years = day / YEAR
        k = np.array([log(m) - carry * years for m in MONEYNESS])
        row = surface.volatility(k, years)
        inside = [surface.covers(float(each), years) for each in k]
        rows.append(tuple(_known(value) if ok else None for value, ok in zip(row, inside, strict=True)))
    return Surface(MONEYNESS, days, tuple(rows))


def _ranks(symbol: str, source: MarketSource, market: Market, at: datetime, most: int) -> tuple[IvRank, ...]:
    taken = source.snapshots(symbol)
    calendar = market.calendar
    last_of_day: dict[date, datetime] = {}
    for seconds in taken[taken <= int(at.timestamp())][-20 * most :].tolist():
        instant = datetime.fromtimestamp(seconds, UTC)
        last_of_day[calendar.day_of(instant)] = instant
    chosen = sorted(last_of_day.items())[-most:] if most else []
    return tuple(_rank(day, market.view(instant), symbol) for day, instant in chosen)


def _rank(day: date, view: MarketView, symbol: str) -> IvRank:
    features = view.features(symbol)
    return IvRank(day, _known(features.get("iv30")), _known(features.get("iv_rank")))


def _known(value: float) -> float | None:
    """Return a number that is known, to a millionth: what more digits said would be noise."""
    return round(float(value), DIGITS) if np.isfinite(value) else None


def _cents(value: float) -> int | None:
    return int(value) if value >= 0 else None
