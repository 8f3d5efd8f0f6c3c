"""A run's specification is refused where it cannot be run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine.hand_made import Told, hand_spec
from strikewise.domain.errors import SettingsError

RUN = hand_spec(Told({}), start=date(2024, 2, 5), end=date(2024, 2, 7)).run
TWICE = RUN.strategies * 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"capital_cents": 0}, "above zero; was 0.00 dollars"),
        ({"underlyings": ()}, "at least one underlying"),
        ({"strategies": ()}, "at least one strategy"),
        ({"strategies": TWICE}, "told stands more than once: give each a `label`"),
        ({"entry_weekdays": ("MON", "SAT")}, "must be some of MON, TUE, WED, THU, FRI; were MON, SAT"),
        ({"entry_weekdays": ()}, "were none"),
    ],
)
def test_a_run_that_cannot_be_is_refused_in_one_sentence(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        replace(RUN, **changes)


def test_a_strategy_is_found_by_its_label_and_an_unknown_label_is_nobody() -> None:
    assert RUN.labelled("told") is RUN.strategies[0]
    assert RUN.labelled("other") is None
