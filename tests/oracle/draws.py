"""Specifications drawn at random: what is traded, by which limits, fills, fees, exercise, cash and shares."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from oracle.drawn_parameters import DRAWN, NAKED, ORDERED
from oracle.loose_parameters import LOOSE

OPTIONS = ("credit_spread", "iron_condor", "naked_put")
FAMILIES: dict[str, tuple[str, ...]] = {
    "butterflies": ("iron_butterfly", "butterfly", "broken_wing_butterfly"),
    "bought": ("debit_spread", "long_option"),
    "ratios": ("ratio_spread",),
    "volatility": ("short_straddle", "short_strangle"),
    "events": (
        "pre_event_straddle",
        "pre_event_strangle",
        "post_event_straddle",
        "post_event_strangle",
        "gamma_lotto",
    ),
    "a hedge and what it hedges": ("hedge_overlay", "hedge_overlay", "naked_put", "credit_spread"),
    "stock and cash": ("cash_secured_put", "wheel", "covered_call"),
    "calendars": ("calendar", "diagonal"),
    "indices": ("index_put_write", "index_buy_write", "index_condor", "index_protective_put"),
    "shares": ("momentum", "mean_reversion", "breakout", "earnings_window"),
}
"""What is drawn together, beside the three of `OPTIONS`."""
USUAL, RICH = (2_000_000, 200_000, 25_000), (20_000_000, 3_000_000)
"""Dollars: a hundred shares of the fund cost two hundred thousand."""
VERY_RICH = (100_000_000, 20_000_000)
WHOLE = {
    **dict.fromkeys(("max_loss_per_trade", "max_margin_per_trade", "max_at_risk", "max_margin"), 1.0),
    "max_contracts": 1_000_000,
    "max_spread": 2.0,
}
"""Limits that leave the whole account to one strategy, as the indices take it."""
MOST_POSITIONS, MOST_MIXED = 5, 2
"""At once, and where naked options stand beside spreads: in larger mixed books the engine does not always
find the least margin that there is."""
WEEK = ("MON", "TUE", "WED", "THU", "FRI")


def _limits(labels: list[str], most: int) -> st.SearchStrategy[dict[str, Any]]:
    own = st.fixed_dictionaries(
        {},
        optional={
            "max_loss_per_trade": st.sampled_from([0.005, 0.05]),
            "max_at_risk": st.sampled_from([0.02, 0.1]),
            "max_margin": st.sampled_from([0.05, 0.3]),
            "max_positions": st.integers(1, 3),
            "max_new_per_day": st.integers(1, 2),
            "max_per_underlying": st.integers(1, 2),
            "max_contracts": st.sampled_from([2, 10]),
        },
    )
    return st.fixed_dictionaries(
        {
            "max_positions": st.sampled_from([most, (most + 1) // 2, 1]),
            "max_loss_per_trade": st.sampled_from([0.05, 0.2, 0.005]),
            "max_at_risk": st.sampled_from([0.9, 0.2]),
            "max_margin_per_trade": st.sampled_from([0.5, 0.1]),
        },
        optional={
            "max_margin": st.sampled_from([0.5, 0.8, 1.0]),
            "max_new_per_day": st.integers(1, 3),
            "max_per_underlying": st.integers(1, 5),
            "max_per_strategy": st.integers(1, 4),
            "max_contracts": st.sampled_from([3, 20, 100]),
            "max_spread": st.sampled_from([0.1, 0.25, 1.5]),
            "min_open_interest": st.sampled_from([0, 100]),
            "by_strategy": st.dictionaries(st.sampled_from(labels), own, max_size=2),
        },
    )


fills = st.fixed_dictionaries(
    {},
    optional={
        "f": st.sampled_from([0.0, 0.5, 0.75, 1.0, (1.0, 0.6, 0.6, 0.4), (0.333,)]),
        "missing_quote": st.sampled_from(["carry", "model", "worst"]),
        "open_interest_share": st.sampled_from([0.0005, 0.002, 0.1]),
        "volume_share": st.sampled_from([0.001, 0.01, 0.1]),
        "slippage_bp": st.sampled_from([0, 1, 20]),
        "any_size": st.sampled_from([False, False, True]),
    },
)
fees = st.fixed_dictionaries(
    {},
    optional={
        "commission": st.sampled_from([0.0, 0.65, 0.503]),
        "stock_commission": st.sampled_from([0.0, 0.005]),
        "assignment": st.sampled_from([0.0, 5.0]),
        "pass_through": st.booleans(),
    },
)
exercise = st.fixed_dictionaries(
    {},
    optional={
        "early": st.booleans(),
        "deep_delta": st.sampled_from([0.0, 0.8, 0.95]),
        "pin": st.sampled_from(["adverse", "assigned", "exception"]),
        "pin_band": st.sampled_from([0.0, 0.0025, 0.02]),
    },
)
financing = st.fixed_dictionaries(
    {},
    optional={
        "cash": st.sampled_from(["none", "bills"]),
        "cash_spread": st.sampled_from([0.0, 0.0001]),
        "debit_spread": st.sampled_from([0.0, 0.015]),
        "borrow_rate": st.sampled_from([0.0, 0.01, 0.3]),
    },
)


def _shares(labels: list[str]) -> st.SearchStrategy[dict[str, float]]:
    part = st.sampled_from([0.0, 0.2, 0.5, 1.0])
    return st.fixed_dictionaries(dict.fromkeys(labels, part))


def _allocations(labels: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    regimes = st.sampled_from(["bull", "neutral", "low_volatility_sideways", "high_volatility", "crash"])
    return st.fixed_dictionaries(
        {},
        optional={
            "priority": st.sampled_from(["order", "score", "edge"]),
            "weights": _shares(labels),
            "by_regime": st.dictionaries(regimes, _shares(labels), max_size=2),
        },
    )


@st.composite
def strategies(draw: st.DrawFn, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """One to three strategies, each with a label of its own or, by itself, its name."""
    found = []
    for number, name in enumerate(draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))):
        given = {**LOOSE[name], **draw(st.fixed_dictionaries({}, optional=DRAWN[name]))}
        for low, high in ORDERED:
            if low in given and high in given and given[low] > given[high]:
                given[low] = given[high]
        label = name if number == 0 and draw(st.booleans()) else f"{name}-{number}"
        found.append({"strategy": name, "label": label, "parameters": given})
    return found


@st.composite
def documents(
    draw: st.DrawFn,
    underlyings: tuple[str, ...],
    period: tuple[date, date],
    names: tuple[str, ...] = OPTIONS,
    *,
    longest: int = 60,
    capitals: tuple[int, ...] = USUAL,
    whole: bool = False,
) -> dict[str, Any]:
    """A whole specification over some weeks of a period."""
    chosen = draw(strategies(names))
    labels = [one["label"] for one in chosen]
    kinds = {one["strategy"] in NAKED for one in chosen}
    first, last = period
    start = first + timedelta(days=draw(st.integers(0, max(0, (last - first).days - longest))))
    return {
        "underlyings": list(underlyings),
        "start": start,
        "end": min(last, start + timedelta(days=longest)),
        "capital": draw(st.sampled_from(capitals)),
        "strategies": chosen,
        "limits": draw(_limits(labels, MOST_MIXED if len(kinds) > 1 else MOST_POSITIONS))
        | (WHOLE if whole else {}),
        "fills": draw(fills),
        "fees": draw(fees),
        "exercise": draw(exercise),
        "financing": draw(financing),
        "allocation": draw(_allocations(labels)),
        "cadence": {
            "lag": draw(st.sampled_from([0, 0, 1, 2])),
            "entry": draw(st.sampled_from([WEEK, WEEK, ("MON", "WED", "FRI"), ("FRI",)])),
        },
    }
