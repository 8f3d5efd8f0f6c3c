"""Parameters that are drawn of each strategy, and which of them must be in order."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

LEAVING = {
    "profit_target": st.sampled_from([0.25, 0.5, 0.9, 2.0]),
    "stop_loss": st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    "dte_exit": st.sampled_from([0, 1, 5]),
    "max_days_held": st.sampled_from([0, 3, 10]),
}
AT_STAKE = {
    "profit_target": st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    "stop_loss": st.sampled_from([0.0, 0.1, 0.5]),
    "dte_exit": st.sampled_from([0, 1, 5]),
    "max_days_held": st.sampled_from([0, 3, 10]),
}
SIZING = {
    "sizing": st.sampled_from(["fraction", "fixed", "volatility", "kelly"]),
    "risk_fraction": st.sampled_from([0.005, 0.02, 0.1]),
    "units": st.integers(1, 4),
    "max_units": st.sampled_from([2, 5]),
    "target_volatility": st.sampled_from([0.0005, 0.0025]),
    "kelly_share": st.sampled_from([0.25, 1.0]),
    "kelly_prior": st.sampled_from([3, 30]),
    "compounding": st.booleans(),
}
CHOOSING = {
    "min_dte": st.integers(5, 15),
    "max_dte": st.integers(15, 40),
    "max_signals": st.integers(1, 3),
    "max_spread": st.sampled_from([0.1, 0.25, 1.0]),
    "min_open_interest": st.sampled_from([0, 0, 200]),
    "min_probability": st.sampled_from([0.0, 0.8]),
    "min_score": st.sampled_from([0.0, 40.0]),
    "positive_edge": st.sampled_from([False, False, True]),
    "fee_per_contract": st.sampled_from([0.65, 0.0, 1.015]),
    "iv_rank_min": st.sampled_from([0.0, 0.0, 0.2]),
    "avoid_crash": st.booleans(),
}
SHORT = {
    "short_by": st.sampled_from(["delta", "otm"]),
    "short_delta_min": st.sampled_from([0.05, 0.1, 0.15]),
    "short_delta_max": st.sampled_from([0.15, 0.3, 0.45]),
    "otm_min": st.sampled_from([0.0, 0.01, 0.03]),
    "otm_max": st.sampled_from([0.03, 0.06, 0.1]),
}
WINGS = {
    "width": st.sampled_from([2.0, 5.0, 10.0, 25.0]),
    "width_tolerance": st.sampled_from([0.0, 0.5, 4.0]),
    "min_credit_to_width": st.sampled_from([0.0, 0.05, 0.15]),
    "min_kept_at_touch": st.sampled_from([0.0, 0.3, 0.6]),
}
TRENDS = st.sampled_from(["off", "off", "not_against", "with"])
FLAT = st.sampled_from(["off", "off", "flat"])
SIDES = st.sampled_from(["auto", "put", "call"])


def _weights(*names: str) -> dict[str, st.SearchStrategy[float]]:
    return {f"weight_{name}": st.sampled_from([0.0, 10.0, 33.3]) for name in names}


CREDIT_WEIGHTS = _weights("credit", "reward", "probability", "regime", "liquidity")
SHAPED = {
    **SIZING,
    **CHOOSING,
    **_weights("reward", "probability", "edge", "regime", "liquidity"),
    "max_entry_cost": st.sampled_from([0.02, 0.1, 1.0]),
    "min_probability": st.sampled_from([0.0, 0.0, 0.5]),
}
SECURED = {
    **LEAVING,
    **SIZING,
    **CHOOSING,
    **SHORT,
    "min_return": st.sampled_from([0.0, 0.05]),
    "trend": TRENDS,
}
CALLS = {
    "call_delta_min": st.sampled_from([0.05, 0.2]),
    "call_delta_max": st.sampled_from([0.3, 0.6, 0.9]),
    "call_above": st.sampled_from(["cost", "any"]),
    "min_call_premium": st.sampled_from([0.0, 0.1, 2.0]),
    "buy_back": st.sampled_from([0.0, 0.05, 2.0]),
    "call_roll_dte": st.sampled_from([0, 3, 10]),
}
HEDGED = {"hedge_band": st.sampled_from([0.0, 0.05, 0.2])}
SHARES = {
    **SIZING,
    "side": st.sampled_from(["long", "short", "both"]),
    "max_signals": st.integers(1, 5),
    "min_score": st.sampled_from([0.0, 30.0, 60.0]),
    "min_price": st.sampled_from([5.0, 80.0]),
    "min_dollar_volume": st.sampled_from([0.0, 1_000_000.0]),
    "cost_bp": st.sampled_from([0.0, 1.0, 30.0]),
    "avoid_crash": st.booleans(),
    "profit_target": st.sampled_from([0.0, 0.01, 0.08]),
    "stop_loss": st.sampled_from([0.0, 0.01, 0.05]),
    "max_sessions": st.sampled_from([0, 1, 5, 12]),
}
_EVENTS = {
    "events": st.sampled_from(["macro", "fomc", "cpi", "nfp", "earnings"]),
    "event_days": st.sampled_from([0, 1, 3, 10]),
}
BEFORE = {**_EVENTS, "hold_through": st.booleans()}
AFTER = {**_EVENTS, "entry": st.sampled_from(["after", "eve"])}
PLAY = {**SHAPED, **LEAVING, "body_offset": st.sampled_from([0.0, -0.02, 0.01])}
STRANGLE = {
    **SHAPED,
    **LEAVING,
    "leg_delta_min": st.sampled_from([0.1, 0.15]),
    "leg_delta_max": st.sampled_from([0.15, 0.2, 0.25]),
    "delta_balance": st.sampled_from([0.01, 0.02, 0.1]),
}


def _band(name: str, low: list[float], high: list[float]) -> dict[str, st.SearchStrategy[float]]:
    return {f"{name}_delta_min": st.sampled_from(low), f"{name}_delta_max": st.sampled_from(high)}


DRAWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "credit_spread": {
        "roll": st.booleans(),
        **LEAVING,
        **SIZING,
        **CHOOSING,
        **SHORT,
        **WINGS,
        **CREDIT_WEIGHTS,
        "side": SIDES,
        "trend": TRENDS,
    },
    "iron_condor": {
        "roll": st.booleans(),
        **LEAVING,
        **SIZING,
        **CHOOSING,
        **SHORT,
        **WINGS,
        **CREDIT_WEIGHTS,
        "delta_balance": st.sampled_from([0.02, 0.05, 0.3]),
        "trend": FLAT,
    },
    "naked_put": {
        **LEAVING,
        **SIZING,
        **CHOOSING,
        **SHORT,
        "collateral": st.sampled_from(["margin", "cash"]),
        "premium_min": st.sampled_from([0.05, 0.3]),
        "premium_max": st.sampled_from([2.0, 15.0]),
        "trend": TRENDS,
    },
    "cash_secured_put": {"roll": st.booleans(), **SECURED},
    "wheel": {**SECURED, **CALLS, "share_stop": st.sampled_from([0.0, 0.02, 0.1])},
    "covered_call": {
        **AT_STAKE,
        **SIZING,
        **CHOOSING,
        **CALLS,
        "min_probability": st.sampled_from([0.0, 0.5]),
        "min_static_return": st.sampled_from([0.0, 0.05]),
        "trend": TRENDS,
    },
    "iron_butterfly": {
        **SHAPED,
        **LEAVING,
        "body_offset": st.sampled_from([0.0, -0.02, 0.01]),
        "wing_width": st.sampled_from([0.3, 1.0, 1.5]),
        "width_tolerance": st.sampled_from([0.0, 0.5, 4.0]),
        "min_credit_to_width": st.sampled_from([0.0, 0.3]),
        "trend": FLAT,
    },
    "butterfly": {
        **SHAPED,
        **AT_STAKE,
        "target": st.sampled_from(["spot", "above", "below", "trend"]),
        "body_distance": st.sampled_from([0.1, 0.5, 1.0]),
        "wing_width": st.sampled_from([0.1, 0.5, 1.0]),
        "max_debit": st.sampled_from([0.1, 0.5, 0.99]),
        "trend": FLAT,
    },
    "broken_wing_butterfly": {
        **SHAPED,
        **AT_STAKE,
        **_band("short", [0.1, 0.2, 0.3], [0.3, 0.45]),
        "side": SIDES,
        "near_width": st.sampled_from([0.1, 0.25, 0.5]),
        "far_width": st.sampled_from([0.5, 1.0]),
        "min_credit": st.sampled_from([-0.5, 0.0, 0.1]),
        "trend": TRENDS,
    },
    "debit_spread": {
        **SHAPED,
        **AT_STAKE,
        **_band("long", [0.3, 0.5], [0.5, 0.7]),
        **_band("short", [0.1, 0.25], [0.25, 0.45]),
        "side": SIDES,
        "max_debit": st.sampled_from([0.3, 0.55, 0.99]),
        "trend": TRENDS,
    },
    "long_option": {
        "roll": st.booleans(),
        **SHAPED,
        **AT_STAKE,
        **_band("long", [0.1, 0.3], [0.4, 0.7]),
        "side": SIDES,
        "min_conviction": st.sampled_from([0.0, 20.0, 45.0]),
        "iv_rank_max": st.sampled_from([0.3, 1.0]),
    },
    "calendar": {
        **SHAPED,
        **AT_STAKE,
        "side": SIDES,
        "offset_min": st.sampled_from([-0.03, -0.01]),
        "offset_max": st.sampled_from([0.0, 0.02]),
        "gap_min": st.sampled_from([1, 7]),
        "gap_max": st.sampled_from([7, 20]),
        "min_iv_lead": st.sampled_from([-0.5, 0.0]),
        "roll_front": st.booleans(),
        "max_dte": st.sampled_from([15, 20]),
        "trend": FLAT,
    },
    "diagonal": {
        **SHAPED,
        **AT_STAKE,
        **_band("long", [0.6, 0.7], [0.8, 0.9]),
        **_band("short", [0.1, 0.25], [0.25, 0.45]),
        "side": SIDES,
        "gap_min": st.sampled_from([1, 7]),
        "back_max_dte": st.sampled_from([30, 60]),
        "max_debit": st.sampled_from([0.8, 1.0]),
        "roll_front": st.booleans(),
        "max_dte": st.sampled_from([15, 20]),
        "trend": TRENDS,
    },
    "ratio_spread": {
        **SHAPED,
        **AT_STAKE,
        **_band("near", [0.2, 0.3], [0.3, 0.5]),
        **_band("far", [0.05, 0.12], [0.15, 0.25]),
        "kind": st.sampled_from(["front", "back"]),
        "side": SIDES,
        "max_debit": st.sampled_from([-0.1, 0.0, 0.5, 0.9]),
        "trend": TRENDS,
    },
    "short_straddle": {"roll": st.booleans(), **PLAY, **HEDGED},
    "short_strangle": {"roll": st.booleans(), **STRANGLE, **HEDGED},
    "gamma_lotto": {
        **SHAPED,
        **AT_STAKE,
        **_EVENTS,
        **_band("leg", [0.05, 0.2], [0.2, 0.4]),
        "side": st.sampled_from(["both", "call", "put", "trend"]),
        "delta_balance": st.sampled_from([0.02, 0.1]),
        "sell_after": st.booleans(),
        "min_dte": st.sampled_from([0, 1]),
        "max_dte": st.sampled_from([1, 4]),
        "dte_exit": st.just(0),
    },
    "hedge_overlay": {
        **{name: drawn for name, drawn in SHAPED.items() if name not in SIZING},
        **AT_STAKE,
        **_band("long", [0.1, 0.2], [0.2, 0.4]),
        **_band("short", [0.03, 0.05], [0.08, 0.15]),
        "structure": st.sampled_from(["put", "put_spread"]),
        "on": st.sampled_from(["index", "any"]),
        "when": st.sampled_from(["low_or_rising", "low", "rising", "low_and_rising", "always"]),
        "vix_low": st.sampled_from([13.0, 18.0]),
        "vix_rise": st.sampled_from([0.02, 0.15]),
        "rise_sessions": st.sampled_from([1, 5]),
        "vix_ceiling": st.sampled_from([20.0, 60.0]),
        "spike_vix": st.sampled_from([0.0, 20.0, 35.0]),
        "spike_rise": st.sampled_from([0.0, 0.1, 1.0]),
        "month_budget": st.sampled_from([0.004, 0.05]),
        "premium_budget": st.sampled_from([0.01, 0.1]),
        "hedge": st.sampled_from(["premium", "delta", "vega"]),
        "hedge_ratio": st.sampled_from([0.2, 0.5, 2.0]),
        "max_units": st.sampled_from([2, 20]),
        "compounding": st.booleans(),
    },
    "pre_event_straddle": {**PLAY, **AT_STAKE, **BEFORE},
    "pre_event_strangle": {**STRANGLE, **AT_STAKE, **BEFORE},
    "post_event_straddle": {**PLAY, **HEDGED, **AFTER},
    "post_event_strangle": {**STRANGLE, **HEDGED, **AFTER},
    "momentum": {**SHARES, "max_strength": st.sampled_from([60.0, 100.0])},
    "mean_reversion": {
        **SHARES,
        "deviations": st.sampled_from([0.5, 1.0, 2.0]),
        "exit_deviations": st.sampled_from([-1.0, 0.0, 0.4]),
        "with_trend": st.booleans(),
    },
    "breakout": {
        **SHARES,
        "level": st.sampled_from(["20", "55"]),
        "min_break": st.sampled_from([0.0, 0.005]),
        "max_break": st.sampled_from([0.02, 0.2]),
        "min_surge": st.sampled_from([0.0, 1.0, 1.5]),
        "slack": st.sampled_from([0.0, 0.01, 0.05]),
        "trail": st.sampled_from(["off", "10", "20"]),
    },
    "earnings_window": {
        **SHARES,
        "hold": st.sampled_from(["into", "over", "after"]),
        "entry_days": st.sampled_from([3, 8, 14]),
        "least_days": st.sampled_from([1, 3]),
        "sessions_after": st.sampled_from([1, 4]),
        "min_reaction": st.sampled_from([0.0, 0.01, 0.03]),
    },
    "index_put_write": {"roll": st.sampled_from(["monthly", "weekly"])},
    "index_buy_write": {},
    "index_condor": {
        "short_delta": st.sampled_from([0.15, 0.2, 0.3]),
        "long_delta": st.sampled_from([0.02, 0.05, 0.1]),
        "cover": st.sampled_from([1.0, 4.0, 10.0]),
    },
    "index_protective_put": {"otm": st.sampled_from([0.0, 0.02, 0.05])},
}
for _bought in ("long_option", "gamma_lotto", "pre_event_straddle", "pre_event_strangle"):
    del DRAWN[_bought]["max_spread"]  # nothing is sold
ORDERED = (
    ("short_delta_min", "short_delta_max"),
    ("long_delta_min", "long_delta_max"),
    ("near_delta_min", "near_delta_max"),
    ("far_delta_min", "far_delta_max"),
    ("leg_delta_min", "leg_delta_max"),
    ("otm_min", "otm_max"),
    ("premium_min", "premium_max"),
    ("call_delta_min", "call_delta_max"),
    ("near_width", "far_width"),
    ("exit_deviations", "deviations"),
    ("vix_low", "vix_ceiling"),
    ("min_break", "max_break"),
    ("least_days", "entry_days"),
)
NAKED = frozenset(
    {
        "naked_put",
        "ratio_spread",
        "short_straddle",
        "short_strangle",
        "post_event_straddle",
        "post_event_strangle",
        "cash_secured_put",
        "wheel",
        "covered_call",
        "index_buy_write",
        "index_put_write",
    }
)
