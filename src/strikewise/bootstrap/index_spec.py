"""The specifications that replay Cboe's strategy indices: their strategy, no costs, bills on the cash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from strikewise.adapters.feeds.index_levels import read_levels
from strikewise.backtest.runner import ReplaySpec
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.errors import SettingsError

__all__ = ["INDEXES", "index_spec", "read_levels"]

INDEXES: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "BXM": ("index_buy_write", {}),
        "CNDR": ("index_condor", {}),
        "PPUT": ("index_protective_put", {}),
        "PUT": ("index_put_write", {}),
        "WPUT": ("index_put_write", {"roll": "weekly"}),
    }
)
"""Each index with its strategy and parameters."""

CAPITAL = 100_000_000.0
"""Dollars: so much that whole contracts come close to the fractions an index counts in."""


def index_spec(index: str, underlying: str, start: date, end: date) -> ReplaySpec:
    """Return the specification that replays an index.

    An index knows no commissions and trades at averages of a while: fills are at mid, fees are none, size is
    no matter, and cash earns the bill rate.

    Raises
    ------
    SettingsError
        If nobody knows the index.
    """
    found = INDEXES.get(index.upper())
    if found is None:
        near = get_close_matches(index.upper(), INDEXES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(INDEXES)}."
        raise SettingsError(f"No rule of an index {index!r} is known: {hint}")
    strategy, parameters = found
    document: dict[str, Any] = {
        "name": f"{index.upper()} on {underlying}",
        "underlyings": [underlying],
        "start": start,
        "end": end,
        "capital": CAPITAL,
        "fills": {"f": 0.0, "any_size": True, "slippage_bp": 0},
        "fees": {"commission": 0.0, "assignment": 0.0, "pass_through": False},
        "financing": {"cash": "bills", "debit_spread": 0.0},
        "limits": {
            **dict.fromkeys(("max_loss_per_trade", "max_margin_per_trade", "max_at_risk", "max_margin"), 1.0),
            "max_positions": 1,
            "max_contracts": 100_000_000,
            "max_spread": 2.0,
        },
        "strategies": [{"strategy": strategy, "label": index.upper(), "parameters": dict(parameters)}],
    }
    return make_spec(document, where=f"the rule of {index.upper()}")
