"""The payoff of one opportunity as a table: profit by price, on three days and at other volatilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.text import Text

from strikewise.apps.cli.tables import LEFT, RIGHT, coloured_money, fitting, heading, legs_text, soft, table
from strikewise.apps.figures import money, percent, plain

__all__ = ["payoff_view"]

COLUMNS = (
    ("today", "Today"),
    ("half_way", "Half way"),
    ("at_expiry", "At expiry"),
    ("volatility_up", "IV +5"),
    ("volatility_down", "IV -5"),
)
BAR = 16
"""Characters of the longest bar."""


def payoff_view(one: Mapping[str, Any], width: int) -> Group:
    """Return what one unit earns or loses over prices of the underlying, with a bar for its expiry."""
    told = one["what_if"]
    profit = told["profit"]
    farthest = max(abs(value) for value in profit["at_expiry"]) or 1.0
    rows: list[list[str | Text]] = [
        [
            plain(spot, 2),
            *(coloured_money(profit[name][row]) for name, _ in COLUMNS),
            _bar(profit["at_expiry"][row], farthest),
        ]
        for row, spot in enumerate(told["spots"])
    ]
    heads = (("Price", RIGHT), *((title, RIGHT) for _, title in COLUMNS), ("", LEFT))
    greeks = told["greeks"]
    touched = "; ".join(
        f"{plain(row['strike'], 2)} {percent(row['probability'], 0)}" for row in told["probability_of_touch"]
    )
    return Group(
        heading(f"Payoff of {one['underlying']} {one['strategy']}", " ".join(legs_text(one["legs"]))),
        fitting(
            width,
            table(heads, rows),
            table(heads[:-1], [row[:-1] for row in rows]),
            table(heads[:-1], [row[:-1] for row in rows], tight=True),
        ),
        soft(
            "One unit in dollars, from -3 to +3 standard deviations; IV ±5 is today, five points up or down. "
            f"Today: delta {plain(greeks['delta'], 1)}, "
            f"gamma {plain(greeks['gamma'], 2)}, theta {money(greeks['theta'], 2)} a day, "
            f"vega {money(greeks['vega'], 2)} a point."
        ),
        soft(f"Chance that a short strike is touched before expiry: {touched}."),
    )


def _bar(value: float, farthest: float) -> Text:
    length = round(abs(value) / farthest * BAR)
    return Text("█" * length, style="green" if value > 0 else "red")
