"""A replayed index beside its published levels: one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from jinja2 import Environment, PackageLoader

from strikewise.apps.figures import percent, tone
from strikewise.apps.reports.backtest_report import asset, notice, script_safe

__all__ = ["render_compare"]


def render_compare(replay: Mapping[str, Any]) -> str:
    """Return the page of a replayed index.

    Parameters
    ----------
    replay : mapping
        What ``strikewise compare --json`` prints.
    """
    environment = Environment(loader=PackageLoader("strikewise.apps.reports"), autoescape=True)
    beside, curve = replay["comparison"], replay["curve"]
    return environment.get_template("compare.html.j2").render(
        replay=replay,
        first=curve[0]["date"],
        last=curve[-1]["date"],
        warning=notice(replay["grade"], replay["chains"]),
        cards=[] if beside is None else _cards(beside),
        years=[] if beside is None else [_year(row) for row in beside["years"]],
        version=f"strikewise {metadata.version('strikewise')}",
        payload=script_safe(replay),
        style=asset("report.css"),
        script=asset("compare.js") + asset("fit.js"),
        echarts=asset("echarts.common.min.js"),
    )


def _cards(beside: Mapping[str, Any]) -> list[dict[str, str]]:
    def card(name: str, value: str, note: str) -> dict[str, str]:
        return {"name": name, "value": value, "note": note}

    correlation = beside["correlation"]
    return [
        card("Correlation", "–" if correlation is None else f"{correlation:.4f}", "of monthly returns"),
        card("Tracking error", percent(beside["tracking_error"], 2), "a year"),
        card("Replay a year", percent(beside["replay_cagr"], 2), f"index {percent(beside['index_cagr'], 2)}"),
        card(
            "Worst drawdown",
            percent(beside["replay_max_drawdown"]),
            f"index {percent(beside['index_max_drawdown'])}, month-ends",
        ),
        card("Months", str(len(beside["months"]) - 1), "compared"),
    ]


def _year(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": f"{row['year']}" + ("" if row["months"] == 12 else f" ({row['months']} months)"),
        "replay": percent(row["replay"], 2),
        "index": percent(row["index"], 2),
        "difference": f"{100 * row['difference']:+.2f}",
        "tone": tone(row["difference"]),
    }
