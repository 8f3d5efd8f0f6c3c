"""The part of a run's page that shows it as a portfolio: strategies, their months, how they move, regimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strikewise.apps.figures import count, money, percent, plain, tone

__all__ = ["portfolio_section"]

Cell = dict[str, str]


def portfolio_section(portfolio: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the tables of a run's portfolio; None for results of versions that had none.

    Parameters
    ----------
    portfolio : mapping
        The ``portfolio`` of a result.
    """
    if portfolio is None:
        return None
    labels = [row["strategy"] for row in portfolio["strategies"]]
    several = len(labels) > 1
    return {
        "labels": labels,
        "strategies": [_strategy(row) for row in portfolio["strategies"]] if several else [],
        "months": [_month(row, labels) for row in portfolio["months"]] if several else [],
        "correlation": _correlation(portfolio["correlation"]) if several else [],
        "regimes": [_regime(row) for row in portfolio["regimes"]],
    }


def _cell(text: str) -> Cell:
    return {"text": text, "tone": ""}


def _gain(value: float) -> Cell:
    return {"text": money(value), "tone": tone(value)}


def _strategy(row: Mapping[str, Any]) -> dict[str, Any]:
    cells = [
        _gain(row["pnl"]),
        _cell(money(row["max_drawdown"])),
        _cell(plain(row["sharpe"])),
        _cell(count(row["trades"])),
        _cell(percent(row["win_rate"], 0)),
        _gain(row["realised"]),
        _cell(money(row["fees"])),
        _cell(count(row["signals"])),
        _cell(count(sum(row["refused"].values()))),
    ]
    return {"name": row["strategy"], "cells": cells}


def _month(row: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    parts = [_gain(row["strategies"].get(label, 0.0)) for label in labels]
    return {"name": f"{row['year']}-{row['month']:02d}", "cells": [*parts, _gain(row["pnl"])]}


def _correlation(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": label, "cells": [_cell(plain(value)) for value in row]}
        for label, row in zip(found["strategies"], found["matrix"], strict=True)
    ]


def _regime(row: Mapping[str, Any]) -> dict[str, Any]:
    cells = [
        _cell(count(row["days"])),
        _cell(count(row["episodes"])),
        _gain(row["pnl"]),
        _cell(plain(row["sharpe"])),
        _cell(count(row["trades"])),
        _cell(percent(row["win_rate"], 0)),
        _gain(row["trade_pnl"]),
        _cell("small sample" if row["few"] else ""),
    ]
    return {"name": row["regime"].replace("_", " "), "cells": cells}
