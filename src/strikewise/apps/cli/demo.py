"""``strikewise demo``: all of it, once, on a market that comes along or on recorded chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from strikewise.apps.cli.backtest import write_run
from strikewise.apps.cli.data_tables import audit_table, flaws_table
from strikewise.apps.cli.demo_plan import demo_home, densest, specifications
from strikewise.apps.cli.scan import show_scan
from strikewise.apps.cli.session import JsonFlag, Session, called
from strikewise.apps.cli.tables import (
    LEFT,
    RIGHT,
    badge,
    coloured_money,
    coloured_percent,
    heading,
    soft,
    table,
)
from strikewise.apps.figures import count, percent, plain
from strikewise.apps.reports.audit_report import render_audit
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.spec_file import make_spec
from strikewise.service.commands import import_data, make_demo_data, run_over_history
from strikewise.service.queries import audit, find_opportunities, stored
from strikewise.service.system import System

__all__ = ["app"]

app = typer.Typer(add_completion=False)

BEST = 5
COLUMNS = (
    ("Run", LEFT),
    ("Net profit", RIGHT),
    ("Return", RIGHT),
    ("Drawdown", RIGHT),
    ("Sharpe", RIGHT),
    ("Trades", RIGHT),
    ("Won", RIGHT),
    ("Factor", RIGHT),
)


@app.command()
def demo(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="A folder of recorded chains; else chains are made from real closes.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the reports into this folder.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show all of it on a market that comes along.

    Without --data: real closes of the S&P 500 and the VIX, 2014 to 2018, and option chains reconstructed
    from them, offline. It audits, scans, trades three strategies over the past and writes their reports.

    For example:

        strikewise demo
        strikewise demo --data ~/chains --out reports
    """
    session = Session.of(context)
    home = demo_home(session.home, recorded=data is not None)
    system = build_system(home)
    stages = _Stages(None if as_json else session)
    folder = out or home / "reports"
    folder.mkdir(parents=True, exist_ok=True)

    audits = _chains_and_audit(session, system, data, stages, folder)
    period = None if data is None else densest(audits)
    specs = {name: make_spec(document) for name, document in specifications(period).items()}

    first = specs["credit_spread"]
    asked = tuple(strategy for spec in specs.values() for strategy in spec.run.strategies)
    scanner = replace(system, strategies=asked, capital_cents=first.run.capital_cents)
    found = find_opportunities(scanner, as_of=first.end, underlyings=first.run.underlyings)
    stages.scan(found.as_dict(), found.underlyings, first.run.capital_cents / 100)

    results: dict[str, dict[str, Any]] = {}
    with session.progress() as tell:
        for name, spec in specs.items():
            finished = run_over_history(system, spec, progress=tell)
            results[name] = dict(finished.as_dict())
            write_run(finished, results[name], folder / name)
    if as_json:
        kept = ("fingerprint", "grade", "summary")
        runs = {name: {key: one[key] for key in kept} for name, one in results.items()}
        session.json({"home": str(home), "reports": str(folder), "runs": runs})
    else:
        stages.runs(results)
        _farewell(session, home, folder, results)
        _next(session, home, recorded=data is not None)


def _chains_and_audit(
    session: Session, system: System, data: Path | None, stages: _Stages, folder: Path
) -> list[dict[str, Any]]:
    """Bring chains in, judge them, draw their coverage; return the audits."""
    with session.progress() as tell:
        rows = _fill(system, data, tell)
        tell("audit", 0, 0)
        audits = [one.as_dict() for one in audit(system)]
    stages.chains(data, rows)
    (folder / "audit.html").write_text(render_audit(audits), encoding="utf-8")
    stages.audit(audits)
    return audits


def _fill(system: System, data: Path | None, tell: Any) -> int | None:
    """Bring chains in; return how many rows were new, or None where all were there already."""
    if data is not None:
        return int(import_data(system, data, progress=tell).as_dict()["rows_written"])
    return None if stored(system) else make_demo_data(system, progress=tell)


class _Stages:
    """What the demonstration says to people as it goes; to programs nothing."""

    def __init__(self, session: Session | None) -> None:
        self._session = session
        self._number = 0

    def _begin(self, title: str, said: str) -> Session | None:
        self._number += 1
        if self._session is not None:
            self._session.show("", heading(f"{self._number}  {title}", soft(said)), "")
        return self._session

    def chains(self, data: Path | None, rows: int | None) -> None:
        """Tell where the chains come from."""
        whence = (
            f"recorded, from {data}"
            if data is not None
            else "reconstructed from real closes of the S&P 500 and the VIX, 2014 to 2018: no quotes"
        )
        session = self._begin("Chains", whence)
        if session is not None:
            session.show("All of them were there already." if not rows else f"{rows:,} new rows were stored.")

    def audit(self, audits: Sequence[Mapping[str, Any]]) -> None:
        """Show how far they can be believed."""
        session = self._begin("Audit", "how complete and how sound they are")
        if session is not None and audits:
            session.show(audit_table(audits, session.out.width), "", flaws_table(audits))

    def scan(self, result: dict[str, Any], underlyings: tuple[str, ...], capital: float) -> None:
        """Show what is worth opening on the last day."""
        session = self._begin(
            "Scan", "what three strategies would open on the last day, and why not the rest"
        )
        if session is not None:
            show_scan(session, result, underlyings, capital, BEST)

    def runs(self, results: Mapping[str, Mapping[str, Any]]) -> None:
        """Compare what the strategies came to."""
        session = self._begin(
            "The past", "the same strategies, day by day, selling at the bid and buying at the ask"
        )
        if session is not None:
            session.show(_comparison(list(results.values())))
            grade = next(iter(results.values()))["grade"]
            if grade != "quotes":
                session.show(
                    "", Text.assemble(badge(grade), "  Made to show how this works, not what it earns.")
                )


def _comparison(results: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for result in results:
        summary = result["summary"]
        rows.append(
            (
                result["spec"]["name"],
                coloured_money(summary["net_profit"], 0),
                coloured_percent(summary["total_return"]),
                percent(summary["max_drawdown"]),
                plain(summary["sharpe"]),
                count(summary["trades"]),
                percent(summary["win_rate"], 0),
                plain(summary["profit_factor"]),
            )
        )
    return table(COLUMNS, rows)


def _farewell(session: Session, home: Path, folder: Path, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Say where everything is, and what to try."""
    session.show("", heading("Open in a browser"))
    for name in results:
        session.out.print(f"  {(folder / name / 'report.html').absolute()}", soft_wrap=True)
    session.out.print(f"  {(folder / 'audit.html').absolute()}", soft_wrap=True)
    first = next(iter(results.values()))
    strikewise = f"{called()} --home {home}"
    session.show("", heading("Try"))
    for line in (
        f"{strikewise} trades --run {first['fingerprint'][:8]}",
        f"{strikewise} explain {first['trades'][-1]['trade_id']} --run {first['fingerprint'][:8]}"
        if first["trades"]
        else f"{strikewise} runs",
        f"{strikewise} backtest {folder / next(iter(results)) / 'spec.json'} --set fills.f=0.5",
    ):
        session.out.print(Text(f"  {line}", style="cyan"), soft_wrap=True)


def _next(session: Session, home: Path, *, recorded: bool) -> None:
    """Lead to the page, which shows an account that trades the market that comes along."""
    if recorded:
        session.next(try_=f"strikewise --home {home} trades", why="lists what the last run did.")
        return
    where = "" if session.home is None else f"--home {home} "
    session.next(try_=f"strikewise {where}serve --demo", why="shows an account that trades, in the browser.")
