"""The verdict page: whether a result is an edge, as one self-contained HTML page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

from jinja2 import Environment, PackageLoader

from strikewise.apps.figures import count, percent, plain, tone
from strikewise.apps.reports.backtest_report import asset, notice, script_safe
from strikewise.apps.verdict_figures import (
    GATE_PARTS,
    asked,
    found,
    gate_words,
    luck_rows,
    overfitting_words,
    regime_name,
    settings_words,
    short_by,
    superiority_words,
    walk_words,
)

__all__ = ["render_verdict"]

AFTERMATH = 60


def render_verdict(page: Mapping[str, Any]) -> str:
    """Return the verdict page as HTML.

    Parameters
    ----------
    page : mapping
        What ``strikewise validate --json`` prints.

    Returns
    -------
    A page that needs nothing but itself.
    """
    environment = Environment(loader=PackageLoader("strikewise.apps.reports"), autoescape=True)
    verdict = page["verdict"]
    return environment.get_template("verdict.html.j2").render(
        page=page,
        underlyings=", ".join(page["underlyings"]),
        warning=notice(page["grade"], page["chains"]),
        paragraphs=_paragraphs(verdict),
        meters=_meters(verdict),
        cards=_cards(page),
        checks=[_check(one) for one in verdict["checks"]],
        score={"value": plain(verdict["score"]["value"]), "bar": plain(verdict["score"]["bar"])},
        parts=[_part(one) for one in verdict["score"]["parts"]],
        gate=_gate(page),
        growth=[_growth("this run", page["summary"]), *(_growth(o["name"], o) for o in page["baselines"])],
        market=_market(page),
        luck=[{"name": name, "value": value} for name, value in luck_rows(page)],
        overfitting={"known": page["overfitting"] is not None, "words": overfitting_words(page)},
        superiority=superiority_words(page),
        walk=_walk(page),
        years=[_earned(str(row["year"]), row) for row in page["consistency"]["years"]],
        regimes=[_earned(regime_name(row["regime"]), row) for row in page["regimes"]],
        neighbours=_neighbours(page["sensitivity"]),
        starts=[_growth(row["start"], row) for row in page["starts"]],
        lives=_lives(page["lives"]),
        disasters=[_disaster(row) for row in page["disasters"]],
        disaster_words=_disaster_words(page["disasters"]),
        aftermath=AFTERMATH,
        settings=settings_words(page),
        spec=json.dumps(page["spec"], indent=2),
        data=json.dumps(page["data"], indent=2),
        version=f"strikewise {metadata.version('strikewise')}",
        payload=script_safe({name: page[name] for name in DRAWN}),
        style=asset("report.css") + asset("verdict.css"),
        script=asset("verdict.js") + asset("fit.js"),
        echarts=asset("echarts.common.min.js"),
    )


DRAWN = ("days", "curve", "baselines", "overfitting", "walk_forward", "sensitivity", "lives")
"""What the charts read."""


def _paragraphs(verdict: Mapping[str, Any]) -> list[str]:
    first, *others = verdict["words"]
    return [one for one in (first.partition(". ")[2] if not verdict["passed"] else first, *others) if one]


def _width(value: float | None) -> str:
    return f"{100 * min(1.0, max(0.0, value or 0.0)):.1f}"


def _meters(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    checks = verdict["checks"]
    held = sum(check["passed"] for check in checks)

    def meter(name: str, value: float, bar: float, text: str, note: str) -> dict[str, Any]:
        widths = {"width": _width(value), "bar": _width(bar)}
        return {"name": name, "text": text, "ok": value >= bar, "note": note, **widths}

    def against(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
        return meter(name, one["value"], one["bar"], plain(one["value"]), f"of {plain(one['bar'])} asked")

    return [
        meter("Hard checks", held / len(checks), 1.0, f"{held}", f"of {len(checks)} hold"),
        against("Overfit score", verdict["score"]),
        against("Deflated gate", verdict["gate"]),
    ]


def _cards(page: Mapping[str, Any]) -> list[dict[str, str]]:
    summary, bands, known = page["summary"], page["bands"], page["significance"]

    def card(name: str, value: str, note: str, signed: float = 0.0) -> dict[str, str]:
        colour = "good" if signed > 0 else "bad" if signed < 0 else ""
        return {"name": name, "value": value, "note": note, "tone": colour}

    def between(name: str, form: Callable[[float], str]) -> str:
        if bands is None:
            return "too few days for a band"
        return f"{form(bands[name]['low'])} to {form(bands[name]['high'])}, nine lives of ten"

    annual = summary["annual_return"]
    return [
        card("A year", percent(annual), between("annual_return", percent), annual),
        card("Sharpe", plain(summary["sharpe"]), between("sharpe", plain), summary["sharpe"]),
        card(
            "Worst drawdown",
            percent(summary["max_drawdown"]),
            between("max_drawdown", percent),
        ),
        card("Trades", count(summary["trades"]), "closed"),
        card(
            "Above zero",
            percent(known.get("probabilistic")),
            f"{percent(known.get('deflated'))} after all tries",
        ),
    ]


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": check["name"],
        "question": check["question"],
        "passed": check["passed"],
        "found": found(check),
        "asked": asked(check),
        "short": short_by(check),
    }


def _part(part: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": part["name"],
        "width": _width(part["value"]),
        "kind": "ok" if part["value"] >= 0.7 else "",
        "value": plain(part["value"]),
        "weight": plain(part["weight"]),
        "because": part["because"],
    }


def _gate(page: Mapping[str, Any]) -> dict[str, Any]:
    gate = page["verdict"]["gate"]
    return {
        "value": plain(gate["value"]),
        "bar": plain(gate["bar"]),
        "parts": [
            {
                "name": name,
                "width": _width(gate[key]),
                "kind": "ok" if (gate[key] or 0.0) >= 0.7 else "",
                "value": plain(gate[key]),
                "because": gate_words(key, page),
            }
            for key, name in GATE_PARTS.items()
        ],
    }


def _growth(name: str, row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": name,
        "annual": percent(row["annual_return"]),
        "tone": tone(row["annual_return"]),
        "sharpe": plain(row["sharpe"]),
        "drawdown": percent(row["max_drawdown"]),
    }


def _market(page: Mapping[str, Any]) -> str:
    share = page["market"]
    if share is None:
        return ""
    return (
        f"Correlation with the underlying {plain(share['correlation'])}, beta {plain(share['beta'])}; beside "
        f"it {percent(share['alpha'])} a year, t {plain(share['t'])} (Newey and West)."
    )


def _walk(page: Mapping[str, Any]) -> dict[str, Any]:
    ways = page["walk_forward"]
    folds = [
        {
            "way": "rolling" if way == "rolling" else "from the beginning",
            "train": " to ".join(fold["train"]),
            "test": " to ".join(fold["test"]),
            "chosen": fold["chosen"],
            "before": plain(fold["train_sharpe"]),
            "after": plain(fold["test_sharpe"]),
            "earned": percent(fold["test_return"]),
            "tone": tone(fold["test_return"]),
            "trades": count(fold["test_trades"]),
        }
        for way, one in ways.items()
        if one is not None
        for fold in one["folds"]
    ]
    return {"known": bool(folds), "folds": folds, "words": walk_words(page)}


def _earned(name: str, row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": name,
        "sessions": count(row["sessions"]),
        "earned": percent(row["return"]),
        "tone": tone(row["return"]),
        "sharpe": plain(row["sharpe"]),
        "trades": count(row.get("trades")),
    }


def _neighbours(sensitivity: Mapping[str, Any]) -> str:
    return (
        f"Every number that it trades by moved by up to {percent(sensitivity['reach'], 0)}, each by its own "
        f"chance: {percent(sensitivity['kept'], 0)} of the ratio is kept in the middle, and "
        f"{percent(sensitivity['profitable'], 0)} of them earn. An edge that hangs on a number is none."
    )


LIVES = (
    ("days", "days, in blocks"),
    ("trades", "trades, with worse fills by chance"),
    ("order", "the order of the trades only"),
)


def _lives(lives: Mapping[str, Any]) -> dict[str, Any]:
    rows = []
    for key, name in LIVES:
        one = lives[key]
        if one is not None:
            grown, fallen = one["total_return"], one["max_drawdown"]
            cells = [percent(grown["p05"]), percent(grown["p50"]), percent(grown["p95"])]
            cells += [percent(fallen["p50"]), percent(fallen["p05"])]
            cells += [percent(one["loss"]), percent(one["ruin"])]
            rows.append({"name": name, "cells": cells})
    words = (
        f"{count(lives['days']['paths'])} accounts that met the same days, or the same trades, in other "
        "orders and numbers. What happened is one of them. Trades count when they end: what is held at a "
        "loss until then shows in the days alone."
    )
    return {"rows": rows, "words": words, "trades": lives["trades"] is not None}


def _disaster(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": row["name"],
        "story": row["story"],
        "at_once": percent(row["at_once"]),
        "worst": percent(row["worst"]),
        "tone": "fail" if row["worst"] <= -0.5 else "",
        "against": percent(row["against_calm"]),
    }


def _disaster_words(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "The run is too short for one, or never had anything at risk."
    return (
        f"The same loop over the same market, with a disaster on {rows[0]['day']}: the session after the one "
        "that ended with the most at risk."
    )
