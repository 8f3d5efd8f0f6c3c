"""The strategies there are, and what each can be set by."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

from strikewise.domain.parameters import Parameter, ParameterValue
from strikewise.engine.spec import StrategySpec

__all__ = ["ParameterView", "StrategyView", "strategies_view"]


@dataclass(frozen=True, slots=True)
class ParameterView:
    """A number, switch or choice, as `strikewise.domain.parameters.Parameter`.

    Attributes
    ----------
    name, help, unit : str
        What it is called, what it does, and in what it is counted.
    kind : str
        ``flag``, ``whole``, ``number`` or ``choice``.
    value : bool, int, float or str
        Where none is given.
    low, high : float or None
        Inclusive bounds of a number.
    choices : tuple of str
        What a text may be.
    """

    name: str
    help: str
    unit: str
    kind: str
    value: ParameterValue
    low: float | None
    high: float | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StrategyView:
    """A strategy: its name in specifications, what it does in a sentence, and its parameters."""

    name: str
    summary: str
    parameters: tuple[ParameterView, ...]


def strategies_view(strategies: Sequence[StrategySpec]) -> tuple[StrategyView, ...]:
    """Return strategies with what each can be set by, in alphabetical order.

    Parameters
    ----------
    strategies : sequence of StrategySpec
        What is known, with the values that stand where a specification gives none.
    """
    found = {one.strategy.name: one for one in strategies}
    return tuple(_view(name, found[name]) for name in sorted(found))


def _view(name: str, spec: StrategySpec) -> StrategyView:
    summary = (inspect.getdoc(type(spec.strategy)) or "").partition("\n")[0]
    return StrategyView(name, summary, tuple(_parameter(one) for one in spec.strategy.space.parameters))


def _parameter(one: Parameter) -> ParameterView:
    return ParameterView(
        one.name, one.help, one.unit, _kind(one.default), one.default, one.low, one.high, one.choices
    )


def _kind(value: ParameterValue) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "choice"
    return "whole" if isinstance(value, int) else "number"
