"""The limits of an account: frozen, checked when they are made, the same for every strategy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite

from strikewise.domain.errors import SettingsError

__all__ = ["Limits", "StrategyLimits"]

_FRACTIONS = ("max_loss_per_trade", "max_margin_per_trade", "max_at_risk", "max_margin")
_COUNTS = ("max_positions", "max_new_per_day", "max_per_underlying", "max_per_strategy", "max_contracts")


@dataclass(frozen=True, slots=True)
class StrategyLimits:
    """What one strategy must keep beside the limits of the account; None adds nothing to those.

    Shares are of the account's equity at exit prices, whatever share of it the strategy sizes on.

    Attributes
    ----------
    max_loss_per_trade, max_margin_per_trade, max_at_risk, max_margin : float or None
        As in `Limits`, of the strategy's own positions.
    max_positions, max_new_per_day, max_per_underlying, max_contracts : int or None
        As in `Limits`, of the strategy's own positions.

    Raises
    ------
    SettingsError
        If a limit is zero, negative or not a number.
    """

    max_loss_per_trade: float | None = None
    max_margin_per_trade: float | None = None
    max_at_risk: float | None = None
    max_margin: float | None = None
    max_positions: int | None = None
    max_new_per_day: int | None = None
    max_per_underlying: int | None = None
    max_contracts: int | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None:
                (_check_share if item.name in _FRACTIONS else _check_count)(item.name, value)


NO_LIMITS = StrategyLimits()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gate enforces; shares are of equity at exit prices.

    What a position has at stake is its largest loss at expiry. A position with an uncovered short option
    counts its margin instead, a naked put too: its loss at a price of zero would forbid every one of them.
    Fees come on top: what an entry at its limit loses in the end is more by the commissions. (Strategies
    count them when they size a position.)

    Attributes
    ----------
    max_loss_per_trade : float
        Most that one position may have at stake where its loss is bounded by a wing.
    max_margin_per_trade : float
        Most margin of one position with an uncovered short option.
    max_at_risk : float
        Most that all positions together, ordered ones included, may have at stake.
    max_margin : float
        Most margin in use after an entry.
    max_positions : int
        Positions open or ordered.
    max_new_per_day : int
        Positions opened or ordered in one session.
    max_per_underlying, max_per_strategy : int
        Positions open or ordered on one underlying, and of one strategy.
    max_contracts : int
        Contracts of any one leg of an order.
    max_spread : float
        Widest bid-ask spread of a leg that is sold, as a share of its mid; two cents always pass.
    min_open_interest : int
        Least open interest of every leg; 0 asks for none, above it an unknown one is refused.
    allow_unbounded : bool
        Whether structures may be opened whose loss has no bound at all, such as naked calls.
    by_strategy : mapping of str to StrategyLimits
        Further limits of single strategies, by label.

    Raises
    ------
    SettingsError
        If a limit is zero, negative, not a number, or contradicts another.
    """

    max_loss_per_trade: float = 0.02
    max_margin_per_trade: float = 0.10
    max_at_risk: float = 0.20
    max_margin: float = 0.80
    max_positions: int = 10
    max_new_per_day: int = 10
    max_per_underlying: int = 5
    max_per_strategy: int = 10
    max_contracts: int = 100
    max_spread: float = 0.25
    min_open_interest: int = 0
    allow_unbounded: bool = True
    by_strategy: Mapping[str, StrategyLimits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _FRACTIONS:
            _check_share(name, getattr(self, name))
        for name in _COUNTS:
            _check_count(name, getattr(self, name))
        if not (isfinite(self.max_spread) and self.max_spread > 0.0):
            raise SettingsError(f"The limit max_spread must be above 0; was {self.max_spread}.")
        if self.min_open_interest < 0:
            raise SettingsError(
                f"The limit min_open_interest must not be negative; was {self.min_open_interest}."
            )
        for less, more in (("max_loss_per_trade", "max_at_risk"), ("max_margin_per_trade", "max_margin")):
            one, all_of_them = getattr(self, less), getattr(self, more)
            if one > all_of_them:
                raise SettingsError(
                    f"The limit {less} ({one}) must not exceed {more} ({all_of_them}): one position alone "
                    "could break the limit of all."
                )

    def of(self, strategy: str) -> StrategyLimits:
        """Return the further limits of a strategy, by label."""
        return self.by_strategy.get(strategy, NO_LIMITS)

    def check(self, labels: Iterable[str]) -> None:
        """Refuse limits of a strategy that a run does not have.

        Raises
        ------
        SettingsError
            Naming it, and the labels there are.
        """
        known = sorted(labels)
        if unknown := sorted(set(self.by_strategy) - set(known)):
            raise SettingsError(
                f"Limits are given for {', '.join(unknown)}, which no strategy of the run is called; "
                f"labels are: {', '.join(known)}."
            )


def _check_share(name: str, value: float) -> None:
    if not (isfinite(value) and 0.0 < value <= 1.0):
        raise SettingsError(f"The limit {name} must be a share of equity above 0 and at most 1; was {value}.")


def _check_count(name: str, count: float) -> None:
    if count < 1:
        raise SettingsError(f"The limit {name} must be at least 1; was {count}. To stop trading, halt it.")
