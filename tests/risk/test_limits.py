from __future__ import annotations

import pytest

from strikewise.domain.errors import SettingsError
from strikewise.risk.limits import Limits


def test_the_defaults_are_those_that_are_promised() -> None:
    limits = Limits()
    assert (limits.max_loss_per_trade, limits.max_at_risk, limits.max_margin) == (0.02, 0.20, 0.80)
    assert (limits.max_positions, limits.max_new_per_day) == (10, 10)


@pytest.mark.parametrize("name", ["max_loss_per_trade", "max_margin_per_trade", "max_at_risk", "max_margin"])
@pytest.mark.parametrize("value", [0.0, -0.01, 1.01, float("nan"), float("inf")])
def test_a_share_that_is_no_share_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=name):
        Limits(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["max_positions", "max_new_per_day", "max_per_underlying", "max_per_strategy", "max_contracts"]
)
@pytest.mark.parametrize("value", [0, -1])
def test_a_count_below_one_is_refused_by_name(name: str, value: int) -> None:
    with pytest.raises(SettingsError, match=name):
        Limits(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"max_spread": 0.0}, {"max_spread": -1.0}, {"min_open_interest": -1}])
def test_thresholds_of_quotes_must_make_sense(change: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        Limits(**change)  # type: ignore[arg-type]


def test_limits_that_contradict_each_other_are_refused_with_both_names() -> None:
    with pytest.raises(SettingsError, match=r"max_loss_per_trade.*max_at_risk"):
        Limits(max_loss_per_trade=0.3, max_at_risk=0.2)
    with pytest.raises(SettingsError, match=r"max_margin_per_trade.*max_margin"):
        Limits(max_margin_per_trade=0.9, max_margin=0.8)
