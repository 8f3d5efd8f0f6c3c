"""``strikewise sweep``: run a grid of parameters side by side."""

from __future__ import annotations

from functools import partial
from math import prod
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.specification import changed, grid_axes, read_document
from strikewise.apps.cli.tables import LEFT, RIGHT, badge, coloured_percent, heading, soft, table
from strikewise.apps.figures import percent, plain
from strikewise.bootstrap.research import open_executor, runner_of
from strikewise.bootstrap.spec_file import make_spec
from strikewise.service.sweep import Sweep, SweptRun, sweep

__all__ = ["app"]

app = typer.Typer(add_completion=False)

FIGURES = (
    ("Return", RIGHT),
    ("CAGR", RIGHT),
    ("Sharpe", RIGHT),
    ("Sortino", RIGHT),
    ("Drawdown", RIGHT),
    ("Trades", RIGHT),
    ("Won", RIGHT),
    ("Run", LEFT),
)
SHOWN = 20


@app.command("sweep")
def sweep_command(
    context: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The specification: TOML, or the spec.json of a kept run.")],
    grid: Annotated[
        list[str],
        typer.Option(
            help="Values of a parameter, as label.parameter=1,2,3; several times for a grid.",
            metavar="PARAMETER=VALUES",
        ),
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change a key, as key=value; can be given several times.", metavar="KEY=VALUE"
        ),
    ] = None,
    sort: Annotated[str, typer.Option(help="The figure to order the runs by, the best first.")] = "sharpe",
    workers: Annotated[
        int | None, typer.Option(help="Processes to run them in; one a processor unless told.", min=1)
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a grid of parameters side by side.

    Every configuration counts as tried, for ever, and the best of many is judged against the best that so
    many worthless ones would show.

    For example:

        strikewise sweep spy-puts.toml --grid stop_loss=1.5,2,3 --grid profit_target=0.5,0.75
        strikewise sweep spy-puts.toml --grid credit_spread.width=5,10 --workers 2 --sort max_drawdown
    """
    session = Session.of(context)
    document = changed(read_document(spec), changes or ())
    wanted = make_spec(document, where=str(spec), name=spec.stem)
    axes, system = grid_axes(grid), system_of(session)
    runs, runner = prod(map(len, axes.values())), partial(runner_of, system.home)
    with session.progress() as tell, open_executor(system.home, runs, workers) as executor:
        found = sweep(system, wanted, axes, executor=executor, runner=runner, sort=sort, progress=tell)
    if as_json:
        session.json(found.as_dict())
        return
    _show(session, found, spec)


def _show(session: Session, found: Sweep, spec: Path) -> None:
    title = soft(f"{len(found.runs):,} runs, by {found.sorted_by}")
    session.show(heading(found.spec.name, badge(found.runs[0].run.grade.value), title), "")
    heads = [(name, RIGHT) for name in found.axes]
    session.show(table([*heads, *FIGURES], [_row(one) for one in found.runs[:SHOWN]]))
    if len(found.runs) > SHOWN:
        session.show(soft(f"and {len(found.runs) - SHOWN} more; --json lists all"))
    session.show("", Text(_worth(found)))
    best = " ".join(f"--set {_key(found, name)}={value}" for name, value in found.runs[0].values.items())
    session.next(try_=f"strikewise validate {spec} {best}", why="judges whether the first is an edge.")


def _key(found: Sweep, name: str) -> str:
    """Return an axis as ``--set`` takes it."""
    label, _, parameter = name.rpartition(".")
    return f"strategies.{label or found.spec.run.strategies[0].label}.parameters.{parameter}"


def _row(one: SweptRun) -> list[str | Text]:
    figures = one.run.summary
    return [
        *(f"{value}" for value in one.values.values()),
        coloured_percent(figures.total_return),
        percent(figures.cagr),
        plain(figures.sharpe),
        plain(figures.sortino),
        percent(figures.max_drawdown),
        f"{figures.trades:,}",
        percent(figures.win_rate),
        soft(one.run.fingerprint[:12]),
    ]


def _worth(found: Sweep) -> str:
    tries = f"{len(found.runs):,} configurations were tried here, {found.count.raw:,} ever in this home"
    if found.bar is None or found.probability is None:
        return f"{tries}; too little was traded to say what that is worth."
    return (
        f"{tries}. The best of so many worthless ones would show a Sharpe ratio of about {found.bar:.2f}; "
        f"that the first run's is no such gift has a probability of {found.probability:.0%}."
    )
