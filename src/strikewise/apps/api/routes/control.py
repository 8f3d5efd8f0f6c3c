"""``/control`` and its kind: what people tell the account. The process does it at its next look."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from strikewise.apps.api.commands import Commanding
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reading
from strikewise.service.requests import (
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    ReconcileRequested,
    ReleaseRequested,
    Told,
    ask,
    halt,
    outcome_of,
    resume,
)
from strikewise.service.requests import flatten as put_flat

__all__ = ["router"]

router = APIRouter(tags=["control"])

Why = Annotated[
    str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["I want to look first."])
]
Name = Annotated[str, Path(max_length=200, pattern=r"^[\x21-\x7e]+$")]
Symbol = Annotated[str, Path(pattern=r"^[A-Z0-9.^_]{1,12}$", examples=["SPY"])]


class Body(BaseModel):
    """What a command says; unknown words are refused."""

    model_config = ConfigDict(extra="forbid")


class Reason(Body):
    """Why."""

    reason: Why = "asked on the page"


class HaltBody(Body):
    """Why, and whether what closes or reduces may still be sent."""

    reason: Why = "stopped on the page"
    exits: bool = False


class CloseBody(Reason):
    """Why, and whether also without fresh quotes, at whatever the market pays at last."""

    force: bool = False


class FlattenBody(CloseBody):
    """Why, and what: everything, or one underlying; ``force`` as for a position."""

    underlying: str = Field(default="", pattern=r"^[A-Z0-9.^_]{0,12}$")


class ClaimBody(Body):
    """Which strategy of the run takes a position over."""

    strategy: str = Field(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$")


@router.post("/control/halt", status_code=202, summary="Stop")
def stop(command: Commanding, body: HaltBody) -> Told:
    """Raise the halt flag, and ask the process to send nothing but cancels (and exits, if so said)."""
    return command.do(
        lambda: halt(command.system, command.name, body.reason, exits=body.exits),
        harmless=True,
        **body.model_dump(),
    )


@router.post("/control/resume", status_code=202, summary="Go on")
def go_on(command: Commanding, body: Reason) -> Told:
    """Take the halt flag down, and ask the process to trade again."""
    return command.do(lambda: resume(command.system, command.name, body.reason), **body.model_dump())


@router.post("/control/flatten", status_code=202, summary="Close everything")
def flatten(command: Commanding, body: FlattenBody) -> Told:
    """Ask that everything is closed, or all on one underlying.

    What has no fresh quotes waits until it has; with ``force`` it is offered at the last known ones, then
    worse and worse, and at last at the market.
    """
    return command.do(
        lambda: put_flat(command.system, command.name, body.reason, body.underlying, force=body.force),
        **body.model_dump(),
    )


@router.get("/control/requests/{request}", summary="What became of a request")
def outcome(reader: Reading, request: Annotated[int, Path(ge=1, le=2**62)]) -> Told:
    """Return whether a request was met, and what came of it."""
    with reader.desk() as desk:
        found = outcome_of(desk, request)
    if found is None:
        raise ProblemError(404, f"Fact {request} is no request.")
    return found


@router.post("/positions/{position_id}/close", status_code=202, summary="Close a position")
def close(command: Commanding, position_id: Name, body: CloseBody) -> Told:
    """Ask that a position is closed; with ``force`` without fresh quotes too, as `/control/flatten` does."""
    wanted = CloseRequested(position_id, body.reason, body.force)
    return command.do(lambda: ask(command.system, wanted, command.name), **body.model_dump())


@router.post("/positions/{position_id}/claim", status_code=202, summary="Have a strategy manage a position")
def claim(command: Commanding, position_id: Name, body: ClaimBody) -> Told:
    """Ask that a strategy of the run manages a position that nobody here opened."""
    wanted = ClaimRequested(position_id, body.strategy)
    return command.do(lambda: ask(command.system, wanted, command.name), **body.model_dump())


@router.post("/orders/{order_id}/cancel", status_code=202, summary="Cancel an order")
def cancel(command: Commanding, order_id: Name, body: Reason) -> Told:
    """Ask that an order at work is taken back."""
    wanted = CancelRequested(order_id, body.reason)
    return command.do(lambda: ask(command.system, wanted, command.name), **body.model_dump())


@router.post("/symbols/{symbol}/release", status_code=202, summary="Trade a frozen symbol again")
def release(command: Commanding, symbol: Symbol, body: Reason) -> Told:
    """Say that a person has looked at a frozen underlying."""
    wanted = ReleaseRequested(symbol, body.reason)
    return command.do(lambda: ask(command.system, wanted, command.name), **body.model_dump())


@router.post("/reconciliation", status_code=202, summary="Compare both sides now")
def reconcile(command: Commanding, body: Reason) -> Told:
    """Ask that ours is compared with the broker's now."""
    wanted = ReconcileRequested(body.reason)
    return command.do(lambda: ask(command.system, wanted, command.name), **body.model_dump())
