"""The command ``strikewise``: global options, the list of commands, and what becomes of errors."""

from __future__ import annotations

import errno
import gc
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from strikewise.apps.cli.late import LateCommand, LateGroup
from strikewise.apps.cli.session import Session, without_secrets
from strikewise.apps.cli.version import version_line
from strikewise.service.errors import StrikewiseError

__all__ = ["COMMANDS", "app", "global_first", "main"]

REFUSED, OUR_FAULT = 2, 70

START, DATA, TRADE, PAST = "Start here", "Data", "Opportunities", "The past"
OPERATE = "Operations"


def _late(name: str, summary: str, panel: str) -> LateCommand:
    return LateCommand(name, f"strikewise.apps.cli.{name}", summary, panel)


COMMANDS = (
    _late("demo", "Show all of it on a market that comes along.", START),
    _late("init", "Make a data home with a settings file.", START),
    _late("doctor", "Check everything that strikewise stands on.", START),
    _late("warm", "Compile what computes in loops before anything waits for it.", START),
    _late("config", "Show and check the settings.", START),
    _late("version", "Print the version.", START),
    _late("data", "Import market data, judge what is stored, and reconstruct what is not.", DATA),
    _late("scan", "Find what is worth opening, and why not the rest.", TRADE),
    _late("backtest", "Trade a specification over the past.", PAST),
    _late("sweep", "Run a grid of parameters side by side.", PAST),
    _late("validate", "Judge whether a specification is an edge.", PAST),
    _late("lookahead", "Check that a run knew nothing it could not know.", PAST),
    _late("compare", "Replay a published strategy index and put it beside its levels.", PAST),
    _late("runs", "List the runs that were kept.", PAST),
    _late("report", "Write the page of a kept run, or one that puts several runs side by side.", PAST),
    _late("trades", "List the trades of a run or of the account.", PAST),
    _late("explain", "Tell why a trade was made, and how it ended.", PAST),
    _late("run", "Trade around the clock, on paper unless told otherwise.", OPERATE),
    _late("status", "Show whether it trades, what may be sent, and what is wrong.", OPERATE),
    _late("halt", "Stop trading now, until a person resumes.", OPERATE),
    _late("resume", "Let trading go on after a halt, or on an underlying that was frozen.", OPERATE),
    _late("flatten", "Close everything, all on one underlying, or one position.", OPERATE),
    _late("positions", "Show what is held and what is on its way, as the ledger has it.", OPERATE),
    _late(
        "orders",
        "Show what is at work at the broker and what ended, or take one back.",
        OPERATE,
    ),
    _late(
        "reconcile",
        "Compare ours with the broker's, line by line, with each reason, and put right what differs.",
        OPERATE,
    ),
    _late("claim", "Let a strategy manage a position that nobody here opened.", OPERATE),
    _late("signals", "Show the latest signals, and what became of each.", OPERATE),
    _late("take", "Have a signal ordered that was offered, or that the limits refused before.", OPERATE),
    _late("dismiss", "Put a signal aside for the day.", OPERATE),
    _late("serve", "Serve the web page and the API, to this computer alone unless told otherwise.", OPERATE),
    _late("token", "Make, list and take back tokens for programs.", OPERATE),
    _late("alerts", "Tell people what happens, and hear them by Telegram.", OPERATE),
    _late("risk", "Show limits and their use, breakers, value at risk and stress.", OPERATE),
    _late("ledger", "Check the account's ledger, copy it, and put a copy back.", OPERATE),
    _late("dev", "Rehearse against a broker on this computer.", OPERATE),
)


class StrikewiseGroup(LateGroup):
    """The main command: errors that strikewise raises on purpose end in one sentence."""

    listed = COMMANDS

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the global options wherever they stand, before the command or behind it."""
        return super().parse_args(ctx, global_first(args))

    def invoke(self, ctx: Any) -> Any:
        """Call a command."""
        try:
            return super().invoke(ctx)
        except StrikewiseError as error:
            raise _ended(ctx, str(error), REFUSED, error) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise _ended(ctx, f"{where}{error.strerror or error}.", REFUSED, error) from None
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:
            text = (
                f"strikewise made a mistake ({type(error).__name__}: {error}). "
                "Run it again with --debug, and report what it prints."
            )
            raise _ended(ctx, text, OUR_FAULT, error) from None


def global_first(args: Sequence[str]) -> list[str]:
    """Return arguments with ``--home PATH`` and ``--debug`` in front; what follows ``--`` is left alone."""
    ours: list[str] = []
    rest: list[str] = []
    waiting = iter(args)
    for one in waiting:
        if one == "--":
            rest += [one, *waiting]
        elif one == "--debug" or one.startswith("--home="):
            ours.append(one)
        elif one == "--home":
            ours += [one, *islice(waiting, 1)]
        else:
            rest.append(one)
    return [*ours, *rest]


def _ended(ctx: Any, text: str, code: int, error: Exception) -> typer.Exit:
    session = Session.begin(None)
    if ctx.params.get("debug"):
        trace = without_secrets("".join(traceback.format_exception(error)))
        session.err.print(trace, markup=False, soft_wrap=True)
    session.refuse(text)
    return typer.Exit(code)


app = typer.Typer(
    cls=StrikewiseGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(version_line())
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(help="The data home; else STRIKEWISE_HOME, else the folder for user data."),
    ] = None,
    debug: Annotated[  # noqa: ARG001 - read where errors end
        bool, typer.Option("--debug", help="Show where an error comes from.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - answered by its callback
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Find, test and explain option trades by rules.

    Begin with `strikewise demo`. Every command says more with --help.
    """
    context.obj = Session.begin(home)


def main() -> None:
    """Run the command line; a sign that the terminal's encoding lacks is printed as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    gc.disable()  # importing makes no garbage, and looking for it takes a tenth of the start
    app(prog_name="strikewise")
