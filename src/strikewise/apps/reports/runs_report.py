"""Several kept runs side by side: one self-contained HTML page, made from their JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from itertools import pairwise
from math import isfinite
from statistics import StatisticsError, correlation
from typing import Any

from jinja2 import Environment, PackageLoader

from strikewise.apps.figures import count, money, percent, plain, session_day, tone
from strikewise.apps.reports.backtest_report import asset, notice, script_safe

__all__ = ["render_runs"]

FIGURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("total_return", "Return", percent),
    ("cagr", "Return a year", percent),
    ("net_profit", "Net profit", money),
    ("volatility", "Volatility a year", percent),
    ("sharpe", "Sharpe ratio", plain),
    ("sortino", "Sortino ratio", plain),
    ("max_drawdown", "Worst drawdown", percent),
    ("max_drawdown_days", "Its length, days", count),
    ("trades", "Trades closed", count),
    ("win_rate", "Won", percent),
    ("profit_factor", "Profit factor", plain),
    ("expectancy", "Average profit a trade", money),
    ("exposure", "Sessions with a position", percent),
    ("costs", "Commissions and fees", money),
)
FEWEST_COMMON = 20
"""Sessions in common below which a correlation is not told."""
WORST_FIRST = ("reconstructed", "indicative", "quotes")


def render_runs(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of several runs.

    Parameters
    ----------
    results : sequence of mapping
        What ``strikewise backtest --json`` prints, of each run.
    """
    names = _names(results)
    grade = next(one for one in WORST_FIRST if one in {result["grade"] for result in results})
    years = sorted({row["year"] for result in results for row in result["years"]})
    curves = [
        {
            "name": name,
            "capital": result["spec"]["capital"],
            "equity": [[session_day(row["at"]), row["equity_exit"]] for row in result["equity"]],
        }
        for name, result in zip(names, results, strict=True)
    ]
    environment = Environment(loader=PackageLoader("strikewise.apps.reports"), autoescape=True)
    return environment.get_template("runs.html.j2").render(
        runs=[
            {
                "name": name,
                "grade": result["grade"],
                "span": _span(result),
                "short": result["fingerprint"][:8],
            }
            for name, result in zip(names, results, strict=True)
        ],
        grade=grade,
        warning=notice(grade, [one for result in results for one in result.get("chains", ())]),
        figures=[
            {"name": label, "cells": [form(result["summary"][key]) for result in results]}
            for key, label, form in FIGURES
        ],
        years=[{"name": year, "cells": [_year(result, year) for result in results]} for year in years],
        fills=_fills(results),
        correlations=_correlations(results, names),
        version=f"strikewise {metadata.version('strikewise')}",
        payload=script_safe({"runs": curves}),
        style=asset("report.css"),
        script=asset("runs.js") + asset("fit.js"),
        echarts=asset("echarts.common.min.js"),
    )


def _names(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a name for each run, with its fingerprint where two have the same."""
    names = [str(result["spec"]["name"]) for result in results]
    return [
        name if names.count(name) == 1 else f"{name} {result['fingerprint'][:6]}"
        for name, result in zip(names, results, strict=True)
    ]


def _span(result: Mapping[str, Any]) -> str:
    equity = result["equity"]
    return f"{session_day(equity[0]['at'])} to {session_day(equity[-1]['at'])}"


def _year(result: Mapping[str, Any], year: int) -> dict[str, str]:
    value = next((row["return"] for row in result["years"] if row["year"] == year), None)
    return {"text": percent(value), "tone": tone(value)}


def _fills(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the return of each run at each fill that all of them have."""
    shares = [{row["f"]: row["total_return"] for row in result.get("fills", ())} for result in results]
    common = set.intersection(*(set(one) for one in shares))
    return [
        {"name": f"{share:.0%} of the half-spread", "cells": [percent(one[share]) for one in shares]}
        for share in sorted(common, reverse=True)
    ]


def _correlations(results: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    returns = [_returns(result) for result in results]
    return [
        {"name": name, "cells": [_correlation(mine, other) for other in returns]}
        for name, mine in zip(names, returns, strict=True)
    ]


def _returns(result: Mapping[str, Any]) -> dict[str, float]:
    equity = result["equity"]
    return {
        session_day(row["at"]): row["equity_exit"] / before["equity_exit"] - 1.0
        for before, row in pairwise(equity)
        if before["equity_exit"] > 0
    }


def _correlation(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    days = sorted(one.keys() & other.keys())
    if len(days) < FEWEST_COMMON:
        return plain(None)
    try:
        value = correlation([one[day] for day in days], [other[day] for day in days])
    except StatisticsError:  # one of them never moved
        return plain(None)
    return plain(value if isfinite(value) else None)
