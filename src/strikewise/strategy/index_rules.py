"""What the published strategy indices share: when they roll, which strike they take, and how they are told.

Cboe's rule books speak of the third Friday and of the index at 11:00 in New York. Over end-of-day chains the
roll is the session in which the monthly options settle, and the level is that of the session's snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import exp, isfinite

import numpy as np

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    ROOT_MASK,
    ROOT_SHIFT,
    STRIKE_BITS,
    OptionContract,
    Right,
    Stock,
    date_of,
    days_of,
    option_roots,
)
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Adjust, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.calendar import SessionCalendar
from strikewise.market.view import MarketView
from strikewise.pricing import probability
from strikewise.strategy.candidates import signal_id
from strikewise.strategy.sizing import position_of
from strikewise.strategy.unit_risk import daily_sd_cents, unit_greeks

__all__ = [
    "holds_options",
    "index_signal",
    "is_monthly_roll",
    "is_weekly_roll",
    "next_monthly",
    "next_weekly",
    "rebalanced",
    "sized",
    "strike_at_delta",
    "strike_by_level",
    "third_friday",
]

FRIDAY = 4
SECONDS_A_YEAR = 365.0 * 86_400.0
INVESTED = 0.99
"""Share of the value that is put to work. An index knows no margin; an account that
does would be called for the half-spread between what it holds and what it could close that for."""
WITHIN = 6
"""Days by which a listed expiration may lie before the Friday it stands for: a holiday moves it."""


def third_friday(year: int, month: int) -> date:
    """Return the third Friday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(FRIDAY - first.weekday()) % 7 + 14)


def is_monthly_roll(day: date, calendar: SessionCalendar) -> bool:
    """Return whether the monthly options settle in this session."""
    return day == calendar.session_at_or_before(third_friday(day.year, day.month))


def is_weekly_roll(day: date, calendar: SessionCalendar) -> bool:
    """Return whether this is the last session of a week up to its Friday."""
    return day == calendar.session_at_or_before(day + timedelta(days=(FRIDAY - day.weekday()) % 7))


def next_monthly(chain: OptionChain, day: date) -> tuple[date, int] | None:
    """Return the next month's monthly expiration, and the first root that lists it; None where none does."""
    year, month = (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)
    for root_code in range(len(option_roots(chain.underlying))):
        found = _listed_until(chain, third_friday(year, month), root_code)
        if found is not None:
            return found, root_code
    return None


def next_weekly(chain: OptionChain, day: date) -> tuple[date, int] | None:
    """Return the expiration at or before the next Friday, and the last root that lists it, or None."""
    friday = day + timedelta(days=(FRIDAY - day.weekday() - 1) % 7 + 1)
    for root_code in reversed(range(len(option_roots(chain.underlying)))):
        found = _listed_until(chain, friday, root_code)
        if found is not None and found > day:
            return found, root_code
    return None


def _listed_until(chain: OptionChain, last: date, root_code: int) -> date | None:
    """Return the latest expiration of a root at or before a day, if it is close to it."""
    terms = np.unique(chain.key[((chain.key >> ROOT_SHIFT) & ROOT_MASK) == root_code] >> EXPIRATION_SHIFT)
    row = int(terms.searchsorted(days_of(last), side="right")) - 1
    near = row >= 0 and days_of(last) - int(terms[row]) <= WITHIN
    return date_of(int(terms[row])) if near else None


def _side(chain: OptionChain, expiration: date, right: Right, root_code: int) -> slice:
    bits = (days_of(expiration) << EXPIRATION_SHIFT) | (root_code << ROOT_SHIFT)
    first = bits | ((right is Right.PUT) << STRIKE_BITS)
    start, stop = chain.key.searchsorted([first, first + (1 << STRIKE_BITS)])
    return slice(int(start), int(stop))


def _quoted(chain: OptionChain, side: slice) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the rows of a side that have a two-sided market."""
    rows = np.arange(side.start, side.stop)
    return rows[(chain.bid[side] > 0) & (chain.ask[side] > chain.bid[side])]


def strike_by_level(
    chain: OptionChain, expiration: date, root_code: int, right: Right, level: float, *, above: bool
) -> OptionContract | None:
    """Return the quoted contract with the first strike above a level, or the last at or below it.

    Parameters
    ----------
    chain : OptionChain
        The chain.
    expiration, root_code, right
        Which contracts.
    level : float
        Dollars.
    above : bool
        Whether the strike must exceed the level; else it must not.
    """
    rows = _quoted(chain, _side(chain, expiration, right, root_code))
    strikes = chain.strike[rows]
    fits = rows[strikes > level] if above else rows[strikes <= level]
    if len(fits) == 0:
        return None
    return chain.contract(int(fits[0] if above else fits[-1]))


def strike_at_delta(
    chain: OptionChain, expiration: date, root_code: int, right: Right, delta: float
) -> OptionContract | None:
    """Return the quoted contract whose absolute delta is next to one, or None."""
    rows = _quoted(chain, _side(chain, expiration, right, root_code))
    distance = np.abs(np.abs(chain.delta[rows]) - delta)
    if len(rows) == 0 or not np.isfinite(distance).any():
        return None
    return chain.contract(int(rows[int(np.nanargmin(distance))]))


def index_signal(strategy: str, view: MarketView, chain: OptionChain, legs: Sequence[Leg]) -> Signal | None:
    """Return the signal to hold legs by an index's rule, or None where one has no quote.

    A rule claims no edge: the expected profit is told as zero, less what the touch costs against mid.
    """
    structure = Structure.of(legs)
    rows = [(row, ratio) for one, ratio in structure.options if (row := chain.find(one)) is not None]
    if len(rows) < len(structure.options):
        return None
    first = structure.options[0][0]
    price, mid = _costs(chain, rows, structure.shares, first.multiplier)
    most, least = structure.max_profit_cents(price), structure.max_loss_cents(price)
    edges = structure.breakevens(price)
    greeks = unit_greeks(chain, rows, multiplier=first.multiplier, shares=structure.shares)
    volatility = float(np.nanmean(chain.iv[[row for row, _ in rows]]))
    packed = [(contract.key, ratio) for contract, ratio in structure.options]
    return Signal(
        signal_id=signal_id(strategy, chain.underlying, packed, chain.as_of),
        strategy=strategy,
        underlying=chain.underlying,
        as_of=chain.as_of,
        structure=structure,
        price_cents=price,
        mid_cents=mid,
        max_loss_cents=least,
        max_profit_cents=most,
        margin_cents=least or 0,
        breakevens=edges,
        probability_of_profit=_chance(structure, edges, price, chain, view, volatility),
        edge_cents=mid - price,
        score=50.0,
        score_parts={"rule": 50.0},
        because={
            "spot": chain.spot,
            "regime": view.regime().value,
            "dte": float((first.expiration - view.day).days),
            "discount": _discount(view, first.expiration),
            **({"iv": volatility} if isfinite(volatility) else {}),
        },
        grade=chain.grade,
        greeks=greeks,
        daily_sd_cents=daily_sd_cents(greeks, chain.spot, volatility),
    )


def _costs(
    chain: OptionChain, rows: Sequence[tuple[int, int]], shares: int, multiplier: int
) -> tuple[int, int]:
    """Return what a unit costs at the touch and at mid, cents; the mid rounded against us."""
    price, doubled = 0, 0
    for row, ratio in rows:
        bid, ask = int(chain.bid[row]), int(chain.ask[row])
        price += (ask if ratio > 0 else bid) * ratio * multiplier
        doubled += (bid + ask) * ratio * multiplier
    spot = chain.spot_cents * shares
    return price + spot, -(-doubled // 2) + spot


def _chance(
    structure: Structure,
    edges: Sequence[float],
    price: int,
    chain: OptionChain,
    view: MarketView,
    volatility: float,
) -> float:
    """Return the lognormal probability of a profit at expiry with the legs' own volatility."""
    settles = view.calendar.settlement_at(structure.options[0][0])
    years = (settles - view.as_of).total_seconds() / SECONDS_A_YEAR
    below = float(structure.payoff_cents(0.0)) > price
    return float(probability.of_profit(np.array(edges), below, chain.spot, np.array([volatility]), years))


def sized(signal: Signal, portfolio: Portfolio, unit_cents: float) -> Position:
    """Return the position that as many units make as the strategy's share of equity pays for.

    An index is one position that rolls: while one is held or ordered, none is proposed beside it.

    Parameters
    ----------
    signal : Signal
        What to hold.
    portfolio : Portfolio
        The account.
    unit_cents : float
        Capital that one unit takes by the index's rule.
    """
    if unit_cents <= 0 or portfolio.held_by(signal.strategy):
        return position_of(signal, portfolio, 0)
    capital = portfolio.share_of(signal.strategy) * portfolio.equity_mid_cents
    return position_of(signal, portfolio, int(INVESTED * capital // unit_cents))


def _discount(view: MarketView, expiration: date) -> float:
    """Return what a dollar at an expiration is worth now at the bill rate; one where no rate is known."""
    return exp(-(view.rate() or 0.0) * (expiration - view.day).days / 365.0)


def rebalanced(position: Position, view: MarketView, chain: OptionChain, option: Leg) -> Adjust | None:
    """Return the trade that puts the next option on, and all money of the position to work again.

    What dividends, premiums and settlements brought or took since the last roll is what the position has
    been paid less than it was first given; it buys or sells index units, so that the value is in the units
    and their options alone.

    Parameters
    ----------
    position : Position
        Index units, and no options.
    view, chain
        The market now.
    option : Leg
        What one unit of 100 index units holds: one contract, sold or bought.
    """
    contract = option.instrument
    if not isinstance(contract, OptionContract) or (row := chain.find(contract)) is None:
        return None
    price = (int(chain.bid[row]) + int(chain.ask[row])) / 2.0 * option.ratio
    held = sum(one.quantity for one in position.holdings if isinstance(one.instrument, Stock))
    spare = position.entry_cents - position.cash_cents - position.fees_cents
    value = held * chain.spot_cents + spare
    units = int(INVESTED * value // ((chain.spot_cents + price) * contract.multiplier))
    if units < 1:
        return None
    trade = [Leg(contract, option.ratio * units)]
    if more := units * contract.multiplier - held:
        trade.append(Leg(Stock(position.underlying), more))
    return Adjust(Structure.of(trade), 1, "ROLL", f"units={units} day={view.day.isoformat()}")


def holds_options(position: Position) -> bool:
    """Return whether a position holds an option that has not settled."""
    return any(isinstance(held.instrument, OptionContract) for held in position.holdings)
