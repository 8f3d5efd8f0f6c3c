"""``strikewise lookahead``: whether a run knew what it could not know."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.specification import changed, read_document
from strikewise.apps.cli.tables import LEFT, RIGHT, heading, soft, table
from strikewise.bootstrap.spec_file import make_spec
from strikewise.service.lookahead import Difference, TimeChecks, WarmUp, check_time

__all__ = ["app"]

app = typer.Typer(add_completion=False)

FOUND = 1
SHOWN = 12
DIFFERENCES = (
    ("Cut at", LEFT),
    ("Shows at", LEFT),
    ("Who", LEFT),
    ("What", LEFT),
    ("In", LEFT),
    ("With all data*", LEFT),
    ("With data cut off*", LEFT),
)
PASTS = (("Sessions of past", RIGHT), ("Run", LEFT), ("Features that differ at the start*", LEFT))


@app.command()
def lookahead(
    context: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The specification: TOML, or the spec.json of a kept run.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change a key, as key=value; can be given several times.", metavar="KEY=VALUE"
        ),
    ] = None,
    cuts: Annotated[int, typer.Option(help="At how many ticks the future is cut off.", min=1)] = 8,
    seed: Annotated[int, typer.Option(help="Chooses the ticks.")] = 0,
    warm_up: Annotated[
        bool, typer.Option(help="Cut the past off too: results must not hang on how much of it there is.")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """Check that a run knew nothing it could not know.

    The future is cut off at random ticks, the run is made again, and all facts and features until then are
    compared. Ends with 1 where something differs.

    Example:

        strikewise lookahead spy-puts.toml --cuts 20
    """
    session = Session.of(context)
    document = changed(read_document(spec), changes or ())
    wanted = make_spec(document, where=str(spec), name=spec.stem)
    system = system_of(session)
    with session.progress() as tell:
        found = check_time(system, wanted, cuts=cuts, seed=seed, warm_ups=warm_up, progress=tell)
    if as_json:
        session.json(found.as_dict())
    else:
        _show(session, found)
    if not found.lookahead.clean:
        raise typer.Exit(FOUND)


def _show(session: Session, found: TimeChecks) -> None:
    report = found.lookahead
    compared = (
        f"{report.facts:,} facts and {report.features:,} features compared at {len(report.cuts)} cuts "
        f"from {report.cuts[0].date()} to {report.cuts[-1].date()}."
    )
    session.show(heading(found.name, soft("without the future")))
    if report.clean:
        session.show(f"Nothing looked ahead: {compared}")
    else:
        who = ", ".join(dict.fromkeys(one.who for one in report.differences))
        session.show(f"Somebody looked ahead: {who}. {compared}", "")
        session.show(table(DIFFERENCES, [_row(one) for one in report.differences[:SHOWN]]))
        if len(report.differences) > SHOWN:
            session.show(soft(f"and {len(report.differences) - SHOWN} more; --json lists all"))
    if found.warm_ups:
        session.show("", heading(found.name, soft("without the past")))
        enough = found.enough_past
        longest = found.warm_ups[-1].sessions
        session.show(
            f"The run is the same with {enough} sessions of past before its start, or more."
            if enough is not None
            else f"The run still differs with {longest} sessions of past: it hangs on how much there is."
        )
        session.show("", table(PASTS, [_past(one) for one in found.warm_ups]))


def _row(one: Difference) -> list[str | Text]:
    return [
        one.cut.date().isoformat(),
        one.at.date().isoformat(),
        one.who,
        one.what,
        ", ".join(name.rpartition(".")[2] for name in one.names[:4]),
        one.whole,
        one.cut_off,
    ]


def _past(one: WarmUp) -> list[str | Text]:
    first = one.difference
    run = "the same" if first is None else f"differs from {first.at.date()}: {first.who}, {first.what}"
    return [f"{one.sessions}", run, _drifts(one.drift)]


def _drifts(drift: Mapping[str, float]) -> str:
    worst = sorted(drift.items(), key=lambda item: -item[1])
    told = [f"{name} {'unknown' if by == inf else f'{by:.1e}'}" for name, by in worst[:4]]
    more = f" and {len(worst) - 4} more" if len(worst) > 4 else ""
    return ", ".join(told) + more if told else "none"
