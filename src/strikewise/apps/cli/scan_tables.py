"""A scan as tables that fit the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.tables import LEFT, RIGHT, badge, fitting, heading, legs_text, soft, table
from strikewise.apps.figures import EXCHANGE, UNKNOWN, count, money, percent, plain
from strikewise.service.health import DENIALS

__all__ = ["opportunities_table", "refusals_table", "scan_heading", "scan_legend"]

NARROW = (
    ("#", RIGHT),
    ("Strategy", LEFT),
    ("Expires", LEFT),
    ("Legs", LEFT),
    ("Credit", RIGHT),
    ("Max\nloss", RIGHT),
    ("Break\neven", RIGHT),
    ("Chance", RIGHT),
    ("IV\nrank", RIGHT),
    ("Score", RIGHT),
)
STACKED = (
    ("Strategy", LEFT),
    ("Expires\nLegs", LEFT),
    ("Credit\nMax loss", RIGHT),
    ("Break\neven", RIGHT),
    ("Chance\nIV rank", RIGHT),
    ("Score", RIGHT),
)
WIDE = (
    ("#", RIGHT),
    ("", LEFT),
    ("Strategy", LEFT),
    ("Expires", LEFT),
    ("Days", RIGHT),
    ("Legs", LEFT),
    ("Units", RIGHT),
    ("Credit", RIGHT),
    ("Max loss", RIGHT),
    ("Breakeven", RIGHT),
    ("Chance", RIGHT),
    ("Edge", RIGHT),
    ("IV rank", RIGHT),
    ("Score", RIGHT),
    ("of", LEFT),
)


def scan_heading(result: Mapping[str, Any], underlyings: Sequence[str], capital: float) -> Text:
    """Return what was looked at, when, and how far the data can be believed."""
    instant = datetime.fromisoformat(result["as_of"])
    there = instant.astimezone(EXCHANGE)
    names = ", ".join(underlyings) if len(underlyings) <= 6 else f"{len(underlyings)} underlyings"
    return heading(
        f"Scan of {names or 'nothing'}",
        f"as of {there:%Y-%m-%d %H:%M} New York",
        badge(result["grade"]),
        soft(f"account of {money(capital)}"),
    )


def opportunities_table(found: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return the opportunities, best first: a line each where there is room, else two or more."""
    ranked = list(enumerate(found, start=1))
    slim = [_two_lines(rank, one, parts=False) for rank, one in ranked]
    return fitting(
        width,
        table(WIDE, [_one_line(rank, one) for rank, one in ranked]),
        table(NARROW, [_two_lines(rank, one, parts=True) for rank, one in ranked]),
        table(NARROW, slim),
        table(NARROW[1:], [row[1:] for row in slim], tight=True),
        table(STACKED, [_stacked(one) for one in found], tight=True),
        table((("Opportunities, best first*", LEFT),), [[_told(rank, one)] for rank, one in ranked]),
    )


def _two_lines(rank: int, one: Mapping[str, Any], *, parts: bool) -> list[str | Text]:
    def under(first: str, second: str) -> Text:
        return Text.assemble((first, "bold"), "\n", (second, "dim"))

    expiration, days = _expires(one)
    return [
        str(rank),
        under(one["underlying"], one["strategy"]),
        under(expiration, f"{days} days") if days else expiration,
        "\n".join(legs_text(one["legs"])),
        money(one["credit"]),
        money(one["max_loss"]),
        "\n".join(f"{price:,.2f}" for price in one["breakevens"]),
        percent(one["probability_of_profit"], 0),
        percent(one["iv_rank"], 0),
        under(plain(one["score"], 1), _parts(one) if parts else ""),
    ]


def _stacked(one: Mapping[str, Any]) -> list[str | Text]:
    expiration, days = _expires(one)
    return [
        Text.assemble((one["underlying"], "bold"), "\n", (one["strategy"], "dim")),
        "\n".join([f"{expiration}, {days} days" if days else expiration, *legs_text(one["legs"])]),
        f"{money(one['credit'])}\n{money(one['max_loss'])}",
        "\n".join(f"{price:,.2f}" for price in one["breakevens"]),
        f"{percent(one['probability_of_profit'], 0)}\n{percent(one['iv_rank'], 0)}",
        Text(plain(one["score"], 1), style="bold"),
    ]


def _told(rank: int, one: Mapping[str, Any]) -> Text:
    """Return an opportunity in words: what fits into any width, as no figure may be cut."""
    expiration, days = _expires(one)
    when = f"{expiration}, {days} days" if days else expiration
    breakevens = " ".join(f"{price:,.2f}" for price in one["breakevens"]) or UNKNOWN
    return Text.assemble(
        (f"{rank} {one['underlying']} {one['strategy']}", "bold"),
        f"\n{' '.join(legs_text(one['legs']))}, {when}",
        f"\ncredit {money(one['credit'])}, max loss {money(one['max_loss'])}, breakeven {breakevens}",
        f"\nchance {percent(one['probability_of_profit'], 0)}, IV rank {percent(one['iv_rank'], 0)}, score ",
        (plain(one["score"], 1), "bold"),
    )


def _one_line(rank: int, one: Mapping[str, Any]) -> list[str | Text]:
    expiration, days = _expires(one)
    return [
        str(rank),
        Text(one["underlying"], style="bold"),
        one["strategy"],
        expiration,
        days,
        " ".join(legs_text(one["legs"])),
        count(one["quantity"]),
        money(one["credit"]),
        money(one["max_loss"]),
        " ".join(f"{price:,.2f}" for price in one["breakevens"]),
        percent(one["probability_of_profit"], 0),
        money(one["edge"]),
        percent(one["iv_rank"], 0),
        Text(plain(one["score"], 1), style="bold"),
        soft(_parts(one)),
    ]


def _expires(one: Mapping[str, Any]) -> tuple[str, str]:
    """Return the nearest expiration of the legs and the days to it."""
    if not one["legs"]:
        return UNKNOWN, ""
    nearest = min(leg["expiration"] for leg in one["legs"])
    dte = one["because"].get("dte")
    return f"{date.fromisoformat(nearest):%d %b %Y}", "" if dte is None else f"{dte:.0f}"


def _parts(one: Mapping[str, Any]) -> str:
    parts = one["score_parts"]
    return "+".join(plain(points, 0) for points in parts.values()) if len(parts) > 1 else ""


def scan_legend(found: Sequence[Mapping[str, Any]]) -> Text:
    """Return how to read the amounts and what each strategy's score is the sum of."""
    sums: dict[str, dict[str, None]] = {}
    for one in found:
        parts = " + ".join(one["score_parts"]).replace("_", " ")
        sums.setdefault(parts, {})[one["strategy"]] = None
    lines = [
        "Dollars for one unit, selling at the bid and buying at the ask; chance of any profit at expiry."
    ]
    lines += [f"Score of {', '.join(names)} = {parts}." for parts, names in sums.items() if parts]
    return soft("\n".join(lines))


def refusals_table(denied: Mapping[str, int]) -> Table:
    """Return why candidates were turned away, the most frequent reason first."""
    ordered = sorted(denied.items(), key=lambda item: (-item[1], item[0]))
    rows = [(count(number), code, DENIALS.get(code, "")) for code, number in ordered]
    return table((("Refused", RIGHT), ("Why", LEFT), ("Meaning*", LEFT)), rows)
