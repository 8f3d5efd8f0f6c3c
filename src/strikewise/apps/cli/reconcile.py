"""``strikewise reconcile``: ours against the broker's, line by line."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from strikewise.apps.cli.control_tables import comparison_table
from strikewise.apps.cli.home import home_of
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import heading
from strikewise.bootstrap.controls import compare_and_put_right, compare_without_writing
from strikewise.bootstrap.settings import user_name
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.comparison import Comparison
from strikewise.service.control import ask_to_reconcile, is_running
from strikewise.service.daemon import comparison_after
from strikewise.service.errors import SettingsError

__all__ = ["app"]

app = typer.Typer(add_completion=False)

DIFFERS = 1


@app.command()
def reconcile(
    context: typer.Context,
    look: Annotated[bool, typer.Option("--look", help="Only look: write nothing, cancel nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Compare ours with the broker's, line by line, with each reason, and put right what differs.

    Where a process trades the account, it does it. Where none does, it is done here, in its place: what
    differs is written down, and no order is sent. With --look nothing is changed on either side.

    For example:

        strikewise reconcile

        strikewise reconcile --look
    """
    session = Session.of(context)
    system, clock = system_of(session), wall_clock()
    if look:
        found = compare_without_writing(home_of(session), session.note)
    elif is_running(system):
        answer = ask_to_reconcile(system, clock, user_name(), "asked on the command line")
        if answer.told.request is None or answer.told.state == "waiting":
            raise SettingsError(
                "The process that trades did not compare both sides within a minute: look at "
                "`strikewise status`."
            )
        found = comparison_after(system, answer.told.request)
    else:
        found = compare_and_put_right(home_of(session), session.note)
    if as_json:
        session.json(found.as_dict())
    else:
        _show(session, found)
    if not found.agreed:
        raise typer.Exit(DIFFERS)


def _show(session: Session, found: Comparison) -> None:
    if found.problem:
        session.show(Text(f"The broker's side could not be seen: {found.problem}", style="red"))
        return
    verdict = Text("both agree", style="green") if found.agreed else Text("they differ", style="bold yellow")
    session.show(heading("Ours and the broker's", verdict), "")
    session.show(comparison_table(found.lines, written=found.written))
    for symbol in found.for_a_person:
        why = "takes the broker's number, once you have looked; `strikewise resume` then lets trading go on."
        session.next(try_=f"strikewise resume --symbol {symbol}", why=why)
    if not (found.written or found.for_a_person) and any(one["action"] for one in found.lines):
        session.next(try_="strikewise reconcile", why="puts right what differs; so does a start.")
