"""``strikewise warm``: compile what computes in loops, so that nothing waits for it later."""

from __future__ import annotations

from dataclasses import asdict

import typer

from strikewise.apps.cli.session import JsonFlag, Session
from strikewise.service.kernels import WarmUp, warm_up

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def warm(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Compile what computes in loops before anything waits for it.

    Machine code is kept beside the installation, or else in your cache folder, or where `NUMBA_CACHE_DIR`
    says.

    Example:

        strikewise warm
    """
    session = Session.of(context)
    with session.progress() as tell:
        found = warm_up(tell)
    if as_json:
        session.json(asdict(found))
        return
    session.show(_said(found))
    session.next(try_="strikewise doctor", why="checks the installation.")


def _said(found: WarmUp) -> str:
    if not found.kernels:
        return "There is no compiler: the same numbers, slower. To have it: pip install numba"
    if not found.kept:
        return (
            f"Compiled {found.compiled} of {found.kernels} functions, for this process alone: no folder for "
            "machine code can be written. Name one: NUMBA_CACHE_DIR=/path"
        )
    how = (
        f"Compiled {found.compiled} of {found.kernels} functions"
        if found.compiled
        else "All was compiled already"
    )
    return f"{how}; kept in {' and '.join(found.kept)}"
