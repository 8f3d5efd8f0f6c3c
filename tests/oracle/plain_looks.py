"""Which underlyings and contracts a strategy looks at, and the law that prices have at expiry."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from oracle.plain_market import PlainView, Row, Snapshot
from oracle.plain_options import density, normal
from strikewise.domain.instruments import OptionContract, Right
from strikewise.market.quality import Flaw

Params = Mapping[str, Any]
REPORTED = (
    *("iv_rank", "iv_percentile", "iv30", "rv10", "rv20", "rv60", "skew", "term_slope"),
    *("rsi14", "atr14", "sma20", "sma50", "boll_pct", "volume_surge"),
)
"""Features that every signal tells where they are known."""
FINE = Flaw.NO_FORWARD
SOLD_MAY_BE = int(FINE | Flaw.WIDE)
BOUGHT_MAY_BE = int(FINE | Flaw.ZERO_BID | Flaw.NO_VOLATILITY)


def single(x: float) -> float:
    """A number as the chain's columns keep it: in single precision."""
    kept: float = struct.unpack("f", struct.pack("f", x))[0]
    return kept


@dataclass(frozen=True)
class Look:
    """An underlying that a strategy looks at, and the rows that expire in the days it wants."""

    view: PlainView
    chain: Snapshot
    rows: list[Row]
    spot: float
    rate: float
    paid: float
    trend: str
    regime: str
    sides: dict[tuple[object, ...], list[Row]] = field(default_factory=dict)
    """The rows of each expiration, root and right."""
    laws: dict[tuple[object, ...], tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            self.sides.setdefault(_side(row), []).append(row)

    @property
    def underlying(self) -> str:
        return self.chain.underlying

    def days_to(self, contract: OptionContract) -> int:
        return (contract.expiration - self.chain.at.date()).days

    def law(self, contract: OptionContract) -> tuple[float, float]:
        """The forward of a contract's settlement, and the root of the years until then."""
        ends = contract.expiration, contract.root_code
        if ends not in self.laws:
            years = max(0.0, self.view.years_to(contract, self.chain.at))
            self.laws[ends] = self.spot * math.exp((self.rate - self.paid) * years), math.sqrt(years)
        return self.laws[ends]

    def forecast(self, implied: float) -> float:
        """Half what is implied, half what was realised over 20 sessions."""
        realised = self.view.feature(self.underlying, "rv20")
        return implied if math.isnan(realised) else (implied + realised) / 2


@dataclass(frozen=True)
class Candidate:
    """A structure worth a thought; cents for one unit."""

    legs: tuple[tuple[Row, int], ...]
    price: int
    mid: int
    max_loss: int | None
    max_profit: int | None
    margin: int
    breakevens: list[float]
    probability: float
    edge: float
    parts: dict[str, float]
    because: dict[str, float | str]
    shares: int = 0


def looks(view: PlainView, params: Params) -> Iterator[Look]:
    """Every underlying that passes the filters of all credit strategies."""
    regime, rate = view.regime, view.rate()
    for underlying in view.underlyings():
        chain = view.fresh(underlying)
        if chain is None or chain.spot_cents <= 0 or chain.spot_doubted or rate is None:
            continue
        if params["avoid_crash"] and regime in {"crash", "unknown"}:
            continue
        rank = view.feature(underlying, "iv_rank")
        if params["iv_rank_min"] > 0 and not rank >= params["iv_rank_min"]:
            continue
        fewest, most = params["min_dte"], params["max_dte"]
        if params["dte_exit"]:
            fewest = max(fewest, params["dte_exit"] + 1)
        today = chain.at.date()
        rows = [
            row for row in chain.rows.values() if fewest <= (row.contract.expiration - today).days <= most
        ]
        if rows:
            spot = chain.spot_cents / 100
            trend = trend_of(spot, view.feature(underlying, "sma20"), view.feature(underlying, "sma50"))
            yield Look(view, chain, rows, spot, rate, view.dividend_yield(underlying), trend, regime)


def trend_of(spot: float, fast: float, slow: float) -> str:
    if math.isnan(fast) or math.isnan(slow):
        return "unknown"
    if spot > fast and fast > slow:
        return "up"
    return "down" if spot < fast and fast < slow else "flat"


def allowed(trend: str, rule: str) -> set[Right]:
    """The sides that a trend lets be sold."""
    if rule == "off":
        return {Right.PUT, Right.CALL}
    if trend == "unknown":
        return set()
    if rule == "with":
        return {"up": {Right.PUT}, "down": {Right.CALL}}.get(trend, set())
    return {"up": {Right.PUT}, "down": {Right.CALL}}.get(trend, {Right.PUT, Right.CALL})


def in_band(row: Row, look: Look, params: Params) -> bool:
    """Whether a contract may be the short leg, by delta (kept in single precision) or distance from spot."""
    put = row.contract.right is Right.PUT
    if params["short_by"] == "delta":
        away = -row.delta if put else row.delta
        return single(params["short_delta_min"]) <= away <= single(params["short_delta_max"])
    out = row.contract.strike_milli / (1000 * look.spot) - 1
    return bool(params["otm_min"] <= (-out if put else out) <= params["otm_max"])


def sellable(row: Row, params: Params) -> bool:
    spread = row.ask - row.bid
    narrow = spread <= 2 or 2 * spread <= params["max_spread"] * (row.ask + row.bid)
    flawless = row.flaws & ~SOLD_MAY_BE == 0
    return row.bid > 0 and spread > 0 and narrow and flawless and liquid(row, params)


def buyable(row: Row, params: Params) -> bool:
    flawless = row.flaws & ~BOUGHT_MAY_BE == 0
    return row.ask > row.bid >= 0 and flawless and liquid(row, params)


def liquid(row: Row, params: Params) -> bool:
    return bool(params["min_open_interest"] <= 0 or row.open_interest >= params["min_open_interest"])


def _side(row: Row) -> tuple[object, ...]:
    return row.contract.expiration, row.contract.root_code, row.contract.right


def side_of(row: Row, look: Look) -> list[Row]:
    """The contracts of the same expiration, root and right."""
    return look.sides[_side(row)]


def chance(side: int, level: float, forward: float, total: float, slope: float) -> float:
    """Of ending above (1) or below (-1) a level, where the total volatility changes with the strike."""
    d2 = math.log(forward / level) / total - total / 2
    above = normal(d2) - forward * density(d2 + total) * slope
    return min(max(above if side > 0 else 1 - above, 0.0), 1.0)


def expected(side: int, strike: float, forward: float, total: float) -> float:
    """The value at expiry of a call (1) or put (-1), to be expected."""
    d1 = math.log(forward / strike) / total + total / 2
    return max(side * (forward * normal(side * d1) - strike * normal(side * (d1 - total))), 0.0)


def slope(look: Look, row: Row) -> float:
    """The change of volatility per dollar between the strikes next to one; its own where they have none."""
    side = side_of(row, look)
    place = side.index(row)
    low = high = row
    if place > 0 and not math.isnan(side[place - 1].iv):
        low = side[place - 1]
    if place + 1 < len(side) and not math.isnan(side[place + 1].iv):
        high = side[place + 1]
    if low is high:
        return 0.0
    return (high.iv - low.iv) / (high.contract.strike - low.contract.strike)
