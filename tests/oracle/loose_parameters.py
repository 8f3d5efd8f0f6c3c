"""What makes each strategy trade often, where nothing else is drawn."""

from __future__ import annotations

from typing import Any

_ANY_DAY = {"dte_exit": 0, "min_dte": 5, "max_dte": 30, "max_units": 5}
_SHORT = {"short_delta_min": 0.1, "short_delta_max": 0.3, "otm_min": 0.01, "otm_max": 0.08}
_BOUGHT = {**_ANY_DAY, "max_entry_cost": 1.0}
_ANY_COST = {**_BOUGHT, "max_spread": 1.0}
_ON_CASH = {"trend": "off", "risk_fraction": 0.9}
_SHARES = {"side": "both", "min_score": 0.0, "max_units": 2_000}
_EVEN = {"delta_balance": 0.02, "leg_delta_min": 0.15, "leg_delta_max": 0.22}
_STRANGLE = {**_ANY_COST, **_EVEN}
LOOSE: dict[str, dict[str, Any]] = {
    "credit_spread": {
        **_ANY_DAY,
        **_SHORT,
        "width_tolerance": 4.0,
        "trend": "off",
        "min_credit_to_width": 0.0,
        "min_kept_at_touch": 0.0,
    },
    "iron_condor": {
        **_ANY_DAY,
        **_SHORT,
        "width_tolerance": 4.0,
        "min_credit_to_width": 0.0,
        "min_kept_at_touch": 0.0,
    },
    "naked_put": {**_ANY_DAY, **_SHORT, "trend": "off", "short_by": "delta", "premium_max": 15.0},
    "cash_secured_put": {**_ANY_DAY, **_SHORT, **_ON_CASH},
    "wheel": {**_ANY_DAY, **_SHORT, **_ON_CASH, "call_delta_max": 0.9},
    "covered_call": {**_ANY_DAY, **_ON_CASH, "call_delta_min": 0.1, "call_delta_max": 0.6},
    "iron_butterfly": {**_ANY_COST, "width_tolerance": 4.0, "min_credit_to_width": 0.0},
    "butterfly": {**_ANY_COST, "max_debit": 0.99},
    "broken_wing_butterfly": {
        **_ANY_COST,
        "min_credit": -0.5,
        "side": "auto",
        "trend": "off",
        "far_width": 0.8,
    },
    "debit_spread": {
        **_ANY_COST,
        "trend": "off",
        "max_debit": 0.99,
        "long_delta_min": 0.5,
        "long_delta_max": 0.6,
        "short_delta_min": 0.3,
        "short_delta_max": 0.4,
    },
    "long_option": {**_BOUGHT, "min_conviction": 0.0, "long_delta_min": 0.3, "long_delta_max": 0.6},
    "calendar": {**_ANY_COST, "max_dte": 20, "gap_min": 3, "gap_max": 20, "min_iv_lead": -0.5},
    "diagonal": {
        **_ANY_COST,
        "max_dte": 20,
        "trend": "off",
        "gap_min": 3,
        "max_debit": 1.0,
        "long_delta_min": 0.6,
        "long_delta_max": 0.85,
        "short_delta_min": 0.2,
        "short_delta_max": 0.4,
    },
    "ratio_spread": {
        **_ANY_COST,
        "trend": "off",
        "side": "auto",
        "max_debit": 0.9,
        "near_delta_min": 0.3,
        "near_delta_max": 0.4,
        "far_delta_min": 0.1,
        "far_delta_max": 0.2,
    },
    "short_straddle": _ANY_COST,
    "short_strangle": _STRANGLE,
    "gamma_lotto": {
        **_BOUGHT,
        "min_dte": 0,
        "max_dte": 4,
        "event_days": 10,
        "leg_delta_min": 0.1,
        "leg_delta_max": 0.3,
    },
    "hedge_overlay": {
        **_ANY_COST,
        "when": "always",
        "vix_ceiling": 60.0,
        "month_budget": 0.05,
        "premium_budget": 0.1,
    },
    "pre_event_straddle": {**_BOUGHT, "event_days": 10},
    "post_event_straddle": {**_ANY_COST, "event_days": 10},
    "pre_event_strangle": {**_BOUGHT, **_EVEN, "event_days": 10},
    "post_event_strangle": {**_STRANGLE, "event_days": 10},
    "index_buy_write": {},
    "index_condor": {},
    "index_protective_put": {},
    "index_put_write": {},
    "momentum": {**_SHARES, "max_strength": 100.0},
    "mean_reversion": {**_SHARES, "deviations": 1.0, "with_trend": False},
    "breakout": {**_SHARES, "min_surge": 0.0},
    "earnings_window": {**_SHARES, "entry_days": 14, "least_days": 1, "min_reaction": 0.0},
}
"""What makes a strategy trade often, where nothing else is drawn."""
