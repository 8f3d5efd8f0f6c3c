"""The tables that settings and specifications share: limits, fills, fees, strategies by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import Field, model_validator

from strikewise.bootstrap.documents import Table, table_of, told_of
from strikewise.domain.errors import SettingsError
from strikewise.engine.allocation import Allocation, Priority
from strikewise.engine.spec import StrategySpec
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.market.estimate import MissingQuotePolicy
from strikewise.market.regime import Regime
from strikewise.risk.governor import BLACKOUTS, Governor
from strikewise.risk.limits import Limits, StrategyLimits
from strikewise.strategy.registry import STRATEGIES

__all__ = [
    "MOST_CAPITAL",
    "AllocationTable",
    "ExerciseTable",
    "FeesTable",
    "FillsTable",
    "FinancingTable",
    "GovernorTable",
    "LimitsTable",
    "StrategyLimitsTable",
    "chosen_strategy",
]


MOST_CAPITAL = 1e12
"""Dollars; sums of cents stay exact in float64 far beyond it."""


class StrategyLimitsTable(table_of(StrategyLimits)):  # type: ignore[misc]  # made from the dataclass
    """What one strategy must keep beside the limits of the account."""

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self

    def frozen(self) -> StrategyLimits:
        """Return the limits."""
        return StrategyLimits(**self.model_dump())


class LimitsTable(table_of(Limits)):  # type: ignore[misc]  # the model is made from the dataclass
    """What the gate enforces."""

    by_strategy: dict[str, StrategyLimitsTable] = Field(default_factory=dict)

    def frozen(self) -> Limits:
        """Return the limits."""
        own = {label: table.frozen() for label, table in self.by_strategy.items()}
        return Limits(**self.model_dump(exclude={"by_strategy"}), by_strategy=own)

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self


class GovernorTable(table_of(Governor)):  # type: ignore[misc]  # the model is made from the dataclass
    """What an account that trades must keep as a whole, beside the limits of a trade."""

    sectors: dict[str, str] = Field(default_factory=dict)
    blackouts: dict[str, tuple[float, float]] = Field(default_factory=lambda: dict(BLACKOUTS))

    def frozen(self) -> Governor:
        """Return the governor."""
        return Governor(**self.model_dump())

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self


Share = Annotated[float, Field(strict=True)]
"""A number, and not a switch that would pass for one."""


class AllocationTable(Table):
    """Who may use how much of the account, and who comes first."""

    priority: Priority = Priority.ORDER
    weights: dict[str, Share] = Field(default_factory=dict)
    by_regime: dict[Regime, dict[str, Share]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self

    def frozen(self) -> Allocation:
        """Return the allocation."""
        return Allocation(weights=self.weights, by_regime=self.by_regime, priority=self.priority)


class FillsTable(Table):
    """How a simulated market fills."""

    f: float | tuple[float, ...] = 1.0
    volume_share: float = 0.10
    open_interest_share: float = 0.10
    unknown_size: int = 10
    slippage_bp: int = 1
    missing_quote: MissingQuotePolicy = MissingQuotePolicy.MODEL
    any_size: bool = False

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self

    def frozen(self) -> FillRule:
        """Return the rule."""
        return FillRule(
            f_by_legs=self.f if isinstance(self.f, tuple) else (self.f,),
            volume_share=self.volume_share,
            open_interest_share=self.open_interest_share,
            unknown_size=self.unknown_size,
            slippage_bp=self.slippage_bp,
            missing_quote=self.missing_quote,
            any_size=self.any_size,
        )


class FeesTable(Table):
    """What trading costs beside the spread, in dollars."""

    commission: float = Field(default=0.65, ge=0)
    stock_commission: float = Field(default=0.0, ge=0)
    assignment: float = Field(default=5.0, ge=0)
    pass_through: bool = True

    def frozen(self) -> FeeSchedule:
        """Return the schedule."""
        return FeeSchedule(
            commission_cents=100 * self.commission,
            stock_commission_cents=100 * self.stock_commission,
            assignment_cents=round(100 * self.assignment),
            pass_through=self.pass_through,
        )


class ExerciseTable(table_of(ExerciseRule)):  # type: ignore[misc]  # the model is made from the dataclass
    """How short options are assigned."""

    def frozen(self) -> ExerciseRule:
        """Return the rule."""
        return ExerciseRule(**self.model_dump())

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self


class FinancingTable(table_of(Financing)):  # type: ignore[misc]  # the model is made from the dataclass
    """What cash earns, and debit balances and borrowed shares cost."""

    def frozen(self) -> Financing:
        """Return the rates."""
        return Financing(**self.model_dump())

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self


def chosen_strategy(name: str, label: str, parameters: Mapping[str, object]) -> StrategySpec:
    """Return a strategy of the registry with its parameters.

    Raises
    ------
    SettingsError
        If there is no strategy of that name, or a parameter is unknown or outside its bounds.
    """
    strategy = STRATEGIES.get(name)
    if strategy is None:
        near = get_close_matches(name, STRATEGIES, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(STRATEGIES)}."
        raise SettingsError(f"There is no strategy {name!r}. {hint}")
    with told_of(f"strategy {label!r}"):
        return StrategySpec(label, strategy, strategy.space.make(parameters))
