"""The second half of ``strikewise halt``, the request: whoever imports this loads everything."""

from __future__ import annotations

from strikewise.apps.cli.control_tables import show_answer
from strikewise.apps.cli.installation import system_of
from strikewise.apps.cli.session import Session
from strikewise.bootstrap.wall_clock import wall_clock
from strikewise.service.control import ask_to_halt

__all__ = ["write_request"]


def write_request(session: Session, who: str, reason: str, *, exits: bool, as_json: bool) -> None:
    """Write the request down, wait for the process, and tell what came of it."""
    answer = ask_to_halt(system_of(session), wall_clock(), who, reason, exits=exits)
    left = "Only what closes or reduces is sent" if exits else "Nothing but cancels is sent"
    show_answer(session, answer, as_json=as_json, done=f"{left}, until `strikewise resume`.")
