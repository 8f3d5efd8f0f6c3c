"""``strikewise backtest``: trade a specification over the past."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.columns import Columns

from strikewise.apps.chain_figures import limits_words
from strikewise.apps.cli.backtest_tables import (
    exits_table,
    fills_table,
    missing_quotes_table,
    origins_table,
    run_heading,
    summary_table,
    years_table,
)
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.portfolio_tables import (
    campaigns_table,
    correlation_table,
    months_table,
    regimes_table,
    strategies_table,
)
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.specification import changed, read_document
from strikewise.apps.cli.tables import heading, soft
from strikewise.apps.cli.trade_tables import trades_table
from strikewise.apps.reports.backtest_report import render_backtest
from strikewise.bootstrap.ledgers import open_ledger
from strikewise.bootstrap.spec_file import make_spec
from strikewise.service.commands import FinishedRun, run_over_history
from strikewise.service.errors import SettingsError

__all__ = ["app", "show_run", "write_run"]

app = typer.Typer(add_completion=False)

LAST_TRADES, MOST_MISSING = 8, 5
LAST_MONTHS, MOST_CAMPAIGNS = 12, 5


@app.command()
def backtest(
    context: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The specification: TOML, or the spec.json of a kept run.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change a key, as key=value; can be given several times.", metavar="KEY=VALUE"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write facts, specification, result and report into this folder.")
    ] = None,
    ledger: Annotated[
        str | None, typer.Option(help="Write the facts to this empty database too: sqlite:///facts.db")
    ] = None,
    other_fills: Annotated[
        bool, typer.Option(help="Run it at 100, 75, 50 and 0% of the half-spread too, side by side.")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """Trade a specification over the past.

    For example:

        strikewise backtest spy-puts.toml --out spy-puts
        strikewise backtest spy-puts.toml --set fills.f=0.5 --set strategies.0.parameters.min_dte=20
    """
    session = Session.of(context)
    document = changed(read_document(spec), changes or ())
    wanted = make_spec(document, where=str(spec), name=spec.stem)
    system = system_of(session)
    with nullcontext() if ledger is None else open_ledger(ledger) as kept:
        if kept is not None and kept.head.seq:
            raise SettingsError(
                f"The ledger has {kept.head.seq:,} facts already: a run needs an empty one, so name another."
            )
        with session.progress() as tell:
            finished = run_over_history(system, wanted, ledger=kept, other_fills=other_fills, progress=tell)
    result = finished.as_dict()
    if out is not None:
        write_run(finished, result, out)
    if as_json:
        session.json(result)
        return
    show_run(session, result)
    if out is not None:
        session.show("", f"Facts, specification, result and report are in {out}.")
        session.next(try_=f"{out / 'report.html'}", why="shows all of it; open it in a browser.")
    else:
        session.next(try_="strikewise trades", why="lists every trade; `--out DIR` writes a report.")


def show_run(session: Session, result: Mapping[str, Any]) -> None:
    """Print a run for people."""
    width = session.out.width
    session.show(run_heading(result), "", summary_table(result["summary"], width), "")
    session.show(Columns([years_table(result["years"]), exits_table(result["exits"])], padding=(0, 6)), "")
    if result["fills"]:
        session.show(heading("The same at other fills"), fills_table(result["fills"]), "")
    _show_portfolio(session, result["portfolio"])
    trades = result["trades"]
    if trades:
        last = trades[-LAST_TRADES:]
        session.show(heading("The last trades", soft(f"{len(last)} of {len(trades):,}")))
        session.show(trades_table(last, width))
    else:
        session.show(_why_no_trade(result["portfolio"]["strategies"]))
    unquoted = sorted(result["missing_quotes"], key=lambda row: -row["marks"])
    if unquoted:
        most = unquoted[:MOST_MISSING]
        counted = soft(f"{len(most)} of {len(unquoted):,}; held on and marked by policy")
        session.show("", heading("Held without a usable quote", counted), missing_quotes_table(most))
    _show_origins(session, result.get("chains", ()))
    session.show("", heading("Fingerprint", result["fingerprint"], soft(f"{result['facts']:,} facts")))


def _show_origins(session: Session, origins: Sequence[Mapping[str, Any]]) -> None:
    """Print where the chains came from, and what those cannot show; runs of older versions do not say."""
    if origins:
        session.show("", heading("Where its chains came from"), origins_table(origins))
    if words := limits_words(origins):
        session.show(soft(words))


def _why_no_trade(strategies: Sequence[Mapping[str, Any]]) -> str:
    """Return what became of the signals of a run that traded nothing."""
    signals = sum(one["signals"] for one in strategies)
    if signals == 0:
        return "No trade was made: the strategies found nothing to open."
    refused: Counter[str] = Counter()
    for one in strategies:
        refused.update(one["refused"])
    told = ", ".join(f"{number:,} as {code}" for code, number in refused.most_common())
    turned_away = f"{told} were refused" if told else "no order for one was filled"
    return f"No trade was made: of {signals:,} signals {turned_away}."


def _show_portfolio(session: Session, portfolio: Mapping[str, Any]) -> None:
    """Print regimes and campaigns, and what several strategies came to beside and with one another."""
    strategies, months = portfolio["strategies"], portfolio["months"][-LAST_MONTHS:]
    if len(strategies) > 1:
        labels = [row["strategy"] for row in strategies]
        session.show(heading("By strategy"), strategies_table(strategies), "")
        counted = soft(f"{len(months)} of {len(portfolio['months']):,}")
        session.show(heading("The last months", counted), months_table(months, labels), "")
        note = soft("of daily profits")
        session.show(heading("Correlation", note), correlation_table(portfolio["correlation"]), "")
    session.show(heading("By the market's regime"), regimes_table(portfolio["regimes"]), "")
    campaigns = sorted(portfolio["campaigns"], key=lambda row: row["pnl"])
    if campaigns:
        counted = soft(f"the worst {len(campaigns[:MOST_CAMPAIGNS])} of {len(campaigns):,}")
        session.show(heading("Rolled positions", counted), campaigns_table(campaigns[:MOST_CAMPAIGNS]), "")


def write_run(finished: FinishedRun, result: Mapping[str, Any], folder: Path) -> Path:
    """Write a run into a folder, ready to be repeated and read; return its report."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("facts.jsonl", "trades.parquet", "equity.parquet"):
        shutil.copyfile(finished.folder / name, folder / name)
    for part, value in (("result", result), ("spec", result["spec"]), ("data", result["data"])):
        text = json.dumps(value, indent=2, ensure_ascii=False)
        (folder / f"{part}.json").write_text(f"{text}\n", encoding="utf-8")
    report = folder / "report.html"
    report.write_text(render_backtest(result), encoding="utf-8")
    return report
