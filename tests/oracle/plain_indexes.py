"""What the strategy indices trade: on which days, at which strikes, how much, and into what they roll."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from oracle.plain_account import Account, Legs, Position, Wish, largest_loss, ordered
from oracle.plain_calls import Adjustment
from oracle.plain_gate import Standing
from oracle.plain_looks import Params, single
from oracle.plain_market import Instrument, PlainView, Row, Snapshot, place_of
from oracle.plain_options import Greeks, normal
from strikewise.domain.identifiers import short_digest
from strikewise.domain.instruments import OptionContract, Right, option_roots

INDEXES = frozenset({"index_buy_write", "index_condor", "index_protective_put", "index_put_write"})
PUT_TO_WORK = 0.99
MOST_DAYS_BEFORE = 6
"""By which an expiration may lie before the Friday it stands for."""


def index_wishes(name: str, label: str, view: PlainView, params: Params) -> list[Wish]:
    """What is opened today on each underlying, in their order."""
    found = []
    for underlying in view.underlyings():
        chain = view.fresh(underlying)
        units = [] if chain is None else list(_units(name, view, chain, params))
        if chain is not None and units:
            legs = [
                (chain.rows[one], ratio) for one, ratio in sorted(units, key=lambda each: place_of(each[0]))
            ]
            shares = legs[0][0].contract.multiplier if _holds_shares(name) else 0
            found.append(_wish(name, label, view, chain, legs, shares))
    return found


def _holds_shares(name: str) -> bool:
    return name in {"index_buy_write", "index_protective_put"}


def _units(
    name: str, view: PlainView, chain: Snapshot, params: Params
) -> Iterator[tuple[OptionContract, int]]:
    """The options of one unit; nothing on a day that is none, or where one is not quoted."""
    weekly = name == "index_put_write" and params["roll"] == "weekly"
    ends = _rolls_weekly(view, chain) if weekly else _rolls_monthly(view, chain)
    if ends is None:
        return
    wanted: list[tuple[Row | None, int]]
    if name == "index_buy_write":
        wanted = [(next((one for one in _quoted(chain, *ends, Right.CALL) if _at(one, chain) > 0), None), -1)]
    elif name == "index_condor":
        wanted = [
            (_at_delta(_quoted(chain, *ends, right), params[delta]), ratio)
            for right in (Right.PUT, Right.CALL)
            for delta, ratio in (("long_delta", 1), ("short_delta", -1))
        ]
    else:
        bought = name == "index_protective_put"
        share = 1.0 - params["otm"] if bought else 1.0
        below = [one for one in _quoted(chain, *ends, Right.PUT) if _at(one, chain, share) <= 0]
        wanted = [(below[-1] if below else None, 1 if bought else -1)]
    found = [(row.contract, ratio) for row, ratio in wanted if row is not None]
    if len(dict(found)) == len(wanted):
        yield from found


def _at(row: Row, chain: Snapshot, share: float = 1.0) -> float:
    """How far a strike lies above a share of the price."""
    return row.contract.strike_milli / 1000 - chain.spot_cents / 100 * share


def _quoted(chain: Snapshot, ends: date, root_code: int, right: Right) -> list[Row]:
    """The contracts of a side that somebody bids for, by strike."""
    rows = [
        row
        for one, row in chain.rows.items()
        if (one.expiration, one.root_code, one.right) == (ends, root_code, right) and row.ask > row.bid > 0
    ]
    return sorted(rows, key=lambda row: row.contract.strike_milli)


def _at_delta(rows: list[Row], delta: float) -> Row | None:
    known = [row for row in rows if not math.isnan(row.delta)]
    return min(known, key=lambda row: abs(single(abs(row.delta) - single(delta))), default=None)


# --- days ---


def _third_friday(year: int, month: int) -> date:
    fridays = [day for day in range(15, 22) if date(year, month, day).weekday() == 4]
    return date(year, month, fridays[0])


def _session_until(view: PlainView, day: date) -> date:
    while not view.calendar.is_session(day):
        day -= timedelta(days=1)
    return day


def _rolls_monthly(view: PlainView, chain: Snapshot) -> tuple[date, int] | None:
    """The next month's expiration and its root, on the day on which this month's options settle."""
    day = view.day
    if day != _session_until(view, _third_friday(day.year, day.month)):
        return None
    later = day.replace(day=1) + timedelta(days=31)
    until = _third_friday(later.year, later.month)
    return _listed(chain, until, list(range(len(option_roots(chain.underlying)))))


def _rolls_weekly(view: PlainView, chain: Snapshot) -> tuple[date, int] | None:
    """The next week's expiration and its root, on the last session of a week."""
    friday = view.day
    while friday.weekday() != 4:
        friday += timedelta(days=1)
    if view.day != _session_until(view, friday):
        return None
    until = view.day + timedelta(days=1)
    while until.weekday() != 4:
        until += timedelta(days=1)
    roots = list(range(len(option_roots(chain.underlying))))
    return next(
        (
            found
            for root in reversed(roots)
            if (found := _listed(chain, until, [root])) is not None and found[0] > view.day
        ),
        None,
    )


def _listed(chain: Snapshot, until: date, roots: list[int]) -> tuple[date, int] | None:
    for root in roots:
        ends = [one.expiration for one in chain.rows if one.root_code == root and one.expiration <= until]
        if ends and (until - max(ends)).days <= MOST_DAYS_BEFORE:
            return max(ends), root
    return None


# --- a unit ---


def _wish(
    name: str, label: str, view: PlainView, chain: Snapshot, legs: list[tuple[Row, int]], shares: int
) -> Wish:
    size = legs[0][0].contract.multiplier
    price = shares * chain.spot_cents
    doubled = 2 * price
    for row, ratio in legs:
        price += ratio * size * (row.ask if ratio > 0 else row.bid)
        doubled += ratio * size * (row.bid + row.ask)
    mid = -(-doubled // 2)
    holds: dict[Instrument, int] = {row.contract: ratio for row, ratio in legs}
    if shares:
        holds[chain.underlying] = shares
    max_loss = largest_loss(holds, price)
    known = [row.iv for row, _ in legs if not math.isnan(row.iv)]
    volatility = 0.0
    for each in known:
        volatility = single(volatility + each)
    volatility = single(volatility / len(known)) if known else math.nan
    first = ordered({row.contract: 1 for row, _ in legs})[0][0]
    assert isinstance(first, OptionContract)
    days = (first.expiration - view.day).days
    because: dict[str, float | str] = {
        "spot": chain.spot_cents / 100,
        "regime": view.regime,
        "dte": float(days),
        "discount": math.exp(-(view.rate() or 0.0) * days / 365),
    }
    if known:
        because["iv"] = volatility
    edges = _edges(holds, price)
    greeks = _greeks(legs, shares)
    keys = sorted((row.contract.key, ratio) for row, ratio in legs)
    identity = short_digest(f"{name}|{chain.underlying}|{keys}|{chain.at.timestamp()}")
    return Wish(
        signal_id=identity if name == label else f"{label}-{identity}",
        strategy=label,
        underlying=chain.underlying,
        at=chain.at,
        legs=ordered(holds),
        price=price,
        mid=mid,
        max_loss=max_loss,
        max_profit=_most_won(holds, price),
        margin=max_loss or 0,
        breakevens=edges,
        probability=_chance(view, chain, holds, first, price, edges, volatility),
        edge=mid - price,
        score=50.0,
        parts={"rule": 50.0},
        because=because,
        grade=chain.grade,
        greeks=greeks,
        daily_sd=_daily_sd(greeks, chain.spot_cents / 100, volatility),
    )


def _profit(holds: dict[Instrument, int], paid: int, price: float) -> float:
    """At expiry, in thousandths of a dollar; the price of the underlying likewise."""
    total = -10.0 * paid
    for one, count in holds.items():
        if isinstance(one, OptionContract):
            gap = price - one.strike_milli if one.right is Right.CALL else one.strike_milli - price
            total += count * one.multiplier * max(0.0, gap)
        else:
            total += count * price
    return total


def _knots(holds: dict[Instrument, int]) -> list[int]:
    return sorted({0, *(one.strike_milli for one in holds if isinstance(one, OptionContract))})


def _beyond(holds: dict[Instrument, int]) -> int:
    """Shares' worth of the underlying above all strikes."""
    return sum(
        count * (1 if isinstance(one, str) else one.multiplier if one.right is Right.CALL else 0)
        for one, count in holds.items()
    )


def _most_won(holds: dict[Instrument, int], paid: int) -> int | None:
    if _beyond(holds) > 0:
        return None
    return max(0, int(max(_profit(holds, paid, knot) for knot in _knots(holds)) // 10))


def _edges(holds: dict[Instrument, int], paid: int) -> list[float]:
    """Where a profit begins or ends, between two knots by the straight line; an end at a knot counts too."""
    knots = _knots(holds)
    ends = [*knots, 2 * knots[-1] + abs(10 * paid)]
    found = []
    for low, high in pairwise(ends):
        first, last = _profit(holds, paid, low), _profit(holds, paid, high)
        if first * last < 0:
            found.append((low + (high - low) * first / (first - last)) / 1000)
    for before, knot, after in zip(knots, knots[1:], ends[2:], strict=False):
        if _profit(holds, paid, knot) == 0 and (
            _profit(holds, paid, before) > 0 or _profit(holds, paid, after) > 0
        ):
            found.append(knot / 1000)
    return sorted(found)


def _chance(
    view: PlainView,
    chain: Snapshot,
    holds: dict[Instrument, int],
    first: OptionContract,
    paid: int,
    edges: list[float],
    volatility: float,
) -> float:
    """Of a price at which something is won, by a lognormal law about the price of now."""
    total = volatility * math.sqrt(view.years_to(first, view.now))
    spot = chain.spot_cents / 100

    def below(level: float) -> float:
        return 1 - normal(math.log(spot / level) / total - total / 2)

    wins, chance, last = _profit(holds, paid, 0.0) > 0, 0.0, 0.0
    for edge in edges:
        until = below(edge)
        chance += until - last if wins else 0.0
        wins, last = not wins, until
    return chance + (1 - last if wins else 0.0)


def _greeks(legs: list[tuple[Row, int]], shares: int) -> Greeks | None:
    totals = [float(shares), 0.0, 0.0, 0.0]
    for row, ratio in legs:
        for place, greek in enumerate((row.delta, row.gamma, row.theta, row.vega)):
            totals[place] += ratio * row.contract.multiplier * greek
    if not all(map(math.isfinite, totals)):
        return None
    return totals[0], totals[1], totals[2], totals[3]


def _daily_sd(greeks: Greeks | None, spot: float, volatility: float) -> int | None:
    if greeks is None or not volatility > 0:
        return None
    delta, gamma, _, vega = greeks
    move = spot * volatility / math.sqrt(252)
    first = abs(delta) * move + abs(vega) * 90 * volatility / math.sqrt(252)
    return max(1, round(100 * math.sqrt(first**2 + (gamma * move**2) ** 2 / 2)))


# --- how much, and what is held ---


def index_units(name: str, wish: Wish, account: Account, standing: Standing, params: Params) -> int:
    """As many units as the strategy's share of the account pays for, where it holds none yet."""
    if name == "index_put_write":
        sold = wish.legs[0][0]
        assert isinstance(sold, OptionContract)
        discount = wish.because["discount"]
        assert isinstance(discount, float)
        unit = sold.strike_milli / 10 * sold.multiplier * discount + wish.mid
    elif name == "index_condor":
        unit = params["cover"] * (wish.max_loss or 0)
    else:
        unit = float(wish.price)
    if unit <= 0 or standing.of(wish.strategy):
        return 0
    equity = account.cash + sum(one.mark.mid for one in account.positions.values() if one.mark)
    share = standing.shares.get(wish.strategy, 1.0)
    return int(PUT_TO_WORK * (share * equity) // unit)


def manage_index(name: str, position: Position, view: PlainView, params: Params) -> Adjustment | None:
    """The next option once the last is gone, and all that was earned put to work with it."""
    chain = view.fresh(position.underlying)
    if not _holds_shares(name) or position.options or chain is None:
        return None
    options = list(_units(name, view, chain, params))
    if not options:
        return None
    option, ratio = options[0]
    row = chain.rows[option]
    price = (row.bid + row.ask) / 2 * ratio
    # What dividends, premiums and settlements brought since it was opened.
    earned = position.entry - position.cash - position.fees
    value = position.shares * chain.spot_cents + earned
    units = int(PUT_TO_WORK * value // ((chain.spot_cents + price) * option.multiplier))
    if units < 1:
        return None
    legs: Legs = ordered(
        {option: ratio * units, position.underlying: units * option.multiplier - position.shares}
    )
    return Adjustment(legs, 1, "ROLL", f"units={units} day={view.day.isoformat()}")
