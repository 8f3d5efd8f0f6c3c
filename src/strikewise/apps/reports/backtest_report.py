"""The report of a run over the past: one self-contained HTML page, made from the JSON every face gets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import metadata, resources
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from strikewise.apps.chain_figures import ORIGIN_COLUMNS, limits_words, origin_rows
from strikewise.apps.figures import count, fill_name, money, percent, plain, session_day, short_legs, tone
from strikewise.apps.reports.portfolio_section import portfolio_section

__all__ = ["asset", "notice", "render_backtest", "script_safe"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FULL_TONE = 0.08
"""Monthly return at which a cell of the heat map has its full colour."""

WARNINGS = {
    "reconstructed": (
        "Reconstructed data.",
        "These option prices were made from real closes and volatility indices by a model; they are no "
        "quotes. They cannot show edges of 0–1 days to expiration, the capture of the spread, skew trades, "
        "or any edge smaller than a volatility point.",
    ),
    "indicative": (
        "Indicative data.",
        "These option prices were modelled by a vendor; nobody was bound to trade at them.",
    ),
}

TRADE_COLUMNS = (
    ("Opened", True),
    ("Closed", True),
    ("Strategy", True),
    ("Legs", True),
    ("Quantity", False),
    ("Entry", False),
    ("Exit", False),
    ("Fees", False),
    ("Profit", False),
    ("On risk", False),
    ("Days", False),
    ("Ended by", True),
)


def render_backtest(result: Mapping[str, Any]) -> str:
    """Return the report of a run as HTML.

    Parameters
    ----------
    result : mapping
        The JSON form of a result, as ``strikewise backtest --json`` prints it.

    Returns
    -------
    A page that needs nothing but itself: styles, charts and data are inside.
    """
    environment = Environment(loader=PackageLoader("strikewise.apps.reports"), autoescape=True)
    equity = result["equity"]
    origins = result.get("chains", ())
    return environment.get_template("backtest.html.j2").render(
        result=result,
        first=session_day(equity[0]["at"]) if equity else "–",
        last=session_day(equity[-1]["at"]) if equity else "–",
        underlyings=", ".join(result["prices"]),
        warning=notice(result["grade"], origins),
        cards=_cards(result["summary"]),
        month_names=MONTHS,
        heat=_heat(result["months"], result["years"]),
        exits=[_group(row["reason"], row) for row in result["exits"]],
        portfolio=portfolio_section(result.get("portfolio")),
        breakdowns=_breakdowns(result.get("breakdowns", {})),
        attribution=_attribution(result.get("attribution")),
        rolling_note=_rolling_note(len(equity)),
        rolling_known=len(equity) // 2 >= FEWEST_ROLLING,
        pins=_pins(result.get("pins")),
        figures=_figures(result["summary"]),
        fills=[_fills(row) for row in result.get("fills", ())],
        closed=sum(1 for trade in result["trades"] if trade["closed_at"]),
        policy_fills=sum(trade["policy_fills"] for trade in result["trades"]),
        columns=[{"name": name, "text": text} for name, text in TRADE_COLUMNS],
        rows=[_trade(trade) for trade in result["trades"]],
        origin_columns=[{"name": name, "text": text} for name, text in ORIGIN_COLUMNS],
        origins=origin_rows(origins),
        spec=json.dumps(result["spec"], indent=2),
        data=json.dumps(result["data"], indent=2),
        version=f"strikewise {metadata.version('strikewise')}",
        payload=script_safe(result),
        style=asset("report.css"),
        script=asset("report.js") + asset("fit.js"),
        echarts=asset("echarts.common.min.js"),
    )


def notice(grade: str, origins: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """Return what must be read before a result of this grade; None for recorded quotes.

    Parameters
    ----------
    grade : str
        The worst grade of the data.
    origins : sequence of mapping
        The ``chains`` of the result; results of older versions have none.
    """
    if grade not in WARNINGS:
        return None
    title, text = WARNINGS[grade]
    return {"title": title, "text": limits_words(origins) or text}


def asset(name: str) -> Markup:
    """Return a file of ours, to stand in a page as it is."""
    text = (resources.files("strikewise.apps.reports") / "assets" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own files, not input


def script_safe(result: Mapping[str, Any]) -> Markup:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(result, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that could leave the element is escaped


def _cards(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    def card(name: str, value: str, note: str, signed: float | None = None) -> dict[str, str]:
        colour = "" if not signed else ("good" if signed > 0 else "bad")
        return {"name": name, "value": value, "note": note, "tone": colour}

    total = summary["total_return"]
    return [
        card("Return", percent(total), money(summary["net_profit"]), total),
        card(
            "A year",
            percent(summary["cagr"]),
            f"volatility {percent(summary['volatility'])}",
            summary["cagr"],
        ),
        card("Worst drawdown", percent(summary["max_drawdown"]), f"{summary['max_drawdown_days']} days long"),
        card("Sharpe", plain(summary["sharpe"]), f"Sortino {plain(summary['sortino'])}"),
        card("Trades", f"{summary['trades']:,}", f"{percent(summary['win_rate'], 0)} won"),
        card("Profit factor", plain(summary["profit_factor"]), f"{money(summary['expectancy'], 2)} a trade"),
        card("Costs", money(summary["costs"]), "commissions and fees"),
    ]


FIGURE_NAMES: tuple[tuple[str, str, str], ...] = (
    ("start_equity", "Equity at the start", "money"),
    ("end_equity", "Equity at the end, marked to exit", "money"),
    ("net_profit", "Net profit", "money"),
    ("total_return", "Return", "percent"),
    ("cagr", "Return a year (CAGR)", "percent"),
    ("volatility", "Volatility a year", "percent"),
    ("sharpe", "Sharpe ratio", "plain"),
    ("sortino", "Sortino ratio", "plain"),
    ("max_drawdown", "Worst drawdown, marked to exit", "percent"),
    ("max_drawdown_days", "Its length, calendar days", "count"),
    ("max_drawdown_mid", "Worst drawdown, marked to mid", "percent"),
    ("trades", "Trades closed", "count"),
    ("win_rate", "Won", "percent"),
    ("profit_factor", "Profit factor", "plain"),
    ("expectancy", "Average profit a trade", "money"),
    ("average_win", "Average gain", "money"),
    ("average_loss", "Average loss", "money"),
    ("average_days_held", "Average days held", "plain"),
    ("exposure", "Sessions with a position", "percent"),
    ("turnover", "Turnover a year", "plain"),
    ("costs", "Commissions and fees", "money"),
)
_FORMATS = {"money": money, "percent": percent, "plain": plain, "count": count}


def _figures(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"name": name, "value": _FORMATS[form](summary[key])}
        for key, name, form in FIGURE_NAMES
        if key in summary
    ]


def _heat(months: Sequence[Mapping[str, Any]], years: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    by_month = {(row["year"], row["month"]): row["return"] for row in months}
    rows = []
    for year in years:
        number = year["year"]
        cells = [_cell(by_month.get((number, month))) for month in range(1, 13)]
        rows.append({"year": number, "cells": [*cells, _cell(year["return"])]})
    return rows


def _cell(value: float | None) -> dict[str, str]:
    if value is None:
        return {"text": "", "style": ""}
    strength = min(1.0, abs(value) / FULL_TONE) * 0.55
    colour = "--good-rgb" if value >= 0 else "--bad-rgb"
    return {"text": percent(value), "style": f"background: rgba(var({colour}), {strength:.2f})"}


def _group(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "trades": row["trades"],
        "won": percent(row["win_rate"], 0),
        "profit": money(row["pnl"]),
        "average": money(row["pnl"] / row["trades"] if row["trades"] else None),
        "tone": tone(row["pnl"]),
    }


BREAKDOWN_HEADS = {
    "weekday": "Opened on",
    "dte": "Days to expiration",
    "delta": "Short delta",
    "regime": "Regime at entry",
    "structure": "Structure",
    "underlying": "Underlying",
}


def _breakdowns(breakdowns: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the tables of trades by what they were; a property that all share is none."""
    return [
        {"head": BREAKDOWN_HEADS[by], "rows": [_group(row["name"].replace("_", " "), row) for row in rows]}
        for by, rows in breakdowns.items()
        if len(rows) > 1
    ]


PART_NAMES = ("delta", "gamma", "theta", "vega", "carry", "costs", "other", "total")


def _attribution(attribution: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if attribution is None:
        return None
    strategies = attribution["strategies"]
    named = {"the account": attribution["whole"], **(strategies if len(strategies) > 1 else {})}
    rows = [
        {
            "name": name,
            "cells": [{"text": money(parts[part]), "tone": tone(parts[part])} for part in PART_NAMES],
        }
        for name, parts in named.items()
    ]
    return {"names": PART_NAMES, "rows": rows}


def _pins(pins: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if pins is None or not pins["expiries"]:
        return None
    return {
        "count": len(pins["expiries"]),
        "assigned": pins["assigned"],
        "band": percent(pins["band"], 2),
        "gap": percent(pins["gap"], 0),
        "worst": money(pins["worst_night"]),
        "rows": [
            {
                **one,
                "strike": plain(one["strike"]),
                "settlement": plain(one["settlement"]),
                "loss": money(one["stressed_loss"]),
            }
            for one in pins["expiries"]
        ],
    }


ROLLING = 126
FEWEST_ROLLING = 20


def _rolling_note(sessions: int) -> str:
    window = min(ROLLING, sessions // 2)
    if window < FEWEST_ROLLING:
        return "Too few sessions to say."
    return f"Of the last {window} sessions, a year; its standard error is about {(252 / window) ** 0.5:.1f}."


def _fills(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": fill_name(row["f"]),
        "profit": money(row["net_profit"]),
        "tone": tone(row["net_profit"]),
        "total": percent(row["total_return"]),
        "drawdown": percent(row["max_drawdown"]),
        "sharpe": plain(row["sharpe"]),
        "factor": plain(row["profit_factor"]),
        "trades": count(row["trades"]),
        "won": percent(row["win_rate"], 0),
    }


def _trade(trade: Mapping[str, Any]) -> list[dict[str, Any]]:
    def cell(text: str, key: float | None = None, css: str = "") -> dict[str, Any]:
        return {"text": text, "key": key, "tone": css}

    closed = trade["closed_at"]
    return [
        cell(session_day(trade["opened_at"]), css="text"),
        cell(session_day(closed) if closed else "open", css="text"),
        cell(trade["strategy"], css="text"),
        cell(short_legs(trade["legs"]), css="text"),
        cell(str(trade["quantity"])),
        cell(money(trade["entry"], 2), trade["entry"]),
        cell(money(trade["exit"], 2), trade["exit"]),
        cell(money(trade["fees"], 2), trade["fees"]),
        cell(money(trade["pnl"], 2), trade["pnl"], tone(trade["pnl"])),
        cell(percent(trade["return_on_risk"]), trade["return_on_risk"]),
        cell(count(trade["days_held"]), trade["days_held"]),
        cell(trade["exit_reason"] or "", css="text"),
    ]
