"""``strikewise data``: import market data, judge what is stored, and reconstruct what is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from strikewise.apps.cli.data_tables import (
    audit_table,
    beside_table,
    calibration_table,
    flaws_table,
    import_table,
    stored_table,
)
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.apps.cli.tables import heading, soft
from strikewise.apps.figures import count
from strikewise.apps.reports.audit_report import render_audit
from strikewise.service.commands import import_data
from strikewise.service.queries import audit as audit_of
from strikewise.service.queries import stored
from strikewise.service.reconstruction import calibrate_reconstruction, reconstruct_chains

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)

DAYS = ["%Y-%m-%d"]
FIRST, LAST = datetime(2018, 1, 2, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
EVER, NEVER = datetime(1990, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
OWN_NUMBERS = "calibration.json"
SHOWN = 10
"""Files of a folder that were left alone and are named."""


@app.callback()
def data() -> None:
    """Import market data, judge what is stored, and reconstruct what is not."""


@app.command("import")
def import_(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file, or a folder with all in it.")],
    underlying: Annotated[
        str | None, typer.Option(help="The symbol, for files that do not say whose options they hold.")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="Read files as this format instead of recognising it.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Import chains, bars, rates and calendars: all of a file or folder, or nothing.

    For example:

        strikewise data import ~/chains
        strikewise data import spy_eod_2023.txt --underlying SPY
    """
    session = Session.of(context)
    system = system_of(session)
    symbol = None if underlying is None else underlying.upper()
    with session.progress() as tell:
        report = import_data(system, path, underlying=symbol, file_format=file_format, progress=tell)
    result = report.as_dict()
    if as_json:
        session.json(result)
        return
    session.show(import_table(result))
    for example in result["examples"]:
        session.show(soft(f"e.g. {example}"))
    for file, why in list(result["ignored"].items())[:SHOWN]:
        session.show(soft(f"left alone: {file}: {why}"))
    session.next(try_="strikewise data audit", why="says how far these data can be believed.")


@app.command()
def audit(
    context: typer.Context,
    underlyings: Annotated[
        list[str] | None, typer.Argument(help="Whose chains; all that are stored if not given.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a picture of the coverage into this file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how complete and how sound the stored chains are.

    For example:

        strikewise data audit
        strikewise data audit SPY QQQ --html audit.html
    """
    session = Session.of(context)
    system = system_of(session)
    with session.progress() as tell:
        tell("read every row", 0, 0)
        found = [one.as_dict() for one in audit_of(system, [name.upper() for name in underlyings or ()])]
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_audit(found), encoding="utf-8")
    if as_json:
        session.json({"underlyings": found})
        return
    if not found:
        session.show("There are no chains yet.")
        session.next(try_="strikewise data import PATH", why="brings some in.")
        return
    session.show(audit_table(found, session.out.width), "")
    session.show(heading("Flaws", soft("share of all rows; a row can have several")), flaws_table(found))
    if html is None:
        session.next(try_="strikewise data audit --html audit.html", why="draws which days are there.")
    else:
        session.next(try_=str(html), why="is the picture of the coverage; open it in a browser.")


@app.command()
def status(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List what is stored.

    Example:

        strikewise data status
    """
    session = Session.of(context)
    system = system_of(session)
    held = [one.as_dict() for one in stored(system)]
    beside = [one.as_dict() for one in system.data.beside()]
    if as_json:
        session.json({"home": str(system.home), "chains": held, "beside": beside})
        return
    session.show(heading("Data home", str(system.home)), "")
    session.show(stored_table(held) if held else "There are no chains yet.")
    if beside:
        session.show("", heading("Beside them", soft("prices, rates and calendars")), beside_table(beside))
    if not held:
        session.next(try_="strikewise data import PATH", why="brings some in.")
        return
    session.next(try_="strikewise scan", why="looks at the latest of them.")


@app.command()
def reconstruct(
    context: typer.Context,
    underlying: Annotated[str, typer.Argument(help="SPY, SPX, QQQ, IWM, or a stock.")],
    start: Annotated[datetime, typer.Option("--from", formats=DAYS, help="First day.")] = FIRST,
    end: Annotated[datetime, typer.Option("--to", formats=DAYS, help="Last day.")] = LAST,
    spread_multiplier: Annotated[
        float, typer.Option(help="Take spreads so many times: 1, 2 and 3 belong side by side.")
    ] = 1.0,
    numbers: Annotated[
        Path | None, typer.Option(help="A file of data calibrate, instead of the built-in numbers.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make chains from closes and volatility indices where no quotes can be had.

    Recorded chains of the same instants stay. Import bars of the underlying and of SPX or SPY, VIX and a rate
    first; VIX9D, VIX3M, VIX6M, SKEW, dividends and events make it better.

    For example:

        strikewise data reconstruct SPY --from 2018-01-01 --to 2025-12-31
        strikewise data reconstruct SPX --spread-multiplier 2
    """
    session = Session.of(context)
    system = system_of(session)
    with session.progress() as tell:
        made = reconstruct_chains(
            system,
            underlying.upper(),
            start.date(),
            end.date(),
            spread_multiplier=spread_multiplier,
            numbers=numbers,
            progress=tell,
        )
    if as_json:
        session.json(made.as_dict())
        return
    session.show(
        f"Chains of {made.underlying} on {count(made.days)} days made as {made.source}: "
        f"{count(made.rows)} rows are new or changed."
    )
    if made.without:
        session.show(f"{count(made.without)} sessions of the period have no close or no VIX, and no chain.")
    session.show("")
    session.show(soft(made.limits))
    session.next(try_="strikewise data audit", why="says how far these data can be believed.")


@app.command()
def calibrate(
    context: typer.Context,
    underlying: Annotated[str, typer.Argument(help="Whose recorded chains: SPY or SPX.")] = "SPY",
    start: Annotated[datetime, typer.Option("--from", formats=DAYS, help="First day.")] = EVER,
    end: Annotated[datetime, typer.Option("--to", formats=DAYS, help="Last day.")] = NEVER,
    straddles: Annotated[
        Path | None, typer.Option(help="A CSV of date and straddle: SPX straddles, normalised.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the numbers; in the home if not given.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Fit what chains are reconstructed with to recorded ones, and show errors on days not seen.

    For example:

        strikewise data calibrate SPY --from 2026-01-01 --out spring.json
        strikewise data reconstruct SPY --numbers spring.json
    """
    session = Session.of(context)
    system = system_of(session)
    target = out or system.home / OWN_NUMBERS
    with session.progress() as tell:
        tell("fit, and fit again without each stretch of days", 0, 0)
        found = calibrate_reconstruction(
            system,
            target,
            start=start.date(),
            end=end.date(),
            underlying=underlying.upper(),
            straddles=straddles,
        ).as_dict()
    if as_json:
        session.json(found)
        return
    session.show(calibration_table(found))
    session.next(
        try_=f"strikewise data reconstruct {underlying.upper()} --numbers {target}",
        why="makes chains with these numbers.",
    )
