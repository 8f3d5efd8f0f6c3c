"""Imports, audits and what is stored, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.tables import LEFT, RIGHT, badge, fitting, table
from strikewise.apps.figures import count, percent, session_day

__all__ = [
    "audit_table",
    "beside_table",
    "calibration_table",
    "flaws_table",
    "import_table",
    "stored_table",
]

WORST = ("reconstructed", "indicative", "quotes")
SHORT_WORDS = {
    "volatility": "IV",
    "intrinsic": "value",
    "forward": "fwd",
    "crossed": "cross",
    "locked": "lock",
}
ROOMY = 11
"""More columns than these stand closer together, to fit into eighty characters."""
NAMED = 30
"""Names of a kind that are listed one by one."""
REMARKABLE = 0.01
"""Share of rows from which a flaw is shown in bold."""


def import_table(result: Mapping[str, Any]) -> Table:
    """Return what an import did with the rows it read."""
    rows: list[tuple[str, str | Text]] = [
        (count(len(result["files"])), "files imported"),
        (count(result["rows_read"]), "rows read"),
        (count(result["rows_written"]), "rows new or changed"),
        (count(result["rows_unchanged"]), "rows there already"),
    ]
    rows += [
        (count(number), Text(f"refused: {reason}", "yellow")) for reason, number in result["rejected"].items()
    ]
    rows += [(count(number), f"noted: {note}") for note, number in result["notes"].items() if number]
    if result["ignored"]:
        rows.append((count(len(result["ignored"])), "files left alone"))
    whose = ", ".join(result["underlyings"])
    return table((("", RIGHT), (f"Chains of {whose}*" if whose else "Imported*", LEFT)), rows)


def calibration_table(found: Mapping[str, Any]) -> Table:
    """Return the errors of a calibration on days it did not see, in volatility points and of mids."""
    columns = [
        (f"Errors on days not seen*, {count(found['days'])} days", LEFT),
        ("Contracts", RIGHT),
        ("IV median", RIGHT),
        ("9 in 10", RIGHT),
        ("Mean", RIGHT),
        ("Of the mid", RIGHT),
    ]
    rows = [
        (
            f"{one['low']} to {one['high']} days",
            count(one["contracts"]),
            f"{one['median']:.2f}",
            f"{one['ninetieth']:.2f}",
            f"{one['mean']:+.2f}",
            percent(one["mid_share"]),
        )
        for one in found["errors_on_days_not_seen"]
    ]
    return table(tuple(columns), rows)


def audit_table(audits: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return how complete the chains of each underlying are, and how far a vendor's volatilities are off."""
    columns = [
        ("Chains", LEFT),
        ("Grade", LEFT),
        ("From", LEFT),
        ("To", LEFT),
        ("Days", RIGHT),
        ("Missing", RIGHT),
        ("Rows", RIGHT),
        ("IV off", RIGHT),
    ]
    more = [("9 in 10 within", RIGHT), ("Longest gap", LEFT), ("Source", LEFT)]
    rows = [_audit_row(one) for one in audits]
    slim = table(columns, [row[: len(columns)] for row in rows])
    return fitting(width, table([*columns, *more], rows), slim)


def _audit_row(one: Mapping[str, Any]) -> list[str | Text]:
    missing = len(one["missing"])
    core = one["iv_difference_core"]
    longest = max(one["gaps"], key=lambda gap: gap["sessions"], default=None)
    return [
        Text(one["underlying"], style="bold"),
        badge(next((grade for grade in WORST if grade in one["grades"]), None)),
        one["first"],
        one["last"],
        count(one["days"]),
        Text(count(missing), style="yellow" if missing else ""),
        count(one["rows"]),
        percent(core["median"], 2),
        percent(core["p90"], 2),
        "" if longest is None else f"{longest['first']} to {longest['last']} ({longest['sessions']})",
        ", ".join(one["sources"]),
    ]


def flaws_table(audits: Sequence[Mapping[str, Any]]) -> Table:
    """Return the share of rows with each kind of flaw, a column for each underlying's kinds that occur."""
    kinds = [kind for kind in audits[0]["flaws"] if any(one["flaws"][kind]["count"] for one in audits)]
    rows = [
        [Text(one["underlying"], style="bold"), *(_share(one["flaws"][kind]) for kind in kinds)]
        for one in audits
    ]
    heads = (("", LEFT), *((_kind_head(kind), RIGHT) for kind in kinds))
    return table(heads, rows, tight=len(kinds) > ROOMY)


def _kind_head(kind: str) -> str:
    """Return the name of a flaw over two lines, short enough for a dozen of them."""
    words = kind.lower().split("_")
    return "\n".join([SHORT_WORDS.get(word, word) for word in words])


def _share(flaw: Mapping[str, Any]) -> Text:
    if not flaw["count"]:
        return Text("·", style="dim")
    tiny = flaw["share"] < 0.00005
    shown = "<0.01%" if tiny else percent(flaw["share"], 2 if flaw["share"] < REMARKABLE else 1)
    return Text(shown, style="bold" if flaw["share"] >= REMARKABLE else "")


def stored_table(held: Sequence[Mapping[str, Any]]) -> Table:
    """Return what is stored of each underlying."""
    rows = [
        (
            Text(one["underlying"], style="bold"),
            count(one["snapshots"]),
            session_day(one["first"]),
            session_day(one["last"]),
        )
        for one in held
    ]
    return table((("", LEFT), ("Chains", RIGHT), ("From", LEFT), ("To", LEFT)), rows)


def beside_table(held: Sequence[Mapping[str, Any]]) -> Table:
    """Return what is stored beside chains; of a kind with many names a line for all of them together."""
    rows = []
    for kind, group in groupby(held, key=itemgetter("kind")):
        found = list(group)
        if len(found) > NAMED:
            found = [
                {
                    "name": f"{len(found)} symbols",
                    "rows": sum(one["rows"] for one in found),
                    "first": min(one["first"] for one in found),
                    "last": max(one["last"] for one in found),
                }
            ]
        for number, one in enumerate(found):
            head = Text("" if number else kind, style="bold")
            rows.append((head, one["name"], count(one["rows"]), one["first"], one["last"]))
    heads = (("", LEFT), ("Name", LEFT), ("Rows", RIGHT), ("From", LEFT), ("To", LEFT))
    return table(heads, rows)
