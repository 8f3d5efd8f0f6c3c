"""What a run of the loop is to do: a frozen piece of configuration, complete before the first tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strikewise.domain.errors import SettingsError
from strikewise.domain.parameters import ParameterSet
from strikewise.engine.allocation import Allocation
from strikewise.market.estimate import MissingQuotePolicy
from strikewise.risk.limits import Limits
from strikewise.strategy.api import Strategy

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI")


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy with its parameters, under a label that is unique in the run.

    Attributes
    ----------
    label : str
        The name its signals, positions and trades carry.
    strategy : Strategy
        The rules.
    params : ParameterSet
        Their numbers.
    """

    label: str
    strategy: Strategy
    params: ParameterSet


@dataclass(frozen=True, slots=True)
class RunSpec:
    """All that the loop needs to know.

    Attributes
    ----------
    account : str
        Name of the account; part of every order id.
    capital_cents : int
        First deposit.
    underlyings : tuple of str
        What may be traded.
    strategies : tuple of StrategySpec
        In order of priority.
    limits : Limits
        What the gate enforces.
    missing_quote : MissingQuotePolicy
        How a held contract without a usable quote is priced.
    entry_weekdays : tuple of str
        Sessions on which new positions are sought; held ones are managed at every tick.
    document : mapping
        The whole specification as JSON values, for the ledger.
    allocation : Allocation
        The share of the account that each strategy may use, and who comes first.
    """

    account: str
    capital_cents: int
    underlyings: tuple[str, ...]
    strategies: tuple[StrategySpec, ...]
    limits: Limits
    missing_quote: MissingQuotePolicy
    entry_weekdays: tuple[str, ...]
    document: Mapping[str, object]
    allocation: Allocation = field(default_factory=Allocation)

    def __post_init__(self) -> None:
        if self.capital_cents <= 0:
            raise SettingsError(f"Capital must be above zero; was {self.capital_cents / 100:,.2f} dollars.")
        if not self.underlyings:
            raise SettingsError("A run needs at least one underlying; none was given.")
        if not self.strategies:
            raise SettingsError("A run needs at least one strategy; none was given.")
        labels = [chosen.label for chosen in self.strategies]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise SettingsError(
                f"Each strategy of a run needs a label of its own; {', '.join(twice)} stands more than once: "
                "give each a `label`."
            )
        self.allocation.check(labels)
        self.limits.check(labels)
        unknown = sorted(set(self.entry_weekdays) - set(WEEKDAYS))
        if unknown or not self.entry_weekdays:
            raise SettingsError(
                f"Entry weekdays must be some of {', '.join(WEEKDAYS)}; "
                f"were {', '.join(self.entry_weekdays) or 'none'}."
            )

    def labelled(self, label: str) -> StrategySpec | None:
        """Return the strategy of a label, or None where the run has none of that name."""
        return next((chosen for chosen in self.strategies if chosen.label == label), None)
