"""``/signals``: what strategies saw, what was decided, and what became of it; a feed for other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from strikewise.apps.api.answers import After, Limit, Listed, json_lines, listed, number_of, wants_lines
from strikewise.apps.api.commands import Commanding
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reading
from strikewise.apps.api.routes.control import Reason
from strikewise.service.answers import dismiss, standing_of, take
from strikewise.service.requests import Told
from strikewise.service.views.signals import SignalView, signal_view, signals_before

__all__ = ["router"]

router = APIRouter(prefix="/signals", tags=["signals"])

SignalName = Annotated[
    str, Path(max_length=300, pattern=r"^[\x20-\x7e]+$", examples=["credit_spread-k3qzr4w7m2np5t6a"])
]


@router.get("", summary="Signals, newest first", response_model=Listed[SignalView])
def signals(
    reader: Reading,
    request: Request,
    limit: Limit = 50,
    cursor: After = None,
    strategy: Annotated[str, Query(max_length=100)] = "",
    underlying: Annotated[str, Query(max_length=20)] = "",
    answerable: Annotated[bool, Query(description="Only those that may be taken now.")] = False,
) -> Response | Listed[SignalView]:
    """Return signals with entry, risk, probability, why, and their later outcome."""
    before = number_of(cursor)
    with reader.desk() as desk:
        found = signals_before(
            desk,
            before=before,
            limit=limit + 1,
            strategy=strategy,
            underlying=underlying,
            answerable=answerable,
            standing=standing_of(reader.system, desk),
        )
    page = listed(found, limit, lambda one: str(one.seq))
    return json_lines(page, SignalView) if wants_lines(request) else page


@router.get("/{signal_id}", summary="A signal")
def signal(reader: Reading, signal_id: str) -> SignalView:
    """Return one signal."""
    with reader.desk() as desk:
        found = signal_view(desk, signal_id, standing_of(reader.system, desk))
    if found is None:
        raise ProblemError(404, f"There is no signal {signal_id!r}.")
    return found


@router.post("/{signal_id}/take", status_code=202, summary="Take a signal")
def take_it(command: Commanding, reader: Reading, signal_id: SignalName, body: Reason) -> Told:
    """Ask that a signal is ordered: priced and sized anew, and through the whole gate.

    The process does it at its next look; `/control/requests/{request}` says what came of it. It is refused
    (409) where the signal ran out, was answered before or is an order already, and while trading is halted.
    """

    def act() -> Told:
        with reader.desk() as desk:
            return take(command.system, desk, signal_id, body.reason, command.name)

    return command.do(act, **body.model_dump())


@router.post("/{signal_id}/dismiss", status_code=202, summary="Dismiss a signal")
def dismiss_it(command: Commanding, reader: Reading, signal_id: SignalName, body: Reason) -> Told:
    """Ask that a signal is put aside: its structure is not proposed again that day.

    It is refused (409) where the signal is an order already, or was dismissed before.
    """

    def act() -> Told:
        with reader.desk() as desk:
            return dismiss(command.system, desk, signal_id, body.reason, command.name)

    return command.do(act, **body.model_dump())
