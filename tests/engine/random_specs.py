"""Hypothesis strategies for specifications: strategies, parameters, limits and fills drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_EXITS = {
    "profit_target": st.sampled_from([0.25, 0.5, 0.9, 2.0]),
    "stop_loss": st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    "dte_exit": st.sampled_from([0, 1, 5]),
    "max_days_held": st.sampled_from([0, 3, 10]),
    "risk_fraction": st.sampled_from([0.005, 0.02, 0.1]),
    "max_signals": st.integers(1, 3),
}
_DAYS = {"min_dte": st.integers(6, 20), "max_dte": st.integers(20, 45)}
_WINGS = {
    "width": st.sampled_from([5.0, 10.0, 25.0, 50.0]),
    "short_delta_min": st.sampled_from([0.05, 0.1]),
    "short_delta_max": st.sampled_from([0.15, 0.3, 0.45]),
}
_SIDES = {"side": st.sampled_from(["auto", "put", "call"]), "trend": st.sampled_from(["off", "not_against"])}
_NAKED = {"collateral": st.sampled_from(["margin", "cash"]), "otm_min": st.sampled_from([0.02, 0.05])}
_ALWAYS: dict[str, dict[str, Any]] = {
    "credit_spread": {"dte_exit": 0, "min_dte": 6, "min_credit_to_width": 0.0, "min_kept_at_touch": 0.0},
    "iron_condor": {"dte_exit": 0, "min_dte": 6, "min_credit_to_width": 0.0, "min_kept_at_touch": 0.0},
    "naked_put": {"dte_exit": 0, "trend": "off", "premium_max": 40.0, "max_dte": 30},
}
_DRAWN = {
    "credit_spread": st.fixed_dictionaries({}, optional={**_SIDES, **_EXITS, **_DAYS, **_WINGS}),
    "iron_condor": st.fixed_dictionaries({}, optional={**_EXITS, **_DAYS, **_WINGS}),
    "naked_put": st.fixed_dictionaries({}, optional={**_EXITS, **_DAYS, **_NAKED}),
}

limits = st.fixed_dictionaries(
    {},
    optional={
        "max_loss_per_trade": st.sampled_from([0.005, 0.02, 0.05]),
        "max_at_risk": st.sampled_from([0.05, 0.2, 0.6]),
        "max_positions": st.integers(1, 12),
        "max_new_per_day": st.integers(1, 4),
        "max_per_underlying": st.integers(1, 12),
        "max_per_strategy": st.integers(1, 6),
        "max_contracts": st.sampled_from([3, 20, 100]),
        "max_spread": st.sampled_from([0.1, 0.25, 1.5]),
    },
)
fills = st.fixed_dictionaries(
    {},
    optional={
        "f": st.sampled_from([0.0, 0.5, 0.75, 1.0, (1.0, 0.6, 0.6, 0.4)]),
        "missing_quote": st.sampled_from(["carry", "model", "worst"]),
        "open_interest_share": st.sampled_from([0.001, 0.1]),
    },
)


@st.composite
def chosen(draw: st.DrawFn, names: tuple[str, ...] = tuple(_DRAWN)) -> list[dict[str, Any]]:
    """One to three strategies, each with a label of its own."""
    drawn = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    return [
        {"strategy": name, "label": f"{name}-{number}", "parameters": {**_ALWAYS[name], **draw(_DRAWN[name])}}
        for number, name in enumerate(drawn)
    ]


@st.composite
def documents(draw: st.DrawFn, names: tuple[str, ...] = tuple(_DRAWN)) -> dict[str, Any]:
    """What changes in a specification."""
    return {
        "strategies": draw(chosen(names)),
        "limits": draw(limits),
        "fills": draw(fills),
        "fees": draw(st.sampled_from([{}, {"commission": 0.0, "pass_through": False}])),
        "cadence": {
            "lag": draw(st.integers(0, 2)),
            "entry": draw(st.sampled_from([("MON", "WED", "FRI"), ("MON", "TUE", "WED", "THU", "FRI")])),
        },
        "capital": draw(st.sampled_from([25_000, 200_000, 2_000_000])),
    }
