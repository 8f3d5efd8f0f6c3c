"""Say where the chains of a result came from, how wide their spreads are, and what they cannot show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strikewise.apps.figures import count

__all__ = ["ORIGIN_COLUMNS", "limits_words", "origin_rows"]

Origins = Sequence[Mapping[str, Any]]

ORIGIN_COLUMNS = (
    ("Chains of", True),
    ("Source", True),
    ("Grade", True),
    ("Chains", False),
    ("First", False),
    ("Last", False),
)
"""Names, and whether a column is text."""


def limits_words(origins: Origins) -> str:
    """Return what some chains cannot show, with the spread multiplier in force; empty for recorded ones.

    Parameters
    ----------
    origins : sequence of mapping
        The ``chains`` of a result.
    """
    made = [one for one in origins if one["spread_multiplier"] is not None]
    if not made:
        return ""
    limits = dict.fromkeys(one["limits"] for one in made)
    by_symbol = dict.fromkeys((one["underlying"], one["spread_multiplier"]) for one in made)
    multipliers = {multiplier for _, multiplier in by_symbol}
    in_force = (
        f"is {multipliers.pop():g}"
        if len(multipliers) == 1
        else f"is {', '.join(f'{multiplier:g} for {symbol}' for symbol, multiplier in by_symbol)}"
    )
    return f"{' '.join(limits)} The spread multiplier in force {in_force}."


def origin_rows(origins: Origins) -> list[list[str]]:
    """Return a row for each source of chains, as `ORIGIN_COLUMNS`."""
    return [
        [one["underlying"], one["source"], one["grade"], count(one["chains"]), one["first"], one["last"]]
        for one in origins
    ]
