"""Other configurations of a specification: neighbours within its parameters' bounds, and grids of values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from typing import Any

import numpy as np

from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.errors import ParameterError, SettingsError
from strikewise.domain.parameters import Parameter, ParameterSpace, ParameterValue
from strikewise.engine.spec import StrategySpec
from strikewise.execution.financing import CashInterest

__all__ = [
    "Variant",
    "at_the_touch",
    "grid_of",
    "identity_of",
    "neighbours",
    "with_parameters",
    "without_interest",
]

Changes = Mapping[str, Mapping[str, ParameterValue]]
"""New values by strategy label and parameter."""

NOT_CONFIGURATION = ("name", "account")
"""What a person calls a run changes nothing of it."""
TRIES = 50
"""Draws until one fits its space, or is new."""
MOST_OF_A_GRID = 500
WEIGHTS, COSTS = "weight_", ("fee_per_contract", "cost_bp")
"""How candidates are ranked, and what trading is assumed to cost: no rule of a strategy hangs on them."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A configuration.

    Attributes
    ----------
    name : str
        What is different.
    spec : ReplaySpec
        What to run.
    """

    name: str
    spec: ReplaySpec


def identity_of(spec: ReplaySpec) -> str:
    """Return a digest of a configuration: two that would trade alike have the same, whatever their names."""
    document = {key: value for key, value in spec.run.document.items() if key not in NOT_CONFIGURATION}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(text.encode()).hexdigest()


def at_the_touch(spec: ReplaySpec) -> ReplaySpec:
    """Return a specification whose fills pay the whole half-spread: what decides is decided there."""
    if spec.fills.f_by_legs == (1.0,):
        return spec
    document: dict[str, Any] = deepcopy(dict(spec.run.document))
    document["fills"] = {**document.get("fills", {}), "f": 1.0}
    return replace(
        spec, fills=replace(spec.fills, f_by_legs=(1.0,)), run=replace(spec.run, document=document)
    )


def without_interest(spec: ReplaySpec) -> ReplaySpec:
    """Return a specification whose idle cash earns nothing.

    What bills pay is no skill, and comes so evenly that beside it any strategy has a high ratio.
    """
    if spec.financing.cash is CashInterest.NONE:
        return spec
    document: dict[str, Any] = deepcopy(dict(spec.run.document))
    document["financing"] = {**document.get("financing", {}), "cash": CashInterest.NONE.value}
    financing = replace(spec.financing, cash=CashInterest.NONE)
    return replace(spec, financing=financing, run=replace(spec.run, document=document))


def with_parameters(spec: ReplaySpec, changes: Changes) -> ReplaySpec:
    """Return a specification with other values of some parameters.

    Raises
    ------
    SettingsError
        If there is no strategy of that label.
    ParameterError
        If a parameter is unknown, or a value outside its bounds.
    """
    unknown = sorted(set(changes) - {chosen.label for chosen in spec.run.strategies})
    if unknown:
        known = ", ".join(chosen.label for chosen in spec.run.strategies)
        raise SettingsError(f"There is no strategy {', '.join(unknown)} in the run; there are: {known}.")
    strategies = tuple(
        replace(chosen, params=chosen.strategy.space.make({**chosen.params, **changes.get(chosen.label, {})}))
        for chosen in spec.run.strategies
    )
    document: dict[str, Any] = deepcopy(dict(spec.run.document))
    for table, chosen in zip(document.get("strategies", ()), strategies, strict=False):
        table["parameters"] = dict(chosen.params)
    return replace(spec, run=replace(spec.run, strategies=strategies, document=document))


def grid_of(spec: ReplaySpec, axes: Mapping[str, Sequence[ParameterValue]]) -> tuple[Variant, ...]:
    """Return every combination of some values.

    Parameters
    ----------
    spec : ReplaySpec
        What is varied.
    axes : mapping of str to sequence
        Values by ``label.parameter``, or by the parameter alone where the run has one strategy.

    Raises
    ------
    SettingsError
        If an axis names no parameter of the run, two combinations are the same configuration, or there are
        too many.
    """
    places = [_place(spec, name) for name in axes]
    count = int(np.prod([len(values) for values in axes.values()])) if axes else 0
    if not 1 <= count <= MOST_OF_A_GRID:
        raise SettingsError(f"A grid has 1 to {MOST_OF_A_GRID} configurations; this one has {count:,}.")
    found: dict[str, Variant] = {}
    for values in product(*axes.values()):
        changes: dict[str, dict[str, ParameterValue]] = {}
        for (label, parameter), value in zip(places, values, strict=True):
            changes.setdefault(label, {})[parameter] = value
        name = ", ".join(f"{one} {value}" for (_, one), value in zip(places, values, strict=True))
        variant = Variant(name, with_parameters(spec, changes))
        twin = found.setdefault(identity_of(variant.spec), variant)
        if twin is not variant:
            raise SettingsError(
                f"The grid has one configuration twice ({twin.name}; {name}): give each value once."
            )
    return tuple(found.values())


def neighbours(
    spec: ReplaySpec, count: int, reach: float, random: np.random.Generator, *, name: str = "neighbour"
) -> tuple[Variant, ...]:
    """Return configurations around one: every number of every strategy moved, each by its own chance.

    Weights of the score and assumed costs stay as they are: they are no rules of what is traded.

    Parameters
    ----------
    spec : ReplaySpec
        The middle, which is not among them.
    count : int
        How many at most; fewer where the space holds no more.
    reach : float
        How far a number moves at most, as a fraction of itself. It stays within its bounds, whole numbers
        stay whole, and nought, which often means "off", stays nought. Numbers that must keep an order, as
        the ends of a range, move together.
    random : Generator
        Where chance comes from.
    name : str
        What they are called, with a number.
    """
    seen = {identity_of(spec)}
    found: list[Variant] = []
    for _ in range(count * TRIES):
        if len(found) == count:
            break
        changes = {chosen.label: _moved(chosen, reach, random) for chosen in spec.run.strategies}
        try:
            other = with_parameters(spec, changes)
        except ParameterError:
            continue
        if (identity := identity_of(other)) not in seen:
            seen.add(identity)
            found.append(Variant(f"{name} {len(found) + 1}", other))
    return tuple(found)


def _moved(chosen: StrategySpec, reach: float, random: np.random.Generator) -> dict[str, ParameterValue]:
    space = chosen.strategy.space
    factor: dict[str, float] = {}
    for group in _tied(space):
        factor |= dict.fromkeys(group, float(1.0 + reach * (2.0 * random.random() - 1.0)))
    return {
        one.name: _scaled(one, chosen.params.number(one.name), factor[one.name])
        for one in space.parameters
        if _is_rule(one) and chosen.params.number(one.name) != 0.0
    }


def _is_rule(parameter: Parameter) -> bool:
    """Return whether a parameter is a number that decides what is traded."""
    if isinstance(parameter.default, bool | str):
        return False
    return not parameter.name.startswith(WEIGHTS) and parameter.name not in COSTS


def _scaled(parameter: Parameter, value: float, factor: float) -> ParameterValue:
    moved = value * factor
    moved = moved if parameter.low is None else max(moved, parameter.low)
    moved = moved if parameter.high is None else min(moved, parameter.high)
    return round(moved) if isinstance(parameter.default, int) else float(f"{moved:.6g}")


def _tied(space: ParameterSpace) -> Iterator[set[str]]:
    """Yield the groups of parameters that the space's order ties together; most are alone."""
    groups = {one.name: {one.name} for one in space.parameters}
    for low, high in space.ordered:
        joined = groups[low] | groups[high]
        for name in joined:
            groups[name] = joined
    yielded: set[str] = set()
    for one in space.parameters:
        if one.name not in yielded:
            yielded |= groups[one.name]
            yield groups[one.name]


def _place(spec: ReplaySpec, name: str) -> tuple[str, str]:
    label, dot, parameter = name.rpartition(".")
    if dot:
        return label, parameter
    if len(spec.run.strategies) == 1:
        return spec.run.strategies[0].label, parameter
    labels = ", ".join(chosen.label for chosen in spec.run.strategies)
    raise SettingsError(
        f"The run has several strategies ({labels}): say whose {name!r} is meant, as label.{name}."
    )
