"""Typed parameters with bounds, units and defaults; nothing outside its space gets past here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from strikewise.domain.errors import ParameterError

ParameterValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number, switch or choice a strategy can be set by.

    Attributes
    ----------
    name : str
        Its name in specifications.
    default : bool, int, float or str
        Its value where none is given; its type is the parameter's type.
    help : str
        What it does, one sentence.
    unit : str
        Unit of the value: ``days``, ``fraction``, ``dollars``, ``delta``…; empty for switches and choices.
    low, high : float or None
        Inclusive bounds of a number.
    choices : tuple of str
        What a text may be.
    """

    name: str
    default: ParameterValue
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: object) -> ParameterValue:
        """Return the value in the parameter's own type.

        Raises
        ------
        ParameterError
            If it is of another type or outside the bounds or choices.
        """
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
            raise self._refusal("true or false", value)
        if isinstance(self.default, str):
            if isinstance(value, str) and value in self.choices:
                return value
            raise self._refusal("one of " + ", ".join(self.choices), value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refusal(f"a number in {self.bounds}", value)
        if isinstance(self.default, int) and float(value) != int(value):
            raise self._refusal(f"a whole number in {self.bounds}", value)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise self._refusal(f"in {self.bounds}", value)
        return int(value) if isinstance(self.default, int) else float(value)

    @property
    def bounds(self) -> str:
        """The bounds as a person writes them, with the unit."""
        low = "-∞" if self.low is None else f"{self.low:g}"
        high = "∞" if self.high is None else f"{self.high:g}"
        return f"[{low}, {high}]" + (f" {self.unit}" if self.unit else "")

    def _refusal(self, must: str, was: object) -> ParameterError:
        return ParameterError(f"Parameter {self.name!r} must be {must}; was {was!r}.")


@dataclass(frozen=True, slots=True)
class ParameterSet(Mapping[str, ParameterValue]):
    """Values for every parameter of a space; made by `ParameterSpace.make` only."""

    values_by_name: Mapping[str, ParameterValue]

    def __getitem__(self, name: str) -> ParameterValue:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def number(self, name: str) -> float:
        """Return a numeric parameter."""
        return float(self.values_by_name[name])

    def integer(self, name: str) -> int:
        """Return a whole-number parameter."""
        return int(self.values_by_name[name])

    def flag(self, name: str) -> bool:
        """Return a switch."""
        return bool(self.values_by_name[name])

    def text(self, name: str) -> str:
        """Return a choice."""
        return str(self.values_by_name[name])


@dataclass(frozen=True, slots=True)
class ParameterSpace:
    """The parameters of a strategy, by name, in the order they are documented.

    Attributes
    ----------
    parameters : tuple of Parameter
        Each name once.
    ordered : tuple of (str, str)
        Pairs of numbers of which the first must not exceed the second, such as the ends of a range.
    """

    parameters: tuple[Parameter, ...]
    ordered: tuple[tuple[str, str], ...] = ()
    _by_name: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [parameter.name for parameter in self.parameters]
        if len(set(names)) != len(names):
            raise ParameterError(f"A parameter space must name each parameter once; was {names}.")
        object.__setattr__(self, "_by_name", MappingProxyType({p.name: p for p in self.parameters}))
        for parameter in self.parameters:
            parameter.check(parameter.default)
        self.make()

    def make(self, values: Mapping[str, object] | None = None) -> ParameterSet:
        """Return a full set: the given values, defaults for the rest.

        Raises
        ------
        ParameterError
            If a name is unknown (with the nearest known one), a value outside its parameter, or a pair out
            of order.
        """
        given = dict(values or {})
        for name in given:
            if name not in self._by_name:
                near = get_close_matches(name, self._by_name, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else f" Known are: {', '.join(self._by_name)}."
                raise ParameterError(f"There is no parameter {name!r}.{hint}")
        full = {p.name: p.check(given.get(p.name, p.default)) for p in self.parameters}
        for low, high in self.ordered:
            if float(full[low]) > float(full[high]):
                raise ParameterError(
                    f"Parameter {low!r} must not exceed {high!r}; were {full[low]!r} and {full[high]!r}."
                )
        return ParameterSet(MappingProxyType(full))
