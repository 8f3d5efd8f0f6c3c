"""Nothing outside its space gets past a parameter."""

from __future__ import annotations

import pytest

from strikewise.domain.errors import ParameterError
from strikewise.domain.parameters import Parameter, ParameterSpace

SPACE = ParameterSpace(
    (
        Parameter("min_dte", 30, "Nearest.", "days", 1, 730),
        Parameter("max_dte", 45, "Farthest.", "days", 1, 730),
        Parameter("share", 0.5, "How much.", "fraction", 0.0, 1.0),
        Parameter("hold", default=True, help="Whether."),
        Parameter("side", "put", "Which.", choices=("put", "call")),
    ),
    ordered=(("min_dte", "max_dte"),),
)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("min_dte", 30.5, r"must be a whole number in \[1, 730\] days; was 30.5"),
        ("min_dte", True, "must be a number"),
        ("min_dte", "30", "must be a number"),
        ("min_dte", 0, r"must be in \[1, 730\] days; was 0"),
        ("share", 1.01, r"must be in \[0, 1\] fraction"),
        ("hold", 1, "must be true or false; was 1"),
        ("side", "both", "must be one of put, call; was 'both'"),
        ("min_dte", 46, "'min_dte' must not exceed 'max_dte'; were 46 and 45"),
        ("mindte", 30, "Did you mean 'min_dte'"),
        ("zzz", 30, "Known are: min_dte, max_dte"),
    ],
)
def test_a_value_outside_its_space_is_refused_by_what_it_must_be(
    name: str, value: object, sentence: str
) -> None:
    with pytest.raises(ParameterError, match=sentence):
        SPACE.make({name: value})


def test_bounds_belong_to_the_space_and_a_pair_may_be_equal() -> None:
    made = SPACE.make({"min_dte": 45.0, "share": 1})
    assert (made.integer("min_dte"), made.integer("max_dte"), made.number("share")) == (45, 45, 1.0)
    assert isinstance(made["min_dte"], int)
    assert isinstance(made["share"], float)
