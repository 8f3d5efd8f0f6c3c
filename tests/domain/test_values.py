"""Values: what is made fast is what the standard library would have made."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Fast:
    name: str
    legs: list[int] = field(default_factory=list)
    cents: int = 3

    def __post_init__(self) -> None:
        if self.cents < 0:
            raise ValueError("cents must not be below zero.")


@dataclasses.dataclass(frozen=True, slots=True)
class Slow:
    name: str
    legs: list[int] = field(default_factory=list)
    cents: int = 3


@given(st.text(), st.lists(st.integers()), st.integers(min_value=0), st.booleans())
def test_a_value_holds_what_the_standard_library_would_have_stored(
    name: str, legs: list[int], cents: int, by_name: bool
) -> None:
    made = Fast(name=name, legs=legs, cents=cents) if by_name else Fast(name, legs, cents)
    expected = Slow(name, legs, cents)
    assert type(made) is Fast
    assert dataclasses.astuple(made) == dataclasses.astuple(expected)
    assert repr(made) == repr(expected).replace("Slow", "Fast")
    assert made == Fast(name, list(legs), cents)
    assert made != Fast(name + "!", legs, cents)


def test_a_value_is_frozen_and_has_no_room_for_more() -> None:
    made = Fast("put")
    with pytest.raises(FrozenInstanceError):
        made.cents = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.cents
    assert not hasattr(made, "__dict__")


def test_defaults_are_those_of_the_fields_and_a_factory_is_asked_each_time() -> None:
    first, second = Fast("put"), Fast("put")
    assert (first.legs, first.cents) == ([], 3)
    assert first.legs is not second.legs


def test_a_value_checks_itself_when_all_its_fields_are_in() -> None:
    with pytest.raises(ValueError, match="must not be below zero"):
        Fast("put", cents=-1)
    with pytest.raises(ValueError, match="must not be below zero"):
        replace(Fast("put"), cents=-1)


@pytest.mark.parametrize("wrong", [([], {}), (["a", [], 1, 2], {}), (["a"], {"strike": 1})])
def test_wrong_arguments_are_refused_in_the_name_of_the_class(
    wrong: tuple[list[Any], dict[str, Any]],
) -> None:
    places, names = wrong
    with pytest.raises(TypeError, match=r"Fast\.__init__\(\)"):
        Fast(*places, **names)


def test_the_signature_is_the_one_of_the_standard_library() -> None:
    assert str(inspect.signature(Fast)) == str(inspect.signature(Slow))


def test_a_value_survives_copies_and_pickles() -> None:
    made = Fast("put", [1, 2], 5)
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert other == made
        assert type(other) is Fast


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_replace_changes_what_it_is_told_and_nothing_else(before: int, after: int) -> None:
    made = Fast("put", [7], before)
    changed = replace(made, cents=after)
    assert (changed.name, changed.legs, changed.cents) == ("put", [7], after)
    assert changed.legs is made.legs
    assert made.cents == before


def test_replace_refuses_a_field_that_is_not_there() -> None:
    with pytest.raises(TypeError, match="strike"):
        replace(Fast("put"), strike=1)  # type: ignore[call-arg]


def test_what_is_no_plain_value_is_made_as_ever() -> None:
    @dataclass(slots=True)
    class Open:
        cents: int
        dollars: int = 2

    @dataclass(frozen=True, slots=True)
    class Base:
        cents: int
        dollars: int = 2

    @dataclass(frozen=True, slots=True)
    class Derived(Base):
        ticks: int = 1

    @dataclass(frozen=True, slots=True)
    class WithRest:
        cents: int
        seen: dict[int, int] = field(default_factory=dict, init=False)

    opened = Open(1)
    opened.cents = 5
    assert opened == Open(5, 2)
    assert replace(Derived(1, 2, 3), cents=4) == Derived(4, 2, 3)
    assert replace(WithRest(1), cents=2).seen == {}
