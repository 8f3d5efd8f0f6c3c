"""Days and instants as people type them."""

from __future__ import annotations

from datetime import date, datetime

import typer

__all__ = ["instant_of"]


def instant_of(text: str) -> datetime | date:
    """Read a day or an instant.

    Raises
    ------
    typer.BadParameter
        If it is neither, or an instant without zone.
    """
    try:
        if len(text) == len("2026-08-21"):
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no date: write 2026-08-21, or 2026-08-21T15:30-04:00.", param_hint="--as-of"
        ) from None
    if instant.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} has no time zone: write 2026-08-21T15:30-04:00, or a Z at the end for UTC.",
            param_hint="--as-of",
        )
    return instant
