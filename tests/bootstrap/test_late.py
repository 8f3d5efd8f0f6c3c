"""Parts that come late are what they stand for, and are made once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from strikewise.bootstrap.late import late, late_call


def test_a_late_call_is_given_what_was_known_before_and_what_is_known_now() -> None:
    assert late_call("builtins:dict", [("one", 1)])(two=2) == {"one": 1, "two": 2}
    assert late_call("fractions:Fraction", 1)(3) == Fraction(1, 3)


def test_what_stands_for_an_object_answers_as_the_object_does() -> None:
    stand_in = late("fractions:Fraction", 14, 8)
    assert (stand_in.numerator, stand_in.denominator) == (7, 4)
    assert stand_in.limit_denominator(1) == 2


def test_the_object_is_made_when_it_is_first_asked_and_only_then(tmp_path: Path) -> None:
    stand_in = late("pathlib:Path.open", tmp_path / "file", "w")
    assert not (tmp_path / "file").exists()
    stand_in.write("one ")
    stand_in.write("file")
    stand_in.close()
    assert (tmp_path / "file").read_text() == "one file"


def test_what_the_object_does_not_have_its_stand_in_does_not_have() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = late("fractions:Fraction", 1).nothing_of_the_kind
