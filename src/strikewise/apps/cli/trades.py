"""``strikewise trades``: the trades of a run or of the account."""

from __future__ import annotations

from typing import Annotated

import typer

from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import coloured_money, heading, soft
from strikewise.apps.cli.trade_tables import trades_table
from strikewise.service.queries import trades as trades_of

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def trades(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Option(
            help="A kept run, by the beginning of its fingerprint; else the account, else the latest."
        ),
    ] = None,
    top: Annotated[int | None, typer.Option(help="Show only so many, the latest.", min=1)] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the trades of a run or of the account.

    Example:

        strikewise trades --top 20
    """
    session = Session.of(context)
    found = trades_of(system_of(session), run)
    shown = found[-top:] if top else found
    if as_json:
        session.json({"trades": shown})
        return
    if not found:
        session.show("There are no trades: the strategies found nothing, or the limits let nothing through.")
        session.next(try_="strikewise scan", why="says what each candidate was turned away for.")
        return
    profit = sum(trade["pnl"] for trade in found if trade["closed_at"])
    closed = sum(1 for trade in found if trade["closed_at"])
    counted = soft(f"{len(found):,} opened, {closed:,} closed, {len(shown):,} shown")
    session.show(heading("Trades", counted, coloured_money(profit)), "")
    session.show(trades_table(shown, session.out.width))
    where = "" if run is None else f" --run {run}"
    session.next(
        try_=f"strikewise explain {shown[-1]['trade_id']}{where}", why="tells the story of the last."
    )
