"""``strikewise validate``: judge whether a specification is an edge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.specification import changed, grid_axes, read_document
from strikewise.apps.cli.verdict_tables import show_verdict
from strikewise.apps.reports.verdict_report import render_verdict
from strikewise.bootstrap.index_spec import index_spec
from strikewise.bootstrap.spec_file import make_spec
from strikewise.service.compare import replay_index
from strikewise.service.errors import StrikewiseError
from strikewise.service.system import System
from strikewise.service.validate import QUICK, THOROUGH, levels_of_run, validate
from strikewise.service.verdict_page import page_of

__all__ = ["app"]

app = typer.Typer(add_completion=False)

GridOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Choose among values of a parameter, as label.parameter=1,2,3; several times for a grid.",
        metavar="PARAMETER=VALUES",
    ),
]
Levels = dict[str, Sequence[tuple[date, float]]]


@app.command("validate")
def validate_command(
    context: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The specification: TOML, or the spec.json of a kept run.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change a key, as key=value; can be given several times.", metavar="KEY=VALUE"
        ),
    ] = None,
    grid: GridOption = None,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Stand a kept run beside it, by the beginning of its fingerprint."),
    ] = None,
    put_write: Annotated[bool, typer.Option(help="Stand the underlying's put-write index beside it.")] = True,
    quick: Annotated[bool, typer.Option("--quick", help="Run fewer variants and fewer other lives.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Where all chance comes from.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Write the page, and its JSON, into this folder.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Judge whether a specification is an edge.

    It is run at the touch with its neighbours, walked forward, started on other days, led through disasters
    and drawn anew ten thousand times; every configuration ever tried in this home is counted against it.

    For example:

        strikewise validate spy-puts.toml --out verdict
        strikewise validate spy-puts.toml --quick --grid credit_spread.stop_loss=1.5,2,3
    """
    session = Session.of(context)
    wanted = make_spec(changed(read_document(spec), changes or ()), where=str(spec), name=spec.stem)
    axes, system = grid_axes(grid) if grid else None, system_of(session)
    beside: Levels = dict(levels_of_run(system, name) for name in against or ())
    with session.progress() as tell:
        if put_write and len(wanted.run.underlyings) == 1:
            beside |= _put_write(session, system, wanted.run.underlyings[0], (wanted.start, wanted.end), tell)
        effort = QUICK if quick else THOROUGH
        done = validate(system, wanted, grid=axes, beside=beside, effort=effort, seed=seed, progress=tell)
    page = page_of(done)
    if out is not None:
        _write(page, out)
    if as_json:
        session.json(page)
        return
    show_verdict(session, page)
    if out is not None:
        session.next(try_=f"{out / 'verdict.html'}", why="shows all of it; open it in a browser.")
    else:
        session.next(try_=f"strikewise validate {spec} --out verdict", why="writes the whole page.")


def _write(page: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(page, indent=1, ensure_ascii=False)
    (folder / "verdict.json").write_text(f"{text}\n", encoding="utf-8")
    (folder / "verdict.html").write_text(render_verdict(page), encoding="utf-8")


def _put_write(
    session: Session,
    system: System,
    underlying: str,
    period: tuple[date, date],
    tell: Callable[[str, int, int], None],
) -> Levels:
    try:
        found = replay_index(system, index_spec("PUT", underlying, *period), progress=tell)
    except StrikewiseError as error:
        session.note(f"The put-write index of {underlying} cannot stand beside it: {error}")
        return {}
    return {f"put-write on {underlying}, at mid": found.curve}
