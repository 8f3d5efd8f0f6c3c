"""What a trading account shows on a terminal: answers to requests, its status, positions, orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.session import Session
from strikewise.apps.cli.tables import LEFT, RIGHT, fitting, heading, pairs, soft, table
from strikewise.apps.figures import money
from strikewise.service.control import Answer
from strikewise.service.daemon import StatusView

__all__ = [
    "as_plain",
    "comparison_table",
    "fitted",
    "orders_table",
    "positions_table",
    "show_answer",
    "show_status",
]

REFUSED = 1
STATES = {"active": "bold green", "reducing": "bold yellow", "halted": "bold red"}
ENDS = {"filled": "green", "rejected": "red", "never_sent": "red", "unresolved": "bold yellow"}


def show_answer(session: Session, answer: Answer, *, as_json: bool, done: str = "") -> None:
    """Tell what became of a request; end with 1 where it was refused.

    Parameters
    ----------
    session : Session
        Where to.
    answer : Answer
        What became of it.
    as_json : bool
        Whether for programs.
    done : str
        What holds already, though nobody has answered yet.
    """
    told = answer.told
    if as_json:
        session.json(answer.as_dict())
    elif answer.refused:
        session.show(Text(told.outcome, style="red"))
    elif told.state == "met":
        session.show(Text(told.outcome, style="bold"), soft(f"Met after {answer.seconds:.1f} s."))
    elif told.request is None:
        session.show(Text(told.outcome, style="bold yellow"))
    else:
        written = f"Written down as request {told.request}"
        session.show(Text(f"{done} {written}.".strip(), style="bold"), soft(_why_not_yet(answer)))
    if answer.refused:
        raise typer.Exit(REFUSED)


def _why_not_yet(answer: Answer) -> str:
    if answer.running:
        return f"The process has not answered within {answer.seconds:.0f} s; it does when it next looks."
    return "No process trades this account now; the next one meets it before it does anything else."


def show_status(session: Session, found: StatusView) -> None:
    """Show how an account's process is."""
    running = Text("runs", style="green") if found.running else Text("does not run", style="bold yellow")
    state = Text(f" {found.state.upper()} ", style=f"{STATES[found.state]} reverse")
    session.show(heading(f"Account {found.account}", state, running), "")
    if found.reason:
        who = "; only a person takes it back" if found.by_person else ""
        session.show(Text(f"{found.reason}{who}", style=STATES[found.state]), "")
    session.show(pairs(_figures(found), columns=2 if session.out.width >= 100 else 1))
    for flag in [] if found.flag is None else [found.flag]:
        session.show(
            "", Text(f"The halt flag is up: {flag.by}, {_at(flag.at)}: {flag.reason}", style="bold red")
        )
    for symbol, why in found.frozen.items():
        session.show(Text(f"{symbol} is frozen: {why}", style="yellow"))
    for one in found.breakers:
        until = "until a person resumes" if one.until is None else f"until {_at(one.until)}"
        session.show(Text(f"{one.breaker} on {one.scope}, {until}: {one.detail}", style="yellow"))
    if found.state != "active":
        session.next(try_="strikewise resume", why="lets trading go on, once you have looked.")
    elif not found.running:
        session.next(try_="strikewise run", why="trades.")


def positions_table(found: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return what is held and on its way, with as many columns as a terminal has room for."""
    columns = (
        ("Position", LEFT),
        ("Strategy", LEFT),
        ("Structure", LEFT),
        ("Units", RIGHT),
        ("Paid", RIGHT),
        ("Can lose", RIGHT),
        ("Since", LEFT),
        ("State", LEFT),
    )
    rows = [
        (
            one["position_id"],
            one["strategy"],
            one["structure"],
            str(one["quantity"]),
            money(one["entry"], 2),
            "unbounded" if one["max_loss"] is None else money(one["max_loss"], 2),
            one["opened_at"][:16].replace("T", " "),
            one["state"],
        )
        for one in found
    ]
    return fitted(width, columns, rows, drops=(1, 6, 4))


def orders_table(found: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return orders, oldest first, with as many columns as a terminal has room for."""
    columns = (
        ("Order", LEFT),
        ("Strategy", LEFT),
        ("For", LEFT),
        ("Structure", LEFT),
        ("Filled", RIGHT),
        ("Limit", RIGHT),
        ("Since", LEFT),
        ("Status", LEFT),
    )
    rows = [
        (
            one["order_id"],
            one["strategy"],
            one["purpose"] if one["reason"] == "ENTRY" else f"{one['purpose']} {one['reason']}",
            one["structure"],
            f"{one['filled']}/{one['quantity']}",
            "market" if one["limit"] is None else money(one["limit"], 2),
            one["created_at"][:16].replace("T", " "),
            Text(one["status"].replace("_", " "), style=ENDS.get(one["status"], "")),
        )
        for one in found
    ]
    return fitted(width, columns, rows, drops=(1, 6, 5))


def fitted(
    width: int,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[str | Text]],
    drops: Sequence[int],
) -> Table:
    """Return the table with the fewest columns left out that fits; the last may be folded."""
    candidates = []
    for number in range(len(drops) + 1):
        left = [place for place in range(len(columns)) if place not in drops[:number]]
        candidates.append(
            ([columns[place] for place in left], [[row[place] for place in left] for row in rows])
        )
    tables = [table(heads, cells) for heads, cells in candidates]
    heads, cells = candidates[-1]
    folding = [(f"{head}*" if head == "Structure" else head, side) for head, side in heads]
    return fitting(width, *tables, table(folding, cells))


def comparison_table(lines: Sequence[Mapping[str, str]], *, written: bool) -> Table:
    """Return both sides, line by line, with what was done; with what would be where nothing is written."""
    done = "Done" if written else "Would be"
    columns = (("What*", LEFT), ("Ours", RIGHT), ("Theirs", RIGHT), (done, LEFT), ("Why*", LEFT))
    rows = [
        (
            Text(one["name"], style="bold yellow" if one["action"] else ""),
            one["ours"],
            one["theirs"],
            one["action"] or soft("agrees"),
            one["reason"],
        )
        for one in lines
    ]
    return table(columns, rows)


def as_plain(found: StatusView) -> dict[str, Any]:
    """Return a status in its JSON form: instants as text."""
    return {name: _plain(value) for name, value in asdict(found).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _figures(found: StatusView) -> list[tuple[str, str | Text]]:
    left = found.reconciliation_open
    return [
        ("mode", found.mode),
        ("broker", found.broker or "-"),
        ("feed", found.feed or "-"),
        ("heartbeat", _at(found.heartbeat_at)),
        ("market time", _at(found.market_at)),
        ("last look", _at(found.ticked_at)),
        ("next look", _at(found.due_at)),
        ("connected", "yes" if found.connected else "no"),
        ("both sides agreed", _at(found.reconciled_at)),
        ("differences left", Text(str(left), style="bold yellow" if left else "")),
        ("positions", str(found.positions)),
        ("orders at work", str(found.orders)),
        ("of unknown fate", str(found.unresolved_orders)),
        ("requests waiting", str(found.requests)),
        ("data of", _at(found.data_as_of)),
        ("facts", f"{found.ledger_seq:,}"),
    ]


def _at(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
