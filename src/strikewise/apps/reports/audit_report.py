"""The picture of an audit: one self-contained HTML page of each day that is there, thin or missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from importlib import metadata, resources
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from strikewise.apps.figures import count, percent

__all__ = ["render_audit"]

STEP, CELL, MARGIN = 20, 17, 34
"""Pixels from day to day, of a day, and left of the first week for the names of weekdays."""
FAINTEST = 0.15
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WORST_FIRST = ("reconstructed", "indicative", "quotes")


def render_audit(audits: Sequence[Mapping[str, Any]]) -> str:
    """Return the picture of an audit as HTML.

    Parameters
    ----------
    audits : sequence of mapping
        What ``strikewise data audit --json`` prints under ``underlyings``.

    Returns
    -------
    A page that needs nothing but itself.
    """
    environment = Environment(loader=PackageLoader("strikewise.apps.reports"), autoescape=True)
    style = (resources.files("strikewise.apps.reports") / "assets" / "report.css").read_text(encoding="utf-8")
    return environment.get_template("audit.html.j2").render(
        audits=[_underlying(one) for one in audits],
        days=count(sum(one["days"] for one in audits)),
        rows=count(sum(one["rows"] for one in audits)),
        missing=count(sum(len(one["missing"]) for one in audits)),
        version=f"strikewise {metadata.version('strikewise')}",
        style=Markup(style),  # noqa: S704 - our own file, not input
    )


def _underlying(one: Mapping[str, Any]) -> dict[str, Any]:
    core = one["iv_difference_core"]
    coverage = {date.fromisoformat(day): rows for day, rows in one["coverage"].items()}
    missing = [date.fromisoformat(day) for day in one["missing"]]
    return {
        "name": one["underlying"],
        "grade": next((grade for grade in WORST_FIRST if grade in one["grades"]), "quotes"),
        "facts": [
            ("From", one["first"]),
            ("To", one["last"]),
            ("Days", count(one["days"])),
            ("Missing sessions", count(len(missing))),
            ("Rows", count(one["rows"])),
            ("Sources", ", ".join(one["sources"])),
            ("Volatility off the vendor's, median", percent(core["median"], 2)),
            ("and nine in ten within", percent(core["p90"], 2)),
        ],
        "gaps": [
            f"{gap['first']} to {gap['last']} ({gap['sessions']} sessions)"
            if gap["sessions"] > 1
            else gap["first"]
            for gap in one["gaps"]
        ],
        "years": _years(coverage, missing),
        "flaws": [
            {
                "name": name.replace("_", " ").lower(),
                "count": count(flaw["count"]),
                "share": percent(flaw["share"], 2),
                "width": f"{min(100.0, 100 * flaw['share']):.2f}",
            }
            for name, flaw in sorted(one["flaws"].items(), key=lambda item: -item[1]["count"])
            if flaw["count"]
        ],
    }


def _years(coverage: Mapping[date, int], missing: Sequence[date]) -> list[dict[str, Any]]:
    """Return the days of each year as places on a calendar: a column a week, a row a weekday."""
    most = max(coverage.values(), default=1)
    days: dict[date, int | None] = {**coverage, **dict.fromkeys(missing)}
    years = []
    for year, of_year in groupby(sorted(days), key=lambda day: day.year):
        listed = list(of_year)
        years.append(
            {
                "year": year,
                "there": sum(1 for day in listed if days[day] is not None),
                "cells": [_cell(day, days[day], most) for day in listed if day.weekday() < len(WEEKDAYS)],
                "months": [
                    {"x": MARGIN + STEP * _week(date(year, month, 1)), "name": MONTHS[month - 1]}
                    for month in range(1, 13)
                ],
                "weekdays": [
                    {"y": STEP * (row + 1) + CELL - 4, "name": name} for row, name in enumerate(WEEKDAYS)
                ],
                "width": MARGIN + STEP * 53,
                "height": STEP * 6,
                "size": CELL,
            }
        )
    return years


def _cell(day: date, rows: int | None, most: int) -> dict[str, Any]:
    strength = 1.0 if rows is None else FAINTEST + (1 - FAINTEST) * rows / most
    said = "no snapshot" if rows is None else f"{rows:,} rows"
    return {
        "x": MARGIN + STEP * _week(day),
        "y": STEP * (day.weekday() + 1),
        "kind": "gone" if rows is None else "there",
        "strength": f"{strength:.2f}",
        "title": f"{day:%a} {day.isoformat()}: {said}",
    }


def _week(day: date) -> int:
    """Return the week of its year that a day lies in, from 0, weeks beginning on Mondays."""
    first = date(day.year, 1, 1)
    monday = first - timedelta(days=first.weekday())
    return (day - monday).days // 7
