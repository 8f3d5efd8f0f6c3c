"""``strikewise scan``: what is worth opening, best first, and why not the rest."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.instants import instant_of
from strikewise.apps.cli.payoff_tables import payoff_view
from strikewise.apps.cli.scan_tables import opportunities_table, refusals_table, scan_heading, scan_legend
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import soft
from strikewise.bootstrap.trading import MOST_CAPITAL
from strikewise.service.queries import find_opportunities, with_capital

__all__ = ["app", "show_scan"]

app = typer.Typer(add_completion=False)

SHOWN = 15
"""Opportunities that a table shows unless told otherwise."""


Underlyings = Annotated[
    list[str] | None, typer.Argument(help="What to look at; everything that is stored if not given.")
]
AsOf = Annotated[
    str | None,
    typer.Option(help="A day (its close) or an instant with zone; the latest chain if not given."),
]
Strategies = Annotated[
    list[str] | None,
    typer.Option("--strategy", help="Ask only this strategy; can be given several times."),
]
Feed = Annotated[str | None, typer.Option(help="Ask this feed instead of the store: alpaca or cboe.")]
Capital = Annotated[
    float | None,
    typer.Option(
        help="Capital of the account in dollars; else that of the settings.", min=1, max=MOST_CAPITAL
    ),
]
Top = Annotated[
    int | None, typer.Option(help=f"Show so many; {SHOWN} in tables and all in JSON if not given.", min=1)
]
Payoff = Annotated[
    int | None, typer.Option(help="Tell the payoff of the opportunity of this rank too.", min=1)
]


@app.command()
def scan(
    context: typer.Context,
    underlyings: Underlyings = None,
    as_of: AsOf = None,
    strategies: Strategies = None,
    feed: Feed = None,
    capital: Capital = None,
    top: Top = None,
    payoff: Payoff = None,
    as_json: JsonFlag = False,
) -> None:
    """Find what is worth opening, and why not the rest.

    For example:

        strikewise scan --as-of 2026-08-21
        strikewise scan SPY QQQ --strategy iron_condor --top 5 --json
        strikewise scan SPY --payoff 1
    """
    session = Session.of(context)
    system = system_of(session)
    if capital is not None:
        system = with_capital(system, round(100 * capital))
    with session.progress() as tell:
        tell("look at chains", 0, 0)
        found = find_opportunities(
            system,
            as_of=None if as_of is None else instant_of(as_of),
            underlyings=[name.upper() for name in underlyings or ()],
            strategies=strategies or (),
            feed=feed,
            payoff_of=payoff,
        )
    result: dict[str, Any] = found.as_dict()
    if as_json:
        result["opportunities"] = result["opportunities"][:top]
        session.json(result)
        return
    show_scan(session, result, found.underlyings, system.capital_cents / 100, top or SHOWN)
    for one in result["opportunities"]:
        if "what_if" in one:
            session.show("", payoff_view(one, session.out.width))
    if payoff is not None and payoff > len(result["opportunities"]):
        session.note(f"There is no opportunity of rank {payoff}, so there is no payoff to tell.")
    session.next(try_="strikewise backtest SPEC.toml", why="tries such trades on the past.")


def show_scan(
    session: Session, result: dict[str, Any], underlyings: tuple[str, ...], capital: float, top: int
) -> None:
    """Print a scan for people."""
    found = result["opportunities"]
    session.show(scan_heading(result, underlyings, capital))
    session.show("")
    if found:
        session.show(opportunities_table(found[:top], session.out.width))
        if len(found) > top:
            session.show(soft(f"and {len(found) - top:,} more: --top {len(found)} shows them."))
        session.show(scan_legend(found[:top]))
    else:
        session.show("Nothing is worth opening under these rules and limits.")
    if result["denied"]:
        session.show("", refusals_table(result["denied"]))
