"""Compute forwards, volatilities, Greeks and flaws of one snapshot from its recorded quotes.

A vendor's volatilities come with its own rate, dividends, clock and mistakes; mixed sources would not
compare. So all are recomputed by one rule:

1. The forward of each expiration and root is implied by put-call parity from its near-the-money pairs.
   Where there is no pair it is spot (or what the other expirations' forwards say that spot was) grown at
   rate less dividend yield. A recorded spot that these forwards contradict is a flaw of every row.
2. Each strike has one volatility, for call and put alike, solved from the mid of the first of these that
   gives one: the out-of-the-money side if two-sided and not wide; the in-the-money side if two-sided, not
   wide and bid above intrinsic; the out-of-the-money side if two-sided; the out-of-the-money side with a
   zero bid if not wide.
3. Greeks are those of the option at that volatility and forward.

Options of stocks and funds are American, those of indexes European (`exercise`). To read an American quote as
European takes the early-exercise premium for volatility. At 20 % volatility, a 4 % rate and a 1.3 % yield
that is, in volatility points, for a put one deviation out of the money 0.03 at one month, 0.07 at three and
0.19 at a year; at the money 0.14, 0.31 and 0.93; more in the money, which is why the out-of-the-money side
is asked first. Parity does not hold between American quotes: the forward is implied from what they would be
without their premium, which depends on the forward, and is found in `ROUNDS`. Where the rate is not known,
nobody can say what early exercise is worth, and all options are read as European.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import ChainColumns, OptionChain
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    ROOT_MASK,
    ROOT_SHIFT,
    Style,
    option_roots,
)
from strikewise.market.exercise import American, European, Exercise
from strikewise.market.quality import (
    RATE_SLACK,
    UNKNOWN_RATE_SLACK,
    UNUSABLE,
    Flaw,
    intrinsic_flaws,
    parity_flaws,
    quote_flaws,
    spot_contradicts,
    stale_flaws,
)
from strikewise.market.quote_pairs import Dollars, Pairs
from strikewise.pricing.carry import ImpliedForward, implied_forward

__all__ = ["SECONDS_PER_YEAR", "ExpirationForward", "RawSnapshot", "Recomputed", "recompute"]

Array = NDArray[np.float64]
SettlesAt = Callable[[int, int], int]

SECONDS_PER_YEAR = 365 * 86_400
"""Calendar seconds, ACT/365."""

_RECORDED = ("key", "bid", "ask", "volume", "open_interest")
_SENSITIVITIES = ("delta", "gamma", "theta", "vega")
ROUNDS = 3
"""How often the forward is implied again from quotes without their early-exercise premium."""

PREMIUM_PAIRS = 12
"""Pairs of each expiration, those worth most nearly the same, whose premium is taken away; the forward asks
fewer."""

NEAREST = 3
"""How many of the nearest expirations say what spot was: carry adds least error to them."""

FAR_FROM_SPOT = 0.25
"""A pair whose synthetic forward lies further than this share from spot is no quote of this underlying: files
still list contracts of before a split, and among those call and put can be worth the same."""


@dataclass(frozen=True, slots=True, eq=False)
class RawSnapshot:
    """Recorded quotes of one underlying at one instant.

    Attributes
    ----------
    underlying : str
        The underlying's symbol.
    as_of : int
        Unix seconds.
    spot_cents : int
        Price of the underlying; -1 where unknown.
    key : (n,) int64
        Packed contracts, strictly ascending.
    bid, ask, volume, open_interest : (n,) int32
        Cents per share and contracts; -1 where unknown.
    """

    underlying: str
    as_of: int
    spot_cents: int
    key: NDArray[np.int64]
    bid: NDArray[np.int32]
    ask: NDArray[np.int32]
    volume: NDArray[np.int32]
    open_interest: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ExpirationForward:
    """The forward of one expiration and root, in dollars; ``pairs`` is 0 where spot and carry stood in."""

    expiration_days: int
    root_code: int
    years: float
    forward: float
    discount: float
    pairs: int


@dataclass(frozen=True, slots=True, eq=False)
class Recomputed:
    """A snapshot's columns, the forwards they rest on, and the spot (dollars; else implied)."""

    columns: ChainColumns
    forwards: tuple[ExpirationForward, ...]
    spot: float


def recompute(
    raw: RawSnapshot,
    *,
    rate: float | None,
    dividend_yield: float,
    settles_at: SettlesAt,
    before: OptionChain | None = None,
    early_exercise: bool = True,
) -> Recomputed:
    """Compute volatilities, Greeks and flaws of a snapshot.

    Parameters
    ----------
    raw : RawSnapshot
        The recorded quotes.
    rate : float or None
        Annual, continuously compounded, as a fraction. Where it is not known all options are European and
        discounted at 0 %, and parity is judged the more leniently.
    dividend_yield : float
        Likewise; it counts only where no forward can be implied.
    settles_at : callable
        Unix seconds at which an expiration (days since 1970-01-01) of a root (its code) settles.
    before : OptionChain, optional
        The snapshot of the session before, to find stale quotes.
    early_exercise : bool
        Whether options of American style are priced so; otherwise all are European.

    Returns
    -------
    Recomputed
        Columns with NaN where no volatility exists; a contract at or past its settlement has none.
    """
    dollars, pairs = Dollars.of(raw.key, raw.bid, raw.ask), Pairs.of(raw.key)
    carry = _Carry(rate or 0.0, dividend_yield, UNKNOWN_RATE_SLACK if rate is None else RATE_SLACK)
    terms = _terms(raw, dollars, pairs, settles_at, carry)
    style: Exercise = terms.european(dollars, terms.spot)
    if early_exercise and rate is not None and option_roots(raw.underlying)[0].style is Style.AMERICAN:
        terms = _without_premiums(raw, dollars, pairs, settles_at, carry, terms)
        style = American(terms.european(dollars, terms.anchor), rate)
    flaws = _flaws(raw, dollars, pairs, terms, carry.slack)
    iv = _volatilities(dollars, pairs, flaws, terms, style)
    flaws[np.isnan(iv)] |= Flaw.NO_VOLATILITY.bit
    if before is not None:
        old = (before.key, before.bid, before.ask, before.volume)
        flaws |= stale_flaws(raw.key, raw.bid, raw.ask, raw.volume, old)
    greeks = style.greeks(iv)
    recorded = {name: getattr(raw, name) for name in _RECORDED}
    moves = {name: getattr(greeks, name).astype(np.float32) for name in _SENSITIVITIES}
    columns = ChainColumns(**recorded, **moves, iv=iv.astype(np.float32), flaws=flaws)
    return Recomputed(columns, terms.forwards, terms.spot)


class _Carry(NamedTuple):
    """Annual rate and dividend yield, and how uncertain the rate is."""

    rate: float
    dividend_yield: float
    slack: float

    @property
    def net(self) -> float:
        """Growth of the forward."""
        return self.rate - self.dividend_yield


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """The forwards, spread out to the rows; spot, and what they say it was; whether they contradict it."""

    forwards: tuple[ExpirationForward, ...]
    spot: float
    anchor: float
    forward: Array
    years: Array
    discount: Array
    unpaired: NDArray[np.bool_]
    spot_contradicted: bool

    def european(self, dollars: Dollars, spot: float) -> European:
        """Return the contracts, at a price of the underlying, as options exercised at expiry only."""
        return European(~dollars.is_put, spot, self.forward, dollars.strike, self.years, self.discount)


class _Implied(NamedTuple):
    """What the quotes of one expiration and root say; ``far`` counts pairs that are far from spot."""

    expiration: int
    root: int
    years: float
    discount: float
    found: ImpliedForward
    far: int


def _terms(raw: RawSnapshot, dollars: Dollars, pairs: Pairs, settles_at: SettlesAt, carry: _Carry) -> _Terms:
    """Find the forward of each (expiration, root), and the spot."""
    packed, group = np.unique(raw.key >> ROOT_SHIFT, return_inverse=True)
    of_pair = group[pairs.call]
    recorded = raw.spot_cents / 100 if raw.spot_cents > 0 else float("nan")
    bounds = np.searchsorted(of_pair, np.arange(len(packed) + 1))
    implied: list[_Implied] = []
    for number, code in enumerate(packed.tolist()):
        expiration, root = code >> (EXPIRATION_SHIFT - ROOT_SHIFT), code & ROOT_MASK
        years = max(0.0, (settles_at(expiration, root) - raw.as_of) / SECONDS_PER_YEAR)
        discount = float(np.exp(-carry.rate * years))
        span = slice(bounds[number], bounds[number + 1])
        found, far = _forward(dollars, pairs.call[span], pairs.put[span], recorded, discount)
        implied.append(_Implied(expiration, root, years, discount, found, far))
    spots = [one.found.forward * np.exp(-carry.net * one.years) for one in _nearest(implied)]
    anchor = float(np.median(spots)) if spots else recorded
    forwards = tuple(
        ExpirationForward(
            one.expiration,
            one.root,
            one.years,
            one.found.forward if one.found.pairs else float(anchor * np.exp(carry.net * one.years)),
            one.discount,
            one.found.pairs,
        )
        for one in implied
    )
    return _Terms(
        forwards,
        recorded if recorded > 0 else anchor,
        anchor,
        np.array([one.forward for one in forwards])[group],
        np.array([one.years for one in forwards])[group],
        np.array([one.discount for one in forwards])[group],
        np.array([one.pairs == 0 for one in forwards], dtype=bool)[group],
        _spot_contradicted(recorded, anchor, implied, carry),
    )


def _nearest(implied: Sequence[_Implied]) -> list[_Implied]:
    return [one for one in implied if one.found.pairs][:NEAREST]


def _forward(
    dollars: Dollars, call: NDArray[np.intp], put: NDArray[np.intp], recorded: float, discount: float
) -> tuple[ImpliedForward, int]:
    """Return the forward that pairs near the recorded spot imply, and how many two-sided ones are far."""
    far = 0
    if recorded > 0:
        synthetic = dollars.strike[call] + (dollars.mid[call] - dollars.mid[put]) / discount
        near = np.abs(synthetic - recorded) <= FAR_FROM_SPOT * recorded
        bid = np.minimum(dollars.bid[call], dollars.bid[put])
        far = int(np.count_nonzero(~near & (bid > 0) & np.isfinite(synthetic)))
        call, put = call[near], put[near]
    quotes = (dollars.bid[call], dollars.ask[call], dollars.bid[put], dollars.ask[put])
    return implied_forward(dollars.strike[call], *quotes, discount), far


def _spot_contradicted(recorded: float, anchor: float, implied: Sequence[_Implied], carry: _Carry) -> bool:
    """Say whether the nearest expirations imply another spot, or every pair there is lies far from it."""
    nearest = _nearest(implied)
    if not nearest:
        return any(one.far for one in implied)
    return spot_contradicts(
        recorded,
        anchor,
        years=max(one.years for one in nearest),
        uncertainty=float(np.median([one.found.uncertainty for one in nearest])),
        dividend_yield=carry.dividend_yield,
        rate_slack=carry.slack,
    )


def _flaws(
    raw: RawSnapshot, dollars: Dollars, pairs: Pairs, terms: _Terms, rate_slack: float
) -> NDArray[np.uint16]:
    """Judge the quotes by themselves, against intrinsic value, and in pairs."""
    flaws = quote_flaws(raw.bid, raw.ask)
    flaws[terms.unpaired] |= Flaw.NO_FORWARD.bit
    if terms.spot_contradicted:
        flaws |= Flaw.SPOT.bit
    spots = np.full(len(dollars.strike), terms.spot)
    flaws |= intrinsic_flaws(
        dollars.is_put, dollars.mid, dollars.strike, spots, terms.forward, terms.discount
    )
    c, p = pairs.call, pairs.put
    odd = parity_flaws(
        dollars.bid[c],
        dollars.ask[c],
        dollars.bid[p],
        dollars.ask[p],
        dollars.strike[c],
        spots[c],
        terms.forward[c],
        terms.discount[c],
        terms.years[c],
        european=option_roots(raw.underlying)[0].style is Style.EUROPEAN,
        rate_slack=rate_slack,
    )
    flaws[c[odd]] |= Flaw.PARITY.bit
    flaws[p[odd]] |= Flaw.PARITY.bit
    return flaws


def _without_premiums(
    raw: RawSnapshot, dollars: Dollars, pairs: Pairs, settles_at: SettlesAt, carry: _Carry, terms: _Terms
) -> _Terms:
    """Return the terms that the quotes imply without their early-exercise premium."""
    for _ in range(ROUNDS):
        bare = dollars.less(_premiums(dollars, pairs, terms, carry.rate))
        terms = _terms(raw, bare, pairs, settles_at, carry)
    return terms


def _premiums(dollars: Dollars, pairs: Pairs, terms: _Terms, rate: float) -> Array:
    """Return what early exercise adds to the quotes that the forward is implied from, and zero elsewhere."""
    c, p = pairs.call, pairs.put
    gap = np.abs(dollars.mid[c] - dollars.mid[p])
    usable = (np.minimum(dollars.bid[c], dollars.bid[p]) > 0) & np.isfinite(gap) & (terms.years[c] > 0)
    c, p, gap = c[usable], p[usable], gap[usable]
    # Pairs of one expiration and root share a forward: they stand together, in the order of their keys.
    start = np.flatnonzero(np.diff(terms.years[c], prepend=-1.0) != 0)
    block = np.repeat(np.arange(len(start)), np.diff(np.append(start, len(c))))
    order = np.lexsort((gap, block))
    near = order[np.arange(len(c)) - start[block] < PREMIUM_PAIRS]
    c, p = c[near], p[near]
    style = American(terms.european(dollars, terms.anchor), rate)
    out = np.where(dollars.strike[c] >= terms.forward[c], c, p)
    together = np.argsort(out)
    iv = np.empty(len(out))
    iv[together] = style.volatilities(out[together], dollars.mid[out[together]])
    premium = np.zeros(len(dollars.mid))
    for side in (c, p):
        premium[side] = np.nan_to_num(style.premiums(side, iv))
    return premium


def _volatilities(
    dollars: Dollars, pairs: Pairs, flaws: NDArray[np.uint16], terms: _Terms, style: Exercise
) -> Array:
    """Return one volatility a strike, from the most reliable side of its pair."""
    sign, mid = np.where(dollars.is_put, -1.0, 1.0), dollars.mid
    out_of_money = sign * (dollars.strike - terms.forward) >= 0.0
    narrow = (flaws & Flaw.WIDE.bit) == 0
    two_sided = ((flaws & (UNUSABLE | Flaw.ZERO_BID).bit) == 0) & np.isfinite(mid)
    zero_bid = ((flaws & Flaw.ZERO_BID.bit) != 0) & narrow
    rank = np.zeros(len(mid), dtype=np.int8)
    rank[out_of_money & zero_bid] = 1
    rank[out_of_money & two_sided] = 2
    rank[~out_of_money & two_sided & narrow & (dollars.bid > style.least)] = 3
    rank[out_of_money & two_sided & narrow] = 4
    iv = np.full(len(mid), np.nan)
    rows = np.flatnonzero(rank > 0)
    iv[rows] = style.volatilities(rows, mid[rows])
    rank[np.isnan(iv)] = 0
    c, p = pairs.call, pairs.put
    shared = np.where(rank[c] >= rank[p], iv[c], iv[p])
    iv[c], iv[p] = shared, shared
    return iv
