"""What an option is worth that nobody quotes: estimated by a named policy, never zero and never dropped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor, isfinite, log
from typing import NamedTuple

import numpy as np

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import OptionContract, Right, Style
from strikewise.market.quality import UNUSABLE, Flaw
from strikewise.market.recompute import SECONDS_PER_YEAR
from strikewise.market.view import MarketView
from strikewise.pricing.black_scholes import greeks as option_greeks
from strikewise.pricing.surface import SmileSurface

__all__ = [
    "BETWEEN_QUOTES",
    "BEYOND_QUOTES",
    "PENALTY_CENTS",
    "Estimate",
    "Estimator",
    "LastQuote",
    "MissingQuotePolicy",
]

PENALTY_CENTS = 5
"""A modelled price is bid lower and offered higher by this much,"""
BETWEEN_QUOTES, BEYOND_QUOTES = 0.02, 0.15
"""and at a volatility lower and higher by this share of it: little where quotes lie around the contract, more
beyond the last strike or before the first expiration that is quoted, where a smile can only be guessed."""
INTRINSIC_SHARE = 0.10
"""Where nothing but the intrinsic value is known, the penalty is a tenth of it, five cents at least."""


class MissingQuotePolicy(StrEnum):
    """What is done about a held option without a usable quote; counted and shown wherever it acts."""

    CARRY = "carry"
    """Its last known quote still marks it, and it cannot be traded until it is quoted again."""
    MODEL = "model"
    """The chain's own smile prices it, less a penalty when sold and plus one when bought."""
    WORST = "worst"
    """A short option costs the worse of its last ask and intrinsic value; a long one brings intrinsic
    value."""


class LastQuote(NamedTuple):
    """The last usable quote of a contract, cents per share, and its volatility (NaN where it had none)."""

    bid: int
    ask: int
    iv: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What stands in for a missing quote.

    Attributes
    ----------
    bid, ask : int
        Cents per share at which it could be sold and bought, by the policy.
    greeks : Greeks
        Per share; zero where no model could be had.
    policy : str
        How it was found: the policy, with ``:last_volatility`` where the chain had no smile, or
        ``intrinsic`` where nothing but the price of the underlying was known.
    """

    bid: int
    ask: int
    greeks: Greeks
    policy: str


class Estimator:
    """Estimates by policy; keeps the smile of each underlying's latest chain, and nothing else."""

    def __init__(self) -> None:
        self._smiles: dict[str, tuple[OptionChain, SmileSurface]] = {}

    def estimate(
        self, view: MarketView, contract: OptionContract, policy: MissingQuotePolicy, last: LastQuote | None
    ) -> Estimate:
        """Return bid and ask of a contract without a usable quote.

        Parameters
        ----------
        view : MarketView
            What is known.
        contract : OptionContract
            The contract.
        policy : MissingQuotePolicy
            How to price it. Where a policy lacks its data the model is asked, then the intrinsic value.
        last : LastQuote or None
            Its last usable quote, where one is remembered.

        Raises
        ------
        MissingDataError
            If neither a last quote nor a price of the underlying is known.
        """
        spot = view.spot(contract.underlying)
        modelled = None if spot is None else self._model(view, contract, spot, last)
        greeks = Greeks() if modelled is None else modelled.greeks
        if last is not None and policy is MissingQuotePolicy.CARRY:
            return Estimate(last.bid, last.ask, greeks, policy.value)
        if last is not None and policy is MissingQuotePolicy.WORST and spot is not None:
            intrinsic = contract.intrinsic_cents(round(spot * 100))
            return Estimate(intrinsic, max(last.ask, intrinsic), greeks, policy.value)
        if modelled is not None:
            return modelled
        if last is not None:
            return Estimate(last.bid, last.ask, greeks, MissingQuotePolicy.CARRY.value)
        if spot is None:
            raise MissingDataError(
                f"{contract} has no quote at {view.as_of.isoformat()}, none before, and the price of "
                f"{contract.underlying} is unknown: import chains or daily bars of {contract.underlying}."
            )
        return _with_penalty(contract.intrinsic_cents(round(spot * 100)), "intrinsic")

    def volatility(self, view: MarketView, contract: OptionContract) -> float:
        """Return a contract's volatility by its chain's smile, a fraction; NaN where that cannot tell."""
        spot = view.spot(contract.underlying)
        years = (view.calendar.settlement_at(contract) - view.as_of).total_seconds() / SECONDS_PER_YEAR
        if spot is None or years <= 0.0:
            return float("nan")
        carry = (view.rate() or 0.0) - view.dividend_yield(contract.underlying)
        smile = self._smile(view, contract.underlying, carry)
        money = log(contract.strike / spot) - carry * years
        return float("nan") if smile is None else float(smile.volatility(money, years))

    def _model(
        self, view: MarketView, contract: OptionContract, spot: float, last: LastQuote | None
    ) -> Estimate | None:
        """Price a contract by the chain's smile, or by its own last volatility where there is none."""
        years = (view.calendar.settlement_at(contract) - view.as_of).total_seconds() / SECONDS_PER_YEAR
        intrinsic = contract.intrinsic_cents(round(spot * 100))
        if years <= 0.0:
            return _with_penalty(intrinsic, MissingQuotePolicy.MODEL.value)
        # An unknown rate counts as none here: over the weeks an option lives it moves the price by less than
        # the penalty.
        rate = view.rate() or 0.0
        dividend_yield = view.dividend_yield(contract.underlying)
        money = log(contract.strike / spot) - (rate - dividend_yield) * years
        name = MissingQuotePolicy.MODEL.value
        smile = self._smile(view, contract.underlying, rate - dividend_yield)
        iv = float("nan") if smile is None else float(smile.volatility(money, years))
        unsure = BETWEEN_QUOTES if smile is not None and smile.covers(money, years) else BEYOND_QUOTES
        if not isfinite(iv):
            if last is None or not isfinite(last.iv):
                return None
            iv, name = last.iv, f"{name}:last_volatility"
        tried = iv * np.array([1.0, 1.0 - unsure, 1.0 + unsure])
        is_call = contract.right is Right.CALL
        found = option_greeks(is_call, spot, contract.strike, years, tried, rate, dividend_yield)
        least = intrinsic if contract.root.style is Style.AMERICAN else 0
        _, low, high = (max(100.0 * one, least) for one in found.price.tolist())
        return Estimate(
            bid=max(0, floor(low - PENALTY_CENTS)),
            ask=ceil(high + PENALTY_CENTS),
            greeks=Greeks(*(float(column[0]) for column in found[1:])),
            policy=name,
        )

    def _smile(self, view: MarketView, underlying: str, carry: float) -> SmileSurface | None:
        chain = view.chain(underlying)
        if chain is None:
            return None
        kept = self._smiles.get(underlying)
        if kept is None or kept[0] is not chain:
            kept = (chain, _smile_of(view, chain, carry))
            self._smiles[underlying] = kept
        return kept[1]


def _with_penalty(intrinsic_cents: int, policy: str) -> Estimate:
    """Return the estimate of an option of which nothing but its intrinsic value is known."""
    penalty = max(PENALTY_CENTS, INTRINSIC_SHARE * intrinsic_cents)
    return Estimate(
        max(0, floor(intrinsic_cents - penalty)), ceil(intrinsic_cents + penalty), Greeks(), policy
    )


def _smile_of(view: MarketView, chain: OptionChain, carry: float) -> SmileSurface:
    """Fit the chain's smile to its usable quotes, narrow ones counting most."""
    years = np.zeros(len(chain))
    for side in chain.sides():
        settles = view.calendar.settlement_at(chain.contract(side.start))
        years[side.start : side.stop] = (settles - chain.as_of).total_seconds() / SECONDS_PER_YEAR
    growth = np.exp(carry * years)
    with np.errstate(divide="ignore", invalid="ignore"):
        money = np.log(chain.strike / (chain.spot * growth))
    spread = np.maximum(chain.ask - chain.bid, 1).astype(np.float64)
    suspect = (chain.flaws & (UNUSABLE | Flaw.BELOW_INTRINSIC | Flaw.PARITY).bit) != 0
    weight = np.where(suspect, 0.0, 1.0 / (spread * spread))
    return SmileSurface.from_quotes(years, money, chain.iv.astype(np.float64), weight)
