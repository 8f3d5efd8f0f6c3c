"""A limit is what somebody meant: a share is a share, and percent or a sign is refused by name."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.errors import SettingsError
from strikewise.risk.governor import _SHARES, Governor, OnDrawdown


def test_the_defaults_are_those_that_were_asked_for() -> None:
    governor = Governor()
    assert (governor.position_loss, governor.position_loss_premiums) == (500.0, 2.0)
    assert (governor.daily_loss, governor.day_drawdown) == (0.02, 0.05)
    assert governor.on_drawdown is OnDrawdown.FLATTEN
    assert (governor.max_value_at_risk, governor.var_confidence) == (0.10, 0.95)
    assert (governor.max_sector, governor.max_correlation) == (0.30, 0.70)
    assert (governor.repeated_losses, governor.repeated_loss_minutes) == (2, 60.0)
    assert (governor.cool_down_hours, governor.stopped_strikes_hours) == (4.0, 2.0)
    assert (governor.errors, governor.error_minutes) == (5, 60.0)
    assert (governor.regime_confidence, governor.regime_penalty) == (0.95, 15.0)
    assert {"FOMC", "CPI", "NFP", "EARNINGS"} <= set(governor.blackouts)


@pytest.mark.parametrize(
    ("written", "meant"), [(8.0, "0.08"), (-8.0, "0.08"), (5.0, "0.05")], ids=["8", "-8", "5"]
)
def test_percent_where_a_fraction_is_meant_is_refused_with_what_to_write(written: float, meant: str) -> None:
    with pytest.raises(SettingsError, match=rf"day_drawdown must be a fraction.*write {meant}\."):
        Governor(day_drawdown=written)


def test_a_loss_with_a_sign_is_refused_and_not_taken_for_another_number() -> None:
    with pytest.raises(SettingsError, match=r"was -0\.8\. Limits are written without the sign of a loss"):
        Governor(day_drawdown=-0.8)
    with pytest.raises(SettingsError, match="without the sign of a loss"):
        Governor(daily_loss=-0.02)
    with pytest.raises(SettingsError, match="without a sign"):
        Governor(position_loss=-500.0)


def test_a_fraction_that_nobody_means_is_refused_too() -> None:
    with pytest.raises(SettingsError, match="day_drawdown must be a fraction"):
        Governor(day_drawdown=0.8)
    with pytest.raises(SettingsError, match="daily_loss must be a fraction"):
        Governor(daily_loss=0.0002)


@given(st.sampled_from(sorted(_SHARES)), st.floats(allow_nan=True, allow_infinity=True))
def test_no_share_outside_its_bounds_is_ever_taken(name: str, value: float) -> None:
    least, most = _SHARES[name]
    # These two hold each other in order.
    others = {"day_drawdown": 0.5} if name == "daily_loss" else {}
    others |= {"daily_loss": 0.001} if name == "day_drawdown" else {}
    if least <= value <= most:
        assert getattr(Governor(**{**others, name: value}), name) == value
    else:
        with pytest.raises(SettingsError, match=name):
            Governor(**{**others, name: value})


def test_every_share_and_count_is_a_field_so_that_none_goes_unchecked() -> None:
    numbers = {one.name for one in fields(Governor) if isinstance(getattr(Governor(), one.name), float | int)}
    checked = set(_SHARES) | {
        "repeated_losses", "errors", "rejections", "loss_streak", "var_sessions", "var_least_sessions",
        "correlation_sessions", "repeated_loss_minutes", "cool_down_hours", "stopped_strikes_hours",
        "error_minutes", "loss_streak_hours", "position_loss", "position_loss_premiums", "regime_penalty",
        "min_hold_hours", "max_notional",
    }  # fmt: skip
    assert numbers == checked
    for name in numbers:
        with pytest.raises(SettingsError):
            replace(
                Governor(), **{name: float("nan") if isinstance(getattr(Governor(), name), float) else -1}
            )


def test_new_risk_must_end_before_what_is_held_is_closed() -> None:
    with pytest.raises(SettingsError, match="daily_loss"):
        Governor(daily_loss=0.06)


def test_a_past_that_can_never_be_long_enough_is_refused() -> None:
    with pytest.raises(SettingsError, match="would never be known"):
        Governor(var_sessions=300, var_least_sessions=400)


@pytest.mark.parametrize("hours", [(-1.0, 0.0), (0.0, float("inf")), (0.0, 5000.0)])
def test_a_blackout_has_hours_that_can_be(hours: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="FOMC"):
        Governor(blackouts={"FOMC": hours})
    with pytest.raises(SettingsError, match="ELECTION"):
        Governor(blackouts={"ELECTION": (1.0, 1.0)})
