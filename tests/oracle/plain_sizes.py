"""How many units of a wish are traded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from oracle.plain_account import Wish
from oracle.plain_looks import Params
from strikewise.domain.instruments import OptionContract


@dataclass(frozen=True)
class Purse:
    """What a strategy may size on."""

    equity: int
    deposited: int
    share: float | None
    free: int
    cash: int
    """What cash can pay, with every put in the account paid for."""
    used: int
    """Margin of its own positions."""
    measured: int
    returns: float
    squares: float


def units_of(wish: Wish, purse: Purse, params: Params, *, cash_only: bool = False) -> int:
    """How many units a wish is for, on the free capital or on nothing but cash."""
    contracts = sum(abs(ratio) for one, ratio in wish.legs if isinstance(one, OptionContract))
    shares = sum(abs(ratio) for one, ratio in wish.legs if isinstance(one, str))
    at_stake = abs(wish.price) if shares else wish.margin
    # A fee is read as it is written: 1.015 dollars are 101.5 cents, and those 102.
    fees = contracts * round(100 * Decimal(repr(float(params.get("fee_per_contract", 0.0)))))
    whole = purse.equity if params["compounding"] else purse.deposited
    capital = (1.0 if purse.share is None else purse.share) * whole
    free = min(purse.free, max(0, purse.cash)) if cash_only else purse.free
    if purse.share is not None:
        free = min(free, int(purse.share * purse.equity) - purse.used)
    sizing, at_risk = params["sizing"], int(params["risk_fraction"] * capital // max(at_stake + fees, 1))
    if sizing == "fixed":
        wanted = params["units"]
    elif sizing == "volatility":
        moved = int(params["target_volatility"] * capital // wish.daily_sd) if wish.daily_sd else 0
        wanted = min(moved, at_risk)
    elif sizing == "kelly":
        wanted = _by_kelly(wish, purse, capital, params, fees)
    else:
        wanted = at_risk
    affordable = free // max(wish.margin + fees, 1)
    return max(0, min(int(wanted), affordable, int(params["max_units"])))


def _by_kelly(wish: Wish, purse: Purse, capital: float, params: Params, fees: int) -> int:
    """Kelly's share on three opinions: the record, the signal, and that there is no edge."""
    if wish.margin <= 0:
        return 0
    edge, wins = wish.edge / wish.margin, min(wish.probability, 0.99)
    if wins > 0:
        gain = (edge + 1 - wins) / wins
        mean, square = edge, wins * gain**2 + (1 - wins)
    else:
        mean, square = min(edge, 0.0), 1.0
    prior = params["kelly_prior"]
    weight = purse.measured + 2 * prior
    mean = (purse.returns + prior * mean) / weight
    square = (purse.squares + 2 * prior * square) / weight
    whole = max(0.0, mean / square) if square > 0 else 0.0
    fraction = min(params["kelly_share"] * whole, params["kelly_cap"])
    return int(fraction * capital // (wish.margin + fees))
